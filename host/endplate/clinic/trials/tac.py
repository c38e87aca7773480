# SPDX-License-Identifier: GPL-3.0-or-later
"""The TAC test (target achievement control): bring the hand into a posture and keep it there.

After Simon et al. 2011 (J Rehabil Res Dev 48:619): within 5 degrees in every DoF for 2 s, 15 s at
most. A target lies `distance` of each asked DoF's way from where the trial starts, and nothing of
the way of the others, which must stay within tolerance too. On the screen the velocities drive a
posture from the neutral one at the speeds of the hand's table; on the hand, real or simulated, the
hand's own measured joints are judged, from wherever the hand is when the trial starts.

- inside: every DoF within `tolerance_deg` of the target
- movement_s: from the target's appearance to the last entry, reaction time included, dwell not
- completion: share of trials that stayed inside for `dwell_s` without a break within `limit_s`
- path: length of the way in degrees, Euclidean over the DoF, in steps of `grain_deg` at least, so
  that a measured joint that trembles has not gone far
- path_efficiency: straight way from start to end over the path, 0..1
- overshoots: how often the posture left the target before the dwell was over, a trial
- times and efficiency are means over the completed trials, overshoots over all
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import product
from typing import Any

import numpy as np

from endplate.clinic.trials.dwell import Dwell
from endplate.clinic.trials.posture import Axis, moved
from endplate.clinic.trials.run import Run, mean, replay

SCREEN, HAND = "screen", "hand"


@dataclass(frozen=True)
class Rules:
    """Seconds and degrees; `distance` is a share of each way; `on` is SCREEN or HAND."""

    limit_s: float = 15.0
    dwell_s: float = 2.0
    tolerance_deg: float = 5.0
    distance: float = 0.4
    grain_deg: float = 0.5
    on: str = SCREEN


USUAL = Rules()


@dataclass(frozen=True)
class Outcome:
    """One trial, degrees. `movement_s` is `limit_s` when it was not completed."""

    start: tuple[float, ...]
    target: tuple[float, ...]
    completed: bool
    movement_s: float
    path: float
    path_efficiency: float
    overshoots: int


class TacTrial:
    """One target. Told where the posture is, step by step, until `over`."""

    def __init__(self, start: np.ndarray, target: np.ndarray, rules: Rules = USUAL) -> None:
        self.start, self.target, self.rules = np.array(start), np.array(target), rules
        self.posture = self.start
        self.path = 0.0
        self.dwell = Dwell(rules.dwell_s, rules.limit_s)
        self._corner = self.start  # of the path, the last one

    @property
    def over(self) -> bool:
        """Completed, or out of time."""
        return self.dwell.over

    @property
    def near(self) -> list[bool]:
        """Per DoF: within tolerance."""
        away = np.abs(self.posture - self.target)
        return [bool(one <= self.rules.tolerance_deg + 1e-9) for one in away]

    @property
    def inside(self) -> bool:
        """All of them."""
        return all(self.near)

    def place(self, posture: np.ndarray, seconds: float) -> None:
        """Where the posture is after a hop of so many seconds. Ignored once it is over."""
        if self.over:
            return
        self.posture = np.array(posture, float)
        step = float(np.linalg.norm(self.posture - self._corner))
        if step >= self.rules.grain_deg:
            self.path += step
            self._corner = self.posture
        self.dwell.step(self.inside, seconds)

    def outcome(self) -> Outcome:
        """What came of it, when it is over."""
        path = self.path + float(np.linalg.norm(self.posture - self._corner))
        straight = float(np.linalg.norm(self.posture - self.start))
        return Outcome(
            tuple(self.start.tolist()), tuple(self.target.tolist()), self.dwell.completed,
            self.dwell.movement_s, path, min(1.0, straight / path) if path > 0 else 0.0,
            self.dwell.overshoots,
        )  # fmt: skip


@dataclass(frozen=True)
class Figures:
    """Of all trials; see the module. NaN where no trial was completed."""

    trials: int
    completion: float
    movement_s: float
    path_efficiency: float
    overshoots: float


def figures(outcomes: Sequence[Outcome]) -> Figures:
    """Raises ValueError without a trial."""
    if not outcomes:
        raise ValueError("a test without trials has no figures")
    done = [each for each in outcomes if each.completed]
    return Figures(
        trials=len(outcomes),
        completion=len(done) / len(outcomes),
        movement_s=mean([each.movement_s for each in done]),
        path_efficiency=mean([each.path_efficiency for each in done]),
        overshoots=mean([float(each.overshoots) for each in outcomes]),
    )


def aim(start: np.ndarray, direction: Sequence[int], along: Sequence[Axis], rules: Rules
        ) -> np.ndarray:  # fmt: skip
    """A target in that direction from `start`; where there is no room, in the other one."""
    target = np.array(start, float)
    for place, (sign, axis) in enumerate(zip(direction, along, strict=True)):
        go = sign * rules.distance * axis.way * (1 if axis.speed_dps > 0 else -1)
        there = target[place] + go
        room = axis.least - 1e-9 <= there <= axis.most + 1e-9
        target[place] = there if room else target[place] - go
    return target


@dataclass
class TacRun(Run):
    """Every direction (one DoF or several at once, each sign) before any comes again. `axes` in the
    order of `dofs`. On the hand each step needs `measured`, degrees of those axes."""

    kind = "tac"
    rules: Rules = USUAL
    axes: tuple[Axis, ...] = ()
    measured: list[list[float]] = field(default_factory=list)  # [hop, degrees ...], when it changed

    def __post_init__(self) -> None:
        """Begins with a pause. Raises ValueError for a distance of more than half the way."""
        if not 0 < self.rules.distance <= 0.5:
            raise ValueError("a target is at most half of the way away, or there is no room for it")
        if len(self.axes) != len(self.dofs):
            raise ValueError("each DoF needs its axis")
        self._now = np.array([axis.neutral for axis in self.axes])
        super().__post_init__()

    def _tasks(self) -> list[tuple[int, ...]]:
        chance = np.random.default_rng(self.seed)
        directions = [one for one in product((-1, 0, 1), repeat=len(self.dofs)) if any(one)]
        made: list[tuple[int, ...]] = []
        while len(made) < self.count:
            made += [directions[number] for number in chance.permutation(len(directions))]
        return made[: self.count]

    @property
    def posture(self) -> np.ndarray:
        """Where it is now, degrees [DoF]."""
        return self._now

    def place(self, measured: Sequence[float]) -> None:
        """On the hand: where its joints are from the next step on, degrees [DoF]."""
        given = [round(float(value), 2) for value in measured]
        if not self.measured or self.measured[-1][1:] != given:
            self.measured.append([self.hops, *given])
            self._now = np.array(given)

    def _begin(self, task: tuple[int, ...]) -> Any:
        if self.rules.on == SCREEN:
            self._now = np.array([axis.neutral for axis in self.axes])
        return _Driven(self, aim(self._now, task, self.axes, self.rules))

    def drive(self, velocity: np.ndarray, seconds: float) -> np.ndarray:
        """The posture after one hop: driven on the screen, as measured on the hand."""
        if self.rules.on == SCREEN:
            self._now = moved(self._now, velocity, seconds, self.axes)
        return self._now

    def _figures(self) -> dict[str, Any]:
        return asdict(figures(self.outcomes))

    def record(self, **more: Any) -> dict[str, Any]:
        """With the axes, and what was measured: no recording has that."""
        known: dict[str, Any] = {"axes": [asdict(axis) for axis in self.axes]}
        if self.rules.on == HAND:
            known["measured"] = self.measured
        return super().record(**known, **more)


class _Driven(TacTrial):
    """A trial that is told velocities, as every test's is."""

    def __init__(self, run: TacRun, target: np.ndarray) -> None:
        super().__init__(run.posture, target, run.rules)
        self._run = run

    def step(self, velocity: np.ndarray, seconds: float) -> None:
        """One hop."""
        self.place(self._run.drive(velocity, seconds), seconds)


def again(record: Mapping[str, Any], velocities: np.ndarray, hop_seconds: float) -> dict[str, Any]:
    """The figures of a kept TAC test, from the velocities of its hops [hops, DoF]; on the hand from
    the joints that it kept."""
    run = TacRun(
        tuple(record["dofs"]), record["targets"], record["seed"], Rules(**record["rules"]),
        axes=tuple(Axis(**axis) for axis in record["axes"]),
    )  # fmt: skip
    if run.rules.on == SCREEN:
        return replay(run, velocities, hop_seconds)
    changes = {int(hop): degrees for hop, *degrees in record["measured"]}
    for hop in range(record["hops"]):
        if hop in changes:
            run.place(changes[hop])
        run.step(np.zeros(len(run.dofs)), hop_seconds)
    return run.figures()
