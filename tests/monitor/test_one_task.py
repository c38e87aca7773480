# SPDX-License-Identifier: GPL-3.0-or-later
"""One thing at a time, over real records and the real feed."""

from __future__ import annotations

import pytest

pytest.importorskip(
    "PyQt6.QtWidgets", reason="PyQt6 or a library it needs is not installed", exc_type=ImportError
)
pytest.importorskip("pyqtgraph")

from PyQt6.QtCore import Qt

from endplate.monitor.pages import calibrate

from .rigging import status
from .test_keys import outside, verbs, window  # noqa: F401  (the fixtures)

KEY, LEFT = Qt.Key, Qt.MouseButton.LeftButton
ARMED = "Disarm the hand first (D): it would follow the cues."


def test_while_the_site_test_is_on_nothing_else_begins(window, outside, qtbot):  # noqa: F811
    window.turn_to(1)
    qtbot.waitUntil(lambda: window.foot.step.isEnabled(), timeout=3000)
    qtbot.keyClick(window, KEY.Key_Return)
    qtbot.waitUntil(lambda: "prompt" in verbs(outside), timeout=3000)
    why = "The site test is on: end it first, on the page Sites."
    window.sites._try(0)
    assert window.note.text() == "The site test is on: end it first (Esc)."
    for key, text in (("5", "Start: Motion test"), ("3", "Start calibration")):
        qtbot.keyClick(window, key)
        assert window.foot.step.text().startswith(text) and not window.foot.step.isEnabled()
        assert window.note.text() == why
        window.say("")
        qtbot.keyClick(window, KEY.Key_Return)
        assert window.note.text() == why
    qtbot.keyClick(window, KEY.Key_A)
    assert window.note.text().startswith("The site test is on: an armed hand would follow")
    assert window.test.playing is None and window.sites.trial.busy
    qtbot.keyClick(window, "2")
    qtbot.keyClick(window, KEY.Key_Escape)
    qtbot.waitUntil(lambda: not window.sites.busy, timeout=5000)
    qtbot.keyClick(window, "5")
    qtbot.waitUntil(lambda: window.foot.step.isEnabled(), timeout=3000)
    qtbot.keyClick(window, KEY.Key_A)
    qtbot.waitUntil(lambda: "arm" in verbs(outside), timeout=3000)


def test_while_a_test_or_a_calibration_is_on_no_cues_begin(window, outside, qtbot):  # noqa: F811
    qtbot.keyClick(window, "5")
    qtbot.waitUntil(lambda: window.foot.step.isEnabled(), timeout=3000)
    qtbot.keyClick(window, KEY.Key_Return)
    qtbot.waitUntil(lambda: window.test.playing is not None, timeout=3000)
    why = "The test Motion is on: end it first, on the page Test."
    assert window.sites.step().why == window.calibrate.step().why == why
    assert not window.sites.step().ready
    qtbot.keyClick(window, KEY.Key_A)
    qtbot.waitUntil(lambda: "arm" in verbs(outside), timeout=3000)  # a test on the screen may
    qtbot.keyClick(window, KEY.Key_Escape)
    qtbot.waitUntil(lambda: window.test.playing is None, timeout=3000)
    window.calibrate._turn(calibrate.GUIDED)
    window.sites._try(0)
    assert window.note.text() == "The calibration is on: end it first, on the page Calibrate."
    assert window.test.step().why == window.note.text() and not window.sites.trial.busy
    window.calibrate._turn(calibrate.COMPUTING)
    assert not window.test.step().why, "the patient waits"


def test_cues_begin_only_while_the_hand_is_disarmed(window, outside, qtbot):  # noqa: F811
    outside.status = status()
    qtbot.waitUntil(lambda: window.top.hand.text() == "Hand follows", timeout=3000)
    for page in (1, 2):
        window.turn_to(page)
        assert not window.foot.step.isEnabled() and window.note.text() == ARMED
    window.sites._try(0)
    window.turn_to(1)
    qtbot.keyClick(window, KEY.Key_Return)
    assert not window.sites.trial.busy and window.note.text() == ARMED
    outside.status = status(hand={**status()["hand"], "word": "disarmed"})
    qtbot.waitUntil(lambda: window.foot.step.isEnabled(), timeout=3000)


@pytest.mark.parametrize("kind", ["box-and-blocks", "clothespin"])
def test_a_timed_task_of_the_prosthesis_needs_it_armed(window, outside, qtbot, kind):  # noqa: F811
    qtbot.keyClick(window, "5")
    page, step = window.test, window.foot.step
    page.choose(kind)
    assert step.text() == "Arm the hand first (A)" and not step.isEnabled()
    qtbot.keyClick(window, KEY.Key_Return)
    assert window.note.text().startswith("This test is done with the hand: arm it first (A)")
    assert not page.busy
    hand = page.settings.fields[kind]["hand"]
    hand.setCurrentIndex(hand.findData("other hand"))
    assert step.text().startswith("Start: ") and step.isEnabled()
    hand.setCurrentIndex(hand.findData("prosthesis"))
    outside.status = status()
    qtbot.waitUntil(lambda: step.isEnabled(), timeout=3000)
    assert step.text().startswith("Start: ")


@pytest.mark.parametrize("kind", ["fitts", "clothespin"])
def test_a_test_is_not_left_by_accident(window, outside, qtbot, kind):  # noqa: F811
    outside.status = status()
    qtbot.keyClick(window, "5")
    page = window.test
    page.choose(kind)
    qtbot.waitUntil(lambda: window.foot.step.isEnabled(), timeout=3000)
    qtbot.keyClick(window, KEY.Key_Return)
    qtbot.waitUntil(lambda: page.stage.isVisible(), timeout=3000)
    for turn in (
        lambda: qtbot.keyClick(window, "4"),
        lambda: qtbot.mouseClick(window.rail.buttons[0], LEFT),
    ):
        window.say("")
        turn()
        assert window.page is page and page.busy and window.rail.buttons[4].isChecked()
        assert window.note.text() == f"The test {page.kind.short} is on: end it first (Esc)."
    qtbot.keyClick(window, KEY.Key_Escape)
    qtbot.waitUntil(lambda: not page.busy, timeout=3000)
    qtbot.keyClick(window, "4")
    assert window.page is window.hand


def test_the_separation_task_is_not_left_by_accident(window, qtbot, monkeypatch):  # noqa: F811
    window.turn_to(1)
    monkeypatch.setattr(window.sites.showing, "run", object())
    qtbot.keyClick(window, "4")
    assert window.page is window.sites
    assert window.note.text() == "The separation task is on: end it first (Esc)."
    monkeypatch.undo()
    qtbot.keyClick(window, "4")
    assert window.page is window.hand
