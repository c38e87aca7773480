# SPDX-License-Identifier: GPL-3.0-or-later
"""Who: a patient as the clinic keeps them, by a code of the clinic's own. No name is needed."""

from __future__ import annotations

import json
import re
import sqlite3
import uuid
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime

from endplate.clinic.records.database import Database
from endplate.errors import RecordsError
from endplate.hardware import Montage

SIDES = ("left", "right")
LEVELS = ("shoulder", "transhumeral", "transradial")
#: Montage of each level, to begin with.
PRESETS = {
    "shoulder": "shoulder-6", "transhumeral": "transhumeral-4", "transradial": "transradial-8",
}  # fmt: skip
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
MOST_NOTES = 20_000
EARLIEST = date(1900, 1, 1)


@dataclass(frozen=True)
class PatientSite:
    """A site of the patient's montage, as it is on this limb."""

    label: str
    channel: int
    nerve: str = ""
    muscle: str = ""
    function: str = ""
    position: str = ""
    used: bool = True


@dataclass(frozen=True)
class Patient:
    """One patient. `uid` names their folder and never changes; dates are None where unknown."""

    code: str
    side: str
    level: str
    montage: str
    sites: tuple[PatientSite, ...] = ()
    amputated: date | None = None
    tmr: date | None = None
    notes: str = ""
    simulated: bool = False
    uid: str = ""
    created: str = ""

    def months_since_tmr(self, on: date) -> int | None:
        """Whole months, None without a date or before it."""
        return None if self.tmr is None or on < self.tmr else months(self.tmr, on)


def months(since: date, until: date) -> int:
    """Whole months between two days."""
    whole = 12 * (until.year - since.year) + until.month - since.month
    return whole - (until.day < since.day)


def day(text: str) -> date | None:
    """What was typed as a date; None for nothing. Raises RecordsError."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise RecordsError(f"{text.strip()[:40]} is no day: write it as 2025-06-01.") from None


def sites_of(montage: Montage) -> tuple[PatientSite, ...]:
    """A preset's sites, to begin with."""
    return tuple(
        PatientSite(
            site.label, site.channel, site.nerve, site.muscle, site.function, site.position
        )
        for site in montage.sites
    )


def check(patient: Patient, today: date) -> None:
    """Raises RecordsError with what is wrong and what to enter instead."""
    if not CODE.fullmatch(patient.code):
        raise RecordsError(
            "A patient's code is 1 to 32 letters, digits, dots, dashes and underscores, and "
            f"begins with a letter or digit; {patient.code[:40]!r} is not."
        )
    if patient.side not in SIDES:
        raise RecordsError(f"The side is one of {', '.join(SIDES)}, not {patient.side[:40]!r}.")
    if patient.level not in LEVELS:
        raise RecordsError(f"The level is one of {', '.join(LEVELS)}, not {patient.level[:40]!r}.")
    for what, day in (("amputation", patient.amputated), ("TMR", patient.tmr)):
        if day is not None and not EARLIEST <= day <= today:
            raise RecordsError(
                f"The date of the {what}, {day}, lies {'ahead' if day > today else 'too far back'}:"
                " enter the day on which it was."
            )
    if patient.tmr and patient.amputated and patient.tmr < patient.amputated:
        raise RecordsError(
            f"TMR on {patient.tmr} was before the amputation on {patient.amputated}: correct one "
            "of the two dates."
        )
    if len(patient.notes) > MOST_NOTES:
        raise RecordsError(f"Notes are at most {MOST_NOTES} characters: shorten them.")
    _check_sites(patient.sites)


def _check_sites(sites: tuple[PatientSite, ...]) -> None:
    for name in ("label", "channel"):
        values = [str(getattr(site, name)) for site in sites]
        twice = next((value for value in values if values.count(value) > 1), None)
        if twice is not None:
            raise RecordsError(f"Two sites have the {name} {twice}: give one of them another.")
    if any(not site.label.strip() for site in sites):
        raise RecordsError("A site has no name: give it one.")
    if sites and not any(site.used for site in sites):
        raise RecordsError("All sites are switched off: switch at least one on.")


class Patients:
    """Patients of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Patient]:
        """By code."""
        found = self._database.rows("SELECT * FROM patient ORDER BY code")
        return [_patient(row) for row in found]

    def find(self, code: str) -> Patient:
        """Of that code, large and small letters alike. Raises RecordsError."""
        found = self._database.rows("SELECT * FROM patient WHERE code = ?", (code,))
        if not found:
            known = [patient.code for patient in self.all()]
            there = f"there are {', '.join(known[:8])}" if known else "there are none yet"
            raise RecordsError(
                f"There is no patient {code[:40]}; {there}. `endplate patient add` enters one."
            )
        return _patient(found[0])

    def with_uid(self, uid: str) -> Patient | None:
        """As the records have them now; None when there is none."""
        found = self._database.rows("SELECT * FROM patient WHERE uid = ?", (uid,))
        return _patient(found[0]) if found else None

    def add(self, patient: Patient, now: datetime) -> Patient:
        """Enters a new one; returns it with its uid. Raises RecordsError for a code that exists."""
        check(patient, now.date())
        fresh = replace(
            patient, uid=patient.uid or uuid.uuid4().hex[:12],
            created=patient.created or now.isoformat(timespec="seconds"),
        )  # fmt: skip
        row = _row(fresh)
        try:
            with self._database.change() as change:
                change.execute(
                    f"INSERT INTO patient ({', '.join(row)}) VALUES "
                    f"({', '.join('?' * len(row))})", tuple(row.values()),
                )  # fmt: skip
        except sqlite3.IntegrityError:
            raise _exists(patient.code) from None
        return fresh

    def change(self, patient: Patient, today: date) -> Patient:
        """Keeps what has changed of the one with this uid; returns what it was before."""
        check(patient, today)
        before = self.with_uid(patient.uid)
        if before is None:
            raise RecordsError(f"Patient {patient.code} is not there any more: enter it anew.")
        row = _row(patient)
        try:
            with self._database.change() as change:
                change.execute(
                    f"UPDATE patient SET {', '.join(f'{name} = ?' for name in row)} WHERE uid = ?",
                    (*row.values(), patient.uid),
                )
        except sqlite3.IntegrityError:
            raise _exists(patient.code) from None
        return before


def _exists(code: str) -> RecordsError:
    return RecordsError(f"A patient {code} exists already: choose another code, or open that one.")


def _row(patient: Patient) -> dict[str, object]:
    """As the table has it."""
    row = asdict(patient)
    for name in ("amputated", "tmr"):
        row[name] = row[name].isoformat() if row[name] else None
    row["sites"] = json.dumps(row["sites"])
    row["simulated"] = int(patient.simulated)
    return row


def _patient(row: sqlite3.Row) -> Patient:
    fields = dict(row)
    for name in ("amputated", "tmr"):
        fields[name] = date.fromisoformat(fields[name]) if fields[name] else None
    fields["sites"] = tuple(PatientSite(**site) for site in json.loads(fields["sites"]))
    fields["simulated"] = bool(fields["simulated"])
    return Patient(**fields)
