# SPDX-License-Identifier: GPL-3.0-or-later
"""The handles on a DoF's bar: where each stands for a value, what value a place means, in words.

Places are -1..1 from the middle of the bar. The dead-band has a handle on both sides, which move
together, and stands on the scale of the decoded effort itself. A gain has one handle a direction,
outwards for more, on a scale of its own of equal ratios.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from endplate.clinic.tuning import DEAD_BANDS

DEAD_BAND, NEGATIVE, POSITIVE = "dead_band", "negative", "positive"
NAMES = (NEGATIVE, DEAD_BAND, POSITIVE)
GAINS = (0.2, 4.0)  # that a handle can be dragged to; a session takes more
NEAREST, FARTHEST = 0.12, 1.0  # places of the least and of the most gain
KEY_STEP, KEY_RATIO = 0.01, 1.05

#: A DoF's shape as the status has it: dead_band, negative, positive.
Shape = Mapping[str, float]


@dataclass(frozen=True)
class Handle:
    """One that can be dragged."""

    dof: str
    name: str

    def value_at(self, place: float) -> float:
        """What a place means, within bounds, rounded as it is shown."""
        if self.name == DEAD_BAND:
            return round(min(max(abs(place), DEAD_BANDS[0]), DEAD_BANDS[1]), 2)
        out = place if self.name == POSITIVE else -place
        share = (min(max(out, NEAREST), FARTHEST) - NEAREST) / (FARTHEST - NEAREST)
        return round(GAINS[0] * (GAINS[1] / GAINS[0]) ** share, 2)

    def place_of(self, shape: Shape) -> float:
        """Where it stands; of the dead-band the right-hand one."""
        value = shape[self.name]
        if self.name == DEAD_BAND:
            return value
        bounded = min(max(value, GAINS[0]), GAINS[1])
        share = math.log(bounded / GAINS[0]) / math.log(GAINS[1] / GAINS[0])
        out = NEAREST + share * (FARTHEST - NEAREST)
        return out if self.name == POSITIVE else -out

    def stepped(self, shape: Shape, steps: int) -> float:
        """By so many key presses: to the right is more for all but the gain of the left."""
        value = shape[self.name]
        if self.name == DEAD_BAND:
            return round(min(max(value + steps * KEY_STEP, DEAD_BANDS[0]), DEAD_BANDS[1]), 2)
        ratio = KEY_RATIO ** (steps if self.name == POSITIVE else -steps)
        return round(min(max(value * ratio, GAINS[0]), GAINS[1]), 3)

    def words(self, shape: Shape, directions: tuple[str, str]) -> str:
        """Its value and what it means for the patient."""
        value = shape[self.name]
        if self.name == DEAD_BAND:
            return f"dead-band: still below {100 * value:.0f} % effort"
        direction = directions[0] if self.name == NEGATIVE else directions[1]
        if value >= 1:
            return f"{direction}: gain {value:.2f}, full speed at {100 / value:.0f} % effort"
        return f"{direction}: gain {value:.2f}, at most {100 * value:.0f} % speed"
