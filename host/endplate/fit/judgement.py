# SPDX-License-Identifier: GPL-3.0-or-later
"""Decoders judged on trials that they were not made from; every figure is defined once, here.

Learned from and chosen on the hops for training alone (auto.py); judged on the others:

- r2, combined_r2, leakage, rest_motion_share: auto.score, of the decoder's output as it leaves it
- direction_accuracy: of hops in which a single DoF is meant beyond 0.3, the share whose largest
output
  is that DoF in that direction
- jitter: mean abs change from hop to hop of what is held (target beyond 0.3 and changing less than
  0.02), in full speeds per hop
- delay_ms: lag of the best correlation between output and target, over all DoF, in steps of a hop;
  NaN where no target changes within a stretch that is known all through, or no lag is the best
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from endplate.fit import auto
from endplate.fit.evaluation import LONGEST_DELAY_S, delay_samples, r2
from endplate.fit.frames import Frames, with_combinations
from endplate.fit.recorded.trials import Trials, hops, look, sums

MEANT, STEADY = 0.3, 0.02


@dataclass(frozen=True)
class Verdict:
    """One decoder on one person: held-out merit, figures on the trials for judging, output
    there."""

    row: auto.Row
    figures: dict[str, float]
    train_s: float
    output: np.ndarray


@dataclass(frozen=True)
class Judged:
    """All decoders on one person; `chosen` is the one that auto takes. `frames` are those
    judged."""

    trials: Trials
    chosen: Verdict
    verdicts: list[Verdict]
    frames: Frames
    step_s: float


def figures(output: np.ndarray, frames: Frames, step_s: float) -> dict[str, float]:
    """See the module. NaN where there is nothing to judge."""
    found: dict[str, float] = dict(auto.score(output, frames))
    real = frames.used & ~frames.added
    for d in range(frames.y.shape[1]):
        found[f"r2_{d}"] = r2(frames.y[real, d], output[real, d])
    used = frames.used & ~frames.added
    y, x = frames.y[used], output[used]
    meant = np.abs(y) > MEANT
    single = (meant.sum(1) == 1) & ((np.abs(y) > auto.MOVING).sum(1) == 1)
    which = np.abs(y).argmax(1)
    rows = np.arange(len(y))
    right = (np.abs(x).argmax(1) == which) & (np.sign(x[rows, which]) == np.sign(y[rows, which]))
    found["direction_accuracy"] = float(right[single].mean()) if single.any() else float("nan")
    steps = np.abs(np.diff(x, axis=0)), np.abs(np.diff(y, axis=0))
    together = np.diff(frames.sequence[used]) == 0
    held = (np.abs(y[1:]) > MEANT) & (steps[1] < STEADY) & together[:, None]
    found["jitter"] = float(steps[0][held].mean()) if held.any() else float("nan")
    at, sequence = np.flatnonzero(used), frames.sequence[used]
    cuts = np.flatnonzero((np.diff(at) != 1) | (np.diff(sequence) != 0)) + 1
    found["delay_ms"] = 1000 * step_s * _delay(np.split(y, cuts), np.split(x, cuts), step_s)
    return found


def directions(output: np.ndarray, frames: Frames, dofs: Sequence[str]) -> tuple[
    list[str], np.ndarray
]:  # fmt: skip
    """Names "rest", "hand +", ... and hops [meant, decoded] of each.

    Hops of rest, and those in which a single DoF is meant beyond MEANT. Decoded is the direction of
    the largest output, or rest where none is beyond what moves a hand.
    """
    y, x = frames.y, output
    meant = np.abs(y) > MEANT
    single = (meant.sum(1) == 1) & ((np.abs(y) > auto.MOVING).sum(1) == 1)
    which = frames.used & ~frames.added & (single | frames.resting)
    names = ["rest"] + [f"{dof.replace('_', ' ')} {sign}" for dof in dofs for sign in "+−"]

    def kind(values: np.ndarray) -> np.ndarray:
        dof = np.abs(values).argmax(1)
        largest = values[np.arange(len(values)), dof]
        return np.where(np.abs(largest) > auto.MOVING, 1 + 2 * dof + (largest < 0), 0)

    found = np.zeros((len(names), len(names)), int)
    np.add.at(found, (kind(y[which]), kind(x[which])), 1)
    return names, found


def _delay(y: list[np.ndarray], x: list[np.ndarray], step_s: float) -> float:
    """Hops by which the output lags the target, both in stretches [hops, dofs]."""
    longest = round(LONGEST_DELAY_S / step_s)
    told = [(a, b) for a, b in zip(y, x, strict=True)
            if len(a) > 2 * longest and np.ptp(a, axis=0).max() > MEANT]  # fmt: skip
    if not told:
        return float("nan")
    gap = np.zeros((longest, y[0].shape[1]))  # so that no lag reaches into another stretch
    target, output = (np.concatenate([part for stretch in some for part in (stretch, gap)])
                      for some in zip(*told, strict=True))  # fmt: skip
    found = delay_samples(target, output, longest)
    return float(found) if found < longest else float("nan")


def judge(
    trials: Trials,
    names: Sequence[str] = (),
    progress: Callable[[str], None] | None = None,
    combined: bool | None = None,
) -> Judged:
    """Judges the candidates of these names (all of them by default). Raises CalibrationError.

    "auto" is all of them. `combined`: combinations are added to what is learned from, and to what
    is judged on.
    """
    combined = trials.combined if combined is None else combined
    named = [one for name in names or ("auto",) for one in auto.candidates(name)]
    candidates = list(dict.fromkeys(named))
    learned, unseen = _halves(trials, combined)
    chosen, rows = auto.choose(learned, candidates, progress)
    verdicts = []
    for row in rows:
        began = time.perf_counter()
        decoder = auto.train(learned, row.candidate, row.options)
        took = time.perf_counter() - began
        output = auto.run(decoder, unseen.seen(row.candidate), unseen.frames.sequence)
        told = figures(output, unseen.frames, learned.step_s)
        verdicts.append(Verdict(row, told, took, output))
    best = next(verdict for verdict in verdicts if verdict.row is chosen)
    return Judged(trials, best, verdicts, unseen.frames, learned.step_s)


def _halves(trials: Trials, combined: bool) -> tuple[auto.Data, auto.Data]:
    """What is learned from and what is judged on; the way to look is made from the first alone.

    Combinations that are learned from are sums of statistics; those that are judged on are the
    recorded ones, or sums of signals where nobody made any.
    """
    made = hops(trials)
    train, test = ~made.test, made.test
    how = look(made.statistics[train], made.frames[train])
    learned = made.statistics[train], made.frames[train]
    unseen = made.statistics[test], made.frames[test]
    if combined:
        learned = with_combinations(*learned)
        both = None if ((np.abs(unseen[1].y) > auto.SEVERAL).sum(1) > 1).any() else sums(trials)
        if both is not None:
            unseen = unseen[0].then(both.statistics), unseen[1].then(both.frames)
    dofs = trials.dofs
    halves = [auto.Data(s, f, how, made.overlap, made.step_s, dofs, combined)
              for s, f in (learned, unseen)]  # fmt: skip
    return halves[0], halves[1]


def told(judged: Judged) -> list[dict[str, Any]]:
    """Rows of a table, the chosen one marked."""
    return [
        {
            "decoder": verdict.row.candidate.name, "chosen": verdict is judged.chosen,
            "held_out_merit": verdict.row.merit, **verdict.figures, "train_s": verdict.train_s,
            **{f"option_{k}": v for k, v in verdict.row.options.items()},
        }
        for verdict in judged.verdicts
    ]  # fmt: skip
