# SPDX-License-Identifier: GPL-3.0-or-later
"""The converter's own filter: sinc^3 from 2 kHz to 250/s, as in an ADS1299 (-3 dB at 65 Hz)."""

from __future__ import annotations

import numpy as np

from endplate.sim.muscle import RATE_HZ

BOARD_HZ = 250
DECIMATION = int(RATE_HZ) // BOARD_HZ


def taps() -> np.ndarray:
    """Impulse response at 2 kHz: three moving averages over one output interval."""
    box = np.ones(DECIMATION) / DECIMATION
    return np.convolve(np.convolve(box, box), box)


class FrontEnd:
    """Streaming decimation of blocks whose length is a multiple of the decimation."""

    def __init__(self, sites: int, samples: int) -> None:
        response = taps()
        self._past = np.zeros((len(response) - 1, sites))
        self._started = False
        outputs = samples // DECIMATION
        self._weights = np.zeros((outputs, len(response) - 1 + samples))
        for k in range(outputs):
            first = (k + 1) * DECIMATION - 1
            self._weights[k, first : first + len(response)] = response

    def block(self, uv: np.ndarray) -> np.ndarray:
        """`uv` [samples, sites] at 2 kHz -> [samples / 8, sites] at 250 Hz, float64."""
        if not self._started:  # no step from 0 to the electrodes' offsets
            self._past[:] = uv[0]
            self._started = True
        window = np.concatenate([self._past, uv])
        self._past = window[len(uv) :]
        return self._weights @ window
