# SPDX-License-Identifier: GPL-3.0-or-later
"""The site test: the patient tries each movement twice, and every site shows what it hears.

`Live` is the matrix while it grows; `judge` says afterwards what to do with each site, how many of
them are needed, and which DoF they carry. Two modes: *isolate* judges sites for direct control, one
site a direction; *cover* for decoders that look at all sites at once (sites.py).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from endplate.fit import auto
from endplate.fit.frames import with_combinations
from endplate.fit.guided.protocol import Cue, directions, words
from endplate.fit.recorded import acceptance
from endplate.fit.recorded.cued import Cued
from endplate.fit.recorded.labels import USUAL_REACTION_S
from endplate.fit.sites import advice as site_advice
from endplate.fit.sites import choice as site_choice

REST_S = 4.0
MOVE_S = (0.6, 1.6, 0.6, 1.2)  # rise, hold, fall, pause
REPETITIONS = 2
BLOCK_S = 0.04  # of the live powers
NOW_S = 0.2
MODES = ("isolate", "cover")
#: What stands for each mode in judging what the sites carry. For all sites at once it is a decoder
#: near to what a calibration usually takes: a line through logarithms would prefer weak sites.
JUDGED_BY = {"isolate": "direct", "cover": "mean on TD2"}
MOST_SITES = 8  # of more, leaving out one after the other takes too long with it


def protocol(dofs: Sequence[str], repetitions: int = REPETITIONS) -> list[Cue]:
    """A rest, then each direction in turn, `repetitions` times; two DoF: 36 s."""
    cues = [Cue("Rest, let everything go loose", {}, 0, REST_S, 0, 0, "rest")]
    for _ in range(repetitions):
        cues += [Cue(words(dof, sign), {dof: sign}, *MOVE_S) for dof, sign in directions(dofs)]
    return cues


class Live:
    """The matrix while the test goes on, from the conditioned signal that the board's process
    shows. `columns` are those of the montage's sites."""

    def __init__(self, columns: Sequence[int], rate_hz: float) -> None:
        self._columns = list(columns)
        self._rate_hz = rate_hz
        self._size = max(1, round(BLOCK_S * rate_hz))
        self._left = np.zeros((0, len(self._columns)))
        self._next: int | None = None  # index of the first sample of _left
        self._cue: tuple[int, Cue] | None = None
        self._rest: list[np.ndarray] = []
        self._held: dict[site_choice.Intent, list[np.ndarray]] = {}
        self._now: deque[np.ndarray] = deque(maxlen=max(1, round(NOW_S / BLOCK_S)))

    def begin(self, start: int, cue: Cue) -> None:
        """The cue that is on from sample `start`."""
        self._cue = start, cue

    def heard(self, first: int, clean_uv: np.ndarray) -> None:
        """Samples from `first` on, microvolt [samples, channels]."""
        new = np.asarray(clean_uv, float)[:, self._columns]
        if self._next is None or self._next + len(self._left) != first:
            self._left, self._next = new[:0], first
        rows = np.concatenate([self._left, new])
        whole = len(rows) // self._size
        for k in range(whole):
            block = np.mean(np.square(rows[k * self._size : (k + 1) * self._size]), axis=0)
            self._block(self._next + k * self._size, block)
        self._left, self._next = rows[whole * self._size :], self._next + whole * self._size

    def _block(self, at: int, power: np.ndarray) -> None:
        self._now.append(power)
        if self._cue is None:
            return
        start, cue = self._cue
        since = (at - start) / self._rate_hz
        if cue.kind == "rest" and 0.5 <= since < cue.active_s:
            self._rest.append(power)
        begin = cue.rise_s + USUAL_REACTION_S + 0.1
        if len(cue.target) == 1 and begin <= since < cue.rise_s + cue.hold_s + 0.2:
            (dof, value), = cue.target.items()
            self._held.setdefault((dof, 1.0 if value > 0 else -1.0), []).append(power)

    @property
    def now_uv(self) -> np.ndarray:
        """RMS of the last 0.2 s above rest, [sites]."""
        if not self._now:
            return np.zeros(len(self._columns))
        return np.sqrt(np.maximum(0.0, np.mean(self._now, axis=0) - self._rest_power()))

    def matrix(self) -> site_choice.Matrix:
        """As far as it is known."""
        rest = self._rest_power()
        rows = [np.sqrt(np.maximum(0.0, np.mean(each, axis=0) - rest))
                for each in self._held.values()]  # fmt: skip
        uv = np.array(rows) if rows else np.zeros((0, len(self._columns)))
        return site_choice.Matrix(tuple(self._held), uv, np.sqrt(np.maximum(rest, 1e-6)))

    def _rest_power(self) -> np.ndarray:
        if not self._rest:
            return np.zeros(len(self._columns))
        return np.median(self._rest, axis=0)


@dataclass(frozen=True)
class Judged:
    """What the sites are worth in `mode`. `apart`: spreads between every two intents; `own`: the
    site of each intent, for direct control; `carried`: DoF that are followed honestly together,
    `r2` of each DoF that was tried when all are wanted; `says`: sentences."""

    mode: str
    labels: tuple[str, ...]
    dofs: tuple[str, ...]
    matrix: site_choice.Matrix
    apart: dict[tuple[site_choice.Intent, site_choice.Intent], float]
    advice: tuple[site_advice.Advice, ...]
    own: dict[site_choice.Intent, int]
    cover: site_choice.Cover
    carried: tuple[str, ...]
    r2: dict[str, float]
    says: tuple[str, ...]


def judge(
    cued: Cued, mode: str = "cover", progress: Callable[[int], None] | None = None
) -> Judged:
    """From what cued.listen(..., testing=True) heard. `progress` hears how many sites are left."""
    data = cued.data(mode == "cover")  # one site a movement does not ask for combinations
    labels = tuple(site.label for site in cued.sites)
    found = site_choice.matrix(data)
    bad = ["without contact" if out else "" for out in cued.left_out]
    by = JUDGED_BY[mode] if mode == "cover" and len(labels) <= MOST_SITES else site_choice.JUDGED_BY
    kept = [site for site, out in enumerate(cued.left_out) if not out]
    covering = site_choice.cover(thinned(data), progress, by, kept)
    own = own_sites(found)
    advice = site_advice.advise(found, labels, [acceptance.words_of(s) for s in cued.sites], bad)
    if mode == "cover":
        advice = site_advice.for_cover(advice, found, covering, labels)
    else:
        advice = site_advice.for_isolate(advice, found, own, labels)
    candidate = auto.BY_NAME[JUDGED_BY[mode]]
    carried, r2 = carries(cued.data(False), candidate, combined=mode == "cover")
    return Judged(
        mode, labels, tuple(cued.dofs), found, site_choice.separability(data), tuple(advice),
        own, covering, tuple(carried), r2, tuple(cued.says),
    )  # fmt: skip


def thinned(data: auto.Data) -> auto.Data:
    """Every second hop: windows overlap by most of themselves, and somebody waits."""
    return replace(
        data, statistics=data.statistics[::2], frames=data.frames[::2], vectors={},
        overlap=max(1, data.overlap // 2), step_s=2 * data.step_s,
    )  # fmt: skip


def own_sites(found: site_choice.Matrix) -> dict[site_choice.Intent, int]:
    """The site of each intent that is loudest at a site which is heard well; others have none."""
    if not found.intents:
        return {}
    snr = found.snr_db()
    return {
        intent: site for intent, site in site_choice.isolate(found).items()
        if found.intents[int(found.best[site])] == intent and snr[site] >= site_advice.LEAST_SNR_DB
    }  # fmt: skip


def carries(
    data: auto.Data, candidate: auto.Candidate, *, combined: bool = False
) -> tuple[list[str], dict[str, float]]:
    """The DoF that a decoder follows honestly together, and R^2 of each when all are wanted.

    `combined`: it also learns movements of two DoF at once, sums of those in `data`. While one of
    them is not followed, the worst is given up, and its movements with it, and the others are
    judged anew: what confused them may be gone.
    """
    r2: dict[str, float] = {}
    while True:
        learned = with_sums(data) if combined and len(data.dofs) > 1 else data
        row = auto.judge(learned, candidate)
        found = site_choice.figures(row, learned)
        now = {dof: each[0] for dof, each in found.items()}
        r2 = r2 or now
        good = site_choice.supported(found)
        if len(good) == len(data.dofs):
            return [str(dof) for dof in data.dofs], r2
        if len(data.dofs) == 1:
            return [], r2
        worst = min((dof for dof in data.dofs if dof not in good), key=lambda dof: now[str(dof)])
        data = without_dof(data, worst)


def with_sums(data: auto.Data) -> auto.Data:
    """The same with movements of two DoF at once, which nobody made."""
    statistics, frames = with_combinations(data.statistics, data.frames)
    return replace(data, statistics=statistics, frames=frames, combined=True, vectors={})


def without_dof(data: auto.Data, dof: str) -> auto.Data:
    """The same session without one DoF and all movements of it."""
    d, frames = list(data.dofs).index(dof), data.frames
    its = np.unique(frames.cue[np.abs(frames.y[:, d]) > 0])
    keep = ~np.isin(frames.cue, its)
    left = replace(frames[keep], y=np.delete(frames.y[keep], d, 1))
    left = replace(left, sequence=np.cumsum(np.diff(frames.cue[keep], prepend=-2) > 1))
    return replace(
        data, statistics=data.statistics[keep], frames=left, vectors={},
        dofs=[each for each in data.dofs if each != dof],
    )  # fmt: skip


def told(judged: Judged) -> dict[str, Any]:
    """For a file: plain numbers and names."""
    return {
        "mode": judged.mode,
        "sites": list(judged.labels),
        "matrix_uv": {
            words(*intent): [round(float(v), 2) for v in row]
            for intent, row in zip(judged.matrix.intents, judged.matrix.uv, strict=True)
        },
        "rest_uv": [round(float(v), 2) for v in judged.matrix.rest_uv],
        "isolation_db": [round(float(v), 1) for v in judged.matrix.isolation_db()],
        "separability": {
            f"{words(*a)} | {words(*b)}": round(v, 2) for (a, b), v in judged.apart.items()
        },
        "advice": [[judged.labels[a.site], a.action, a.sentence] for a in judged.advice],
        "own_site": {words(*i): judged.labels[s] for i, s in judged.own.items()},
        "errors_by_sites": {str(len(s.sites)): round(s.error, 4) for s in judged.cover.steps},
        "enough": [judged.labels[s] for s in judged.cover.chosen],
        "r2": {dof: round(v, 3) for dof, v in judged.r2.items()},
        "carried": list(judged.carried),
        "sentences": list(judged.says),
    }
