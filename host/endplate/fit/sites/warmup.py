# SPDX-License-Identifier: GPL-3.0-or-later
"""Has the skin under fresh electrodes settled? Rest noise of all sites over the last minutes, as
the live meters say it, and one verdict for all of them.

What falls and by how much is the meters' own word (live/meters.py: `warming` and the trend of the
rest), so that this verdict and a site's row never contradict each other; here it is followed over
time. Times are seconds of the board's clock.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

KEPT_S = 600
LOOK_S = 1.0  # the meters are renewed once a second
GAP_S = 5.0  # nobody looked for longer than that: steadiness is counted anew
SURE_S = 60.0  # of steadiness, until the skin counts as settled
NEEDED_S = 65.0  # of session, until the meters know trends


@dataclass(frozen=True)
class Settling:
    """`state`: "unknown", "falling", "slowing" (fell, but hardly does now), "rising", "steady" or
    "settled"; `sites` those that are not steady (from 0); `percent` a minute by which the worst
    still falls; `steady_s` for how long none did."""

    state: str
    sites: tuple[int, ...] = ()
    percent: int = 0
    steady_s: float = 0.0


class Warmup:
    """`hear` what the feed says as often as it likes; `settling` is the verdict."""

    def __init__(self, sites: int) -> None:
        self._sites = sites
        self._rest: deque[tuple[float, np.ndarray]] = deque(maxlen=KEPT_S)
        self._steady_from = math.nan
        self.settling = Settling("unknown")

    def hear(self, now_s: float, rows: Sequence[Mapping[str, Any]]) -> bool:
        """`rows` of the feed's meters, one for each site. True when a second has passed and
        something new may be shown."""
        if len(rows) != self._sites:
            return False
        if self._rest:
            since = now_s - self._rest[-1][0]
            if 0 <= since < LOOK_S:
                return False
            if since < 0:  # another session's clock
                self._rest.clear()
            if not 0 <= since <= GAP_S:
                self._steady_from = math.nan
        rest = np.array([float(row.get("rest_uv") or 0.0) for row in rows])
        self._rest.append((now_s, np.where(rest > 0, rest, np.nan)))
        self.settling = self._verdict(now_s, rows)
        return True

    def _verdict(self, now_s: float, rows: Sequence[Mapping[str, Any]]) -> Settling:
        falls = {k: int(row["warming"]) for k, row in enumerate(rows) if "warming" in row}
        goes = {
            k: str((row.get("trend") or {})["rest"])
            for k, row in enumerate(rows)
            if "rest" in (row.get("trend") or {})
        }
        found = Settling("unknown")
        if falls:
            found = Settling("falling", tuple(falls), max(falls.values()))
        elif slowing := tuple(k for k, word in goes.items() if word == "falling"):
            found = Settling("slowing", slowing)
        elif rising := tuple(k for k, word in goes.items() if word == "rising"):
            found = Settling("rising", rising)
        elif goes:
            if not math.isfinite(self._steady_from):
                self._steady_from = now_s
            steady_s = now_s - self._steady_from
            return Settling("settled" if steady_s >= SURE_S else "steady", (), 0, steady_s)
        self._steady_from = math.nan
        return found

    def history(self) -> tuple[np.ndarray, np.ndarray]:
        """Seconds before the newest look [n], at most 0, and rest noise in microvolt [n, sites];
        NaN where it was not known."""
        if not self._rest:
            return np.zeros(0), np.zeros((0, self._sites))
        times = np.array([time for time, _ in self._rest])
        return times - times[-1], np.array([rest for _, rest in self._rest])
