# SPDX-License-Identifier: GPL-3.0-or-later
"""Single keys of a terminal. None is lost, and a stop comes before all that was typed with it."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STOP, EMERGENCY = " ", "E"


def in_order(typed: str) -> str:
    """The keys to obey, in order: with a stop among them nothing else that was typed counts.

    What was typed before the stop was overtaken by it, and what came after in the same moment was
    not meant for a stopped hand; q is still obeyed, and of two stops the stronger.
    """
    for stop in (EMERGENCY, STOP):
        if stop in typed:
            return stop + ("q" if "q" in typed else "")
    return typed


@contextmanager
def single_keys() -> Iterator[Callable[[float], str]]:
    """A function keys(timeout_s) -> what was typed, "" when nothing was; without a terminal it
    only waits."""
    if not sys.stdin.isatty():
        yield lambda timeout_s: (select.select([], [], [], timeout_s), "")[1]
        return
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal)

    def keys(timeout_s: float) -> str:
        if not select.select([terminal], [], [], timeout_s)[0]:
            return ""
        # Straight from the terminal: sys.stdin would keep what it read ahead from `select`.
        return in_order(os.read(terminal, 256).decode(errors="ignore"))

    try:
        yield keys
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
