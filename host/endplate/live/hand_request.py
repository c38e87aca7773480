# SPDX-License-Identifier: GPL-3.0-or-later
"""One request to the hand (ARM, RELEASE, ...), repeated until its state shows that it obeyed.

The hand's `ack` alone is no proof: it names the newest frame that came through, and that may be a
later one than the request. So a request is done when a STATE that acknowledges it or a later frame
shows the state that was asked for; after 0.8 s it has failed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from endplate import core
from endplate.live.hand_words import obeyed

EVERY_NS = 100_000_000
FOR_NS = 800_000_000  # who asks waits no longer than a second

#: Called once: with None, or with the sentence why not.
Done = Callable[[str | None], None]


class HandRequest:
    """At most one at a time; a new one takes the place of the old."""

    def __init__(self) -> None:
        self.msg = ""  # "" while none is under way
        self.fields: dict[str, Any] = {}
        self._done: Done | None = None
        self._seq = 0
        self._started_ns = self._next_ns = 0

    def begin(
        self, msg: str, fields: dict[str, Any], seq: int, now: int, done: Done | None
    ) -> None:
        """`seq` is the sequence number of the first frame that may carry it."""
        self.end(f"{msg.capitalize()} took its place.")
        self.msg, self.fields, self._done = msg, fields, done
        self._seq = seq & 0xFFFF
        self._started_ns = self._next_ns = now

    def due(self, now: int) -> bool:
        """Whether it is to be sent (again) now."""
        return bool(self.msg) and now >= self._next_ns

    def sent(self, now: int, taken: bool) -> None:
        """It was handed to the line, or the line was full and it is tried again at once."""
        self._next_ns = now + (EVERY_NS if taken else 0)

    def overdue(self, now: int) -> bool:
        """Whether the hand has not obeyed in time."""
        return bool(self.msg) and now - self._started_ns > FOR_NS

    def answered(self, ack: int | None, state: int) -> bool:
        """Whether a STATE with this `ack` and guard state shows that the hand obeyed."""
        if not self.msg or ack is None:
            return False
        return (ack == self._seq or core.newer(ack, self._seq)) and obeyed(self.msg, state)

    def end(self, sentence: str | None) -> None:
        """It is done (None), or has failed."""
        done, self._done, self.msg = self._done, None, ""
        if done is not None:
            done(sentence)
