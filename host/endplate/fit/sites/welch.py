# SPDX-License-Identifier: GPL-3.0-or-later
"""Welch's mean of periodograms (1967).

In numpy, since scipy takes 1.6 s to load, and a window and a patient would wait for it; a test
compares the two.
"""

from __future__ import annotations

import numpy as np


def welch(signal_uv: np.ndarray, rate_hz: float, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies in Hz and density in microvolt^2/Hz, one-sided, of `signal_uv` [n].

    Hann window of `size` samples, half overlapping, the mean of each piece taken off. Empty for
    less than a piece.
    """
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
