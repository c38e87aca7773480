# SPDX-License-Identifier: GPL-3.0-or-later
"""What was calibrated is used when somebody says so, or runs as a shadow; a visit never begins with a
profile that nobody chose."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("PyQt6.QtCore", reason="PyQt6 is not installed", exc_type=ImportError)

from endplate.clinic.desk import CANDIDATE, PROFILE
from endplate.live.profile_file import load_profile
from endplate.live.profile_versions import versions
from endplate.monitor.in_use import InUse

sys.path.insert(0, str(Path(__file__).parents[1] / "host"))
from plain_profile import plain_profile


class Somewhere:
    """A visit is on; `loaded` is what the session says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.visit = self
        self.asked: list[tuple[str, dict]] = []
        self.said: list[str] = []
        self.in_use = InUse(self)
        self.in_use.asked.connect(lambda verb, fields: self.asked.append((verb, fields)))
        self.in_use.said.connect(self.said.append)

    def look(self, path, **beside):
        self.in_use.look({"profile": {"path": str(path)} if path else None, "beside": beside})


@pytest.fixture
def here(tmp_path, qapp):
    (tmp_path / "today").mkdir()
    return Somewhere(tmp_path / "today")


def calibrated(here, name):
    path = here.folder / CANDIDATE
    plain_profile(path, name=name)
    return path


def test_the_first_one_is_used_and_there_is_nothing_to_go_back_to(here):
    here.look(None)
    assert here.in_use.use(calibrated(here, "first"))
    assert here.asked == [("profile", {"path": str(here.folder / PROFILE)})]
    assert load_profile(here.folder / PROFILE).name == "first"
    assert not here.in_use.undo()


def test_the_second_of_a_visit_is_taken_back_by_its_version(here):
    used = here.folder / PROFILE
    here.look(None)
    here.in_use.use(calibrated(here, "first"))
    here.look(used)
    here.in_use.use(calibrated(here, "second"))
    assert load_profile(used).name == "second"
    here.look(used)
    assert here.in_use.undo() and load_profile(used).name == "first"
    assert here.asked[-1] == ("profile", {"path": str(used)})
    assert [one.why for one in versions(used)] == ["used", "used", "undone"]
    assert not here.in_use.undo()


def test_back_to_an_earlier_visits(here, tmp_path):
    old = Path(plain_profile(tmp_path / "old.json", name="old"))
    here.look(old)
    here.in_use.use(calibrated(here, "today"))
    here.look(here.folder / PROFILE)
    assert here.in_use.undo()
    assert here.asked[-1] == ("profile", {"path": str(old)})


def test_a_shadow_becomes_the_visits_profile_only_when_it_drives(here, tmp_path):
    old = Path(plain_profile(tmp_path / "old.json", name="old"))
    path = calibrated(here, "new")
    here.look(old)
    here.in_use.shadow(path)
    assert here.asked == [("shadow", {"path": str(path)})]
    here.look(old, promoted=False)
    assert not (here.folder / PROFILE).exists(), "the next session would begin with it"
    for _ in range(3):  # until the session shows the new name
        here.look(path, promoted=True)
    assert here.asked[1:] == [("named", {"path": str(here.folder / PROFILE)})]
    assert load_profile(here.folder / PROFILE).name == "new"
    here.look(here.folder / PROFILE, promoted=True)
    assert len(here.asked) == 2 and len(versions(here.folder / PROFILE)) == 1


def test_what_cannot_be_kept_is_not_used(here):
    here.look(None)
    path = calibrated(here, "new")
    path.write_text("{")
    assert not here.in_use.use(path)
    assert not here.asked and len(here.said) == 1 and str(path) in here.said[0]
