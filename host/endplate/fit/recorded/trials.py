# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded trials to judge decoders on: what the muscles said, what was meant, what may be learned.

A reader makes `Trials` of a recording; `hops` runs them through the chain's own filters and
features, part by part, and says which hops are for training and which for judging.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np

from endplate.errors import CalibrationError
from endplate.fit.features import LEAST_UV2, Look, Statistics, hops_of
from endplate.fit.frames import Frames

FULL_SCALE_UV = 187_500.0
UV_PER_COUNT = FULL_SCALE_UV / (2**23 - 1)
WINDOW_S, HOP_S = 0.200, 0.050  # those of the field's comparisons
CALM = 0.05  # of a target: below it nobody means anything
LEAST_SIGNAL_UV2 = 1e-3
MOST_BEYOND = 0.001  # of the samples, out of the range of a board


@dataclass(frozen=True)
class Part:
    """A stretch of recording without a gap.

    `uv` float [samples, channels], any offset; `y` float [samples, dofs], 1 is a comfortable
    effort, NaN where nobody knows; `repetition` of its movement, int or [samples]; `test`: it is
    judged on, never learned from, bool or [samples]; `cue` int or [samples], tells movements apart.
    """

    uv: np.ndarray
    y: np.ndarray
    repetition: int | np.ndarray
    test: bool | np.ndarray
    cue: int | np.ndarray = 0


@dataclass(frozen=True)
class Trials:
    """One person's recording. `combined`: several DoF were meant at once in it, or shall be.

    Within `settle_s` of a movement nobody is taken to rest, where cues do not tell to the tenth of
    a second when it began and ended. `halves` says what is learned from and what is judged on,
    where the numbers of repetitions do not; `note` is what else has to be said; `channels` are
    names of the columns. Without `dofs` only the quality can be judged.
    """

    name: str
    rate_hz: float
    dofs: tuple[str, ...]
    parts: Sequence[Part]
    mains_hz: float = 50.0
    combined: bool = False
    window_s: float = WINDOW_S
    hop_s: float = HOP_S
    settle_s: float = 0.0
    halves: str = ""
    channels: tuple[str, ...] = ()
    note: str = ""
    more: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Hopped:
    """All parts behind each other: statistics, frames, and bool [hops] which are judged on."""

    statistics: Statistics
    frames: Frames
    test: np.ndarray
    overlap: int
    step_s: float


def check(trials: Trials) -> None:
    """Refuses in one sentence what no decoder can be judged on."""
    name = trials.name
    if not trials.parts:
        raise CalibrationError(f"{name} holds no trials: check the folder and the reader.")
    for number, part in enumerate(trials.parts):
        where = f"Trial {number + 1} of {name}"
        if part.uv.ndim != 2 or part.uv.shape[1] != trials.parts[0].uv.shape[1]:
            raise CalibrationError(
                f"{where} has other channels than the first ({part.uv.shape}): use one montage."
            )
        if len(part.uv) != len(part.y):
            raise CalibrationError(
                f"{where} has {len(part.uv)} samples and {len(part.y)} targets: correct its reader."
            )
        bad = np.flatnonzero(~np.isfinite(part.uv).all(0))
        if len(bad):
            raise CalibrationError(
                f"{where} holds values that are not numbers in {_channel(trials, bad[0])}: leave "
                "that channel or trial out."
            )
        beyond = (np.abs(_level(part.uv)) > FULL_SCALE_UV).mean(0)
        if (beyond > MOST_BEYOND).any():
            raise CalibrationError(
                f"{where} goes beyond 187 mV in {_channel(trials, int(beyond.argmax()))}: its unit "
                "is another than was said, or an electrode had no contact."
            )
    if not trials.dofs:
        return  # what is dead is in the table of its quality
    spread = np.concatenate([part.uv - part.uv.mean(0) for part in trials.parts]).var(0)
    if 0 < spread.max() < LEAST_SIGNAL_UV2:
        raise CalibrationError(
            f"The strongest channel of {name} has {np.sqrt(spread.max()):.2g} microvolt, less than "
            "any amplifier's noise: these are volts or millivolts, and microvolts are needed."
        )
    if (spread < LEAST_SIGNAL_UV2).all():
        raise CalibrationError(f"All channels of {name} are constant, without EMG: give another.")
    dead = np.flatnonzero(spread < LEAST_SIGNAL_UV2)
    if len(dead):
        raise CalibrationError(
            f"In {name}, {_channel(trials, dead[0])} is constant: leave it out, or record again "
            "with a better contact."
        )
    numbers = _numbers(trials)[0]
    if len(numbers) < 2:
        raise CalibrationError(
            f"{name} has {len(numbers) or 'no'} repetition to learn from, and a decoder is chosen "
            "by leaving one out: give two or more."
        )


def _channel(trials: Trials, number: int) -> str:
    told = trials.channels[number] if trials.channels else number + 1
    return f"channel {told}"


def _level(uv: np.ndarray) -> np.ndarray:
    """Without a constant that the converter of a board would not have taken."""
    middle = np.median(uv, axis=0)
    return uv - np.where(np.abs(middle) > FULL_SCALE_UV / 2, middle, 0.0)


def counts_of(uv: np.ndarray) -> np.ndarray:
    """Microvolt [samples, channels] as a board's counts of UV_PER_COUNT, int32."""
    return np.clip(np.rint(_level(uv) / UV_PER_COUNT), -(2**23), 2**23 - 1).astype(np.int32)


def split(trials: Trials) -> str:
    """What is learned from and what is judged on, in one sentence."""
    judged = sum(_at(part.test, np.arange(len(part.uv))).sum() for part in trials.parts)
    learned = sum(len(part.uv) for part in trials.parts) - judged
    first, second = (_listed({number + 1 for number in found}) for found in _numbers(trials))
    seconds = f"{learned / trials.rate_hz:.0f} s and {judged / trials.rate_hz:.0f} s"
    halves = trials.halves or f"Learned from repetition {first}, judged on {second}"
    more = f" {trials.note}" if trials.note else ""
    return f"{halves} ({seconds}).{more}"


def _numbers(trials: Trials) -> tuple[set[int], set[int]]:
    """Repetitions that are learned from, and that are judged on."""
    found = set[int](), set[int]()
    for part in trials.parts:
        every = np.arange(len(part.uv))
        test, repetition = _at(part.test, every).astype(bool), _at(part.repetition, every)
        for half, mine in zip(found, (~test, test), strict=True):
            half.update(int(number) for number in np.unique(repetition[mine]) if number >= 0)
    return found


def _listed(numbers: set[int]) -> str:
    """"1 to 4" where nothing is missing between, else "1, 3, 4"."""
    found = sorted(numbers)
    if len(found) > 2 and found[-1] - found[0] == len(found) - 1:
        return f"{found[0]} to {found[-1]}"
    return ", ".join(map(str, found)) or "none"


def hops(trials: Trials) -> Hopped:
    """Every part through the chain, which begins anew in each. Raises CalibrationError."""
    check(trials)
    return _hops(trials)


def sums(trials: Trials) -> Hopped | None:
    """What is to be judged on, two movements of different DoF at once; None when there is none."""
    parts = summed_parts(trials)
    if not parts:
        return None
    made = _hops(replace(trials, parts=parts))
    return replace(made, frames=replace(made.frames, added=np.ones(len(made.test), bool)))


def summed_parts(trials: Trials) -> list[Part]:
    """Two movements' signals added sample by sample (so twice the noise at rest), cue by cue of a
    repetition."""
    cues = [cue for part in trials.parts for cue in _test_cues(part)]
    parts: list[Part] = []
    for (a, dof), (b, other) in combinations(cues, 2):
        n = min(len(a.uv), len(b.uv))
        if dof == other or a.repetition != b.repetition or n < trials.rate_hz:
            continue
        parts.append(Part(a.uv[:n] + b.uv[:n], a.y[:n] + b.y[:n], a.repetition, True, len(parts)))
    return parts


def _test_cues(part: Part) -> list[tuple[Part, int]]:
    """Each cue to be judged on that moves one DoF alone, with that DoF."""
    n, found = len(part.uv), []
    every = np.arange(n)
    test, cue, repetition = (_at(v, every) for v in (part.test, part.cue, part.repetition))
    for number in np.unique(cue[test.astype(bool)]):
        rows = np.flatnonzero((cue == number) & test.astype(bool))
        moved = np.flatnonzero(np.nanmax(np.abs(part.y[rows]), axis=0) > 0.5)
        if len(moved) == 1:
            uv = part.uv[rows] - part.uv[rows].mean(0)
            one = Part(uv, part.y[rows], int(repetition[rows[0]]), True, int(number))
            found.append((one, int(moved[0])))
    return found


def _hops(trials: Trials) -> Hopped:
    hop = max(1, round(trials.hop_s * trials.rate_hz))
    window = max(1, round(trials.window_s * trials.rate_hz / hop))
    made, columns, sequences = [], [], 0
    for part in trials.parts:
        counts = counts_of(part.uv)
        found = hops_of(
            counts, trials.rate_hz, UV_PER_COUNT, FULL_SCALE_UV, trials.mains_hz, hop_samples=hop,
            window_hops=window,
        )  # fmt: skip
        ends = found.end[found.end >= hop * window] - 1
        made.append(found.chosen[found.end >= hop * window])
        each = [_at(value, ends) for value in (part.repetition, part.test, part.cue)]
        turns = np.cumsum(np.diff(each[1].astype(int), prepend=0) != 0)  # learned, judged, ...
        columns.append([part.y[ends], *each, sequences + turns])
        sequences += 2 + int(turns.max(initial=0))
    y, repetition, test, cue, sequence = (np.concatenate(c) for c in zip(*columns, strict=True))
    known = np.isfinite(y).all(1)
    y = np.where(known[:, None], y, 0.0)
    calm = known & (np.abs(y).max(1) < CALM)
    calm &= ~_unsettled(~calm, sequence, round(trials.settle_s / trials.hop_s))
    nobody = np.zeros(len(y), bool)
    frames = Frames(y, calm, nobody, known, repetition, cue, nobody, sequence)
    statistics = Statistics(*map(np.concatenate, zip(*(s.parts for s in made), strict=True)))
    return Hopped(statistics, frames, test.astype(bool), window, hop / trials.rate_hz)


def _unsettled(moving: np.ndarray, sequence: np.ndarray, hops: int) -> np.ndarray:
    """Mask of the hops within so many of one that moves, before it or after, in its sequence."""
    near = np.zeros(len(moving), bool)
    for lag in range(1, hops + 1):
        same = sequence[lag:] == sequence[:-lag]
        near[lag:] |= moving[:-lag] & same
        near[:-lag] |= moving[lag:] & same
    return near


def _at(value: int | bool | np.ndarray, ends: np.ndarray) -> np.ndarray:
    return value[ends] if isinstance(value, np.ndarray) else np.full(len(ends), value)


def look(statistics: Statistics, frames: Frames) -> Look:
    """Rest and references of these hops (those to learn from)."""
    calm = frames.resting & frames.used
    if calm.sum() < 5:  # nobody ever rests: the quietest tenth
        total = statistics.power.sum(1)
        calm = frames.used & (total <= np.quantile(total[frames.used], 0.1))
    moving = frames.used & ~calm
    rest = np.maximum(np.median(statistics.power[calm], axis=0), LEAST_UV2)
    steps = np.maximum(np.median(statistics.difference[calm], axis=0), LEAST_UV2)
    above = np.sqrt(np.maximum(0.0, statistics.power[moving] - rest))
    reference = np.maximum(np.percentile(above, 90, axis=0), np.sqrt(rest))
    return Look(rest, reference, rest, steps)
