# SPDX-License-Identifier: GPL-3.0-or-later
"""Records with one patient in them."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patient, Patients, sites_of
from endplate.hardware import load_montage

NOW = datetime(2026, 11, 30, 9, 15)


@pytest.fixture
def database(tmp_path):
    with Database(tmp_path / "data") as opened:
        yield opened


def someone(code="A17", **changes):
    fields = {
        "side": "left", "level": "transhumeral", "montage": "transhumeral-4",
        "sites": sites_of(load_montage("transhumeral-4")), "amputated": date(2024, 3, 2),
        "tmr": date(2025, 6, 15), "notes": "hears the sea",
    }  # fmt: skip
    return Patient(code, **{**fields, **changes})


@pytest.fixture
def patient(database):
    return Patients(database).add(someone(), NOW)
