# SPDX-License-Identifier: GPL-3.0-or-later
"""Attacks on the hand: a host, a line and an object that try to move a finger that must not move,
or to keep the hand from being stopped. Measured at the mechanics, not only at the goals.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from endplate import core
from endplate.live.traces import records
from endplate.sim import firmware
from endplate.sim.rig import MOTION, Part

from .grasping import mechanics
from .wire_host import STATE, Host, connected

INDEX = 2  # joint
LINE_BYTES_S = 97_000
SILENT = {"reason": 0}
STILL_DEG = 1.0


class Attacked:
    """The hand with its mechanics; `host` talks to it."""

    def __init__(self, part: Part, hand: firmware.Firmware, host: Host, log: Path) -> None:
        self.part, self.hand, self.host, self._log = part, hand, host, log

    def motion(self) -> np.ndarray:
        """All records until now: waits until one younger than this call is in the log."""
        asked_ns, end = time.monotonic_ns(), time.monotonic() + 5
        while time.monotonic() < end:
            motion = records(self._log, MOTION)
            if len(motion) and motion["t_ns"][-1] >= asked_ns:
                return motion
            self.host.quiet(0.02)
        raise AssertionError("the mechanics write no log")

    def index_deg(self) -> float:
        return float(self.motion()["position_deg"][-1][INDEX])

    def travel_deg(self, since_ns: int) -> float:
        """How far any finger went since then."""
        motion = self.motion()
        return float(np.ptp(motion[motion["t_ns"] >= since_ns]["position_deg"][:, :6], 0).max())

    def close_without_force(self) -> None:
        """The host commands closing while its own cap leaves the motors no current."""
        end = time.monotonic() + 0.8
        while time.monotonic() < end:
            self.host.command(1.0, force_cap=[0] * core.MAX_DOF)
            self.host.quiet(0.02)

    def arm_again(self) -> None:
        self.host.compare_clocks(3)
        self.host.arm()
        self.host.until_state("armed")


@contextmanager
def attacked(directory: Path) -> Iterator[Attacked]:
    with (
        mechanics(directory) as part,
        firmware.start("pc", part.ready["bus"], directory) as hand,
        connected(hand.port) as host,
    ):
        try:
            host.activate()
        except AssertionError as error:
            raise RuntimeError("the hand did not become active") from error
        yield Attacked(part, hand, host, directory / "hand.bin")


@pytest.fixture
def rig(pc_firmware, tmp_path):
    with attacked(tmp_path) as running:
        yield running


def test_release_opens_although_the_host_had_capped_the_force(rig):
    end = time.monotonic() + 4.0
    while (closed := rig.index_deg()) < 45 and time.monotonic() < end:
        rig.host.drive(1.0, seconds=0.1)
    for _ in range(8):
        rig.host.command(0.0, force_cap=[0] * core.MAX_DOF)
        rig.host.quiet(0.02)
    rig.host.send("RELEASE", SILENT)
    rig.host.until_state("releasing")
    rig.host.quiet(1.0)
    assert closed >= 45
    assert rig.index_deg() < closed - 10


def test_a_cap_that_rises_moves_nothing_before_neutral(rig):
    rig.close_without_force()
    rig.host.send("DISARM", SILENT)
    rig.host.until_state("disarmed")
    rig.arm_again()
    since = time.monotonic_ns()
    for _ in range(2):
        rig.host.command(0.9)  # not neutral: ARMED must stand
        rig.host.quiet(0.02)
    rig.host.quiet(0.4)
    assert rig.travel_deg(since) < STILL_DEG


def test_a_jam_that_comes_free_closes_nothing_in_link_lost(rig):
    rig.part.tell(fault={"stall": ["index"]})
    rig.host.drive(1.0, seconds=0.8)
    rig.host.until_state("link lost")
    since = time.monotonic_ns()
    rig.part.tell(fault={"stall": []})
    rig.host.quiet(0.5)
    assert rig.travel_deg(since) < 10


# ---- what holds ----


def test_garbage_at_line_rate_stops_motion_and_lets_estop_through(rig):
    rig.host.drive(0.6, seconds=0.2)
    rng, began, sent = random.Random(1), time.monotonic(), 0
    since = time.monotonic_ns()
    while time.monotonic() < began + 0.8:
        due = int((time.monotonic() - began) * LINE_BYTES_S) - sent
        if due >= 200:
            rig.host.write(rng.randbytes(due))
            sent += due
        rig.host.take()
    assert rig.travel_deg(since + 350_000_000) < STILL_DEG
    rig.host.write(rng.randbytes(500) + b"\0")
    rig.host.send("ESTOP", SILENT, session=0, seq=3)
    rig.host.write(rng.randbytes(500))
    rig.host.until_state("estop")


def test_frames_of_a_former_session_move_nothing(rig):
    host, kept, write = rig.host, [], rig.host.write
    host.write = lambda data: (kept.append(data), write(data))
    host.drive(0.5, seconds=0.2)
    host.write = write
    host.until_state("link lost")
    with connected(rig.hand.port, session=77) as other:
        assert other.hello().fields["accepted"] == 1
        other.compare_clocks(3)
        other.arm()
        other.until_state("armed")
        since = time.monotonic_ns()
        for frame in kept * 4:
            other.write(frame)
            other.command(0.0)
            other.quiet(0.01)
        assert rig.travel_deg(since) < STILL_DEG
        assert other.counters()["bad_session"] >= len(kept)


def test_two_hosts_that_say_hello_in_turn_never_move_the_hand(rig):
    with connected(rig.hand.port, session=99) as other:
        other.info = dict(rig.host.info)
        hello = {"schema_hash": core.SCHEMA_HASH, "host_us": 0, "hand_hash": 0}
        since, end = time.monotonic_ns(), time.monotonic() + 0.8
        while time.monotonic() < end:
            for one in (other, rig.host):
                one.send("HELLO", hello)
                one.arm()
                one.command(1.0)
            rig.host.take()
        assert rig.travel_deg(since) < STILL_DEG
    rig.host.send("RELEASE", SILENT, session=0)
    rig.host.until(lambda f: f.msg == "STATE" and f.fields["state"] == STATE["releasing"])
