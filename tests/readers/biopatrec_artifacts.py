# SPDX-License-Identifier: GPL-3.0-or-later
"""biopatrec-artifacts: six movements, three repetitions each, with start-up transients, movement
bumps and, in session 01, strong mains; learned from repetitions 1 and 2.

    endplate evaluate --reader tests/readers/biopatrec_artifacts.py
    biopatrec-artifacts/04_4ch6mov_artifacts.npz

What was meant is the movement times its smoothed amplitude, as in biopatrec10.
"""

import numpy as np
from scipy.signal import butter, sosfiltfilt

from endplate.fit.recorded.trials import Part, Trials

#: A movement's name -> DoF and sign.
MOVEMENTS = {
    "Open Hand": ("hand", -1), "Close Hand": ("hand", 1),
    "Flex Hand": ("wrist_flexion", 1), "Extend Hand": ("wrist_flexion", -1),
    "Pronation": ("wrist_rotation", 1), "Supination": ("wrist_rotation", -1),
}  # fmt: skip
DOFS = ("hand", "wrist_flexion", "wrist_rotation")
RATE_HZ, TURN_S = 1000, 6
TRANSIENT_S = 0.5  # at the start of a motion: its README lists a transient there


def motions(path):
    """Microvolt at the skin [samples, channels] of each motion, a recording of its own, by name."""
    with np.load(path) as file:
        uv = file["tdata"].astype(float) * 1e6
        return {str(name).strip(): uv[:, :, n] for n, name in enumerate(file["mov"])}


def effort(uv):
    """Smoothed amplitude 0..1 of one motion, normalised on its first two repetitions."""
    band = butter(4, [20, 450], "bandpass", fs=RATE_HZ, output="sos")
    slow = butter(2, 2, fs=RATE_HZ, output="sos")
    amplitude = np.abs(sosfiltfilt(band, uv, axis=0)).mean(axis=1)
    amplitude = sosfiltfilt(slow, amplitude)
    settled = amplitude[RATE_HZ : 2 * TURN_S * RATE_HZ]  # behind the transient
    low, high = np.percentile(settled, [10, 90])
    return np.clip((amplitude - low) / (high - low), 0, 1)


def read(path):
    """One session."""
    uv = motions(path)
    parts = []
    for number, (name, (dof, sign)) in enumerate(MOVEMENTS.items()):
        y = np.zeros((len(uv[name]), len(DOFS)))
        y[:, DOFS.index(dof)] = sign * effort(uv[name])
        repetition = np.minimum(np.arange(len(y)) // (TURN_S * RATE_HZ), 2)
        parts.append(Part(uv[name], y, repetition, repetition == 2, 3 * number + repetition))
    return Trials(f"biopatrec-artifacts {path.stem}", RATE_HZ, DOFS, parts)
