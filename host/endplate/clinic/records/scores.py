# SPDX-License-Identifier: GPL-3.0-or-later
"""Outcome instruments: scores that somebody took and enters by hand, dated, with the instrument's
version. Nothing is computed of a licensed scoring; here is only what a score means beside another.

MDC, the smallest change that is more than error of measurement: Box and Blocks 6.5 blocks, UEFS of
the OPUS 12 (Resnik and Borgia 2012, J Prosthet Orthot 24:192); ACMC 0.55 logits with one rater
(Lindner 2014, J Rehabil Res Dev 51:635). Where none was found, none is said.
"""

from __future__ import annotations

import math
import sqlite3
import uuid
from dataclasses import dataclass
from datetime import date

from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import EARLIEST, Patient
from endplate.errors import RecordsError

WITHIN = "within measurement error"


@dataclass(frozen=True)
class Instrument:
    """`better` +1: more is better, -1: less is. `least` and `most` are what a score can be."""

    key: str
    name: str
    unit: str
    least: float
    most: float
    better: int
    mdc: float | None = None
    version: str = ""


INSTRUMENTS = {
    one.key: one
    for one in (
        Instrument("nrs-residual", "Residual limb pain", "of 10", 0, 10, -1, version="NRS"),
        Instrument("nrs-phantom", "Phantom limb pain", "of 10", 0, 10, -1, version="NRS"),
        Instrument("promis-pain", "PROMIS pain interference", "T", 20, 90, -1),
        Instrument("promis-upper", "PROMIS upper extremity", "T", 10, 70, 1),
        Instrument("opus-uefs", "OPUS upper extremity function", "of 100", 0, 100, 1, 12.0),
        Instrument("neuroqol-upper", "Neuro-QOL upper extremity", "T", 10, 70, 1),
        Instrument("acmc", "ACMC", "logits", -10, 10, 1, 0.55, "2.0"),
        Instrument("shap", "SHAP index of function", "of 100", 0, 100, 1),
        Instrument("box-and-blocks", "Box and Blocks", "blocks", 0, 150, 1, 6.5),
        Instrument("clothespin", "Clothespin relocation", "s", 0, 600, -1),
    )
}


@dataclass(frozen=True)
class Score:
    """One score."""

    instrument: str
    dated: date
    value: float
    version: str = ""
    notes: str = ""
    uid: str = ""


def change_in_words(before: float, now: float, better: int, mdc: float | None = None) -> str:
    """Better, worse, within measurement error, or that nobody knows what the change means.

    `better` +1: more is better, -1: less is; `mdc` as in Instrument.
    """
    moved = (now - before) * better
    if moved == 0:
        return "unchanged"
    if mdc is None:
        return "more" if now > before else "less"
    if abs(moved) < mdc:
        return WITHIN
    return "better" if moved > 0 else "worse"


def check(score: Score, today: date) -> None:
    """Raises RecordsError with what is wrong and what to enter instead."""
    instrument = INSTRUMENTS.get(score.instrument)
    if instrument is None:
        raise RecordsError(
            f"There is no instrument {score.instrument[:40]}; known are {', '.join(INSTRUMENTS)}."
        )
    if not EARLIEST <= score.dated <= today:
        ahead = "ahead" if score.dated > today else "too far back"
        raise RecordsError(f"The score's date, {score.dated}, lies {ahead}: enter the day it was.")
    if not math.isfinite(score.value) or not instrument.least <= score.value <= instrument.most:
        raise RecordsError(
            f"{instrument.name} is {instrument.least:g} to {instrument.most:g} {instrument.unit}; "
            f"{score.value:g} is none."
        )


class Scores:
    """Scores of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, patient: Patient, score: Score, today: date) -> Score:
        """Enters one. Raises RecordsError."""
        check(score, today)
        fresh = Score(
            score.instrument, score.dated, float(score.value),
            score.version or INSTRUMENTS[score.instrument].version, score.notes,
            uuid.uuid4().hex[:12],
        )  # fmt: skip
        with self._database.change() as change:
            change.execute(
                "INSERT INTO score (uid, patient, instrument, version, dated, value, notes) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (fresh.uid, patient.uid, fresh.instrument, fresh.version, fresh.dated.isoformat(),
                 fresh.value, fresh.notes),
            )  # fmt: skip
        return fresh

    def remove(self, score: Score) -> None:
        """Takes one out again."""
        with self._database.change() as change:
            change.execute("DELETE FROM score WHERE uid = ?", (score.uid,))

    def of(self, patient: Patient, instrument: str = "") -> list[Score]:
        """The oldest first; of one instrument, or of all."""
        found = self._database.rows(
            "SELECT * FROM score WHERE patient = ? AND (instrument = ? OR ? = '') "
            "ORDER BY dated, rowid", (patient.uid, instrument, instrument),
        )  # fmt: skip
        return [_score(row) for row in found]


def _score(row: sqlite3.Row) -> Score:
    return Score(
        row["instrument"], date.fromisoformat(row["dated"]), row["value"], row["version"],
        row["notes"], row["uid"],
    )  # fmt: skip
