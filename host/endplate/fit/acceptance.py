# SPDX-License-Identifier: GPL-3.0-or-later
"""Is this recording fit to make a decoder from? Each check refuses with one sentence that says what
to do, or says what it leaves out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from endplate.errors import CalibrationError
from endplate.fit.labels import StartedCue
from endplate.fit.protocol import words

LEAST_REST_S = 2.0
LEAST_REPETITIONS = 2
LEAST_SIGNAL_DB = 3.0  # of the best site over rest, or a direction has no signal
MOST_BAD = 0.10  # share of time that a site may be flat or railed before it is left out


def as_counts(counts: np.ndarray, sites: Sequence[Any]) -> np.ndarray:
    """Counts as int32 [samples, channels], or the sentence that says what is wrong with them."""
    counts = np.asarray(counts)
    if counts.ndim != 2 or not len(counts):
        raise CalibrationError("The calibration holds no samples: check the board and start again.")
    if counts.dtype.kind == "f" and not np.isfinite(counts).all():
        raise CalibrationError(
            "The recording holds values that are not numbers: check the board and calibrate again."
        )
    for site in sites:
        if site.channel > counts.shape[1]:
            raise CalibrationError(
                f"The site {site.label} is on channel {site.channel}, but the board has "
                f"{counts.shape[1]} channels: choose another montage or board."
            )
    return np.ascontiguousarray(counts, dtype=np.int32)


def moved_dofs(
    dofs: Sequence[str] | None, hand: Any, cues: Sequence[StartedCue]
) -> tuple[str, ...]:
    """The DoF to decode, in the hand's order: those named, else the hand's that the cues move."""
    moved = {dof for _, cue in cues for dof in cue.target}
    if dofs is None:
        dofs = [dof.name for dof in getattr(hand, "dofs", ())] or sorted(moved)
        dofs = [dof for dof in dofs if dof in moved]
    if not dofs:
        raise CalibrationError(
            "The calibration was cut short before the first movement: start it again."
        )
    unknown = moved - set(dofs)
    if unknown:
        raise CalibrationError(
            f"The calibration moved {', '.join(sorted(unknown))}, which this hand does not have: "
            "choose the hand's own DoF and calibrate again."
        )
    return tuple(dofs)


def left_out_sites(bad: np.ndarray, sites: Sequence[Any], says: list[str]) -> np.ndarray:
    """Mask of the sites that were flat or railed for too long; says so, or refuses if all were."""
    out = bad.mean(0) > MOST_BAD if len(bad) else np.zeros(len(sites), bool)
    if out.all():
        raise CalibrationError(
            "Every site was flat or railed during the calibration: check electrodes and reference."
        )
    for site, is_out in zip(sites, out, strict=True):
        if is_out:
            says.append(
                f"Site {site.label} (channel {site.channel}) was flat or railed and is left out: "
                "check its electrode."
            )
    return out


def check_enough(
    cues: Sequence[StartedCue], dofs: Sequence[str], least: int = LEAST_REPETITIONS
) -> None:
    """Refuses a calibration with too little rest or too few repetitions of a direction."""
    rest_s = sum(cue.active_s for _, cue in cues if cue.kind == "rest")
    if rest_s < LEAST_REST_S:
        raise CalibrationError(
            f"The calibration holds no rest of at least {LEAST_REST_S:g} s: start again and stay "
            "relaxed while the screen says so."
        )
    for dof in dofs:
        for sign in (1.0, -1.0):
            done = sum(
                cue.kind == "trapezoid" and cue.target.get(dof, 0.0) * sign > 0 for _, cue in cues
            )
            if done < least:
                raise CalibrationError(
                    f"'{words(dof, sign)}' was done {done} times, and at least {least} are needed: "
                    "calibrate again to the end."
                )


def check_signal(
    matrix: dict[tuple[str, float], np.ndarray],
    rest: np.ndarray,
    sites: Sequence[Any],
    dofs: Sequence[str],
) -> None:
    """Refuses when no site hears a direction; `matrix` (dof, sign) -> microvolt above rest [sites],
    `rest` power [sites] in microvolt^2.
    """
    for (dof, sign), row in matrix.items():
        best = float(np.max(np.square(row) / rest))
        if 10 * math.log10(max(best, 1e-9)) >= LEAST_SIGNAL_DB:
            continue
        wanted = words(dof, sign)
        meant = [site for site in sites if words_of(site) == wanted]
        place = f"site {meant[0].label} (channel {meant[0].channel})" if meant else "the electrodes"
        raise CalibrationError(
            f"'{wanted}' gives no muscle signal above rest: check the contact of {place} or move "
            "it, and calibrate again."
        )


def words_of(site: Any) -> str:
    """What the screen says for a site's function: "hand close" -> "Close hand"; "" if unknown."""
    first = {"close": 1.0, "open": -1.0, "flexion": 1.0, "extension": -1.0,
             "pronation": 1.0, "supination": -1.0}
    parts = str(getattr(site, "function", "")).replace("_", " ").split()
    if len(parts) < 2 or parts[-1] not in first:
        return ""
    sign = first[parts[-1]]
    dof = "_".join(parts[:-1])
    if dof == "wrist":
        dof = "wrist_flexion" if "flex" in parts[-1] or "ext" in parts[-1] else "wrist_rotation"
    return words(dof, sign)
