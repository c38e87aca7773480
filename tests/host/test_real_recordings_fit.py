# SPDX-License-Identifier: GPL-3.0-or-later
"""Real recordings through the chain: figures bracketed from both sides, as measured.

A linear decoder is weak on untargeted forearm sites (notes of the field: mean R^2 0.46 at 2 kHz and
about 0.09 less at 250/s); these tests hold what it reaches, not what one would wish.
"""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.io import loadmat

from endplate import core
from endplate.fit.evaluation import hold, r2, tracking
from endplate.fit.features import activation, hops_of
from endplate.fit.selection import Frames, choose, fit_decoder
from endplate.fit.site_quality import find_contractions
from endplate.live.profile import chain_settings
from real_emg import (
    FULL_SCALE_UV,
    TURN_S,
    UV_PER_COUNT,
    calibrated,
    effort,
    jaw_clench,
    recording,
    to_counts,
)

#: Four untargeted sites.
FOREARM = SimpleNamespace(
    name="forearm",
    sites=tuple(SimpleNamespace(label=f"{n}", channel=n, function="") for n in range(1, 5)),
)


def biopatrec(folder, person, dofs, rate_hz=250):
    """Calibrated on repetitions 1-2, run on 3: profile and tracking of the commanded velocity."""
    names, uv = recording(folder, person, rate_hz)
    turn = TURN_S * rate_hz
    profile, moves = calibrated(names, uv, dofs, FOREARM, "test-hand", rate_hz)
    unseen = to_counts(np.concatenate([uv[2 * turn : 3 * turn, :, n] for n, _ in moves]))
    meant = np.zeros((len(unseen), len(dofs)))
    for place, (n, (dof, sign)) in enumerate(moves):
        level = effort(uv[:, :, n], rate_hz)[2 * turn : 3 * turn]
        meant[place * turn : (place + 1) * turn, dofs.index(dof)] = sign * level
    settings = chain_settings(
        profile, rate_hz=rate_hz, channels=4, uv_per_count=UV_PER_COUNT,
        full_scale_uv=FULL_SCALE_UV,
    )
    hops = core.Chain(settings).process(unseen)
    command = hold(hops["samples"], hops["velocity"][:, : len(dofs)].astype(float), len(unseen))
    found = tracking(meant, command, rate_hz=rate_hz)
    still = np.where(np.abs(meant) < 0.1, 0.0, meant)  # an envelope is never exactly 0
    beside = tracking(still, command, rate_hz=rate_hz)
    return profile, found | {k: beside[k] for k in ("leakage", "rest_motion_share")}


def test_one_person_opens_closes_and_bends_the_wrist(recordings):
    """Person 4, the clearest of the ten: 4 untargeted sites, hand and wrist flexion, 250/s."""
    profile, found = biopatrec(recordings, 4, ("hand", "wrist_flexion"))
    print(found, profile.form, profile.lambda_, profile.shape)
    assert 0.70 < found["r2"][0] < 0.90
    assert 0.85 < found["r2"][1] < 0.96
    assert found["leakage"] < 0.08
    assert found["rest_motion_share"] < 0.10


@pytest.mark.timeout(120)
def test_ten_people_with_three_dof_are_as_hard_as_known(recordings):
    dofs = ("hand", "wrist_rotation", "wrist_flexion")
    made = [biopatrec(recordings, person, dofs) for person in range(1, 11)]
    mean = np.mean([found["r2"] for _, found in made])
    leak = np.mean([found["leakage"] for _, found in made])
    rest = np.mean([found["rest_motion_share"] for _, found in made])
    print(f"mean R^2 {mean:.3f}, leakage {leak:.3f}, at rest {rest:.3f}")
    assert 0.35 < mean < 0.60
    assert leak < 0.10 and rest < 0.05
    weak = [any("poorly" in line for line in profile.report["sentences"]) for profile, _ in made]
    assert sum(weak) >= 8  # and the report says so


def iso_force(folder, repetition):
    """Power [hops, 7] by the chain at 1 kHz, force [hops, 2] (1 is a full push) and direction."""
    file = loadmat(
        folder / "iso-force2d" / "Dataset_isometric_task_rep1-2.mat",
        squeeze_me=True, struct_as_record=False,
    )["Dataset"]
    power, force, trial = [], [], []
    for number in range(12):
        muscles = ["aDEL", "pDEL", "lBIC", "sBIC", "lTRI", "BRA", "mPEC"]
        uv = np.stack([getattr(file.muscle, m)[number, repetition] for m in muscles], 1) * 1000
        hops = hops_of(to_counts(uv), 1000, UV_PER_COUNT, FULL_SCALE_UV, 50)
        pushed = np.asarray(file.force.signals[number, repetition], float) / 25
        at = np.arange(len(pushed)) / 100
        force.append(np.stack([np.interp(hops.time_s, at, axis) for axis in pushed.T], 1))
        power.append(hops.power)
        trial.append(np.full(len(hops.end), number))
    return np.concatenate(power), np.concatenate(force), np.concatenate(trial)


def test_isometric_force_of_another_repetition_is_followed_in_both_axes(recordings):
    """A plain causal ridge reaches 0.925 / 0.835 (notes); measured here: 0.93 / 0.80."""
    power, force, trial = iso_force(recordings, 0)
    resting = np.hypot(*force.T) < 0.06
    rest = np.median(power[resting], axis=0)
    reference = np.percentile(np.sqrt(np.maximum(0, power - rest)), 90, axis=0)
    nothing = np.zeros(len(force), bool)
    frames = Frames(force, resting, nothing, ~nothing, trial // 3)
    u = {form: activation(power, form, rest, reference, rest) for form in ("rms", "log")}
    form, lambda_, _ = choose(u, frames)
    decoder = fit_decoder(u[form], frames, lambda_)
    power, force, _ = iso_force(recordings, 1)
    out = decoder(activation(power, form, rest, reference, rest))
    found = [r2(force[:, axis], out[:, axis]) for axis in (0, 1)]
    print(form, lambda_, found)
    assert 0.90 < found[0] < 0.97
    assert 0.76 < found[1] < 0.90


def test_the_jaw_clench_is_found_with_its_snr(recordings):
    """A Cyton's file, offsets, drift and 60 Hz hum included; the clench is at 86-88.5 s."""
    uv = jaw_clench(recordings)
    hops = hops_of(to_counts(uv), 250, UV_PER_COUNT, FULL_SCALE_UV, 60)
    found = find_contractions(hops.power, hops.time_s)
    print(found)
    assert len(found) == 1
    assert found[0].start_s == pytest.approx(86.2, abs=0.3)
    assert found[0].stop_s == pytest.approx(88.5, abs=0.3)
    assert 15 < found[0].snr_db.max() < 22
    assert (found[0].snr_db > 12).sum() == 4
