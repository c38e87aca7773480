# SPDX-License-Identifier: GPL-3.0-or-later
"""A cable between host and hand that hums and can be pulled out.

The host opens `port`, a symbolic link that is there while the cable is plugged in. Bits of both
directions are turned over by chance at the bit error rate; what the host really sent is kept.
"""

from __future__ import annotations

import json
import os
import random
import select
import threading
import time
import tty
from contextlib import suppress
from pathlib import Path
from typing import Any

from endplate import core

FORWARD_S = 0.005


class Cable:
    """`with Cable(hand.port, folder / "port") as cable:`"""

    def __init__(self, hand_port: str, port: Path, bit_error_rate: float = 0.0, seed: int = 1):
        self.port = port
        #: sample -> fields of the COMMAND that carried it, as the host sent it
        self.sent: dict[int, dict[str, Any]] = {}
        self.sent_us: list[int] = []  # when each came, CLOCK_MONOTONIC
        self.bits = self.flipped = 0
        self._rate, self._chance = bit_error_rate, random.Random(seed)
        self._gap = self._next_gap()
        self._decoder = core.FrameDecoder()
        self._hand = os.open(hand_port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self._hand)
        self._master = self._slave = -1
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.plug()
        self._thread.start()

    def plug(self) -> None:
        with self._lock:
            self._master, self._slave = os.openpty()
            tty.setraw(self._slave)
            os.set_blocking(self._master, False)
            self._decoder = core.FrameDecoder()
            self.port.symlink_to(os.ttyname(self._slave))

    def pull(self, last: bytes = b"") -> None:
        """`last` still reaches the hand: the beginning of a frame, perhaps."""
        with self._lock:
            if self._master < 0:
                return
            self.port.unlink()
            self._forward()
            if last:
                os.write(self._hand, last)
            os.close(self._master)
            os.close(self._slave)
            self._master = self._slave = -1

    def _next_gap(self) -> int:
        """Bits up to the next that is turned over."""
        return int(self._chance.expovariate(self._rate)) if self._rate else 1 << 62

    def _noisy(self, data: bytes) -> bytes:
        bits, damaged = 8 * len(data), bytearray(data)
        self.bits += bits
        while self._gap < bits:
            damaged[self._gap // 8] ^= 1 << self._gap % 8
            self.flipped += 1
            self._gap += 1 + self._next_gap()
        self._gap -= bits
        return bytes(damaged)

    def _forward(self) -> None:
        """What waits at the ends, to the other one."""
        for end in (self._hand, self._master):
            with suppress(BlockingIOError, OSError):
                data = os.read(end, 4096)
                if end == self._master:
                    for frame in self._decoder.feed(data):
                        if frame.msg == "COMMAND":
                            self.sent[frame.fields["sample"]] = frame.fields
                            self.sent_us.append(time.monotonic_ns() // 1000)
                    os.write(self._hand, self._noisy(data))
                elif self._master >= 0:
                    os.write(self._master, self._noisy(data))

    def _run(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                ends = [end for end in (self._hand, self._master) if end >= 0]
            with suppress(OSError, ValueError):  # pulled meanwhile
                select.select(ends, [], [], FORWARD_S)
            with self._lock:
                self._forward()

    def __enter__(self) -> Cable:
        return self

    def __exit__(self, *_: object) -> None:
        self.pull()
        self._stop.set()
        self._thread.join()
        os.close(self._hand)


class Trace:
    """Rows that the hand has written since the last look."""

    def __init__(self, path: Path) -> None:
        self._file = path.open()
        self._half = ""

    def rows(self) -> list[dict[str, Any]]:
        text = self._half + self._file.read()
        *whole, self._half = text.split("\n")
        return [json.loads(line) for line in whole]

    def close(self) -> None:
        self._file.close()
