# SPDX-License-Identifier: GPL-3.0-or-later
"""When: a visit, its folder, and what came of it (results: JSON, in the order in which they were
made). Files of a visit lie in its folder and are named relative to it."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patient
from endplate.errors import RecordingError, RecordsError
from endplate.live.recording import read_meta

RECORDINGS, GROWING = "*.bdf", "*.journal"
#: What reading the content of a result can raise that is not what its kind has.
SHAPELESS = (KeyError, IndexError, TypeError, ValueError, AttributeError)


@dataclass(frozen=True)
class Visit:
    """One visit. `began` and `ended` are local times without a zone; `ended` None: it goes on."""

    uid: str
    patient: str
    began: datetime
    ended: datetime | None
    notes: str
    folder: Path

    def recordings(self) -> list[Path]:
        """BDF+ files that are there, in the order of their names."""
        return sorted(self.folder.glob(RECORDINGS))

    def growing(self) -> list[Path]:
        """Recordings that are still being written, or whose session died."""
        return sorted(self.folder.glob(GROWING))

    def simulated(self, results: Sequence[Result]) -> bool:
        """Whether any of it, or of its `results`, is of a simulated board: nobody's."""
        files = (*self.recordings(), *self.growing())
        return any(one.content.get("simulated") for one in results) or any(map(_simulated, files))


@dataclass(frozen=True)
class Result:
    """What came of a step of a visit."""

    uid: str
    visit: str
    kind: str
    made: datetime
    content: dict[str, Any]


@lru_cache(maxsize=1000)  # a list of visits is drawn again and again
def _of_simulation(path: Path, _changed: int) -> bool:
    return bool(read_meta(path).get("simulated"))


def _simulated(path: Path) -> bool:
    """Of a recording; no of one that cannot be read, which the report says."""
    with suppress(OSError, RecordingError):
        return _of_simulation(path, 0 if path.suffix == ".journal" else path.stat().st_mtime_ns)
    return False


class Visits:
    """Visits of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, patient: Patient) -> list[Visit]:
        """The newest first."""
        found = self._database.rows(
            "SELECT * FROM visit WHERE patient = ? ORDER BY began DESC", (patient.uid,)
        )
        return [self._visit(row) for row in found]

    def begin(self, patient: Patient, now: datetime) -> Visit:
        """A new visit with its folder. Raises RecordsError when the folder cannot be made."""
        uid = f"{now:%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:4]}"
        folder = self._database.folder_of(patient.uid, uid)
        try:
            folder.mkdir(mode=0o700, parents=True)
        except OSError as error:
            raise RecordsError(
                f"The visit's folder {folder} cannot be made ({error.strerror}): check the disk."
            ) from None
        with self._database.change() as change:
            change.execute(
                "INSERT INTO visit (uid, patient, began, ended, notes) VALUES (?, ?, ?, NULL, '')",
                (uid, patient.uid, now.isoformat(timespec="seconds")),
            )
        return self.find(uid)

    def today(self, patient: Patient, now: datetime) -> Visit:
        """The visit of this day, begun if there is none."""
        newest = next(iter(self.of(patient)), None)
        if newest is not None and newest.began.date() == now.date():
            return newest
        return self.begin(patient, now)

    def find(self, uid: str) -> Visit:
        """Raises RecordsError."""
        found = self._database.rows("SELECT * FROM visit WHERE uid = ?", (uid,))
        if not found:
            raise RecordsError(f"There is no visit {uid[:40]}: choose one of the list.")
        return self._visit(found[0])

    def end(self, visit: Visit, now: datetime) -> None:
        """The patient leaves."""
        self._set(visit, "ended", now.isoformat(timespec="seconds"))

    def note(self, visit: Visit, notes: str) -> None:
        """Replaces the visit's notes."""
        self._set(visit, "notes", notes)

    def _set(self, visit: Visit, column: str, value: str) -> None:
        with self._database.change() as change:
            change.execute(f"UPDATE visit SET {column} = ? WHERE uid = ?", (value, visit.uid))

    # ---- what came of it ----

    def keep(self, visit: Visit, kind: str, content: dict[str, Any], now: datetime) -> Result:
        """Keeps one result."""
        uid = uuid.uuid4().hex[:12]
        text = json.dumps(content, allow_nan=False)
        with self._database.change() as change:
            change.execute(
                "INSERT INTO result (uid, visit, kind, made, content) VALUES (?, ?, ?, ?, ?)",
                (uid, visit.uid, kind, now.isoformat(timespec="milliseconds"), text),
            )
        return Result(uid, visit.uid, kind, now, json.loads(text))

    def results(self, visit: Visit, kind: str = "") -> list[Result]:
        """In the order in which they were made; of one kind, or all."""
        found = self._database.rows(
            "SELECT * FROM result WHERE visit = ? AND (kind = ? OR ? = '') ORDER BY made",
            (visit.uid, kind, kind),
        )
        return [
            Result(row["uid"], row["visit"], row["kind"], datetime.fromisoformat(row["made"]),
                   json.loads(row["content"]))
            for row in found
        ]  # fmt: skip

    def uids(self, patient: Patient) -> tuple[str, ...]:
        """Of all results of a patient, without reading them."""
        found = self._database.rows(
            "SELECT result.uid FROM result JOIN visit ON result.visit = visit.uid "
            "WHERE visit.patient = ? ORDER BY result.made", (patient.uid,),
        )  # fmt: skip
        return tuple(row["uid"] for row in found)

    def _visit(self, row: sqlite3.Row) -> Visit:
        ended = row["ended"]
        return Visit(
            row["uid"], row["patient"], datetime.fromisoformat(row["began"]),
            datetime.fromisoformat(ended) if ended else None, row["notes"],
            self._database.folder_of(row["patient"], row["uid"]),
        )  # fmt: skip
