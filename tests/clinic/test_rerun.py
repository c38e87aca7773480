# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of a visit computed again from its recordings: the same, or named with both values."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta

import numpy as np
import pytest

from endplate.cli import demonstration
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
from endplate.fit.donning.remedies import WHY
from endplate.fit.donning.today import compare
from endplate.fit.guided.protocol import touch_up_protocol
from endplate.fit.recorded.cues import recorded as cues_of
from endplate.hardware import load_montage
from endplate.live.bdf import write_bdf
from endplate.live.journal import Journal
from endplate.live.profile_file import load_profile, save_profile
from endplate.live.profile_versions import folder_of, keep
from endplate.live.recording import read_recording

from .conftest import NOW


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """One visit with a site test, a calibration and a Fitts test by both kinds of control."""
    folder = tmp_path_factory.mktemp("records")
    with pytest.MonkeyPatch.context() as patched, Database(folder) as database:
        patched.setattr(demonstration, "PAST", demonstration.PAST[:1])
        demonstration.make(database, NOW, lambda _: None)
    return folder


@pytest.fixture
def at(made):
    """Visits and the visit; what a test changes of the records is put back."""
    with Database(made) as database:
        rows = [tuple(row) for row in database.rows("SELECT uid, kind, content FROM result")]
        visits = Visits(database)
        yield visits, visits.of(Patients(database).find("DEMO"))[0]
        with database.change() as change:
            change.execute("UPDATE result SET kind = 'added'")
            for uid, kind, content in rows:
                change.execute("UPDATE result SET kind = ?, content = ? WHERE uid = ?",
                               (kind, content, uid))  # fmt: skip
            change.execute("DELETE FROM result WHERE kind = 'added'")


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


def test_every_figure_comes_out_again(at, made):
    visits, visit = at
    heard = []
    found = rerun(visits, visit, heard.append)
    assert found.good and found.left == () and found.figures > 100
    assert found.said() == [
        f"{found.figures} of {found.figures} figures are the same when computed again from the "
        "recording."
    ]  # fmt: skip
    assert [line.split(" of ")[0] for line in heard] == [
        "Computing the site test", "Computing the calibration", "Computing the Fitts test",
        "Computing the Fitts test",
    ]  # fmt: skip
    assert Job(made, visit.uid).run(quiet) == found


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


def test_another_recording_makes_other_figures(at):
    visits, visit = at
    path = next(path for path in visit.recordings() if path.stem.endswith("-calibration"))
    before = path.read_bytes()
    try:
        recording = read_recording(path)
        recording.counts[:, 0] += np.random.default_rng(1).integers(
            -500, 500, len(recording.counts), np.int32
        )
        write_bdf(recording, path)
        visits = Only(visits, "calibration")
        found = rerun(visits, visit, quiet)
        assert found.differ and all("alibration" in one.what for one in found.differ)
        assert any("rest uv · Lateral biceps" in one.what for one in found.differ)
        path.write_bytes(before[:-5000])
        cut = rerun(visits, visit, quiet)
        assert not cut.good and "cut short" in cut.left[0] and not cut.figures
        path.unlink()
        gone = rerun(visits, visit, quiet)
        assert gone.left == (
            "The calibration of 09:20 cannot be computed again: the recording "
            f"{path.name} is not in the visit's folder.",
        )  # fmt: skip
    finally:
        path.write_bytes(before)


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
        journal.path.unlink()


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
    person = Person("tmr-transhumeral", 1, 250, ("hand",), {"sweat": 1.0})
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
    try:
        visits = Only(visits, "calibration")
        again = rerun(visits, visit, quiet)
        assert again.good and again.left == (), again.said()
        shutil.rmtree(folder_of(profile))
        gone = rerun(visits, visit, quiet)
        assert not gone.good and f"the profile {before.name} that it was made of" in gone.left[0]
    finally:
        recording.path.unlink()
        save_profile(before, profile)


def test_what_was_entered_by_hand_is_not_computed(at):
    visits, visit = at
    visits.keep(visit, "hand", {"gain": 1.0}, NOW + timedelta(minutes=50))
    found = rerun(Only(visits, "hand"), visit, quiet)
    assert found.good and "it was entered, not computed from signals" in found.left[0]
