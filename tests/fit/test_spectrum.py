# SPDX-License-Identifier: GPL-3.0-or-later
"""The live spectrum against scipy's, and what is said of it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from endplate.fit.sites.spectrum import median_hz, spectrum, told


@pytest.mark.parametrize("rate_hz", [250, 1000, 999])
@pytest.mark.parametrize("seconds", [1.0, 4.0, 4.37])
def test_density_is_that_of_scipy(rate_hz, seconds):
    x = np.random.default_rng(1).normal(5, 30, int(rate_hz * seconds)).astype(np.float32)
    frequency, density = spectrum(x, rate_hz)
    wanted_frequency, wanted = signal.welch(x.astype(float), rate_hz, nperseg=rate_hz)
    np.testing.assert_allclose(frequency, wanted_frequency)
    np.testing.assert_allclose(density, wanted, rtol=1e-5, atol=1e-9)


def test_power_is_that_of_the_signal():
    x = np.random.default_rng(2).normal(0, 30, 4000)
    frequency, density = spectrum(x, 1000)
    assert density.sum() * frequency[1] == pytest.approx(900, rel=0.05)


def test_median_frequency_of_a_known_band():
    band = signal.butter(8, [80, 120], "bandpass", fs=1000, output="sos")
    x = signal.sosfilt(band, np.random.default_rng(3).normal(0, 30, 20000))
    assert median_hz(*spectrum(x, 1000)) == pytest.approx(100, abs=3)
    slow = x + 500 * np.sin(2 * np.pi * 3 * np.arange(20000) / 1000)
    assert median_hz(*spectrum(slow, 1000)) == pytest.approx(100, abs=3), "3 Hz is no EMG"


def test_too_little_has_no_spectrum():
    frequency, density = spectrum(np.zeros(200), 250)
    assert len(frequency) == len(density) == 0 and np.isnan(median_hz(frequency, density))


def test_words_say_what_the_figure_is_worth():
    assert told(84.2, 1000, 60, 3) == "Median frequency 84 Hz."
    assert "At rest" in told(84.2, 1000, 5, 3)
    assert "only the amplitude" in told(84.2, 250, 60, 3)
    assert told(float("nan"), 1000, 0, 0) == "No signal."
