# SPDX-License-Identifier: GPL-3.0-or-later
"""The separation task: raise one site into the band while the others stay below their line.

A target is hit when its site has been inside the band, and every other one below the line, for
`dwell_s` without a break; it is missed after `limit_s`. How well they are kept apart is measured
while the site is in the band, whatever the others do: mean effort of the others over that of the
site, in dB. Told efforts (clinic/effort.py), as ignorant of clock and screen as fitts.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from endplate.clinic.trials.run import Turns, mean, plain

USUAL_TARGETS = 8
LEAST_SHARE = 0.01  # of the site's effort: more than 40 dB apart is nothing that a bar shows


@dataclass(frozen=True)
class Rules:
    """Band and line in efforts; `dwell_s` inside ends a target, `limit_s` fails it."""

    low: float = 0.4
    high: float = 0.8
    line: float = 0.25
    dwell_s: float = 1.0
    limit_s: float = 10.0


USUAL = Rules()


@dataclass(frozen=True)
class Outcome:
    """One target: the number of its site, whether it was hit, seconds until it was (`limit_s`
    otherwise), mean efforts of the site and of the others while it was in the band (NaN: it never
    was)."""

    site: int
    hit: bool
    seconds: float
    effort: float
    others: float

    @property
    def apart_db(self) -> float:
        """How far the site stands out; at most 40 dB."""
        if not self.effort > 0:
            return math.nan
        return -20 * math.log10(max(LEAST_SHARE, self.others / self.effort))


class Trial:
    """One target: `site` of `count`. Told efforts, step by step, until `over`."""

    def __init__(self, site: int, count: int, rules: Rules = USUAL) -> None:
        self.site, self.rules = site, rules
        self.elapsed_s = self.held_s = 0.0
        self.over = self.hit = False
        self.efforts = np.full(count, np.nan)
        self._in_band_s, self._sums = 0.0, np.zeros(count)

    @property
    def in_band(self) -> bool:
        """Whether the site is where it should be."""
        return bool(self.rules.low <= self.efforts[self.site] <= self.rules.high)

    @property
    def loud(self) -> tuple[int, ...]:
        """The others that are above their line."""
        above = np.flatnonzero(self.efforts > self.rules.line)
        return tuple(int(k) for k in above if k != self.site)

    def step(self, efforts: Sequence[float] | np.ndarray, seconds: float) -> None:
        """Efforts [count] for `seconds`. While one is not known (NaN) time stands still, and what
        was held is lost. Ignored once it is over."""
        now = np.asarray(efforts, float)
        if now.shape != self.efforts.shape:
            raise ValueError(f"efforts must be {len(self.efforts)} numbers")
        if self.over:
            return
        self.efforts = now
        if not np.isfinite(now).all():
            self.held_s = 0.0
            return
        self.elapsed_s += seconds
        if self.in_band:
            self._in_band_s += seconds
            self._sums += now * seconds
        self.held_s = self.held_s + seconds if self.in_band and not self.loud else 0.0
        self.hit = self.held_s >= self.rules.dwell_s - 1e-9
        self.over = self.hit or self.elapsed_s >= self.rules.limit_s - 1e-9

    def outcome(self) -> Outcome:
        """What came of it."""
        seconds = self.elapsed_s if self.hit else self.rules.limit_s
        if not self._in_band_s > 0:
            return Outcome(self.site, self.hit, seconds, math.nan, math.nan)
        means = self._sums / self._in_band_s
        others = float(np.delete(means, self.site).mean())
        return Outcome(self.site, self.hit, seconds, float(means[self.site]), others)


def order(sites: int, count: int, seed: int) -> list[int]:
    """`count` targets, shuffled: every site before any comes again, none twice in a row."""
    chance = np.random.default_rng(seed)
    made: list[int] = []
    while len(made) < count:
        round_ = [int(k) for k in chance.permutation(sites)]
        if made and sites > 1 and round_[0] == made[-1]:
            round_.append(round_.pop(0))
        made += round_
    return made[:count]


@dataclass
class SeparationRun(Turns):
    """Of the sites with `labels`, two or more; `seed` makes the order of the targets. No
    Run: it is told efforts of sites, of which a recording keeps neither rest nor reference."""

    pause_s = 2.0  # the patient relaxes
    labels: tuple[str, ...]
    count: int = USUAL_TARGETS
    seed: int = 1
    rules: Rules = USUAL
    outcomes: list[Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begins with a pause. Raises ValueError for one site alone."""
        if len(self.labels) < 2:
            raise ValueError("one site alone cannot be told from others")
        self._deal(order(len(self.labels), self.count, self.seed))

    def _begin(self, task: int) -> Any:
        return Trial(task, len(self.labels), self.rules)

    def step(self, efforts: Sequence[float] | np.ndarray, seconds: float) -> str:
        """Efforts in the order of `labels`. What is to be marked in the recording because it
        happened now, "" otherwise."""
        if self.over:
            return ""
        before = self.trial
        self._turn(np.asarray(efforts, float), seconds)
        if before is None:
            return "" if self.waiting else f"separation: raise {self.labels[self.trial.site]}"
        if not self.waiting:
            return ""
        made = self.outcomes[-1]
        return f"separation: {'hit' if made.hit else 'missed'} {self.labels[made.site]}"

    def record(self, **more: Any) -> dict[str, Any]:
        """What is kept of it: settings, figures and every target; a figure that there is none of is
        None. Raises ValueError before the first target is over."""
        if not self.outcomes:
            raise ValueError("a task without targets has no figures")
        hits = [one for one in self.outcomes if one.hit]
        apart = [one.apart_db for one in self.outcomes if math.isfinite(one.apart_db)]
        others = [one.others for one in self.outcomes if math.isfinite(one.others)]
        return {
            "sites": list(self.labels), "targets": self.count, "seed": self.seed,
            "rules": asdict(self.rules),
            "figures": plain({
                "n": len(self.outcomes), "hits": len(hits),
                "seconds": mean([one.seconds for one in hits]),
                "apart_db": mean(apart), "others": mean(others), "in_band": len(apart),
            }),
            "outcomes": [plain(asdict(one)) for one in self.outcomes],
            **more,
        }  # fmt: skip


def said(content: dict[str, Any]) -> str:
    """One kept result in a line."""
    found = content["figures"]
    text = f"{found['hits']} of {found['n']} hit"
    if found["seconds"] is not None:
        text += f", {found['seconds']:.1f} s each"
    if found["apart_db"] is not None:
        text += f", others {found['apart_db']:.0f} dB below"
    return text
