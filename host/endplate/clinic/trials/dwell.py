# SPDX-License-Identifier: GPL-3.0-or-later
"""Into the target and stay: how long it took, how often it was left again, when it is over."""

from __future__ import annotations

SLACK_S = 1e-9  # sums of steps


class Dwell:
    """Inside for `dwell_s` without a break, within `limit_s`. Told step by step, until `over`."""

    def __init__(self, dwell_s: float, limit_s: float) -> None:
        self._dwell_s, self._limit_s = dwell_s, limit_s
        self._entered_s: float | None = None
        self.elapsed_s = 0.0
        self.overshoots = 0  # how often the target was left before the dwell was over
        self.over = False

    def step(self, inside: bool, seconds: float) -> None:
        """Whether it is inside after a step of so many seconds."""
        self.elapsed_s += seconds
        if not inside and self._entered_s is not None:
            self._entered_s = None
            self.overshoots += 1
        elif inside and self._entered_s is None:
            self._entered_s = self.elapsed_s
        self.over = self.completed or self.elapsed_s >= self._limit_s - SLACK_S

    @property
    def completed(self) -> bool:
        """Whether it stayed."""
        entered = self._entered_s
        return entered is not None and self.elapsed_s - entered >= self._dwell_s - SLACK_S

    @property
    def movement_s(self) -> float:
        """From the start to the last entry, without the dwell; the limit when it did not stay."""
        entered = self._entered_s
        return entered if self.completed and entered is not None else self._limit_s
