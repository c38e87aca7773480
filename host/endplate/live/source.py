# SPDX-License-Identifier: GPL-3.0-or-later
"""Where samples come from: what a source promises to the control loop, whatever stands behind it.

A source is polled every millisecond and never blocks. Its sample indices are contiguous over the
whole stream: what was lost on the way is filled with the last values and counted in `Block.filled`,
so that index and time stay one line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class SourceInfo:
    """What the samples of a source are.

    `uv_per_count` turns a count into microvolts; `full_scale_uv` is where the converter clips (one
    side). `simulated` is True when no electrode is behind it. `port` is "" where there is none.
    """

    name: str
    rate_hz: float
    channels: int
    uv_per_count: float
    full_scale_uv: float
    simulated: bool = False
    port: str = ""


@dataclass
class Block:
    """The samples one poll brought.

    counts      int32 [n, channels], C order
    first       index of counts[0] in the stream; the next block starts at first + n
    arrival_ns  monotonic clock when the poll saw them
    newest_ns   monotonic clock at which counts[-1] was taken, by the sample clock; never later than
                the truth by more than the transport's jitter, and a second old while it is not sure
    missing     bit per channel (0-based) whose samples in this block are not to be believed (NaN,
                stale half of a Daisy)
    filled      how many samples of this block repeat the last value because their own were lost
    notes       sentences for the log and the recording (gaps, stalls, reopening)
    """

    counts: np.ndarray
    first: int
    arrival_ns: int
    newest_ns: int
    missing: int = 0
    filled: int = 0
    notes: list[str] = field(default_factory=list)


class Source(Protocol):
    """Anything the control loop can poll.

    `health` is "ok", "stalled" or "lost", `sentence` says it to the user.
    """

    health: str
    sentence: str

    @property
    def info(self) -> SourceInfo:
        """Rate, channels and scale; known before `start`."""
        ...

    def start(self) -> None:
        """Opens and starts the stream; blocks (about 1 s for serial boards). Raises BoardError."""
        ...

    def poll(self) -> Block | None:
        """What arrived since the last poll, or None. Never blocks, never raises."""
        ...

    def stop(self) -> None:
        """Ends the stream and frees the port; may be called at any time, twice as well."""
        ...
