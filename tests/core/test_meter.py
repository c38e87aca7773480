# SPDX-License-Identifier: GPL-3.0-or-later
"""Site meters on signals whose truth is known: injected SNR, a heart, a current, motion."""

from __future__ import annotations

import numpy as np
import pytest
from meter_rig import contractions, metered
from typical import UV_PER_COUNT

from endplate.core import CoreError, ffi, lib
from endplate.core_meter import HEART, MOTION, Meter
from endplate.fit.sites.quality import rest_noise_uv, snr_db
from endplate.live.meters import settings
from endplate.sim.patient import Patient, simulate
from endplate.sim.prompts import Prompt
from readers import iso_force2d


@pytest.mark.parametrize("rate_hz", [250, 1000])
@pytest.mark.parametrize("injected_db", [3, 10, 20, 30])
def test_snr_with_and_without_a_rest_segment(injected_db, rate_hz):
    uv, clean, on = contractions(rate_hz, injected_db, seed=1)
    values, _, _ = metered(uv, rate_hz)
    assert values["snr_db"] == pytest.approx(injected_db, abs=1.0), "without"
    assert values["duty"] == pytest.approx(0.5, abs=0.1)
    margin = rate_hz // 4  # cues of a rest segment begin when the filters have settled
    settled = np.convolve(on, np.ones(margin), "full")[: len(on)]
    for site in range(4):
        rest = rest_noise_uv(clean[settled == 0, site])
        active = float(np.sqrt(np.mean(clean[settled == margin, site] ** 2)))
        assert snr_db(active, rest) == pytest.approx(injected_db, abs=1.0), "with"
        assert values["quiet_uv"][site] == pytest.approx(rest, rel=0.08)


@pytest.mark.parametrize("effort", [0.0, 60.0])
def test_no_snr_while_nobody_contracts_or_nobody_relaxes(effort):
    random = np.random.default_rng(3)
    uv = (5.0 + effort) * random.standard_normal((60 * 250, 8))
    values, _, _ = metered(uv)
    assert np.all(np.isnan(values["snr_db"]))
    assert values["quiet_uv"] == pytest.approx(0.83 * (5.0 + effort), rel=0.1)


def test_the_heart_is_found_where_it_is_and_its_rate_is_right():
    pushed = [(6.0 * k + 13, Prompt((0.8 if k % 2 else -0.8, 0.0, 0.0, 0.0))) for k in range(2)]
    for prompts in ([], pushed):
        patient = Patient("tmr-shoulder", seed=3)
        values, _, _ = metered(simulate(patient, 30, prompts).uv)
        heart = (values["bits"] & HEART) > 0
        # 150, 180 and 120 microvolt on the chest, 20 and 30 at the back; 0.83 s a beat.
        assert heart[1:4].all() and not heart[4:].any()
        assert values["heart_bpm"][1:4] == pytest.approx(60 / 0.83, abs=5)


@pytest.mark.parametrize("preset", ["tmr-transhumeral", "transradial", "difficult"])
def test_no_heart_where_there_is_none(preset):
    pushed = [(7.0 * k + 2, Prompt((0.8 if k % 2 else -0.8, 0.0, 0.0, 0.0))) for k in range(4)]
    values, _, _ = metered(simulate(Patient(preset, seed=2), 30, pushed).uv)
    assert not np.any(values["bits"] & HEART) and not np.any(values["heart_bpm"])


@pytest.mark.parametrize("rate_hz", [125, 250, 1000])
def test_impedance_by_the_current_and_not_without_it(rate_hz):
    ohm = np.array([5e3, 2e4, 1e5, 2e6])
    random = np.random.default_rng(5)
    t = np.arange(4 * rate_hz)[:, None] / rate_hz
    uv = 5 * random.standard_normal((len(t), 4)) + 20_000
    uv = uv + 6e-9 * (ohm + 2200) * 1e6 * np.sin(2 * np.pi * 31.25 * t)
    values, _, _ = metered(uv, rate_hz, injecting=0b1011)
    assert values["impedance_ohm"][[0, 1, 3]] == pytest.approx(ohm[[0, 1, 3]], rel=0.05, abs=500)
    assert np.isnan(values["impedance_ohm"][2])


def test_motion_is_told_from_muscle_and_from_drift():
    random = np.random.default_rng(6)
    t = np.arange(20 * 250) / 250
    uv = 5 * random.standard_normal((len(t), 4))
    uv[:, 1] += 150 * np.sin(2 * np.pi * 6 * t)  # a cable that swings
    uv[:, 2] *= 40  # effort
    uv[:, 3] += 2000 * np.sin(2 * np.pi * 0.1 * t)  # drift
    values, _, _ = metered(uv)
    assert list(values["bits"] & MOTION) == [0, MOTION, 0, 0]
    assert values["motion_uv"][1] == pytest.approx(150 / np.sqrt(2), rel=0.1)


def test_the_same_values_however_blocks_are_cut():
    uv, _, _ = contractions(250, 20, seed=2, seconds=20)
    one, _, _ = metered(uv, block=10)
    for block in (1, 7, 250):
        assert metered(uv, block=block)[0].tobytes() == one.tobytes()


def test_what_is_doubted_counts_for_nothing():
    uv, _, _ = contractions(250, 20, seed=2, seconds=30)
    counts = np.round(uv / UV_PER_COUNT).astype(np.int32)
    meter = Meter(settings(250, 4, UV_PER_COUNT))
    for start in range(0, len(counts), 10):
        lifted = 5000 <= start < 6000
        part = counts[start : start + 10].copy()
        part[:, 2] += 3_000_000 * (lifted and start % 20 > 0)
        clean = np.array(part * UV_PER_COUNT, np.float32)
        meter.process(part, clean, 0b0100 if lifted else 0)
    assert np.all(np.isfinite(meter.values["snr_db"]))
    assert meter.values["active_uv"][2] == pytest.approx(meter.values["active_uv"][3], rel=0.15)
    assert meter.values["bits"][2] == 0


@pytest.mark.parametrize("change", [{"sites": 65}, {"frame_samples": 1}, {"rate_hz": float("nan")},
                                    {"uv_per_count": 0.0}])  # fmt: skip
def test_impossible_settings_are_refused(change):
    with pytest.raises(CoreError):
        Meter(settings(250, 4, UV_PER_COUNT) | change)


def test_arrays_of_another_shape_are_refused():
    meter = Meter(settings(250, 4, UV_PER_COUNT))
    with pytest.raises(CoreError, match=r"\[n, 4\]"):
        meter.process(np.zeros((5, 3), np.int32), np.zeros((5, 3), np.float32))


def test_an_empty_histogram_says_nothing():
    site = ffi.new("meter_site *")
    lib.meter_fit(ffi.new("float[]", lib.METER_BINS), site)
    assert np.isnan(site.snr_db) and site.quiet_uv == 0


def test_a_real_heart_is_found_in_the_pectoral_site_alone(recordings):
    path = next((recordings / "iso-force2d").glob("*.mat"))
    pushes = [part.uv for part in iso_force2d.read(path).parts]
    offset, joined = np.zeros(pushes[0].shape[1]), []
    for uv in pushes:
        joined.append(uv - uv[0] + offset)
        offset = joined[-1][-1]
    values, _, _ = metered(np.concatenate(joined)[:100_000], 1000, block=200)
    assert iso_force2d.MUSCLES.index("mPEC") == 6
    assert list(np.flatnonzero(values["bits"] & HEART)) == [6]
    assert values["heart_bpm"][6] == pytest.approx(77, abs=6)  # in all its calm stretches


@pytest.mark.parametrize("preset", ["tmr-shoulder", "tmr-transhumeral"])
def test_rest_noise_is_that_of_rest_though_other_movements_are_heard_faintly(preset):
    """Two movements, of which each site hears one faintly: that is no rest."""
    moves = [(7.0 * k + 1, Prompt((0.8 if k % 2 else -0.8, 0.0, 0.0, 0.6))) for k in range(5)]
    patient = Patient(preset, seed=2)
    quiet = metered(simulate(patient, 15).uv)[0]["quiet_uv"]
    values, _, _ = metered(simulate(patient, 36, moves).uv)
    assert values["quiet_uv"] == pytest.approx(quiet, rel=0.25)
