# SPDX-License-Identifier: GPL-3.0-or-later
"""The Fitts test of position control by velocity, in 1 to n DoF: targets, one trial, the figures.

Pure: it is told velocities and how long they lasted, and knows neither clock, screen nor decoder.
The cursor lives in a cube of -1..1 per DoF and moves by velocity times `Rules.speed_per_s`. A
target is a ball of diameter `width`, `distance` from the start; it counts when the cursor has
stayed in it for `dwell_s` (Scheme and Englehart 2013, the protocol of Fitts tests for prostheses).

- ID, bits: log2(distance / width + 1)
- movement_s: from the target's appearance to the last entry into it, reaction time included, dwell
  not
- throughput, bits/s: mean of ID / movement_s over completed trials
- path_efficiency: straight way from start to end over the way that the cursor took, 0..1
- overshoots: how often the cursor left the target before the dwell was over, a trial
- completion: share of trials completed within `limit_s`
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from endplate.clinic.trials.dwell import Dwell

EDGE = 1.0  # of the cube


@dataclass(frozen=True)
class Rules:
    """Seconds, and cursor units a second at full velocity."""

    limit_s: float = 15.0
    dwell_s: float = 1.0
    speed_per_s: float = 0.8


USUAL = Rules()


@dataclass(frozen=True)
class Target:
    """Centre per DoF from a start at 0, and diameter, in cursor units."""

    centre: tuple[float, ...]
    width: float

    def __post_init__(self) -> None:
        """Raises ValueError for a target that nobody can reach, or that contains the start."""
        if not self.centre or max(abs(value) for value in self.centre) > EDGE:
            raise ValueError(f"the target {self.centre} is not inside -1..1 of 1 or more DoF")
        if not 0 < self.width < 2 * self.distance:
            raise ValueError(f"the width {self.width} must lie between 0 and twice the distance")

    @property
    def distance(self) -> float:
        """From the start to the centre."""
        return math.hypot(*self.centre)

    @property
    def bits(self) -> float:
        """Index of difficulty."""
        return math.log2(self.distance / self.width + 1.0)


@dataclass(frozen=True)
class Outcome:
    """One trial. `movement_s` is `limit_s` when it was not completed; `path` is its length."""

    target: Target
    completed: bool
    movement_s: float
    path: float
    path_efficiency: float
    overshoots: int


class Trial:
    """One target. Told velocities, step by step, until `over`."""

    def __init__(self, target: Target, rules: Rules = USUAL) -> None:
        self.target = target
        self.rules = rules
        self.position = np.zeros(len(target.centre))
        self.path = 0.0
        self.dwell = Dwell(rules.dwell_s, rules.limit_s)
        self._centre = np.array(target.centre)

    @property
    def over(self) -> bool:
        """Completed, or out of time."""
        return self.dwell.over

    @property
    def inside(self) -> bool:
        """Whether the cursor is in the target."""
        away = float(np.linalg.norm(self.position - self._centre))
        return away <= self.target.width / 2

    def step(self, velocity: Sequence[float] | np.ndarray, seconds: float) -> None:
        """Moves the cursor by `velocity` [DoF] (-1..1) for `seconds`. Ignored once it is over."""
        if self.over:
            return
        move = np.asarray(velocity, float) * self.rules.speed_per_s * seconds
        if move.shape != self.position.shape or not np.isfinite(move).all():
            raise ValueError(f"a velocity must be {len(self.position)} numbers")
        before = self.position
        self.position = np.clip(before + move, -EDGE, EDGE)
        self.path += float(np.linalg.norm(self.position - before))
        self.dwell.step(self.inside, seconds)

    def outcome(self) -> Outcome:
        """What came of it, when it is over."""
        straight = float(np.linalg.norm(self.position))
        return Outcome(
            self.target,
            self.dwell.completed,
            self.dwell.movement_s,
            self.path,
            min(1.0, straight / self.path) if self.path > 0 else 0.0,
            self.dwell.overshoots,
        )


@dataclass(frozen=True)
class Figures:
    """Of all trials of a test; throughput, time and efficiency of the completed ones (NaN when
    there is none)."""

    trials: int
    completion: float
    throughput: float
    movement_s: float
    path_efficiency: float
    overshoots: float
    timeouts: int


def figures(outcomes: Sequence[Outcome]) -> Figures:
    """See the module. Raises ValueError without a trial."""
    if not outcomes:
        raise ValueError("a test without trials has no figures")
    done = [each for each in outcomes if each.completed]

    def mean(values: list[float]) -> float:
        return float(np.mean(values)) if values else float("nan")

    return Figures(
        trials=len(outcomes),
        completion=len(done) / len(outcomes),
        throughput=mean([each.target.bits / each.movement_s for each in done]),
        movement_s=mean([each.movement_s for each in done]),
        path_efficiency=mean([each.path_efficiency for each in done]),
        overshoots=mean([float(each.overshoots) for each in outcomes]),
        timeouts=len(outcomes) - len(done),
    )


DISTANCES, WIDTHS = (0.4, 0.8), (0.30, 0.16)


def targets(
    dofs: int,
    count: int,
    seed: int,
    distances: Sequence[float] = DISTANCES,
    widths: Sequence[float] = WIDTHS,
) -> list[Target]:
    """`count` targets in a shuffled order: every direction (one DoF or several at once, each sign)
    before any comes again, sizes and distances in turn."""
    chance = np.random.default_rng(seed)
    directions = [np.array(d, float) for d in product((-1, 0, 1), repeat=dofs) if any(d)]
    sizes = list(product(distances, widths))
    made: list[Target] = []
    while len(made) < count:
        for number in chance.permutation(len(directions)):
            direction = directions[number] / np.linalg.norm(directions[number])
            distance, width = sizes[len(made) % len(sizes)]
            made.append(Target(tuple((direction * distance).tolist()), width))
            if len(made) == count:
                break
    return made
