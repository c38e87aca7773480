# SPDX-License-Identifier: GPL-3.0-or-later
"""myo-continuous: a movement and rest in turn, 5 s each, a minute a movement; learned from the
first four turns, judged on the last one or two.

    endplate evaluate --reader tests/readers/myo_continuous.py myo-continuous/12345-1.npz

What was meant is the label of the sample, full effort or none; when the person took it up is not
known, so every turn's change is late by the reaction time and nothing is said of the first second
after it.
"""

import numpy as np

from endplate.fit.recorded.trials import Part, Trials

RATE_HZ = 200
MICROVOLT = 4.0  # of a count of the Myo, about
MOVEMENTS = {
    1: ("wrist_flexion", 1), 2: ("wrist_flexion", -1), 3: ("wrist_deviation", 1),
    4: ("wrist_deviation", -1), 5: ("wrist_rotation", 1), 6: ("wrist_rotation", -1),
    7: ("hand", 1),
}  # fmt: skip
DOFS = ("hand", "wrist_flexion", "wrist_rotation", "wrist_deviation")
LEARNED = 4
UNKNOWN_S = 1.0  # after a change


def read(path):
    """One session."""
    parts = []
    with np.load(path) as file:
        for number, (dof, sign) in MOVEMENTS.items():
            labelled = file[str(number)]
            uv, moving = labelled[:, :8].astype(float) * MICROVOLT, labelled[:, 8] == number
            changes = np.flatnonzero(np.diff(moving.astype(int))) + 1
            y = np.zeros((len(uv), len(DOFS)))
            y[:, DOFS.index(dof)] = sign * moving
            for change in changes:
                y[change : change + round(UNKNOWN_S * RATE_HZ)] = np.nan
            begins = changes[moving[changes]]  # a turn: the movement and the rest after it
            turn = np.maximum(np.searchsorted(begins, np.arange(len(uv)), side="right") - 1, 0)
            parts.append(Part(uv, y, turn, turn >= LEARNED, 10 * number + turn))
    return Trials(f"myo-continuous {path.stem}", RATE_HZ, DOFS, parts)
