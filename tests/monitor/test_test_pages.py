# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages Test and Follow-up, over real records and the real feed."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pytest

pytest.importorskip(
    "PyQt6.QtWidgets", reason="PyQt6 or a library it needs is not installed", exc_type=ImportError
)
pytest.importorskip("pyqtgraph")

from PyQt6.QtCore import Qt

from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patient, Patients, sites_of
from endplate.clinic.records.scores import Scores
from endplate.clinic.records.visits import Visits
from endplate.hardware import load_montage
from endplate.monitor.theme import DARK, LIGHT
from endplate.monitor.window import Window

from .rigging import Outside, status
from .test_window import colours

LEFT = Qt.MouseButton.LeftButton
NOW = datetime(2026, 11, 30, 9, 15)


@pytest.fixture
def records(tmp_path):
    sites, tmr = sites_of(load_montage("transhumeral-4")), date(2025, 6, 15)
    someone = Patient("A17", "left", "transhumeral", "transhumeral-4", sites, None, tmr)
    with Database(tmp_path / "data") as database:
        patient = Patients(database).add(someone, NOW)
        Visits(database).begin(patient, NOW)
    return tmp_path / "data"


@pytest.fixture
def outside(tmp_path):
    made = Outside(tmp_path)
    yield made
    made.close()


@pytest.fixture
def window(qtbot, tmp_path, records, outside):
    made = Window(tmp_path, LIGHT, records)
    qtbot.addWidget(made)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow, timeout=3000)
    qtbot.waitUntil(lambda: made.top.hand.text() == "Hand follows", timeout=5000)
    made.patient.list.setCurrentRow(0)
    made.here.visit = made.here.visits.of(made.here.patient)[0]
    yield made
    made.close()


def test_a_patient_who_can_plays_a_fitts_test_to_its_end(window, outside, qtbot):
    page = window.test

    def towards(_t):
        trial = page.run.trial if page.run else None
        if trial is None:
            return 0.0, 0.0
        away = np.clip((np.array(trial.target.centre) - trial.position) * 5, -1, 1)
        return float(away[0]), float(away[1])

    outside.velocity = towards
    qtbot.keyClick(window, "5")
    page.count.setValue(4)
    qtbot.waitUntil(lambda: window.foot.step.isEnabled(), timeout=3000)
    qtbot.mouseClick(window.foot.step, LEFT)
    assert not page.side.isVisible(), "nothing else on the screen"
    qtbot.waitUntil(lambda: page.run is not None and page.run.trial is not None, timeout=5000)
    assert colours(page.view) > 3
    qtbot.waitUntil(lambda: page.run is None, timeout=40_000)
    assert "100 % of 4 completed" in page.word.text()
    (kept,) = window.here.visits.results(window.here.visit, "fitts")
    assert kept.content["figures"]["completion"] == 1.0 and kept.content["profile"] == "anna"
    assert page.history.rowCount() == 1 and page.history.item(0, 3).text() == "100 %"
    assert window.rail.buttons[4].text().endswith("✓")


def test_one_that_is_given_up_or_loses_its_board_is_no_result(window, outside, qtbot):
    page = window.test
    window.turn_to(4)
    qtbot.waitUntil(lambda: window.foot.step.isEnabled(), timeout=3000)
    qtbot.keyClick(window, Qt.Key.Key_Return)
    assert page.run is not None
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: page.run is None, timeout=3000)
    assert "nothing of it is kept" in window.note.text()
    qtbot.keyClick(window, Qt.Key.Key_Return)
    outside.close()
    qtbot.waitUntil(lambda: page.run is None, timeout=8000)
    assert window.here.visits.results(window.here.visit) == []
    assert not window.foot.step.isEnabled()


def test_without_a_profile_there_is_nothing_to_test(window, outside, qtbot):
    outside.status = status(profile=None)
    window.turn_to(4)
    qtbot.waitUntil(lambda: not window.foot.step.isEnabled(), timeout=3000)


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
    assert view.accessibleDescription() == "1.3 logits, within measurement error"
    assert colours(view) > 3
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert page.views[0].accessibleDescription() == "1 logits"
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
