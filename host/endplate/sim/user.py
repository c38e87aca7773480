# SPDX-License-Identifier: GPL-3.0-or-later
"""A user who closes the loop by looking: sees a cursor late, reacts, corrects, and is never exact.

The user sees nothing but cursor and target, `SEES_S` ago. After a new target comes the reaction
time; then a new decision every `DECIDES_S` or so (people correct intermittently, about four times
a second; Miall, Weir and Stein 1993). Each decision is made on where the cursor should be by now:
what was seen, and what the own efforts since then must have added, by a belief about the device
that is wrong by some per cent in each user. What is decided is an effort per DoF, towards the
target and the slower the nearer; it is meant with an error, smoothed by the muscles' lags, and
trembles, as in prompts.py. A DoF that does not move although it is pushed is pushed harder. Inside
the target the user lets go.

Constants are of the size found in people, and were settled on seeds below 100; tests and reports
use others.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

import numpy as np

from endplate.sim.prompts import (
    DOFS,
    FOLLOW_S,
    REACTION_S,
    STEP_S,
    TREMOR,
    TREMOR_HZ,
    WANDER,
    WANDER_S,
)

SEES_S = 0.15  # what the eye and the mind take
DECIDES_S = (0.18, 0.30)
DEVICE_S = 0.15  # believed delay from an effort to the cursor
BELIEF_ERROR = 0.15  # sd of the believed speed, between users
SEEN_ERROR = 0.015  # sd of where the cursor seems to be, in units of the screen
NEGLECT = 0.3  # of decisions in which a DoF with less to do is forgotten for the moment
APPROACH_PER_S = 1.8  # wanted speed per distance that is left
STRONGEST = 1.2  # effort; 1 is comfortable
AIM = 0.12  # sd of an effort made without feeling it, as a share; twice that of a cued one held
LEAST = 0.22  # an effort that is worth it: the user has learned that less hardly moves anything
HARDER, HARDEST = 1.25, 2.5  # times the effort at each decision without progress; at most
PROGRESS = 0.01  # of the screen: less than that between two decisions is none
CALM = 0.45  # of the target's radius: nearer than that a DoF is left alone


class User:
    """The will of a patient who plays with a cursor of `dofs`. Deterministic for a generator.

    `speed_per_s`: of the cursor at full effort, which the user has learned roughly.
    """

    def __init__(self, dofs: Sequence[str], speed_per_s: float, rng: np.random.Generator) -> None:
        self._columns = [DOFS.index(dof) for dof in dofs]
        self._rng = rng
        n = len(dofs)
        self._believed = speed_per_s * max(0.5, 1.0 + BELIEF_ERROR * rng.standard_normal())
        self._seen: deque[np.ndarray] = deque(maxlen=max(1, round(SEES_S / STEP_S)))
        history = round((SEES_S + DEVICE_S) / STEP_S)
        self._meant: deque[np.ndarray] = deque([np.zeros(n)] * history, maxlen=history)
        self._look: np.ndarray | None = None
        self._target: np.ndarray | None = None
        self._radius = 0.0
        self._wait_s = 0.0  # until the next decision
        self._effort = np.zeros(n)
        self._push, self._before = np.ones(n), np.zeros(n)
        self._first, self._second = np.zeros(n), np.zeros(n)
        self._wander = np.zeros(n)
        self._phase = rng.uniform(0.0, 2.0 * np.pi, n)
        self._blend = 1.0 - math.exp(-STEP_S / FOLLOW_S)
        self._step = 0

    def show(self, target: Sequence[float] | None, radius: float = 0.0) -> None:
        """A new target appears, or none: then the user rests. It is noticed after a reaction."""
        self._target = None if target is None else np.array(target, float)
        self._radius = radius
        self._wait_s = self._rng.uniform(*REACTION_S)
        self._seen.clear()
        self._push[:] = 1.0

    def look(self, cursor: Sequence[float] | np.ndarray) -> None:
        """Where the cursor is on the screen now; called at every frame."""
        self._look = np.array(cursor, float)

    def steps(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """The next `count` steps of 4 ms: intent [count, 4] and no arm motion [count]."""
        intent = np.zeros((count, len(DOFS)))
        keep = math.exp(-STEP_S / WANDER_S)
        fresh = WANDER * math.sqrt(1.0 - keep**2)
        for row in range(count):
            if self._look is not None:
                self._seen.append(self._look)
            self._wait_s -= STEP_S
            if self._wait_s <= 0.0:
                self._decide()
            self._first += self._blend * (self._effort - self._first)
            self._second += self._blend * (self._first - self._second)
            self._meant.append(self._second.copy())
            self._wander = keep * self._wander + fresh * self._rng.standard_normal(
                len(self._wander)
            )
            time = self._step * STEP_S
            tremor = TREMOR * np.sin(2.0 * np.pi * TREMOR_HZ * time + self._phase)
            intent[row, self._columns] = self._second * (1.0 + self._wander + tremor)
            self._step += 1
        intent[np.abs(intent) < 1e-3] = 0.0
        return intent, np.zeros(count)

    def _decide(self) -> None:
        self._wait_s = self._rng.uniform(*DECIDES_S)
        if self._target is None or not self._seen:
            self._effort = np.zeros_like(self._effort)
            return
        coming = np.sum(self._meant, axis=0) * STEP_S * self._believed
        seen = self._seen[0] + SEEN_ERROR * self._rng.standard_normal(len(coming))
        away = self._target - (seen + coming)
        if np.linalg.norm(away) < CALM * self._radius:
            self._effort = np.zeros_like(away)
            return
        still = (np.abs(self._seen[0] - self._before) < PROGRESS) & (self._effort != 0)
        self._push = np.where(still, np.minimum(HARDER * self._push, HARDEST), 1.0)
        self._before = self._seen[0]
        effort = np.clip(APPROACH_PER_S * away / self._believed, -1.0, 1.0)
        calm = np.abs(away) < CALM * self._radius / math.sqrt(len(away))
        effort = np.where(calm, 0.0, np.sign(effort) * np.maximum(np.abs(effort), LEAST))
        effort = np.clip(effort * self._push, -STRONGEST, STRONGEST)
        forgotten = self._rng.random(len(away)) < NEGLECT
        effort = np.where(forgotten & (np.abs(away) < np.abs(away).max()), 0.0, effort)
        error = np.clip(AIM * self._rng.standard_normal(len(effort)), -3 * AIM, 3 * AIM)
        self._effort = effort * (1.0 + error)
