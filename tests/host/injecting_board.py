# SPDX-License-Identifier: GPL-3.0-or-later
"""A Cyton that injects its lead-off current, on a pty, in a thread."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np

from endplate.sim.cyton import PACKET_HZ, Cyton
from endplate.sim.dongle import Dongle


class Board:
    """A Cyton on a pty in a thread; `through` keeps which currents flowed."""

    def __init__(self, directory: Path) -> None:
        self.cyton, self.dongle = Cyton(), Dongle(directory / "board")
        self.through: set[tuple[int, int]] = set()
        self.silent = self._quit = False
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def port(self) -> str:
        return str(self.dongle.link)

    def at_rest(self) -> bool:
        """Nothing flows, and the channels are as they were built."""
        cyton = self.cyton
        return not cyton.lead_off.any() and bool((cyton.gain == 24).all())

    def _run(self) -> None:
        random, due, sent = np.random.default_rng(1), time.monotonic(), 0
        while not self._quit:
            time.sleep(0.002)
            self.dongle.notice()
            answer = self.cyton.hear(self.dongle.read())
            if answer:
                self.dongle.write(answer)
            if not self.cyton.streaming:
                due = time.monotonic()
            while self.cyton.streaming and time.monotonic() >= due:
                due += 1 / PACKET_HZ
                self.through |= {(c + 1, e) for c, e in np.argwhere(self.cyton.lead_off)}
                uv = 8_000 + 5 * random.standard_normal((1, 8))
                packet = self.cyton.packet(self.cyton.counts(uv, sent)[0])
                sent += 1
                if not self.silent:
                    self.dongle.write(packet)

    def close(self) -> None:
        self._quit = True
        self._thread.join()
        self.dongle.close()
