# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate patient add`, `edit` and `score`."""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from rich.console import Console

from endplate.cli.patient.options import Verb, add_code
from endplate.cli.patient.shown import called, months
from endplate.cli.places import records
from endplate.clinic.records.patients import (
    LEVELS,
    PRESETS,
    SIDES,
    Patient,
    Patients,
    day,
    sites_of,
)
from endplate.clinic.records.scores import INSTRUMENTS, Score, Scores
from endplate.errors import UsageError
from endplate.hardware import load_montage


def _facts(parser: argparse.ArgumentParser, *, needed: bool) -> None:
    add_code(parser)
    parser.add_argument("--side", choices=SIDES, required=needed)
    parser.add_argument("--level", choices=LEVELS, required=needed, help="of the amputation")
    parser.add_argument("--amputated", metavar="DAY", help="for example 2024-03-02")
    parser.add_argument("--tmr", metavar="DAY", help="day of the targeted muscle reinnervation")
    parser.add_argument("--montage", help="electrode sites, a name or a file (the level's preset)")
    parser.add_argument("--notes")


def _add(arguments: argparse.Namespace) -> int:
    montage = load_montage(arguments.montage or PRESETS[arguments.level])
    patient = Patient(
        arguments.code, arguments.side, arguments.level, montage.name, sites_of(montage),
        day(arguments.amputated or ""),
        day(arguments.tmr or ""), arguments.notes or "",
    )  # fmt: skip
    with records(arguments) as database:
        made = Patients(database).add(patient, datetime.now())
        Console().print(
            f"{called(made)} is entered: {made.side} {made.level}, {len(made.sites)} sites of "
            f"{made.montage}, months since TMR: {months(made, date.today())}."
        )
    return 0


def _edit_arguments(parser: argparse.ArgumentParser) -> None:
    _facts(parser, needed=False)
    parser.add_argument("--code", dest="new_code", metavar="CODE", help="another code")
    parser.add_argument("--off", action="append", default=[], metavar="SITE", help="do not use it")
    parser.add_argument("--on", action="append", default=[], metavar="SITE", help="use it again")


def _edit(arguments: argparse.Namespace) -> int:
    with records(arguments) as database:
        patients = Patients(database)
        before = patients.find(arguments.code)
        changes: dict[str, Any] = {
            name: value for name in ("side", "level", "notes")
            if (value := getattr(arguments, name)) is not None
        }  # fmt: skip
        for name in ("amputated", "tmr"):
            if getattr(arguments, name):
                changes[name] = day(getattr(arguments, name))
        if arguments.new_code:
            changes["code"] = arguments.new_code
        sites = before.sites
        if arguments.montage:
            montage = load_montage(arguments.montage)
            changes["montage"], sites = montage.name, sites_of(montage)
        for label, used in [(s, False) for s in arguments.off] + [(s, True) for s in arguments.on]:
            if label not in {site.label for site in sites}:
                known = ", ".join(site.label for site in sites)
                raise UsageError(f"{before.code} has no site {label[:40]}; there are {known}.")
            sites = tuple(replace(s, used=used) if s.label == label else s for s in sites)
        after = replace(before, sites=sites, **changes)
        if after == before:
            raise UsageError("Nothing would change: say what, for example --tmr 2025-06-01.")
        patients.change(after, date.today())
        Console().print(f"{called(after)} is changed.")
    return 0


def _score_arguments(parser: argparse.ArgumentParser) -> None:
    add_code(parser)
    parser.add_argument("instrument", choices=list(INSTRUMENTS), metavar="INSTRUMENT",
                        help=", ".join(INSTRUMENTS))  # fmt: skip
    parser.add_argument("value", type=float)
    parser.add_argument("--date", metavar="DAY", help="(today)")
    parser.add_argument("--version", default="", help="of the instrument")
    parser.add_argument("--notes", default="")


def _score(arguments: argparse.Namespace) -> int:
    today = date.today()
    dated = day(arguments.date or "") or today
    with records(arguments) as database:
        patient = Patients(database).find(arguments.code)
        made = Scores(database).add(
            patient,
            Score(arguments.instrument, dated, arguments.value, arguments.version,
                  arguments.notes),
            today,
        )  # fmt: skip
        instrument = INSTRUMENTS[made.instrument]
        Console().print(
            f"{called(patient)}: {instrument.name} {made.value:g} {instrument.unit}, {made.dated}."
        )
    return 0


ADD = Verb(
    lambda parser: _facts(parser, needed=True), _add,
    "examples:\n  endplate patient add A17 --side left --level transhumeral --tmr 2025-06-01\n",
)  # fmt: skip
EDIT = Verb(
    _edit_arguments, _edit,
    'examples:\n  endplate patient edit A17 --tmr 2025-06-02 --off "Long triceps"\n',
)  # fmt: skip
SCORE = Verb(
    _score_arguments, _score,
    "examples:\n  endplate patient score A17 nrs-phantom 4\n"
    "  endplate patient score A17 acmc 1.2 --date 2026-10-01 --version 2.0\n",
)  # fmt: skip
