# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sites say what: the site x intent matrix, and which sites to keep for which control.

Two ways to choose. *Isolate*, for direct control: for each direction the site that says it loudest
and alone. *Cover*, for decoders that look at all sites at once: the subset that decodes best, found
by leaving out one site after the other, each time the one that is missed least; every subset is
judged on repetitions that its decoder has not seen (PMC5481845).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from endplate.fit import auto
from endplate.fit.features import LEAST_UV2
from endplate.fit.protocol import words

LEAST_SNR_DB, GOOD_SNR_DB = 12.0, 20.0  # SCIENCE section 2
ISOLATED_DB = 6.0  # twice the amplitude of the next intent
MIXED_DB = 3.0
HELD = 0.9
JUDGED_BY = "ridge on TD2"  # fast, and hides nothing of what a site is worth
MISSED = 0.01  # of R^2: a site that is missed by less need not be kept
FOLLOWED_R2, MOST_LEAKAGE = 0.75, 0.10  # of a DoF that these sites carry
SEPARATE, BARELY = 4.0, 2.0  # spreads between two intents
STRONG = 0.5  # of a site's loudest intent: heard as well

Intent = tuple[str, float]


@dataclass(frozen=True)
class Matrix:
    """What each site says of each intent. `uv` [intents, sites]: RMS above rest, microvolt;
    `rest_uv` [sites]; `share` [intents, sites]: of the site's loudest intent."""

    intents: tuple[Intent, ...]
    uv: np.ndarray
    rest_uv: np.ndarray

    @property
    def share(self) -> np.ndarray:
        """Of each site's loudest intent, 0..1."""
        return self.uv / np.maximum(self.uv.max(0), 1e-9)

    @property
    def best(self) -> np.ndarray:
        """Index of each site's loudest intent, [sites]."""
        return self.uv.argmax(0)

    def snr_db(self) -> np.ndarray:
        """Of each site's loudest intent over rest, [sites]."""
        ratio = np.maximum(self.uv.max(0), 1e-9) / np.maximum(self.rest_uv, 1e-9)
        return 20 * np.log10(ratio)

    def isolation_db(self) -> np.ndarray:
        """Loudest intent over the next one, [sites]; 60 where there is no other."""
        ordered = np.sort(np.maximum(self.uv, 1e-3), axis=0)
        if len(ordered) < 2:
            return np.full(self.uv.shape[1], 60.0)
        return np.minimum(60.0, 20 * np.log10(ordered[-1] / ordered[-2]))


@dataclass(frozen=True)
class Advice:
    """What to do with a site: keep, move, swap or drop, and why, in one sentence."""

    site: int
    action: str
    sentence: str


@dataclass(frozen=True)
class Step:
    """A subset of sites on the way down: its error (1 - R^2, repetitions left out) and who left."""

    sites: tuple[int, ...]
    error: float
    left: int | None


@dataclass(frozen=True)
class Cover:
    """All steps from all sites to one, and the smallest subset that is nearly as good as any."""

    steps: tuple[Step, ...]
    chosen: tuple[int, ...]


def matrix(data: auto.Data) -> Matrix:
    """From the holds of single movements."""
    frames, power = data.frames, data.statistics.power
    calm = frames.resting & frames.used & ~frames.added
    rest = np.median(power[calm], axis=0) if calm.any() else data.look.rest
    intents, rows = [], []
    for d, dof in enumerate(data.dofs):
        alone = np.abs(np.delete(frames.y, d, 1)).sum(1) < 0.05
        for sign in (1.0, -1.0):
            held = (frames.y[:, d] * sign > HELD) & alone & frames.used & ~frames.added
            if held.any():
                intents.append((str(dof), sign))
                rows.append(np.sqrt(np.maximum(0.0, power[held].mean(0) - rest)))
    uv = np.array(rows) if rows else np.zeros((0, power.shape[1]))
    return Matrix(tuple(intents), uv, np.sqrt(np.maximum(rest, LEAST_UV2)))


def separability(data: auto.Data) -> dict[tuple[Intent, Intent], float]:
    """How many spreads lie between every two intents: Mahalanobis distance of their means in log
    power, by the spread within holds."""
    vectors = data.look.seen(1, "log").vectors(data.statistics).astype(float)
    frames, means, offs = data.frames, {}, []
    for d, dof in enumerate(data.dofs):
        for sign in (1.0, -1.0):
            held = (frames.y[:, d] * sign > HELD) & frames.used & ~frames.added
            if held.sum() > 2:
                means[str(dof), sign] = vectors[held].mean(0)
                offs.append(vectors[held] - vectors[held].mean(0))
    if len(means) < 2:
        return {}
    spread = np.cov(np.concatenate(offs).T).reshape(vectors.shape[1], -1)
    spread = spread + 1e-3 * np.trace(spread) / len(spread) * np.eye(len(spread))
    inverse, found = np.linalg.inv(spread), {}
    keys = list(means)
    for i, a in enumerate(keys):
        for b in keys[i + 1 :]:
            between = means[a] - means[b]
            found[a, b] = float(math.sqrt(between @ inverse @ between))
    return found


def isolate(found: Matrix) -> dict[Intent, int]:
    """A site of its own for each intent: the assignment with the loudest and most isolated ones."""
    others = np.array([np.delete(found.uv, k, 0).max(0, initial=0.0) for k in range(len(found.uv))])
    worth = np.log(np.maximum(found.uv, 1e-3)) - np.log(np.maximum(others, found.rest_uv))
    rows, columns = linear_sum_assignment(-worth)
    return {found.intents[row]: int(column) for row, column in zip(rows, columns, strict=True)}


def only(data: auto.Data, sites: Sequence[int]) -> auto.Data:
    """The same session, heard through these sites alone."""
    return replace(
        data, statistics=data.statistics.only(sites), look=data.look.only(sites), vectors={}
    )


def cover(
    data: auto.Data, progress: Callable[[int], None] | None = None, judged_by: str = JUDGED_BY
) -> Cover:
    """Backward selection. `progress` hears how many sites are left."""
    candidate = auto.BY_NAME[judged_by]
    options = candidate.tried[0]

    def error(sites: tuple[int, ...]) -> float:
        some = only(data, sites)
        figures = auto.score(auto.held_out(some, candidate, options), some.frames)
        value = figures["r2"]
        if data.combined and np.isfinite(figures["combined_r2"]):
            value = (value + figures["combined_r2"]) / 2
        return 1.0 - value

    sites = tuple(range(data.statistics.power.shape[1]))
    steps = [Step(sites, error(sites), None)]
    while len(sites) > 1:
        if progress:
            progress(len(sites))
        without = {s: error(tuple(x for x in sites if x != s)) for s in sites}
        left = min(without, key=lambda s: without[s])
        sites = tuple(x for x in sites if x != left)
        steps.append(Step(sites, without[left], left))
    least = min(step.error for step in steps)
    chosen = min((s for s in steps if s.error <= least + MISSED), key=lambda s: len(s.sites))
    return Cover(tuple(steps), chosen.sites)


def supported(row: auto.Row, data: auto.Data) -> list[str]:
    """The DoF that a decoder follows honestly on repetitions that it has not seen, the best
    first."""
    frames, intent = data.frames, row.held_out
    known = np.isfinite(intent).all(1) & frames.used & ~frames.added
    found = []
    for d, dof in enumerate(data.dofs):
        y, x = frames.y[known, d], intent[known, d]
        idle = (np.abs(frames.y[known]).max(1) > 0.3) & (np.abs(y) < 1e-6)
        leak = float(np.abs(x[idle]).mean()) if idle.any() else 0.0
        r2 = auto.r2(y, x)
        if r2 >= FOLLOWED_R2 and leak <= MOST_LEAKAGE:
            found.append((r2, str(dof)))
    return [dof for _, dof in sorted(found, reverse=True)]


def advise(
    found: Matrix, labels: Sequence[str], functions: Sequence[str] = (), bad: Sequence[str] = ()
) -> list[Advice]:
    """One piece of advice a site. `functions` are what the montage means each site for, in the
    words of protocol.words; `bad` what is wrong with its contact, "" if nothing."""
    said = []
    snr, isolation = found.snr_db(), found.isolation_db()
    for site, label in enumerate(labels):
        wrong = bad[site] if site < len(bad) else ""
        function = functions[site] if site < len(functions) else ""
        said.append(_one(found, site, label, float(snr[site]), float(isolation[site]), function,
                         wrong, labels))  # fmt: skip
    return said


def _one(
    found: Matrix, site: int, label: str, snr: float, isolation: float, function: str, wrong: str,
    labels: Sequence[str],
) -> Advice:  # fmt: skip
    if wrong:
        return Advice(site, "drop", f"{label} is {wrong}: check its electrode, or leave it out.")
    if not found.intents:
        return Advice(site, "keep", f"{label}: nothing has been tried yet.")
    best = found.intents[int(found.best[site])]
    loud = words(*best).lower()
    if snr < LEAST_SNR_DB:
        return Advice(
            site, "move",
            f"{label} hardly hears any movement ({snr:.0f} dB over rest): move it along the "
            "muscle, or press it on.",
        )  # fmt: skip
    rival = int(found.uv[int(found.best[site])].argmax())
    if rival != site and isolation < MIXED_DB and found.share[:, site].min() > STRONG:
        return Advice(
            site, "drop",
            f"{label} hears every movement alike, and {labels[rival]} hears {loud} better: leave "
            "it out.",
        )  # fmt: skip
    if isolation < MIXED_DB:
        second = found.intents[int(np.argsort(found.uv[:, site])[-2])]
        return Advice(
            site, "move",
            f"{label} hears {loud} and {words(*second).lower()} ({isolation:.0f} dB apart): move "
            "it 1-2 cm away from the other muscle.",
        )  # fmt: skip
    if function and function.lower() != loud:
        return Advice(
            site, "swap",
            f"{label} is meant for {function.lower()} and hears {loud}: swap the cables, or name "
            "the site anew.",
        )  # fmt: skip
    verdict = "alone" if isolation >= ISOLATED_DB else "most"
    return Advice(
        site, "keep",
        f"{label} hears {loud} {verdict} ({snr:.0f} dB over rest, next {isolation:.0f} dB below): "
        "keep it.",
    )  # fmt: skip
