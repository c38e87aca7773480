# SPDX-License-Identifier: GPL-3.0-or-later
"""myo-electrodeshift: five repetitions of four movements, then the armband is moved; learned from
what came before, judged on what came after.

    endplate evaluate --reader tests/readers/myo_electrodeshift.py myo-electrodeshift/subject0.npz

A recording is a movement held for 3 s; what was meant is 1 all through it.
"""

import numpy as np

from endplate.fit.recorded.trials import Part, Trials

RATE_HZ = 200
MICROVOLT = 4.0  # of a count of the Myo, about
CLASSES = {0: ("hand", 1), 1: ("hand", -1), 2: None, 3: ("wrist_flexion", -1),
           4: ("wrist_flexion", 1)}  # fmt: skip
DOFS = ("hand", "wrist_flexion")


def parts(path, wanted, test):
    """Parts of the sets whose names are `wanted`, `test` says whether they are judged on."""
    made = []
    with np.load(path) as file:
        for key in sorted(file):
            name, _, rest = key.partition("/")
            if name not in wanted:
                continue
            repetition, number = int(rest.split("_")[1]), int(rest.split("_")[3])
            uv = file[key].astype(float) * MICROVOLT
            y = np.zeros((len(uv), 2))
            if CLASSES[number] is not None:
                dof, sign = CLASSES[number]
                y[:, DOFS.index(dof)] = sign
            cue = 10 * repetition + number
            made.append(Part(uv, y, repetition, test, cue))
    return made


def read(path, after=("trial_1", "trial_2", "trial_3", "trial_4")):
    """One person."""
    made = parts(path, ("training",), False) + parts(path, after, True)
    halves = "Learned from what came before the armband was moved, judged on what came after"
    return Trials(f"myo-electrodeshift {path.stem}", RATE_HZ, DOFS, made, halves=halves)
