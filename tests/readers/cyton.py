# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording of the OpenBCI GUI (cyton-jawclench): scalp electrodes, blinks, a jaw clench.

    endplate evaluate --reader tests/readers/cyton.py
    cyton-jawclench/OpenBCI_GUI-v6-blinks-jawClench-alpha.txt.gz

There is one contraction in it and nothing to learn from: `endplate evaluate` judges its channels
alone. Here for the site meters and for replays.
"""

import gzip

import numpy as np

from endplate.fit.recorded.trials import Part, Trials

RATE_HZ, MAINS_HZ, CHANNELS = 250, 60.0, 8


def microvolts(path):
    """The EXG columns [samples, 8], microvolt, unfiltered."""
    with gzip.open(path, "rt") as file:
        lines = [line for line in file if line[0].isdigit()]
    return np.array([[float(cell) for cell in line.split(",")[1 : 1 + CHANNELS]] for line in lines])


def read(path):
    """The one recording."""
    uv = microvolts(path)
    part = Part(uv, np.zeros((len(uv), 0)), -1, False)
    return Trials("cyton-jawclench", RATE_HZ, (), [part], mains_hz=MAINS_HZ)
