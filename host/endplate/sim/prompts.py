# SPDX-License-Identifier: GPL-3.0-or-later
"""How a person follows a prompt: late, smoothly, slightly wrong, and never perfectly still.

Time is the patient's own, in steps of 4 ms; the same prompts at the same steps give the same
intent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

#: Order of the DoF in the intent and in the truth's columns.
DOFS = ("hand", "wrist_rotation", "wrist_flexion", "elbow")
STEP_S = 0.004
REACTION_S = (0.25, 0.40)
FOLLOW_S = 0.040  # time constant of each of two lags: the smoothness of a voluntary movement
AIM_ERROR = 0.05  # sd of the effort reached, as a share of the effort asked for
WANDER = 0.03  # sd of the slow drift of effort
WANDER_S = 0.8
TREMOR = 0.008  # amplitude, share of the effort
TREMOR_HZ = 9.0
STRONGEST = 1.5  # effort that a prompt may ask for (1 is comfortable)
FOREVER_S = 1e9
#: How high the arm is held, as the knob "posture" has it, by what a cue calls it.
POSTURES = {"": 0.0, "Arm out in front": 0.5, "Arm up": 1.0}


@dataclass(frozen=True)
class Prompt:
    """A trapezoid towards `target` (effort per DoF of DOFS, -1..1).

    Kind "motion" is arm motion without intent; `posture`: how the arm is held (POSTURES).
    """

    target: tuple[float, ...]
    rise_s: float = 1.0
    hold_s: float = 2.0
    fall_s: float = 1.0
    label: str = ""
    kind: str = "trapezoid"
    posture: str = ""

    @classmethod
    def from_request(cls, request: Mapping[str, Any]) -> Prompt:
        """The prompt of a JSON request.

        Raises ValueError with one sentence when it makes no sense.
        """
        target = request.get("target") or {}
        if not isinstance(target, Mapping):
            raise ValueError("A prompt's target must name DoF and efforts.")
        unknown = sorted(set(target) - set(DOFS))
        if unknown:
            raise ValueError(f"A prompt names the DoF {unknown[0]!r}; known are {', '.join(DOFS)}.")
        effort = tuple(_number(target.get(dof, 0.0), -STRONGEST, STRONGEST, dof) for dof in DOFS)
        hold = request.get("hold_s", 2.0)
        return cls(
            target=effort,
            rise_s=_number(request.get("rise_s", 1.0), 0.0, 60.0, "rise_s"),
            hold_s=FOREVER_S if hold is None else _number(hold, 0.0, FOREVER_S, "hold_s"),
            fall_s=_number(request.get("fall_s", 1.0), 0.0, 60.0, "fall_s"),
            label=str(request.get("label", "")),
            kind=str(request.get("kind", "trapezoid")),
            posture=str(request.get("posture", "")),
        )

    @property
    def duration_s(self) -> float:
        """From the first rise to the end of the fall."""
        return self.rise_s + self.hold_s + self.fall_s

    def share(self, t_s: float) -> float:
        """Height of the trapezoid, 0..1, `t_s` after its start."""
        if t_s < 0.0 or t_s >= self.duration_s:
            return 0.0
        if t_s < self.rise_s:
            return t_s / self.rise_s
        if t_s < self.rise_s + self.hold_s:
            return 1.0
        return (self.duration_s - t_s) / self.fall_s


def _number(value: Any, low: float, high: float, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"A prompt's {name} must be a number, not {value!r}.")
    if not low <= value <= high:
        raise ValueError(f"A prompt's {name} must lie between {low:g} and {high:g}, not {value:g}.")
    return float(value)


@dataclass
class _Plan:
    """A prompt as this person will do it: when it starts, from where, and how wrong it gets."""

    start: int
    prompt: Prompt
    aim: list[float]
    origin: list[float] | None = None


class Follower:
    """The person's intent, step by step. `rng` decides reaction times and errors."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._step = 0
        self._plans: list[_Plan] = []
        self._first = [0.0] * len(DOFS)  # two lags in a row, per DoF
        self._second = [0.0] * len(DOFS)
        self._wander = np.zeros(len(DOFS))
        self._tremor_phase = rng.uniform(0.0, 2.0 * np.pi, len(DOFS))
        self._blend = 1.0 - math.exp(-STEP_S / FOLLOW_S)

    def prompt(self, prompt: Prompt) -> float:
        """Sees a prompt now; returns the reaction time that this one takes, s."""
        reaction = self._rng.uniform(*REACTION_S)
        error = AIM_ERROR * self._rng.standard_normal(len(DOFS))
        aim = np.array(prompt.target) * (1.0 + np.clip(error, -2.5 * AIM_ERROR, 2.5 * AIM_ERROR))
        self._plans.append(_Plan(self._step + round(reaction / STEP_S), prompt, aim.tolist()))
        return reaction

    def steps(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """The next `count` steps of 4 ms.

        Returns the intent, float64 [count, 4], and the strength of arm motion, 0..1 [count].
        """
        followed = np.array([self._follow() for _ in range(count)])
        share = np.arange(1, count + 1)[:, None] / count
        keep = math.exp(-count * STEP_S / WANDER_S)
        fresh = WANDER * math.sqrt(1.0 - keep**2) * self._rng.standard_normal(len(DOFS))
        before, self._wander = self._wander, keep * self._wander + fresh
        wander = before + (self._wander - before) * share
        time = np.arange(self._step - count, self._step)[:, None] * STEP_S
        tremor = TREMOR * np.sin(2.0 * np.pi * TREMOR_HZ * time + self._tremor_phase)
        intent = followed[:, :-1] * (1.0 + wander + tremor)
        intent[np.abs(intent) < 1e-3] = 0.0
        return intent, followed[:, -1]

    def _follow(self) -> list[float]:
        """One step: what is wanted, smoothed, and last the strength of arm motion."""
        while len(self._plans) > 1 and self._plans[1].start <= self._step:
            self._plans.pop(0)
        wanted, motion = [0.0] * len(DOFS), 0.0
        if self._plans and self._plans[0].start <= self._step:
            wanted, motion = self._wanted(self._plans[0])
        self._step += 1
        first, second, blend = self._first, self._second, self._blend
        for dof, value in enumerate(wanted):
            first[dof] += blend * (value - first[dof])
            second[dof] += blend * (first[dof] - second[dof])
        return [*second, motion]

    def _wanted(self, plan: _Plan) -> tuple[list[float], float]:
        if plan.origin is None:
            plan.origin = list(self._second)
        t = (self._step - plan.start) * STEP_S
        share = plan.prompt.share(t)
        if plan.prompt.kind == "motion":
            return [0.0] * len(DOFS), share
        if t < plan.prompt.rise_s:  # a new target is approached from where the person is
            pairs = zip(plan.origin, plan.aim, strict=True)
            return [origin + (aim - origin) * share for origin, aim in pairs], 0.0
        return [aim * share for aim in plan.aim], 0.0
