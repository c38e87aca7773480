# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of a visit computed again from its recordings: the same, or named with both values."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from endplate.cli.simulate.person import Person
from endplate.cli.simulate.record import recorded
from endplate.clinic.desk import PROFILE
from endplate.clinic.fitting import calibrated
from endplate.clinic.made_of import of_recording
from endplate.clinic.montage_file import NAME as MONTAGE
from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patients
from endplate.clinic.records.visits import Visits
from endplate.clinic.rerun import Job, rerun
from endplate.clinic.trials.posture import Axis
from endplate.clinic.trials.tac import HAND, Rules, TacRun
from endplate.clinic.trials.timed import TASKS
from endplate.clinic.trials.timing import TimedTask
from endplate.fit.donning.remedies import WHY
from endplate.fit.donning.today import compare
from endplate.fit.guided.protocol import touch_up_protocol
from endplate.fit.recorded.cues import recorded as cues_of
from endplate.hardware import load_montage
from endplate.live.bdf import Recording, write_bdf
from endplate.live.journal import Journal
from endplate.live.profile_file import load_profile
from endplate.live.profile_versions import folder_of, keep
from endplate.live.recording import read_recording

from .conftest import NOW


@pytest.fixture
def at(records):
    """Visits, and the one with a site test, a calibration and a Fitts test by both kinds of
    control."""
    with Database(records) as database:
        visits = Visits(database)
        yield visits, visits.of(Patients(database).find("DEMO"))[0]


class Only(Visits):
    """Results of one kind alone: the others take time."""

    def __init__(self, visits, kind):
        super().__init__(visits._database)
        self.kind = kind

    def results(self, visit, kind=""):
        return super().results(visit, self.kind)


def quiet(_):
    pass


def changed(visits, visit, kind, change):
    """Another content of the first result of a kind."""
    result = visits.results(visit, kind)[0]
    content = json.loads(json.dumps(result.content))
    change(content)
    with visits._database.change() as writing:
        writing.execute(
            "UPDATE result SET content = ? WHERE uid = ?", (json.dumps(content), result.uid)
        )


def test_every_figure_comes_out_again(at, records):
    visits, visit = at
    heard = []
    found = Job(records, visit.uid).run(heard.append)
    assert found.good and found.left == () and found.figures > 100
    assert found.said() == [
        f"{found.figures} of {found.figures} figures are the same when computed again from the "
        "recording."
    ]  # fmt: skip
    assert [line.split(" of ")[0] for line in heard] == [
        "Computing the site test", "Computing the calibration", "Computing the Fitts test",
        "Computing the Fitts test",
    ]  # fmt: skip


def test_figures_that_differ_are_named_with_both_values(at):
    visits, visit = at
    real = visits.results(visit, "calibration")[0].content["report"]["snr_db"][0]
    rate = visits.results(visit, "fitts")[0].content["figures"]["throughput"]

    def better(content):
        content["report"]["snr_db"][0] = 99.0

    changed(visits, visit, "calibration", better)
    changed(visits, visit, "fitts", lambda content: content["figures"].update(throughput=9.5))
    found = rerun(visits, visit, quiet)
    assert not found.good
    lines = found.said()
    assert lines[0].startswith(f"{found.figures - 2} of {found.figures} figures are the same")
    assert lines[1] == (
        f"Calibration of 09:20, snr db · Lateral biceps: 99.0 was kept, {real} came out again."
    )
    assert lines[2] == f"Fitts test of 09:30, throughput: 9.5 was kept, {rate} came out again."


def test_what_an_older_endplate_did_not_keep_does_not_differ_and_what_is_gone_does(at):
    visits, visit = at
    changed(visits, visit, "fitts", lambda content: content["figures"].pop("overshoots"))
    found = rerun(Only(visits, "fitts"), visit, quiet)
    assert found.good and not found.differ
    changed(visits, visit, "fitts", lambda content: content["figures"].update(mood=1.0))
    (one,) = rerun(Only(visits, "fitts"), visit, quiet).differ
    assert str(one) == "Fitts test of 09:30, mood: 1.0 was kept, nothing came out again."


def test_another_recording_makes_other_figures(at):
    visits, visit = at
    path = next(path for path in visit.recordings() if path.stem.endswith("-calibration"))
    recording = read_recording(path)
    recording.counts[:, 0] += np.random.default_rng(1).integers(
        -500, 500, len(recording.counts), np.int32
    )
    write_bdf(recording, path)
    visits = Only(visits, "calibration")
    found = rerun(visits, visit, quiet)
    assert found.differ and all("alibration" in one.what for one in found.differ)
    assert any("rest uv · Lateral biceps" in one.what for one in found.differ)
    path.write_bytes(path.read_bytes()[:-5000])
    cut = rerun(visits, visit, quiet)
    assert not cut.good and "cut short" in cut.left[0] and not cut.figures
    path.unlink()
    gone = rerun(visits, visit, quiet)
    assert gone.left == (
        "The calibration of 09:20 cannot be computed again: the recording "
        f"{path.name} is not in the visit's folder.",
    )  # fmt: skip


def test_a_recording_that_is_still_open_is_left_alone(at):
    visits, visit = at
    changed(visits, visit, "sites", lambda content: content["made_of"].update(recording="on"))
    meta = {"rate_hz": 250.0, "channels": 8, "uv_per_count": 0.02, "dofs": ["hand"]}
    journal = Journal(visit.folder / "on", meta)
    try:
        found = rerun(Only(visits, "sites"), visit, quiet)
        assert found.good and found.left == (
            "The site test of 09:15 was not computed again: its recording is still being written; "
            "end the visit first.",
        )  # fmt: skip
    finally:
        journal.close()


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda c: c.pop("made_of"), "does not say what it was made of; an older Endplate"),
        (lambda c: c["made_of"].update(recording=""), "nothing was recorded when it was made"),
        (lambda c: c["made_of"].update(samples=10**9), "lacks its samples"),
        (lambda c: c["made_of"].pop("montage"), "what it was made of cannot be read"),
        (lambda c: c["made_of"].update(recording="../x"), "../x is no name of a recording"),
    ],
)
def test_what_cannot_be_computed_again_says_why(at, change, words):
    visits, visit = at
    changed(visits, visit, "sites", change)
    found = rerun(Only(visits, "sites"), visit, quiet)
    assert found.left == tuple(found.said()) and not found.figures and not found.differ
    (line,) = found.left
    assert line.startswith("The site test of 09:15") and words in line


def test_a_remedy_is_made_again_of_the_profile_that_it_was_applied_to(at):
    visits, visit = at
    person = Person("tmr-transhumeral", 1, 250, ("hand", "elbow"), {"sweat": 1.0})
    person.montage = load_montage(visit.folder / MONTAGE)
    recording, _ = recorded(person, touch_up_protocol(person.dofs))
    recording.path = visit.folder / "later.bdf"
    write_bdf(recording, recording.path)
    profile = visit.folder / PROFILE
    before = load_profile(profile)
    found = compare(before, cues_of(recording), montage=person.montage, hand=person.hand)
    made = keep(found.remedy("touch-up").profile, profile, WHY["touch-up"])
    made_of = of_recording(recording, person.montage, person.hand.name, 50.0, remedy="touch-up")
    told = calibrated(profile, made.number, made_of).told()
    visits.keep(visit, "calibration", told, NOW + timedelta(minutes=50))
    visits = Only(visits, "calibration")
    again = rerun(visits, visit, quiet)
    assert again.good and again.left == (), again.said()
    shutil.rmtree(folder_of(profile))
    gone = rerun(visits, visit, quiet)
    assert not gone.good and f"the profile {before.name} that it was made of" in gone.left[0]


RATE = 250.0


class Marks:
    """Where the window's marks fall: at `now`."""

    def __init__(self):
        self.now, self.made = 0, []

    def mark(self, text, told=lambda sample: None, **more):
        self.made.append((self.now, f"{text} {json.dumps(more)}" if more else text))
        told(self.now)


def timed(visits, visit, key, at_s, count=None):
    """A timed task as the window times it, its marks at these seconds, in a recording of its own:
    the name of that and what was kept."""
    marks = Marks()
    task = TimedTask(marks)
    name = f"{key}-{len(visit.recordings())}"
    says = {"recording": {"path": f"{name}.journal"}, "profile": {"name": "anna"}}
    task.start(TASKS[key], SimpleNamespace(rate_hz=RATE, simulated=True), says, "prosthesis")
    task.give_up()
    for second in at_s:
        marks.now = round(RATE * second)
        if task.timing is None:
            task.start(TASKS[key], SimpleNamespace(rate_hz=RATE, simulated=True), says,
                       "prosthesis")  # fmt: skip
        else:
            task.part()
    content = task.content(count)
    marks.now += 50
    marks.mark(f"test {key} begins")  # another one after it
    marks.now += 500
    marks.mark(f"test {key} pin 3")
    counts = np.zeros((marks.now + 100, 1), np.int32)
    recording = Recording(counts, RATE, 0.02, 1, ["biceps"], sent=np.zeros(len(counts), bool),
                          annotations=marks.made, meta={"started": NOW.timestamp()})  # fmt: skip
    write_bdf(recording, visit.folder / f"{name}.bdf")
    visits.keep(visit, key, content, NOW)
    return visit.folder / f"{name}.bdf", content


def test_a_timed_task_is_timed_again_by_the_marks_in_the_recording(at):
    visits, visit = at
    # the mark after a fifth of a second is a key that was held down, and ends nothing
    path, content = timed(visits, visit, "clothespin", (2.0, 2.2, 6.1, 9.0, 14.8))
    assert content["figures"]["parts_s"] == pytest.approx([4.1, 7.0, 12.8])
    visits = Only(visits, "clothespin")
    found = rerun(visits, visit, quiet)
    assert found.good and found.figures == 5 and found.left == (), found.said()

    def slower(content):
        content["rate_hz"] = 500.0
        content["figures"] = {"score": 6.4, "seconds": 6.4, "parts_s": [2.05, 3.5, 6.4]}

    changed(visits, visit, "clothespin", slower)
    found = rerun(visits, visit, quiet)
    assert len(found.differ) == 5 and "6.4 was kept, 12.8 came out again." in str(found.differ[0])
    changed(visits, visit, "clothespin", lambda c: c.update(first_sample=1))
    found = rerun(visits, visit, quiet)
    assert not found.good and "no mark in its recording says that it began there" in found.left[0]
    recording = read_recording(path)
    recording.annotations = recording.annotations[:-3]  # without its pin 3
    write_bdf(recording, path)
    changed(visits, visit, "clothespin", lambda c: c.update(first_sample=500))
    found = rerun(visits, visit, quiet)
    assert not found.good and not found.figures
    assert "no mark in its recording says when its pin 3 was" in found.left[0]


def test_a_count_that_was_typed_is_not_called_computed(at):
    visits, visit = at
    _, content = timed(visits, visit, "box-and-blocks", (1.0, 61.04), 19)
    assert content["figures"]["score"] == 19
    found = rerun(Only(visits, "box-and-blocks"), visit, quiet)
    assert found.good and found.figures == 2, "seconds, and those of its one part"
    assert found.left == (
        "The count of the Box and Blocks of 09:15 was typed in; only its time is computed again.",
    )  # fmt: skip


def test_of_the_hands_own_joints_no_recording_knows(at):
    visits, visit = at
    axis = Axis("hand", "index", 0.0, 90.0, 112.5)
    run = TacRun(("hand",), 2, rules=Rules(limit_s=0.2, on=HAND), axes=(axis,))
    while not run.over:
        run.place([0.0])
        run.step([0.0], 0.02)
    told = run.record(first_sample=0, last_sample=100, recording="none.bdf")
    visits.keep(visit, "tac", told, NOW)
    found = rerun(Only(visits, "tac"), visit, quiet)
    assert found.good and not found.figures and found.left == (
        "The TAC test of 09:15 was not computed again: the hand's own joints were judged, and a "
        "recording has no joints.",
    )  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.pop("rules"),
        lambda c: c.update(dofs=["wrist"]),
        lambda c: c.update(first_sample="x"),
        lambda c: c.update(rules={"speed": 1}),
        lambda c: c.pop("figures"),
        lambda c: c.update(figures={}),
    ],
)
def test_a_result_that_cannot_be_read_is_a_sentence_and_the_others_are_computed(at, change):
    visits, visit = at
    changed(visits, visit, "fitts", change)
    found = rerun(Only(visits, "fitts"), visit, quiet)
    assert not found.good and found.left[0] == (
        "The Fitts test of 09:30 cannot be computed again: what was kept of it cannot be read."
    )
    assert found.figures > 5 and not found.differ, "those of the other one"


def test_a_separation_task_is_left_and_it_says_why(at):
    visits, visit = at
    visits.keep(visit, "separation", {"figures": {"n": 2, "hits": 1}}, NOW)
    visits.keep(visit, "touch", {"gain": 1.0}, NOW)
    found = rerun(Only(visits, "separation"), visit, quiet)
    assert found.good and not found.figures and found.left == (
        "The separation task of 09:15 was not computed again: it keeps neither its samples nor the "
        "rest that its efforts were measured from.",
    )  # fmt: skip
    found = rerun(Only(visits, "touch"), visit, quiet)
    assert found.good and "does not know what it was computed from" in found.left[0]
