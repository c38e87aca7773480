# SPDX-License-Identifier: GPL-3.0-or-later
"""What a feed brings from one look to the next: every sample and every hop once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from endplate.live.feed import FeedReader

PAST_S = 5.0  # of samples that the first look still brings


@dataclass(frozen=True)
class Fresh:
    """What one look brought. `first` is the index of clean[0]; `hops` may be empty."""

    first: int
    clean: np.ndarray
    hops: np.ndarray
    status: dict[str, Any]


class Frames:
    """Of one feed, hops from now on."""

    def __init__(self, reader: FeedReader, past_s: float = PAST_S) -> None:
        self._reader = reader
        self._next_sample = max(0, reader.newest - int(past_s * reader.info.rate_hz))
        self._next_hop, _ = reader.hops(1 << 60)

    def look(self) -> Fresh:
        """What came since the last look."""
        first, _, clean = self._reader.samples(self._next_sample)
        self._next_sample = first + len(clean)
        self._next_hop, hops = self._reader.hops(self._next_hop)
        return Fresh(first, clean, hops, self._reader.status())
