# SPDX-License-Identifier: GPL-3.0-or-later
"""The index of the clinic's records: one SQLite file that only its owner can read.

A change is whole or not there (a transaction each), and on the disk when its call returns. What is
deleted is overwritten in the file (secure_delete). Versions: a database of an older Endplate is
brought up to date after a copy of it was laid beside; one of a newer Endplate is left alone.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from endplate.errors import RecordsError

NAME = "clinic.db"
VERSION = 1
UID = re.compile(r"[0-9a-z][0-9a-z-]{0,63}")  # of patients and visits: names of folders
BUSY_S = 3.0  # another window may be writing
#: Statements that lead from each version to the next; the first ones make it.
STEPS = (
    """
    CREATE TABLE patient (
        uid TEXT PRIMARY KEY, code TEXT NOT NULL UNIQUE COLLATE NOCASE, side TEXT NOT NULL,
        level TEXT NOT NULL, amputated TEXT, tmr TEXT, montage TEXT NOT NULL, sites TEXT NOT NULL,
        notes TEXT NOT NULL, simulated INTEGER NOT NULL, created TEXT NOT NULL);
    CREATE TABLE visit (
        uid TEXT PRIMARY KEY, patient TEXT NOT NULL REFERENCES patient ON DELETE CASCADE,
        began TEXT NOT NULL, ended TEXT, notes TEXT NOT NULL);
    CREATE TABLE result (
        uid TEXT PRIMARY KEY, visit TEXT NOT NULL REFERENCES visit ON DELETE CASCADE,
        kind TEXT NOT NULL, made TEXT NOT NULL, content TEXT NOT NULL);
    CREATE TABLE score (
        uid TEXT PRIMARY KEY, patient TEXT NOT NULL REFERENCES patient ON DELETE CASCADE,
        instrument TEXT NOT NULL, version TEXT NOT NULL, dated TEXT NOT NULL, value REAL NOT NULL,
        notes TEXT NOT NULL);
    CREATE INDEX visit_of ON visit (patient, began);
    CREATE INDEX result_of ON result (visit, kind, made);
    CREATE INDEX score_of ON score (patient, instrument, dated);
    """,
)


def default_folder() -> Path:
    """Where the records are when nobody says otherwise: $ENDPLATE_DATA, or the user's own place."""
    chosen = os.environ.get("ENDPLATE_DATA")
    return Path(chosen) if chosen else platformdirs.user_data_path("endplate")


class Database:
    """The records of one folder, made when they are not there.

    Raises RecordsError for a folder that cannot be used and a file that is not such a database.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.path = self.folder / NAME
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            self.path.chmod(0o600)
        except OSError as error:
            raise RecordsError(
                f"The records in {self.folder} cannot be opened for writing ({error.strerror}): "
                "make the folder writable, or name another with --data."
            ) from None
        with self._said():
            self._connection = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None)
            self._connection.row_factory = sqlite3.Row
            for pragma in ("foreign_keys = ON", "secure_delete = ON", "synchronous = FULL"):
                self._connection.execute(f"PRAGMA {pragma}")
            self._bring_up_to_date()

    def close(self) -> None:
        """Lets go of the file."""
        self._connection.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Everything inside happens, or nothing."""
        with self._said():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                if self._connection.in_transaction:  # a full disk has rolled it back already
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def rows(self, statement: str, values: tuple = ()) -> list[sqlite3.Row]:
        """What a SELECT finds."""
        with self._said():
            return self._connection.execute(statement, values).fetchall()

    def compact(self) -> None:
        """Leaves no trace in the file of what was deleted."""
        with self._said():
            self._connection.execute("VACUUM")

    def folder_of(self, patient: str, visit: str = "") -> Path:
        """Where a patient's files lie, or those of one visit; made on demand by who writes there.
        Raises ValueError for a uid that would lead elsewhere."""
        for uid in filter(None, (patient, visit)):
            if not UID.fullmatch(uid):
                raise ValueError(f"{uid!r} is no uid")
        return self.folder / "patients" / patient / visit

    def _bring_up_to_date(self) -> None:
        version = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
        if version > VERSION:
            raise RecordsError(
                f"{self.path} was written by a newer Endplate (version {version} of the records, "
                f"this one knows {VERSION}): update Endplate, or name another folder with --data."
            )
        if version == VERSION:
            return
        if version:
            shutil.copy2(self.path, self.path.with_name(f"clinic-version-{version}.db"))
        self._connection.execute("BEGIN IMMEDIATE")
        for number in range(version, VERSION):
            for statement in filter(str.strip, STEPS[number].split(";")):
                self._connection.execute(statement)
        self._connection.execute(f"PRAGMA user_version = {VERSION}")
        self._connection.execute("COMMIT")

    @contextmanager
    def _said(self) -> Iterator[None]:
        """SQLite's errors in one sentence."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise RecordsError(self._sentence(str(error))) from None
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
                raise
            raise RecordsError(
                f"{self.path} is damaged or no database of Endplate's ({error}): put a copy in "
                "its place, or name another folder with --data."
            ) from None

    def _sentence(self, error: str) -> str:
        if "locked" in error or "busy" in error:
            return (
                f"The records in {self.folder} are in use by another program: close it there, "
                "then try again."
            )
        if "readonly" in error or "read-only" in error:
            return (
                f"The records in {self.folder} cannot be written: make the folder and its files "
                "writable, then try again."
            )
        if "full" in error:
            return (
                f"The disk of {self.folder} is full: nothing was changed. Make room, then try "
                "again."
            )
        return f"The records in {self.folder} do not work ({error}): check the disk."
