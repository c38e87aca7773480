# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate patient list` and `show`."""

from __future__ import annotations

import argparse
from datetime import date

from rich.console import Console
from rich.table import Table

from endplate.cli.patient.options import Verb, add_code
from endplate.cli.places import add_data, records
from endplate.clinic.records.patients import Patient, Patients
from endplate.clinic.records.scores import INSTRUMENTS, Scores, change_in_words
from endplate.clinic.records.visits import Visits


def _list(arguments: argparse.Namespace) -> int:
    console, today = Console(), date.today()
    with records(arguments) as database:
        patients = Patients(database).all()
        if not patients:
            console.print(
                f"No patients yet in {database.folder}. `endplate patient add CODE --side left "
                "--level transhumeral` enters the first."
            )
            return 0
        table = Table("code", "side", "level", "months since TMR", "visits", "last visit", box=None)
        for one in patients:
            visits = Visits(database).of(one)
            last = f"{visits[0].began:%Y-%m-%d}" if visits else "none"
            table.add_row(
                called(one), one.side, one.level, months(one, today), str(len(visits)), last
            )
        console.print(table)
    return 0


def called(patient: Patient) -> str:
    """The code; a simulated one says so."""
    return f"{patient.code} (simulated)" if patient.simulated else patient.code


def months(patient: Patient, on: date) -> str:
    """Months since TMR as it is read."""
    since = patient.months_since_tmr(on)
    return "–" if since is None else str(since)


def _show(arguments: argparse.Namespace) -> int:
    console, today = Console(), date.today()
    with records(arguments) as database:
        one = Patients(database).find(arguments.code)
        console.print(f"{called(one)}, {one.side} {one.level}, montage {one.montage}")
        for what, when in (("Amputation", one.amputated), ("TMR", one.tmr)):
            console.print(f"{what}: {when or 'not entered'}")
        if one.tmr:
            console.print(f"Months since TMR: {months(one, today)}")
        if one.sites:
            table = Table("site", "channel", "nerve", "muscle", "function", "", box=None)
            for site in one.sites:
                table.add_row(site.label, str(site.channel), site.nerve, site.muscle,
                              site.function, "" if site.used else "off")  # fmt: skip
            console.print(table)
        if one.notes:
            console.print(one.notes, markup=False)
        visits = Visits(database)
        for visit in visits.of(one):
            results = visits.results(visit)
            told = ", ".join(dict.fromkeys(one.kind for one in results)) or "nothing kept"
            mark = " (simulated)" if visit.simulated(results) else ""
            console.print(f"{visit.began:%Y-%m-%d %H:%M}  {visit.uid}  {told}{mark}")
        _scores(console, Scores(database), one)
    return 0


def _scores(console: Console, scores: Scores, patient: Patient) -> None:
    """The newest of each instrument, against the one before."""
    for instrument in INSTRUMENTS.values():
        found = scores.of(patient, instrument.key)
        if not found:
            continue
        last = found[-1]
        said = f"{instrument.name}: {last.value:g} {instrument.unit} on {last.dated}"
        if len(found) > 1:
            before = found[-2]
            word = change_in_words(
                before.value, last.value, instrument.better, instrument.mdc
            )
            said += f", {word} against {before.value:g} on {before.dated}"
        console.print(said)


LIST = Verb(add_data, _list, "examples:\n  endplate patient list\n")
SHOW = Verb(add_code, _show, "examples:\n  endplate patient show A17\n")
