# SPDX-License-Identifier: GPL-3.0-or-later
"""A bare host for tests of the firmware: frames out, frames in, nothing by itself.

`endplate.live.link` is the real one; here every frame is the test's own, wrong ones included.
"""

from __future__ import annotations

import os
import select
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from endplate import core

from .servo_standin import ServoStandin

STATE = {name: number for number, name in core.GUARD_STATES.items()}
LIMIT = {name: number for number, name in core.GUARD_LIMITS.items()}
NO_DOF = [0] * core.MAX_DOF
HOP_S = 0.02
BEAT_S = 0.2  # a host that says nothing for half a second is told little


def now_us() -> int:
    return time.monotonic_ns() // 1000


class Host:
    """`hello()`, `arm()`, `drive()`; `until()` waits for what the hand says."""

    def __init__(self, port: str, session: int = 21) -> None:
        self.fd = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.fd)
        self.decoder = core.FrameDecoder()
        self.session, self.seq, self.sample = session, 1, 0
        self.frames: list[core.Frame] = []
        self.info: dict[str, Any] = {}
        self.offset_us = 0  # hand's clock minus ours
        self.round_trips_us: list[int] = []
        self.write(b"\0")

    def close(self) -> None:
        os.close(self.fd)

    def write(self, data: bytes) -> None:
        while data:
            select.select([], [self.fd], [], 1.0)
            data = data[os.write(self.fd, data) :]

    def send(self, msg: str, fields: dict[str, Any] | None = None, **header: int) -> int:
        """One frame in this session; returns its sequence number."""
        seq = header.get("seq", self.seq)
        self.seq = max(self.seq, seq + 1)
        session = header.get("session", self.session)
        self.write(core.encode(msg, fields or {}, session=session, seq=seq))
        return seq

    def take(self, timeout_s: float = 0.002) -> list[core.Frame]:
        """Frames that come within a moment."""
        if not select.select([self.fd], [], [], timeout_s)[0]:
            return []
        try:
            got = self.decoder.feed(os.read(self.fd, 4096))
        except BlockingIOError:
            return []
        self.frames += got
        return got

    def until(
        self, wanted: Callable[[core.Frame], Any], timeout_s: float = 3.0, what: str = "a frame"
    ) -> core.Frame:
        end = time.monotonic() + timeout_s
        beat = time.monotonic() + BEAT_S
        while time.monotonic() < end:
            for frame in self.take(0.01):
                if wanted(frame):
                    return frame
            if self.info and time.monotonic() > beat:
                beat += BEAT_S
                self.send("HEARTBEAT", {"host_us": 0})
        states = [core.GUARD_STATES[f.fields["state"]] for f in self.frames if f.msg == "STATE"]
        raise AssertionError(f"{what}: not within {timeout_s:g} s; last states {states[-3:]}")

    def until_state(self, name: str, timeout_s: float = 3.0) -> dict[str, Any]:
        return self.until(
            lambda f: f.msg == "STATE" and f.fields["state"] == STATE[name], timeout_s, name
        ).fields

    def quiet(self, seconds: float) -> list[core.Frame]:
        """All frames of a while in which the host says nothing."""
        end, got = time.monotonic() + seconds, []
        while (left := end - time.monotonic()) > 0:
            got += self.take(left)
        return got

    def hello(self, timeout_s: float = 3.0, **fields: int) -> core.Frame:
        """Repeats HELLO every 200 ms, as the protocol says, until it is answered."""
        said = {"schema_hash": core.SCHEMA_HASH, "host_us": 0, "hand_hash": 0} | fields
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            self.send("HELLO", said)
            try:
                ack = self.until(lambda f: f.msg == "HELLO_ACK", 0.2)
            except AssertionError:
                continue
            self.info = ack.fields
            return ack
        raise AssertionError("no HELLO_ACK")

    def compare_clocks(self, times: int = 8) -> None:
        best = None
        for _ in range(times):
            self.send("TIME", {"host_us": now_us() & 0xFFFFFFFF})
            answer = self.until(lambda f: f.msg == "TIME", 1.0, "TIME").fields
            t3 = now_us()
            t0 = t3 - ((t3 - answer["host_us"]) & 0xFFFFFFFF)
            self.round_trips_us.append(t3 - t0)
            middle = (answer["hand_rx_us"] + answer["hand_tx_us"]) / 2 - (t0 + t3) / 2
            if best is None or t3 - t0 < best:
                best, self.offset_us = t3 - t0, round(middle)

    def hand_us(self) -> int:
        return (now_us() + self.offset_us) & 0xFFFFFFFF

    def command(self, *targets: float, age_ms: float = 5.0, **fields: Any) -> int:
        """One COMMAND with the next sample number; targets -1..1."""
        self.sample += 5
        full = [round(10_000 * value) for value in targets] + NO_DOF
        said = {
            "mode": 1,
            "valid_ms": 50,
            "emg_us": (self.hand_us() - round(1000 * age_ms)) & 0xFFFFFFFF,
            "sample": self.sample,
            "target": full[: core.MAX_DOF],
            "force_cap": [255] * core.MAX_DOF,
        }
        return self.send("COMMAND", said | fields)

    def arm(self, boot_id: int | None = None) -> int:
        boot = self.info["boot_id"] if boot_id is None else boot_id
        return self.send("ARM", {"schema_hash": core.SCHEMA_HASH, "boot_id": boot})

    def drive(self, *targets: float, seconds: float) -> list[core.Frame]:
        """Commands at 50 Hz for a while; the frames that came meanwhile."""
        end, got = time.monotonic() + seconds, []
        while (start := time.monotonic()) < end:
            self.command(*targets)
            while (left := start + HOP_S - time.monotonic()) > 0:
                got += self.take(left)
        return got

    def activate(self, reached: str = "active") -> None:
        """From a fresh start to ACTIVE."""
        assert self.hello().fields["accepted"] == 1
        self.compare_clocks()
        self.until_state("disarmed")
        self.arm()
        self.until_state("armed")
        self.drive_until(reached, 0.0)

    def drive_until(self, name: str, *targets: float, timeout_s: float = 2.0) -> None:
        """Commands until a STATE says so."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            for frame in self.drive(*targets, seconds=HOP_S):
                if frame.msg == "STATE" and frame.fields["state"] == STATE[name]:
                    return
        raise AssertionError(f"{name}: not within {timeout_s:g} s")

    def counters(self) -> dict[str, int]:
        """What the hand has counted, from its next LINK_STATS."""
        end = time.monotonic() + 3
        while time.monotonic() < end:
            self.send("HEARTBEAT", {"host_us": 0})
            for frame in self.take(0.1):
                if frame.msg == "LINK_STATS":
                    return frame.fields["rx"] | {
                        name: frame.fields[name]
                        for name in ("tx_dropped", "bus_errors", "bus_cycles")
                    }
        raise AssertionError("no LINK_STATS")


@contextmanager
def connected(port: str, session: int = 21) -> Iterator[Host]:
    host = Host(port, session)
    try:
        yield host
    finally:
        host.close()


def goals(bus: ServoStandin, ident: int) -> list[tuple[int, int]]:
    """Goals written to an actuator: (monotonic ns, ticks)."""
    found = []
    for at, _, instruction, parameters in bus.writes(116):
        if instruction == 0x83:
            rows = [parameters[i : i + 5] for i in range(4, len(parameters), 5)]
            found += [(at, int.from_bytes(r[1:], "little")) for r in rows if r[0] == ident]
    return found
