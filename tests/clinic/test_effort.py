# SPDX-License-Identifier: GPL-3.0-or-later
"""Effort of a site: the calibration's own activation with a profile, the strongest of late else."""

from __future__ import annotations

import numpy as np
import pytest

from endplate.clinic.effort import Scale
from endplate.core import Chain
from endplate.errors import ProfileError
from endplate.live import decoder as decoders
from endplate.live.profile import Profile, chain_settings
from endplate.live.profile_file import save_profile


def person() -> Profile:
    decoder = decoders.plain([[0.0, 0.0]], [0.0])
    return Profile(
        "anna", "free-8", "test-hand", "cyton", 250.0, 50.0, 0.0223517, 187500.0, (2, 4),
        ("b", "d"), ("hand",), 5, 8, "rms", [9.0, 16.0], [60.0, 40.0], [9.0, 16.0], decoder,
        [[0]], {"hand": {"dead_band": 0.1, "slew_per_s": 5.0,
                         "positive": {"gain": 1.0, "exponent": 1.0},
                         "negative": {"gain": 1.0, "exponent": 1.0}}},
    )  # fmt: skip


def test_with_a_profile_it_is_what_the_decoder_looks_at(tmp_path):
    path = tmp_path / "anna.json"
    save_profile(person(), path)
    scale = Scale([1, 3])
    scale.take_profile(path)
    assert scale.source == "calibration" and scale.name == "anna" and scale.known
    chain = Chain(chain_settings(person(), rate_hz=250.0, channels=4, uv_per_count=0.0223517,
                                 full_scale_uv=187500.0, mains_hz=50.0))  # fmt: skip
    counts = np.random.default_rng(1).normal(0, 2000, (1000, 4)).astype(np.int32)
    for hop in chain.process(counts)[-20:]:
        efforts = scale.efforts(hop["power"])
        np.testing.assert_allclose(efforts, hop["activation"][[1, 3]], rtol=1e-4)


def test_a_site_that_the_profile_does_not_have_stays_unknown(tmp_path):
    save_profile(person(), tmp_path / "anna.json")
    scale = Scale([0, 1])
    scale.take_profile(tmp_path / "anna.json")
    assert not scale.known and np.isnan(scale.efforts(np.full(4, 100.0))[0])
    with pytest.raises(ProfileError):
        scale.take_profile(tmp_path / "nobody.json")


def quality(*levels: tuple[float, float]) -> list[dict[str, float]]:
    return [{"quiet_uv": quiet, "busy_uv": busy} for quiet, busy in levels]


def test_without_one_the_strongest_of_late_counts_and_never_shrinks():
    scale = Scale([1])
    scale.take_quality(quality((3, 4), (3, 5)))
    assert not scale.known, "nobody has contracted"
    scale.take_quality(quality((3, 4), (3, 50)))
    assert scale.efforts(np.array([0.0, 50.0**2]))[0] == pytest.approx(1.0)
    scale.take_quality(quality((3, 4), (3, 20)))
    assert scale.efforts(np.array([0.0, 50.0**2]))[0] == pytest.approx(1.0)
    scale.take_quality(quality((3, 4), (3, 100)))
    assert scale.efforts(np.array([0.0, 50.0**2]))[0] == pytest.approx(0.5, abs=0.01)
    assert scale.efforts(np.array([0.0, 4.0]))[0] == 0.0


def test_a_site_without_contact_has_no_effort():
    scale = Scale([0, 1])
    scale.take_quality(quality((3, 50), (3, 50)))
    efforts = scale.efforts(np.array([900.0, 900.0]), doubted=0b10)
    assert np.isfinite(efforts[0]) and np.isnan(efforts[1])
