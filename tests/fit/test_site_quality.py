# SPDX-License-Identifier: GPL-3.0-or-later
"""Site verdicts on signals whose noise, SNR and hum are known beforehand."""


import numpy as np
import pytest
from scipy import signal

from endplate.fit.sites import quality as site_quality
from endplate.fit.sites.quality import find_contractions, judge, mains_db, rest_noise_uv, snr_db

RATE_HZ = 250.0


@pytest.fixture
def noise():
    return np.random.default_rng(5).standard_normal(10 * 250)


def test_rest_noise_is_the_sigma_of_the_noise_and_ignores_a_twitch(noise):
    assert rest_noise_uv(4 * noise) == pytest.approx(4, rel=0.05)
    twitched = 4 * noise
    twitched[100:150] += 300
    assert rest_noise_uv(twitched) == pytest.approx(4, rel=0.1)
    assert np.std(twitched) > 30


@pytest.mark.parametrize("decibel", [0.0, 12.0, 20.0, 30.0])
def test_snr_takes_the_noise_out_of_the_contraction(decibel):
    rest = 5.0
    active = rest * np.sqrt(1 + 10 ** (decibel / 10))
    assert snr_db(active, rest) == pytest.approx(decibel)


def test_a_contraction_that_is_no_louder_than_rest_has_no_snr():
    assert snr_db(5.0, 5.0) == float("-inf")
    assert site_quality.snr_verdict(float("-inf")) == "poor"


@pytest.mark.parametrize("decibel", [-20.0, -10.0, 10.0])
def test_mains_ratio_is_line_power_over_the_rest_of_the_band(noise, decibel):
    power = np.var(noise) * (0.45 * RATE_HZ - 20) / (RATE_HZ / 2)  # of the noise within the band
    size = np.sqrt(2 * power * 10 ** (decibel / 10))
    hum = size * np.sin(2 * np.pi * 50 * np.arange(len(noise)) / RATE_HZ)
    own = 2 * 2.5 / (0.45 * RATE_HZ - 20)  # share of the noise itself within the two lines' bins
    expected = 10 * np.log10((10 ** (decibel / 10) + own) / (1 - own))
    assert mains_db(noise + hum + 20_000, RATE_HZ, 50) == pytest.approx(expected, abs=0.8)


def test_hum_of_the_other_mains_frequency_is_none(noise):
    hum = 3 * np.sin(2 * np.pi * 60 * np.arange(len(noise)) / RATE_HZ)
    assert mains_db(noise + hum, RATE_HZ, 60) > 5
    assert mains_db(noise + hum, RATE_HZ, 50) < -10


@pytest.mark.parametrize(
    ("value", "word"),
    [(0.1, "good"), (5.0, "good"), (5.1, "usable"), (20.0, "usable"), (20.1, "poor")],
)
def test_words_for_noise(value, word):
    assert site_quality.noise_verdict(value) == word


@pytest.mark.parametrize(
    ("value", "word"),
    [(25.0, "good"), (20.0, "good"), (19.9, "usable"), (12.0, "usable"), (11.9, "poor"),
     (float("nan"), "unknown")],
)
def test_words_for_snr(value, word):
    assert site_quality.snr_verdict(value) == word


def test_a_good_site_needs_no_advice(noise):
    found = judge(4 * noise, 60 * noise, 4 * noise, RATE_HZ, 50)
    assert found.noise_verdict == found.snr_verdict == "good" and not found.sentences
    assert found.snr_db == pytest.approx(23.5, abs=0.5)


def test_a_bad_site_gets_one_sentence_for_each_fault(noise):
    hum = 100 * np.sin(2 * np.pi * 50 * np.arange(len(noise)) / RATE_HZ)
    found = judge(30 * noise, 50 * noise, 30 * noise + hum, RATE_HZ, 50)
    assert len(found.sentences) == 3
    assert all(sentence.endswith(".") for sentence in found.sentences)


def test_without_a_contraction_the_snr_is_unknown(noise):
    assert judge(4 * noise, None, 4 * noise, RATE_HZ, 50).snr_verdict == "unknown"


def test_a_low_rate_is_said():
    assert "250 samples/s only amplitude features" in site_quality.rate_sentence(250)
    assert site_quality.rate_sentence(1000) == ""


def test_contractions_are_found_and_short_bursts_are_not():
    time_s = np.arange(1, 1501) / 50
    power = 16 * np.random.default_rng(2).chisquare(30, (1500, 3)) / 30
    power[500:650] *= 100  # 3 s
    power[580:590] /= 100  # with a gap
    power[1000:1020] *= 100  # 0.4 s
    found = find_contractions(power, time_s)
    assert len(found) == 1
    assert found[0].start_s == pytest.approx(10, abs=0.05)
    assert found[0].stop_s == pytest.approx(13, abs=0.05)
    assert found[0].snr_db == pytest.approx([19.6] * 3, abs=0.5)


def test_one_loud_site_of_three_is_no_contraction():
    power = np.ones((500, 3))
    power[100:300, 0] = 1000
    assert find_contractions(power, np.arange(500) / 50) == []


@pytest.mark.parametrize("seconds", [0.7, 2.0, 7.3])
def test_mains_share_is_that_of_scipys_welch(seconds):
    rng = np.random.default_rng(5)
    n = round(seconds * RATE_HZ)
    uv = rng.normal(3, 20, n) + 30 * np.sin(2 * np.pi * 50 * np.arange(n) / RATE_HZ)
    frequency, power = signal.welch(uv, RATE_HZ, nperseg=min(n, round(2 * RATE_HZ)))
    band = (frequency >= 20) & (frequency <= min(450.0, 0.45 * RATE_HZ))
    near = (np.abs((frequency + 25) % 50 - 25) <= 1) & (frequency > 25)
    wanted = 10 * np.log10(power[band & near].sum() / power[band & ~near].sum())
    assert mains_db(uv, RATE_HZ, 50) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize(("hum_uv", "word"), [(0.0, "good"), (100.0, "usable")])
def test_a_site_that_hums_is_not_plain_good(noise, hum_uv, word):
    hum = hum_uv * np.sin(2 * np.pi * 50 * np.arange(len(noise)) / RATE_HZ)
    found = judge(2 * noise, 100 * noise, 2 * noise + hum, RATE_HZ, 50)
    assert found.snr_verdict == "good" and found.verdict == word
    assert [line[:10] for line in found.sentences] == ["Mains hum "] * (word != "good")
    poor = judge(2 * noise, 3 * noise, 2 * noise + hum, RATE_HZ, 50)
    assert poor.verdict == "poor"
