# SPDX-License-Identifier: GPL-3.0-or-later
"""The page Test, over real records and the real feed."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

pytest.importorskip(
    "PyQt6.QtWidgets", reason="PyQt6 or a library it needs is not installed", exc_type=ImportError
)
pytest.importorskip("pyqtgraph")

from PyQt6.QtCore import Qt

from endplate.clinic.recording_name import file_of, recording_of
from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patient, Patients, sites_of
from endplate.clinic.records.visits import Visits
from endplate.clinic.trials import kinds
from endplate.core import TARGET_UNIT
from endplate.hardware import load_montage

from .rigging import JOINTS, Outside, in_visit, status
from .test_window import colours

LEFT = Qt.MouseButton.LeftButton
NOW = datetime(2026, 11, 30, 9, 15)


@pytest.fixture
def outside(tmp_path):
    made = Outside(tmp_path)
    made.targets = {}
    yield made
    made.close()


@pytest.fixture
def window(qtbot, tmp_path, records, outside):
    made = in_visit(qtbot, tmp_path, records)
    qtbot.waitUntil(lambda: made.top.hand.text() == "Hand follows", timeout=5000)
    yield made
    made.close()


def aimed(page):
    """A patient who can: what to do for what is asked now, [DoF]."""
    run = page.run
    if run is None or run.trial is None:
        return np.zeros(2)
    if run.kind == "motion":
        return 0.8 * np.array(run.trial.asked)
    if run.kind == "tac":
        speed = np.array([axis.speed_dps for axis in run.axes])
        return np.clip((run.trial.target - run.posture) / speed * 3, -1, 1)
    if run.kind == "activations":
        return np.array([0.3 * (run.trial.condition == "arm motion"), 0.0])
    return np.clip((np.array(run.trial.target.centre) - run.trial.position) * 4, -1, 1)


@pytest.fixture
def page(window, outside, qtbot):
    """Opened by its key; the patient can, and time goes four times as fast."""
    outside.velocity = lambda t: tuple(aimed(window.test))
    outside.pace_s = 0.005
    qtbot.keyClick(window, "5")
    qtbot.waitUntil(lambda: window.foot.step.isEnabled(), timeout=3000)
    return window.test


def set_to(page, **values):
    for key, value in values.items():
        field = page.settings.fields[page.settings.kind][key]
        if hasattr(field, "setValue"):
            field.setValue(value)
        else:
            field.setCurrentIndex(field.findData(value))


def again(content, kind, outside):
    """From the targets as a recording has them, between the samples that the result names."""
    samples = range(content["first_sample"], content["last_sample"] + 1, content["hop_samples"])
    wide = np.array([outside.targets[sample] for sample in samples]) / TARGET_UNIT
    columns = [outside.info.dofs.index(dof) for dof in content["dofs"]]
    return kinds.again(kind, content, wide[:, columns],
                       content["hop_samples"] / content["rate_hz"])  # fmt: skip


SETTINGS = {
    "motion": {"repetitions": 1, "pairs": True},
    "tac": {"count": 4, "dwell_s": 1.0},
    "fitts": {"count": 4},
    "activations": {"rest_s": 5, "arm_motion_s": 5},
}


@pytest.mark.parametrize("kind", list(SETTINGS))
def test_a_patient_who_can_plays_each_test_to_its_end(window, page, outside, qtbot, kind):
    page.choose(kind)
    set_to(page, **SETTINGS[kind])
    qtbot.mouseClick(window.foot.step, LEFT)
    assert page.run.kind == kind
    assert page.stage.isVisible() and not page.side.isVisible(), "nothing else on the screen"
    qtbot.waitUntil(lambda: page.run is not None and page.run.trial is not None, timeout=5000)
    qtbot.wait(150)
    assert colours(page.stage.view) > 3
    qtbot.waitUntil(lambda: page.run is None, timeout=40_000)
    (kept,) = window.here.visits.results(window.here.visit)
    content = kept.content
    assert kept.kind == kind and content["profile"] == "anna" and not content["direct"]
    assert content["simulated"] and content["recording"] == "a.bdf" and "rules" in content
    assert again(content, kind, outside) == content["figures"]
    said = {"motion": "100 % of 8 movements", "tac": "100 % of 4 postures reached",
            "fitts": "100 % of 4 completed", "activations": "at rest: none in 5 s"}  # fmt: skip
    assert said[kind] in page.word.text() and "(decoder)" in page.word.text()
    table = page.history.table
    assert table.rowCount() == 1 + (kind == "activations"), "a row for each condition"
    assert table.item(0, 1).text() == "decoder"
    assert page.history.views and colours(page.history.views[0]) > 3
    assert window.rail.buttons[4].text().endswith("✓")
    marks = [fields["text"] for verb, fields in outside.asked if verb == "mark"]
    count = content["targets"]
    assert marks[0].startswith(f"test {kind} begins {{") and marks[-1] == f"test {kind} ends"
    assert sum(f"{kind} {count}/{count} " in mark for mark in marks) == 2
    assert len(content["marks"]) == count and all(
        content["first_sample"] < at <= outside.newest for at in content["marks"]
    )
    if kind == "activations":
        found = content["figures"]["arm motion"]
        assert found["activations"] == 1 and found["share"] > 0.8


def test_a_tac_test_on_the_hand_takes_its_own_joints(window, page, outside, qtbot):
    """A hand whose index and elbow follow; decoded velocities are not what counts."""
    where = {"index": 30.0, "elbow": 90.0}

    def follow(_t):
        run = page.run
        if run is not None and run.trial is not None:
            for joint, aim in zip(where, run.trial.target, strict=True):
                where[joint] += float(np.clip(aim - where[joint], -0.8, 0.8))
        joints = [where.get(name, 0.0) for name in JOINTS]
        outside.status = status(hand={**status()["hand"], "position_deg": joints})
        return 0.0, 0.0

    outside.velocity = follow
    page.choose("tac")
    set_to(page, on="hand", count=4, dwell_s=1.0)
    qtbot.waitUntil(lambda: window.foot.step.isEnabled(), timeout=3000)
    qtbot.mouseClick(window.foot.step, LEFT)
    qtbot.waitUntil(lambda: page.run is None, timeout=30_000)
    (kept,) = window.here.visits.results(window.here.visit, "tac")
    assert kept.content["figures"]["completion"] == 1.0 and kept.content["rules"]["on"] == "hand"
    assert kept.content["outcomes"][0]["start"] == [30.0, 90.0]
    assert again(kept.content, "tac", outside) == kept.content["figures"]
    assert "on the hand" in page.word.text()
    # not armed: nothing to start, and it says what to do; stopped meanwhile: no result
    outside.velocity = lambda t: (0.0, 0.0)
    outside.status = status(hand={**status()["hand"], "word": "disarmed"})
    qtbot.waitUntil(lambda: window.foot.step.text() == "Arm the hand first (A)", timeout=3000)
    assert not window.foot.step.isEnabled()
    outside.status = status()
    qtbot.waitUntil(lambda: window.foot.step.isEnabled(), timeout=3000)
    qtbot.mouseClick(window.foot.step, LEFT)
    outside.status = status(hand={**status()["hand"], "word": "disarmed"})
    qtbot.waitUntil(lambda: page.run is None, timeout=3000)
    assert window.note.text().startswith("Hand disarmed: it holds still: the test was ended")
    assert len(window.here.visits.results(window.here.visit)) == 1


def minute(window, page, outside, qtbot):
    """Of Box and Blocks, until the count is to be typed."""
    page.choose("box-and-blocks")
    outside.pace_s = 0.0004  # in a second and a half
    qtbot.waitUntil(lambda: window.foot.step.isEnabled(), timeout=3000)
    qtbot.mouseClick(window.foot.step, LEFT)
    qtbot.waitUntil(lambda: page.task.timing is not None, timeout=3000)
    qtbot.waitUntil(lambda: page.count.isVisible(), timeout=20_000)
    outside.pace_s = 0.02


def test_blocks_are_timed_by_the_recording_and_counted_by_hand(window, page, outside, qtbot):
    minute(window, page, outside, qtbot)
    assert not window.foot.step.isEnabled(), "nothing is counted yet"
    for button in page.buttons.buttons():
        qtbot.mouseClick(button, LEFT)
    assert page.kind.key == "box-and-blocks" and page.task.typing, "the count is not dropped"
    window.turn_to(3)
    window.turn_to(4)
    assert page.task.typing, "a look at another page takes nothing away"
    page.count.setValue(19)
    assert window.foot.step.text() == "Keep 19 blocks"
    qtbot.mouseClick(window.foot.step, LEFT)
    (kept,) = window.here.visits.results(window.here.visit, "box-and-blocks")
    content = kept.content
    assert content["count"] == 19 and content["hand"] == "prosthesis"
    assert 60.0 <= content["figures"]["seconds"] < 75.0, "at this pace the answer comes late"
    assert (content["last_sample"] - content["first_sample"]) / 250 == content["figures"]["seconds"]
    (score,) = window.here.scores.of(window.here.patient, "box-and-blocks")
    assert score.value == 19 and "recording's clock" in score.notes
    assert page.history.views[0].accessibleDescription().startswith("19 blocks\n")
    assert page.task.timing is None and "19 blocks in 6" in page.word.text()


def test_a_count_is_nobody_elses(window, page, outside, qtbot, records):
    """The minute is up in one patient's visit; the count is typed in that of another."""
    with Database(records) as database:
        sites = sites_of(load_montage("transhumeral-4"))
        other = Patients(database).add(
            Patient("B22", "left", "transhumeral", "transhumeral-4", sites), NOW
        )
        Visits(database).begin(other, NOW)
    here, first = window.here, window.here.visit
    minute(window, page, outside, qtbot)
    here.visit_changed.emit()
    assert page.task.typing, "the same visit is still on"
    here.visit = here.visits.of(other)[0]
    here.patient = other
    here.patient_changed.emit()
    here.visit_changed.emit()
    assert not page.task.typing and not page.count.isVisible()
    assert "nothing of this test is kept" in window.note.text() == page.word.text()
    assert window.foot.step.text() == "Start: Box and Blocks"
    # one that was typed before anybody said that the visit changed is still the first one's
    here.visit, here.patient = first, here.patients.find("A17")
    minute(window, page, outside, qtbot)
    here.visit, here.patient = here.visits.of(other)[0], other
    page.count.setValue(33)
    qtbot.mouseClick(window.foot.step, LEFT)
    assert here.visits.results(here.visit) == [] and here.scores.of(other) == []
    (kept,) = here.visits.results(first)
    (score,) = here.scores.of(here.patients.find("A17"))
    assert kept.content["count"] == score.value == 33


def test_three_pins_stop_the_clock_and_the_other_hand_is_no_score(window, page, outside, qtbot):
    page.choose("clothespin")
    set_to(page, hand="other hand")
    outside.pace_s = 0.005
    qtbot.keyClick(window, Qt.Key.Key_Return)
    for pin in ("Pin 1", "Pin 2", "Pin 3"):
        qtbot.waitUntil(lambda pin=pin: window.foot.step.text() == f"{pin} stands", timeout=3000)
        assert page.stage.words.word.text() == pin and page.stage.isVisible()
        qtbot.keyClick(window, Qt.Key.Key_Return)  # of a key held down: no pin so soon
        qtbot.wait(300)
        qtbot.keyClick(window, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.task.timing is None, timeout=3000)
    (kept,) = window.here.visits.results(window.here.visit, "clothespin")
    parts = kept.content["figures"]["parts_s"]
    assert len(parts) == 3 and all(np.diff([0.0, *parts]) > 0.4) and kept.content["count"] is None
    assert window.here.scores.of(window.here.patient) == []
    assert page.word.text().endswith("with the other hand.")
    assert page.history.table.item(0, 1).text() == "–"


def test_one_that_is_given_up_or_loses_its_board_is_no_result(window, page, outside, qtbot):
    for kind in ("fitts", "tac", "box-and-blocks"):
        page.choose(kind)
        qtbot.waitUntil(lambda: window.foot.step.isEnabled(), timeout=3000)
        qtbot.keyClick(window, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: page.stage.isVisible(), timeout=3000)
        qtbot.keyClick(window, Qt.Key.Key_Escape)
        qtbot.waitUntil(lambda: not page.stage.isVisible(), timeout=3000)
        assert page.run is None and page.task.timing is None
        assert "nothing of it is kept" in window.note.text()
    assert any("given up" in fields.get("text", "") for _, fields in outside.asked)
    page.choose("motion")
    qtbot.keyClick(window, Qt.Key.Key_Return)
    outside.status = status(
        board={"health": "lost", "sentence": "The board is silent: is it switched on?"}
    )
    qtbot.waitUntil(lambda: page.run is None, timeout=3000)
    assert window.note.text().startswith("The board is silent: is it switched on? The test was")
    outside.status = status()
    qtbot.waitUntil(lambda: window.foot.step.isEnabled(), timeout=3000)
    qtbot.keyClick(window, Qt.Key.Key_Return)
    window.turn_to(3)  # no key and no click does it: test_one_task.py
    assert page.run is None
    qtbot.waitUntil(lambda: "The page was left" in window.note.text(), timeout=3000)
    qtbot.keyClick(window, "5")
    qtbot.keyClick(window, Qt.Key.Key_Return)
    outside.status = status(beside={"direct": True})
    qtbot.waitUntil(lambda: page.run is None, timeout=3000)
    assert "Another decoder drives now" in window.note.text()
    qtbot.keyClick(window, Qt.Key.Key_Return)
    outside.close()
    qtbot.waitUntil(lambda: page.run is None, timeout=8000)
    assert window.here.visits.results(window.here.visit) == []
    assert not window.foot.step.isEnabled()


def test_hops_that_are_missing_end_it(window, page, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.run is not None and page.run.hops > 5, timeout=3000)
    page.playing._last -= page.playing._info.hop_samples
    qtbot.waitUntil(lambda: page.run is None, timeout=3000)
    assert window.note.text().startswith("Samples were missed")


def test_without_a_visit_it_is_shown_and_kept_nowhere(window, page, outside, qtbot):
    visit, window.here.visit = window.here.visit, None
    page.choose("activations")
    set_to(page, rest_s=5, arm_motion_s=0)
    outside.pace_s = 0.002
    qtbot.keyClick(window, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "none in 5 s (below 2160/h)" in page.word.text(), timeout=9000)
    assert "kept nowhere" in window.note.text()
    assert window.here.visits.results(visit) == [] and page.history.table.isHidden()


@pytest.mark.parametrize("path", ["/v/091523", "/v/091523.journal", "/v/091523.bdf", None])
def test_every_page_calls_the_recording_the_same(window, outside, qtbot, path):
    """As the session's settings name it; its file lies in the visit's folder as a BDF."""
    outside.status = status(recording={"path": path} if path else None)
    name = "091523" if path else ""
    found = recording_of(outside.status), file_of(outside.status)
    assert found == (name, f"{name}.bdf" if path else None)
    for page in (window.sites, window.calibrate):
        page.show_numbers(outside.status)
    assert window.sites.trial.recording == window.calibrate._recording == name


def test_arrows_choose_the_test_and_only_what_is_decoded_is_tested(
    window, page, outside, qtbot
):
    first, second = page.buttons.buttons()[:2]
    first.setFocus()
    qtbot.keyClick(first, Qt.Key.Key_Right)
    assert second.isChecked() and page.kind.key == "tac"
    assert window.foot.step.text() == "Start: TAC test"
    assert page.settings.chosen() == ["hand", "elbow"]
    outside.status = status(needs={"elbow": [1]})
    qtbot.waitUntil(lambda: page.settings.chosen() == ["elbow"], timeout=3000)
    assert not page.settings.dofs["hand"].isEnabled()
    page.settings.dofs["elbow"].setChecked(False)
    assert not window.foot.step.isEnabled()


def test_without_a_profile_there_is_nothing_to_test_but_what_a_clock_times(
    window, page, outside, qtbot
):
    outside.status = status(profile=None)
    qtbot.waitUntil(lambda: not window.foot.step.isEnabled(), timeout=3000)
    page.choose("clothespin")
    assert window.foot.step.isEnabled()
