# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a key is: what is open before the window, what is edited, the button that has the focus,
and only then the page; over real records and the real feed."""

from __future__ import annotations

import pytest

pytest.importorskip(
    "PyQt6.QtWidgets", reason="PyQt6 or a library it needs is not installed", exc_type=ImportError
)
pytest.importorskip("pyqtgraph")

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication, QCompleter, QDialog, QLineEdit, QVBoxLayout

from endplate.monitor.pages import calibrate
from endplate.monitor.window import BY_CLICK

from .rigging import Outside, in_visit, status

KEY, LEFT = Qt.Key, Qt.MouseButton.LeftButton


@pytest.fixture
def outside(tmp_path):
    made = Outside(tmp_path)
    made.status = status(hand={**status()["hand"], "word": "disarmed"})
    yield made
    made.close()


@pytest.fixture
def window(qtbot, tmp_path, records, outside):
    made = in_visit(qtbot, tmp_path, records)
    qtbot.waitUntil(lambda: made.top.hand.text().startswith("Hand disarmed"), timeout=5000)
    yield made
    made.close()


def verbs(outside):
    return [verb for verb, _ in outside.asked]


def test_keys_of_a_list_in_a_dialog_do_nothing_behind_it_but_stop(window, outside, qtbot):
    window.turn_to(1)
    qtbot.waitUntil(lambda: window.foot.step.isEnabled(), timeout=3000)
    dialog, line = QDialog(window), QLineEdit()
    QVBoxLayout(dialog).addWidget(line)
    completer = QCompleter(["rides", "reads"], dialog)
    line.setCompleter(completer)
    dialog.setModal(True)
    dialog.open()
    qtbot.waitUntil(dialog.isActiveWindow, timeout=3000)
    line.setFocus()
    qtbot.keyClicks(line, "r")
    line.setModified(False)
    popup = completer.popup()
    qtbot.waitUntil(popup.isVisible, timeout=3000)
    for key in (KEY.Key_Return, KEY.Key_Return):
        qtbot.keyClick(QApplication.activePopupWidget() or line, key)
    assert window.page is window.sites and not window.sites.trial.busy
    assert line.text() and not popup.isVisible(), "the list had its keys"
    dialog.show()
    outside.status = status()
    qtbot.waitUntil(lambda: window.driving, timeout=3000)
    qtbot.keyClick(line, KEY.Key_Space)
    qtbot.waitUntil(lambda: bool(outside.asked), timeout=3000)
    assert verbs(outside) == ["stop"]
    dialog.close()


def test_enter_keeps_an_edited_cell_and_ends_no_visit(window, outside, qtbot, monkeypatch):
    ended = []
    monkeypatch.setattr(window.here, "finish", lambda: ended.append(True))
    window.turn_to(0)
    assert window.foot.step.text() == "End the visit"
    table = window.patient.form.table
    column = next(
        k for k in range(1, table.columnCount())
        if table.item(0, k) and table.item(0, k).flags() & Qt.ItemFlag.ItemIsEditable
    )  # fmt: skip
    table.setFocus()
    table.setCurrentCell(0, column)
    table.editItem(table.item(0, column))
    editor = table.viewport().findChild(QLineEdit)
    qtbot.waitUntil(lambda: QApplication.focusWidget() is editor, timeout=3000)
    editor.setText("Biceps of one")
    editor.setModified(True)
    qtbot.keyClick(editor, KEY.Key_Return)
    qtbot.waitUntil(lambda: table.item(0, column).text() == "Biceps of one", timeout=3000)
    assert not ended
    qtbot.keyClick(table, KEY.Key_Return)
    assert not ended and window.note.text() == BY_CLICK
    window.foot.step.setFocus()
    qtbot.keyClick(window.foot.step, KEY.Key_Return)
    assert len(ended) == 1, "the button's own focus is a word"
    qtbot.mouseClick(window.foot.step, LEFT)
    assert len(ended) == 2


def test_enter_clicks_the_button_that_has_the_focus(window, outside, qtbot):
    window.turn_to(1)
    qtbot.waitUntil(lambda: window.foot.step.isEnabled(), timeout=3000)
    qtbot.wait(100)  # the page has taken its focus
    button = window.sites.contacts_button
    button.setFocus()
    qtbot.keyClick(button, KEY.Key_Return)
    qtbot.waitUntil(lambda: verbs(outside) == ["contacts"], timeout=3000)
    assert not window.sites.trial.busy
    other = window.rail.buttons[3]
    other.setFocus()
    qtbot.keyClick(other, KEY.Key_Return)
    assert window.page is window.hand and "arm" not in verbs(outside)
    qtbot.keyClick(other, KEY.Key_Return)
    qtbot.waitUntil(lambda: "arm" in verbs(outside), timeout=3000)  # of the page that is on


def test_a_step_that_has_begun_leaves_enter_with_no_other_button(window, outside, qtbot):
    window.turn_to(1)
    qtbot.waitUntil(lambda: window.foot.step.isEnabled(), timeout=3000)
    qtbot.wait(100)
    window.foot.step.setFocus()
    qtbot.keyClick(window.foot.step, KEY.Key_Return)
    qtbot.waitUntil(lambda: not window.foot.step.isEnabled(), timeout=3000)
    assert window.sites.trial.busy
    qtbot.keyClick(QApplication.focusWidget(), KEY.Key_Return)
    qtbot.wait(200)
    assert not {"release", "stop"} & set(verbs(outside))


def test_esc_ends_a_calibration_and_goes_on_to_another(window, qtbot, monkeypatch):
    ended, page = [], window.calibrate
    monkeypatch.setattr(page.guiding, "enough", lambda: ended.append(page.state))
    window.turn_to(2)
    for state in (calibrate.GUIDED, calibrate.REPEATS):
        page._turn(state)
        qtbot.keyClick(window, KEY.Key_Escape)
        qtbot.waitUntil(lambda state=state: ended[-1:] == [state], timeout=3000)
    page._turn(calibrate.RESULT)
    assert page.end_button.text() == "Another calibration (Esc)"
    qtbot.keyClick(window, KEY.Key_Escape)
    qtbot.waitUntil(lambda: page.state == calibrate.PLAN, timeout=3000)
