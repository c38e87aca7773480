# SPDX-License-Identifier: GPL-3.0-or-later
"""What the person meant at each hop: the cue's trapezoid, as late as the person and the window are.

The power of a hop is a mean over its window, so the label is the cue's mean over the same window
(that is the shift by W/2), moved by the reaction time of this very cue, found by cross-correlation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from endplate.fit.guided.protocol import Cue

LONGEST_REACTION_S = 1.0  # searched; people show 0.2-0.5 s, slow starters up to 0.8 s
USUAL_REACTION_S = 0.3  # when no cue correlates
LEAST_CORRELATION = 0.6  # below it the median of the other cues is believed
WINDOW_POINTS = 9  # of the mean over the window

StartedCue = tuple[int, Cue]


def windowed_level(cue: Cue, since_s: np.ndarray, window_s: float) -> np.ndarray:
    """Mean height 0..1 of the cue over the window that ends `since_s` after its start."""
    back = (np.arange(WINDOW_POINTS) + 0.5) / WINDOW_POINTS * window_s
    return cue.level(np.asarray(since_s)[..., None] - back).mean(-1)


def reaction_s(
    activity: np.ndarray,
    time_s: np.ndarray,
    window_s: float,
    cues: Sequence[StartedCue],
    rate_hz: float,
) -> np.ndarray:
    """Reaction time per cue in seconds; 0 for cues without a target.

    `activity` [hops] is the sum of activations, `time_s` [hops] the end of each hop's window. A cue
    that hardly correlates (the person slept) takes the median of the others.
    """
    found = np.full(len(cues), np.nan)
    for number, (start, cue) in enumerate(cues):
        if cue.target:
            lag, correlation = alignment(activity, time_s - start / rate_hz, window_s, cue)
            if correlation >= LEAST_CORRELATION:
                found[number] = lag
    usual = float(np.nanmedian(found)) if np.isfinite(found).any() else USUAL_REACTION_S
    with_target = np.array([bool(cue.target) for _, cue in cues])
    return np.where(with_target, np.where(np.isnan(found), usual, found), 0.0)


def alignment(
    activity: np.ndarray,
    since_s: np.ndarray,
    window_s: float,
    cue: Cue,
    earliest_s: float = 0.0,
    latest_s: float = LONGEST_REACTION_S,
) -> tuple[float, float]:
    """How late the activity [hops] follows the cue, in seconds, and how well (correlation).

    `since_s` [hops]: seconds from the cue's start to the end of each hop's window. (0, 0) when
    there is nothing to compare.
    """
    step = float(np.median(np.diff(since_s))) if len(since_s) > 1 else 0.02
    lags = np.arange(earliest_s, latest_s + step / 2, step)
    inside = (since_s >= min(0.0, earliest_s)) & (since_s < cue.duration_s + window_s)
    x = activity[inside] - activity[inside].mean() if inside.any() else np.zeros(0)
    if len(x) < 5 or not x.any():
        return 0.0, 0.0
    shapes = np.stack([windowed_level(cue, since_s[inside] - lag, window_s) for lag in lags])
    shapes -= shapes.mean(1, keepdims=True)
    size = np.linalg.norm(shapes, axis=1) * np.linalg.norm(x)
    correlation = np.divide(shapes @ x, size, out=np.zeros(len(lags)), where=size > 0)
    best = int(np.argmax(correlation))
    return float(lags[best]), float(correlation[best])


def targets(
    cues: Sequence[StartedCue],
    reactions: np.ndarray,
    time_s: np.ndarray,
    window_s: float,
    dofs: Sequence[str],
    rate_hz: float,
) -> np.ndarray:
    """What each DoF should do at each hop, [hops, dofs], -1..1."""
    y = np.zeros((len(time_s), len(dofs)))
    for (start, cue), reaction in zip(cues, reactions, strict=True):
        level = windowed_level(cue, time_s - start / rate_hz - reaction, window_s)
        for dof, value in cue.target.items():
            y[:, list(dofs).index(dof)] += value * level
    return y


def repetitions(cues: Sequence[StartedCue]) -> np.ndarray:
    """The repetition 0, 1, ... that each trapezoid or combination is of its kind; -1 for others."""
    seen: dict[tuple, int] = {}
    numbers = np.full(len(cues), -1)
    for index, (_, cue) in enumerate(cues):
        if cue.kind in ("trapezoid", "combination"):
            key = tuple(sorted(cue.target.items()))
            numbers[index] = seen.get(key, 0)
            seen[key] = numbers[index] + 1
    return numbers


def cue_of_hop(cues: Sequence[StartedCue], end: np.ndarray) -> np.ndarray:
    """Index of the cue that was on when each hop closed, -1 before the first; `cues` in order."""
    starts = np.array([start for start, _ in cues])
    return np.searchsorted(starts, end - 1, side="right") - 1
