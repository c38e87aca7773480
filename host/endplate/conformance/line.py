# SPDX-License-Identifier: GPL-3.0-or-later
"""The line to the hand under test: frames out, frames in, nothing by itself but beats.

Unlike `endplate.live.link` nothing is sent here that a requirement did not ask for, and everything
may be sent, wrong frames included. What a hand says is kept in `heard`, oldest first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from endplate import core
from endplate.errors import HandError
from endplate.live.hand_port import HandPort

ANSWER_S = 3.0
_BEAT_S = 0.2  # a host that says nothing for half a second is told little
_LINE_S = 2.0  # a line that takes nothing for so long is dead
_HALF = 1 << 31
_BITS = 10  # of the line for a byte
COMMAND_BYTES, ESTOP_BYTES = 50, 15  # SPEC.md, "Rates"


@dataclass(frozen=True)
class Heard:
    """A frame and when it came, monotonic ns."""

    ns: int
    frame: core.Frame

    @property
    def fields(self) -> dict[str, Any]:
        """Of the frame's message."""
        return self.frame.fields


def now_us() -> int:
    """The host's monotonic clock as the wire carries it."""
    return time.monotonic_ns() // 1000 & 0xFFFFFFFF


def apart_ms(later_us: int, earlier_us: int) -> float:
    """Milliseconds between two times of the wire's 32-bit clock."""
    return ((later_us - earlier_us + _HALF) % (1 << 32) - _HALF) / 1000


class Line:
    """One port, and the numbers of session and sequence that go into the frames' headers."""

    def __init__(self, port: str, baud: int) -> None:
        self.port = HandPort(port, baud)
        self.heard: list[Heard] = []
        self.session, self.seq = 0, 0
        self.wrote_ms = 0.0  # how long the port took for the newest frame
        self._decoder = core.FrameDecoder()

    def open(self) -> None:
        """Raises HandError, with the reason and what to do."""
        self.port.open()
        self._decoder = core.FrameDecoder()
        self.write(b"\0")

    def write(self, data: bytes) -> int:
        """Hands all of it to the line, reading meanwhile; monotonic ns when it was taken."""
        deadline = time.monotonic() + _LINE_S
        while not self.port.write(data):
            if time.monotonic() > deadline:
                raise HandError(
                    f"The line on {self.port.name} takes no bytes: check the cable and the hand."
                )
            self._read()
            time.sleep(0.0005)
        return time.monotonic_ns()

    def line_ms(self, n_bytes: int) -> float:
        """How long so many bytes are on the line."""
        return n_bytes * _BITS / self.port.baud * 1000

    def frame(self, msg: str, fields: dict[str, Any], **header: int) -> bytes:
        """An encoded frame of this session with the next sequence number, or as `header` says."""
        seq = header.get("seq", self.seq + 1)
        if "seq" not in header:
            self.seq = seq & 0xFFFF
        return core.encode(msg, fields, session=header.get("session", self.session), seq=seq)

    def send(self, msg: str, fields: dict[str, Any] | None = None, **header: int) -> int:
        """Sends one frame; monotonic ns just before the port took it: the hand cannot have had it
        earlier."""
        frame = self.frame(msg, fields or {}, **header)
        before = time.monotonic_ns()
        self.wrote_ms = (self.write(frame) - before) / 1e6
        return before

    def _read(self) -> list[Heard]:
        data = self.port.read()
        now = time.monotonic_ns()
        got = [Heard(now, frame) for frame in self._decoder.feed(data)] if data else []
        self.heard += got
        return got

    def listen(self, seconds: float, *, beat: bool = False) -> list[Heard]:
        """All that comes in a while, in which the host says nothing or only beats."""
        got = []
        end = time.monotonic() + seconds
        due = time.monotonic()
        while time.monotonic() < end:
            if beat and time.monotonic() >= due:
                due += _BEAT_S
                self.send("HEARTBEAT", {"host_us": now_us()})
            got += self._read()
            time.sleep(0.001)
        return got

    def wait(
        self, wanted: Callable[[Heard], Any], seconds: float = ANSWER_S, *, beat: bool = True
    ) -> Heard | None:
        """The first frame that is wanted; None when it does not come. Beats meanwhile in a session,
        or says nothing."""
        end = time.monotonic() + seconds
        due = time.monotonic() + _BEAT_S
        while time.monotonic() < end:
            for one in self._read():
                if wanted(one):
                    return one
            if beat and self.session and time.monotonic() >= due:
                due += _BEAT_S
                self.send("HEARTBEAT", {"host_us": now_us()})
            time.sleep(0.001)
        return None

    @property
    def refusals(self) -> dict[str, int]:
        """What was refused here of what the other side sent; counters of wire.h."""
        return self._decoder.counters
