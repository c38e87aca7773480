# SPDX-License-Identifier: GPL-3.0-or-later
"""Axes in steps of 1-2-5: whole ones of what stands still, and ends that never jump, of what moves:
they grow at once when something would be cut off, and shrink only after it has long been small."""

from __future__ import annotations

import math
from collections.abc import Sequence

CALM = 15  # values in a row that must fit a smaller end: 3 s of numbers, 5 a second
ROOM = 0.8  # of the smaller end that they may fill
STEPS = (1.0, 2.0, 5.0)


def _index(value: float, steps: Sequence[float] = STEPS) -> int:
    """Of the smallest round value that is not below `value`; they are counted."""
    index = (math.floor(math.log10(value)) - 1) * len(steps)
    while _value(index, steps) < value * (1 - 1e-9):
        index += 1
    return index


def _value(index: int, steps: Sequence[float] = STEPS) -> float:
    """A round value."""
    decade, step = divmod(index, len(steps))
    return float(steps[step] * 10.0**decade)


class AxisEnd:
    """The upper end of an axis from `least` on; `steps` within a decade."""

    def __init__(self, least: float, steps: Sequence[float] = STEPS) -> None:
        self._steps, self._least = tuple(steps), _index(least, steps)
        self._now, self._calm = self._least, 0

    @property
    def value(self) -> float:
        """Where it is."""
        return _value(self._now, self._steps)

    def show(self, largest: float) -> float:
        """What has to fit now, 5 times a second; the end to draw. A value that is none is left
        out."""
        if math.isfinite(largest) and largest > 0:
            needed = max(self._least, _index(largest, self._steps))
            roomy = max(self._least, _index(largest / ROOM, self._steps))
            self._calm = self._calm + 1 if roomy < self._now else 0
            if needed > self._now:
                self._now = needed
            elif self._calm >= CALM:
                self._now, self._calm = roomy, 0
        return self.value


def ticks(top: float, most: int) -> list[float]:
    """Round values from 0 to `top`, at most `most` of them."""
    step = _value(_index(top / max(1, most - 1) * (1 - 1e-6)))
    return [k * step for k in range(int(top / step + 1e-6) + 1)]


def axis(low: float, high: float, most: int, least: float = 0.0) -> list[float]:
    """Round values, the first not above `low`, the last not below `high`, in at most `most` steps
    of one size, which is not below `least`."""
    index = _index(max(high - low, 1e-9, least * most) / most)
    while True:
        step = _value(index)
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        if last - first <= most:
            return [k * step for k in range(first, max(last, first + 1) + 1)]
        index += 1
