# SPDX-License-Identifier: GPL-3.0-or-later
"""The decoder of this person: fitted, and its transform and lambda chosen on this person's data.

Every candidate is judged on repetitions that it has not seen (leave one repetition out).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from endplate.fit import ridge
from endplate.fit.evaluation import leakage, r2

LAMBDAS = (1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
USUAL_LAMBDA = 1e-2
SAME = 0.003  # two scores nearer than this are the same: then the usual choice is kept
#: A site that gives a DoF less than this share of its output is left out of that DoF, so that
#: `needs` can be exactly the sites of weight not 0, and a fault elsewhere freezes nothing.
MATERIAL_SHARE = 0.04


@dataclass(frozen=True)
class Frames:
    """What the regression sees, a row per hop.

    `y` [hops, dofs]; `resting` bool: nothing is meant; `arm` bool: of these, the arm moves;
    `used` bool: not to be trusted otherwise; `repetition` [hops]: number of the repetition, -1
    where the frame is always trained on.
    """

    y: np.ndarray
    resting: np.ndarray
    arm: np.ndarray
    used: np.ndarray
    repetition: np.ndarray

    def training(self, left_out: int | None) -> np.ndarray:
        """Mask of the frames to train on without one repetition (None: all)."""
        return self.used if left_out is None else self.used & (self.repetition != left_out)


@dataclass(frozen=True)
class Decoder:
    """weights [dofs, sites], bias [dofs]."""

    weights: np.ndarray
    bias: np.ndarray

    def __call__(self, u: np.ndarray) -> np.ndarray:
        """Intent [hops, dofs]."""
        return ridge.predict(u, self.weights, self.bias)


def fit_decoder(
    u: np.ndarray, frames: Frames, lambda_: float, left_out: int | None = None
) -> Decoder:
    """Fits each DoF on the sites that matter to it; the others get weight 0."""
    weight = ridge.frame_weights(frames.resting, frames.training(left_out))
    weights, bias = ridge.fit(u, frames.y, weight, lambda_, frames.resting)
    size = np.sqrt(weight @ np.square(u - weight @ u))
    for d in range(frames.y.shape[1]):
        gives = np.abs(weights[d]) * size
        kept = gives >= MATERIAL_SHARE * gives.sum()
        if kept.all() or not kept.any():
            continue
        row, offset = ridge.fit(u[:, kept], frames.y[:, [d]], weight, lambda_, frames.resting)
        weights[d] = 0.0
        weights[d, kept], bias[d] = row[0], offset[0]
    return Decoder(weights, bias)


def dead_zone(intent: np.ndarray, low: np.ndarray | float) -> np.ndarray:
    """Dead-band and rescale of shape.h, without hysteresis: intent [.., dofs] -> [.., dofs]."""
    size = np.clip((np.abs(intent) - low) / (1 - np.asarray(low)), 0, 1)
    return np.sign(intent) * size


def held_out(u: np.ndarray, frames: Frames, lambda_: float) -> np.ndarray:
    """Intent [hops, dofs] of each repetition by a decoder trained without it; NaN elsewhere."""
    out = np.full(frames.y.shape, np.nan)
    for number in sorted(set(frames.repetition[frames.repetition >= 0].tolist())):
        rows = frames.repetition == number
        out[rows] = fit_decoder(u, frames, lambda_, number)(u[rows])
    return out


def score(intent: np.ndarray, frames: Frames) -> dict[str, float]:
    """Mean R^2 over DoF, leakage and share of rest that moves, where the intent is a number."""
    rows = np.isfinite(intent).all(1) & frames.used
    y, x = frames.y[rows], intent[rows]
    shaped = dead_zone(x, 0.1)
    calm = frames.resting[rows]
    moves = float((np.abs(shaped[calm]) > 0).any(1).mean()) if calm.any() else 0.0
    return {
        "r2": float(np.mean([r2(y[:, d], x[:, d]) for d in range(y.shape[1])])),
        "leakage": leakage(y, shaped),
        "rest_motion_share": moves,
    }


def choose(
    activations: dict[str, np.ndarray], frames: Frames
) -> tuple[str, float, list[dict[str, float | str]]]:
    """Returns the form, lambda and the table of all candidates' scores.

    `activations`: form -> u [hops, sites]. The highest mean R^2 wins; among equals (SAME) the first
    form given, and in it the lambda nearest to the usual one.
    """
    table: list[dict[str, float | str]] = []
    for form, u in activations.items():
        for lambda_ in LAMBDAS:
            found = score(held_out(u, frames, lambda_), frames)
            rounded = {key: round(value, 4) for key, value in found.items()}
            table.append({"form": form, "lambda": lambda_, **rounded})
    best = max(float(row["r2"]) for row in table)
    equal = [row for row in table if float(row["r2"]) >= best - SAME]
    order = list(activations)

    def preference(row: dict[str, float | str]) -> tuple[int, float]:
        distance = abs(np.log(float(row["lambda"]) / USUAL_LAMBDA))
        return order.index(str(row["form"])), float(distance)

    chosen = min(equal, key=preference)
    return str(chosen["form"]), float(chosen["lambda"]), table
