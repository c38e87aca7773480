# SPDX-License-Identifier: GPL-3.0-or-later
"""How the output rises with effort, where effort was graded."""

import numpy as np
from scipy.stats import spearmanr


def ramps(judged):
    """Spearman's correlation of each ramp with the size of the output, the largest of all DoF."""
    frames, output = judged.frames, judged.chosen.output
    found = []
    for cue in np.unique(frames.cue):
        mine = frames.cue == cue
        effort = np.abs(frames.y[mine]).max(1)
        if effort.max() > 0:
            found.append(float(spearmanr(effort, np.abs(output[mine]).max(1)).statistic))
    return found
