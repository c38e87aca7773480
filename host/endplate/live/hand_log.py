# SPDX-License-Identifier: GPL-3.0-or-later
"""The hand's log: sentences that it tells (SPEC.md, LOG), with their time on the wall's clock.

Every new session is told the kept ones again; those that were heard before are passed over. One
that comes before the clocks are compared waits until they are.
"""

from __future__ import annotations

import time
from collections import deque
from datetime import datetime
from typing import Any, NamedTuple

from endplate.live.hand_clock import HandClock

CAPABILITY = 12  # bit of HELLO_ACK.capabilities
LEVELS = ("information", "warning", "error")
_KEPT = 64  # sentences; the hand keeps 8
_HEARD = 64


class Line(NamedTuple):
    """One sentence and when it happened: on the host's monotonic clock and on the wall's."""

    host_ns: int
    wall_s: float
    level: str
    text: str

    @property
    def clock(self) -> str:
        """When, for a person: hours to milliseconds, and the day where it is not today."""
        at = datetime.fromtimestamp(self.wall_s)
        day = "" if at.date() == datetime.now().date() else f"{at:%Y-%m-%d} "
        return f"{day}{at:%H:%M:%S}.{at.microsecond // 1000:03d}"

    def __str__(self) -> str:
        """In one line, for a recording or a window."""
        return f"Hand {self.clock} ({self.level}): {self.text}"


class HandLog:
    """Of one hand over all its sessions."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[dict[str, Any], int]] = deque(maxlen=_KEPT)
        self._heard: deque[tuple[int, bytes]] = deque(maxlen=_HEARD)

    def reset(self) -> None:
        """Another boot of the hand: its clock began anew."""
        self._waiting.clear()
        self._heard.clear()

    def take(self, fields: dict[str, Any], now: int) -> None:
        """A LOG that came at `now`."""
        text = bytes(fields["text"])
        if (fields["hand_us"], text) not in self._heard:
            self._heard.append((fields["hand_us"], text))
            self._waiting.append((fields, now))

    def fresh(self, clock: HandClock) -> list[Line]:
        """What has not been fetched yet, oldest first."""
        lines: list[Line] = []
        while self._waiting and clock.synchronised:
            fields, came = self._waiting.popleft()
            at = clock.to_host_ns(fields["hand_us"], came)
            wall = time.time() - (time.monotonic_ns() - at) / 1e9
            text = bytes(fields["text"]).rstrip(b"\0").decode(errors="replace")
            lines.append(Line(at, wall, LEVELS[fields["level"]], text))
        return lines
