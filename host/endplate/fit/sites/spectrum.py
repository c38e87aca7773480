# SPDX-License-Identifier: GPL-3.0-or-later
"""The spectrum of one site while somebody looks: Welch's mean of periodograms, and the frequency
that halves the power.

In numpy: scipy takes a second to load, and a window has to stand before that. A test compares the
two.
"""

from __future__ import annotations

import math

import numpy as np

from endplate.fit.sites.quality import BAND_LOW_HZ, LEAST_SPECTRAL_RATE_HZ

PIECE_S = 1.0  # 1 Hz from one line to the next
LEAST_PIECES_S = 1.0  # of signal, before there is a spectrum
AT_REST = 2.0  # times the rest noise: below it a signal is noise


def welch(signal_uv: np.ndarray, rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies in Hz and density in microvolt^2/Hz, one-sided, of `signal_uv` [n].

    Hann window of PIECE_S, half overlapping, the mean of each piece taken off (Welch 1967). Empty
    for less than a piece.
    """
    size = round(PIECE_S * rate_hz)
    step = size - size // 2
    if len(signal_uv) < size or size < 8:
        return np.zeros(0), np.zeros(0)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    pieces = np.lib.stride_tricks.sliding_window_view(signal_uv, size)[::step]
    pieces = pieces - pieces.mean(axis=1, keepdims=True)
    power = np.square(np.abs(np.fft.rfft(pieces * window, axis=1))).mean(axis=0)
    density = power / (rate_hz * np.square(window).sum())
    density[1 : None if size % 2 else -1] *= 2.0  # both signs of a frequency, but 0 and Nyquist's
    return np.fft.rfftfreq(size, 1.0 / rate_hz), density


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
