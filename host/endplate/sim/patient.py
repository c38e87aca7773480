# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated person: prompts in, microvolts at the sites out, block by block.

Time is the index of the sample, never the wall clock: the same preset, seed and prompts at the
same blocks give the same samples. A block is 20 ms: 40 samples inside (2 kHz), 5 at the board.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from endplate.errors import BoardError
from endplate.sim.electrodes import Contact, Electrodes
from endplate.sim.front_end import BOARD_HZ, FrontEnd
from endplate.sim.motor_units import Discharge, Pool
from endplate.sim.muscle import RATE_HZ, Sum, scale_to, unit_templates
from endplate.sim.presets import PRESETS, Preset
from endplate.sim.prompts import DOFS, STEP_S, Follower, Prompt

BLOCK = 40
STEPS = round(BLOCK / RATE_HZ / STEP_S)  # intents and board samples in a block
COMFORTABLE = 0.45  # excitation of effort 1, as a share of the maximum


def find_preset(name: str) -> Preset:
    """The preset of that name. Raises BoardError with one sentence."""
    if name not in PRESETS:
        raise BoardError(
            f"There is no simulated patient {name!r}; choose one of {', '.join(PRESETS)}."
        )
    return PRESETS[name]


class Muscles:
    """All pools of a person, from efforts per DoF to microvolts at the sites (2 kHz)."""

    def __init__(
        self, preset: Preset, chance: np.random.Generator, spikes: np.random.Generator
    ) -> None:
        plans = [(muscle, pool) for muscle in preset.muscles for pool in muscle.pools]
        self._pools = [Pool.of(plan.units) for _, plan in plans]
        self._drive = _drive(preset, chance)
        sites = np.array(preset.sites_mm)
        templates = []
        for (muscle, plan), pool in zip(plans, self._pools, strict=True):
            raw = unit_templates(
                muscle.tissue, pool, muscle.at_mm + plan.shift_mm, sites, preset.around_mm, chance
            )
            templates.append(scale_to(raw, pool, muscle.maximum_uv * plan.strength))
        self._sum = Sum(np.concatenate(templates))
        self._discharge = Discharge(self._pools, RATE_HZ, spikes)
        self._tone = preset.rest_tone
        share = np.linspace(0.0, 1.0, 513)
        self._share = share
        self._excitation = Pool.of().excitation_for(share)
        pool = Pool.of()
        self._comfort = float(
            pool.force(pool.rates_hz(COMFORTABLE)) / pool.force(pool.rates_hz(1.0))
        )

    def excitation(self, efforts: np.ndarray) -> np.ndarray:
        """Excitation per pool for `efforts` [4]: force grows with effort, 1 is comfortable."""
        pushed = np.concatenate([np.maximum(efforts, 0.0), np.maximum(-efforts, 0.0)])
        share = np.minimum((self._drive @ pushed + self._tone) * self._comfort, 1.0)
        return np.interp(share, self._share, self._excitation)

    def block(self, efforts: np.ndarray) -> np.ndarray:
        """The next 20 ms at `efforts`, float32 [40, sites]."""
        unit, offset = self._discharge.block(self.excitation(efforts), BLOCK)
        return self._sum.block(unit, offset, BLOCK)


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


def _contacts(preset: Preset, chance: np.random.Generator) -> list[Contact]:
    heart = preset.heart_uv or (0.0,) * len(preset.sites_mm)
    return [
        Contact(
            noise_uv=chance.uniform(*preset.noise_uv),
            mains_uv=chance.uniform(*preset.mains_uv),
            offset_uv=chance.uniform(*preset.offset_uv),
            heart_uv=uv,
        )
        for uv in heart
    ]


@dataclass(frozen=True)
class Chunk:
    """20 ms at the board's rate: uv float64 [5, sites] and intent float64 [5, 4]."""

    uv: np.ndarray
    intent: np.ndarray


class Patient:
    """Muscles, skin and will of one person behind the converter's filter."""

    def __init__(self, preset: str | Preset, seed: int = 1, mains_hz: float = 50.0) -> None:
        self.preset = find_preset(preset) if isinstance(preset, str) else preset
        # One stream of chance per cause, so that a prompt changes nothing but what it must.
        body, spikes, skin, will = np.random.default_rng(seed).spawn(4)
        self._muscles = Muscles(self.preset, body, spikes)
        self.electrodes = Electrodes(_contacts(self.preset, body), mains_hz, skin)
        self._follower = Follower(will)
        self._front_end = FrontEnd(self.sites, BLOCK)
        self.samples = 0  # at the board's rate, so far

    @property
    def sites(self) -> int:
        """Number of sites."""
        return len(self.preset.sites_mm)

    @property
    def board_hz(self) -> int:
        """Samples a second that `chunk` brings."""
        return BOARD_HZ

    def prompt(self, prompt: Prompt) -> int:
        """Shows a prompt at the start of the next block; returns its first board sample."""
        self._follower.prompt(prompt)
        return self.samples

    def raw_block(self) -> tuple[np.ndarray, np.ndarray]:
        """20 ms at the amplifier's inputs, 2 kHz: uv [40, sites] and intent [5, 4], float64."""
        intent, motion = self._follower.steps(STEPS)
        motion = np.repeat(motion, BLOCK // STEPS)
        uv = self.electrodes.block(self._muscles.block(intent.mean(axis=0)), motion)
        self.samples += STEPS
        return uv, intent

    def chunk(self) -> Chunk:
        """The next 20 ms as the board converts them."""
        uv, intent = self.raw_block()
        return Chunk(self._front_end.block(uv), intent)


def simulate(
    patient: Patient, seconds: float, prompts: Sequence[tuple[float, Prompt]] = ()
) -> Chunk:
    """Runs a patient offline: `prompts` are (time s, prompt), rounded down to a block.

    For tests and design.
    """
    due = sorted(prompts, key=lambda item: item[0])
    chunks = []
    for block in range(round(seconds * RATE_HZ / BLOCK)):
        while due and due[0][0] <= block * BLOCK / RATE_HZ:
            patient.prompt(due.pop(0)[1])
        chunks.append(patient.chunk())
    return Chunk(np.concatenate([c.uv for c in chunks]), np.concatenate([c.intent for c in chunks]))
