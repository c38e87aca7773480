# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a control process for tests, and waiting for it."""

from __future__ import annotations

import time
from pathlib import Path

from hand_stand_in import HandStandIn
from plain_profile import plain_profile

from endplate.live.session import Settings


def until(condition, seconds: float = 8.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def settings(directory: Path, hand: HandStandIn | None, **more) -> Settings:
    # A neutral decoder: the synthetic board's sine waves move nothing, and one command arms.
    profile = more.pop("profile", None) or plain_profile(
        directory.parent / "p.json", still=True
    )
    return Settings(
        str(directory), hand_port=hand.port if hand else None, profile=profile,
        faults={"requests": True}, **more,
    )  # fmt: skip
