# SPDX-License-Identifier: GPL-3.0-or-later
"""All muscles of a person: from efforts per DoF to microvolts at the sites (2 kHz).

Potentials are computed for where the electrodes are: when electrodes, posture or fatigue change
while the person is running, a few units are computed anew in every block, so that a shift takes
about half a second, as a sliding pair does, and no block takes long.
"""

from __future__ import annotations

import numpy as np

from endplate.sim.fatigue import Fatigue
from endplate.sim.motor_units import Discharge, Pool
from endplate.sim.muscle import RATE_HZ, Pose, Sum, Units, scale
from endplate.sim.presets import Preset
from endplate.sim.prompts import DOFS

BLOCK = 40
COMFORTABLE = 0.45  # excitation of effort 1, as a share of the maximum
RENEWED = 16  # units a block whose potentials are computed anew, at most
SETTLE = 10  # blocks until another pool's last potentials have ended
SLOWED = 0.02  # change of the conduction velocity that is worth it
#: What a raised arm does to each muscle, at posture 1: sd of its slide under the skin round the
#: limb and along it, range of its depth (mm), and most of the tone that holding the arm up takes.
SLIDE_MM, SLIDE_ALONG_MM, DEEPER_MM, TONE = 5.0, 6.0, (-1.0, 2.5), 0.03


class Muscles:
    """All pools of a person. `body` draws the anatomy, `spikes` the firing, `limb` what posture
    does to this person."""

    def __init__(
        self,
        preset: Preset,
        body: np.random.Generator,
        spikes: np.random.Generator,
        limb: np.random.Generator,
    ) -> None:
        plans = [(muscle, pool) for muscle in preset.muscles for pool in muscle.pools]
        self._pools = [Pool.of(plan.units) for _, plan in plans]
        self._drive = _drive(preset, body)
        self._sites_mm, self._around_mm = np.array(preset.sites_mm), preset.around_mm
        self._units, self._scale, templates = [], [], []
        for (muscle, plan), pool in zip(plans, self._pools, strict=True):
            units = Units.drawn(muscle.tissue, pool, muscle.at_mm + plan.shift_mm, body)
            raw = units.templates(self._sites_mm, self._around_mm)
            factor = scale(raw, pool, muscle.maximum_uv * plan.strength)
            templates.append((raw * factor).astype(np.float32))
            self._units.append(units)
            self._scale.append(factor)
        self._sum = Sum(np.concatenate(templates))
        sizes = [len(pool.threshold) for pool in self._pools]
        self._pool_of = np.repeat(np.arange(len(sizes)), sizes)
        self._number = np.concatenate([np.arange(n) for n in sizes])
        self._made = np.tile([0.0, 0.0, 0.0, 1.0], (len(self._number), 1))  # Pose of each template
        self._discharge = Discharge(self._pools, RATE_HZ, spikes)
        self._tone = preset.rest_tone
        self._share = np.linspace(0.0, 1.0, 513)
        pool = Pool.of()
        self._excitation = pool.excitation_for(self._share)
        self._comfort = float(
            pool.force(pool.rates_hz(COMFORTABLE)) / pool.force(pool.rates_hz(1.0))
        )
        self.fatigue = Fatigue(len(self._pools))
        self.shift_mm = self.shift_along_mm = self.posture = 0.0
        self._first = np.cumsum([0, *(len(muscle.pools) for muscle in preset.muscles)])[:-1]
        muscle_of = np.repeat(
            np.arange(len(preset.muscles)), [len(m.pools) for m in preset.muscles]
        )
        n = len(preset.muscles)
        slide = np.stack(
            [
                SLIDE_MM * limb.standard_normal(n),
                SLIDE_ALONG_MM * limb.standard_normal(n),
                limb.uniform(*DEEPER_MM, n),
            ]
        )
        self._slide = slide[:, muscle_of]  # [3, pools]: a muscle's pools move together
        self._posture_tone = TONE * limb.random(n)[muscle_of]

    def force_share(self, efforts: np.ndarray) -> np.ndarray:
        """Share of its maximal force that each pool is to make for `efforts` [4]; effort 1 is
        comfortable."""
        pushed = np.concatenate([np.maximum(efforts, 0.0), np.maximum(-efforts, 0.0)])
        tone = self._tone + abs(self.posture) * self._posture_tone
        return (self._drive @ pushed + tone) * self._comfort

    def block(self, efforts: np.ndarray) -> np.ndarray:
        """The next 20 ms at `efforts`, float32 [40, sites]."""
        share = self.force_share(efforts)
        self.fatigue.step(np.minimum(share, 1.0), BLOCK / RATE_HZ)
        share = np.minimum(self.fatigue.drive(share), 1.0)
        excitation = np.interp(share, self._share, self._excitation)
        self.renew(RENEWED)
        unit, offset = self._discharge.block(excitation, BLOCK)
        return self._sum.block(unit, offset, BLOCK)

    def maxima(self, blocks: int) -> list[np.ndarray]:
        """Signals [samples, sites] of the first pool of each muscle, alone and at maximal
        excitation. For judging: the person must not be used after it."""
        made = []
        for pool in self._first:
            alone = np.zeros(len(self._pools))
            alone[pool] = 1.0
            blocks_made = [
                self._sum.block(*self._discharge.block(alone, BLOCK), BLOCK)
                for _ in range(blocks + SETTLE)
            ]
            made.append(np.concatenate(blocks_made[SETTLE:]))
        return made

    def renew(self, most: int | None = None) -> None:
        """Computes potentials anew that are no longer where they were, at most so many."""
        slide = self.posture * self._slide
        wanted = np.stack(
            [self.shift_mm + slide[0], self.shift_along_mm + slide[1], slide[2],
             self.fatigue.slower], axis=1,
        )[self._pool_of]  # fmt: skip
        away = np.abs(wanted - self._made)
        stale = np.flatnonzero((away[:, :3] > 1e-9).any(1) | (away[:, 3] > SLOWED))
        for row in stale[:most]:
            pool = self._pool_of[row]
            made = self._units[pool].template(
                self._number[row], self._sites_mm, self._around_mm, Pose(*wanted[row])
            )
            self._sum.templates[row] = made * self._scale[pool]
            self._made[row] = wanted[row]


def _drive(preset: Preset, chance: np.random.Generator) -> np.ndarray:
    """Effort of each pool per direction, float64 [pools, 8]: positive ones, then negative."""
    plans = [(muscle.name, pool.task) for muscle in preset.muscles for pool in muscle.pools]
    used = sorted({task for _, task in plans})
    matrix = np.zeros((len(plans), 2 * len(DOFS)))
    for dof, sign in used:
        column = DOFS.index(dof) + (0 if sign > 0 else len(DOFS))
        homes = {name for name, task in plans if task == (dof, sign)}
        for row, (name, task) in enumerate(plans):
            draw = chance.random()
            if task == (dof, sign):
                matrix[row, column] = 1.0
            else:
                kind = preset.spread
                if name in homes:
                    kind = preset.shared
                elif task == (dof, -sign):
                    kind = preset.antagonist
                matrix[row, column] = kind[0] + draw * (kind[1] - kind[0])
    return matrix
