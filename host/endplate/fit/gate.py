# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate of a person (firmware/core/gate.h): what is rest, and what is like nothing seen before.

Both look at the powers of the vector alone. The rest detector is a discriminant between rest and
movement whose threshold lies where neither is mistaken, or else where movement is not. The centres
of what has been seen are made of the calibration's hops, of sums of movements, and of the same
contractions up to twice as strong: an effort beyond the comfortable one is nothing new.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from endplate.fit.features import Look, Statistics
from endplate.fit.frames import Frames
from endplate.live.decoder import Pool

MEANT = 0.2  # of a target: beyond it a movement must not be taken for rest
MISTAKEN = 0.005  # share of hops that may be
STRONGER = (1.0, 2.0, 4.0)  # times the power
CENTRES = 40
ROUNDS = 12  # of k-means
SEEN_QUANTILE = 0.999
FURTHER = 1.6  # times that: novel
SEED = 11


@dataclass(frozen=True)
class Gate:
    """Rest: weights [sites + 1] and wake. Novelty: whiten [sites, sites], centres [n, sites]."""

    rest: np.ndarray
    wake: float
    whiten: np.ndarray
    centres: np.ndarray
    limit: float

    def part(self, pool: Pool) -> dict[str, Any]:
        """`gate_config`, its numbers added to the decoder's pool."""
        return {
            "inputs": len(self.whiten), "centres": len(self.centres),
            "wake": float(np.float32(self.wake)), "limit": float(np.float32(self.limit)),
            "rest_at": pool.add(self.rest), "whiten_at": pool.add(self.whiten),
            "centre_at": pool.add(self.centres @ self.whiten.T),
        }  # fmt: skip


def train(statistics: Statistics, frames: Frames, look: Look) -> Gate:
    """The gate for vectors made as `look` says."""
    used = frames.used
    x = _powers(look, statistics)
    weights, wake = _rest(x, frames)
    moving = used & (np.abs(frames.y).max(1) > 0.5)
    parts = [x[used]]
    for times in STRONGER[1:]:
        louder = Statistics(*(part[moving] * times for part in statistics.parts))
        parts.append(_powers(look, louder))
    seen = np.concatenate(parts)
    spread = _within(x, frames)
    whiten = np.linalg.cholesky(np.linalg.inv(spread)).T
    centres = _centres(seen @ whiten.T) @ np.linalg.inv(whiten).T
    away = distance(seen, whiten, centres)
    limit = FURTHER * float(np.quantile(away, SEEN_QUANTILE))
    return Gate(weights, wake, whiten, centres, limit)


def distance(x: np.ndarray, whiten: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """From each row to the nearest centre, whitened."""
    a, b = x @ whiten.T, centres @ whiten.T
    square = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
    return np.sqrt(np.maximum(square.min(1), 0.0))


def _powers(look: Look, statistics: Statistics) -> np.ndarray:
    return look.seen(1, look.form).vectors(statistics).astype(float)


def _within(x: np.ndarray, frames: Frames) -> np.ndarray:
    """Covariance [sites, sites] within what is meant: rest, and each movement's holds."""
    signs = np.where(np.abs(frames.y) > 0.9, np.sign(frames.y), 0)
    groups = [frames.used & frames.resting]
    for pattern in np.unique(signs[np.abs(signs).any(1)], axis=0):
        groups.append(frames.used & (signs == pattern).all(1))
    groups = [group for group in groups if group.sum() > 2]
    if not groups:
        groups = [frames.used]
    total = np.mean([np.cov(x[group].T).reshape(x.shape[1], -1) for group in groups], axis=0)
    size = max(float(np.trace(total)) / len(total), 1e-6)
    return total + 0.1 * size * np.eye(len(total))


def _rest(x: np.ndarray, frames: Frames) -> tuple[np.ndarray, float]:
    """Weights [sites + 1] and wake."""
    calm = frames.used & frames.resting
    meant = frames.used & (np.abs(frames.y).max(1) > MEANT)
    if calm.sum() < 3 or meant.sum() < 3:
        return np.append(np.zeros(x.shape[1]), 1.0), 0.0  # never at rest
    spread = (np.cov(x[calm].T) + np.cov(x[meant].T)).reshape(x.shape[1], -1)
    spread = spread + 0.1 * np.trace(spread) / len(spread) * np.eye(len(spread)) + 1e-9
    weight = np.linalg.solve(spread, x[meant].mean(0) - x[calm].mean(0))
    weight = np.maximum(weight, 0.0)  # more activity is never more rest
    if not weight.any():
        return np.append(np.zeros(x.shape[1]), 1.0), 0.0
    at_rest, moving = x[calm] @ weight, x[meant] @ weight
    high, low = np.quantile(at_rest, 1 - MISTAKEN), np.quantile(moving, MISTAKEN)
    off = min(high, low)
    scale = max(float(np.std(moving)), 1e-6)
    return np.append(weight, -off) / scale, max(0.0, 0.25 * float(low - high) / scale)


def _centres(x: np.ndarray) -> np.ndarray:
    """K-means from a fixed seed, [CENTRES or fewer, sites]."""
    chance = np.random.default_rng(SEED)
    x = x if len(x) <= 6000 else x[chance.choice(len(x), 6000, replace=False)]
    centres = x[chance.choice(len(x), min(CENTRES, len(x)), replace=False)]
    for _ in range(ROUNDS):
        square = (centres**2).sum(1) - 2 * x @ centres.T
        nearest = square.argmin(1)
        for k in range(len(centres)):
            mine = nearest == k
            if mine.any():
                centres[k] = x[mine].mean(0)
    return centres
