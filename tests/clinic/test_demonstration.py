# SPDX-License-Identifier: GPL-3.0-or-later
"""The demonstration patient is made by the same code as a person's records, and says what it is."""

from __future__ import annotations

from endplate.cli import demonstration
from endplate.clinic.records.scores import Scores
from endplate.clinic.records.visits import Visits
from endplate.clinic.trends import trends
from endplate.live.profile_file import load_profile
from endplate.live.recording import read_recording

from .conftest import NOW


def test_a_visit_of_the_past_has_everything_that_a_visit_has(database, monkeypatch):
    monkeypatch.setattr(demonstration, "PAST", demonstration.PAST[-1:])
    patient = demonstration.make(database, NOW, lambda _: None)
    assert patient.simulated and patient.months_since_tmr(NOW.date()) == 9
    visits = Visits(database)
    (visit,) = visits.of(patient)
    kinds = [(one.kind, bool(one.content.get("direct"))) for one in visits.results(visit)]
    assert kinds == [("sites", False), ("calibration", False), ("fitts", False), ("fitts", True)]
    assert len(visit.recordings()) == 2 and visit.ended is not None
    assert all(read_recording(path).meta["simulated"] for path in visit.recordings())
    assert load_profile(visit.folder / "profile.json").simulated
    found = {trend.name: trend for trend in trends(visits, Scores(database), patient)}
    completed = found["Fitts: completed"]
    assert completed.own[0].value == 100 and any(point.other for point in completed.points)
    assert found["ACMC"].own[0].value == 1.2
