# SPDX-License-Identifier: GPL-3.0-or-later
"""Patients: what is kept comes back, and what is wrong is one sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from endplate.clinic.records.patients import Patients, months
from endplate.errors import RecordsError

from .conftest import NOW, someone


def test_what_was_entered_comes_back(database, patient):
    assert Patients(database).all() == [patient] == [Patients(database).find("a17")]
    assert replace(patient, uid="", created="") == someone()
    assert patient.created == "2026-11-30T09:15:00"


@pytest.mark.parametrize(
    ("since", "until", "whole"),
    [
        ((2025, 6, 15), (2026, 11, 30), 17),
        ((2025, 6, 15), (2026, 11, 14), 16),
        ((2025, 6, 15), (2025, 6, 15), 0),
        ((2024, 1, 31), (2024, 2, 29), 0),
        ((2024, 2, 29), (2025, 3, 1), 12),
    ],
)
def test_months_are_whole_ones(since, until, whole):
    assert months(date(*since), date(*until)) == whole


def test_before_tmr_there_are_no_months_since():
    assert someone().months_since_tmr(date(2025, 6, 14)) is None
    assert someone(tmr=None).months_since_tmr(date(2026, 1, 1)) is None


WRONG = {
    "code": ({"code": "Anna Smith"}, "code is 1 to 32 letters"),
    "no code": ({"code": ""}, "code is 1 to 32 letters"),
    "a path": ({"code": "../../etc"}, "code is 1 to 32 letters"),
    "side": ({"side": "both"}, "side is one of left, right"),
    "level": ({"level": "knee"}, "level is one of"),
    "tmr ahead": ({"tmr": date(2026, 12, 1)}, "date of the TMR, 2026-12-01, lies ahead"),
    "amputated ahead": ({"amputated": date(2027, 1, 1)}, "amputation, 2027-01-01, lies ahead"),
    "long ago": ({"amputated": date(1205, 1, 1)}, "lies too far back"),
    "order": ({"tmr": date(2024, 1, 1)}, "TMR on 2024-01-01 was before the amputation"),
    "notes": ({"notes": "x" * 20_001}, "at most 20000 characters"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_and_not_kept(database, name):
    changes, sentence = WRONG[name]
    with pytest.raises(RecordsError, match=sentence):
        Patients(database).add(replace(someone(), **changes), NOW)
    assert Patients(database).all() == []


def test_sites_that_contradict_each_other(database, patient):
    first, second, *rest = patient.sites
    for sites, sentence in (
        ((first, replace(second, label=first.label), *rest), "Two sites have the label"),
        ((first, replace(second, channel=first.channel), *rest), "Two sites have the channel 1"),
        ((replace(first, label=" "), second), "A site has no name"),
        (tuple(replace(site, used=False) for site in patient.sites), "All sites are switched off"),
    ):
        with pytest.raises(RecordsError, match=sentence):
            Patients(database).change(replace(patient, sites=sites), NOW.date())
    assert Patients(database).find("A17") == patient


def test_a_code_is_there_once_in_any_spelling(database, patient):
    with pytest.raises(RecordsError, match="A patient a17 exists already"):
        Patients(database).add(someone("a17"), NOW)
    other = Patients(database).add(someone("B2"), NOW)
    with pytest.raises(RecordsError, match="A patient A17 exists already"):
        Patients(database).change(replace(other, code="A17"), NOW.date())
    assert [one.code for one in Patients(database).all()] == ["A17", "B2"]


def test_a_change_gives_back_what_was_there_so_that_it_can_be_undone(database, patient):
    patients = Patients(database)
    before = patients.change(replace(patient, notes="better", tmr=None), NOW.date())
    assert before == patient and patients.find("A17").notes == "better"
    patients.change(before, NOW.date())
    assert patients.find("A17") == patient


def test_who_is_not_there_is_named_with_who_is(database, patient):
    with pytest.raises(RecordsError, match="no patient Z9; there are A17"):
        Patients(database).find("Z9")
    with pytest.raises(RecordsError, match="is not there any more"):
        Patients(database).change(someone("Z9", uid="gone"), NOW.date())
