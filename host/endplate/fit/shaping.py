# SPDX-License-Identifier: GPL-3.0-or-later
"""Dead-band and gain per DoF from a decoder's own output at rest and in the reference contraction.

The dead-band is 0.10 and grows when rest or arm motion would move the hand; the gain of each
direction brings the comfortable reference contraction to full velocity, unless the decoder tells
the movements apart so poorly that such a gain would mostly amplify its mistakes.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from endplate.core import check, ffi, lib
from endplate.fit.evaluation import leakage, r2
from endplate.fit.frames import Frames
from endplate.fit.protocol import words
from endplate.live.profile import PLAIN_SHAPE, RELEASE_RATIO

LEAST_DEAD_BAND = 0.10
MOST_DEAD_BAND = 0.30
REST_QUANTILE = 0.998  # of the output at rest that the dead-band must cover
LEAST_GAIN, MOST_GAIN = 0.5, 4.0
LEEWAY = 1.1  # a gain may exceed the one of least error by so much to reach full speed
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
            gain = _gain(intent[:, d] * sign, label, reference, low)
            most = min(MOST_GAIN, LEEWAY * _fair_gain(unseen[:, d] * sign, label, low))
            reached, gain = most / gain, max(min(gain, most), LEAST_GAIN)
            if reached < WEAK_REACH:
                says.append(
                    f"'{words(dof, sign)}' stays below full speed at comfortable effort, because "
                    "more gain would make other movements stray into it."
                )
            shape[side]["gain"] = round(gain, 4)
        made[dof] = shape
    return made, says


def _reach(intent: np.ndarray) -> float:
    return float(np.quantile(np.abs(intent), REST_QUANTILE)) if len(intent) else 0.0


def _gain(intent: np.ndarray, label: np.ndarray, reference: np.ndarray, low: float) -> float:
    """Gain that brings the median of the reference hold, after the dead-band, to 1.

    While the DoF moves, the threshold in force is the lower one of the hysteresis.
    """
    low *= RELEASE_RATIO
    held = reference & (label > 0.95)
    if not held.any():
        held = label > 0.95
    reached = float(np.median(np.clip((intent[held] - low) / (1 - low), 0, None)))
    return max(LEAST_GAIN, 1.0 / max(reached, 1e-6))


def _fair_gain(unseen: np.ndarray, label: np.ndarray, low: float) -> float:
    """Gain with the least squared error on repetitions that the decoder had not seen."""
    known = np.isfinite(unseen)
    low *= RELEASE_RATIO
    moved = np.clip((unseen[known] - low) / (1 - low), 0, None)
    size = float(moved @ moved)
    return float(moved @ label[known]) / size if size > 0 else LEAST_GAIN


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
        "rest_motion_share": round(float((x[calm] != 0).any(1).mean()) if calm.any() else 0.0, 4),
    }
