# SPDX-License-Identifier: GPL-3.0-or-later
"""Guides a person through cues while the control process records, and brings back what the board
heard.

Reaches the running control process as the monitor does: by its feed and its requests. Time is the
board's: a cue lasts until its number of samples has arrived, so a slow machine makes a calibration
longer, never wrong.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from endplate.errors import CalibrationError, SessionError
from endplate.fit.protocol import Cue
from endplate.live.feed import FeedReader
from endplate.live.requests import ask

POLL_S = 0.1
SILENCE_S = 3.0  # the board is given up after this long without a sample


@dataclass(frozen=True)
class Guided:
    """What came of it: counts int32 [n, channels] from sample `first` on, and each cue with its
    start in `counts`."""

    first: int
    counts: np.ndarray
    cues: list[tuple[int, Cue]]


def guide(
    directory: Path,
    cues: Sequence[Cue],
    *,
    patient: Callable[[Cue], None] | None = None,
    progress: Callable[[int, Cue, float], None] | None = None,
) -> Guided:
    """Plays `cues` one after the other against the control process of the session folder
    `directory`.

    `patient` tells a simulated patient of each cue; `progress(index, cue, share)` is called about
    10 times a second. Raises CalibrationError when the board goes silent, SessionError when the
    control process is gone.
    """
    reader = FeedReader(directory / "feed")
    rate_hz = reader.info.rate_hz
    first = next_sample = reader.newest
    blocks: list[np.ndarray] = []
    started: list[tuple[int, Cue]] = []

    def collect() -> None:
        nonlocal next_sample, first
        start, counts, _ = reader.samples(next_sample)
        if not len(counts):
            return
        if not blocks:
            first = start
        elif start != next_sample:
            raise CalibrationError(
                "Samples were overwritten before they could be read; close other programs and "
                "calibrate again."
            )
        blocks.append(np.array(counts))
        next_sample = start + len(counts)

    for index, cue in enumerate(cues):
        reply = ask(directory, "prompt", **cue.prompt(), rest_s=cue.rest_s)
        start = int(reply["sample"])
        started.append((start, cue))
        if patient is not None:
            patient(cue)
        wanted = start + round(cue.duration_s * rate_hz)
        heard_at = time.monotonic()
        while next_sample < wanted:
            time.sleep(POLL_S)
            before = next_sample
            collect()
            now = time.monotonic()
            if next_sample > before:
                heard_at = now
            elif not reader.alive:
                raise SessionError(
                    "The control process ended during the guided movements; start again."
                )
            elif now - heard_at > SILENCE_S:
                raise CalibrationError(
                    "The board stopped sending during the calibration; check its battery and "
                    "dongle, then start again."
                )
            if progress is not None:
                done = (next_sample - start) / max(1, wanted - start)
                progress(index, cue, min(1.0, max(0.0, done)))
    counts = np.concatenate(blocks) if blocks else np.zeros((0, reader.info.channels), np.int32)
    return Guided(first, counts, [(start - first, cue) for start, cue in started])
