# SPDX-License-Identifier: GPL-3.0-or-later
"""The page Patient: what was typed is kept or stays, and who is there is listed, visit or not."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

pytest.importorskip(
    "PyQt6.QtWidgets", reason="PyQt6 or a library it needs is not installed", exc_type=ImportError
)
pytest.importorskip("pyqtgraph")

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QFileDialog, QInputDialog

from endplate.clinic.records import archive
from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patients
from endplate.clinic.records.visits import Visits
from endplate.live.recording import Journal, finalise
from monitor import test_patient_page as before

LEFT = Qt.MouseButton.LeftButton
kept, typed = before.kept, before.typed
records, opened = before.records, before.opened


def listed(page):
    return [page.list.item(row).text().split("\n")[0] for row in range(page.list.count())]


def test_who_is_imported_or_entered_during_a_visit_is_listed_at_once(
    qtbot, opened, records, tmp_path, monkeypatch
):
    with Database(records) as database:
        there = Patients(database).find("A17")
        place = archive.export(database, there, tmp_path / "A17")
        archive.delete(database, there)
    window = opened(records)
    page = window.patient
    page.list.setCurrentRow(0)
    window.here.visit = window.here.visits.of(window.here.patient)[0]
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(place), ""))
    qtbot.mouseClick(page.import_button, LEFT)
    assert window.note.text() == "A17 is here." and listed(page) == ["A17", "B2"]
    qtbot.mouseClick(page.new_button, LEFT)
    qtbot.keyClicks(page.form.code, "C3")
    page.do_step()
    assert listed(page) == ["A17", "B2", "C3"]
    assert window.here.patient.code == "B2" and page.form.code.text() == "B2"


def test_during_a_visit_the_list_keeps_to_its_patient(qtbot, opened, records):
    window = opened(records)
    page = window.patient
    page.list.setCurrentRow(0)
    window.here.visit = window.here.visits.of(window.here.patient)[0]
    place = page.list.visualItemRect(page.list.item(1)).center()
    qtbot.mouseClick(page.list.viewport(), LEFT, pos=place)
    assert "end it before" in window.note.text()
    qtbot.waitUntil(lambda: page.list.currentRow() == 0, timeout=3000)
    assert page.list.item(0).isSelected() and not page.list.item(1).isSelected()
    page.form.notes.setPlainText("of the first")
    assert listed(page) == ["A17", "B2"] and kept(records).notes == "of the first"
    assert kept(records, "B2").notes == "hears the sea"


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("code", "A 17?", "code is 1 to 32"),
        ("amputated", "2.3.2024", "is no day"),
        ("amputated", "2025-09-01", "was before the amputation"),
    ],
)
def test_what_cannot_be_kept_stops_the_start_and_stays_in_the_form(
    qtbot, opened, records, monkeypatch, field, text, sentence
):
    window = opened(records)
    page, begun = window.patient, []
    monkeypatch.setattr(window.here, "begin", lambda: begun.append(1))
    page.list.setCurrentRow(0)
    typed(qtbot, getattr(page.form, field), text)
    typed(qtbot, page.form.tmr, "2025-08-01")
    window.say("")
    qtbot.mouseClick(window.foot.step, LEFT)
    assert sentence in window.note.text() and not begun
    place = page.list.visualItemRect(page.list.item(1)).center()
    qtbot.mouseClick(page.list.viewport(), LEFT, pos=place)
    assert window.here.patient.code == "A17" and sentence in window.note.text()
    qtbot.waitUntil(lambda: page.list.currentRow() == 0, timeout=3000)
    window.here.visit_changed.emit()
    assert getattr(page.form, field).text() == text and page.form.tmr.text() == "2025-08-01"
    typed(qtbot, getattr(page.form, field), "A17" if field == "code" else "2024-03-03")
    assert kept(records).tmr == date(2025, 8, 1)
    qtbot.mouseClick(window.foot.step, LEFT)
    assert begun


def test_what_was_not_kept_is_given_up_by_undo(qtbot, opened, records):
    window = opened(records)
    page = window.patient
    page.list.setCurrentRow(0)
    typed(qtbot, page.form.code, "?")
    assert page.undo() and page.form.code.text() == "A17"
    page.list.setCurrentRow(1)
    assert window.here.patient.code == "B2"


def test_nobody_is_chosen_while_a_new_patient_is_typed(qtbot, opened, records, monkeypatch):
    window = opened(records)
    page = window.patient
    page.list.setCurrentRow(0)
    qtbot.mouseClick(page.new_button, LEFT)
    assert page.past.count() == 0 and page.list.currentItem() is None
    assert not page.list.selectedItems()
    typed(qtbot, page.form.code, "C3")
    qtbot.mouseClick(page.new_button, LEFT)
    assert page.form.code.text() == "C3", "not begun anew"
    qtbot.mouseClick(page.import_button, LEFT)
    assert "Enter the new patient first" in window.note.text()
    page.list.setCurrentRow(0)
    assert "were not entered" in window.note.text()
    assert page.form.code.text() == "A17" and page.past.count() == 1


def test_one_visit_is_one(qtbot, opened, records, monkeypatch):
    window, asked = opened(records), []
    window.patient.list.setCurrentRow(0)
    monkeypatch.setattr(QInputDialog, "getText", lambda *given: asked.extend(given) or ("", False))
    qtbot.mouseClick(window.patient.delete_button, LEFT)
    assert "A17, 1 visit, recordings" in asked[2]


def test_a_visit_on_the_simulated_board_says_so_in_the_list(qtbot, opened, records):
    with Database(records) as database:
        visits = Visits(database)
        visit = visits.of(Patients(database).find("A17"))[0]
    samples = np.zeros((250, 8), np.int32)
    meta = {"rate_hz": 250.0, "channels": 8, "uv_per_count": 0.02, "simulated": True}
    journal = Journal(visit.folder / "091500", meta)
    window = opened(records)
    page = window.patient
    page.list.setCurrentRow(0)
    assert page.past.item(0).text().endswith("SIMULATED"), "while it grows"
    journal.samples(0, samples)
    journal.close()
    finalise(journal.path)
    page.refresh()
    assert page.past.item(0).text().endswith("SIMULATED")
    page.list.setCurrentRow(1)
    assert "SIMULATED" not in page.past.item(0).text()
