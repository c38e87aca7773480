# SPDX-License-Identifier: GPL-3.0-or-later
"""The page Follow-up: the report beside the trends, and the trends' axes."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

import pytest

pytest.importorskip(
    "PyQt6.QtWidgets", reason="PyQt6 or a library it needs is not installed", exc_type=ImportError
)
pytest.importorskip("pyqtgraph")

from PyQt6.QtCore import Qt

from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patient, Patients, sites_of
from endplate.clinic.records.visits import Visits
from endplate.clinic.trends import Point, Trend
from endplate.hardware import load_montage
from endplate.monitor import report_pane
from endplate.monitor.scales import AxisEnd, axis
from endplate.monitor.theme import LIGHT
from endplate.monitor.trend_view import TrendView
from endplate.monitor.window import Window

NOW = datetime(2026, 11, 2, 9, 15)


@pytest.fixture
def window(qtbot, tmp_path):
    """On the page, of a patient with two visits that brought little."""
    with Database(tmp_path / "data") as database:
        patient = Patients(database).add(
            Patient("A17", "left", "transhumeral", "transhumeral-4",
                    sites_of(load_montage("transhumeral-4")), tmr=date(2026, 1, 5)), NOW,
        )  # fmt: skip
        for days in (94, 0):
            Visits(database).begin(patient, NOW - timedelta(days=days))
    window = Window(None, LIGHT, tmp_path / "data")
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: window.here.patient is not None, timeout=5000)
    window.turn_to(window.pages.index(window.follow_up))
    yield window
    window.close()


def picture(pane):
    return pane.sheet.grab().toImage()


def test_the_first_page_is_seen_beside_the_trends_and_follows(window, qtbot):
    here, pane = window.here, window.follow_up.report
    assert pane.sheet.blank
    qtbot.waitUntil(lambda: not pane.sheet.blank, timeout=20_000)
    newest = picture(pane)
    window.follow_up.refresh()
    qtbot.wait(2 * report_pane.CALM_MS)
    assert pane._drawing is None, "nothing has changed"
    assert [pane.visits.itemText(n) for n in range(2)] == ["2026-11-02", "2026-07-31"]
    pane.visits.setCurrentIndex(1)
    pane.visits.activated.emit(1)
    qtbot.waitUntil(lambda: picture(pane) != newest, timeout=20_000)
    first, visit = picture(pane), here.visits.find(pane.visit)
    here.visits.note(visit, "Came on foot.")
    here.visit_changed.emit()
    assert pane.visit == visit.uid, "the one that was chosen stays chosen"
    qtbot.waitUntil(lambda: picture(pane) != first, timeout=20_000)


def test_it_is_drawn_only_where_somebody_looks(window, qtbot):
    pane = window.follow_up.report
    window.turn_to(0)
    pane._calm.stop()
    window.here.patient_changed.emit()
    assert not pane._calm.isActive()
    window.turn_to(5)
    assert pane._calm.isActive()


def test_the_report_is_written_of_the_visit_that_is_chosen(window, qtbot):
    pane = window.follow_up.report
    pane.visits.setCurrentIndex(1)
    folder = window.here.visits.find(pane.visit).folder
    qtbot.mouseClick(pane.button, Qt.MouseButton.LeftButton)
    assert not pane.button.isEnabled() and "computed again" in pane.word.text()
    qtbot.waitUntil(lambda: pane.button.isEnabled(), timeout=30_000)
    out = folder / "report-A17-2026-07-31.pdf"
    assert window.note.text().startswith(f"Written: {out}. No recording lies in this visit")
    assert out.read_bytes().startswith(b"%PDF") and out.with_suffix(".html").exists()


def test_a_folder_that_refuses_is_said_and_then_written(window, qtbot):
    pane = window.follow_up.report
    folder = window.here.visits.find(pane.visit).folder
    blocked = folder / ".report-A17-2026-11-02.html.part"
    blocked.mkdir()  # where a file would be begun
    pane.write()
    qtbot.waitUntil(lambda: pane.button.isEnabled(), timeout=30_000)
    assert "The report cannot be written to" in window.note.text()
    assert list(folder.glob("report-*")) == []
    blocked.rmdir()
    pane.write()
    qtbot.waitUntil(lambda: len(list(folder.glob("report-*"))) == 2, timeout=30_000)


@pytest.mark.parametrize(
    ("low", "high", "most", "found"),
    [
        (0, 27, 3, [0, 10, 20, 30]),
        (0, 12.4, 6, [0, 5, 10, 15]),
        (0.93, 0.95, 3, [0.93, 0.94, 0.95]),
        (-0.15, 1.75, 3, [-1, 0, 1, 2]),
        (95, 100, 3, [94, 96, 98, 100]),
        (0, 1, 6, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
    ],
)
def test_axes_go_in_steps_of_1_2_and_5(low, high, most, found):
    assert axis(low, high, most) == pytest.approx(found)


def test_an_axis_has_the_steps_of_all_others_and_lets_nothing_out():
    chance = random.Random(1)
    for _ in range(2000):
        low = chance.uniform(-1, 1) * 10 ** chance.uniform(-4, 6)
        high, most = low + 10 ** chance.uniform(-5, 6), chance.randint(2, 8)
        if high - low < 1e-6 * abs(low):
            continue
        found = axis(low, high, most)
        step = found[1] - found[0]
        assert 1 <= len(found) - 1 <= most
        assert found[0] <= low + 1e-6 * step and found[-1] >= high - 1e-6 * step
        assert AxisEnd(step * (1 - 1e-5)).value == pytest.approx(step, rel=1e-3)
    assert len(axis(5.0, 5.0, 3)) >= 2, "of one value alone, too"


def test_an_axis_shows_nothing_that_cannot_be_and_all_that_is(qapp):
    def values(unit, *points, mdc=None):
        days = [date(2026, 1, n + 1) for n in range(len(points))]
        trend = Trend("x", unit, tuple(map(Point, days, points)), 1, mdc)
        return TrendView(LIGHT, trend, days[0], date(2026, 11, 30)).values

    assert values("%", 100.0, 100.0)[-1] == 100 and values("", 0.97)[-1] == 1
    assert values("blocks", 1.0, 3.0)[0] == 0
    assert values("logits", -2.0, 1.0)[0] < -2
    wide = values("blocks", 12.0, 19.0, mdc=6.5)
    assert wide[0] <= 12 and wide[-1] >= 25.5
    for unit, top in (("s", 1), ("a minute", 1), ("% of the time", 1), ("", 1), ("DoF", 1)):
        none = values(unit, 0.0, 0.0)
        assert none[0] == 0 and top <= none[-1] <= 2, "nothing at all has a plain axis, too"
    assert values("s", 4e-5, 4e-5)[1] >= 0.001, "its figures are plain"
    for points in ((2.0, 2.0), (1.0,), (17.0, 18.0), (0.0, 3.0)):
        found = values("blocks", *points)
        assert all(value == round(value) for value in found), "there is no half block"
        assert found[0] <= min(points) and found[-1] >= max(points)
