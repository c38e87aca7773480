# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate report`: the fitting report of a visit or a recording as PDF and HTML, the same as the
window's, and its figures computed again from the recordings."""

from __future__ import annotations

import argparse
import os
import re
from datetime import date
from pathlib import Path

from rich.console import Console

from endplate.cli.places import add_data, records
from endplate.clinic.records.database import NAME, Database, default_folder
from endplate.clinic.records.patients import Patient, Patients
from endplate.clinic.records.visits import Visit, Visits
from endplate.clinic.report.alone import alone
from endplate.clinic.report.content import Report, report
from endplate.clinic.rerun import rerun
from endplate.errors import RecordsError, SessionError, UsageError

EXAMPLES = """examples:
  endplate report A17                          of the last visit: A17-2026-10-05.pdf and .html
  endplate report A17 --visit 2026-10-05       of that day's
  endplate report 20261005-091500-26a7         of the visit of that name, or of its folder
  endplate report visit/091502.bdf             of the visit it lies in, or of itself alone
  endplate report A17 --out reports/a17        to another place
"""
FOLDERS = 3  # a visit's lies so deep in that of the records: patients/PATIENT/VISIT
VISIT = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")
RECORDINGS = (".bdf", ".edf", ".journal")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "what", metavar="RECORDING|VISIT|CODE",
        help="a recording, a visit's name or folder, or a patient's code",
    )  # fmt: skip
    parser.add_argument("--visit", metavar="DAY", help="of a code: which one (the last)")
    parser.add_argument("--out", type=Path, help="file without ending (CODE-DAY)")
    parser.add_argument("--as-kept", action="store_true",
                        help="do not compute the figures again from the recordings")  # fmt: skip
    add_data(parser)


def run(arguments: argparse.Namespace) -> int:
    """Writes both files; status 1 when a figure came out otherwise."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    try:
        from PyQt6.QtWidgets import QApplication

        from endplate.monitor.report_files import write_report
    except ImportError as error:
        raise SessionError(
            f"The report is drawn with PyQt6 ({error}); install it with: pip install "
            "'endplate[monitor]'."
        ) from None
    console = Console()
    made, good = _made(arguments, console)
    out = arguments.out or Path(made.name.replace(" ", "-"))
    application = QApplication.instance() or QApplication(["endplate"])
    files = write_report(made, out)
    del application
    if made.simulated:
        console.print("SIMULATED")
    for sentence in (*made.missing, *made.checked):
        console.print(sentence, markup=False, highlight=False)
    console.print("Written: " + ", ".join(map(str, files)))
    return 0 if good else 1


def _made(arguments: argparse.Namespace, console: Console) -> tuple[Report, bool]:
    """What is to be written, and whether all came out again."""
    what, today = Path(arguments.what).expanduser(), date.today()
    is_file = what.suffix in RECORDINGS or what.is_file()
    if (is_file or what.is_dir()) and (data := _around(what, arguments)) is not None:
        with Database(data) as database:
            folder = what.resolve() if what.is_dir() else what.resolve().parent
            return _visit(Visits(database).find(folder.name), database, arguments, console)
    if what.is_dir() and "/" in arguments.what:
        raise RecordsError(
            f"{what} is no visit's folder in any records: name a recording, a visit or a "
            "patient's code."
        )
    if is_file:
        with console.status("") as line:
            return alone(what, today, line.update)
    with records(arguments) as database:
        if VISIT.fullmatch(arguments.what):
            return _visit(Visits(database).find(arguments.what), database, arguments, console)
        patient = Patients(database).find(arguments.what)
        return _visit(_chosen(database, patient, arguments.visit), database, arguments, console)


def _around(what: Path, arguments: argparse.Namespace) -> Path | None:
    """Folder of the records that a recording or a visit's folder lies in, None for another."""
    folder = (what if what.is_dir() else what.parent).resolve()
    above = folder.parents[FOLDERS - 1] if len(folder.parents) >= FOLDERS else None
    for data in (above, arguments.data or default_folder()):
        if data is None or not (Path(data) / NAME).exists():
            continue
        with Database(data) as database:
            known = database.rows("SELECT patient FROM visit WHERE uid = ?", (folder.name,))
            if known and database.folder_of(known[0][0], folder.name).resolve() == folder:
                return Path(data)
    return None


def _chosen(database: Database, patient: Patient, wanted: str | None) -> Visit:
    """One of a patient's visits. Raises RecordsError."""
    visits = Visits(database).of(patient)
    found = [one for one in visits if wanted in (None, one.uid, f"{one.began:%Y-%m-%d}")]
    if not found:
        there = ", ".join(f"{one.began:%Y-%m-%d}" for one in visits[:8]) or "none"
        raise RecordsError(
            f"{patient.code} has no visit {wanted or 'yet'}; there are: {there}."
        )
    return found[0]


def _visit(
    visit: Visit, database: Database, arguments: argparse.Namespace, console: Console
) -> tuple[Report, bool]:
    if arguments.visit and VISIT.fullmatch(arguments.what):
        raise UsageError("--visit chooses one of a patient's visits; the visit is named already.")
    patient = Patients(database).with_uid(visit.patient)
    assert patient is not None, "a visit goes with its patient"
    if arguments.as_kept:
        said = ["The figures are as they were kept; they were not computed again."]
        return report(database, patient, visit, date.today(), said), True
    with console.status("") as line:
        found = rerun(Visits(database), visit, line.update)
    return report(database, patient, visit, date.today(), found.said()), found.good
