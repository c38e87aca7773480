# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs of clinic/work.py that draw a report: its first sheet to look at, or its files. Drawing
takes a second, so it is done in another process, and the window never waits."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from PyQt6.QtWidgets import QApplication

from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patients
from endplate.clinic.records.visits import Visits
from endplate.clinic.report.content import Report, report
from endplate.clinic.report.page import page
from endplate.clinic.rerun import rerun
from endplate.monitor.report_files import pictures, seen, write_report

NICE = 10  # behind the hand and the window


@dataclass(frozen=True)
class Preview:
    """The first sheet of a visit's report, from the records in `folder`."""

    folder: Path
    visit: str
    today: date

    def run(self, tell: Callable[[str], None]) -> bytes:
        """A PNG."""
        application = _drawing()
        with Database(self.folder) as database:
            made = _of(database, self.visit, self.today, ())
        drawn = seen(page(made, pictures(made)))[0]
        del application
        return drawn


@dataclass(frozen=True)
class Written:
    """What came of Files: the PDF, and sentences about it."""

    pdf: Path
    said: tuple[str, ...]
    good: bool


@dataclass(frozen=True)
class Files:
    """The files of a visit's report, after its figures were computed again from the recordings."""

    folder: Path
    visit: str
    out: Path
    today: date

    def run(self, tell: Callable[[str], None]) -> Written:
        """Tells what is computed."""
        application = _drawing()
        with Database(self.folder) as database:
            visits = Visits(database)
            found = rerun(visits, visits.find(self.visit), tell)
            made = _of(database, self.visit, self.today, tuple(found.said()))
        _, pdf = write_report(made, self.out)
        del application
        return Written(pdf, (*made.missing, *made.checked), found.good)


def _drawing() -> QApplication:
    """In a process without a window."""
    os.nice(NICE)
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    return QApplication(["endplate"])


def _of(database: Database, uid: str, today: date, checked: tuple[str, ...]) -> Report:
    visit = Visits(database).find(uid)
    patient = Patients(database).with_uid(visit.patient)
    assert patient is not None, "a visit goes with its patient"
    return report(database, patient, visit, today, checked)
