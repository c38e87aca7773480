# SPDX-License-Identifier: GPL-3.0-or-later
"""myo-gripforce: squeezing a ball; learned from the first 70 %, judged on the rest.

    endplate evaluate --reader tests/readers/myo_gripforce.py myo-gripforce/v2.npz

What was meant is the sensor's reading, 0 its median at rest, 1 its 98th percentile in what is
learned from.
"""

import numpy as np

from endplate.fit.recorded.trials import Part, Trials

RATE_HZ, LEARNED, BLOCKS = 200, 0.7, 4
MICROVOLT = 4.0  # of a count of the Myo, about


def read(path):
    """One recording."""
    with np.load(path) as file:
        uv, force = file["emg"].astype(float) * MICROVOLT, file["force"].astype(float)
    cut = int(LEARNED * len(uv))
    low, high = np.percentile(force[:cut], [20, 98])
    y = ((force - low) / (high - low))[:, None]
    at = np.arange(len(uv))
    repetition = np.minimum(at * BLOCKS // cut, BLOCKS)
    parts = [Part(uv, y, repetition, at >= cut, repetition)]
    return Trials(f"myo-gripforce {path.stem}", RATE_HZ, ("grip",), parts)
