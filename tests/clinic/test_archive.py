# SPDX-License-Identifier: GPL-3.0-or-later
"""One patient as one file, there and back; and a deletion that leaves nothing."""

from __future__ import annotations

import json
import zipfile
from datetime import timedelta

import pytest

from endplate.clinic.records import archive
from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patients
from endplate.clinic.records.scores import Score, Scores
from endplate.clinic.records.visits import Visits
from endplate.errors import RecordsError

from .conftest import NOW, someone

SECRET = b"he dreams of the sea at night"


@pytest.fixture
def visited(database, patient):
    """With two visits, files, a result and a score."""
    visits = Visits(database)
    for days in (40, 0):
        visit = visits.today(patient, NOW - timedelta(days=days))
        (visit.folder / "run.bdf").write_bytes(SECRET * 1000)
        (visit.folder / "profile.versions").mkdir()
        (visit.folder / "profile.versions" / "1.json").write_bytes(SECRET)
        visits.keep(visit, "sites", {"snr_db": [20.5, 12.25]}, NOW)
    Scores(database).add(patient, Score("acmc", NOW.date(), 1.5), NOW.date())
    return patient


def everything(database, patient):
    visits = Visits(database)
    return (
        patient,
        [(v.uid, v.began, v.notes, [(r.kind, r.content) for r in visits.results(v)],
          sorted((p.relative_to(v.folder), p.read_bytes()) for p in v.folder.rglob("*")
                 if p.is_file())) for v in visits.of(patient)],
        [(s.instrument, s.dated, s.value, s.version) for s in Scores(database).of(patient)],
    )  # fmt: skip


def test_there_and_back_is_the_same_patient(database, visited, tmp_path):
    made = archive.export(database, visited, tmp_path / "out")
    assert made.name == "out.endplate" and made.stat().st_mode & 0o77 == 0
    assert archive.export(database, visited, tmp_path).name == "A17.endplate"
    with Database(tmp_path / "elsewhere") as other:
        back = archive.restore(other, made)
        assert everything(other, back) == everything(database, visited)


def test_one_that_is_here_is_not_overwritten(database, visited, tmp_path):
    made = archive.export(database, visited, tmp_path / "out")
    before = everything(database, visited)
    with pytest.raises(RecordsError, match="A17 is here already"):
        archive.restore(database, made)
    assert everything(database, visited) == before


def test_a_code_of_somebody_else_leaves_both_alone(database, visited, tmp_path):
    made = archive.export(database, visited, tmp_path / "out")
    with Database(tmp_path / "elsewhere") as other:
        Patients(other).add(someone("A17"), NOW)
        with pytest.raises(RecordsError, match="A patient A17 exists already"):
            archive.restore(other, made)
        assert not other.folder_of(visited.uid).exists()
        assert len(Patients(other).all()) == 1


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_file_cut_short_is_refused_and_leaves_nothing(database, visited, tmp_path, share):
    made = archive.export(database, visited, tmp_path / "out")
    data = made.read_bytes()
    made.write_bytes(data[: int(share * len(data))])
    with Database(tmp_path / "elsewhere") as other:
        with pytest.raises(RecordsError, match="damaged|no patient"):
            archive.restore(other, made)
        assert Patients(other).all() == [] and not other.folder_of(visited.uid).exists()


def changed(path, name, content):
    """The same zip with one entry more, or another in its place."""
    with zipfile.ZipFile(path) as old:
        kept = {one: old.read(one) for one in old.namelist() if one != name}
    with zipfile.ZipFile(path, "w") as new:
        for one, data in (kept | {name: content}).items():
            new.writestr(one, data)


@pytest.mark.parametrize("name", ["files/../../evil", "/etc/evil", "evil", "files/..\\evil"])
def test_a_hostile_file_writes_nowhere(database, visited, tmp_path, name):
    made = archive.export(database, visited, tmp_path / "out")
    changed(made, name, b"evil")
    with Database(tmp_path / "elsewhere") as other:
        with pytest.raises(RecordsError, match="outside its folder"):
            archive.restore(other, made)
        assert Patients(other).all() == []
    assert not list(tmp_path.rglob("*evil*"))


@pytest.mark.parametrize(
    ("index", "sentence"),
    [
        (b"{", "no patient of Endplate's"),
        (b"[]", "no patient of Endplate's"),
        (b'{"version": 1}', "no patient of Endplate's"),
        (b'{"version": 9}', "newer Endplate"),
    ],
)
def test_an_index_that_is_none(database, visited, tmp_path, index, sentence):
    made = archive.export(database, visited, tmp_path / "out")
    changed(made, archive.INDEX, index)
    with Database(tmp_path / "elsewhere") as other, pytest.raises(RecordsError, match=sentence):
        archive.restore(other, made)


@pytest.mark.parametrize("whose", ["patient", "visit"])
def test_a_hostile_uid_names_no_folder_elsewhere(database, visited, tmp_path, whose):
    made = archive.export(database, visited, tmp_path / "out")
    with zipfile.ZipFile(made) as packed:
        index = json.loads(packed.read(archive.INDEX))
    (index["patient"] if whose == "patient" else index["visits"][0])["uid"] = "../../../evil"
    changed(made, archive.INDEX, json.dumps(index))
    with Database(tmp_path / "elsewhere") as other:
        with pytest.raises(RecordsError, match="no patient of Endplate's"):
            archive.restore(other, made)
    assert not list(tmp_path.rglob("*evil*"))


def test_a_place_that_cannot_be_written(database, visited, tmp_path):
    with pytest.raises(RecordsError, match="cannot be written"):
        archive.export(database, visited, tmp_path / "none" / "out")
    assert everything(database, visited)[1]


def test_a_deletion_leaves_no_byte_of_the_patient(database, visited, tmp_path):
    other = Patients(database).add(someone("B2", notes="nothing"), NOW)
    archive.delete(database, visited)
    assert Patients(database).all() == [other]
    assert not database.folder_of(visited.uid).exists()
    database.close()
    left = b"".join(p.read_bytes() for p in database.folder.rglob("*") if p.is_file())
    for word in (SECRET, b"hears the sea", b"A17", visited.uid.encode(), b"snr_db"):
        assert word not in left, word
