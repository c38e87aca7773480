# SPDX-License-Identifier: GPL-3.0-or-later
"""The desk keeps a visit's session, whatever becomes of who asked for it."""

from __future__ import annotations

import queue
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

import pytest

pytest.importorskip("brainflow")

from endplate.clinic.desk import PROFILE, Desk, Setup, profile_of
from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patient, Patients, sites_of
from endplate.clinic.records.visits import Visits
from endplate.errors import BoardError, RecordsError, SessionError
from endplate.hardware import load_montage
from endplate.live.feed import FeedReader
from endplate.live.recording import read_recording
from endplate.live.requests import ask

NOW = datetime(2026, 11, 30, 9, 15)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def visit(folder):
    first, second, *rest = sites_of(load_montage("transhumeral-4"))
    off = (replace(first, label='Lateral "long" head'), replace(second, used=False), *rest)
    with Database(folder) as database:
        patient = Patients(database).add(
            Patient("A17", "left", "transhumeral", "transhumeral-4", off), NOW
        )
        return Visits(database).begin(patient, NOW)


@contextmanager
def served(folder, setup):
    """A desk in a thread of its own, as it has a process of its own otherwise."""
    over, made = threading.Event(), queue.Queue()

    def work():
        with Desk(folder, setup) as desk:
            made.put(desk)
            while not over.is_set():
                desk.poll()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield made.get(timeout=10)
    finally:
        over.set()
        thread.join()


def test_a_visit_from_begin_to_end(folder, visit):
    with served(folder, Setup("synthetic")) as desk:
        assert ask(folder, "state") == {"ok": True, "visit": None, "session": None}
        session = ask(folder, "begin", timeout_s=40, visit=visit.uid)["session"]
        info = FeedReader(desk.session / "feed").info
        assert info.montage_channels == (1, 3, 4), "a site that is off is left out"
        assert info.site_labels[0] == 'Lateral "long" head'
        assert ask(folder, "begin", visit=visit.uid)["session"] == session, "as often as one likes"
        assert ask(folder, "state") == {"ok": True, "visit": visit.uid, "session": session}
        with pytest.raises(SessionError, match="Another visit is on"):
            with Database(folder) as database:
                patient = Patients(database).find("A17")
                other = Visits(database).begin(patient, NOW)
            ask(folder, "begin", visit=other.uid)
        assert ask(folder, "end", timeout_s=40)["problems"] == []
        assert ask(folder, "state")["session"] is None
    (path,) = visit.recordings()
    assert read_recording(path).counts.shape[0] > 0


def test_a_board_that_is_not_there_is_said_to_who_asked(folder, visit):
    with served(folder, Setup("cyton", "/dev/nowhere")):
        with pytest.raises(BoardError, match="/dev/nowhere"):
            ask(folder, "begin", timeout_s=40, visit=visit.uid)
        assert ask(folder, "state")["session"] is None
        with pytest.raises(RecordsError, match="no visit none"):
            ask(folder, "begin", visit="none")
        with pytest.raises(SessionError, match="no request"):
            ask(folder, "dance")


def test_a_second_one_on_the_same_records_is_refused(folder, visit):
    with Desk(folder, Setup("synthetic")):
        with pytest.raises(RecordsError, match="open already on the records"):
            Desk(folder, Setup("synthetic"))
    with Desk(folder, Setup("synthetic")):
        pass


def test_a_visit_begins_with_its_own_profile_or_the_last_one(folder, visit):
    with Database(folder) as database:
        patient = Patients(database).find("A17")
        visits = Visits(database)
        later = visits.begin(patient, NOW.replace(month=12, day=2))
        assert profile_of(database, patient, later) is None
        (visit.folder / PROFILE).write_text("{}")
        assert profile_of(database, patient, later) == visit.folder / PROFILE
        (later.folder / PROFILE).write_text("{}")
        assert profile_of(database, patient, later) == later.folder / PROFILE
        assert profile_of(database, patient, visit) == visit.folder / PROFILE, "never a later one's"
