# SPDX-License-Identifier: GPL-3.0-or-later
"""biopatrec10: six movements of hand and wrist, three repetitions each; learned from 1 and 2.

    endplate evaluate --reader tests/readers/biopatrec10.py biopatrec10/1.npz

What was meant is the movement times its smoothed amplitude (2 Hz), normalised on the repetitions
that are learned from.
"""

import numpy as np
from scipy.signal import butter, resample_poly, sosfiltfilt

from endplate.fit.recorded.trials import Part, Trials

#: A movement's name -> DoF and sign.
MOVEMENTS = {
    "Open Hand": ("hand", -1),
    "Close Hand": ("hand", 1),
    "Flex Hand": ("wrist_flexion", 1),
    "Extend Hand": ("wrist_flexion", -1),
    "Pronation": ("wrist_rotation", 1),
    "Supination": ("wrist_rotation", -1),
}
DOFS = ("hand", "wrist_flexion", "wrist_rotation")
RATE_HZ, TURN_S = 2000, 6
GAIN = 3548  # 71 dB


def effort(uv, rate_hz):
    """Smoothed amplitude 0..1 of one movement, normalised on its first two repetitions."""
    band = butter(2, [20, min(450, 0.45 * rate_hz)], "bandpass", fs=rate_hz, output="sos")
    slow = butter(2, 2, fs=rate_hz, output="sos")
    size = sosfiltfilt(slow, np.abs(sosfiltfilt(band, uv, axis=0)).mean(1))
    low, high = np.percentile(size[: 2 * TURN_S * rate_hz], [10, 90])
    return np.clip((size - low) / (high - low), 0, 1)


def read(path, rate_hz=RATE_HZ):
    """One person."""
    with np.load(path) as file:
        uv = file["tdata"].astype(float) / GAIN * 1e6
        names = [str(name).strip() for name in file["mov"]]
    if rate_hz < RATE_HZ:  # its own low-pass keeps what is above the new Nyquist frequency out
        uv = resample_poly(uv, 1, RATE_HZ // rate_hz, axis=0)
    parts = []
    for number, (name, (dof, sign)) in enumerate(MOVEMENTS.items()):
        movement = uv[:, :, names.index(name)]
        y = np.zeros((len(movement), len(DOFS)))
        y[:, DOFS.index(dof)] = sign * effort(movement, rate_hz)
        repetition = np.minimum(np.arange(len(movement)) // (TURN_S * rate_hz), 2)
        parts.append(Part(movement, y, repetition, repetition == 2, 3 * number + repetition))
    return Trials(f"biopatrec10 {path.stem}", rate_hz, DOFS, parts)
