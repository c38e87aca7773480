# SPDX-License-Identifier: GPL-3.0-or-later
"""The spectrum of one site while somebody looks: Welch's mean of periodograms, and the frequency
that halves the power."""

from __future__ import annotations

import math

import numpy as np

from endplate.fit.sites.quality import BAND_LOW_HZ, LEAST_SPECTRAL_RATE_HZ
from endplate.fit.sites.welch import welch

PIECE_S = 1.0  # 1 Hz from one line to the next
LEAST_PIECES_S = 1.0  # of signal, before there is a spectrum
AT_REST = 2.0  # times the rest noise: below it a signal is noise


def spectrum(signal_uv: np.ndarray, rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies in Hz and density in microvolt^2/Hz of `signal_uv` [n]; empty for less than a
    piece of PIECE_S."""
    return welch(signal_uv, rate_hz, round(PIECE_S * rate_hz))


def median_hz(frequency_hz: np.ndarray, density: np.ndarray) -> float:
    """The frequency with half of the power from BAND_LOW_HZ on below it; NaN without power."""
    band = frequency_hz >= BAND_LOW_HZ
    power = np.cumsum(density[band])
    if not len(power) or not power[-1] > 0:
        return math.nan
    return float(frequency_hz[band][np.searchsorted(power, power[-1] / 2)])


def told(median: float, rate_hz: float, rms_uv: float, rest_uv: float) -> str:
    """The median frequency in words; what it is worth at this rate and effort. `rest_uv` 0:
    unknown."""
    if rate_hz < LEAST_SPECTRAL_RATE_HZ:
        return f"No median frequency: at {rate_hz:g} samples a second only the amplitude counts."
    if not math.isfinite(median):
        return "No signal."
    if rest_uv > 0 and rms_uv < AT_REST * rest_uv:
        return f"At rest: half of this noise lies below {median:.0f} Hz."
    return f"Median frequency {median:.0f} Hz."
