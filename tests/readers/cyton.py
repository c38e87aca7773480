# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording of the OpenBCI GUI (cyton-jawclench): scalp electrodes, blinks, a jaw clench.

There is one contraction in it and nothing to learn from: `endplate evaluate` says so. Here for the
site meters and for replays.
"""

import gzip

import numpy as np

from endplate.fit.trials import Part, Trials

RATE_HZ, MAINS_HZ, CHANNELS = 250, 60.0, 8
CLENCH_S = (86.0, 88.5)


def microvolts(path):
    """The EXG columns [samples, 8], microvolt, unfiltered."""
    with gzip.open(path, "rt") as file:
        lines = [line for line in file if line[0].isdigit()]
    return np.array([[float(cell) for cell in line.split(",")[1 : 1 + CHANNELS]] for line in lines])


def read(path):
    """The one recording."""
    uv = microvolts(path)
    t = np.arange(len(uv)) / RATE_HZ
    y = ((t >= CLENCH_S[0]) & (t <= CLENCH_S[1])).astype(float)[:, None]
    part = Part(uv, y, 0, True)
    return Trials(f"cyton {path.stem[:16]}", RATE_HZ, ("jaw",), [part], mains_hz=MAINS_HZ)
