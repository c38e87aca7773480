# SPDX-License-Identifier: GPL-3.0-or-later
"""The Motion test: each movement is asked for by name, in shuffled order, several times.

After Kuiken et al. 2009 (JAMA 301:619), where a classifier put out one movement every 100 ms and a
movement was complete after 1 s of it at full speed; people after TMR took 1.29 s for elbow and
wrist. Here the output is a velocity, so the range is run through as fast as the patient does it:

- the prompt comes after `rest_s` of rest, or after `wait_s` without it
- onset: first hop after the prompt in which any movement is put out (output.py)
- reaction_s: from the prompt to the onset
- selection_s: from the onset to the first hop in which what was asked for is put out; 0 when the
  first movement is the right one
- completion_s: from the onset to where the full range is run through: the speed of the slowest DoF
  asked for, summed over the hops that put out what was asked for, reaches `full_range_s` seconds at
  full speed. Other hops neither add nor take away. It cannot be less than `full_range_s`.
- completion: share of the trials that complete within `limit_s` of the onset, and have an onset
  within `limit_s` of the prompt; selected: share in which the movement was put out at all
- times are means over the trials that have them
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np

from endplate.clinic.trials.output import MOVES, Movement, movement
from endplate.clinic.trials.run import Run, Trial, mean, replay


@dataclass(frozen=True)
class Rules:
    """Seconds; `moves` is a share of full speed; `pairs`: two DoF at once are asked for as well."""

    limit_s: float = 5.0
    full_range_s: float = 1.0
    rest_s: float = 0.5
    wait_s: float = 5.0
    moves: float = MOVES
    repetitions: int = 3
    pairs: bool = False


USUAL = Rules()


@dataclass(frozen=True)
class Outcome:
    """One trial. A time that there is none of is NaN."""

    asked: Movement
    completed: bool
    reaction_s: float
    selection_s: float
    completion_s: float
    share: float  # of the full range, 0..1


class MotionTrial:
    """One movement. Told velocities, step by step, until `over`."""

    def __init__(self, asked: Movement, rules: Rules = USUAL) -> None:
        if not any(asked):
            raise ValueError("a movement moves something")
        self.asked, self.rules = asked, rules
        self.over = self.completed = False
        self.done_s = 0.0  # of the full range, in seconds at full speed
        self._elapsed_s = 0.0
        self._onset_s = self._selected_s = math.nan
        self._places = [place for place, sign in enumerate(asked) if sign]

    @property
    def share(self) -> float:
        """Of the full range, 0..1."""
        return min(1.0, self.done_s / self.rules.full_range_s)

    def step(self, velocity: np.ndarray, seconds: float) -> None:
        """A velocity is in force from the start of its hop on: the onset is that start."""
        if self.over:
            return
        began_s, self._elapsed_s = self._elapsed_s, self._elapsed_s + seconds
        put_out = movement(velocity, self.rules.moves)
        if math.isnan(self._onset_s) and any(put_out):
            self._onset_s = began_s
        if put_out == self.asked:
            if math.isnan(self._selected_s):
                self._selected_s = began_s
            self.done_s += float(np.abs(np.asarray(velocity)[self._places]).min()) * seconds
            self.completed = self.done_s >= self.rules.full_range_s - 1e-9
        since = 0.0 if math.isnan(self._onset_s) else self._onset_s
        self.over = self.completed or self._elapsed_s - since >= self.rules.limit_s - 1e-9

    def outcome(self) -> Outcome:
        """What came of it, when it is over."""
        return Outcome(
            self.asked, self.completed, self._onset_s, self._selected_s - self._onset_s,
            self._elapsed_s - self._onset_s if self.completed else math.nan, self.share,
        )  # fmt: skip


@dataclass(frozen=True)
class Figures:
    """Of all trials; see the module."""

    trials: int
    completion: float
    selected: float
    reaction_s: float
    selection_s: float
    completion_s: float


def figures(outcomes: Sequence[Outcome]) -> Figures:
    """Raises ValueError without a trial."""
    if not outcomes:
        raise ValueError("a test without trials has no figures")

    def known(values: Sequence[float]) -> list[float]:
        return [value for value in values if not math.isnan(value)]

    chosen = known([each.selection_s for each in outcomes])
    return Figures(
        trials=len(outcomes),
        completion=sum(each.completed for each in outcomes) / len(outcomes),
        selected=len(chosen) / len(outcomes),
        reaction_s=mean(known([each.reaction_s for each in outcomes])),
        selection_s=mean(chosen),
        completion_s=mean(known([each.completion_s for each in outcomes])),
    )


def movements(dofs: int, pairs: bool) -> list[Movement]:
    """Both directions of each DoF and, with `pairs`, of each two at once."""
    made = []
    for together in range(1, 3 if pairs else 2):
        for places in combinations(range(dofs), together):
            for signs in product((1, -1), repeat=together):
                asked = [0] * dofs
                for place, sign in zip(places, signs, strict=True):
                    asked[place] = sign
                made.append(tuple(asked))
    return made


@dataclass
class MotionRun(Run):
    """Every movement once in a shuffled order, then every one again."""

    kind = "motion"
    rules: Rules = USUAL

    def __post_init__(self) -> None:
        """Begins with a pause."""
        self._still_s = self._waited_s = 0.0
        super().__post_init__()

    def _tasks(self) -> list[Movement]:
        chance = np.random.default_rng(self.seed)
        all_of_them = movements(len(self.dofs), self.rules.pairs)
        return [
            all_of_them[number]
            for _ in range(self.rules.repetitions)
            for number in chance.permutation(len(all_of_them))
        ]

    def _begin(self, task: Movement) -> Trial:
        self._still_s = self._waited_s = 0.0
        return MotionTrial(task, self.rules)

    def _rested(self, velocity: np.ndarray, seconds: float) -> bool:
        still = not any(movement(velocity, self.rules.moves))
        self._still_s = self._still_s + seconds if still else 0.0
        self._waited_s += seconds
        return (self._still_s >= self.rules.rest_s - 1e-9
                or self._waited_s >= self.rules.wait_s - 1e-9)  # fmt: skip

    def _figures(self) -> dict[str, Any]:
        return vars(figures(self.outcomes))


def again(record: Mapping[str, Any], velocities: np.ndarray, hop_seconds: float) -> dict[str, Any]:
    """The figures of a kept Motion test, from the velocities of its hops [hops, DoF]."""
    rules = Rules(**record["rules"])
    run = MotionRun(tuple(record["dofs"]), seed=record["seed"], rules=rules)
    return replay(run, velocities, hop_seconds)
