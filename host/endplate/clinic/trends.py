# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of a patient over their visits: series of figures with their dates, in the order in
which a report shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from endplate.clinic.records.patients import Patient
from endplate.clinic.records.scores import INSTRUMENTS, Scores
from endplate.clinic.records.visits import Result, Visits


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
        if self.mdc is not None and abs(last.value - before.value) < self.mdc:
            return f"{text}, within measurement error"
        moved = (last.value - before.value) * self.better
        if moved == 0:
            return f"{text}, unchanged since {before.dated}"
        word = "better" if moved > 0 else "worse"
        if self.mdc is None:
            word = "more" if last.value > before.value else "less"
        return f"{text}, {word} than {before.value:.3g} on {before.dated}"


def _snr(content: dict[str, Any]) -> float | None:
    values = [v for v in content["report"]["snr_db"] if v is not None]
    return float(np.mean(values)) if values else None


def _isolation(content: dict[str, Any]) -> float | None:
    values = content.get("isolation_db") or []
    return float(np.mean(values)) if values else None


#: Name, unit, kind of result, what is read from it, better.
FIGURES: tuple[tuple[str, str, str, Callable[[dict[str, Any]], float | None], int], ...] = (
    ("SNR, mean of sites", "dB", "calibration", _snr, 1),
    ("Isolation, mean of sites", "dB", "sites", _isolation, 1),
    ("Movements that the sites carry", "DoF", "sites", lambda c: float(len(c["carried"])), 1),
    ("Fitts: completed", "%", "fitts", lambda c: 100 * c["figures"]["completion"], 1),
    ("Fitts: throughput", "bit/s", "fitts", lambda c: c["figures"]["throughput"], 1),
    ("Fitts: path efficiency", "", "fitts", lambda c: c["figures"]["path_efficiency"], 1),
)  # fmt: skip


def trends(visits: Visits, scores: Scores, patient: Patient) -> list[Trend]:
    """Everything that there is a figure of."""
    results = [
        result for visit in reversed(visits.of(patient)) for result in visits.results(visit)
    ]
    found = []
    for name, unit, kind, read, better in FIGURES:
        points = tuple(_points(results, kind, read))
        if points:
            found.append(Trend(name, unit, points, better))
    for instrument in INSTRUMENTS.values():
        given = scores.of(patient, instrument.key)
        if given:
            points = tuple(Point(one.dated, one.value) for one in given)
            found.append(Trend(instrument.name, instrument.unit, points, instrument.better,
                               instrument.mdc))  # fmt: skip
    return found


def _points(
    results: list[Result], kind: str, read: Callable[[dict[str, Any]], float | None]
) -> list[Point]:
    """The last of each day, own control and baseline apart."""
    found: dict[tuple[date, bool], Point] = {}
    for result in results:
        if result.kind == kind and (value := read(result.content)) is not None:
            other = bool(result.content.get("direct"))
            found[result.made.date(), other] = Point(result.made.date(), float(value), other)
    return sorted(found.values(), key=lambda point: (point.dated, point.other))


