# SPDX-License-Identifier: GPL-3.0-or-later
"""intensity8ch: six movements at graded effort; learned from holds at 30 and 60 % and one ramp,
judged on the other ramp.

    endplate evaluate --reader tests/readers/intensity8ch.py intensity8ch/S1.npz

What was meant is the share of the greatest effort; a ramp is taken to rise evenly from 20 to 80 %.
Gains are not stated: the EMG is scaled so that a hold at 60 % has about 100 uV.
"""

import numpy as np

from endplate.fit.recorded.trials import Part, Trials

RATE_HZ = 1000
MOVEMENTS = {
    2: ("wrist_flexion", 1), 3: ("wrist_flexion", -1), 4: ("wrist_rotation", 1),
    5: ("wrist_rotation", -1), 6: ("hand", 1), 7: ("hand", -1),
}  # fmt: skip
DOFS = ("hand", "wrist_flexion", "wrist_rotation")
#: Recording -> repetition that it counts as, effort at its begin and end; the last one is judged
#: on.
LEVELS = {"30P_{}_R1": (0, 0.3, 0.3), "60P_{}_R1": (1, 0.6, 0.6), "Ramp_{}_R1": (2, 0.2, 0.8),
          "Ramp_{}_R2": (3, 0.2, 0.8)}  # fmt: skip
JUDGED = 3


def read(path):
    """One person."""
    parts = []
    with np.load(path) as file:
        held = np.concatenate([file[f"60P_C{c}_R1"].astype(float) for c in MOVEMENTS])
        scale = 100.0 / np.sqrt(np.mean((held - held.mean(0)) ** 2))
        for c in (1, *MOVEMENTS):
            for level, (repetition, start, stop) in LEVELS.items():
                key = level.format(f"C{c}")
                if key not in file:
                    continue
                uv = file[key].astype(float) * scale
                y = np.zeros((len(uv), len(DOFS)))
                if c in MOVEMENTS:
                    dof, sign = MOVEMENTS[c]
                    y[:, DOFS.index(dof)] = sign * np.linspace(start, stop, len(uv)) / 0.8
                parts.append(Part(uv, y, repetition, repetition == JUDGED, 10 * c + repetition))
    halves = "Learned from holds at 30 and 60 % and the first ramp, judged on the second ramp"
    return Trials(f"intensity8ch {path.stem}", RATE_HZ, DOFS, parts, halves=halves)
