# SPDX-License-Identifier: GPL-3.0-or-later
"""The workflow without a window: sites, calibrate and report in today's visit of a patient."""

from __future__ import annotations

from datetime import date

import pytest

from endplate.cli import main
from endplate.cli.visiting import BDF, brought
from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patients
from endplate.clinic.records.visits import Visits
from endplate.errors import RecordsError


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """A simulated person's calibration, with the patient's own four sites."""
    path = tmp_path_factory.mktemp("someone") / "someone.bdf"
    assert main(["simulate", "record", "--out", str(path)]) == 0
    return path


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENDPLATE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "160")
    assert main(["patient", "add", "A17", "--side", "left", "--level", "transhumeral"]) == 0
    return tmp_path / "data"


def test_what_comes_of_it_is_kept_with_the_visit(data, recording, capsys):
    given = data.parent / "someone.BDF"  # another system's way to write it
    given.write_bytes(recording.read_bytes())
    assert main(["sites", "--recording", str(given), "--patient", "A17"]) == 0
    calibrate = ["calibrate", "--recording", str(recording), "--patient", "A17"]
    assert main([*calibrate, "--decoder", "ridge on RMS"]) == 0
    with Database(data) as database:
        (visit,) = Visits(database).of(Patients(database).find("A17"))
        results = Visits(database).results(visit)
    assert visit.began.date() == date.today()
    assert [one.kind for one in results] == ["sites", "calibration"]
    assert results[1].content["report"]["chosen"]["decoder"] == "ridge on RMS"
    assert results[0].content["sites"][0] == "Lateral biceps"
    assert (visit.folder / "profile.json").exists() and list(visit.folder.glob("*-sites.json"))
    capsys.readouterr()
    (kept,) = visit.recordings()  # it was made elsewhere
    assert kept.name == recording.name and kept.read_bytes() == recording.read_bytes()
    assert main(["report", "A17"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "figures are the same when computed again" in said
    assert "No recording lies" not in said and "is not in the visit's folder" not in said


def test_another_recording_of_that_name_gets_another(tmp_path):
    (tmp_path / "there").mkdir()
    for given, text, name in (
        ("a.bdf", b"one", "a.bdf"), ("a.BDF", b"two", "a-2.bdf"), ("a.bdf", b"one", "a.bdf"),
        ("b.rec", b"one", "b.rec.bdf"), ("c", b"one", "c.bdf"),
    ):  # fmt: skip
        path = tmp_path / given
        path.write_bytes(BDF + text)
        assert brought(path, tmp_path / "there") == tmp_path / "there" / name
    with pytest.raises(RecordsError, match="cannot be copied into the visit's folder"):
        brought(path, tmp_path / "nowhere")
    path.unlink()
    with pytest.raises(RecordsError, match="cannot be read"):
        brought(path, tmp_path / "there")


def test_what_is_no_bdf_is_kept_with_no_visit(data, recording, capsys):
    (data.parent / "on.journal").write_bytes(b"ENDPLATE JOURNAL 1\n")
    assert main(["sites", "--recording", "on.journal", "--patient", "A17"]) == 2
    assert "on.journal is no BDF+ file, and a visit keeps no other" in capsys.readouterr().err
    with Database(data) as database:
        (visit,) = Visits(database).of(Patients(database).find("A17"))
        assert Visits(database).results(visit) == [] and not list(visit.folder.glob("on*"))


WRONG = [
    (["sites", "--patient", "Z9"], "no patient Z9"),
    (["calibrate", "--patient", "Z9"], "no patient Z9"),
    (["sites", "--data", "data"], "name the patient, too"),
    (["run", "--board", "synthetic", "--hand-port", "/dev/null", "--patient", "A17"],
     "a patient who has been calibrated"),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "sentence"), WRONG)
def test_what_is_wrong_is_one_sentence(data, recording, capsys, typed, sentence):
    more = [] if typed[0] == "run" else ["--recording", str(recording)]
    assert main([*typed, *more]) == 2
    assert sentence in capsys.readouterr().err
