# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate patient export`, `import` and `delete`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from endplate.cli.patient.options import Verb, add_code
from endplate.cli.patient.shown import called
from endplate.cli.places import add_data, records
from endplate.clinic.records import archive
from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patient, Patients
from endplate.clinic.records.visits import Visits
from endplate.errors import UsageError
from endplate.fit.guided.protocol import counted


def _visits(database: Database, patient: Patient) -> str:
    return counted(len(Visits(database).of(patient)), "visit")


def _export_arguments(parser: argparse.ArgumentParser) -> None:
    add_code(parser)
    parser.add_argument("file", type=Path, nargs="?", help="(CODE.endplate)")


def _export(arguments: argparse.Namespace) -> int:
    with records(arguments) as database:
        patient = Patients(database).find(arguments.code)
        made = archive.export(
            database, patient, arguments.file or Path(patient.code + archive.SUFFIX)
        )
        Console().print(
            f"{called(patient)}, {_visits(database, patient)}: {made} "
            f"({made.stat().st_size / 1e6:.1f} MB). It holds everything: keep it safe."
        )
    return 0


def _import_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path)
    add_data(parser)


def _import(arguments: argparse.Namespace) -> int:
    with records(arguments) as database:
        patient = archive.restore(database, arguments.file)
        Console().print(
            f"{called(patient)} is here again, with {_visits(database, patient)}."
        )
    return 0


def _delete_arguments(parser: argparse.ArgumentParser) -> None:
    add_code(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _delete(arguments: argparse.Namespace) -> int:
    console = Console()
    with records(arguments) as database:
        patient = Patients(database).find(arguments.code)
        visits = _visits(database, patient)
        if not arguments.yes:
            if not sys.stdin.isatty():
                raise UsageError(f"Deleting {patient.code} needs --yes where nobody can be asked.")
            console.print(
                f"{called(patient)} with {visits}, their recordings and scores will be gone "
                f"for good. To delete them type the code ({patient.code}):"
            )
            if input().strip() != patient.code:
                console.print("Nothing was deleted.")
                return 1
        archive.delete(database, patient)
        console.print(f"{called(patient)} and everything of theirs is deleted ({visits}).")
    return 0


EXPORT = Verb(
    _export_arguments, _export, "examples:\n  endplate patient export A17 /media/stick/\n"
)
IMPORT = Verb(_import_arguments, _import, "examples:\n  endplate patient import A17.endplate\n")
DELETE = Verb(_delete_arguments, _delete, "examples:\n  endplate patient delete A17\n")
