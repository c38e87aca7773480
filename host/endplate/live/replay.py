# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording as a Source: the same counts, at the same pace, through the same path."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from endplate.errors import BoardError, RecordingError
from endplate.live.recording import read_recording
from endplate.live.source import Block, SourceInfo

CHUNK_S = 0.02  # of a poll, when played as fast as possible


class ReplaySource:
    """Plays a recording. `speed` 1.0 is real time, 2.0 twice as fast, 0 as fast as it is polled.

    Raises BoardError when the file cannot be read. `ended` tells that all was played.
    """

    def __init__(self, path: Path | str, speed: float = 1.0) -> None:
        if speed < 0:
            raise BoardError("A recording is played at a speed of 0 (as fast as possible) or more.")
        try:
            self.recording = read_recording(path)
        except RecordingError as error:
            raise BoardError(str(error)) from error
        recording, meta = self.recording, self.recording.meta
        full_scale = float(meta.get("full_scale_uv", recording.uv_per_count * (2**23 - 1)))
        self._info = SourceInfo(
            f"replay of {meta.get('board', 'a recording')}", recording.rate_hz, recording.channels,
            recording.uv_per_count, full_scale, bool(meta.get("simulated", False)),
        )
        self._speed = speed
        self._period_ns = 1e9 / recording.rate_hz / (speed or 1.0)
        self._chunk = max(1, round(CHUNK_S * recording.rate_hz))
        self._masks = recording.missing_masks()
        self._cuts = np.flatnonzero(np.diff(self._masks)) + 1  # a block has one mask
        self._notes = [(at - recording.first, text) for at, text in recording.annotations]
        self.health, self.sentence = "lost", "The recording is not open yet."
        self._next = 0
        self._started_ns: int | None = None

    @property
    def info(self) -> SourceInfo:
        """What the recording says of its board."""
        return self._info

    @property
    def ended(self) -> bool:
        """Whether all samples were played."""
        return self._next >= len(self.recording.counts)

    def start(self) -> None:
        """Starts from the beginning."""
        self._next, self._started_ns = 0, time.monotonic_ns()
        self.health, self.sentence = "ok", f"{self._info.name.capitalize()} runs."

    def stop(self) -> None:
        """Stops."""
        self._started_ns = None
        self.health, self.sentence = "lost", "The recording is closed."

    def poll(self) -> Block | None:
        """What is due since the last poll, or None."""
        if self._started_ns is None:
            return None
        now = time.monotonic_ns()
        if self.ended:
            if self.health == "ok":
                self.health, self.sentence = "stalled", "The recording has been played to its end."
            return None
        total = len(self.recording.counts)
        if self._speed:
            due = min(total, int((now - self._started_ns) / self._period_ns))
        else:
            due = min(total, self._next + self._chunk)
        if due <= self._next:
            return None
        cut = int(np.searchsorted(self._cuts, self._next, side="right"))
        if cut < len(self._cuts):
            due = min(due, int(self._cuts[cut]))
        first, self._next = self._next, due
        newest = self._started_ns + round(due * self._period_ns) if self._speed else now
        notes = [text for at, text in self._notes if first <= at < due]
        counts = np.ascontiguousarray(self.recording.counts[first:due])
        missing = int(self._masks[first])
        return Block(counts, first, now, min(newest, now), missing, notes=notes)
