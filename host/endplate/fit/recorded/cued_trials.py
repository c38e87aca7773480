# SPDX-License-Identifier: GPL-3.0-or-later
"""Cued recordings to judge decoders on: which repetition is learned from, which one is judged.

The last repetition of each direction is judged on, and all before it are learned from, together
with what belongs to no repetition (rest at the begin, arm motion, references). Combinations that
were recorded are judged on, never learned from. What was meant is the cue, as late as the person
took it up; how late is found from the signal, cue by cue, as in a calibration (labels.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from endplate.errors import CalibrationError
from endplate.fit.evaluation import SETTLE_S
from endplate.fit.features import hops_of
from endplate.fit.guided.protocol import words
from endplate.fit.recorded import labels
from endplate.fit.recorded.labels import StartedCue
from endplate.fit.recorded.trials import FULL_SCALE_UV, UV_PER_COUNT, Part, Trials, counts_of

LEAST_REPETITIONS = 3  # two to learn from and to choose by, one to judge on
#: Activity and cues, correlation. 60 recordings of ten people who followed theirs (biopatrec10):
#: 0.46 to 0.97, median 0.89.
LEAST_ALIKE = 0.25
REST_QUANTILE, REFERENCE_QUANTILE = 0.2, 0.9


@dataclass(frozen=True)
class Stretch:
    """Microvolt float [samples, channels] without a gap, and the cues that were given in it."""

    uv: np.ndarray
    cues: Sequence[StartedCue]


def trials_of(
    name: str, rate_hz: float, mains_hz: float, stretches: Sequence[Stretch],
    least: int = LEAST_REPETITIONS,
) -> Trials:
    """One person's recordings in the order of their making, at least so many repetitions of each
    direction. Raises CalibrationError."""
    cues = [cue for stretch in stretches for _, cue in stretch.cues]
    dofs = tuple(dict.fromkeys(dof for cue in cues for dof in cue.target))
    if not dofs:
        return Trials(name, rate_hz, (), [_unjudged(each) for each in stretches], mains_hz)
    numbers = labels.repetitions([(0, cue) for cue in cues])
    last = _last(name, stretches, numbers, least)
    several = any(cue.kind == "combination" for cue in cues)
    parts, at = [], 0
    for stretch in stretches:
        mine = slice(at, at + len(stretch.cues))
        parts.append(_part(name, stretch, numbers[mine], last[mine], at, dofs, rate_hz, mains_hz))
        at += len(stretch.cues)
    note = "Recorded combinations are judged on, never learned from." if several else ""
    return Trials(
        name, rate_hz, dofs, parts, mains_hz, combined=several, settle_s=SETTLE_S, note=note
    )


def _unjudged(stretch: Stretch) -> Part:
    return Part(stretch.uv, np.zeros((len(stretch.uv), 0)), -1, False)


def _last(
    name: str, stretches: Sequence[Stretch], numbers: np.ndarray, least: int
) -> np.ndarray:
    """Which cues are judged on, bool [cues]."""
    cues = [cue for stretch in stretches for _, cue in stretch.cues]
    judged = np.array([cue.kind == "combination" for cue in cues])
    single = np.array([cue.kind == "trapezoid" for cue in cues])
    keys = [tuple((dof, value > 0) for dof, value in sorted(cue.target.items())) for cue in cues]
    for key in dict.fromkeys(key for key, one in zip(keys, single, strict=True) if one):
        mine = np.array([other == key for other in keys]) & single
        done = len(set(numbers[mine].tolist()))
        if done < least:
            said = words(key[0][0], 1.0 if key[0][1] else -1.0)
            raise CalibrationError(
                f"{name} has {done} of '{said}', and decoders are judged on three or more of each: "
                "two to learn from and to choose by, the last to judge on (or two, and another "
                "recording to judge on)."
            )
        judged |= mine & (numbers == numbers[mine].max())
    return judged


def _part(
    name: str, stretch: Stretch, numbers: np.ndarray, judged: np.ndarray, at: int,
    dofs: Sequence[str], rate_hz: float, mains_hz: float,
) -> Part:
    """A stretch with what was meant at each sample; NaN where there was no cue."""
    n, order = len(stretch.uv), np.argsort([start for start, _ in stretch.cues], kind="stable")
    cues = [stretch.cues[k] for k in order]
    numbers, judged = numbers[order], judged[order]
    late = _reactions(name, stretch.uv, cues, dofs, rate_hz, mains_hz)
    y, known = np.zeros((n, len(dofs))), np.zeros(n, bool)
    repetition, test, which = np.full(n, -1), np.zeros(n, bool), np.full(n, -1)
    now: tuple[int, bool] = -1, False
    for k, (start, cue) in enumerate(cues):
        if cue.target:  # combinations are judged, whichever repetition they would be
            now = -1 if cue.kind == "combination" else int(numbers[k]), bool(judged[k])
        rows = slice(max(0, start), n)
        repetition[rows], test[rows], which[rows] = *now, at + k
        known[max(0, start) : start + round(cue.duration_s * rate_hz)] = cue.kind != "void"
        stop = start + round((cue.duration_s + late[k]) * rate_hz)
        since = np.arange(max(0, start), min(n, max(0, stop))) - start
        level = cue.level(since / rate_hz - late[k])
        for dof, value in cue.target.items():
            y[since + start, dofs.index(dof)] += value * level
    y[~known] = np.nan
    return Part(stretch.uv, y, repetition, test, which)


def _reactions(
    name: str, uv: np.ndarray, cues: Sequence[StartedCue], dofs: Sequence[str], rate_hz: float,
    mains_hz: float,
) -> np.ndarray:
    """Seconds from each cue to what was done, by the activity of all channels."""
    hops = hops_of(counts_of(uv), rate_hz, UV_PER_COUNT, FULL_SCALE_UV, mains_hz)
    rest = np.quantile(hops.power, REST_QUANTILE, axis=0)
    above = np.sqrt(np.maximum(0.0, hops.power - rest))
    full = np.quantile(above, REFERENCE_QUANTILE, axis=0)
    activity = (above[:, full > 0] / full[full > 0]).sum(1)
    late = labels.reaction_s(activity, hops.time_s, hops.window_s, cues, rate_hz)
    meant = np.abs(labels.targets(cues, late, hops.time_s, hops.window_s, dofs, rate_hz)).max(1)
    if np.ptp(meant) > 0 and np.ptp(activity) > 0:
        alike = float(np.corrcoef(meant, activity)[0, 1])
        if alike < LEAST_ALIKE:
            raise CalibrationError(
                f"The signal of {name} does not rise when something was meant (correlation "
                f"{alike:.2f}): its cues or events are those of another recording, or shifted."
            )
    return late
