# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated person plays a test of the clinic's (clinic/trials) with a profile, into a recording.

The run is told every hop's targets, as by the window, and the person looks at the cursor.
"""

from __future__ import annotations

import numpy as np

from endplate.cli.simulate.person import Person
from endplate.cli.simulate.record import of_person
from endplate.clinic.trials.run import FittsRun
from endplate.core import TARGET_UNIT
from endplate.live.bdf import Recording
from endplate.live.profile import Profile
from endplate.live.profile_file import profile_text
from endplate.sim.user import User


def played(person: Person, profile: Profile, run: FittsRun) -> Recording:
    """Plays `run` to its end, from the first hop on."""
    user = User(
        person.dofs, run.rules.speed_per_s, np.random.default_rng([person.seed, 0, 0x100C])
    )
    person.patient.will = user
    user.show(None)
    chain, dofs = person.chain(profile), len(person.dofs)
    hop_s = chain.hop_samples / person.rate_hz
    counts, intents, targets = [], [], []
    while not run.over:
        block, _ = person.block()
        counts.append(block)
        for hop in chain.process(block):
            intents.append(hop["intent"][:dofs])
            targets.append(hop["target"][:dofs])
            _shown(run, hop["target"][:dofs] / TARGET_UNIT, hop_s, user)
    whole, step = np.concatenate(counts), chain.hop_samples
    return of_person(
        person, whole, _held(intents, step, len(whole)), _held(targets, step, len(whole)),
        hop_samples=step, profile_text=profile_text(profile, profile.name),
    )  # fmt: skip


def _shown(run: FittsRun, velocity: np.ndarray, seconds: float, user: User) -> None:
    """One hop, and what the person sees of it."""
    before = run.trial
    run.step(velocity, seconds)
    trial = run.trial
    if trial is None:
        user.show(None)
        return
    if trial is not before:
        user.show(trial.target.centre, trial.target.width / 2)
    user.look(trial.position)


def _held(hops: list[np.ndarray], step: int, n: int) -> np.ndarray:
    """Values of the hops [samples, DoF], each from the sample that closed its hop on."""
    found = np.stack(hops)
    at = (np.arange(n) + 1) // step - 1
    return np.where(at[:, None] >= 0, found[np.maximum(at, 0)], 0).astype(found.dtype)
