# SPDX-License-Identifier: GPL-3.0-or-later
"""Two DoF, and a third when the data carry it: what is locked, what is said, what it then does."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from cued_emg import FULL_SCALE_UV, RATE_HZ, REACTION_S, REST_UV, UV_PER_COUNT, run, started

from endplate.cli.calibrate.calibrated import calibrated
from endplate.fit.calibration import calibrate
from endplate.fit.guided.protocol import calibration_protocol

DOFS = ("hand", "wrist_rotation", "elbow")
CUES = calibration_protocol(DOFS, repetitions=2)
#: Microvolt at six sites for close, open, palm down, palm up, flexion, extension.
CLEAR = 120.0 * (np.eye(6) + 0.08 * (np.eye(6, k=1) + np.eye(6, k=-1)))
MIXED = CLEAR.copy()  # turning the palm sounds like the hand and the elbow together
MIXED[:, 2] = 0.7 * (CLEAR[:, 0] + CLEAR[:, 4])
MIXED[:, 3] = 0.7 * (CLEAR[:, 1] + CLEAR[:, 5])


def heard(mix_uv, seed):
    """Intent [samples, 3] and counts of a person who follows the cues."""
    parts = []
    for cue in CUES:
        seconds = np.arange(round(cue.duration_s * RATE_HZ)) / RATE_HZ - REACTION_S
        level = cue.level(seconds)[:, None]
        parts.append(level * np.array([cue.target.get(dof, 0.0) for dof in DOFS]))
    intent, chance = np.concatenate(parts), np.random.default_rng(seed)
    pushed = np.stack([np.maximum(s * intent[:, d], 0) for d in range(3) for s in (1, -1)], 1)
    uv = chance.standard_normal((len(intent), 6)) * np.hypot(REST_UV, pushed @ mix_uv.T)
    return intent, np.round(uv / UV_PER_COUNT).astype(np.int32)


def made(mix_uv, **more):
    sites = tuple(SimpleNamespace(label=f"s{k}", channel=k, function="") for k in range(1, 7))
    _, counts = heard(mix_uv, 3)
    return calibrate(
        counts, RATE_HZ, UV_PER_COUNT, FULL_SCALE_UV, started(CUES), hand="test-hand",
        montage=SimpleNamespace(name="six", sites=sites), board="cyton", dofs=DOFS,
        decoder="ridge on RMS", **more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def locked():
    return made(MIXED)


def test_a_third_that_the_data_carry_is_unlocked():
    profile = made(CLEAR)
    assert profile.dofs == DOFS and profile.report["locked"] == {}
    said = [str(part) for part in calibrated(profile)]
    assert any("3 DoF are unlocked: on repetitions left out each follows" in line for line in said)


def test_a_third_that_they_do_not_carry_stays_locked(locked):
    assert locked.dofs == ("hand", "elbow")
    figures = locked.report["locked"]["wrist_rotation"]
    assert figures["r2"] < 0.75 or figures["leakage"] > 0.10
    (said,) = [s for s in locked.report["sentences"] if "stays locked" in s]
    assert said.startswith("Wrist rotation stays locked: on repetitions left out it")
    assert "--all-dofs" in said
    assert set(locked.report["sites"]["supported"]) == {"hand", "elbow"}
    assert min(locked.report["r2"].values()) > 0.8


def test_the_others_follow_without_it(locked):
    intent, counts = heard(MIXED, 8)
    velocity, _ = run(locked, counts)
    assert velocity.shape[1] == 2
    for d, k in enumerate((0, 2)):
        meant = intent[:, k] > 0.9
        assert velocity[meant & np.roll(meant, 50), d].mean() > 0.7


def test_it_may_be_had_in_spite_of_that():
    profile = made(MIXED, all_dofs=True)
    assert profile.dofs == DOFS and profile.report["locked"] == {}
    assert not any("unlocked" in s for s in profile.report["sentences"])
