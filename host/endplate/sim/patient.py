# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated person: prompts in, microvolts at the sites out, block by block.

Time is the index of the sample, never the wall clock: the same preset, seed and prompts at the
same blocks give the same samples. A block is 20 ms: 40 samples inside (2 kHz), 5 at a board of
250 Hz.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from endplate.errors import BoardError
from endplate.sim.body import BLOCK, Muscles
from endplate.sim.electrodes import Contact, Electrodes
from endplate.sim.front_end import BOARD_HZ, FrontEnd
from endplate.sim.knobs import checked
from endplate.sim.muscle import RATE_HZ
from endplate.sim.presets import LEVELS, PRESETS, Preset
from endplate.sim.prompts import POSTURES, STEP_S, Follower, Prompt
from endplate.sim.user import User

STEPS = round(BLOCK / RATE_HZ / STEP_S)  # intents in a block, and board samples at 250 Hz


def find_preset(name: str) -> Preset:
    """The preset of that name, or of that level. Raises BoardError with one sentence."""
    name = LEVELS.get(name, name)
    if name not in PRESETS:
        raise BoardError(
            f"There is no simulated patient {name!r}; choose one of {', '.join(PRESETS)}."
        )
    return PRESETS[name]


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
    """20 ms at the board's rate, n samples: uv float64 [n, sites], intent float64 [n, 4]."""

    uv: np.ndarray
    intent: np.ndarray


class Will(Protocol):
    """Whose intent it is: a follower of prompts (prompts.py), or a user who looks (user.py)."""

    def steps(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """The next `count` steps of 4 ms: intent [count, 4], strength of arm motion [count]."""
        ...


class Patient:
    """Muscles, skin and will of one person behind the converter's filter.

    `board_hz` divides 2000 and is 250 or more; `knobs` are turned before the first block; `will`
    stands in for the follower of prompts.
    """

    def __init__(
        self,
        preset: str | Preset,
        seed: int = 1,
        mains_hz: float = 50.0,
        *,
        board_hz: int = BOARD_HZ,
        knobs: Mapping[str, float] | None = None,
    ) -> None:
        self.preset = find_preset(preset) if isinstance(preset, str) else preset
        # One stream of chance per cause, so that a prompt changes nothing but what it must.
        body, spikes, skin, choice, limb, events = np.random.default_rng(seed).spawn(6)
        self.muscles = Muscles(self.preset, body, spikes, limb)
        contacts = _contacts(self.preset, body)
        self.electrodes = Electrodes(contacts, mains_hz, skin, events)
        self._follower = Follower(choice)
        self.will: Will = self._follower
        self._front_end = FrontEnd(self.sites, BLOCK, board_hz)
        self.board_hz = board_hz  # samples a second that `chunk` brings
        self.rows = round(BLOCK / RATE_HZ * board_hz)  # of a chunk
        self._posture = 0.0  # the knob: where no cue asks for another
        self.samples = 0  # at the board's rate, so far
        for name, value in (knobs or {}).items():
            self.turn(name, value)
        self.muscles.renew()

    @property
    def sites(self) -> int:
        """Number of sites."""
        return len(self.preset.sites_mm)

    def turn(self, name: str, value: float) -> None:
        """Turns a knob (knobs.py) from the next block on. Raises ValueError with one sentence."""
        value = checked(name, value)
        if name == "fatigue":
            self.muscles.fatigue.rate = value
        elif name in ("shift_mm", "shift_along_mm"):
            setattr(self.muscles, name, value)
        elif name == "posture":
            self._posture = self.muscles.posture = value
        else:
            self.electrodes.turn(name, value)

    def prompt(self, prompt: Prompt) -> int:
        """Shows a prompt at the start of the next block; returns its first board sample."""
        self._follower.prompt(prompt)
        asked = POSTURES.get(prompt.posture, 0.0)
        self.muscles.posture = asked or self._posture
        return self.samples

    def play(self, game: Mapping[str, Any] | None) -> None:
        """From the next block on the patient plays with a cursor (user.py): `dofs`, `speed_per_s`
        and `seed`; None: follows prompts again. Raises KeyError, ValueError."""
        if game is None:
            self.will = self._follower
            return
        chance = np.random.default_rng(int(game.get("seed", 1)))
        self.will = User(list(game["dofs"]), float(game["speed_per_s"]), chance)

    def show(self, target: Sequence[float] | None, radius: float = 0.0) -> None:
        """A new target, or none, for one who plays."""
        if isinstance(self.will, User):
            self.will.show(target, radius)

    def look(self, cursor: Sequence[float]) -> None:
        """Where the cursor is, for one who plays."""
        if isinstance(self.will, User):
            self.will.look(cursor)

    def raw_block(self) -> tuple[np.ndarray, np.ndarray]:
        """20 ms at the amplifier's inputs, 2 kHz: uv [40, sites] and intent [5, 4], float64."""
        intent, motion = self.will.steps(STEPS)
        motion = np.repeat(motion, BLOCK // STEPS)
        uv = self.electrodes.block(self.muscles.block(intent.mean(axis=0)), motion)
        self.samples += self.rows
        return uv, intent

    def chunk(self) -> Chunk:
        """The next 20 ms as the board converts them."""
        uv, intent = self.raw_block()
        return Chunk(self._front_end.block(uv), np.repeat(intent, self.rows // STEPS, axis=0))


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
