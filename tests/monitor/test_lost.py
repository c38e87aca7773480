# SPDX-License-Identifier: GPL-3.0-or-later
"""Board, hand, recording or session lost while any page is seen: one sentence that says what to do,
and the page is as before when the cause is gone."""

from __future__ import annotations

import pytest

pytest.importorskip(
    "PyQt6.QtWidgets", reason="PyQt6 or a library it needs is not installed", exc_type=ImportError
)
pytest.importorskip("pyqtgraph")

from PyQt6.QtCore import Qt

from endplate.clinic.records.database import Database
from endplate.monitor.theme import LIGHT
from endplate.monitor.window import Window

from .rigging import Outside, status

BOARD = "The board at /dev/ttyUSB0 was unplugged; the hand holds still. Plug it in again."
HAND = "The hand on /dev/ttyACM0 does not answer: is it switched on?"
DISK = "The recording stopped (No space left on device): make room on the disk."
FAULT = "The hand has a fault: no motor answers. Check the battery and the motor cable."
WELL = {**status()["hand"], "port": "/dev/ttyACM0"}
LOST = {
    "board": ({"board": {"health": "lost", "sentence": BOARD, "rate_hz": 250.0}}, BOARD),
    "hand": ({"hand": {"connected": False, "port": "/dev/ttyACM0", "sentence": HAND, "word": "",
                       "armed": False}}, HAND),
    "recording": ({"recording": {"path": "a.journal", "seconds": 61.0, "health": "failed",
                                 "sentence": DISK}}, DISK),
    "motors": ({"hand": {**WELL, "word": "fault", "sentence": FAULT}}, FAULT),
}  # fmt: skip
PAGES = ("patient", "sites", "calibrate", "hand", "test", "follow_up")


@pytest.fixture
def outside(tmp_path):
    made = Outside(tmp_path)
    made.status = status(hand=WELL)
    yield made
    made.close()


@pytest.fixture
def window(qtbot, tmp_path, outside):
    Database(tmp_path / "data").close()
    made = Window(tmp_path, LIGHT, tmp_path / "data")
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.top.hand.text() == "Hand follows", timeout=5000)
    yield made
    made.close()


@pytest.mark.parametrize("what", LOST)
def test_what_is_lost_is_said_on_every_page_and_gone_when_it_is_back(
    window, outside, qtbot, what
):
    changes, sentence = LOST[what]
    well = outside.status
    for number, name in enumerate(PAGES):
        if what not in ("board", "hand") and name not in ("sites", "hand"):
            continue  # the same line, above every page
        outside.status = well
        window.turn_to(number)
        assert window.page is getattr(window, name)
        qtbot.waitUntil(lambda: not window.alerts.isVisible(), timeout=3000)
        step = window.page.step()
        outside.status = status(**{"hand": WELL, **changes})
        qtbot.waitUntil(window.alerts.isVisible, timeout=3000)
        assert window.alerts.text() == f"✕ {sentence}"
        assert window.width() <= 1280, "a long sentence breaks into lines"
        outside.status = well
        qtbot.waitUntil(lambda: not window.alerts.isVisible(), timeout=3000)
        assert window.page.step() == step
    assert window.top.board.text() == "♥ cyton 250 Hz" and window.top.hand.text() == "Hand follows"


@pytest.mark.parametrize("name", PAGES)
def test_a_session_that_ends_takes_nothing_with_it(window, outside, qtbot, tmp_path, name):
    window.turn_to(PAGES.index(name))
    outside.close()
    qtbot.waitUntil(lambda: "The control process has ended" in window.note.text(), timeout=5000)
    assert window.page is getattr(window, name) and not window.alerts.isVisible()
    assert window.top.board.text() == "No board"
    qtbot.keyClick(window, Qt.Key.Key_Space)  # nothing is there to stop, and that is said
    qtbot.waitUntil(lambda: "Nothing is running in" in window.note.text(), timeout=5000)
    again = Outside(tmp_path)
    try:
        qtbot.waitUntil(lambda: window.top.hand.text() == "Hand follows", timeout=5000)
    finally:
        again.close()


def test_several_things_at_once_are_a_line_each(window, outside, qtbot):
    outside.status = status(**LOST["board"][0], **LOST["hand"][0])
    qtbot.waitUntil(window.alerts.isVisible, timeout=3000)
    assert window.alerts.text() == f"✕ {BOARD}\n✕ {HAND}"


def test_what_the_session_says_is_read_once(window, outside, qtbot):
    outside.status = {**outside.status, "sentences": ["old", "40 samples were lost and filled."]}
    qtbot.waitUntil(lambda: "lost and filled" in window.note.text(), timeout=3000)
    window.say("something else")
    qtbot.wait(500)
    assert window.note.text() == "something else"
