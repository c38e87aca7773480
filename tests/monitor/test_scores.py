# SPDX-License-Identifier: GPL-3.0-or-later
"""The page Follow-up: scores that are entered, and what stands where nothing is yet."""

from __future__ import annotations

from datetime import datetime

import pytest

pytest.importorskip(
    "PyQt6.QtWidgets", reason="PyQt6 or a library it needs is not installed", exc_type=ImportError
)
pytest.importorskip("pyqtgraph")

from PyQt6.QtCore import Qt

from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patient, Patients, sites_of
from endplate.clinic.records.scores import Scores
from endplate.hardware import load_montage
from endplate.monitor.theme import DARK
from endplate.monitor.window import Window

from .rigging import opened
from .test_window import colours

LEFT = Qt.MouseButton.LeftButton
NOW = datetime(2026, 11, 30, 9, 15)


@pytest.fixture
def records(tmp_path):
    sites = sites_of(load_montage("transhumeral-4"))
    with Database(tmp_path / "data") as database:
        Patients(database).add(
            Patient("A17", "left", "transhumeral", "transhumeral-4", sites), NOW
        )
    return tmp_path / "data"


@pytest.fixture
def window(qtbot, records):
    made = opened(qtbot, None, records)
    yield made
    made.close()


def test_scores_are_entered_shown_and_taken_out_again(window, qtbot, records):
    page = window.follow_up
    qtbot.keyClick(window, "6")
    page.instrument.setCurrentIndex(page.instrument.findData("acmc"))
    for value, day in (("1,0", "2026-01-05"), ("1.3", "")):
        page.value.setText(value)
        page.dated.setText(day)
        page.changed.emit()
        qtbot.mouseClick(window.foot.step, LEFT)
        assert window.note.text().startswith("Kept")
    (view,) = page.views
    assert view.accessibleDescription() == (
        "1.3 logits, within measurement error of 1 on 2026-01-05\n"
        "Changes below 0.55 logits are within measurement error."
    )
    assert colours(view) > 3
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert page.views[0].accessibleDescription().startswith("1 logits\n")
    with Database(records) as database:
        assert len(Scores(database).of(Patients(database).find("A17"))) == 1


@pytest.mark.parametrize(
    ("value", "day", "sentence"),
    [("much", "", "is no number"), ("99", "", "99 is none"), ("1", "1.1.26", "is no day"),
     ("1", "2999-01-01", "lies ahead")],
)  # fmt: skip
def test_a_score_that_cannot_be_is_said(window, qtbot, value, day, sentence):
    page = window.follow_up
    window.turn_to(5)
    page.instrument.setCurrentIndex(page.instrument.findData("acmc"))
    page.value.setText(value)
    page.dated.setText(day)
    page.changed.emit()
    qtbot.mouseClick(window.foot.step, LEFT)
    assert sentence in window.note.text() and page.value.text() == value and page.views == []


def test_empty_pages_say_what_will_be_there(qtbot, tmp_path, records):
    window = Window(None, DARK, records)
    qtbot.addWidget(window)
    window.show()
    for number, words in ((3, "needs a visit"), (6, "once a patient is chosen")):
        window.turn_to(number - 1)
        page = window.page
        text = page.word.text() if number == 3 else page.hint.text()
        assert words in text and not window.foot.step.isEnabled()
    window.close()
