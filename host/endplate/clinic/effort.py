# SPDX-License-Identifier: GPL-3.0-or-later
"""How hard a site works, 0 at rest and 1 as hard as a contraction that is known: the calibration's
comfortable one while a profile is in use, else the strongest that was heard lately.

From the power that the feed's hops bring of every site; with a profile it is the activation that
its decoder looks at (features.h, RMS form).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from endplate.live.profile_file import load_profile

LEAST_TIMES = 2.0  # a busy level below that times the quiet one is no contraction


class Scale:
    """Rest and reference of the channels (from 0) in `columns`. `source` says whose they are:
    "calibration", or "lately". NaN in `reference_uv`: not known yet."""

    def __init__(self, columns: Sequence[int]) -> None:
        self.columns = list(columns)
        self.rest_uv = np.full(len(self.columns), np.nan)
        self.reference_uv = np.full(len(self.columns), np.nan)
        self.source = "lately"
        self.name = ""

    def take_profile(self, path: str | Path) -> None:
        """From a profile's file; sites that it does not have stay unknown. Raises ProfileError."""
        profile = load_profile(path)
        self.rest_uv[:] = self.reference_uv[:] = np.nan
        known = zip(profile.channels, profile.rest_uv2, profile.reference_uv, strict=True)
        for channel, rest_uv2, reference in known:
            if channel - 1 in self.columns:
                at = self.columns.index(channel - 1)
                self.rest_uv[at], self.reference_uv[at] = math.sqrt(rest_uv2), reference
        self.source, self.name = "calibration", profile.name

    def take_quality(self, quality: Sequence[Mapping[str, Any]]) -> None:
        """From the live meters (`quality` of all channels): quiet and busy levels. A reference
        grows with the strongest that is heard and never shrinks, so that a bar does not move by
        itself."""
        if self.source == "calibration":
            return
        for at, column in enumerate(self.columns):
            if column >= len(quality):
                continue
            quiet = float(quality[column].get("quiet_uv") or 0.0)
            busy = float(quality[column].get("busy_uv") or 0.0)
            if not quiet > 0:
                continue
            above = math.sqrt(max(0.0, busy**2 - quiet**2))
            if busy >= LEAST_TIMES * quiet and not above <= self.reference_uv[at]:
                self.reference_uv[at] = above
            if math.isfinite(self.reference_uv[at]):
                self.rest_uv[at] = quiet

    @property
    def known(self) -> bool:
        """Of all of them."""
        return bool(np.isfinite(self.reference_uv).all())

    def efforts(self, power_uv2: np.ndarray, doubted: int = 0) -> np.ndarray:
        """Of each column, from the power of all channels; NaN where the scale is not known or
        `doubted` (a bit per channel) says that its contact is bad."""
        power = np.asarray(power_uv2, float)[self.columns]
        above = np.sqrt(np.maximum(0.0, power - np.square(self.rest_uv)))
        bad = np.array([doubted >> column & 1 for column in self.columns], bool)
        return np.where(bad, np.nan, above / self.reference_uv)
