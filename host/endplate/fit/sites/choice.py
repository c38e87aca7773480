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

from endplate.fit import auto
from endplate.fit.assignment import assigned
from endplate.fit.features import LEAST_UV2

HELD = 0.9
JUDGED_BY = "ridge on RMS"  # fast: a calibration is not kept waiting
MISSED = 0.01  # of R^2: a site that is missed by less need not be kept
TIED = 0.005  # of R^2: what two repetitions cannot tell apart; the poorer site goes first
FOLLOWED_R2, MOST_LEAKAGE = 0.75, 0.10  # of a DoF that these sites carry
MEANT = 0.3  # of a target: beyond it another DoF moves
SEPARATE, BARELY = 4.0, 2.0  # spreads between two intents

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


def worth(found: Matrix) -> np.ndarray:
    """How far each intent stands out at each site above its other intents or its rest, as a
    logarithm, [intents, sites]."""
    others = [np.delete(found.uv, k, 0).max(0, initial=0.0) for k in range(len(found.uv))]
    least = np.maximum(np.array(others).reshape(found.uv.shape), found.rest_uv)
    return np.log(np.maximum(found.uv, 1e-3)) - np.log(least)


def isolate(found: Matrix) -> dict[Intent, int]:
    """A site of its own for each intent: the assignment with the loudest and most isolated ones."""
    rows, columns = assigned(worth(found))
    return {found.intents[row]: int(column) for row, column in zip(rows, columns, strict=True)}


def only(data: auto.Data, sites: Sequence[int]) -> auto.Data:
    """The same session, heard through these sites alone."""
    return replace(
        data, statistics=data.statistics.only(sites), look=data.look.only(sites), vectors={}
    )


def cover(
    data: auto.Data, progress: Callable[[int], None] | None = None, judged_by: str = JUDGED_BY,
    among: Sequence[int] | None = None,
) -> Cover:  # fmt: skip
    """Backward selection from the sites `among` (all). `progress` hears how many are left.

    Of sites whose loss the error cannot tell apart, the one that no intent stands out at goes
    first: on a stump that sweats, the clear site is the one that lasts.
    """
    candidate = auto.BY_NAME[judged_by]
    clear = worth(matrix(data)).max(0, initial=-np.inf)
    options = candidate.tried[0]

    def error(sites: tuple[int, ...]) -> float:
        some = only(data, sites)
        figures = auto.score(auto.held_out(some, candidate, options), some.frames)
        value = figures["r2"]
        if data.combined and np.isfinite(figures["combined_r2"]):
            value = (value + figures["combined_r2"]) / 2
        return 1.0 - value

    sites = tuple(range(data.statistics.power.shape[1]) if among is None else among)
    steps = [Step(sites, error(sites), None)]
    while len(sites) > 1:
        if progress:
            progress(len(sites))
        without = {s: error(tuple(x for x in sites if x != s)) for s in sites}
        least = min(without.values())
        left = min((s for s in sites if without[s] <= least + TIED), key=lambda s: clear[s])
        sites = tuple(x for x in sites if x != left)
        steps.append(Step(sites, without[left], left))
    least = min(step.error for step in steps)
    chosen = min((s for s in steps if s.error <= least + MISSED), key=lambda s: len(s.sites))
    return Cover(tuple(steps), chosen.sites)


def figures(row: auto.Row, data: auto.Data) -> dict[str, tuple[float, float]]:
    """R^2 of each DoF, and the mean output on it while only others are meant, on single movements
    of repetitions that were left out."""
    frames, intent = data.frames, row.held_out
    known = np.isfinite(intent).all(1) & frames.used & ~frames.added
    y, x = frames.y[known], intent[known]
    found = {}
    for d, dof in enumerate(data.dofs):
        idle = (np.abs(y).max(1) > MEANT) & (np.abs(y[:, d]) < 1e-6)
        leak = float(np.abs(x[idle, d]).mean()) if idle.any() else 0.0
        found[str(dof)] = auto.r2(y[:, d], x[:, d]), leak
    return found


def supported(found: dict[str, tuple[float, float]]) -> list[str]:
    """The DoF that a decoder of these figures follows honestly, the best first."""
    good = [
        (r2, dof) for dof, (r2, leak) in found.items()
        if r2 >= FOLLOWED_R2 and leak <= MOST_LEAKAGE
    ]  # fmt: skip
    return [dof for _, dof in sorted(good, reverse=True)]
