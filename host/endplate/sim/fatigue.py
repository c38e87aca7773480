# SPDX-License-Identifier: GPL-3.0-or-later
"""Muscles that tire under effort and recover: one number 0..1 per pool, moved on block by block.

A pool tires with the force that it makes and recovers always; at half of the maximal force a
person's fatigue rises with a time constant of 60 s, at a tenth it hardly does. What it does: fibres
conduct slower (by up to 35 %, De Luca 1984: that is what lowers the median frequency, and what
makes potentials longer and the amplitude rise), and the same force takes more drive, so that a
person who keeps the effort recruits more units, until there are no more.
"""

from __future__ import annotations

import numpy as np

TIRING_S = 60.0  # time constant at HALF of the maximal force
HALF = 0.5
POWER = 1.5  # how much faster a harder effort tires
RECOVERY_S = 90.0
SLOWING = 0.35  # of the conduction velocity, at fatigue 1
FORCE_LOSS = 0.30  # of the force that a drive makes, at fatigue 1


class Fatigue:
    """The state of all pools: `level` float64 [pools], 0 fresh."""

    def __init__(self, pools: int) -> None:
        self.level = np.zeros(pools)
        self.rate = 0.0  # the knob

    def step(self, share: np.ndarray, seconds: float) -> None:
        """Moves on by `seconds` in which the pools make `share` [pools] of their maximal force."""
        if not self.rate and not self.level.any():
            return
        rise = self.rate * (np.maximum(share, 0.0) / HALF) ** POWER / TIRING_S
        fall = 1.0 / RECOVERY_S
        end = rise / (rise + fall)  # where it would settle
        self.level = end + (self.level - end) * np.exp(-(rise + fall) * seconds)

    def drive(self, share: np.ndarray) -> np.ndarray:
        """What must be asked of the pools so that they make `share` [pools]."""
        return share / (1.0 - FORCE_LOSS * self.level)

    @property
    def slower(self) -> np.ndarray:
        """Conduction velocity over that of the fresh muscle [pools]."""
        return 1.0 - SLOWING * self.level
