# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate report`: the fitting report of a visit as PDF and HTML, the same as the window's."""

from __future__ import annotations

import argparse
import os
from datetime import date
from pathlib import Path

from rich.console import Console

from endplate.cli.places import add_data, records
from endplate.clinic.records.patients import Patients
from endplate.clinic.records.visits import Visits
from endplate.errors import RecordsError, SessionError

EXAMPLES = """examples:
  endplate report A17                          of the last visit: A17-2026-10-05.pdf and .html
  endplate report A17 --visit 2026-10-05       of that day's
  endplate report A17 --out reports/a17        to another place
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("code", help="the patient's code")
    parser.add_argument("--visit", metavar="DAY", help="or the visit's name (the last one)")
    parser.add_argument("--out", type=Path, help="file without ending (CODE-DAY)")
    add_data(parser)


def run(arguments: argparse.Namespace) -> int:
    """Writes both files."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    try:
        from PyQt6.QtWidgets import QApplication

        from endplate.monitor.report_files import write_report
    except ImportError as error:
        raise SessionError(
            f"The report is drawn with PyQt6 ({error}); install it with: pip install "
            "'endplate[monitor]'."
        ) from None
    with records(arguments) as database:
        patient = Patients(database).find(arguments.code)
        visits = Visits(database).of(patient)
        wanted = [
            one for one in visits
            if arguments.visit in (None, one.uid, f"{one.began:%Y-%m-%d}")
        ]  # fmt: skip
        if not wanted:
            there = ", ".join(f"{one.began:%Y-%m-%d}" for one in visits[:8]) or "none"
            raise RecordsError(
                f"{patient.code} has no visit {arguments.visit or 'yet'}; there are: {there}."
            )
        visit = wanted[0]
        out = arguments.out or Path(f"{patient.code}-{visit.began:%Y-%m-%d}")
        application = QApplication.instance() or QApplication(["endplate"])
        made, files = write_report(database, patient, visit, out, date.today())
        del application
    console = Console()
    if made.simulated:
        console.print("SIMULATED")
    for sentence in made.missing:
        console.print(sentence, markup=False)
    console.print("Written: " + ", ".join(map(str, files)))
    return 0
