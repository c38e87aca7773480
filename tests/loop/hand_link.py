# SPDX-License-Identifier: GPL-3.0-or-later
"""A hand through the host's own link, without a session: set up for a test, asked, and told by the
command line."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from endplate.cli import parser
from endplate.hardware import load_hand
from endplate.live.hand_params import HandParams
from endplate.live.hand_upload import HandBlobs
from endplate.live.link import HandLink
from endplate.live.profile_file import load_profile


def serve(link: HandLink, wanted: Callable[[], Any], seconds: float = 3.0) -> None:
    """Lets the link run until that holds."""
    end = time.monotonic() + seconds
    while not wanted():
        assert time.monotonic() < end, f"not within {seconds:g} s"
        link.service()
        time.sleep(0.001)


@contextmanager
def linked(port: str) -> Iterator[HandLink]:
    """The hand is at rest, and has said so."""
    link = HandLink(port)
    link.open()
    try:
        serve(link, lambda: link.at_rest, 5.0)
        yield link
    finally:
        link.close()


def set_up(port: str, profile: Path | None = None, save: bool = False, **values: int) -> None:
    """Uploads what this profile needs, then sets parameters by name."""
    with linked(port) as link:
        if profile is not None:
            HandBlobs(link).upload_profile(load_profile(profile), load_hand("test-hand"))
        params = HandParams(link)
        for name, value in values.items():
            params.set(name, str(value))
        if save:
            params.save()


def endplate(*words: str) -> int:
    """`endplate hand WORDS`, in this process; what it says is for the caller to capture."""
    chosen = parser("hand").parse_args(["hand", *words])
    return chosen.run(chosen)
