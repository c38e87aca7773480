# SPDX-License-Identifier: GPL-3.0-or-later
"""Direct control that every calibration makes: it drives, and is offered when it is needed."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from cued_emg import (
    DOFS,
    FULL_SCALE_UV,
    MIX_UV,
    RATE_HZ,
    UV_PER_COUNT,
    counts_of,
    intents,
    montage,
    run,
    started,
)

from endplate.fit.calibration import calibrate
from endplate.fit.evaluation import tracking
from endplate.fit.guided.protocol import calibration_protocol, combined_cues
from endplate.live.profile import direct_profile
from endplate.live.profile_file import load_profile, save_profile
from endplate.live.shadow import Beside

CUES, LATER = calibration_protocol(DOFS), [*calibration_protocol(DOFS, 2), *combined_cues(DOFS)]


@pytest.fixture(scope="module")
def profile():
    counts = counts_of(intents(CUES), seed=2)
    return calibrate(
        counts, RATE_HZ, UV_PER_COUNT, FULL_SCALE_UV, started(CUES), montage=montage(),
        hand="test-hand", board="cyton", dofs=DOFS, decoder="mean on TD2", name="Anna",
    )  # fmt: skip


def test_it_drives_each_movement_by_its_own_site(profile, tmp_path):
    save_profile(profile, tmp_path / "p.json")
    direct = direct_profile(load_profile(tmp_path / "p.json"))
    sides = [
        (pair["positive"]["site"], pair["negative"]["site"])
        for pair in direct.decoder["direct"]["pair"]
    ]
    assert sides == [(0, 1), (2, 3)] and direct.name == "Anna, direct control"
    intent = intents(LATER)
    command, _ = run(direct, counts_of(intent, seed=6))
    found = tracking(intent, command, rate_hz=RATE_HZ)
    print("direct control:", found["r2"], found["leakage"])
    assert min(found["r2"]) > 0.8 and found["leakage"] < 0.03


def test_a_profile_of_direct_control_needs_no_other():
    counts = counts_of(intents(CUES), seed=2)
    made = calibrate(
        counts, RATE_HZ, UV_PER_COUNT, FULL_SCALE_UV, started(CUES), montage=montage(),
        hand="test-hand", board="cyton", dofs=DOFS, decoder="direct",
    )  # fmt: skip
    assert made.direct == {} and direct_profile(made) is None


def offers(profile, mix_uv):
    """How often it is offered, and after how many seconds first."""
    said: list[str] = []
    control = SimpleNamespace(
        source=SimpleNamespace(info=SimpleNamespace(rate_hz=RATE_HZ)), note=said.append,
        chain=SimpleNamespace(hop_samples=profile.hop_samples), mark=lambda text: None,
    )  # fmt: skip
    beside, first = Beside(control), None
    _, hops = run(profile, counts_of(intents(LATER), seed=7, mix_uv=mix_uv))
    for k in range(len(hops)):
        beside._watch(hops[k : k + 1])
        if said and first is None:
            first = k * profile.hop_samples / RATE_HZ
    return len(said), first


def test_it_is_offered_when_nothing_is_as_it_was_and_never_before(profile):
    assert offers(profile, MIX_UV) == (0, None), "100 s of what was calibrated"
    count, first = offers(profile, np.full((4, 4), 120.0))  # a wet socket: all hear all
    print(f"offered {count} times, first after {first:.0f} s, a rest of 10 s among them")
    assert count >= 1 and first < 40


def test_with_fewer_sites_than_directions_one_pair_drives_all():
    mix = MIX_UV.copy()
    mix[2] += 0.6 * MIX_UV[3]  # straightening the elbow is heard as well
    made = calibrate(
        counts_of(intents(CUES), seed=2, mix_uv=mix), RATE_HZ, UV_PER_COUNT, FULL_SCALE_UV,
        started(CUES), montage=montage(3), hand="test-hand", board="cyton", dofs=DOFS,
        decoder="ridge on RMS",
    )  # fmt: skip
    (pair,) = made.direct["decoder"]["direct"]["pair"]
    assert pair["dofs"] == 0b11, "switched by co-contraction"
    assert direct_profile(made).dofs == DOFS
