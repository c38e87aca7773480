# SPDX-License-Identifier: GPL-3.0-or-later
"""Records with one patient in them, and those of the demonstration."""

from __future__ import annotations

import fcntl
import os
import shutil
from datetime import date, datetime

import pytest

from endplate.cli import demonstration
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


@pytest.fixture(scope="session")
def demonstrated(tmp_path_factory):
    """Folder of records with the demonstration patient and two visits, of which the second brought
    a movement more: site test, calibration, Fitts tests, each as short as can be. Made once for all
    workers; it takes seconds, so nobody changes it: see `records`."""
    place = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent
    done = place / "demonstrated"
    with (place / "demonstrated.lock").open("w") as lock, pytest.MonkeyPatch.context() as patched:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            patched.setattr(demonstration, "PAST", demonstration.PAST[::2])
            patched.setattr(demonstration, "MODE", "isolate")
            patched.setattr(demonstration, "USUAL_TARGETS", 6)
            with Database(place / "demonstrating") as database:
                demonstration.make(database, NOW, lambda _: None)
            (place / "demonstrating").rename(done)
    return done


@pytest.fixture
def records(demonstrated, tmp_path_factory):
    """A copy of `demonstrated`, to be changed."""
    return shutil.copytree(demonstrated, tmp_path_factory.mktemp("demonstration") / "records")
