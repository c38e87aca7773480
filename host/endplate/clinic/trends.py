# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of a patient over their visits: series of figures with their dates, in the order in
which a report shows them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from endplate.clinic.records.patients import Patient
from endplate.clinic.records.scores import INSTRUMENTS, WITHIN, Scores, change_in_words
from endplate.clinic.records.visits import SHAPELESS, Result, Visits
from endplate.clinic.trials.tac import HAND, SCREEN
from endplate.clinic.trials.timed import PROSTHESIS


@dataclass(frozen=True)
class Point:
    """One figure of one day. `other`: made in another way (direct control), a baseline."""

    dated: date
    value: float
    other: bool = False


@dataclass(frozen=True)
class Trend:
    """`better` +1 or -1; `mdc` the smallest change that means something, None unknown."""

    name: str
    unit: str
    points: tuple[Point, ...]
    better: int
    mdc: float | None = None

    @property
    def own(self) -> tuple[Point, ...]:
        """Without the baseline."""
        return tuple(point for point in self.points if not point.other)

    def said(self) -> str:
        """The last figure, and what it is against the one before."""
        own = self.own
        if not own:
            return ""
        last = own[-1]
        text = f"{last.value:.3g} {self.unit}".strip()
        if len(own) < 2:
            return text
        before = own[-2]
        word = change_in_words(before.value, last.value, self.better, self.mdc)
        if word == "unchanged" or f"{before.value:.3g}" == f"{last.value:.3g}":
            return f"{text}, unchanged since {before.dated}"
        if word == WITHIN:
            return f"{text}, {word} of {before.value:.3g} on {before.dated}"
        return f"{text}, {word} than {before.value:.3g} on {before.dated}"

    def band_said(self) -> str:
        """What the band means, "" without one."""
        if self.mdc is None or not self.own:
            return ""
        return f"Changes below {self.mdc:g} {self.unit} are within measurement error."


def _snr(content: dict[str, Any]) -> float | None:
    values = [v for v in content["report"]["snr_db"] if v is not None]
    return float(np.mean(values)) if values else None


def _isolation(content: dict[str, Any]) -> float | None:
    values = content.get("isolation_db") or []
    return float(np.mean(values)) if values else None


def _tac(on: str, figure: str, times: float) -> Callable[[dict[str, Any]], float | None]:
    """Of a TAC test on the screen or on the hand: two tests that are not compared."""

    def read(content: dict[str, Any]) -> float | None:
        found = content["figures"][figure]
        return times * found if content["rules"]["on"] == on and found is not None else None

    return read


def _watched(condition: str, figure: str, times: float) -> Callable[[dict[str, Any]], float | None]:
    """Of a watch for false activations, where that condition was watched."""

    def read(content: dict[str, Any]) -> float | None:
        found = content["figures"].get(condition)
        return None if found is None else times * found[figure]

    return read


#: Name, unit, kind of result, what is read from it, better.
FIGURES: tuple[tuple[str, str, str, Callable[[dict[str, Any]], float | None], int], ...] = (
    ("SNR, mean of sites", "dB", "calibration", _snr, 1),
    ("Isolation, mean of sites", "dB", "sites", _isolation, 1),
    ("Movements that the sites carry", "DoF", "sites", lambda c: float(len(c["carried"])), 1),
    ("Fitts: completed", "%", "fitts", lambda c: 100 * c["figures"]["completion"], 1),
    ("Fitts: throughput", "bit/s", "fitts", lambda c: c["figures"]["throughput"], 1),
    ("Fitts: path efficiency", "", "fitts", lambda c: c["figures"]["path_efficiency"], 1),
    ("Motion: completed", "%", "motion", lambda c: 100 * c["figures"]["completion"], 1),
    ("Motion: selection", "s", "motion", lambda c: c["figures"]["selection_s"], -1),
    ("Motion: completion", "s", "motion", lambda c: c["figures"]["completion_s"], -1),
    *((f"TAC on the {on}: {name}", unit, "tac", _tac(on, figure, times), better)
      for on in (SCREEN, HAND)
      for name, unit, figure, times, better in (
          ("completed", "%", "completion", 100, 1), ("time", "s", "movement_s", 1, -1),
          ("path efficiency", "", "path_efficiency", 1, 1))),
    ("False activations at rest", "a minute", "activations",
     _watched("rest", "per_hour", 1 / 60), -1),
    ("Moving unwanted at rest", "% of the time", "activations", _watched("rest", "share", 100), -1),
    ("False activations in arm motion", "a minute", "activations",
     _watched("arm motion", "per_hour", 1 / 60), -1),
    ("Moving unwanted in arm motion", "% of the time", "activations",
     _watched("arm motion", "share", 100), -1),
)  # fmt: skip


def trends(visits: Visits, scores: Scores, patient: Patient, only: str = "") -> list[Trend]:
    """Everything that there is a figure of; `only` of one kind of result or instrument. A result
    that cannot be read has none."""
    results = [result for visit in reversed(visits.of(patient))
               for result in visits.results(visit, only)]  # fmt: skip
    found = []
    for name, unit, kind, read, better in FIGURES:
        if only not in ("", kind):
            continue
        points = tuple(_points(results, kind, read))
        if points:
            found.append(Trend(name, unit, points, better))
    for instrument in INSTRUMENTS.values():
        if only not in ("", instrument.key):
            continue
        points = tuple(Point(one.dated, one.value) for one in scores.of(patient, instrument.key))
        if points:
            points += tuple(_baseline(results, instrument.key))
            found.append(Trend(instrument.name, instrument.unit, points, instrument.better,
                               instrument.mdc))  # fmt: skip
    return found


def _baseline(results: list[Result], kind: str) -> list[Point]:
    """Of a timed task that was done with direct control: no score of the patient's own."""

    def read(content: dict[str, Any]) -> float | None:
        return content["figures"]["score"] if content.get("hand") == PROSTHESIS else None

    return [point for point in _points(results, kind, read) if point.other]


def _points(
    results: list[Result], kind: str, read: Callable[[dict[str, Any]], float | None]
) -> list[Point]:
    """The last of each day, own control and baseline apart."""
    found: dict[tuple[date, bool], Point] = {}
    for result in results:
        if result.kind != kind:
            continue
        with suppress(*SHAPELESS):
            value = read(result.content)
            if value is not None:
                other = bool(result.content.get("direct"))
                found[result.made.date(), other] = Point(result.made.date(), float(value), other)
    return sorted(found.values(), key=lambda point: (point.dated, point.other))


