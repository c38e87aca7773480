# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches a guided calibration: judges each repetition as it ends, and says which to repeat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from endplate.fit.features import LEAST_UV2, hops_of
from endplate.fit.guided.guide import DONE_S, Guide
from endplate.fit.guided.protocol import Cue
from endplate.fit.guided.repetition import (
    GOOD,
    ORDER,
    Measured,
    Verdict,
    key_of,
    measure,
    outliers,
    restless,
    verdict,
)
from endplate.live.feed import FeedInfo

CONTEXT_S = 3.0  # before a cue: for the filters to settle, and to see whether there was rest
SETTLE_S = 0.5
NOW_S = 0.2  # of the live effort


@dataclass
class Done:
    """A cue that was followed: its index in Guide.started, how it was done, what was said of it."""

    index: int
    name: str
    measured: Measured
    verdict: Verdict


class Watch:
    """For one calibration. `sites` are those of the montage (hardware.Site)."""

    def __init__(self, sites: Sequence[Any], info: FeedInfo) -> None:
        self._columns = [site.channel - 1 for site in sites]
        self._labels = [site.label for site in sites]
        self._info = info
        self._rest: np.ndarray | None = None
        self._counted: dict[tuple, int] = {}
        self._now = np.zeros((0, len(self._columns)))
        self.done: list[Done] = []

    def hear(self, clean_uv: np.ndarray) -> None:
        """The newest conditioned samples, microvolt [samples, channels]."""
        new = np.asarray(clean_uv, float)[:, self._columns]
        keep = round(NOW_S * self._info.rate_hz)
        self._now = np.concatenate([self._now, new])[-keep:]

    def effort(self, cue: Cue) -> float | None:
        """What the muscles of a movement do now, 1 as in its first good contraction; None while
        there was none, or the cue asks for none."""
        same = [d.measured.level_uv for d in self.done
                if d.measured.key == key_of(cue) and d.verdict is GOOD]  # fmt: skip
        if not same or not cue.target or not len(self._now) or self._rest is None:
            return None
        above = np.sqrt(np.maximum(0.0, np.mean(np.square(self._now), axis=0) - self._rest))
        return float(above @ same[0]) / max(float(same[0] @ same[0]), 1e-9)

    def look(self, guide: Guide, index: int) -> str:
        """What to say of the cue `index` of guide.started, which has just been done; "" when there
        is nothing to say."""
        start, cue = guide.started[index]
        before = round(CONTEXT_S * self._info.rate_hz)
        stop = start + round((cue.active_s + DONE_S) * self._info.rate_hz)
        power, bad, since, window_s = self._hops(guide, start, start - before, stop)
        if not len(power):
            return ""
        if cue.kind == "rest":
            return self._at_rest(power[(since > SETTLE_S) & (since <= cue.active_s)])
        if not cue.target:
            return ""
        rest = np.quantile(power, 0.2, axis=0) if self._rest is None else self._rest
        key = (cue.kind, cue.posture, key_of(cue))
        self._counted[key] = number = self._counted.get(key, 0) + 1
        one = measure(cue, number, power, bad, since, window_s, np.maximum(rest, LEAST_UV2))
        said = verdict(one, [d.measured for d in self.done if d.verdict is GOOD], self._labels)
        self.done.append(Done(index, name_of(cue, number), one, said))
        return f"{name_of(cue, number)}: {said.sentence}"

    def to_repeat(self) -> list[Done]:
        """What had better be done again, the worst first: what was wrong at once, and what is
        unlike the others of its movement now that all have been seen."""
        found = [one for one in self.done if one.verdict.fault]
        good = [d for d in self.done if not d.verdict.fault and not d.measured.cue.posture]
        for k, far in outliers([d.measured for d in good]).items():
            said = f"Unlike the others of it (by {100 * far:.0f} % of their size)"
            found.append(replace(good[k], verdict=Verdict("apart", said)))
        return sorted(found, key=lambda d: ORDER.index(d.verdict.fault))

    def replaced(self, guide: Guide, old: Done) -> Done:
        """The last repetition was made instead of `old`: the better of the two counts, the other
        becomes void. Returns the one that counts."""
        new = self.done[-1]
        worse = ORDER.index(new.verdict.fault) < ORDER.index(old.verdict.fault)
        out = new if worse else old
        guide.void(out.index)
        self.done = [d for d in self.done if d.index != out.index]
        return old if worse else new

    def _hops(
        self, guide: Guide, start: int, first: int, stop: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
        counts, began = guide.counts(first, stop)
        if not len(counts):
            none = np.zeros((0, len(self._columns)))
            return none, none > 0, np.zeros(0), 0.0
        info = self._info
        hops = hops_of(
            np.ascontiguousarray(counts), info.rate_hz, info.uv_per_count, info.full_scale_uv,
            info.mains_hz, chosen=self._columns,
        )  # fmt: skip
        since = hops.time_s + (began - start) / info.rate_hz
        settled = (hops.time_s > SETTLE_S) | (since > 0)
        return (hops.power[settled][:, self._columns], hops.bad[settled][:, self._columns],
                since[settled], hops.window_s)  # fmt: skip

    def _at_rest(self, power: np.ndarray) -> str:
        if len(power):
            self._rest = np.median(power, axis=0)
        if restless(power):
            return "Rest: not at rest all the time; press r to do it again, everything loose"
        return "Rest: Good"


def name_of(cue: Cue, number: int) -> str:
    """"Close hand 2"; the reference keeps its own words."""
    if cue.kind == "reference" or cue.posture:
        return cue.label
    return f"{cue.label} {number}"
