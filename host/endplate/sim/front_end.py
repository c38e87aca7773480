# SPDX-License-Identifier: GPL-3.0-or-later
"""The converter's own filter: sinc^3 from 2 kHz to the board's rate, as in an ADS1299.

It is 3 dB down at 0.262 of the rate: 65 Hz at 250/s, 262 Hz at 1000/s.
"""

from __future__ import annotations

import numpy as np

from endplate.errors import BoardError
from endplate.sim.muscle import RATE_HZ

BOARD_HZ = 250
DECIMATION = int(RATE_HZ) // BOARD_HZ
FEW = 8  # samples in an output interval, below which running sums are too coarse


def decimation(board_hz: int) -> int:
    """Samples at 2 kHz in one of the board's. Raises BoardError for a rate that cannot be made."""
    steps = int(RATE_HZ) // board_hz if board_hz >= BOARD_HZ else 0
    if not steps or steps * board_hz != RATE_HZ:
        raise BoardError(
            f"The simulated patient cannot be heard at {board_hz} samples/s: choose 250, 500 or "
            "1000."
        )
    return steps


def taps(steps: int = DECIMATION) -> np.ndarray:
    """Impulse response at 2 kHz: three moving averages over one output interval of `steps`.

    With few steps the averages are those of the converter's own fast clock, sampled at 2 kHz: the
    quadratic B-spline.
    """
    if steps >= FEW:
        box = np.ones(steps) / steps
        return np.convolve(np.convolve(box, box), box)
    t = np.abs((np.arange(3 * steps) + 0.5) / steps - 1.5)
    return np.where(t < 0.5, 0.75 - t**2, 0.5 * (1.5 - t) ** 2) / steps


class FrontEnd:
    """Streaming decimation of blocks whose length is a multiple of the decimation."""

    def __init__(self, sites: int, samples: int, board_hz: int = BOARD_HZ) -> None:
        steps = decimation(board_hz)
        response = taps(steps)
        self._past = np.zeros((len(response) - 1, sites))
        self._started = False
        outputs = samples // steps
        self._weights = np.zeros((outputs, len(response) - 1 + samples))
        for k in range(outputs):
            first = (k + 1) * steps - 1
            self._weights[k, first : first + len(response)] = response

    def block(self, uv: np.ndarray) -> np.ndarray:
        """`uv` [samples, sites] at 2 kHz -> [samples / steps, sites], float64."""
        if not self._started:  # no step from 0 to the electrodes' offsets
            self._past[:] = uv[0]
            self._started = True
        window = np.concatenate([self._past, uv])
        self._past = window[len(uv) :]
        return self._weights @ window
