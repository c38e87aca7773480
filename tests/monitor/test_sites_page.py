# SPDX-License-Identifier: GPL-3.0-or-later
"""The page Sites beyond its rows: the selected site, freezing, the warm-up meter, what the patient
sees, and the separation task; over real records and the real feed."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest

pytest.importorskip(
    "PyQt6.QtWidgets", reason="PyQt6 or a library it needs is not installed", exc_type=ImportError
)
pytest.importorskip("pyqtgraph")

from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtWidgets import QApplication

from endplate.clinic.trials.separation import SeparationRun
from endplate.monitor import patient_view, showing
from endplate.monitor.patient_view import Bar
from endplate.monitor.scales import CALM, AxisEnd, ticks

from .rigging import Outside, info, on_sites, status
from .test_window import colours

KEY, LEFT = Qt.Key, Qt.MouseButton.LeftButton


@pytest.fixture
def outside(tmp_path):
    made = Outside(tmp_path, info(8, 1000.0))
    made.status = status(profile=None)
    yield made
    made.close()


@pytest.fixture
def window(qtbot, tmp_path, records, outside):
    made = on_sites(qtbot, tmp_path, records)
    yield made
    made.close()


# ---- scales ----


def test_an_axis_grows_at_once_and_shrinks_only_after_it_has_long_been_small():
    end = AxisEnd(10.0)
    assert end.value == 10 and end.show(10.0) == 10 and end.show(10.1) == 20
    for _ in range(CALM - 1):
        assert end.show(3.0) == 20
    assert end.show(3.0) == 10
    for value in (190.0, 90.0, 190.0) * CALM:
        assert end.show(value) == 200, "it must not jump about a border"
    assert end.show(math.nan) == 200
    decades = AxisEnd(1.0, (1.0,))
    assert [decades.show(value) for value in (0.5, 1.01, 99.0, 101.0)] == [1, 10, 100, 1000]


@pytest.mark.parametrize(("top", "step"), [(125, 20), (500, 100), (10, 5), (20, 5)])
def test_ticks_are_round(top, step):
    made = ticks(top, 8 if top > 100 else 5)
    assert made[0] == 0 and made[1] == step and made[-1] <= top


# ---- the selected site ----


def test_keys_rows_and_traces_select_a_site_and_show_its_spectrum(window, qtbot):
    page = window.sites
    assert page.below.currentWidget() is page.trial
    qtbot.waitUntil(page.sites.hasFocus, timeout=3000)
    qtbot.keyClick(page.sites, KEY.Key_Down)
    qtbot.keyClick(page.sites, KEY.Key_Down)
    qtbot.keyClick(page.sites, KEY.Key_Up)
    assert page.traces.selected == page.sites.selected == 1
    assert page.sites.accessibleName().endswith("Selected: site 2")
    names = dict(page.traces.getAxis("left")._tickLevels[0])
    assert names[-1] == "▸ 2 muscle 2" and names[0] == "1 muscle 1"
    view = page.signal.spectrum
    assert view.isVisible() and colours(view) > 3
    qtbot.waitUntil(lambda: "2 muscle 2, 4 s now, clean signal" in view.accessibleDescription())
    qtbot.waitUntil(lambda: view.words.startswith("Median frequency"), timeout=3000)
    assert np.sqrt(np.square(view._size).sum()) == pytest.approx(30, rel=0.1), "30 uV of noise"
    qtbot.mouseClick(page.sites, LEFT, pos=QPoint(60, page.sites.place(4)))
    assert page.traces.selected == 4
    y = page.traces.getViewBox().mapViewToScene(page.traces._curves[6].boundingRect().center())
    at = page.traces.mapFromScene(y)
    at.setY(page.traces.mapFromScene(page.traces.getViewBox().mapViewToScene(
        type(y)(-2.5, -6.0))).y())  # fmt: skip
    qtbot.mouseClick(page.traces.viewport(), LEFT, pos=at)
    assert page.traces.selected == page.sites.selected == 6
    qtbot.keyClick(window, KEY.Key_V)
    qtbot.waitUntil(lambda: page.below.currentWidget() is page.trial, timeout=3000)


def test_the_site_test_has_its_matrix_below_whatever_was_looked_at(window, outside, qtbot):
    page = window.sites
    outside.status = status(hand={**status()["hand"], "word": "disarmed"})
    qtbot.keyClick(page.sites, KEY.Key_Down)
    assert page.below.currentWidget() is page.signal
    qtbot.waitUntil(lambda: window.foot.step.isEnabled(), timeout=3000)
    qtbot.keyClick(window, KEY.Key_Return)
    qtbot.waitUntil(lambda: page.trial.busy, timeout=3000)
    assert page.below.currentWidget() is page.trial and page.trial.prompt.isVisible()
    qtbot.keyClick(page.sites, KEY.Key_Down)
    assert page.below.currentWidget() is page.trial, "what is asked for stays in sight"
    qtbot.keyClick(window, KEY.Key_B)
    qtbot.waitUntil(lambda: "end it first" in window.note.text(), timeout=3000)
    qtbot.keyClick(window, KEY.Key_Escape)
    qtbot.waitUntil(lambda: not page.trial.guiding.on, timeout=5000)


# ---- standing still ----


def test_a_frozen_picture_is_measured_and_does_not_change(window, qtbot):
    page = window.sites
    traces = page.traces
    assert traces.measured() is None
    qtbot.keyClick(window, KEY.Key_F)
    qtbot.waitUntil(lambda: traces.frozen, timeout=3000)
    assert "frozen" in page.bar.state.text() and page.bar.freeze.text() == "Let go (F)"
    before, end = traces._curves[0].getData()[1].copy(), traces._end
    qtbot.keyClick(page.sites, KEY.Key_Left)
    qtbot.keyClick(page.sites, KEY.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    found, heard = traces.measured(), traces.signal()
    assert found.time_s == pytest.approx(-0.11)
    assert found.uv == pytest.approx(float(heard[-1 - 110]))
    assert found.peak_to_peak_uv == pytest.approx(float(heard.max() - heard.min()))
    assert found.rms_uv == pytest.approx(30, rel=0.1) and found.seconds == len(heard) / 1000
    assert page.hint.text().startswith("1 muscle 1 at -0.110 s: ")
    qtbot.waitUntil(lambda: traces._end > end + 200, timeout=3000)
    assert (traces._curves[0].getData()[1] == before).all() and traces.measured() == found
    window.sites.traces.zoom(1)
    window.sites.traces.zoom(-1)
    assert (traces._curves[0].getData()[1] == before).all(), "the scale does not bring the newest"
    assert "held picture" in _words_of(page, qtbot)
    qtbot.keyClick(window, KEY.Key_F)
    qtbot.waitUntil(lambda: not traces.frozen, timeout=3000)
    assert page.bar.state.text() == ""
    qtbot.waitUntil(lambda: (traces._curves[0].getData()[1] != before).any(), timeout=3000)


def _words_of(page, qtbot) -> str:
    qtbot.keyClick(page.sites, KEY.Key_Down)
    return page.signal.spectrum.accessibleDescription()


def test_what_was_not_heard_is_not_measured(window, qtbot):
    traces = window.sites.traces
    window.watch.stop()
    clean = np.full((300, 8), 7.0, np.float32)
    traces.add(traces._end + 5000, clean)  # five seconds are missing
    traces.frozen = True
    assert traces.measured().seconds == pytest.approx(0.3)
    assert traces.measured().rms_uv == pytest.approx(7.0)


def test_paused_says_so_and_runs_again(window, qtbot):
    page = window.sites
    qtbot.keyClick(window, KEY.Key_P)
    assert "paused" in page.bar.state.text() and page.traces.measured() is None
    qtbot.mouseClick(page.bar.pause, LEFT)
    assert page.bar.state.text() == "" and not page.traces.paused


# ---- warm-up ----


def test_the_warm_up_is_followed_on_every_page(window, outside, qtbot):
    window.watch.stop()
    page = window.sites
    for second in range(100):
        now = copy.deepcopy(outside.status)
        now["board"] |= {"samples": 1000 * second, "rate_hz": 1000.0}
        for row in now["meters"]:
            row["rest_uv"] = 10.0 - 0.05 * second
        now["meters"][2]["warming"] = 9
        page.follow(now)
    window.turn_to(3)
    window.turn_to(1)
    page.show_numbers(now)
    said = "Rest noise still falling 9 % a minute (site 3): wait a minute."
    assert page.hint.text() == said
    qtbot.keyClick(page.sites, KEY.Key_Down)
    assert page.signal.rest.words == said and colours(page.signal.rest) > 3
    assert page.signal.rest.went() == "Middle site: 10.0 to 5.0 µV in 1.6 min."


# ---- what the patient sees ----


def muscles(window, outside, others=0.05):
    """A person who does what the patient's view asks for."""

    def power(_t):
        run = window.sites.showing.run
        trial = run.trial if run else None
        aim = window.sites.showing._sites[trial.site][0] if trial else None
        return [9.0 + (57.0 * (0.6 if k == aim else others)) ** 2 for k in range(8)]

    outside.power = power


def show_two(window, qtbot):
    page = window.sites
    for site in (2, 4):
        page._choose(site)
        qtbot.keyClick(window, KEY.Key_T)
        qtbot.waitUntil(lambda site=site: site in page._chosen, timeout=3000)
    qtbot.keyClick(window, KEY.Key_B)
    qtbot.waitUntil(lambda: page.showing.on, timeout=3000)


def test_the_patient_sees_the_chosen_sites_and_the_foot_stays(window, outside, qtbot):
    page = window.sites
    muscles(window, outside)
    show_two(window, qtbot)
    view = page.showing.view
    qtbot.waitUntil(lambda: all(0.04 < bar.effort < 0.06 for bar in view.bars), timeout=3000)
    assert [(bar.index, bar.label) for bar in view.bars] == [(2, "muscle 3"), (4, "muscle 5")]
    assert "strongest" in window.note.text() and colours(view) > 3
    for button in (window.foot.stop, window.foot.release):
        at = button.mapTo(window, button.rect().center())
        assert window.childAt(at) is button, "the view must not cover it"
    assert min(patient_view.WORD_PT, patient_view.NAME_PT) >= 36
    window.resize(1400, 900)
    qtbot.waitUntil(lambda: view.width() == window.centralWidget().width(), timeout=3000)
    assert view.height() == window.foot.y()
    qtbot.keyClick(page.sites, KEY.Key_Up)
    qtbot.waitUntil(lambda: view.bars[0].band == (0.5, 0.9), timeout=3000)
    qtbot.keyClick(window, KEY.Key_Space)
    qtbot.waitUntil(lambda: ("stop", {}) in outside.asked, timeout=3000)
    qtbot.keyClick(window, KEY.Key_Escape)
    qtbot.waitUntil(lambda: not page.showing.on, timeout=3000)
    assert page.show_button.text() == "Show to patient (B)"


class Screen:
    """A second one, beside the first."""

    def __init__(self, first):
        self._first = first

    def geometry(self):
        return self._first.geometry().translated(self._first.geometry().width(), 0)


def test_on_a_second_screen_it_stands_by_itself_and_space_still_stops(
    window, outside, qtbot, monkeypatch
):
    first = window.screen()
    monkeypatch.setattr(
        showing.QGuiApplication, "screens", staticmethod(lambda: [first, Screen(first)])
    )
    show_two(window, qtbot)
    view = window.sites.showing.view
    assert view.isWindow() and view.isFullScreen() and not window.sites.showing.covers
    view.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is view, timeout=3000)
    qtbot.keyClick(view, KEY.Key_Space)
    qtbot.waitUntil(lambda: ("stop", {}) in outside.asked, timeout=3000)
    end = window.sites.traces._end
    qtbot.waitUntil(lambda: window.sites.traces._end > end, timeout=3000)
    qtbot.keyClick(view, KEY.Key_Escape)
    qtbot.waitUntil(lambda: not window.sites.showing.on, timeout=3000)


def test_another_page_takes_it_away(window, qtbot):
    show_two(window, qtbot)
    window.turn_to(3)
    assert not window.sites.showing.on


def test_a_patient_who_can_plays_the_task_and_its_result_is_kept(
    window, outside, qtbot, monkeypatch
):
    monkeypatch.setattr(SeparationRun, "pause_s", 0.2)
    page = window.sites
    muscles(window, outside)
    page.signal.targets.setValue(4)
    assert window.foot.step.text().startswith("Start the site test")
    show_two(window, qtbot)
    qtbot.waitUntil(lambda: window.foot.step.text() == "Start the task (4 targets)", timeout=3000)
    qtbot.keyClick(window, KEY.Key_Return)
    qtbot.waitUntil(lambda: page.showing.run is not None, timeout=3000)
    qtbot.waitUntil(lambda: page.showing.view.word == "Hold it", timeout=5000)
    qtbot.waitUntil(lambda: page.showing.run is None, timeout=30_000)
    assert window.note.text().startswith("4 of 4 hit, ")
    (kept,) = window.here.visits.results(window.here.visit, "separation")
    assert kept.content["figures"]["hits"] == 4 and kept.content["scale"] == "lately"
    assert kept.content["figures"]["apart_db"] == pytest.approx(21.6, abs=0.3)
    assert kept.content["sites"] == ["3 muscle 3", "5 muscle 5"]
    assert "4 of 4 hit" in page.signal.results.text()
    qtbot.waitUntil(lambda: len(outside.asked) == 9, timeout=3000)
    marks = [fields["text"] for verb, fields in outside.asked if verb == "mark"]
    assert marks[0].startswith("separation: 4 targets of 3 muscle 3, 5 muscle 5, seed ")
    assert marks[1].startswith("separation: raise ") and marks[2].startswith("separation: hit ")
    assert len(marks) == 9 and window.note.text().startswith("4 of 4 hit"), "marks say nothing"
    assert page.showing.view.word == "4 of 4"


def test_a_task_that_is_given_up_or_loses_its_board_is_no_result(window, outside, qtbot):
    page = window.sites
    show_two(window, qtbot)
    qtbot.waitUntil(lambda: window.foot.step.isEnabled(), timeout=3000)
    qtbot.keyClick(window, KEY.Key_Return)
    qtbot.waitUntil(lambda: page.showing.run is not None, timeout=3000)
    qtbot.keyClick(window, KEY.Key_Escape)
    qtbot.waitUntil(lambda: page.showing.run is None, timeout=3000)
    assert "nothing of it is kept" in window.note.text() and page.showing.on
    qtbot.keyClick(window, KEY.Key_Return)
    lost = {"health": "lost", "sentence": "The board sends no samples.", "rate_hz": 1000.0}
    outside.status = status(profile=None, board=lost)
    qtbot.waitUntil(lambda: page.showing.view.word == showing.LOST, timeout=3000)
    assert page.hint.text().startswith("The board sends no samples.")
    outside.status = status(profile=None)
    qtbot.waitUntil(lambda: page.showing.view.word != showing.LOST, timeout=3000)
    assert page.showing.run is not None, "it goes on where it was"
    outside.close()
    qtbot.waitUntil(lambda: page.showing.view.word == showing.LOST, timeout=8000)
    assert page.showing.run is None
    assert window.here.visits.results(window.here.visit, "separation") == []


def test_the_view_comes_back_with_the_session(window, outside, qtbot, tmp_path):
    show_two(window, qtbot)
    outside.close()
    qtbot.waitUntil(lambda: window.sites.showing.view.word == showing.LOST, timeout=8000)
    again = Outside(tmp_path, info(8, 1000.0))
    muscles(window, again)
    try:
        view = window.sites.showing.view
        qtbot.waitUntil(lambda: view.word == showing.RAISE, timeout=8000)
    finally:
        again.close()


def test_a_site_without_contact_is_said_to_the_patient(window, outside, qtbot):
    show_two(window, qtbot)
    outside.status = status(profile=None, doubted=0b100)
    view = window.sites.showing.view
    qtbot.waitUntil(lambda: view.word == "3 has no contact", timeout=3000)
    assert view.bars[0].mark == "–"


def test_nobody_plays_alone_or_before_every_site_is_known(window, outside, qtbot):
    for row in outside.status["quality"]:
        row["busy_uv"] = 4.0
    page = window.sites
    qtbot.wait(300)
    show_two(window, qtbot)
    qtbot.waitUntil(lambda: page.showing.view.word == "Squeeze 3, then relax", timeout=3000)
    assert window.foot.step.text() == "Contract each site once"
    assert not window.foot.step.isEnabled()
    qtbot.keyClick(window, KEY.Key_Escape)
    page._chosen = [1]
    page.show_button.click()
    assert window.foot.step.text() == "The task needs two sites (Esc, T)"


@pytest.mark.parametrize(
    ("bar", "mark"),
    [
        (Bar(0, "a", 0.5, (0.4, 0.8)), "✓"), (Bar(0, "a", 0.3, (0.4, 0.8)), "▲"),
        (Bar(0, "a", 0.9, (0.4, 0.8)), "▼"), (Bar(0, "a", 0.2, line=0.25), ""),
        (Bar(0, "a", 0.3, line=0.25), "✕"), (Bar(0, "a", math.nan, line=0.25), "–"),
    ],
)  # fmt: skip
def test_every_state_of_a_bar_has_a_shape_of_its_own(bar, mark):
    assert bar.mark == mark
