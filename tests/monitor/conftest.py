# SPDX-License-Identifier: GPL-3.0-or-later
"""What is tested here is what is seen, not its pace: windows look at the feed 12 times a second,
which leaves the processors to the tests beside. test_window_cost.py has the pace."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patient, Patients, sites_of
from endplate.clinic.records.visits import Visits
from endplate.hardware import load_montage

NOW = datetime(2026, 11, 30, 9, 15)


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch):
    try:
        from endplate.monitor import watch
    except ImportError:  # without PyQt6 the tests skip themselves
        return
    monkeypatch.setattr(watch, "FRAME_MS", 80)


@pytest.fixture
def records(tmp_path):
    """Folder of records with a patient who is in a visit."""
    sites, tmr = sites_of(load_montage("transhumeral-4")), date(2025, 6, 15)
    someone = Patient("A17", "left", "transhumeral", "transhumeral-4", sites, None, tmr)
    with Database(tmp_path / "data") as database:
        patient = Patients(database).add(someone, NOW)
        Visits(database).begin(patient, NOW)
    return tmp_path / "data"
