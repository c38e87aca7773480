# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the meters go over minutes: trends, a skin that settles, drift against the calibration."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
from meter_rig import metered
from typical import UV_PER_COUNT

from endplate import core
from endplate.live.feed import STATUS_BYTES
from endplate.live.meters import FOLLOWED, SiteMeters

RATE = 250
HUMS = core.lib.QUALITY_MAINS


def noise(seconds: int, sites: int = 4, seed: int = 1) -> np.ndarray:
    return 5 * np.random.default_rng(seed).standard_normal((seconds * RATE, sites))


def test_rest_noise_that_falls_and_hum_that_rises_are_told_with_how_much():
    minutes = np.arange(150 * RATE) / RATE / 60
    uv = noise(150)
    uv[:, 0] *= 0.85**minutes  # 15 % a minute
    hum = 3 * 2**minutes  # 6 dB a minute
    uv[:, 1] += hum * np.sqrt(2) * np.sin(2 * np.pi * 50 * 60 * minutes)
    _, meters, _ = metered(uv, RATE, block=125)
    falling, humming, _, _ = meters.rows
    assert falling["trend"]["rest"] == "falling" and falling["warming"] == pytest.approx(15, abs=3)
    assert falling["trend"]["mains"] == "steady"
    assert humming["trend"]["mains"] == "rising" and humming["trend"]["rest"] == "steady"
    assert "warming" not in humming
    slopes = meters.slopes()
    assert slopes[0, 0] == pytest.approx(20 * np.log10(0.85), abs=0.3)
    assert slopes[list(FOLLOWED).index("mains"), 1] == pytest.approx(6, abs=1.5)


def test_what_stays_is_steady_and_before_most_of_a_minute_nothing_is_said():
    t = np.arange(100 * RATE) / RATE
    uv = noise(100) * np.where(t % 6 > 3, 12.0, 1.0)[:, None]
    _, early, _ = metered(uv[: 50 * RATE], RATE, block=125)
    assert all(row["trend"] == {} and "warming" not in row for row in early.rows)
    _, meters, _ = metered(uv, RATE, block=125)
    for row in meters.rows:
        assert row["trend"]["rest"] == row["trend"]["snr"] == "steady"
        assert "warming" not in row and "drift" not in row
        assert row["snr_db"] == pytest.approx(10 * np.log10(143), abs=1)


def test_drift_is_counted_from_the_calibration_of_the_profile():
    t = np.arange(40 * RATE) / RATE
    uv = noise(40) * np.where(t % 6 > 3, 10.0, 1.0)[:, None]
    values, meters, _ = metered(uv, RATE, block=125)
    rest, active = values["quiet_uv"], values["active_uv"]
    meters.compare_with(
        SimpleNamespace(channels=(1, 3), rest_uv2=[rest[0] ** 2, rest[2] ** 2 / 16],
                        reference_uv=[3 * active[0], active[2]])
    )  # fmt: skip
    meters._renew(4)
    first, none, third, _ = meters.rows
    assert first["drift"] == pytest.approx({"rest": 0.0, "effort": -9.5}, abs=0.5)
    assert third["drift"] == pytest.approx({"rest": 12.0, "effort": 0.0}, abs=0.5)
    assert "drift" not in none
    assert third["snr_rest_db"] == pytest.approx(third["snr_db"] + 12, abs=0.5)
    meters.compare_with(None)
    meters._renew(4)
    assert not any("drift" in row for row in meters.rows)


def test_hum_is_judged_at_rest_since_a_contraction_drowns_it():
    meters = SiteMeters(RATE, 1, UV_PER_COUNT)
    chain = SimpleNamespace(unfit=0, quality=np.zeros(1, core.QUALITY))
    site = chain.quality[0]
    site["quiet_uv"] = 4.0
    uv = noise(4, 1).astype(np.float32)
    said = []
    for second, (rms_uv, bits) in enumerate(((4.2, HUMS), (60.0, 0), (4.2, 0), (60.0, HUMS))):
        site["rms_uv"], site["bits"] = rms_uv, bits
        part = uv[second * RATE : (second + 1) * RATE]
        meters.take(np.round(part / UV_PER_COUNT).astype(np.int32), part, chain, 0)
        meters.finish()
        said.append(bool(meters.rows[0].get("hum")))
    assert said == [True, True, False, False]


def test_rows_are_small_and_a_few_at_a_time():
    meters = SiteMeters(RATE, 64, UV_PER_COUNT)
    chain = SimpleNamespace(unfit=0, quality=np.zeros(64, core.QUALITY))
    counts = np.round(noise(2, 64) / UV_PER_COUNT).astype(np.int32)
    clean = (counts * UV_PER_COUNT).astype(np.float32)
    for start in range(0, RATE):
        meters.take(counts[start : start + 1], clean[start : start + 1], chain, 0)
    assert 0 < sum(bool(row) for row in meters.rows) < 64, "the first second has just ended"
    for start in range(RATE, RATE + 20):
        meters.take(counts[start : start + 1], clean[start : start + 1], chain, 0)
    assert all(meters.rows)
    assert len(json.dumps(meters.rows)) < STATUS_BYTES / 3
