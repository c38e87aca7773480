# SPDX-License-Identifier: GPL-3.0-or-later
"""upperarm-kinematics: joint angles of the elbow and the shoulder, alone or together; learned from
the first four trials, judged on the last two.

    endplate evaluate --reader tests/readers/upperarm_kinematics.py
    upperarm-kinematics/S2.npz:sim_xz

What was meant is the measured angle, flexion of the elbow and rise of the shoulder; 0 is its
smallest value in what is learned from, 1 its largest.
100 samples/s, every tenth of 1000 without a filter: amplitudes mean something, spectra do not.
"""

import numpy as np

from endplate.fit.recorded.trials import Part, Trials

RATE_HZ = 100
#: Movement -> columns of the angles, of the EMG.
COLUMNS = {
    "elbow": ({"elbow": 0}, (1, 2)),
    "shoulder_xz": ({"shoulder": 0}, (1, 2, 3, 4, 5)),
    "sim_xz": ({"elbow": 0, "shoulder": 3}, (1, 2, 4, 5)),
    "sim_xy": ({"elbow": 0, "shoulder": 3}, (1, 2, 4, 5, 6)),
}
MICROVOLT = 2e3  # of a volt at the amplifier: its gain is not stated


def read(path, movement=None):
    """One person and movement; `path` may end in :MOVEMENT."""
    name, _, asked = path.name.partition(":")
    movement = movement or asked or "sim_xz"
    angles, emg = COLUMNS[movement]
    with np.load(path.with_name(name)) as file:
        keys = sorted((k for k in file if k.rsplit("_", 1)[0] == movement),
                      key=lambda k: int(k.rsplit("_", 1)[1]))  # fmt: skip
        trials = [file[key].astype(float) for key in keys]
    for trial in trials:
        for name_, column in angles.items():  # the elbow's is 180 degrees when it is straight
            trial[:, column] = 180 - trial[:, column] if name_ == "elbow" else trial[:, column]
    learned = np.concatenate(trials[:-2])[:, list(angles.values())]
    low, high = np.percentile(learned, [2, 98], axis=0)
    parts = []
    for number, trial in enumerate(trials):
        y = (trial[:, list(angles.values())] - low) / (high - low)
        uv = trial[:, list(emg)] * MICROVOLT
        parts.append(Part(uv, y, number, number >= len(trials) - 2, number))
    return Trials(
        f"upperarm-kinematics {name.split('.')[0]} {movement}", RATE_HZ, tuple(angles), parts,
        window_s=0.4,
    )
