# SPDX-License-Identifier: GPL-3.0-or-later
"""iso-force2d: a push in twelve directions; learned from repetition 1, judged on repetition 2.

    endplate evaluate --reader tests/readers/iso_force2d.py
    iso-force2d/Dataset_isometric_task_rep1-2.mat

What was meant is the measured force; 1 is 25, that of a full push. Every fourth direction is left
out at a time to choose a decoder. Units are not stated; the EMG is taken for millivolts.
"""

import numpy as np
from scipy.io import loadmat

from endplate.fit.recorded.trials import Part, Trials

MUSCLES = ("aDEL", "pDEL", "lBIC", "sBIC", "lTRI", "BRA", "mPEC")  # sTRI is lTRI again
RATE_HZ, FORCE_HZ, FULL = 1000, 100, 25.0
LEFT_OUT = 4


def read(path):
    """The one person."""
    file = loadmat(path, squeeze_me=True, struct_as_record=False)["Dataset"]
    parts = []
    for repetition in (0, 1):
        for direction in range(12):
            uv = np.stack(
                [getattr(file.muscle, name)[direction, repetition] for name in MUSCLES], 1
            ) * 1000.0
            force = np.asarray(file.force.signals[direction, repetition], float) / FULL
            at, known = np.arange(len(uv)) / RATE_HZ, np.arange(len(force)) / FORCE_HZ
            y = np.stack([np.interp(at, known, axis) for axis in force.T], 1)
            parts.append(Part(uv, y, direction % LEFT_OUT, repetition == 1, direction))
    halves = "Learned from repetition 1 of twelve directions, judged on repetition 2 of them"
    return Trials("iso-force2d", RATE_HZ, ("x", "y"), parts, halves=halves)
