# SPDX-License-Identifier: GPL-3.0-or-later
"""A test as it is played: one trial after the other, with a pause between, and its record.

Told velocities like a trial, and as ignorant of clock, screen and decoder. Steps are the only
time there is: the same settings, seed and velocities make the same record, so that a test can be
run again from its recording (`again`).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np

from endplate.clinic.trials import fitts

PAUSE_S = 1.0
USUAL_TARGETS = 12
READY = "Ready ..."  # in a pause


class Trial(Protocol):
    """One thing asked for."""

    @property
    def over(self) -> bool:
        """Nothing more is asked for."""

    def step(self, velocity: np.ndarray, seconds: float) -> None:
        """`velocity` [DoF] -1..1, for so long."""

    def outcome(self) -> Any:
        """What came of it, when it is over: a dataclass."""


class Turns(ABC):
    """One task after the other, with a pause of `pause_s` before each."""

    pause_s = PAUSE_S
    outcomes: list[Any]

    def _deal(self, tasks: Sequence[Any]) -> None:
        """All that will be asked for, in order; begins with a pause."""
        self.tasks, self._left = list(tasks), list(tasks)
        self.trial: Any = None  # a Trial, of the kind's own class
        self._paused_s = 0.0

    @abstractmethod
    def _begin(self, task: Any) -> Trial:
        """Asks for it."""

    def _rested(self, given: np.ndarray, seconds: float) -> bool:
        """Whether the pause, long enough by the clock, may end."""
        return True

    @property
    def over(self) -> bool:
        """All is played."""
        return self.trial is None and not self._left

    @property
    def waiting(self) -> bool:
        """A pause: nothing is asked for."""
        return self.trial is None

    def _turn(self, given: np.ndarray, seconds: float) -> None:
        """One hop, of the pause or of the trial that is on."""
        if self.trial is None:
            self._paused_s += seconds
            rested = self._rested(given, seconds)
            if self._paused_s >= self.pause_s - 1e-9 and rested:
                self.trial, self._paused_s = self._begin(self._left.pop(0)), 0.0
            return
        self.trial.step(given, seconds)
        if self.trial.over:
            self.outcomes.append(self.trial.outcome())
            self.trial = None


@dataclass
class Run(Turns):
    """Of the DoF named in `dofs`; `seed` makes the order of what is asked for. Each kind of test
    says what is asked for and which figures come of it."""

    kind = ""
    dofs: tuple[str, ...]
    count: int = USUAL_TARGETS
    seed: int = 1
    rules: Any = None
    outcomes: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begins with a pause."""
        self._deal(self._tasks())
        self.count = len(self.tasks)
        self.hops = 0

    @abstractmethod
    def _tasks(self) -> list[Any]:
        """All that will be asked for, in order."""

    @abstractmethod
    def _figures(self) -> dict[str, Any]:
        """Of the outcomes."""

    @property
    def number(self) -> int:
        """Of the trial that is on or comes next, from 1."""
        return min(len(self.outcomes) + 1, self.count)

    def step(self, velocity: Sequence[float] | np.ndarray, seconds: float) -> None:
        """One hop: `velocity` -1..1 in the order of `dofs`, in force for `seconds`. Raises
        ValueError for another number of them."""
        if self.over:
            return
        given = np.asarray(velocity, float)
        if given.shape != (len(self.dofs),) or not np.isfinite(given).all():
            raise ValueError(f"a velocity must be {len(self.dofs)} numbers")
        self.hops += 1
        self._turn(given, seconds)

    def figures(self) -> dict[str, Any]:
        """Of the trials so far; one that there is none of is None. Raises ValueError without a
        trial."""
        return plain(self._figures())

    def record(self, **more: Any) -> dict[str, Any]:
        """What is kept of it: settings, figures and every trial."""
        return {
            "dofs": list(self.dofs), "targets": self.count, "seed": self.seed, "hops": self.hops,
            "rules": asdict(self.rules), "figures": self.figures(),
            "outcomes": [plain(asdict(each)) for each in self.outcomes], **more,
        }  # fmt: skip


def replay(run: Run, velocities: np.ndarray, hop_seconds: float) -> dict[str, Any]:
    """Figures of a fresh `run` after velocities [hops, DoF], from its first hop to its last."""
    for velocity in velocities:
        run.step(velocity, hop_seconds)
    return run.figures()


@dataclass
class FittsRun(Run):
    """The Fitts test, see fitts.py."""

    kind = "fitts"
    rules: fitts.Rules = fitts.USUAL

    def _tasks(self) -> list[fitts.Target]:
        return fitts.targets(len(self.dofs), self.count, self.seed)

    def _begin(self, task: fitts.Target) -> Trial:
        return fitts.Trial(task, self.rules)

    def _figures(self) -> dict[str, Any]:
        return asdict(fitts.figures(self.outcomes))


def again(record: Mapping[str, Any], velocities: np.ndarray, hop_seconds: float) -> dict[str, Any]:
    """The figures of a kept Fitts test, from the velocities of its hops [hops, DoF]."""
    rules = fitts.Rules(**record["rules"])
    run = FittsRun(tuple(record["dofs"]), record["targets"], record["seed"], rules)
    return replay(run, velocities, hop_seconds)


def mean(values: Sequence[float]) -> float:
    """NaN where there is none."""
    return float(np.mean(values)) if len(values) else math.nan


def plain(value: Any) -> Any:
    """NaN as None, tuples as lists: as it comes back from the records."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


Again = Callable[[Mapping[str, Any], np.ndarray, float], dict[str, Any]]
