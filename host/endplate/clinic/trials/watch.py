# SPDX-License-Identifier: GPL-3.0-or-later
"""False activations: what moves while the patient wants nothing, at rest and while the arm moves.

A timed watch of each condition. In it

- a hop moves when any DoF's velocity is `moves` of full speed or more; less is no motion to see
- an activation: a hop that moves after `still_s` or more in which none did, or the first one of the
  watch. A motion that flickers with shorter gaps is one.
- share: of the watched time in which anything moved
- per_hour: activations an hour of such time, with what the length allows to say: the exact 95 %
  interval of a Poisson count (Garwood 1936, Biometrika 28:437) for one or more; for none the rate
  that would have given at least one with a probability of 95 %, 3 in the watched time (the "rule of
  three", Hanley and Lippman-Hand 1983, JAMA 249:1743). None in a minute is not none an hour.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from endplate.clinic.trials.output import MOVES
from endplate.clinic.trials.run import Run, Trial, replay

CONDITIONS = ("rest", "arm motion")
PROMPTS = {"rest": "Rest: want no movement", "arm motion": "Move your arm about"}
HOUR_S = 3600.0


@dataclass(frozen=True)
class Rules:
    """Seconds of each condition, 0: not watched."""

    rest_s: float = 60.0
    arm_motion_s: float = 60.0
    still_s: float = 0.2
    moves: float = MOVES

    def seconds(self, condition: str) -> float:
        """How long one of CONDITIONS is watched."""
        return self.rest_s if condition == CONDITIONS[0] else self.arm_motion_s


USUAL = Rules()


@dataclass(frozen=True)
class Outcome:
    """Of one condition."""

    condition: str
    seconds: float
    activations: int
    moving_s: float


class Watched:
    """One condition. Told velocities, step by step, until `over`."""

    def __init__(self, condition: str, rules: Rules = USUAL) -> None:
        self.condition, self.rules = condition, rules
        self.over = False
        self.elapsed_s = self.moving_s = 0.0
        self.activations = 0
        self._still_s = math.inf

    @property
    def left_s(self) -> float:
        """Seconds to go."""
        return max(0.0, self.rules.seconds(self.condition) - self.elapsed_s)

    def step(self, velocity: np.ndarray, seconds: float) -> None:
        """One hop."""
        if self.over:
            return
        self.elapsed_s += seconds
        if np.abs(velocity).max(initial=0.0) >= self.rules.moves:
            self.activations += self._still_s >= self.rules.still_s - 1e-9
            self.moving_s += seconds
            self._still_s = 0.0
        else:
            self._still_s += seconds
        self.over = self.elapsed_s >= self.rules.seconds(self.condition) - 1e-9

    def outcome(self) -> Outcome:
        """What was counted."""
        return Outcome(self.condition, self.elapsed_s, int(self.activations), self.moving_s)


def interval(count: int, seconds: float) -> tuple[float, float]:
    """95 % interval of the rate an hour behind a count; for none from 0 to the rule of three."""
    hours = seconds / HOUR_S
    if count == 0:
        return 0.0, 3.0 / hours
    return _mean(count - 1, 0.975) / hours, _mean(count, 0.025) / hours


def _mean(count: int, share: float) -> float:
    """Mean of the Poisson counts of which `share` is `count` or fewer. By bisection: scipy takes
    seconds to load, and a window waits for this."""
    low, high = 0.0, count + 10.0 * math.sqrt(count + 1) + 10.0
    for _ in range(60):
        middle = (low + high) / 2
        fewer = math.fsum(
            math.exp(k * math.log(middle) - middle - math.lgamma(k + 1)) for k in range(count + 1)
        )
        low, high = (middle, high) if fewer > share else (low, middle)
    return (low + high) / 2


@dataclass
class WatchRun(Run):
    """The conditions of the rules that last longer than 0 s, rest first."""

    kind = "activations"
    rules: Rules = USUAL

    def _tasks(self) -> list[str]:
        return [one for one in CONDITIONS if self.rules.seconds(one) > 0]

    def _begin(self, task: str) -> Trial:
        return Watched(task, self.rules)

    def _figures(self) -> dict[str, Any]:
        if not self.outcomes:
            raise ValueError("a test without trials has no figures")
        return {each.condition: counted(each) for each in self.outcomes}


def counted(outcome: Outcome) -> dict[str, Any]:
    """The figures of one condition; `low` and `high` an hour."""
    low, high = interval(outcome.activations, outcome.seconds)
    return {
        "activations": outcome.activations, "seconds": round(outcome.seconds, 3),
        "share": outcome.moving_s / outcome.seconds,
        "per_hour": outcome.activations / outcome.seconds * HOUR_S,
        "low": round(low, 3), "high": round(high, 3),
    }  # fmt: skip


def said(found: Mapping[str, Any]) -> str:
    """Of one condition: "2 in 60 s (15 to 430/h)", "none in 60 s (below 180/h)"."""
    seconds = f"{found['seconds']:.0f} s"
    if not found["activations"]:
        return f"none in {seconds} (below {found['high']:.0f}/h)"
    return f"{found['activations']} in {seconds} ({found['low']:.0f} to {found['high']:.0f}/h)"


def again(record: Mapping[str, Any], velocities: np.ndarray, hop_seconds: float) -> dict[str, Any]:
    """The figures of a kept watch, from the velocities of its hops [hops, DoF]."""
    run = WatchRun(tuple(record["dofs"]), seed=record["seed"], rules=Rules(**record["rules"]))
    return replay(run, velocities, hop_seconds)
