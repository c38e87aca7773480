# SPDX-License-Identifier: GPL-3.0-or-later
"""What the verbs of `endplate hand` share: a session with the hand on a port, and its hand file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from endplate.errors import HandError
from endplate.hardware import Hand, hand_names, load_hand
from endplate.live.link import HandLink

SETTLE_S = 3.0  # for the self-test, which takes a second when a motor is missing
_TESTING = ("boot", "self test")


@contextmanager
def connected(port: str, baud: int) -> Iterator[HandLink]:
    """A session, which disarms the hand; its self-test is over and its STATE known. HandError."""
    link = HandLink(port, baud)
    link.open()
    try:
        serve(link, lambda: link.state.get("word", "boot") not in _TESTING, SETTLE_S)
        yield link
    finally:
        link.close()


def serve(link: HandLink, wanted: Callable[[], object], seconds: float) -> bool:
    """Serves the link until something is so, or for as long; whether it is."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if wanted():
            return True
        link.service()
        time.sleep(0.001)
    return bool(wanted())


def hand_file(port: str, info: dict[str, Any], chosen: str | None = None) -> Hand:
    """The hand file that a hand was built for: the chosen one, or one of ours. `info`:
    hand_words.hello. HandError."""
    told, name = info["hand_hash"], info["name"]
    hands = [load_hand(name) for name in ([chosen] if chosen else hand_names())]
    for hand in hands:
        if hand.hash32 == told:
            return hand
    if chosen:
        raise HandError(
            f"The hand on {port} was built for another hand file ({name}, {told:08x}) "
            f"than {chosen} ({hands[0].hash32:08x}): choose its own with --hand, or flash it for "
            "this one."
        )
    known = ", ".join(f"{hand.name} {hand.hash32:08x}" for hand in hands)
    raise HandError(
        f"The hand on {port} was built for a hand file ({name}, {told:08x}) that is none "
        f"of those here ({known}): name its file with --hand, or flash it for one of these."
    )
