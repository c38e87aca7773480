# SPDX-License-Identifier: GPL-3.0-or-later
"""A control process's loop body fed by hand, its wire as bytes, and what may go wrong beside it."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from plain_profile import plain_profile

from endplate import core
from endplate.live import shadow as module
from endplate.live.control import Control
from endplate.live.decoder import Pool, finished, plain
from endplate.live.profile import PLAIN_SHAPE
from endplate.live.source import Block, SourceInfo
from endplate.live.verbs import Verbs

RATE_HZ, SITES, HOP = 250, 8, 5
MOST_STEP = core.TARGET_UNIT * PLAIN_SHAPE["slew_per_s"] * HOP / RATE_HZ + 1


class Link:
    """The wire alone: every COMMAND as the bytes that would leave."""

    phase = "up"

    def __init__(self, armed: bool = True) -> None:
        self.armed = armed
        self.bytes: list[bytes] = []
        self.targets: list[list[int]] = []

    def command(self, targets, grip, frozen, emg_ns, sample, valid_ms=50):
        if not self.armed:
            return None
        fields = {
            "mode": core.lib.WIRE_MODE_VELOCITY, "valid_ms": valid_ms, "grip": grip,
            "frozen": frozen & 0xFF, "emg_us": emg_ns // 1000 & 0xFFFFFFFF,
            "sample": sample & 0xFFFFFFFF, "target": [int(value) for value in targets],
            "force_cap": [255] * core.MAX_DOF,
        }  # fmt: skip
        frame = core.encode("COMMAND", fields, session=7, seq=len(self.bytes) & 0xFFFF, ack=0)
        self.bytes.append(frame)
        self.targets.append(list(targets))
        return time.monotonic_ns()


def emg(n: int, busy=((1, 250, 1000), (2, 500, 900)), seed=5, loud_uv=90.0) -> np.ndarray:
    """Counts of 0.05 uV: (site, from, to) contractions."""
    size = np.full((n, 16), 5.0)
    for site, begin, end in busy:
        size[begin:end, site] = loud_uv
    return np.rint(np.random.default_rng(seed).normal(0, 1, size.shape) * size / 0.05).astype("i4")


class Board:
    """Nothing comes of its own."""

    info = SourceInfo("a board", RATE_HZ, 16, 0.05, 187_500.0, True)
    health, sentence = "ok", "The board runs."

    def start(self):
        """Nothing to do."""

    stop = poll = start


class Session:
    """A control process's loop body, fed by hand; its clock is the sample's."""

    def __init__(self, control: Control, link: Link) -> None:
        self.control, self.link, self.at, self.ns = control, link, 0, time.monotonic_ns()
        control.link = link

    def feed(self, counts: np.ndarray) -> None:
        sizes = iter(np.random.default_rng(2).integers(1, 6, len(counts)).tolist())
        done = 0
        while done < len(counts):
            block = counts[done : done + next(sizes)]
            newest = self.ns + (self.at + len(block)) * 10**9 // RATE_HZ
            self.control._take(Block(block, self.at, newest, newest))
            done, self.at = done + len(block), self.at + len(block)

    def rest(self, seconds: float) -> None:
        self.feed(emg(round(seconds * RATE_HZ), (), seed=self.at))

    def ask(self, verb: str, **fields):
        return Verbs(self.control).handle(verb, fields, None)

    @property
    def status(self):
        return self.control.beside.status()


def two_profiles(folder: Path) -> tuple[str, str]:
    """The second opens the hand where the first closes it; the first holds a direct control, which
    does so as well."""
    turned = [[0.0] * SITES, [0.0] * SITES]
    turned[0][1], turned[1][2] = -1.0, 1.0
    side = {"threshold": 0.2, "gain": 1.25}
    pairs = [
        {"positive": {"site": 3, **side}, "negative": {"site": 1, **side}, "dofs": 1},
        {"positive": {"site": 0, **side}, "negative": {"site": 2, **side}, "dofs": 2},
    ]
    part = {"pairs": 2, "switch_level": 0.7, "switch_hops": 15, "pair": pairs}
    direct = {
        "decoder": finished("direct", inputs=SITES, dofs=2, pool=Pool(), direct=part),
        "needs": [[1, 3], [0, 2]], "shape": {dof: PLAIN_SHAPE for dof in ("hand", "elbow")},
    }  # fmt: skip
    new = plain_profile(folder / "new.json", name="new", decoder=plain(turned, [0.0] * 2))
    return plain_profile(folder / "old.json", name="old", direct=direct), new


def fail_after(slot, blocks, what):
    """The slot's chain does `what` from so many blocks on."""
    real, seen = slot.running.process, []

    def process(*given):
        seen.append(1)
        return what(real, given) if len(seen) > blocks else real(*given)

    slot.running.process = process


def broken(real, given):
    raise MemoryError("no room")


def slow(real, given):
    until = time.thread_time_ns() + module.MOST_NS + 1_000_000
    while time.thread_time_ns() < until:
        pass
    return real(*given)


def stuck_for_a_moment(real, given):
    until = time.thread_time_ns() + module.MOST_ONCE_NS + 1_000_000
    while time.thread_time_ns() < until:
        pass
    stuck.append(1)
    return real(*given)


stuck: list[int] = []


def senseless(real, given):
    hops = real(*given)
    hops["velocity"] = np.nan
    return hops
