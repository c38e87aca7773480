# SPDX-License-Identifier: GPL-3.0-or-later
"""The line at the foot: what was said stands while it is true and new, then what to do next."""

from __future__ import annotations

import pytest

pytest.importorskip(
    "PyQt6.QtWidgets", reason="PyQt6 or a library it needs is not installed", exc_type=ImportError
)
pytest.importorskip("pyqtgraph")

from PyQt6.QtCore import Qt

from endplate.monitor import status_line
from endplate.monitor.pages import calibrate
from endplate.monitor.theme import LIGHT
from endplate.monitor.window import Window

from .rigging import status
from .test_keys import outside, verbs, window  # noqa: F401  (the fixtures)

KEY = Qt.Key


def of_hand(word, **more):
    return status(hand={**status()["hand"], "word": word, **more})


def test_what_was_said_goes_after_a_while(window, qtbot):  # noqa: F811
    window.line.say("It is so.", 0.3)
    assert window.note.text() == "It is so."
    qtbot.waitUntil(lambda: window.note.text() == window.page.invites(), timeout=3000)


def test_what_was_said_goes_when_the_next_task_begins(window, outside, qtbot):  # noqa: F811
    qtbot.keyClick(window, "5")
    qtbot.waitUntil(lambda: window.foot.step.isEnabled(), timeout=3000)
    window.say("Kept with this visit.")
    qtbot.keyClick(window, KEY.Key_Return)
    qtbot.waitUntil(lambda: window.test.playing is not None, timeout=3000)
    assert window.note.text() == window.test.invites()
    window.say("Stopped.")
    qtbot.wait(400)
    assert window.note.text() == "Stopped.", "the same task goes on"


@pytest.mark.parametrize(("word", "connected"), [("active", True), ("armed", False)])
def test_armed_is_said_no_longer_than_it_is_true(
    window, outside, qtbot, monkeypatch, word, connected  # noqa: F811
):
    monkeypatch.setattr(status_line, "SETTLED_S", 0.0)
    window.turn_to(3)
    outside.status = of_hand("armed")
    qtbot.waitUntil(lambda: window.top.hand.text().startswith("Hand armed"), timeout=3000)
    qtbot.keyClick(window, KEY.Key_A)
    qtbot.waitUntil(lambda: window.note.text().startswith("Armed: relax once"), timeout=3000)
    qtbot.wait(400)
    assert window.note.text().startswith("Armed: relax once")
    outside.status = of_hand(word, connected=connected)
    qtbot.waitUntil(lambda: "Armed" not in window.note.text(), timeout=3000)


def test_a_new_window_does_not_say_what_is_past(qtbot, tmp_path, outside):  # noqa: F811
    past = {"sentence": "The contacts are measured.", "worst": "muscle 1", "ohm": 9000.0}
    outside.status = {**outside.status, "contacts": past, "sentences": ["A thing of then."]}
    made = Window(tmp_path, LIGHT)
    qtbot.addWidget(made)
    made.show()
    try:
        qtbot.waitUntil(lambda: made.top.hand.text().startswith("Hand disarmed"), timeout=5000)
        qtbot.wait(500)
        assert made.note.text() == made.page.invites()
        outside.status = {**outside.status, "contacts": {**past, "worst": "muscle 2"}}
        qtbot.waitUntil(lambda: "The worst is muscle 2" in made.note.text(), timeout=3000)
    finally:
        made.close()


def hint(window):  # noqa: F811
    """What stands while nothing is said."""
    window.say("")
    return window.note.text()


def test_the_hint_is_of_the_step(window, outside, qtbot, monkeypatch):  # noqa: F811
    here, step = window.here, window.foot.step
    window.turn_to(0)
    assert step.text() == "End the visit" and "Enter" not in hint(window)
    assert hint(window).startswith("A visit is on: go on with the sites")
    monkeypatch.setattr(here, "visit", None)
    here.visit_changed.emit()
    assert step.text() == "Start today's visit" and hint(window).startswith("Start today's visit")
    monkeypatch.setattr(here, "patient", None)
    here.visit_changed.emit()
    assert step.text() == "New patient" and hint(window).startswith("Enter a new patient (Enter)")
    window.patient.new()
    assert step.text() == "Enter this patient" and "enter this patient" in hint(window)
    monkeypatch.undo()
    window.turn_to(3)
    assert step.text().startswith("Arm") and hint(window).startswith("Enter arms the hand")
    outside.status = status()
    qtbot.waitUntil(lambda: step.text().startswith("Disarm"), timeout=3000)
    assert hint(window).startswith("Enter disarms the hand")
    outside.status = {**status(), "profile": None}
    outside.status["hand"] = {**outside.status["hand"], "word": "disarmed"}
    qtbot.waitUntil(lambda: not step.isEnabled(), timeout=3000)
    assert "Enter" not in hint(window) and "calibrate first" in hint(window)
    window.turn_to(4)
    assert not step.isEnabled() and "calibrate first" in hint(window)
    window.turn_to(2)
    for state, key in ((calibrate.GUIDED, "Esc ends it"), (calibrate.RESULT, "Enter uses it"),
                       (calibrate.REPEATS, "Enter goes on"), (calibrate.PLAN, "start (Enter)")):
        window.calibrate._turn(state)
        assert key in hint(window)
