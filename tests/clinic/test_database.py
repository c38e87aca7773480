# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of the records: whose it is, and one sentence for whatever is wrong with it."""

from __future__ import annotations

import sqlite3
import stat

import pytest

from endplate.clinic.records import database as records
from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patients
from endplate.errors import RecordsError

from .conftest import NOW, someone


def test_only_the_owner_can_read_it(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    with Database(folder) as database:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(database.path.stat().st_mode) == 0o600


def test_one_of_a_newer_version_is_left_alone(tmp_path):
    with Database(tmp_path) as database:
        path = database.path
    with sqlite3.connect(path) as bare:
        bare.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(RecordsError, match=r"newer Endplate \(version 99.*update Endplate"):
        Database(tmp_path)
    assert path.read_bytes() == before


def test_one_of_an_older_version_is_brought_up_to_date_after_a_copy(tmp_path, monkeypatch):
    with Database(tmp_path) as database:
        Patients(database).add(someone(), NOW)
    monkeypatch.setattr(records, "VERSION", records.VERSION + 1)
    more = "ALTER TABLE patient ADD COLUMN shoe_size INTEGER"
    monkeypatch.setattr(records, "STEPS", (*records.STEPS, more))
    with Database(tmp_path) as database:
        found = database.rows("SELECT code, shoe_size FROM patient")
    assert [tuple(row) for row in found] == [("A17", None)]
    with sqlite3.connect(tmp_path / f"clinic-version-{records.VERSION - 1}.db") as kept:
        assert kept.execute("SELECT code FROM patient").fetchall() == [("A17",)]


def test_a_step_that_fails_leaves_the_old_version(tmp_path, monkeypatch):
    with Database(tmp_path) as database:
        Patients(database).add(someone(), NOW)
    with monkeypatch.context() as patched:
        patched.setattr(records, "VERSION", records.VERSION + 1)
        patched.setattr(records, "STEPS", (*records.STEPS, "DROP TABLE score; NONSENSE"))
        with pytest.raises(RecordsError, match="do not work"):
            Database(tmp_path)
    with Database(tmp_path) as database:
        assert database.rows("SELECT * FROM score") == []
        assert Patients(database).find("A17")


@pytest.mark.parametrize("content", [b"not a database, but long " * 64, b"SQLite format 3\0"])
def test_what_is_no_database_is_left_alone(tmp_path, content):
    (tmp_path / records.NAME).write_bytes(content)
    with pytest.raises(RecordsError, match="damaged or no database"):
        Database(tmp_path)
    assert (tmp_path / records.NAME).read_bytes() == content


def test_a_folder_that_cannot_be_there(tmp_path):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "data"):
        with pytest.raises(RecordsError, match="cannot be opened for writing"):
            Database(folder)


def test_while_another_writes_it_says_so_and_works_again_afterwards(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "BUSY_S", 0.05)
    with Database(tmp_path) as database:
        other = sqlite3.connect(database.path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(RecordsError, match="in use by another program"):
            Patients(database).add(someone(), NOW)
        other.execute("ROLLBACK")
        other.close()
        assert Patients(database).add(someone(), NOW).code == "A17"


def test_a_full_disk_changes_nothing(tmp_path):
    with Database(tmp_path) as database:
        Patients(database).add(someone(), NOW)
        pages = database.rows("PRAGMA page_count")[0][0]
        database.rows(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(RecordsError, match="is full: nothing was changed"):
            for number in range(200):
                Patients(database).add(someone(f"B{number}", notes="n" * 9000), NOW)
        kept = Patients(database).all()
    with Database(tmp_path) as database:
        assert Patients(database).all() == kept and kept[0].code == "A17"


def test_two_windows_see_each_others_changes(tmp_path):
    with Database(tmp_path) as one, Database(tmp_path) as two:
        Patients(one).add(someone(), NOW)
        assert Patients(two).find("A17") == Patients(one).find("A17")
