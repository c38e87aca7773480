# SPDX-License-Identifier: GPL-3.0-or-later
"""A timed task while it is done, in the window and in the terminal: each end is the sample at which
its mark stands in the recording, so that the seconds are those of the recording's clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from endplate.clinic.frames import Fresh
from endplate.clinic.recording_name import file_of
from endplate.clinic.trials.played import (
    DECODER,
    Marking,
    Status,
    board_trouble,
    decoder_of,
    hand_trouble,
)
from endplate.clinic.trials.timed import PROSTHESIS, Task, Timing
from endplate.live.feed import FeedInfo

SOON_S = 0.4  # between two parts; a key that is held down is one


class TimedTask:
    """`start`, then `frame` by frame and `part` by part; `changed` is called when a mark was
    answered. `trouble`: a sentence that ends it."""

    def __init__(self, asking: Marking, changed: Callable[[], object] = lambda: None) -> None:
        self._asking, self._changed = asking, changed
        self.timing: Timing | None = None
        self.trouble = ""
        self._pending: Timing | Task | None = None  # whose mark has not been answered
        self._hand, self._with_hand = "", False
        self._kept: dict[str, Any] = {}
        self._decoder: dict[str, Any] = {}

    @property
    def waiting(self) -> bool:
        """For the mark of the start."""
        return isinstance(self._pending, Task)

    @property
    def on(self) -> bool:
        """The clock runs."""
        return self.timing is not None and not self.timing.over

    @property
    def typing(self) -> bool:
        """The time is up, and nobody has typed the count yet."""
        return self.timing is not None and self.timing.over and bool(self.timing.task.most)

    @property
    def done(self) -> bool:
        """All parts are done, and nothing is to be typed."""
        return self.timing is not None and self.timing.over and not self.timing.task.most

    def start(self, task: Task, info: FeedInfo, status: Status, hand: str) -> None:
        """The clock starts at the sample of its mark."""
        self._pending, self.trouble, self._hand = task, "", hand
        # Only a hand that follows when it begins can be missed later.
        self._with_hand = hand == PROSTHESIS and not hand_trouble(status)
        self._decoder = decoder_of(status)
        self._kept = {**self._decoder, "recording": file_of(status),
                      "simulated": info.simulated}  # fmt: skip

        def told(sample: int | None) -> None:
            if self._pending is task:
                self._pending = None
                if sample is not None:
                    self.timing = Timing(task, info.rate_hz, sample)
                self._changed()

        self._asking.mark(f"test {task.kind} begins", told, hand=hand)

    def frame(self, fresh: Fresh, newest: int) -> None:
        """The feed up to the sample before `newest`."""
        timing, status = self.timing, fresh.status
        if timing is None or timing.over:
            return
        if status:
            other = self._hand == PROSTHESIS and decoder_of(status) != self._decoder
            self.trouble = board_trouble(status) or (DECODER if other else "")
            if not self.trouble and self._with_hand:
                self.trouble = hand_trouble(status)
        if not self.trouble and timing.time_is_up(newest):
            self.part()

    def part(self) -> None:
        """A part is done, or the time is up."""
        timing = self.timing
        if timing is None or timing.over or self._pending is not None:
            return
        self._pending = timing

        def told(sample: int | None) -> None:
            if self._pending is not timing:
                return
            self._pending = None
            since = (timing.ends or [timing.began])[-1]
            if sample is not None and (
                not timing.task.parts or sample - since >= SOON_S * timing.rate_hz
            ):
                timing.end(sample)
            self._changed()

        self._asking.mark(f"test {timing.task.kind} {timing.part or 'time is up'}", told)

    def content(self, count: int | None) -> dict[str, Any]:
        """What is kept; the task is over with it."""
        assert self.timing is not None
        found = self.timing.record(self._hand, count, **self._kept)
        self.timing = None
        return found

    def give_up(self) -> None:
        """Nothing of it is kept; in the recording it says so."""
        if self.timing is not None:
            self._asking.mark(f"test {self.timing.task.kind} given up")
        self.timing = self._pending = None
