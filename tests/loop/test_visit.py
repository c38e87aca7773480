# SPDX-License-Identifier: GPL-3.0-or-later
"""A first visit by clicks: from an empty list of patients to a hand that follows, on the whole
simulated rig; the window crashes in between and the visit goes on."""

from __future__ import annotations

from functools import partial

import pytest

pytest.importorskip(
    "PyQt6.QtWidgets", reason="PyQt6 or a library it needs is not installed", exc_type=ImportError
)
pytest.importorskip("pyqtgraph")
pytest.importorskip("brainflow")

from PyQt6.QtCore import Qt

from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patients
from endplate.clinic.records.visits import Visits
from endplate.live.profile_file import load_profile
from endplate.live.recording import read_recording
from endplate.monitor.pages import calibrate
from endplate.monitor.theme import LIGHT
from endplate.monitor.window import Window

from .visits import clinic


@pytest.fixture
def opened(qtbot):
    made = []

    def open_window(folder):
        window = Window(None, LIGHT, folder)
        qtbot.addWidget(window)
        window.show()
        made.append(window)
        return window

    yield open_window
    for window in made:
        window.close()


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def take_step(qtbot, window, text, within_s=5.0):
    """The page's next step, once it is `text` and can be done."""
    foot = window.foot.step
    qtbot.waitUntil(
        lambda: foot.isEnabled() and foot.text().startswith(text), timeout=int(1000 * within_s)
    )
    click(qtbot, foot)


@pytest.mark.timeout(240)
def test_a_first_visit_from_an_empty_list_to_a_hand_that_follows(
    qtbot, opened, tmp_path, pc_firmware
):
    step = partial(take_step, qtbot)
    with clinic(tmp_path) as (folder, _rig):
        window = opened(folder)
        step(window, "New patient")
        qtbot.keyClicks(window.patient.form.code, "A17")
        step(window, "Enter this patient")
        step(window, "Start today's visit")
        qtbot.waitUntil(lambda: window.page is window.sites, timeout=45_000)
        assert window.top.simulated.isVisible() and "A17 · visit" in window.top.who.text()

        window.close()  # as a crash: the session goes on, and the next window finds it
        window = opened(folder)
        qtbot.waitUntil(lambda: "A17 · visit" in window.top.who.text(), timeout=10_000)
        qtbot.waitUntil(lambda: "250 Hz" in window.top.board.text(), timeout=10_000)

        page = window.calibrate
        qtbot.keyClick(window, "3")
        page.plan.repetitions.setValue(2)
        page.plan.dofs["elbow"].setChecked(False)
        step(window, "Start calibration (0.8 min)")
        qtbot.waitUntil(lambda: page.state != calibrate.GUIDED, timeout=90_000)
        if page.state == calibrate.REPEATS:
            step(window, "Go on without repeating")
        step(window, "Use it", 60)
        assert page.card.title.text() == "Calibrated: hand"
        assert sum(square.fault == "" for square in page.strip.squares) >= 5
        assert window.page is window.hand and window.rail.buttons[2].text().endswith("✓")
        step(window, "Arm")
        qtbot.waitUntil(lambda: window.top.hand.text() == "Hand follows", timeout=15_000)

        qtbot.keyClick(window, Qt.Key.Key_Space)
        qtbot.waitUntil(lambda: "disarmed" in window.top.hand.text(), timeout=5000)

        # And against itself, as days later against the last one.
        qtbot.keyClick(window, "3")
        click(qtbot, page.end_button)
        page.plan.compare.setChecked(True)
        step(window, "Compare (12 s)")
        qtbot.waitUntil(lambda: page.state == calibrate.DONNING, timeout=60_000)
        assert page.donning.sites.rowCount() == 4 and page.donning.reason.text()
        recommended = page._found.recommended
        assert recommended in ("nothing", "rescale"), "the same person, the same places"
        step(window, calibrate.REMEDIES[recommended])
        assert window.page is window.hand
        qtbot.keyClick(window, "1")
        step(window, "End the visit")
        qtbot.waitUntil(lambda: window.here.visit is None, timeout=30_000)
        assert window.note.text() == "The visit is ended; its recording is kept."
        assert "calibration" in window.patient.past.item(0).text()

    with Database(folder) as database:
        (visit,) = Visits(database).of(Patients(database).find("A17"))
        (kept,) = Visits(database).results(visit, "calibration")
    assert visit.ended is not None and kept.content["dofs"] == ["hand"]
    assert load_profile(visit.folder / "profile.json").simulated
    (path,) = visit.recordings()
    assert len(read_recording(path).counts) > 250 * 50
