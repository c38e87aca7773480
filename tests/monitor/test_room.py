# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing that is shown makes the window larger: STOP stays on the screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

pytest.importorskip(
    "PyQt6.QtWidgets", reason="PyQt6 or a library it needs is not installed", exc_type=ImportError
)
pytest.importorskip("pyqtgraph")

from PyQt6.QtCore import QPoint, QSize, Qt

from endplate.clinic.fitting import Made
from endplate.monitor.pages import calibrate
from endplate.monitor.room import Elided, Wrapped

from .rigging import Outside, info, on_sites, status

SMALL = QSize(1280, 800)
LONG = (
    "Lateral biceps brachii: move it 2 cm towards the elbow, where closing the hand is louder than "
    "bending the elbow, then let the patient rest and start the site test again. "
)
PATH = "/home/clinic/records/patients/A17/visits/2026-11-30-0915-left-transhumeral" * 3
NAMES = ("Lateral biceps brachii", "Medial biceps brachii, reinnervated", "Triceps, long head")
MOVEMENTS = (
    "Open hand", "Close hand", "Bend elbow", "Straighten elbow", "Turn palm up", "Turn palm down",
)  # fmt: skip
DECODERS = ("direct", "ridge", "lda-proportional", "kalman", "mlp")


@pytest.fixture
def outside(tmp_path):
    labels = tuple(f"{NAMES[k % 3]} {k + 1}" for k in range(16))
    made = Outside(tmp_path, replace(info(16, 1000.0), site_labels=labels))
    usual = status()
    made.status = status(
        quality=[dict(usual["quality"][0]) for _ in range(16)],
        meters=[dict(usual["meters"][0]) for _ in range(16)],
        prompt={"label": "Straighten the elbow and open the hand at once, slowly"},
    )
    yield made
    made.close()


@pytest.fixture
def window(qtbot, tmp_path, records, outside):
    made = on_sites(qtbot, tmp_path, records)
    yield made
    made.close()


def made_of(sites: int) -> Made:
    """A calibration of many sites."""
    row = {"r2": 0.91, "combined_r2": 0.82, "leakage": 0.031, "rest_motion_share": 0.01,
           "merit": 0.88}  # fmt: skip
    report = {
        "chosen": {"decoder": "ridge"},
        "cross_validation": [{"decoder": name, **row} for name in DECODERS],
        "site_matrix": {name: [0.5] * sites for name in MOVEMENTS},
        "verdict": ["good"] * sites, "rest_uv": [3.1] * sites, "snr_db": [24.0] * sites,
        "output": {name: {"hand": 0.5, "elbow": 0.1} for name in MOVEMENTS},
        "sentences": [LONG] * 6,
    }  # fmt: skip
    labels = tuple(f"{NAMES[k % 3]} {k + 1}" for k in range(sites))
    return Made(Path("x.json"), 1, "x", ("hand", "elbow", "wrist_rotation"), labels, report)


def history(window) -> None:
    """Twelve results of two tests, without a fault."""
    here = window.here
    motion = {"completion": 1.0, "selection_s": 0.0, "completion_s": 1.2, "reaction_s": 0.4,
              "trials": 24}  # fmt: skip
    for minute in range(12):
        here.visits.keep(here.visit, "motion", {
            "figures": motion, "dofs": ["hand", "elbow"], "profile": "a", "direct": minute == 3,
        }, datetime(2026, 11, 30, 10, minute))  # fmt: skip
    window.test.history.refresh()


def check(window, qtbot, size, what):
    qtbot.wait(60)
    hint = window.minimumSizeHint()
    assert hint.width() <= SMALL.width() and hint.height() <= SMALL.height(), what
    assert window.size() == size, f"{what} makes the window larger"
    for button in (window.foot.stop, window.foot.release):
        corner = button.mapTo(window, QPoint(button.width(), button.height()))
        assert button.isVisible() and corner.x() <= size.width() and corner.y() <= size.height()
        assert button.width() >= button.sizeHint().width(), f"{what} cuts {button.text()}"
    clock = window.top.recording
    assert clock.mapTo(window, QPoint(clock.width(), 0)).x() <= size.width(), f"{what}: no clock"
    least = window.page.minimumSizeHint().width()
    assert least <= window.page.width() <= size.width() - window.rail.width(), (
        f"{what} has to be scrolled sideways"
    )


def test_no_page_makes_the_window_larger_however_full_it_is(window, qtbot):
    size = window.size()
    assert size == SMALL
    sites = window.sites
    sites.trial.advice.setText("\n".join([LONG] * 12))
    sites.trial.prompt.setText(LONG)
    sites.trial.bar.show()
    sites.skip_button.show()
    sites.signal.results.setText(LONG * 3)
    sites.dofs.addItem(LONG)
    sites.dofs.setCurrentIndex(sites.dofs.count() - 1)
    check(window, qtbot, size, "a site test")
    for _ in range(4):
        qtbot.keyClick(window, Qt.Key.Key_V)
        check(window, qtbot, size, "V")
    window.turn_to(2)
    page = window.calibrate
    for state in range(calibrate.DONNING + 1):
        page.word.setText(LONG)
        page._turn(state)
        check(window, qtbot, size, f"state {state} of a calibration")
    page._show_result(made_of(16))
    check(window, qtbot, size, "a calibration's result")
    window.turn_to(4)
    history(window)
    window.test.word.setText(LONG)
    for button in window.test.buttons.buttons():
        button.setChecked(True)
        check(window, qtbot, size, button.text())
    for number in range(6):
        window.turn_to(number)
        window.say(LONG * 3 + PATH)
        window.foot.step.setText("Start: false activations at rest and in arm motion")
        window.alerts.setText(LONG + PATH)
        window.alerts.show()
        window.top.who.setText(PATH)
        window.top.prompt.setText(LONG)
        check(window, qtbot, size, f"page {number + 1} with long sentences")
        window.alerts.hide()


def test_a_page_that_needs_more_than_there_is_room_is_scrolled(window, qtbot):
    window.turn_to(1)
    page, room = window.sites, window._stack.currentWidget()
    assert page.size() == room.size(), "it fills the room"
    window.resize(window.minimumSizeHint().width(), 500)
    qtbot.wait(100)
    assert page.height() > room.viewport().height() and window.height() == 500
    assert room.verticalScrollBar().maximum() > 0
    window.resize(SMALL)
    qtbot.waitUntil(lambda: page.size() == room.size(), timeout=2000)


def test_a_line_that_is_too_long_says_the_rest_in_its_tip(qtbot):
    line = Elided(LONG)
    qtbot.addWidget(line)
    line.resize(200, 20)
    line.grab()
    assert line.toolTip() == LONG and line.minimumSizeHint().width() < 50
    line.resize(4000, 20)
    line.grab()
    assert line.toolTip() == ""


def test_a_path_is_wrapped_and_read_as_it_was_given(qtbot):
    line = Wrapped(PATH)
    qtbot.addWidget(line)
    assert line.text() == PATH and line.minimumSizeHint().width() < 50
    assert line.heightForWidth(300) > 3 * line.fontMetrics().height()
