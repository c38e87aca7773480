# SPDX-License-Identifier: GPL-3.0-or-later
"""Is this recording fit to make a decoder from? Each check refuses with one sentence that says what
to do, or says what it leaves out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from endplate.errors import CalibrationError
from endplate.fit.guided.protocol import words
from endplate.fit.recorded.labels import StartedCue

LEAST_REST_S = 2.0
LEAST_REPETITIONS = 2
LEAST_SIGNAL_DB = 3.0  # of the best site over rest, or a direction has no signal
MOST_BAD = 0.10  # share of time that a site may be flat or railed before it is left out
LOST_S = 0.5  # without contact: said, even where the site is kept
#: RMS in microvolt of the strongest moment of the strongest site: people show 20 to 2000, a board
#: without a person 1. Beyond these it is another unit.
LEAST_UV, MOST_UV = 0.1, 20_000.0
STRONGEST = 0.98  # quantile of the hops
CLOSEST = 0.9  # of a cue's length: nearer to the next one, and they overlap


def as_counts(counts: np.ndarray, sites: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Counts as int32 [samples, channels], and which sites hold values that are not numbers, bool
    [sites]; these are 0. Raises CalibrationError with what is wrong with them."""
    counts = np.asarray(counts)
    if counts.ndim != 2 or not len(counts):
        raise CalibrationError("The calibration holds no samples: check the board and start again.")
    for site in sites:
        if site.channel > counts.shape[1]:
            raise CalibrationError(
                f"{site.label} is on channel {site.channel}, but the board has "
                f"{counts.shape[1]} channels: choose another montage or board."
            )
    columns = [site.channel - 1 for site in sites]
    if counts.dtype.kind != "f":
        return np.ascontiguousarray(counts, dtype=np.int32), np.zeros(len(columns), bool)
    unknown = ~np.isfinite(counts)
    broken = unknown[:, columns].any(0)
    if broken.all():
        raise CalibrationError(
            "The recording holds values that are not numbers at every site (the first is sample "
            f"{int(np.flatnonzero(unknown[:, columns].any(1))[0])}): check the board and calibrate "
            "again."
        )
    counts = np.where(unknown.any(0), 0.0, counts)
    if 0 < np.abs(counts).max() < 1:
        raise CalibrationError(
            f"The largest value in the recording is {np.abs(counts).max():.2g}, which is less than "
            "one count: these are volts or microvolts; give the board's counts."
        )
    return np.ascontiguousarray(np.rint(counts), dtype=np.int32), broken


def check_units(power: np.ndarray, counts: np.ndarray) -> None:
    """Refuses signals that no skin gives. `power` [hops, sites] in microvolt^2, of `counts`."""
    if not len(power) or not np.ptp(counts, axis=0).any():
        return  # constant: said as flat
    strongest = float(np.sqrt(np.quantile(power.max(1), STRONGEST)))
    if LEAST_UV <= strongest <= MOST_UV:
        return
    small = strongest < 1
    size, unit = ("less", "volts or millivolts") if small else ("more", "nanovolts or counts")
    raise CalibrationError(
        f"The strongest contraction has {strongest:.2g} microvolt, {size} than any muscle gives: "
        f"the recording is probably in {unit}; state its unit rightly, or convert it to microvolt."
    )


def check_apart(cues: Sequence[StartedCue], rate_hz: float) -> None:
    """Refuses cues that come faster than they last: the rate is another one than it says."""
    lasted = [
        (after - start) / (cue.duration_s * rate_hz)
        for (start, cue), (after, _) in zip(cues, cues[1:], strict=False)
        if cue.kind != "void"
    ]
    if lasted and float(np.median(lasted)) < CLOSEST:
        raise CalibrationError(
            f"The cues come {np.median(lasted):.2g} times as far apart as they last: the recording "
            f"was not made at {rate_hz:g} samples/s; state its rate rightly."
        )


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


def left_out_sites(
    bad: np.ndarray, sites: Sequence[Any], broken: np.ndarray, step_s: float, says: list[str],
    testing: bool = False,
) -> np.ndarray:  # fmt: skip
    """Mask of the sites that were flat, railed or lifted for too long, or are `broken`; says so, or
    refuses if all were. `bad` [hops, sites], a hop each `step_s`. `testing`: the sites themselves
    are tried, so one that lost contact at all is out."""
    lost_s = bad.sum(0) * step_s
    out = bad.mean(0) > MOST_BAD if len(bad) else np.zeros(len(sites), bool)
    out = out | broken | (testing & (lost_s > LOST_S))
    if out.all():
        raise CalibrationError(
            "Every site was flat or railed during the calibration: check electrodes and reference."
        )
    for site, is_out, is_broken, lost in zip(sites, out, broken, lost_s, strict=True):
        if not is_out and lost > LOST_S:
            says.append(
                f"{site.label} (channel {site.channel}) lost contact for {lost:.1f} s, from which "
                "nothing is learned: press its electrode on."
            )
        if is_out:
            why = "holds values that are not numbers" if is_broken else "was flat or railed"
            if not is_broken and lost < MOST_BAD * len(bad) * step_s:
                why = f"lost contact for {lost:.1f} s"
            says.append(
                f"{site.label} (channel {site.channel}) {why} and is left out: check its "
                "electrode and cable, and calibrate again if it is needed."
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
                few = {0: "was never tried", 1: "was tried once"}
                often = few.get(done, f"was tried {done} times")
                needed = "repetition is" if least == 1 else "repetitions are"
                raise CalibrationError(
                    f"'{words(dof, sign)}' {often}, and at least {least} {needed} needed: "
                    "do all of it again, to the end."
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
        place = f"{meant[0].label} (channel {meant[0].channel})" if meant else "the electrodes"
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
