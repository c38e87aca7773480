# SPDX-License-Identifier: GPL-3.0-or-later
"""The decoder of this person, chosen on this person's data, and the table it was chosen by.

Every candidate is judged on repetitions that it has not seen (leave one repetition out), through
the core's own decoder, with all that it adds up over time. What counts is one number:

    merit = mean R^2, every level of effort counting alike
            (single movements, and combinations if they are wanted)
            - leakage - REST_WEIGHT * rest motion

A calibration holds full efforts most of the time; a person does not. On simulated patients (seeds
11 to 14, 3 DoF) counting the levels alike chose decoders that were followed with R^2 0.917 instead
of 0.906 (the best that could be chosen: 0.919).

Among candidates as good as the best, within SAME, the first one in CANDIDATES is taken. A linear
one is as good within SAME_LINEAR: it adds movements by itself, and it held over days and months in
trials (Hahne 2018, 2020), which no cross-validation of one session shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from endplate import core_decoder
from endplate.errors import CalibrationError
from endplate.fit.decoders import BY_KIND, Lesson
from endplate.fit.evaluation import even, leakage, r2
from endplate.fit.features import Look, Statistics
from endplate.fit.frames import Frames
from endplate.live import decoder as made

#: Two merits are the same when what they lack of 1 differs by less than this share of it.
SAME = 0.05
SAME_LINEAR = 0.25
REST_WEIGHT = 0.3  # gate and dead-band hold back most of what a decoder says at rest
#: Usual options are left only for so much: a repetition left out is missing to learn from, which
#: makes what needs more of them look worse than it will be.
WORTH = 0.015
SEVERAL = 0.3  # of a target: beyond it a DoF is meant, not dragged along
MOVING = 0.1  # of full speed: an output beyond it moves the hand (the dead-band)
POWER, TD2 = 1, 3
RECENT = 16
TD2R, COVR, COV2R = TD2 + RECENT, 7 + RECENT, 15 + RECENT


@dataclass(frozen=True)
class Candidate:
    """A kind of decoder on one way to look; `options` are tried, None: those of the kind."""

    name: str
    kind: str
    form: str
    statistics: int
    options: tuple[dict[str, Any], ...] | None = None

    @property
    def tried(self) -> tuple[dict[str, Any], ...]:
        """Its options."""
        return BY_KIND[self.kind].OPTIONS if self.options is None else self.options


#: In the order of preference among equals: linear, then what is smooth in the effort, then classes.
#: Direct control last: it is the comparator, and the mode to fall back on.
CANDIDATES = (
    Candidate("ridge on RMS", "linear", "rms", POWER),
    Candidate("ridge on log-RMS", "linear", "log", POWER),
    Candidate("ridge on TD2", "linear", "log", TD2),
    Candidate("random features", "fourier", "log", TD2R),
    Candidate("mean on TD2", "mean", "log", TD2R),
    Candidate("mean on COV", "mean", "log", COVR),
    Candidate("mean on COV2", "mean", "log", COV2R),
    Candidate("classes on TD2", "classes", "log", TD2R),
    Candidate("classes on COV", "classes", "log", COVR),
    Candidate("classes on COV2", "classes", "log", COV2R),
    Candidate("direct", "direct", "rms", POWER),
)
BY_NAME = {candidate.name: candidate for candidate in CANDIDATES}


def candidates(name: str) -> tuple[Candidate, ...]:
    """All of them for "auto", else the one of this name. Raises CalibrationError."""
    if name == "auto":
        return CANDIDATES
    if name not in BY_NAME:
        raise CalibrationError(
            f"There is no decoder {name!r}: choose auto, or one of {', '.join(BY_NAME)}."
        )
    return (BY_NAME[name],)


@dataclass(frozen=True)
class Data:
    """All that decoders of one calibration are made from."""

    statistics: Statistics
    frames: Frames
    look: Look
    overlap: int
    step_s: float
    dofs: Sequence[str]
    combined: bool = False  # combinations are wanted, and are in the frames
    vectors: dict[tuple[int, str], np.ndarray] = field(default_factory=dict)

    def seen(self, candidate: Candidate) -> np.ndarray:
        """Vectors as this candidate looks at them; made once."""
        key = candidate.statistics, candidate.form
        if key not in self.vectors:
            self.vectors[key] = self.look.seen(*key).vectors(self.statistics)
        return self.vectors[key]

    def lesson(self, candidate: Candidate, left_out: int | None = None) -> Lesson:
        """What it learns from, without one repetition."""
        training = self.frames.training(left_out)
        sites = self.statistics.power.shape[1]
        return Lesson(
            self.seen(candidate), self.frames, training, sites,
            made.inputs(candidate.statistics & 17, sites),
            made.inputs(candidate.statistics & 19, sites), self.overlap, self.step_s, self.dofs,
        )  # fmt: skip

    def possible(self, candidate: Candidate) -> bool:
        """Whether there are pairs of sites, where it asks for them."""
        pairs = self.statistics.covariance.shape[1] > 0
        return pairs or not candidate.statistics & 12


def train(data: Data, candidate: Candidate, options: dict[str, Any], left_out: int | None = None):
    """The decoder, a dict of endplate.live.decoder."""
    return BY_KIND[candidate.kind].train(data.lesson(candidate, left_out), **options)


def run(decoder: dict[str, Any], vectors: np.ndarray, sequence: np.ndarray) -> np.ndarray:
    """Intent [hops, dofs] by the core; every sequence begins anew."""
    running = core_decoder.Decoder(made.settings(decoder))
    out = np.zeros((len(vectors), decoder["dofs"]))
    edges = np.flatnonzero(np.diff(sequence, prepend=np.nan) != 0).tolist() + [len(sequence)]
    for start, stop in zip(edges, edges[1:], strict=False):
        running.reset()
        out[start:stop] = running.process(vectors[start:stop])
    return out


def held_out(data: Data, candidate: Candidate, options: dict[str, Any]) -> np.ndarray:
    """Intent [hops, dofs] of each repetition by a decoder trained without it; NaN elsewhere."""
    frames, vectors = data.frames, data.seen(candidate)
    out = np.full(frames.y.shape, np.nan)
    for number in frames.numbers():
        decoder = train(data, candidate, options, number)
        mine = frames.repetition == number
        asked = ~frames.added | mine  # all of the recording, for what is added up over time
        made_ = np.full(frames.y.shape, np.nan)
        made_[asked] = run(decoder, vectors[asked], frames.sequence[asked])
        out[mine] = made_[mine]
    return out


def score(intent: np.ndarray, frames: Frames) -> dict[str, float]:
    """Figures of held-out intent, where it is a number.

    `r2`: mean over DoF, of all that was really done; `leakage`: mean abs output on DoF that nobody
    means while another moves; `rest_motion_share`: of hops at rest with an output beyond MOVING;
    `combined_r2`: of cues in which several DoF are meant beyond SEVERAL, added ones or real, NaN
    without any; `even_r2` and `even_combined_r2`: the same, every level of effort counting alike.
    """
    known = np.isfinite(intent).all(1) & frames.used
    real = known & ~frames.added
    several = (np.abs(frames.y) > SEVERAL).sum(1) > 1
    both = known & (frames.added | np.isin(frames.cue, frames.cue[several & ~frames.added]))
    y, x = frames.y[real], intent[real]
    calm = frames.resting[real]
    moves = float((np.abs(x[calm]) > MOVING).any(1).mean()) if calm.any() else 0.0
    both_y, both_x = frames.y[both], intent[both]
    return {
        "r2": _mean_r2(y, x), "leakage": leakage(y, x), "rest_motion_share": moves,
        "even_r2": _mean_r2(y, x, even(np.abs(y).max(1))),
        "combined_r2": _mean_r2(both_y, both_x) if both.any() else float("nan"),
        "even_combined_r2": _mean_r2(both_y, both_x, even(np.abs(both_y).max(1)))
        if both.any() else float("nan"),
    }  # fmt: skip


def _mean_r2(y: np.ndarray, x: np.ndarray, weight: np.ndarray | None = None) -> float:
    each = [r2(y[:, d], x[:, d], weight) for d in range(y.shape[1])]
    each = [value for value in each if np.isfinite(value)]
    return float(np.mean(each)) if each else float("nan")


def merit(found: dict[str, float], combined: bool) -> float:
    """What candidates are compared by."""
    value = found["even_r2"]
    if combined and np.isfinite(found["even_combined_r2"]):
        value = (value + found["even_combined_r2"]) / 2
    value -= found["leakage"] + REST_WEIGHT * found["rest_motion_share"]
    return value if np.isfinite(value) else -np.inf


@dataclass(frozen=True)
class Row:
    """One candidate with the options that served it best."""

    candidate: Candidate
    options: dict[str, Any]
    figures: dict[str, float]
    merit: float
    held_out: np.ndarray

    def told(self) -> dict[str, Any]:
        """For a report."""
        options = {name: value for name, value in self.options.items()}
        figures = {name: round(v, 4) for name, v in self.figures.items() if np.isfinite(v)}
        return {"decoder": self.candidate.name, **options, **figures, "merit": round(self.merit, 4)}


def judge(data: Data, candidate: Candidate) -> Row:
    """Tries a candidate's options; the first, unless another is worth it."""
    rows = []
    for options in candidate.tried:
        intent = held_out(data, candidate, options)
        figures = score(intent, data.frames)
        rows.append(Row(candidate, options, figures, merit(figures, data.combined), intent))
    best = max(row.merit for row in rows)
    return next(row for row in rows if row.merit >= best - WORTH)


def as_good(candidate: Candidate, merit: float, best: float) -> bool:
    """Whether a candidate of this merit may be taken where the best merit is `best`."""
    share = SAME_LINEAR if candidate.kind == "linear" else SAME
    return 1 - merit <= (1 - best) * (1 + share)


def choose(
    data: Data,
    candidates: Sequence[Candidate] = CANDIDATES,
    progress: Callable[[str], None] | None = None,
) -> tuple[Row, list[Row]]:
    """The row of the decoder to take, and the table. Raises CalibrationError."""
    if len(data.frames.numbers()) < 2:
        raise CalibrationError(
            "A decoder is chosen by leaving one repetition out: record two repetitions or more."
        )
    rows, reasons = [], []
    for candidate in candidates:
        if not data.possible(candidate):
            continue
        if progress:
            progress(candidate.name)
        try:
            rows.append(judge(data, candidate))
        except CalibrationError as error:  # this kind cannot be made of these data; others may
            reasons.append(error)
    if not rows:
        raise reasons[0] if reasons else CalibrationError(
            "No decoder can be made of so many sites: choose 8 or fewer."
        )
    best = max(row.merit for row in rows)
    return next(row for row in rows if as_good(row.candidate, row.merit, best)), rows
