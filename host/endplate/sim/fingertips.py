# SPDX-License-Identifier: GPL-3.0-or-later
"""The force sensors in the fingertips, as the hand's 12-bit converter reads them."""

from __future__ import annotations

import mmap
import random
import struct
from collections.abc import Sequence
from pathlib import Path

from endplate.hardware import COUNTS, MAX_FORCE_CHANNEL, Hand

CHANNELS = MAX_FORCE_CHANNEL + 1
NOISE_COUNTS = 2.0  # standard deviation; an estimate, about 0.016 N


class Fingertips:
    """Writes one row of u16 counts into a file that the hand's program maps. Inputs that no sensor
    is wired to read 0."""

    def __init__(self, hand: Hand, path: Path) -> None:
        """`stands`: counts by joint name that a broken sensor gives whatever it feels."""
        names = [joint.name for joint in hand.joints]
        self._sensors = [(digit, names.index(digit.joint)) for digit in hand.digits
                         if digit.channel >= 0]
        self.stands: dict[str, int | None] = {}
        self._random = random.Random(1)
        self._row = [0] * CHANNELS
        path.write_bytes(bytes(2 * CHANNELS))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 2 * CHANNELS)
        self.write([0.0] * len(names))

    def write(self, tip_n: Sequence[float]) -> None:
        """Newton at the tip of each joint, in the hand's order."""
        for digit, joint in self._sensors:
            counts = digit.zero_counts + tip_n[joint] / digit.n_per_count
            counts += self._random.gauss(0.0, NOISE_COUNTS)
            stands = self.stands.get(digit.joint)
            value = counts if stands is None else stands
            self._row[digit.channel] = round(min(max(value, 0.0), COUNTS))
        # Not pack_into: that fills with zeros first, and the hand's program may read those.
        self._memory[:] = struct.pack(f"<{CHANNELS}H", *self._row)
