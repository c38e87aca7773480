# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated person in one process, faster than real time: cued, calibrated, and in the loop.

The chain is the real one: the patient's microvolts become counts of the board, the core's chain
with the profile makes velocities of them, and calibration and touch-up are those of a real person.
Nobody's EMG: what comes of it is marked simulated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from endplate.clinic.trials import fitts
from endplate.core import Chain
from endplate.fit.calibration import calibrate
from endplate.fit.donning.touch_up import touch_up
from endplate.fit.guided.protocol import Cue, calibration_protocol, touch_up_protocol
from endplate.fit.recorded.cued import Recorded
from endplate.fit.recorded.labels import StartedCue
from endplate.hardware import load_hand, load_montage
from endplate.live.boards import CYTON_FULL_SCALE_UV, CYTON_UV_PER_COUNT
from endplate.live.profile import Profile, chain_settings
from endplate.sim.cyton import Cyton
from endplate.sim.patient import Patient
from endplate.sim.prompts import DOFS, Prompt
from endplate.sim.user import User

BLOCK_S = 0.020
HAND = "test-hand"
MAINS_HZ = 50.0
PAUSE_S = 1.5  # between two targets
RATES = (250, 1000)


@dataclass
class Person:
    """A patient with a board: `counts` of the next blocks, cues in sequence, profiles."""

    preset: str
    seed: int
    rate_hz: int
    dofs: tuple[str, ...]
    knobs: Mapping[str, float] = field(default_factory=dict)  # turned from the start
    patient: Patient = field(init=False)

    def __post_init__(self) -> None:
        """Makes the patient. Raises BoardError."""
        self.patient = Patient(
            self.preset, self.seed, MAINS_HZ, board_hz=self.rate_hz, knobs=self.knobs
        )
        self._follower = self.patient.will
        self._board = Cyton()
        self.montage = load_montage(self.patient.preset.montage)
        self.hand = load_hand(HAND)

    def block(self) -> tuple[np.ndarray, np.ndarray]:
        """The next 20 ms: counts int32 [n, 8] and intent [n, DoF]."""
        chunk = self.patient.chunk()
        wide = np.zeros((len(chunk.uv), self._board.channels))
        width = min(self._board.channels, chunk.uv.shape[1])
        wide[:, :width] = chunk.uv[:, :width]
        columns = [DOFS.index(dof) for dof in self.dofs]
        return self._board.counts(wide), chunk.intent[:, columns]

    def run(self, seconds: float) -> tuple[np.ndarray, np.ndarray]:
        """As `block`, for longer."""
        parts = [self.block() for _ in range(round(seconds / BLOCK_S))]
        counts, intent = zip(*parts, strict=True)
        return np.concatenate(counts), np.concatenate(intent)

    def follow(self, cues: Iterable[Cue]) -> tuple[np.ndarray, np.ndarray, list[StartedCue]]:
        """Follows cues: counts, intent, and each cue with its first sample."""
        self.patient.will = self._follower
        counts, intents, started, at = [], [], [], 0
        for cue in cues:
            self.patient.prompt(Prompt.from_request(cue.prompt()))
            started.append((at, cue))
            made, intent = self.run(cue.duration_s)
            counts.append(made)
            intents.append(intent)
            at += len(made)
        return np.concatenate(counts), np.concatenate(intents), started

    def calibrated(self, decoder: str = "auto", repetitions: int = 3) -> Profile:
        """The profile of the cued protocol. Raises CalibrationError."""
        counts, _, cues = self.follow(calibration_protocol(self.dofs, repetitions))
        return calibrate(
            counts, self.rate_hz, CYTON_UV_PER_COUNT, CYTON_FULL_SCALE_UV, cues,
            montage=self.montage, hand=self.hand, board="simulated", mains_hz=MAINS_HZ,
            simulated=True, decoder=decoder, all_dofs=True, name=f"{self.preset} {self.seed}",
        )  # fmt: skip

    def touched_up(self, profile: Profile) -> Profile:
        """The profile after half a minute of cues. Raises CalibrationError."""
        counts, _, cues = self.follow(touch_up_protocol(self.dofs))
        recorded = Recorded(
            counts, self.rate_hz, CYTON_UV_PER_COUNT, CYTON_FULL_SCALE_UV, MAINS_HZ, cues
        )
        return touch_up(profile, recorded, montage=self.montage, hand=self.hand)

    def chain(self, profile: Profile) -> Chain:
        """The core's chain with this profile, as the control process makes it."""
        return Chain(
            chain_settings(
                profile, rate_hz=self.rate_hz, channels=self._board.channels,
                uv_per_count=CYTON_UV_PER_COUNT, full_scale_uv=CYTON_FULL_SCALE_UV,
                mains_hz=MAINS_HZ, dofs=self.dofs,
            )
        )  # fmt: skip


@dataclass(frozen=True)
class Played:
    """One trial: its outcome, and the cursor at every block [blocks, DoF]."""

    outcome: fitts.Outcome
    cursor: np.ndarray


def play(
    person: Person,
    profile: Profile,
    targets: Sequence[fitts.Target],
    rules: fitts.Rules = fitts.USUAL,
    user_seed: int = 0,
) -> list[Played]:
    """The Fitts test: the simulated user looks at the cursor, the chain moves it."""
    chance = np.random.default_rng([person.seed, user_seed, 0x100C])
    user = User(person.dofs, rules.speed_per_s, chance)
    person.patient.will = user
    chain = person.chain(profile)
    played = []
    for target in targets:
        user.show(None)
        for _ in range(round(PAUSE_S / BLOCK_S)):
            chain.process(person.block()[0])
        trial = fitts.Trial(target, rules)
        user.look(trial.position)
        user.show(target.centre, target.width / 2)
        way = [trial.position]
        while not trial.over:
            velocity = np.zeros(len(person.dofs))
            hops = chain.process(person.block()[0])
            if len(hops):
                velocity = hops["velocity"][-1, : len(person.dofs)].astype(float)
            trial.step(velocity, BLOCK_S)
            user.look(trial.position)
            way.append(trial.position)
        played.append(Played(trial.outcome(), np.array(way)))
    return played
