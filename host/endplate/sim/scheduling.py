# SPDX-License-Identifier: GPL-3.0-or-later
"""Real hardware does not wait for a busy host: each stand-in asks for a place before it, and says
nothing if refused."""

from __future__ import annotations

import os
from contextlib import suppress

#: Real-time priorities, if the system grants them. Board, motors and hand come before the control
#: process (FIFO 20), the patient after it: what a host does keeps no real board waiting.
BOARD, MOTORS, HAND, PATIENT = 30, 28, 27, 1
NICE = -10


def come_first(priority: int) -> None:
    """Asks for real-time scheduling, or else for preference, or else does without."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(priority))
    except (OSError, AttributeError):  # not allowed, or a system without it
        prefer()


def prefer() -> None:
    """Preference without real time, for an emulator that may want a whole core."""
    with suppress(OSError):
        os.nice(NICE)
