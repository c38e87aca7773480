# SPDX-License-Identifier: GPL-3.0-or-later
"""Ridge regression on the vector itself: on RMS, log-RMS or TD2, as the vector is made."""

from __future__ import annotations

from typing import Any

import numpy as np

from endplate.fit import ridge
from endplate.fit.decoders.lesson import Lesson
from endplate.live import decoder as made

OPTIONS: tuple[dict[str, Any], ...] = tuple(
    {"lambda_": value} for value in (1e-2, 1e-3, 3e-3, 3e-2, 1e-4, 1e-1)
)
#: A site that gives a DoF less than this share of its output is left out of that DoF, so that
#: `needs` can be exactly the sites of weight not 0, and a fault elsewhere freezes nothing.
MATERIAL_SHARE = 0.04


def weights(lesson: Lesson, lambda_: float) -> tuple[np.ndarray, np.ndarray]:
    """Weights [dofs, inputs] and bias [dofs]; each DoF on the sites that matter to it."""
    u, frames = lesson.vectors.astype(float), lesson.frames
    weight = ridge.frame_weights(frames.resting, lesson.training)
    found, bias = ridge.fit(u, frames.y, weight, lambda_, frames.resting)
    size = np.sqrt(weight @ np.square(u - weight @ u))
    for d in range(frames.y.shape[1]):
        if lesson.powers < lesson.inputs:  # pairs are nobody's
            continue
        gives = _per_site(np.abs(found[d]) * size, lesson.sites)
        kept = gives >= MATERIAL_SHARE * gives.sum()
        if kept.all() or not kept.any():
            continue
        columns = np.tile(kept, -(-lesson.inputs // lesson.sites))[: lesson.inputs]
        row, offset = ridge.fit(u[:, columns], frames.y[:, [d]], weight, lambda_, frames.resting)
        found[d] = 0.0
        found[d, columns], bias[d] = row[0], offset[0]
    return found, bias


def _per_site(gives: np.ndarray, sites: int) -> np.ndarray:
    """What each site gives, all its powers together."""
    return gives.reshape(-1, sites).sum(0)


def train(lesson: Lesson, *, lambda_: float) -> dict[str, Any]:
    """The decoder."""
    found, bias = weights(lesson, lambda_)
    return made.plain(found.tolist(), bias.tolist())
