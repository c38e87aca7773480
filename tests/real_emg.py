# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of the real recordings for tests: microvolts at the skin, cues, and what was meant."""

import numpy as np
from scipy.signal import resample_poly

from endplate.fit.calibration import calibrate
from endplate.fit.guided.protocol import Cue, words
from readers import cyton
from readers.biopatrec10 import MOVEMENTS, TURN_S

FULL_SCALE_UV = 187_500.0
UV_PER_COUNT = FULL_SCALE_UV / (2**23 - 1)



def to_counts(uv):
    return np.round(uv / UV_PER_COUNT).astype(np.int32)


def recording(folder, person, rate_hz):
    """Microvolt at the skin [samples, channels, movements], with a cycle of 6 s, three times."""
    with np.load(folder / "biopatrec10" / f"{person}.npz") as file:
        uv = file["tdata"].astype(float) / 3548 * 1e6
        names = [str(name).strip() for name in file["mov"]]
    # resample_poly's own low-pass keeps what is above the new Nyquist frequency out.
    return names, resample_poly(uv, 1, 2000 // rate_hz, axis=0)


def calibrated(names, uv, dofs, montage, hand, rate_hz=250, board="replay"):
    """A profile from repetitions 1 and 2 of the movements of `dofs`, and those movements."""
    turn = TURN_S * rate_hz
    moves = [
        (n, MOVEMENTS[name])
        for n, name in enumerate(names)
        if name in MOVEMENTS and MOVEMENTS[name][0] in dofs
    ]
    parts, cues, at = [], [], 0
    for repetition in (0, 1):
        for n, (dof, sign) in moves:
            parts.append(uv[repetition * turn : (repetition + 1) * turn, :, n])
            cues.append((at, Cue(words(dof, sign), {dof: float(sign)}, 0.2, 2.6, 0.2, 0.9)))
            rest = Cue("Rest", {}, 0, 2.0, 0, 0, "rest")
            cues.append((at + round(3.95 * rate_hz), rest))
            at += turn
    profile = calibrate(
        to_counts(np.concatenate(parts)),
        rate_hz,
        UV_PER_COUNT,
        FULL_SCALE_UV,
        cues,
        montage=montage,
        hand=hand,
        board=board,
        dofs=dofs,
    )
    return profile, moves


def jaw_clench(folder):
    """Microvolt [samples, 8] at 250/s of a real Cyton; the clench is at 86-88.5 s."""
    name = "OpenBCI_GUI-v6-blinks-jawClench-alpha.txt.gz"
    return cyton.microvolts(folder / "cyton-jawclench" / name)
