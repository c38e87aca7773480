# SPDX-License-Identifier: GPL-3.0-or-later
"""One request to the hand (ARM, RELEASE, ...), repeated until its state shows that it obeyed.

The hand's `ack` alone is no proof: it names the newest frame that came through, and that may be a
later one than the request. So a request is done when a STATE that acknowledges it or a later frame
shows the state that was asked for; after 0.8 s it has failed.

Until then nothing takes the place of an ESTOP, only ESTOP that of a RELEASE, only these two that of
a DISARM: a lost DISARM that ARM displaced would leave the hand moving, armed without a neutral
command. What is asked meanwhile waits.
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


#: Requests that stay until the hand has obeyed or their time is over, and those each yields to.
STOPPING = ("DISARM", "ESTOP", "RELEASE")
YIELDS_TO = {"DISARM": ("ESTOP", "RELEASE"), "RELEASE": ("ESTOP",), "ESTOP": ()}


class HandRequest:
    """At most one under way, and one that waits for a stopping one to end."""

    def __init__(self) -> None:
        self.msg = ""  # "" while none is under way
        self.fields: dict[str, Any] = {}
        self._dones: list[Done] = []
        self._waiting: tuple[str, dict[str, Any], Done | None] | None = None
        self._seq = 0
        self._started_ns = self._next_ns = 0

    def begin(
        self, msg: str, fields: dict[str, Any], seq: int, now: int, done: Done | None
    ) -> None:
        """`seq` is the sequence number of the first frame that may carry it."""
        if self.msg in STOPPING and msg == self.msg:
            self._dones += [done] if done is not None else []
            self._started_ns = now
            return
        if self.msg in STOPPING and msg not in YIELDS_TO[self.msg]:
            self._wait(msg, fields, done)
            return
        self.end_all(f"{msg.capitalize()} took its place.")
        self.msg, self.fields = msg, fields
        self._dones = [done] if done is not None else []
        self._seq = seq & 0xFFFF
        self._started_ns = self._next_ns = now

    def _wait(self, msg: str, fields: dict[str, Any], done: Done | None) -> None:
        waits = self._waiting[0] if self._waiting else ""
        if waits in STOPPING and msg not in STOPPING:
            if done is not None:
                done("The hand was just asked to stop and has not confirmed it: ask again.")
            return
        if waits in STOPPING and self._waiting is not None:  # two DISARM: one frame does for both
            before = self._waiting[2]
            self._waiting = (msg, fields, _both(before, done))
            return
        self.forget_waiting(f"{msg.capitalize()} took its place.")
        self._waiting = (msg, fields, done)

    def next(self, seq: int, now: int) -> None:
        """Begins what waits once nothing is under way."""
        if not self.msg and self._waiting is not None:
            (msg, fields, done), self._waiting = self._waiting, None
            self.begin(msg, fields, seq, now, done)

    def forget_waiting(self, sentence: str, msg: str | None = None) -> None:
        """What waits (if it is `msg`) has failed."""
        if self._waiting is None or msg not in (None, self._waiting[0]):
            return
        done, self._waiting = self._waiting[2], None
        if done is not None:
            done(sentence)

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
        """It is done (None), or has failed, and with it what only makes sense after it."""
        dones, self._dones, self.msg = self._dones, [], ""
        for done in dones:
            done(sentence)
        if sentence is not None and self._waiting and self._waiting[0] not in STOPPING:
            self.forget_waiting(sentence)

    def end_all(self, sentence: str) -> None:
        """It has failed, and what waits as well."""
        self.forget_waiting(sentence)
        self.end(sentence)


def _both(one: Done | None, other: Done | None) -> Done | None:
    if one is None or other is None:
        return one or other

    def done(sentence: str | None) -> None:
        one(sentence)
        other(sentence)

    return done
