# SPDX-License-Identifier: GPL-3.0-or-later
"""A Fitts test as it is played: one target after the other, with a pause between, and its record.

Told velocities like a Trial, and as ignorant of clock, screen and decoder.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from endplate.clinic.trials.fitts import USUAL, Outcome, Rules, Target, Trial, figures, targets

PAUSE_S = 1.0
USUAL_TARGETS = 12


@dataclass
class FittsRun:
    """Of the DoF named in `dofs`; `seed` makes the order of the targets."""

    dofs: tuple[str, ...]
    count: int = USUAL_TARGETS
    seed: int = 1
    rules: Rules = USUAL
    outcomes: list[Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begins with a pause."""
        self._left: list[Target] = targets(len(self.dofs), self.count, self.seed)
        self._pause_s = PAUSE_S
        self.trial: Trial | None = None

    @property
    def over(self) -> bool:
        """All targets are played."""
        return self.trial is None and not self._left

    @property
    def waiting(self) -> bool:
        """A pause: nothing is asked for."""
        return self.trial is None

    def step(self, velocity: Sequence[float] | np.ndarray, seconds: float) -> None:
        """`velocity` -1..1 in the order of `dofs`."""
        if self.over:
            return
        if self.trial is None:
            self._pause_s -= seconds
            if self._pause_s <= 0:
                self.trial = Trial(self._left.pop(0), self.rules)
            return
        self.trial.step(velocity, seconds)
        if self.trial.over:
            self.outcomes.append(self.trial.outcome())
            self.trial, self._pause_s = None, PAUSE_S

    def record(self, **more: Any) -> dict[str, Any]:
        """What is kept of it: settings, figures and every target; a figure that there is none of is
        None."""
        found = asdict(figures(self.outcomes))
        return {
            "dofs": list(self.dofs), "targets": self.count, "seed": self.seed,
            "rules": asdict(self.rules),
            "figures": {name: None if isinstance(value, float) and math.isnan(value) else value
                        for name, value in found.items()},
            "outcomes": [asdict(each) for each in self.outcomes], **more,
        }  # fmt: skip
