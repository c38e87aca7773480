# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand: handles are dragged while the hand follows, what was tuned is kept and taken back, grips
are pictures, latency is seen by its histogram."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip(
    "PyQt6.QtWidgets", reason="PyQt6 or a library it needs is not installed", exc_type=ImportError
)
pytest.importorskip("pyqtgraph")

from PyQt6.QtCore import QPoint, Qt

from endplate.live.latency import Histogram
from endplate.live.profile_file import load_profile
from endplate.live.profile_versions import versions
from endplate.monitor.dof_handles import DEAD_BAND, NEGATIVE, POSITIVE, Handle
from endplate.monitor.latency_view import edge_ms
from endplate.monitor.theme import LIGHT
from endplate.monitor.window import Window

from .rigging import Outside, status

sys.path.insert(0, str(Path(__file__).parents[1] / "host"))
from plain_profile import plain_profile

SHAPE = {"dead_band": 0.1, "negative": 1.0, "positive": 2.0}


class Tunable(Outside):
    """Does what it is asked, as the control process would."""

    def _answer(self, verb, fields, asker):
        reply = super()._answer(verb, fields, asker)
        if verb == "tune":
            shape = {key: fields[key] for key in SHAPE}
            self.status = {**self.status, "shape": {**self.status["shape"], fields["dof"]: shape}}
        if verb == "named":
            profile = {**self.status["profile"], "path": fields["path"]}
            self.status = {**self.status, "profile": profile}
        return reply


@pytest.fixture
def outside(tmp_path):
    place = tmp_path / "old"
    place.mkdir()
    path = plain_profile(place / "profile.json", name="anna")
    made = Tunable(tmp_path)
    made.status = status(
        shape={"hand": SHAPE, "elbow": SHAPE}, grip="power",
        profile={"name": "anna", "path": path},
    )  # fmt: skip
    yield made
    made.close()


@pytest.fixture
def window(qtbot, tmp_path, outside):
    made = Window(tmp_path, LIGHT)
    qtbot.addWidget(made)
    made.show()
    made.turn_to(3)
    qtbot.waitUntil(lambda: bool(made.hand.bars.handles()), timeout=5000)
    yield made
    made.close()


@pytest.fixture
def visit(window, tmp_path):
    """A visit's folder."""

    class Visit:
        folder = tmp_path / "new"

    Visit.folder.mkdir()
    window.here.visit = Visit
    return Visit.folder


def drag(qtbot, bars, handle, to):
    """From where the handle stands to the place `to`, -1..1."""
    start = bars.where(handle).toPoint()
    end = QPoint(round(bars.width() / 2 + to * bars._half), start.y())
    qtbot.mousePress(bars, Qt.MouseButton.LeftButton, pos=start)
    middle = (start + end) / 2
    for point in (middle, end):
        qtbot.mouseMove(bars, point)
        # Qt's test mouse holds no button while it moves; the widget is told that one is held.
        _move(bars, point)
    return end


def _move(bars, point):
    from PyQt6.QtCore import QEvent, QPointF
    from PyQt6.QtGui import QMouseEvent

    left = Qt.MouseButton.LeftButton
    bars.mouseMoveEvent(QMouseEvent(
        QEvent.Type.MouseMove, QPointF(point), QPointF(bars.mapToGlobal(point)), left, left,
        Qt.KeyboardModifier.NoModifier,
    ))  # fmt: skip


def tunes(outside):
    return [fields for verb, fields in outside.asked if verb == "tune"]


def test_a_dead_band_is_dragged_live_in_words_and_kept_in_the_visit(
    window, outside, qtbot, visit
):
    bars = window.hand.bars
    end = drag(qtbot, bars, Handle("hand", DEAD_BAND), 0.25)
    assert bars.held == Handle("hand", DEAD_BAND)
    assert "still below 25 % effort" in bars.accessibleDescription()
    qtbot.waitUntil(lambda: bool(tunes(outside)), timeout=3000)  # before it is let go
    qtbot.mouseRelease(bars, Qt.MouseButton.LeftButton, pos=end)
    kept = visit / "profile.json"
    qtbot.waitUntil(lambda: window.note.text().endswith("Kept."), timeout=5000)
    assert tunes(outside)[-1] == {"dof": "hand", **SHAPE, "dead_band": 0.25}
    assert load_profile(kept).shape["hand"]["dead_band"] == 0.25
    assert [one.why for one in versions(kept)] == ["tuned by hand"]
    old = Path(visit.parent / "old" / "profile.json")
    assert load_profile(old).shape["hand"]["dead_band"] == 0.1, "an earlier visit stays as it was"
    qtbot.waitUntil(lambda: outside.status["profile"]["path"] == str(kept), timeout=3000)

    window.undo()
    qtbot.waitUntil(lambda: outside.status["shape"]["hand"] == SHAPE, timeout=3000)
    qtbot.waitUntil(lambda: "as it was before" in window.note.text(), timeout=3000)
    assert load_profile(kept).shape["hand"]["dead_band"] == 0.1
    window.undo()
    assert "nothing to take back" in window.note.text()


def test_a_handle_does_not_jump_to_where_it_was_taken(window, outside, qtbot):
    bars = window.hand.bars
    for name, aside in ((DEAD_BAND, -10), (NEGATIVE, 9)):
        handle = Handle("hand", name)
        before = bars._shapes["hand"][name]
        start = bars.where(handle).toPoint() + QPoint(aside, 0)
        qtbot.mousePress(bars, Qt.MouseButton.LeftButton, pos=start)
        _move(bars, start + QPoint(1, 0))
        assert bars._shapes["hand"][name] == pytest.approx(before, abs=0.03)
        qtbot.mouseRelease(bars, Qt.MouseButton.LeftButton, pos=start)


def test_two_dofs_at_once_and_another_page_lose_nothing(window, outside, qtbot, visit):
    bars = window.hand.bars
    for dof in ("hand", "elbow"):
        end = drag(qtbot, bars, Handle(dof, DEAD_BAND), 0.3)
        qtbot.mouseRelease(bars, Qt.MouseButton.LeftButton, pos=end)
    window.turn_to(4)
    kept = visit / "profile.json"

    def dead_bands():
        shape = load_profile(kept).shape if kept.exists() else {}
        return [shape[dof]["dead_band"] for dof in shape]

    # A version is written before the profile itself: its number does not say that it is in use.
    qtbot.waitUntil(lambda: dead_bands() == [0.3, 0.3], timeout=5000)
    assert len(versions(kept)) == 2


def test_a_gain_by_key(window, outside, qtbot, visit):
    bars = window.hand.bars
    bars.setFocus()
    for key in 4 * (Qt.Key.Key_Down,):  # the first one shows the choice
        qtbot.keyClick(bars, key)
    assert bars.chosen == Handle("elbow", NEGATIVE)
    qtbot.keyClick(bars, Qt.Key.Key_Left)
    assert "extend: gain 1.05, full speed at 95 % effort" in bars.accessibleDescription()
    qtbot.waitUntil(lambda: window.note.text().endswith("Kept."), timeout=5000)
    assert load_profile(visit / "profile.json").shape["elbow"]["negative"]["gain"] == 1.05


def test_what_is_refused_is_not_kept(window, outside, qtbot, visit):
    outside.refuse = "The hand decodes by itself."
    bars = window.hand.bars
    end = drag(qtbot, bars, Handle("hand", POSITIVE), 0.9)
    qtbot.mouseRelease(bars, Qt.MouseButton.LeftButton, pos=end)
    qtbot.waitUntil(lambda: window.note.text() == outside.refuse, timeout=3000)
    qtbot.waitUntil(lambda: bars._shapes["hand"] == SHAPE, timeout=3000)  # what is in force
    assert not list(visit.iterdir()) and not window.hand.undo()


def test_without_a_visit_it_is_said_how_long_it_lasts(window, outside, qtbot):
    bars = window.hand.bars
    end = drag(qtbot, bars, Handle("hand", DEAD_BAND), -0.2)
    qtbot.mouseRelease(bars, Qt.MouseButton.LeftButton, pos=end)
    qtbot.waitUntil(lambda: "until this session ends" in window.note.text(), timeout=3000)
    assert outside.status["shape"]["hand"]["dead_band"] == 0.2


@pytest.mark.parametrize("name", [NEGATIVE, DEAD_BAND, POSITIVE])
def test_a_handle_stands_where_it_was_put(name):
    handle = Handle("hand", name)
    for value in (0.03, 0.17, 0.6) if name == DEAD_BAND else (0.2, 0.5, 1.0, 3.3, 4.0):
        assert handle.value_at(handle.place_of({name: value})) == pytest.approx(value, abs=0.006)
    far = handle.value_at(-5.0 if name == NEGATIVE else 5.0)
    assert far == (0.6 if name == DEAD_BAND else 4.0)


def test_grips_are_pictures_and_the_one_in_force_is_marked(window, outside, qtbot):
    grips = window.hand.grips
    assert list(grips.buttons) == ["power", "pinch"]
    assert all(not button.icon().isNull() for button in grips.buttons.values())
    qtbot.waitUntil(grips.buttons["power"].isChecked, timeout=3000)
    qtbot.mouseClick(grips.buttons["pinch"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: ("grip", {"name": "pinch"}) in outside.asked, timeout=3000)
    assert grips.buttons["power"].isChecked(), "the mark follows the hand, not the click"
    outside.status = {**outside.status, "grip": "pinch"}
    qtbot.waitUntil(grips.buttons["pinch"].isChecked, timeout=3000)


def test_forces_are_dots_on_the_fingertips(window, outside, qtbot):
    view = window.hand.hand
    qtbot.wait(100)
    before = view.grab().toImage()
    hand = {**outside.status["hand"], "touch": {
        "force_n": [None, 9.0, 0.0, 0.0, 0.0], "contact": [False, True, False, False, False],
        "slip": [False] * 5,
    }}  # fmt: skip
    outside.status = {**outside.status, "hand": hand}
    qtbot.waitUntil(lambda: view.grab().toImage() != before, timeout=3000)


def test_the_histogram_of_a_stage_is_counted_by_half_octaves():
    histogram = Histogram()
    for ns in (10, 70, 95, 97, 1_000_000, 1_000_001, 3_000_000):
        histogram.add(ns)
    found = histogram.halves()
    edges = [edge_ms(found["first"] + k) * 1e6 for k in range(len(found["counts"]) + 1)]
    counted = {(low, high): n for low, high, n in
               zip(edges, edges[1:], found["counts"], strict=False) if n}  # fmt: skip
    assert counted == {(64, 96): 3, (96, 128): 1, (786432, 1048576): 2, (2097152, 3145728): 1}
    assert Histogram().halves() == {"first": 0, "counts": []}
