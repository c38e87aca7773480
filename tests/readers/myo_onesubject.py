# SPDX-License-Identifier: GPL-3.0-or-later
"""myo-onesubject: six trials of four movements and rest, twice each; learned from trials 1 to 4,
judged on 5 and 6.

    endplate evaluate --reader tests/readers/myo_onesubject.py myo-onesubject/OneSubjectMyo.npz

A recording is a movement held for 3 s; what was meant is 1 all through it. The classes are those of
the set's own metadata.
"""

import numpy as np

from endplate.fit.recorded.trials import Part, Trials

RATE_HZ = 200
MICROVOLT = 4.0  # of a count of the Myo, about
CLASSES = {0: ("hand", 1), 1: ("hand", -1), 2: None, 3: ("wrist_flexion", -1),
           4: ("wrist_flexion", 1)}  # fmt: skip
DOFS = ("hand", "wrist_flexion")
JUDGED = (5, 6)


def read(path):
    """The one person."""
    parts = []
    with np.load(path) as file:
        for key in sorted(key for key in file if key.startswith("trial_")):
            trial, _, rest = key.partition("/")
            number, (repetition, movement) = int(trial[6:]), map(int, rest.split("_")[1::2])
            uv = file[key].astype(float) * MICROVOLT
            y = np.zeros((len(uv), len(DOFS)))
            if CLASSES[movement] is not None:
                dof, sign = CLASSES[movement]
                y[:, DOFS.index(dof)] = sign
            turn = 2 * (number - 1) + repetition
            parts.append(Part(uv, y, turn, number in JUDGED, 10 * turn + movement))
    return Trials("myo-onesubject", RATE_HZ, DOFS, parts)
