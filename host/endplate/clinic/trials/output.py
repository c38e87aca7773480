# SPDX-License-Identifier: GPL-3.0-or-later
"""Which movement a decoder puts out in a hop: the one that its velocities are nearest to.

A classifier puts out one movement at a time, so a test of movements needs only its name. A decoder
of several DoF at once puts out a vector. It counts as the movement of one DoF, or of several at
once, to whose direction it is nearest: a DoF belongs to it from tan(22.5 deg) = 0.41 of the fastest
on, half way between one DoF alone and two alike. Below `moves` of full speed nothing is put out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

MOVES = 0.02  # of full speed: what the eye sees of a hand; a dead-band below makes exact zeros
SHARE = math.tan(math.radians(22.5))
Movement = tuple[int, ...]  # -1, 0 or 1 per DoF


def movement(velocity: Sequence[float] | np.ndarray, moves: float = MOVES) -> Movement:
    """-1, 0 or 1 per DoF; all 0: rest."""
    given = np.asarray(velocity, float)
    size = np.abs(given)
    belongs = (size >= moves) & (size >= SHARE * size.max(initial=0.0))
    return tuple(int(sign) for sign in np.sign(given) * belongs)
