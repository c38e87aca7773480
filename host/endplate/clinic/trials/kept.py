# SPDX-License-Identifier: GPL-3.0-or-later
"""A test's result in the records: kept with its visit, and beside what the patient did before."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from endplate.clinic.records.patients import Patient
from endplate.clinic.records.scores import Score, Scores
from endplate.clinic.records.visits import Visit, Visits
from endplate.clinic.trials import kinds

COLUMNS = ("visit", "control")  # of `rows`, before the subject and the kind's own


def keep(
    visits: Visits, scores: Scores, patient: Patient, visit: Visit, kind: str,
    content: dict[str, Any], now: datetime,
) -> None:  # fmt: skip
    """In the visit in which it began; a timed task of the patient's own control is a score, too.
    Raises RecordsError."""
    visits.keep(visit, kind, content, now)
    if kind in kinds.TIMED and kinds.own(content):
        note = f"{content['figures']['seconds']:.1f} s by the recording's clock"
        score = Score(kind, now.date(), content["figures"]["score"], notes=note)
        scores.add(patient, score, now.date())


def rows(visits: Visits, patient: Patient, kind: kinds.Kind) -> list[list[str]]:
    """All results of that kind, the newest first: its day, then as kinds.rows. Raises
    RecordsError."""
    return [
        [f"{one.made:%Y-%m-%d}", *row]
        for visit in visits.of(patient)
        for one in reversed(visits.results(visit, kind.key))
        for row in kind.rows(one.content)
    ]


def columns(kind: kinds.Kind) -> tuple[str, ...]:
    """Heads of `rows`."""
    return (*COLUMNS, kind.subject, *kind.columns)
