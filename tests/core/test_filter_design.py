# SPDX-License-Identifier: GPL-3.0-or-later
"""What the designed sections do to frequencies, at every rate a board may have."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import signal

from endplate.core import ffi, lib
from endplate.errors import EndplateError
from endplate.live import design

RATES = [125, 200, 250, 512, 1000, 2000, 4000, 10_000]


def response_db(sections: list[dict[str, float]], hz: list[float], rate_hz: float) -> np.ndarray:
    """Gain of the sections with float32 coefficients, in dB."""
    rows = [[row["b0"], row["b1"], row["b2"], 1.0, row["a1"], row["a2"]] for row in sections]
    sos = np.array(rows, np.float32).astype(float)
    return 20 * np.log10(np.abs(signal.sosfreqz(sos, hz, fs=rate_hz)[1]) + 1e-12)


def test_the_number_of_sections_is_the_cores():
    assert design.MAX_SECTIONS == lib.FILTER_MAX_SECTIONS


@pytest.mark.parametrize("rate_hz", RATES)
def test_the_sections_are_scipys(rate_hz):
    high = signal.butter(2, 20.0, "highpass", fs=rate_hz, output="sos")
    low = signal.butter(2, min(450, 0.45 * rate_hz), "lowpass", fs=rate_hz, output="sos")
    notches = [np.hstack(signal.iirnotch(hz, hz / 2.0, fs=rate_hz))
               for hz in design.notch_hz(rate_hz, 50)]  # fmt: skip
    ours = design.band_sections(rate_hz) + design.notch_sections(rate_hz, 50)
    rows = [[row["b0"], row["b1"], row["b2"], 1.0, row["a1"], row["a2"]] for row in ours]
    np.testing.assert_allclose(rows, [*high, *low, *notches], rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("rate_hz", RATES)
def test_the_band_is_3_db_down_at_its_edges_and_flat_between(rate_hz):
    edge = min(450, 0.45 * rate_hz)
    sections = design.band_sections(rate_hz)
    low, middle, high = response_db(sections, [20, math.sqrt(20 * edge), edge], rate_hz)
    assert low == pytest.approx(-3.01, abs=0.6 if rate_hz < 200 else 0.15)
    assert high == pytest.approx(-3.01, abs=0.6 if rate_hz < 200 else 0.15)
    assert -0.8 < middle < 0.1
    assert response_db(sections, [2.0], rate_hz)[0] < -35
    zero = sum(sections[0][name] for name in ("b0", "b1", "b2"))
    assert abs(zero) < 1e-12  # an offset is taken out for ever


@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize("mains_hz", [50, 60])
def test_the_notch_takes_the_lines_and_leaves_the_rest(rate_hz, mains_hz):
    sections = design.notch_sections(rate_hz, mains_hz)
    lines = design.notch_hz(rate_hz, mains_hz)
    assert len(sections) == len(lines)
    assert np.all(response_db(sections, lines, rate_hz) < -50)
    halves = [line + shift for line in lines for shift in (-1.0, 1.0)]
    near_nyquist = 2 * max(lines) > 0.9 * rate_hz  # there the bilinear transform bends the notch
    width = pytest.approx(-3.01, abs=1.2 if near_nyquist else 0.35)
    assert response_db(sections, halves, rate_hz) == width
    between = [line - mains_hz / 2 for line in lines]
    assert np.all(response_db(sections, between, rate_hz) > -0.3)


def test_which_harmonics_fit():
    fit = {
        (125, 50): [50],
        (125, 60): [60],
        (200, 50): [50],
        (200, 60): [60],
        (250, 50): [50, 100],
        (250, 60): [60],
        (512, 50): [50, 100, 150, 200],
        (512, 60): [60, 120, 180],
        (1000, 50): [50, 100, 150, 200, 250, 300, 350, 400],
        (1000, 60): [60, 120, 180, 240, 300, 360, 420],
        (2000, 50): [50, 100, 150, 200, 250, 300, 350, 400],
    }
    for (rate_hz, mains_hz), lines in fit.items():
        assert design.notch_hz(rate_hz, mains_hz) == lines


@pytest.mark.parametrize("rate_hz", RATES)
def test_the_core_takes_every_design(rate_hz):
    notches = [design.notch_sections(rate_hz, mains_hz) for mains_hz in (50, 60)]
    for sections in (design.band_sections(rate_hz), *notches):
        fields = {"sites": 8, "sections": len(sections), "section": sections}
        assert lib.filter_check(ffi.new("filter_config *", fields)) == 0


def test_a_rate_that_leaves_no_band_is_one_clear_sentence():
    for rate_hz in (0, -250, 40, 99.9, 1e6, math.nan, math.inf):
        with pytest.raises(EndplateError, match=r"^A sample rate of .* cannot be used; .*\.$"):
            design.band_sections(rate_hz)
        with pytest.raises(EndplateError, match=r"^A sample rate of .* cannot be used; .*\.$"):
            design.notch_sections(rate_hz, 50)


def test_a_mains_that_nobody_has_is_one_clear_sentence():
    for mains_hz in (0, 16.7, 400, -50, math.nan):
        with pytest.raises(EndplateError, match=r"^A mains frequency of .* choose 50 or 60 Hz\.$"):
            design.notch_sections(250, mains_hz)
