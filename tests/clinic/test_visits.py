# SPDX-License-Identifier: GPL-3.0-or-later
"""Visits, what came of them, and scores entered by hand."""

from __future__ import annotations

import math
from datetime import date, timedelta

import pytest

from endplate.clinic.records.patients import Patients
from endplate.clinic.records.scores import INSTRUMENTS, Score, Scores, change_in_words
from endplate.clinic.records.visits import Visits
from endplate.errors import RecordsError

from .conftest import NOW, someone

TODAY = NOW.date()


def test_the_visit_of_a_day_is_begun_once(database, patient):
    visits = Visits(database)
    first = visits.today(patient, NOW - timedelta(days=30))
    assert visits.today(patient, NOW - timedelta(days=30, hours=-5)) == first
    second = visits.today(patient, NOW)
    assert [one.uid for one in visits.of(patient)] == [second.uid, first.uid]
    assert second.folder.is_dir() and second.folder != first.folder
    assert second.began == NOW and second.ended is None


def test_what_came_of_a_visit_is_kept_in_order(database, patient):
    visits = Visits(database)
    visit = visits.today(patient, NOW)
    for number, kind in enumerate(("sites", "test", "sites")):
        visits.keep(visit, kind, {"n": number}, NOW + timedelta(minutes=number))
    assert [one.content["n"] for one in visits.results(visit)] == [0, 1, 2]
    assert [one.content["n"] for one in visits.results(visit, "sites")] == [0, 2]
    with pytest.raises(ValueError, match="JSON"):
        visits.keep(visit, "test", {"r2": math.nan}, NOW)  # a figure that is none is no result
    visits.note(visit, "skin is dry")
    visits.end(visit, NOW + timedelta(hours=1))
    again = visits.find(visit.uid)
    assert again.notes == "skin is dry" and again.ended == NOW + timedelta(hours=1)


def test_a_visit_without_a_recording_is_one_all_the_same(database, patient):
    visit = Visits(database).today(patient, NOW)
    assert visit.recordings() == []
    (visit.folder / "b.bdf").write_bytes(b"")
    (visit.folder / "a.bdf").write_bytes(b"")
    assert [path.name for path in visit.recordings()] == ["a.bdf", "b.bdf"]


def test_a_folder_that_cannot_be_made_leaves_no_visit(database, patient):
    database.folder_of(patient.uid).parent.mkdir()
    database.folder_of(patient.uid).write_text("in the way")
    with pytest.raises(RecordsError, match="folder .* cannot be made"):
        Visits(database).begin(patient, NOW)
    assert Visits(database).of(patient) == []


def test_scores_come_back_by_date(database, patient):
    scores = Scores(database)
    scores.add(patient, Score("acmc", TODAY, 1.5), TODAY)
    scores.add(patient, Score("acmc", date(2026, 1, 5), 0.2, "2.0", "seated"), TODAY)
    scores.add(patient, Score("nrs-phantom", TODAY, 4), TODAY)
    found = scores.of(patient, "acmc")
    assert [(one.value, one.version) for one in found] == [(0.2, "2.0"), (1.5, "2.0")]
    assert found[0].notes == "seated" and len(scores.of(patient)) == 3
    scores.remove(found[0])
    assert [one.value for one in scores.of(patient, "acmc")] == [1.5]


@pytest.mark.parametrize(
    ("score", "sentence"),
    [
        (Score("iq", TODAY, 100), "no instrument iq"),
        (Score("acmc", date(2026, 12, 1), 1), "lies ahead"),
        (Score("acmc", date(1066, 1, 1), 1), "too far back"),
        (Score("nrs-phantom", TODAY, 11), "0 to 10 of 10; 11 is none"),
        (Score("nrs-phantom", TODAY, math.nan), "nan is none"),
    ],
)
def test_a_score_that_cannot_be_is_refused(database, patient, score, sentence):
    with pytest.raises(RecordsError, match=sentence):
        Scores(database).add(patient, score, TODAY)
    assert Scores(database).of(patient) == []


@pytest.mark.parametrize(
    ("key", "before", "now", "word"),
    [
        ("acmc", 1.0, 1.5, "within measurement error"),
        ("acmc", 1.0, 1.55, "better"),
        ("acmc", 1.0, 0.4, "worse"),
        ("box-and-blocks", 20, 26, "within measurement error"),
        ("box-and-blocks", 20, 27, "better"),
        ("opus-uefs", 50, 38, "worse"),
        ("nrs-phantom", 6, 3, "less"),  # nobody told us what change means something
        ("shap", 40, 55, "more"),
        ("shap", 40, 40, "unchanged"),
    ],
)
def test_a_change_is_called_what_it_is(key, before, now, word):
    one = INSTRUMENTS[key]
    assert change_in_words(before, now, one.better, one.mdc) == word


def test_uids_of_a_patients_results(database, patient):
    visits, made = Visits(database), []
    for at in (NOW, NOW - timedelta(days=9)):
        visit = visits.begin(patient, at)
        made += [visits.keep(visit, kind, {}, at).uid for kind in ("sites", "fitts")]
    other = Patients(database).add(someone("B2"), NOW)
    visits.keep(visits.begin(other, NOW), "sites", {}, NOW)
    assert sorted(visits.uids(patient)) == sorted(made)
    assert set(visits.uids(patient)[:2]) == set(made[2:]), "the earlier first"


def test_scores_of_one_patient_are_not_those_of_another(database, patient):
    other = Patients(database).add(someone("B2"), NOW)
    Scores(database).add(patient, Score("acmc", TODAY, 1), TODAY)
    assert Scores(database).of(other) == []
