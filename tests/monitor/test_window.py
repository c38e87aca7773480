# SPDX-License-Identifier: GPL-3.0-or-later
"""The window over the real feed and the real requests, offscreen."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

pytest.importorskip(
    "PyQt6.QtWidgets", reason="PyQt6 or a library it needs is not installed", exc_type=ImportError
)
pytest.importorskip("pyqtgraph")

from PyQt6.QtCore import Qt

from endplate.monitor.theme import DARK, LIGHT
from endplate.monitor.touch_bars import words as touch_words
from endplate.monitor.window import Window

from .rigging import Outside, info, status


@pytest.fixture
def outside(tmp_path):
    made = Outside(tmp_path)
    yield made
    made.close()


@pytest.fixture
def window(qtbot, tmp_path, outside):
    made = Window(tmp_path, LIGHT)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.top.hand.text() == "Hand follows", timeout=5000)
    yield made
    made.close()


def colours(widget) -> int:
    """How many different colours a widget shows."""
    image = widget.grab().toImage()
    return len(
        {image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)}
    )


def test_shows_what_the_feed_says(window, qtbot):
    assert window.top.simulated.isVisible()
    assert "250 Hz" in window.top.board.text()
    assert window.top.latency.text() == "p95 2.2 ms"
    assert window.top.recording.text().endswith("1:01")
    assert window.top.prompt.text() == "Close hand"
    assert window.sites.sites.words(0) == "Good"
    hand = window.hand
    for views in ((window.sites.traces, window.sites.sites), (hand.bars, hand.hand, hand.latency)):
        for view in views:
            assert colours(view) > 3, f"{type(view).__name__} draws nothing"
        window.turn_to(3)
        qtbot.wait(200)


def test_a_bad_site_is_said_in_words(window, outside, qtbot):
    changed = status()
    changed["quality"][2]["bits"] = 2
    changed["hand"]["limits"] = ["site", "none"]
    outside.status = changed
    sites, bars = window.sites.sites, window.hand.bars
    qtbot.waitUntil(lambda: sites.words(2) == "Railed: press the electrode on", timeout=3000)
    window.turn_to(3)
    assert bars._limits[0] == "frozen: a site it needs is bad"


BESIDE = {
    "waiting": "", "offer": "", "direct": False, "has_direct": True, "promoted": False,
    "drives": "Anna",
    "shadow": {"name": "Anna 2", "path": "2.json", "intent": [0.3, 0.0], "velocity": [0.42, 0.0],
               "joints_deg": [20.0] * 9, "us": 5},
}  # fmt: skip


def test_a_shadow_moves_its_own_hand_and_can_be_promoted(window, outside, qtbot):
    window.turn_to(3)
    beside = window.hand.beside
    assert not beside.isVisible()
    outside.status = status(beside=BESIDE)
    qtbot.waitUntil(lambda: "Shadow: Anna 2: hand +0.42" in beside.word.text(), timeout=3000)
    assert beside.word.text().startswith("Drives: Anna\n") and colours(beside.hand) > 3
    qtbot.mouseClick(beside.shadow_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: ("promote", {}) in outside.asked, timeout=3000)
    waits = {"promoted": True, "waiting": "demote", "next": "Anna"}
    outside.status = status(beside={**BESIDE, **waits})
    qtbot.waitUntil(lambda: "Relax once: Anna takes over" in beside.word.text(), timeout=3000)
    qtbot.keyClick(window, Qt.Key.Key_S)
    qtbot.waitUntil(lambda: ("demote", {}) in outside.asked, timeout=3000)


def test_direct_control_is_offered_in_words(window, outside, qtbot):
    window.turn_to(3)
    beside = window.hand.beside
    outside.status = status(beside={**BESIDE, "shadow": None, "offer": "Nothing moves."})
    qtbot.waitUntil(lambda: beside.word.text() == "Nothing moves.", timeout=3000)
    assert not beside.hand.isVisible() and not beside.shadow_button.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_X)
    qtbot.waitUntil(lambda: ("direct", {}) in outside.asked, timeout=3000)


TOUCH = {
    "force_n": [5.6, 0.4, None, 0.0, 11.0],
    "contact": [True, True, True, False, True],
    "slip": [False, True, False, False, False],
    "tactor": 0.0,
}


def test_fingertips_are_said_by_mark_and_word(window, outside, qtbot):
    window.turn_to(3)
    page = window.hand
    assert touch_words({}, 0) == ("", "–", "no word")
    changed = status()
    changed["hand"]["touch"] = TOUCH
    outside.status = changed
    said = "Thumb 5.6 N touches, Index 0.4 N slips, Middle  touches, Ring 0.0 N free, Little 11.0 N"
    qtbot.waitUntil(lambda: page.touch.accessibleDescription().startswith(said), timeout=3000)
    assert touch_words({**TOUCH, "contact": [False] * 5}, 2) == ("", "✕", "no sensor")
    assert colours(page.touch) > 4


def test_a_tone_without_sound_player_is_said_and_goes_off(window, qtbot, monkeypatch, tmp_path):
    window.turn_to(3)
    page = window.hand
    monkeypatch.setenv("PATH", str(tmp_path))
    page.tone_switch.click()
    qtbot.waitUntil(lambda: "no sound player" in page.tone_word.text(), timeout=3000)
    assert not page.tone_switch.isChecked() and page.tone_word.isVisible()


def test_a_montage_of_some_channels_shows_those(qtbot, tmp_path):
    outside = Outside(tmp_path, replace(info(), montage_channels=(3, 6)))
    outside.status["quality"][5]["bits"] = 1
    window = Window(tmp_path, LIGHT)
    qtbot.addWidget(window)
    window.show()
    try:
        sites = window.sites.sites
        qtbot.waitUntil(lambda: len(sites._rows) == 2, timeout=5000)
        assert sites._labels == ["muscle 3", "muscle 6"]
        assert (sites.words(0), sites.words(1)) == ("Good", "Flat: is it plugged in?")
    finally:
        window.close()
        outside.close()


@pytest.mark.parametrize(
    ("key", "verb"),
    [
        (Qt.Key.Key_Space, "stop"),
        (Qt.Key.Key_R, "release"),
        (Qt.Key.Key_A, "arm"),
        (Qt.Key.Key_D, "disarm"),
        (Qt.Key.Key_C, "clear_fault"),
    ],
)
def test_keys_reach_the_hand(window, outside, qtbot, key, verb):
    qtbot.keyClick(window, key)
    qtbot.waitUntil(lambda: verb in [v for v, _ in outside.asked], timeout=3000)


def test_emergency_stop_needs_two_keys(window, outside, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_E)
    qtbot.keyClick(window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: bool(outside.asked), timeout=3000)
    assert [verb for verb, _ in outside.asked] == ["estop"]


@pytest.mark.parametrize(
    ("key", "verb"), [(Qt.Key.Key_Space, "stop"), (Qt.Key.Key_D, "disarm")]
)
def test_a_stop_waits_for_no_other_answer_and_takes_back_what_was_not_sent(
    window, outside, qtbot, key, verb
):
    outside.hold.add("grip")  # its answer does not come
    qtbot.keyClick(window, Qt.Key.Key_G)
    qtbot.waitUntil(lambda: bool(outside.asked), timeout=3000)
    begun = time.monotonic()
    qtbot.keyClick(window, Qt.Key.Key_A)
    qtbot.keyClick(window, key)
    qtbot.waitUntil(lambda: len(outside.asked) > 1, timeout=3000)
    assert time.monotonic() - begun < 1.0, "the window must not wait for the grip"
    qtbot.wait(2500)  # the grip's request is given up
    assert [verb for verb, _ in outside.asked] == ["grip", verb], "no ARM after a stop"


def test_space_stops_even_when_another_button_has_the_focus(window, outside, qtbot):
    window.foot.release.setFocus()
    qtbot.keyClick(window.foot.release, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: bool(outside.asked), timeout=3000)
    assert [verb for verb, _ in outside.asked] == ["stop"]


def test_stop_and_release_by_mouse(window, outside, qtbot):
    qtbot.mouseClick(window.foot.stop, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(window.foot.release, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: [v for v, _ in outside.asked] == ["stop", "release"], timeout=3000)


def test_grips_are_asked_for_by_name(window, outside, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_G)
    qtbot.waitUntil(lambda: bool(outside.asked), timeout=3000)
    assert outside.asked[0] == ("grip", {"name": "pinch"})


def test_a_refusal_is_shown_as_the_sentence_it_is(window, outside, qtbot):
    outside.refuse = "The hand has not answered yet; wait a moment, then arm again."
    qtbot.keyClick(window, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: window.note.text() == outside.refuse, timeout=3000)


def test_pause_holds_the_traces_only(window, qtbot):
    traces = window.sites.traces
    qtbot.keyClick(window, Qt.Key.Key_P)
    held = traces._curves[0].getData()[1].copy()
    end = traces._end
    qtbot.waitUntil(lambda: traces._end > end, timeout=3000)
    assert (traces._curves[0].getData()[1] == held).all()
    qtbot.keyClick(window, Qt.Key.Key_P)
    qtbot.waitUntil(lambda: (traces._curves[0].getData()[1] != held).any(), timeout=3000)


def test_scale_changes_in_steps_and_never_by_itself(window, qtbot):
    traces = window.sites.traces
    assert traces.scale_uv == 100
    qtbot.keyClick(window, Qt.Key.Key_Plus)
    assert traces.scale_uv == 50
    for _ in range(20):
        traces.zoom(-1)
    assert traces.scale_uv == 5000


def test_control_gone_is_said_and_its_return_is_seen(qtbot, tmp_path):
    first = Outside(tmp_path)
    window = Window(tmp_path, DARK)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: window.top.hand.text() == "Hand follows", timeout=5000)
    first.close()
    qtbot.waitUntil(
        lambda: (
            "control process has ended" in window.note.text()
            or "Nothing is running" in window.note.text()
        ),
        timeout=5000,
    )
    assert window.top.hand.text() == "No hand"
    window.turn_to(3)
    assert not window.foot.step.isEnabled()
    second = Outside(tmp_path)
    try:
        qtbot.waitUntil(lambda: window.top.hand.text() == "Hand follows", timeout=5000)
    finally:
        window.close()
        second.close()


def test_nothing_running_is_a_sentence_not_an_error(qtbot, tmp_path):
    window = Window(tmp_path, LIGHT)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: "Nothing is running" in window.note.text(), timeout=3000)
    window.close()


def test_sixteen_sites_at_1_khz_draw(qtbot, tmp_path):
    outside = Outside(tmp_path, info(16, 1000.0))
    window = Window(tmp_path, LIGHT)
    qtbot.addWidget(window)
    window.show()
    try:
        traces = window.sites.traces
        qtbot.waitUntil(lambda: traces._end > 500, timeout=5000)
        x, y = traces._curves[15].getData()
        assert len(x) == len(y) < 5000, (
            "more samples than pixels must be drawn as minima and maxima"
        )
    finally:
        window.close()
        outside.close()


def test_pages_are_turned_by_key_and_by_mouse(window, qtbot):
    for number in range(6, 0, -1):
        qtbot.keyClick(window, str(number))
        assert window._stack.currentIndex() == number - 1
    qtbot.mouseClick(window.rail.buttons[3], Qt.MouseButton.LeftButton)
    assert window.page is window.hand and window.rail.buttons[3].isChecked()


def test_the_next_step_is_the_pages_own_and_is_done_by_enter(window, outside, qtbot):
    assert window.foot.step.text() == "Start the site test (36 s)"
    outside.status = status(hand={**status()["hand"], "word": "disarmed"})
    qtbot.waitUntil(lambda: window.foot.step.isEnabled(), timeout=3000)
    qtbot.keyClick(window, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "prompt" in [verb for verb, _ in outside.asked], timeout=3000)
    assert window.foot.step.text() == "Follow the words" and window.sites.trial.busy
    qtbot.mouseClick(window.sites.contacts_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: ("contacts", {}) in outside.asked, timeout=3000)
    outside.status = status()
    window.turn_to(3)
    step = window.foot.step
    qtbot.waitUntil(lambda: step.text() == "Disarm: the hand holds still", timeout=3000)
    qtbot.mouseClick(window.foot.step, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: ("disarm", {}) in outside.asked, timeout=3000)
    outside.status = status(hand={**status()["hand"], "word": "disarmed"})
    qtbot.waitUntil(lambda: window.foot.step.text().startswith("Arm"), timeout=3000)


def test_without_patients_the_first_page_says_so(window, qtbot):
    window.turn_to(0)
    assert not window.foot.step.isEnabled()
    qtbot.mouseClick(window.patient.new_button, Qt.MouseButton.LeftButton)
    assert "without patients" in window.note.text()
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert "nothing to take back" in window.note.text()
