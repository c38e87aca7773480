# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts on signals whose truth is known; mains against a Welch spectrum of the same samples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import signal
from typical import FULL_SCALE_UV, UV_PER_COUNT, few_sites, typical_settings

from endplate.core import Chain, ffi, lib
from endplate.live.design import band_sections, notch_hz

FLAT, RAILED, CLIPPED, MAINS, MISSING, LIFTED = (
    lib.QUALITY_FLAT, lib.QUALITY_RAILED, lib.QUALITY_CLIPPED, lib.QUALITY_MAINS,
    lib.QUALITY_MISSING, lib.QUALITY_LIFTED,
)
FRAME = 10  # samples at 250/s


def verdict(uv: np.ndarray, rate_hz: int = 250, mains_hz: float = 50) -> np.ndarray:
    """QUALITY of every site on the last frame of microvolts [samples, sites]: after them comes
    another sample per site, until all verdicts have been given."""
    chain = Chain(typical_settings(rate_hz, uv.shape[1], mains_hz=mains_hz))
    chain.process(np.round(uv / UV_PER_COUNT).astype(np.int32))
    chain.process(np.zeros((uv.shape[1], uv.shape[1]), np.int32))
    return chain.quality


def noise(seconds: float, rms_uv: float = 5.0, rate_hz: int = 250, sites: int = 8) -> np.ndarray:
    random = np.random.default_rng(int(seconds * 100 + rms_uv))
    return rms_uv * random.standard_normal((int(seconds * rate_hz), sites))


def test_a_good_site_has_no_bits():
    assert np.all(verdict(noise(10) + 3000)["bits"] == 0)


def test_mean_and_variance_of_the_last_frame_in_spite_of_an_offset():
    uv = noise(3) + np.linspace(-120_000, 120_000, 8)
    last = (np.round(uv / UV_PER_COUNT) * UV_PER_COUNT)[-FRAME:]
    ours = verdict(uv)
    assert ours["mean_uv"] == pytest.approx(last.mean(axis=0), abs=0.02)
    assert ours["variance_uv2"] == pytest.approx(last.var(axis=0), rel=0.02)


def test_flat_after_half_a_second_and_not_before():
    uv = noise(3)
    uv[250:, 2] = uv[249, 2]
    uv[250:, 2] += 0.25 * np.random.default_rng(1).standard_normal(500)  # 0.06 microvolt^2
    assert verdict(uv[: 250 + 120])["bits"][2] == 0
    bits = verdict(uv[: 250 + 130])["bits"]
    assert bits[2] & FLAT and not np.any(np.delete(bits, 2))
    noisy = uv.copy()
    noisy[250:, 2] += 0.8 * np.random.default_rng(2).standard_normal(500)  # 0.7 microvolt^2
    assert not verdict(noisy)["bits"][2] & FLAT


def test_dead_after_one_frame():
    uv = noise(3)
    uv[250:, 2] = uv[249, 2]
    bits = verdict(uv[: 250 + FRAME])["bits"]
    assert bits[2] & FLAT and not np.any(np.delete(bits, 2))
    shorted = uv.copy()  # a converter's own noise: half a count
    shorted[250:, 2] += 0.5 * UV_PER_COUNT * np.random.default_rng(1).standard_normal(500)
    assert verdict(shorted[: 250 + FRAME])["bits"][2] & FLAT


def heard_ms(uv: np.ndarray, from_sample: int, rate_hz: int, site: int = 3) -> float:
    """How long after `from_sample` a hop names the site as bad, and no other does, ms."""
    chain = Chain(typical_settings(rate_hz, uv.shape[1]))
    counts = np.round(uv / UV_PER_COUNT).astype(np.int32)
    for n in range(len(counts)):
        for hop in chain.process(counts[n : n + 1]):
            bad = int(hop["bad_sites"])
            assert bad in (0, 1 << site), f"sample {n}"
            if bad:
                assert n >= from_sample, "before anything was wrong"
                return 1000 * (n + 1 - from_sample) / rate_hz
    return math.inf


@pytest.mark.parametrize("rate_hz", [250, 1000])
@pytest.mark.parametrize("fault", ["lifted", "railed", "dead"])
def test_a_lost_contact_is_known_within_100_ms_wherever_it_begins(rate_hz, fault):
    frame = rate_hz // 25
    for begin in range(2 * rate_hz, 2 * rate_hz + frame, max(1, frame // 10)):
        uv = noise(3, rate_hz=rate_hz)
        t = np.arange(len(uv) - begin) / rate_hz
        if fault == "lifted":  # its offset jumps, hum and noise come up
            uv[begin:, 3] = 8 * uv[begin:, 3] + 60_000 + 400 * np.sin(2 * np.pi * 50 * t)
        else:
            uv[begin:, 3] = FULL_SCALE_UV if fault == "railed" else uv[begin - 1, 3]
        assert heard_ms(uv, begin, rate_hz) <= 100, begin


def test_lifted_without_a_jump_is_known_once_the_notch_has_settled_and_for_as_long_as_it_lasts():
    uv = noise(9, 4)
    t = np.arange(1250) / 250
    uv[500:1750, 3] = 8 * uv[500:1750, 3] + 400 * np.sin(2 * np.pi * 50 * t)
    assert heard_ms(uv, 500, 250) <= 300
    chain = Chain(typical_settings())
    counts = np.round(uv / UV_PER_COUNT).astype(np.int32)
    said = []
    for start in range(0, len(counts), FRAME):
        chain.process(counts[start : start + FRAME])
        said.append(bool(chain.quality["bits"][3] & LIFTED))
    assert np.mean(said[60:175]) > 0.9, "while it lasts"
    assert not np.any(said[:50]) and not np.any(said[225:]), "before it, and two seconds after"


def test_lifted_stays_for_a_minute_and_hum_that_comes_to_stay_is_got_used_to():
    uv = noise(140, 4)
    t = np.arange(len(uv)) / 250
    uv[2500:17500, 3] = 5 * uv[2500:17500, 3] + 400 * np.sin(2 * np.pi * 50 * t[2500:17500])
    uv[15000:, 5] *= np.where(t[15000:] % 4 > 2, 8.0, 1.0)  # effort, once it is usual
    uv[2500:, 5] += 250 * np.sin(2 * np.pi * 50 * t[2500:])
    hops = Chain(typical_settings()).process(np.round(uv / UV_PER_COUNT).astype(np.int32))
    bad = hops["bad_sites"]
    lifted = bad >> np.uint64(3) & np.uint64(1)  # a noise that only just does, in some frames
    assert np.mean(lifted[550:1500]) > 0.5 and np.mean(lifted[2500:3500]) > 0.5
    assert not np.any(bad[600:] >> np.uint64(5) & np.uint64(1)), "two seconds after it began"
    assert not np.any(bad[4000:])


@pytest.mark.parametrize("rate_hz", [250, 1000])
def test_effort_and_hum_alone_are_not_a_lifted_site(rate_hz):
    """A contraction 60 times the rest, hum of 50 microvolt, and both, with the notch settled."""
    uv = noise(40, 4, rate_hz)
    t = np.arange(len(uv)) / rate_hz
    effort = np.where((t > 5) & (t % 4 > 2), 60.0, 1.0)[:, None]
    hum = 50 * np.sin(2 * np.pi * 50 * t)[:, None]
    uv[:, :3] *= effort
    uv[:, 2:5] += hum
    chain = Chain(typical_settings(rate_hz, 8))
    counts = np.round(uv / UV_PER_COUNT).astype(np.int32)
    hops = chain.process(counts)
    assert not hops["bad_sites"][25:].any()


def test_a_contraction_amid_strong_hum_is_not_a_lifted_site():
    """Hum of 200 microvolt all the time, effort 8 times the rest."""
    uv = noise(20, 5, 1000)
    t = np.arange(len(uv)) / 1000
    uv[:, :4] *= np.where((t > 5) & (t % 4 > 2), 8.0, 1.0)[:, None]
    uv += 200 * np.sqrt(2) * np.sin(2 * np.pi * 50 * t)[:, None]
    chain = Chain(typical_settings(1000, 8))
    assert not chain.process(np.round(uv / UV_PER_COUNT).astype(np.int32))["bad_sites"].any()


@pytest.mark.parametrize("sign", [1, -1])
def test_railed_and_clipped(sign):
    uv = noise(2)
    uv[:, 1] += sign * 0.91 * FULL_SCALE_UV
    uv[:, 2] += sign * 0.89 * FULL_SCALE_UV
    uv[:, 3] = sign * 0.985 * FULL_SCALE_UV + noise(2)[:, 3]
    bits = verdict(uv)["bits"]
    assert [bool(bits[i] & RAILED) for i in range(4)] == [False, True, False, True]
    assert [bool(bits[i] & CLIPPED) for i in range(4)] == [False, False, False, True]


def test_a_site_that_rails_is_unfit_within_half_a_frame():
    settings = typical_settings()
    chain = Chain(settings)
    counts = np.round(noise(1) / UV_PER_COUNT).astype(np.int32)
    chain.process(counts)
    counts[:, 5] = round(FULL_SCALE_UV / UV_PER_COUNT)
    bad = [bool(chain.process(counts[k : k + 1])["bad_sites"].any()) for k in range(20)]
    assert bad.index(True) + 1 <= 10  # 5 samples, then the end of a hop: 40 ms


def test_a_site_is_doubted_while_it_is_bad_and_until_it_has_thawed():
    chain = Chain(typical_settings() | {"thaw_hops": 50})  # a second
    counts = np.round(noise(4) / UV_PER_COUNT).astype(np.int32)
    counts[250:500, 5] = round(FULL_SCALE_UV / UV_PER_COUNT)
    seen = []
    for hop in range(0, 1000, 5):
        chain.process(counts[hop : hop + 5])
        seen.append(chain.doubted)
    doubted = [bool(bits) for bits in seen]
    assert set(seen) == {0, 1 << 5}
    first, last = doubted.index(True), len(doubted) - 1 - doubted[::-1].index(True)
    assert 50 <= first <= 52 and 149 <= last <= 156 and all(doubted[first : last + 1])


def test_the_share_of_clipped_samples_forgets_over_a_second():
    uv = noise(12)
    uv[:2500:4, 0] = FULL_SCALE_UV
    during, after = verdict(uv[:2500]), verdict(uv)
    assert during["clipped_share"][0] == pytest.approx(0.25, abs=0.01)
    assert during["bits"][0] & CLIPPED and not after["bits"][0] & CLIPPED
    assert after["clipped_share"][0] == pytest.approx(0.25 * 0.9**20, rel=0.1)
    assert np.all(during["clipped_share"][1:] == 0)


def welch_db(uv: np.ndarray, rate_hz: int, mains_hz: float) -> np.ndarray:
    """The definition: power at the lines +-1 Hz against the rest of the band, before the notch."""
    rows = [[r["b0"], r["b1"], r["b2"], 1.0, r["a1"], r["a2"]] for r in band_sections(rate_hz)]
    band = signal.sosfilt(np.array(rows), uv - uv[0], axis=0)[rate_hz:]
    f, p = signal.welch(band, rate_hz, "hann", 4 * rate_hz, axis=0)
    lines = np.zeros(len(f), bool)
    for line in notch_hz(rate_hz, mains_hz):
        lines |= np.abs(f - line) <= 1.0
    return 10 * np.log10(p[lines].sum(axis=0) / p[~lines].sum(axis=0))


@pytest.mark.parametrize(("rate_hz", "mains_hz"), [(250, 50), (250, 60), (1000, 50), (1000, 60)])
def test_mains_ratio_is_the_welch_definitions_within_1_db(rate_hz, mains_hz):
    seconds = 30
    uv = noise(seconds, 10, rate_hz)
    t = np.arange(len(uv)) / rate_hz
    wanted = np.array([-6.0, -3, 0, 3, 6, 10, 20, 30])
    hum = 10 * np.sqrt(2 * 10 ** (wanted / 10))
    uv += hum * np.sin(2 * np.pi * mains_hz * t)[:, None]
    if mains_hz * 3 < 0.45 * rate_hz:
        uv += 0.2 * hum * np.sin(2 * np.pi * 3 * mains_hz * t + 1)[:, None]
    true = welch_db(uv, rate_hz, mains_hz)
    chain = Chain(typical_settings(rate_hz, 8, mains_hz=mains_hz))
    counts = np.round(uv / UV_PER_COUNT).astype(np.int32)
    ours = []
    for start in range(0, len(counts), rate_hz):
        chain.process(counts[start : start + rate_hz])
        ours.append(10 ** (chain.quality["mains_db"] / 10))
    mean = 10 * np.log10(np.mean(ours[3:], axis=0))
    assert mean == pytest.approx(true, abs=1.0)
    assert np.all(chain.quality["bits"] & MAINS)


def test_noise_without_hum_rarely_warns_of_mains():
    chain = Chain(typical_settings(250, 32))
    counts = np.round(noise(60, 10, sites=32) / UV_PER_COUNT).astype(np.int32)
    warned = []
    for start in range(0, len(counts), 250):
        chain.process(counts[start : start + 250])
        warned.append(np.mean(chain.quality["bits"] & MAINS > 0))
    assert np.mean(warned[2:]) < 0.05


def test_quiet_and_busy_are_the_levels_of_rest_and_effort():
    uv = noise(40, 4)
    gates = (np.arange(len(uv)) // 250) % 2 == 1  # a second of effort after a second of rest
    uv[gates] *= 20
    ours = verdict(uv)
    band = np.sqrt(0.75)  # share of white noise within 20..112.5 Hz less the notches
    assert ours["quiet_uv"] == pytest.approx(4 * band, rel=0.25)
    assert ours["busy_uv"] == pytest.approx(80 * band, rel=0.25)
    assert np.all(verdict(uv[:240])["quiet_uv"] == 0)  # 24 frames: not yet
    assert np.all(verdict(uv[:250])["quiet_uv"] > 0)


def test_quiet_forgets_over_half_a_minute():
    uv = np.concatenate([noise(30, 4), noise(120, 16)])
    share = 0.866 * 0.84  # of the band; RMS over 80 ms of it at the fifth of the frames
    assert verdict(uv[:7500])["quiet_uv"] == pytest.approx(4 * share, rel=0.12)
    assert verdict(uv)["quiet_uv"] == pytest.approx(16 * share, rel=0.12)


def test_the_histogram_survives_hours():
    setup = ffi.new("quality_config *", typical_settings()["quality"])
    state = ffi.new("quality_state *")
    assert lib.quality_init(state, setup) == 0
    block = np.random.default_rng(1).normal(0, 5, (25, 8)).astype(np.float32)
    pointer = ffi.from_buffer("float[]", block)
    for _ in range(20_000):  # more than half an hour
        assert lib.quality_process(state, setup, pointer, pointer, pointer, 25, 0, ffi.NULL) == 0
    assert max(max(state.bins[0]), max(state.bins[7])) < 65_536 - 100
    assert state.site[0].quiet_uv == pytest.approx(5, rel=0.2)


@pytest.mark.parametrize(("sites", "a_sample"), [(1, 1), (5, 1), (8, 2), (32, 7)])
def test_verdicts_follow_the_frame_within_half_of_the_next(sites, a_sample):
    """10 samples a frame: 8 sites take two a sample, and all have had theirs when half is full."""
    chain = Chain(few_sites(sites))
    counts = np.round((noise(1, sites=sites) + 3000) / UV_PER_COUNT).astype(np.int32)
    chain.process(counts[:FRAME])
    assert np.all(chain.quality["mean_uv"] == 0), "the frame's last sample pays for none"
    for n in range(1, FRAME // 2 + 1):
        chain.process(counts[FRAME - 1 + n : FRAME + n])
        given = chain.quality["mean_uv"] != 0
        due = min(sites, n * a_sample)
        assert given[:due].all() and not given[due:].any(), f"after {n} samples"


def test_missing_is_marked_for_the_frame_that_holds_it():
    chain = Chain(typical_settings())
    counts = np.round(noise(1) / UV_PER_COUNT).astype(np.int32)
    chain.process(counts[:4], missing=0b100)
    chain.process(counts[4:14])
    assert [bool(bits & MISSING) for bits in chain.quality["bits"]] == [i == 2 for i in range(8)]
    chain.process(counts[14:24])
    assert not np.any(chain.quality["bits"] & MISSING)


def checked(**changes: Any) -> int:
    return lib.quality_check(ffi.new("quality_config *", typical_settings()["quality"] | changes))


def test_check_refuses():
    assert checked() == 0
    for sites in (0, lib.CORE_CHAIN_SITES + 1):
        assert checked(sites=sites) == lib.CORE_BAD_CONFIG, sites
    for samples in (1, 70_000):
        assert checked(frame_samples=samples) == lib.CORE_BAD_CONFIG, samples
    for changes in [{"frames_per_second": 0}, {"frames_per_second": 26}, {"full_scale_uv": 0.0}]:
        assert checked(**changes) == lib.CORE_BAD_CONFIG, changes
    for name in ("full_scale_uv", "mains_warn_db"):
        for value in (math.nan, math.inf):
            assert checked(**{name: value}) == lib.CORE_NOT_FINITE
