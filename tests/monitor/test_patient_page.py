# SPDX-License-Identifier: GPL-3.0-or-later
"""The page Patient, by mouse and keys, over real records."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

pytest.importorskip(
    "PyQt6.QtWidgets", reason="PyQt6 or a library it needs is not installed", exc_type=ImportError
)
pytest.importorskip("pyqtgraph")

from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtWidgets import QFileDialog, QInputDialog

from endplate.clinic.records.database import NAME, VERSION, Database
from endplate.clinic.records.patients import Patient, Patients, sites_of
from endplate.clinic.records.scores import Scores
from endplate.clinic.records.visits import Visits
from endplate.errors import RecordsError
from endplate.hardware import load_montage
from endplate.monitor.limb_view import spots
from endplate.monitor.theme import DARK, LIGHT
from endplate.monitor.window import Window

LEFT = Qt.MouseButton.LeftButton
NOW = datetime(2026, 11, 30, 9, 15)


def someone(code="A17"):
    return Patient(
        code, "left", "transhumeral", "transhumeral-4", sites_of(load_montage("transhumeral-4")),
        date(2024, 3, 2), date(2025, 6, 15), "hears the sea",
    )  # fmt: skip


@pytest.fixture
def records(tmp_path):
    folder = tmp_path / "data"
    with Database(folder) as database:
        for code in ("A17", "B2"):
            patient = Patients(database).add(someone(code), NOW)
            Visits(database).begin(patient, NOW - timedelta(days=30))
    return folder


@pytest.fixture
def opened(qtbot):
    made = []

    def open_window(folder, palette=LIGHT):
        window = Window(None, palette, folder)
        qtbot.addWidget(window)
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow, timeout=3000)
        made.append(window)
        return window

    yield open_window
    for window in made:
        window.close()


def kept(folder, code="A17"):
    with Database(folder) as database:
        return Patients(database).find(code)


def typed(qtbot, field, text):
    field.setFocus()
    qtbot.waitUntil(field.hasFocus, timeout=3000)
    field.selectAll()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key.Key_Tab)


def test_the_first_patient_is_entered(qtbot, opened, tmp_path):
    window = opened(tmp_path / "data")
    page = window.patient
    assert "enter the first one" in page.hint.text() and window.foot.step.text() == "New patient"
    qtbot.mouseClick(window.foot.step, LEFT)
    assert window.foot.step.text() == "Enter this patient" and not window.foot.step.isEnabled()
    typed(qtbot, page.form.code, "C 3")
    qtbot.mouseClick(window.foot.step, LEFT)
    assert "code is 1 to 32 letters" in window.note.text()
    typed(qtbot, page.form.code, "C3")
    typed(qtbot, page.form.tmr, "2025-06-15")
    qtbot.mouseClick(window.foot.step, LEFT)
    assert window.note.text() == "C3 is entered."
    assert kept(tmp_path / "data", "C3").tmr == date(2025, 6, 15)
    assert window.top.who.text() == "C3" and window.foot.step.text() == "Start today's visit"
    assert page.list.count() == 1 and "no visit yet" in page.list.item(0).text()


def test_everybody_is_listed_and_one_is_chosen(qtbot, opened, records):
    window = opened(records, DARK)
    page = window.patient
    assert [page.list.item(k).text().split("\n")[0] for k in range(2)] == ["A17", "B2"]
    assert "2026-10-31" in page.list.item(0).text()
    page.list.setCurrentRow(1)
    assert page.form.code.text() == "B2" and "17 months since TMR" in page.form.months.text()
    assert page.past.count() == 1 and "no recording" in page.past.item(0).text()
    assert "Lateral biceps" in page.form.limb.accessibleDescription()


def test_what_is_changed_is_kept_at_once_and_can_be_taken_back(qtbot, opened, records):
    window = opened(records)
    page = window.patient
    page.list.setCurrentRow(0)
    typed(qtbot, page.form.tmr, "2025-07-01")
    assert kept(records).tmr == date(2025, 7, 1) and "Kept" in window.note.text()
    page.form.notes.setPlainText("skin is dry")
    assert kept(records).notes == "skin is dry"
    qtbot.keyClick(window.rail, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(window.rail, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert replace(kept(records), uid="", created="") == someone()
    assert page.form.tmr.text() == "2025-06-15"


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("tmr", "15.6.2025", "is no day"),
        ("tmr", "2999-01-01", "lies ahead"),
        ("amputated", "2025-12-01", "was before the amputation"),
        ("code", "B2", "B2 exists already"),
        ("code", "", "code is 1 to 32"),
    ],
)
def test_what_is_wrong_is_said_and_not_kept(qtbot, opened, records, field, text, sentence):
    window = opened(records)
    window.patient.list.setCurrentRow(0)
    line = getattr(window.patient.form, field)
    if text:
        typed(qtbot, line, text)
    else:
        line.clear()
        line.editingFinished.emit()
    assert sentence in window.note.text()
    assert replace(kept(records), uid="", created="") == someone()


def test_a_site_is_switched_off_on_the_limb_and_renamed_in_the_table(qtbot, opened, records):
    window = opened(records)
    page = window.patient
    page.list.setCurrentRow(0)
    limb = page.form.limb
    place = limb.centre(2)
    qtbot.mouseClick(limb, LEFT, pos=QPoint(round(place.x()), round(place.y())))
    assert [site.used for site in kept(records).sites] == [True, True, False, True]
    page.form.table.item(0, 1).setText("Biceps, moved")
    assert kept(records).sites[0].label == "Biceps, moved"
    page.form.table.item(1, 1).setText("Biceps, moved")
    assert "Two sites have the label" in window.note.text()


def test_another_level_brings_its_sites(qtbot, opened, records):
    window = opened(records)
    page = window.patient
    page.list.setCurrentRow(0)
    page.form.level.setCurrentText("transradial")
    page.form.level.activated.emit(0)
    assert kept(records).montage == "transradial-8" and len(kept(records).sites) == 8
    assert page.form.table.rowCount() == 8


@pytest.mark.parametrize("name", ["shoulder-6", "transhumeral-4", "transradial-8", "free-8"])
def test_no_two_sites_lie_on_each_other(name):
    found = spots([site.position for site in load_montage(name).sites])
    places = [(one.face, one.across, round(one.along, 2)) for one in found]
    assert len(set(places)) == len(places)
    assert all(0 <= one.along <= 0.92 and abs(one.across) <= 1 for one in found)


def test_space_is_a_letter_in_a_note_while_nothing_drives_the_hand(qtbot, opened, records):
    window = opened(records)
    window.patient.list.setCurrentRow(0)
    notes = window.patient.form.notes
    notes.setFocus()
    qtbot.waitUntil(notes.hasFocus, timeout=2000)
    notes.clear()
    qtbot.keyClicks(notes, "a b")
    assert notes.toPlainText() == "a b"
    window._status = {"hand": {"word": "active"}}
    qtbot.keyClicks(notes, " c")
    assert notes.toPlainText() == "a bc", "while it drives, Space is STOP everywhere"


def test_a_patient_goes_out_and_comes_back(qtbot, opened, records, tmp_path, monkeypatch):
    window = opened(records)
    page = window.patient
    page.list.setCurrentRow(0)
    place = str(tmp_path / "A17.endplate")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (place, ""))
    qtbot.mouseClick(page.export_button, LEFT)
    assert "A17.endplate" in window.note.text()
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("no", True))
    qtbot.mouseClick(page.delete_button, LEFT)
    assert window.note.text() == "Nothing was deleted." and page.list.count() == 2
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("A17", True))
    qtbot.mouseClick(page.delete_button, LEFT)
    assert "is deleted" in window.note.text() and page.list.count() == 1
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (place, ""))
    qtbot.mouseClick(page.import_button, LEFT)
    assert window.note.text() == "A17 is here." and page.list.count() == 2
    assert window.top.who.text() == "A17"


def test_records_of_a_newer_version_are_said_and_nothing_else_breaks(qtbot, opened, records):
    with Database(records) as database:
        database.rows("PRAGMA user_version = 99")
    window = opened(records)
    assert "newer Endplate" in window.patient.hint.text()
    assert window.foot.step.text() == "Try again"
    qtbot.mouseClick(window.foot.step, LEFT)
    qtbot.mouseClick(window.patient.new_button, LEFT)
    assert "newer Endplate" in window.note.text()
    qtbot.keyClick(window, "2")
    assert window.page is window.sites
    with sqlite3.connect(records / NAME) as bare:
        bare.execute(f"PRAGMA user_version = {VERSION}")
    qtbot.keyClick(window, "1")
    qtbot.mouseClick(window.foot.step, LEFT)
    assert window.patient.list.count() == 2 and window.patient.hint.isHidden()


def test_records_that_cannot_be_read_for_a_while_are_one_sentence(
    qtbot, opened, records, monkeypatch
):
    """Another program holds them, say: first the visits, then what came of them."""
    window = opened(records)
    window.patient.list.setCurrentRow(0)
    assert window.patient.past.count() == 1
    why = "The records are in use by another program: close it there, then try again."

    def refuse(*_):
        raise RecordsError(why)

    for name in ("of", "results"):
        with monkeypatch.context() as patched:
            patched.setattr(Visits, name, refuse)
            window.patient.refresh()
            assert window.patient.past.item(0).text() == why
            assert (window.patient.hint.text() == why) == (name == "of")
            window.turn_to(window.pages.index(window.follow_up))
            assert window.follow_up.hint.text() == why
            window.turn_to(0)
        window.patient.refresh()
        window.follow_up.refresh()
        assert "recording" in window.patient.past.item(0).text(), "and then they are there again"
        assert window.follow_up.hint.text() != why
    monkeypatch.setattr(Visits, "results", refuse)
    window.here.patient_changed.emit()
    assert window.sites.signal.results.text() == why


def test_a_score_that_cannot_be_taken_out_stays_and_says_why(qtbot, opened, records, monkeypatch):
    window = opened(records)
    window.patient.list.setCurrentRow(0)
    page = window.follow_up
    page.value.setText("3")
    page.do_step()

    def refuse(*_):
        raise RecordsError("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(Scores, "remove", refuse)
        assert page.undo() and window.note.text() == "The disk is full."
    assert page.undo() and window.note.text() == "Taken out again."
    assert not page.undo()


def test_enter_in_a_line_keeps_it_and_starts_nothing(qtbot, opened, records):
    window = opened(records)
    window.patient.list.setCurrentRow(0)
    line = window.patient.form.tmr
    line.setFocus()
    qtbot.waitUntil(line.hasFocus, timeout=3000)
    line.selectAll()
    qtbot.keyClicks(line, "2025-07-02")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert kept(records).tmr == date(2025, 7, 2)
    assert not window.here.starting


def test_a_visit_without_a_desk_is_one_sentence(qtbot, opened, records):
    window = opened(records)
    window.patient.list.setCurrentRow(0)
    qtbot.mouseClick(window.foot.step, LEFT)
    qtbot.waitUntil(lambda: "Nothing is running" in window.note.text(), timeout=3000)
    assert window.foot.step.text() == "Start today's visit"
