# SPDX-License-Identifier: GPL-3.0-or-later
"""What was calibrated is used when somebody says so, or runs as a shadow; the visit's profile is at
any time what was chosen last, and a visit never begins with one that nobody chose."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("PyQt6.QtCore", reason="PyQt6 is not installed", exc_type=ImportError)

from endplate.clinic.chosen import new_candidate
from endplate.clinic.desk import PROFILE
from endplate.live.profile_file import load_profile
from endplate.live.profile_versions import keep, versions
from endplate.monitor.in_use import InUse

sys.path.insert(0, str(Path(__file__).parents[1] / "host"))
from plain_profile import plain_profile


class Somewhere:
    """A visit is on; `loaded` is what the session says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.visit: Somewhere | None = self
        self.asked: list[tuple[str, str]] = []
        self.said: list[str] = []
        self.chose: list[str] = []
        self.in_use = InUse(self)
        self.in_use.asked.connect(lambda verb, fields: self.asked.append((verb, fields["path"])))
        self.in_use.said.connect(self.said.append)
        self.in_use.chose.connect(self.chose.append)

    @property
    def used(self) -> Path:
        return self.folder / PROFILE

    @property
    def name(self) -> str:
        """Of the profile with which the next session would begin."""
        return load_profile(self.used).name if self.used.exists() else ""

    def look(self, path, **beside):
        self.in_use.look({"profile": {"path": str(path)} if path else None, "beside": beside})


@pytest.fixture
def here(tmp_path, qtbot):
    (tmp_path / "today").mkdir()
    made = Somewhere(tmp_path / "today")
    yield made
    made.in_use.end()


@pytest.fixture
def old(tmp_path):
    return Path(plain_profile(tmp_path / "old.json", name="old"))


@pytest.fixture
def settled(here, qtbot):
    """Waits for what is being written."""

    def wait(asked: int):
        qtbot.waitUntil(lambda: len(here.asked) + len(here.said) == asked, timeout=3000)

    return wait


def calibrated(here, name):
    path = new_candidate(here.folder)
    plain_profile(path, name=name)
    return path


def test_the_first_one_is_used_and_there_is_nothing_to_go_back_to(here, settled):
    here.look(None)
    path = calibrated(here, "first")
    assert here.name == "", "nobody chose it yet"
    here.in_use.use(path)
    settled(1)
    assert here.asked == [("profile", str(here.used))] and here.chose == [str(path)]
    assert here.name == "first"
    here.in_use.undo()
    settled(2)
    assert here.said == ["There is nothing to take back on this page."]


def test_back_is_what_was_in_use_however_often_it_was_tuned_since(here, settled):
    here.look(None)
    here.in_use.use(calibrated(here, "first"))
    settled(1)
    here.look(here.used)
    here.in_use.use(calibrated(here, "second"))
    settled(2)
    here.look(here.used)
    keep(load_profile(here.used), here.used, "tuned by hand")
    keep(load_profile(here.used), here.used, "tuned by hand")
    assert here.name == "second"
    here.in_use.undo()
    settled(3)
    assert here.name == "first" and here.asked[-1] == ("profile", str(here.used))
    assert versions(here.used)[-1].why == "restored 1"


def test_back_to_an_earlier_visits_is_what_the_visit_begins_with(here, settled, old):
    here.look(old)
    here.in_use.use(calibrated(here, "today"))
    settled(1)
    here.look(here.used)
    here.in_use.undo()
    settled(2)
    assert here.name == "old" and here.asked[-1] == ("profile", str(here.used))


def test_a_shadow_is_the_visits_profile_while_it_drives(here, settled, old):
    path = calibrated(here, "new")
    here.look(old)
    here.in_use.shadow(path)
    assert here.asked == [("shadow", str(path))]
    here.look(old, promoted=False)
    assert here.name == ""
    calibrated(here, "newer")  # of its own file: what drives is adopted, not what came after
    for _ in range(3):  # until the session shows the new name
        here.look(path, promoted=True)
    settled(2)
    assert here.asked[1:] == [("named", str(here.used))] and here.chose == [str(path)]
    assert here.name == "new" and len(versions(here.used)) == 1
    here.look(here.used, promoted=True)
    here.look(here.used, promoted=True, direct=True)
    here.look(old, promoted=False)
    settled(3)
    assert here.name == "old", "it drives again"


def test_what_cannot_be_kept_is_said_once_and_not_used(here, settled):
    here.look(None)
    path = calibrated(here, "new")
    path.write_text("{")
    here.in_use.use(path)
    settled(1)
    assert not here.asked and str(path) in here.said[0] and here.name == ""


def test_without_a_visit_the_files_are_left_alone(here, settled, old, tmp_path):
    here.visit = None
    other = Path(plain_profile(tmp_path / "other.json", name="other"))
    here.look(old)
    here.in_use.use(other)
    here.look(other)
    assert here.in_use.undo() and here.asked == [("profile", str(other)), ("profile", str(old))]
    assert not here.in_use.undo() and not list(here.folder.iterdir())
