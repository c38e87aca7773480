# SPDX-License-Identifier: GPL-3.0-or-later
"""What a profile was is never lost: undo, redo, full disks, damaged files, two at a time."""

from __future__ import annotations

import json
import multiprocessing
import shutil
from datetime import UTC, datetime

import pytest
from test_profile import a_profile

from endplate.cli import main
from endplate.cli.profile import words as profile_words
from endplate.errors import ProfileError
from endplate.live import profile_file as files
from endplate.live import profile_versions as kept
from endplate.live.profile_file import load_profile, save_profile


@pytest.fixture
def path(tmp_path):
    return tmp_path / "anna.json"


@pytest.fixture
def three(path):
    """Calibrated, touched up, re-scaled."""
    for why in ("calibrated", "touched up", "re-scaled"):
        kept.keep(a_profile(name=why), path, why)
    return path


def names(path):
    return [v.profile and v.profile.name for v in kept.versions(path)]


def test_every_state_is_kept_with_its_parent(three):
    found = kept.versions(three)
    assert [v.why for v in found] == ["calibrated", "touched up", "re-scaled"]
    assert [v.before for v in found] == [0, 1, 2]
    assert [v.parent for v in found] == ["", found[0].sha256, found[1].sha256]
    assert [v.profile for v in found] == [a_profile(name=v.why) for v in found]
    assert load_profile(three) == a_profile(name="re-scaled")
    assert kept.current(three).number == 3


def test_undo_goes_back_and_redo_forward_and_both_are_versions(three):
    first, text = three.read_text(), []
    for _ in range(2):
        kept.undo(three)
        text.append(load_profile(three).name)
    assert text == ["touched up", "calibrated"]
    with pytest.raises(ProfileError, match="nothing before this version"):
        kept.undo(three)
    for _ in range(2):
        kept.redo(three)
        text.append(load_profile(three).name)
    assert text[2:] == ["touched up", "re-scaled"] and three.read_text() == first
    with pytest.raises(ProfileError, match="Nothing was undone"):
        kept.redo(three)
    assert [v.of for v in kept.versions(three)] == [1, 2, 3, 2, 1, 2, 3]


def test_a_change_after_an_undo_begins_a_new_branch(three):
    kept.undo(three)
    kept.keep(a_profile(name="other"), three, "re-mapped")
    with pytest.raises(ProfileError, match="Nothing was undone"):
        kept.redo(three)
    assert kept.undo(three).profile.name == "touched up"
    assert kept.undo(three).profile.name == "calibrated"
    assert kept.restore(three, 3).profile.name == "re-scaled"
    assert kept.undo(three).profile.name == "calibrated"


def test_a_file_from_before_is_kept_too(path):
    save_profile(a_profile(name="old"), path)
    made = kept.keep(a_profile(name="new"), path, "calibrated")
    assert names(path) == ["old", "new"] and made.before == 1
    found = kept.versions(path)[0]
    assert found.why == kept.FOUND and found.made == a_profile().created
    assert kept.undo(path).profile.name == "old"


def test_a_file_copied_over_it_can_be_undone(three):
    save_profile(a_profile(name="from another computer"), three)
    assert kept.current(three) is None
    assert kept.undo(three).profile.name == "re-scaled"
    assert names(three)[3] == "from another computer" and kept.redo(three).of == 4


def test_what_replaces_a_damaged_file_comes_from_the_newest_good_one(three):
    three.write_text("{")
    assert kept.keep(a_profile(name="new"), three, "calibrated").before == 3
    assert kept.undo(three).profile.name == "re-scaled"


def test_a_file_that_is_no_profile_is_kept_byte_by_byte(path):
    path.write_bytes(b"\xff half a profile")
    made = kept.keep(a_profile(), path, "calibrated")
    assert made.number == 2 and made.before == 0
    (old, new) = kept.versions(path)
    assert old.path.read_bytes() == b"\xff half a profile" and "no profile" in old.problem
    with pytest.raises(ProfileError, match="cannot be used"):
        kept.restore(path, 1)


@pytest.mark.parametrize("fails_at", [1, 3])  # the second is the folder's
def test_a_full_disk_changes_nothing(three, monkeypatch, fails_at):
    before = {p.name: p.read_bytes() for p in kept.folder_of(three).iterdir()}
    text, calls, real = three.read_text(), [], files.os.fsync

    def full(handle):
        calls.append(handle)
        if len(calls) == fails_at:
            raise OSError(28, "No space left on device")
        return real(handle)

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(ProfileError, match="No space left on device") as caught:
        kept.keep(a_profile(name="new"), three, "calibrated")
    assert str(caught.value).count(". ") == 0
    assert three.read_text() == text
    assert {p.name: p.read_bytes() for p in kept.folder_of(three).iterdir()} == before
    assert [p.name for p in three.parent.iterdir() if p.is_file()] == ["anna.json"]
    kept.keep(a_profile(name="new"), three, "calibrated")
    assert kept.current(three).number == 4


def test_killed_between_the_version_and_the_file_nothing_is_lost(three, monkeypatch):
    real, calls = kept.write_whole, []

    def killed(path, text):
        calls.append(path)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(path, text)

    monkeypatch.setattr(kept, "write_whole", killed)
    with pytest.raises(KeyboardInterrupt):
        kept.keep(a_profile(name="new"), three, "calibrated")
    monkeypatch.undo()
    assert load_profile(three).name == "re-scaled" and kept.current(three).number == 3
    assert kept.restore(three, 4).profile.name == "new"
    assert kept.undo(three).profile.name == "re-scaled"


def test_a_folder_that_cannot_be_written_says_so_once(path):
    save_profile(a_profile(), path)
    kept.folder_of(path).write_text("a file in the way")
    with pytest.raises(ProfileError, match="cannot be kept in .*nothing was changed"):
        kept.keep(a_profile(name="new"), path, "calibrated")
    assert load_profile(path).name == "Anna"


def test_a_damaged_version_is_shown_and_never_used(three):
    second = kept.folder_of(three) / "0002.json"
    content = json.loads(second.read_text())
    content["profile"]["rest_uv2"][0] = 3.0
    second.write_text(json.dumps(content))
    found = kept.versions(three)
    assert found[1].problem and found[1].profile is None and found[2].profile is not None
    text = three.read_text()
    with pytest.raises(ProfileError, match="Version 2 .* cannot be used"):
        kept.undo(three)
    assert three.read_text() == text
    kept.restore(three, 1)
    assert load_profile(three).name == "calibrated"


@pytest.mark.parametrize("text", ["", "[]", "{}", "3", '{"sha256": 1}', '{"profile": ' * 500])
def test_no_file_in_the_folder_makes_it_fall_over(three, text):
    (kept.folder_of(three) / "0002.json").write_text(text)
    (kept.folder_of(three) / "notes.txt").write_text("mine")
    assert kept.versions(three)[1].problem
    assert kept.keep(a_profile(), three, "calibrated").number == 4


def _many(path, word):
    for n in range(5):
        kept.keep(a_profile(name=f"{word}{n}"), path, "calibrated")


def test_two_processes_at_a_time_lose_nothing(path):
    spawn = multiprocessing.get_context("fork")
    both = [spawn.Process(target=_many, args=(path, word)) for word in "ab"]
    for process in both:
        process.start()
    for process in both:
        process.join(30)
    found = kept.versions(path)
    assert [v.number for v in found] == list(range(1, 11))
    assert sorted(names(path)) == sorted(f"{w}{n}" for w in "ab" for n in range(5))
    assert [v.before for v in found] == list(range(10))


@pytest.mark.parametrize(
    ("created", "says", "point"),
    [
        ("2026-03-10T12:00:00+00:00", "just now", "just now"),
        ("2026-03-10T11:00:00+00:00", "1 hour", "1 hour ago"),
        ("2026-03-07T11:00:00", "3 days", "3 days ago"),
        ("2026-03-11T12:00:00+00:00", "in the future", "in the future"),
        ("", "–", "–"),
        ("yesterday", "–", "–"),
    ],
)
def test_age_is_told_in_words(created, says, point, monkeypatch):
    now = datetime(2026, 3, 10, 12, 0, 30, tzinfo=UTC)
    assert profile_words.age(created, now) == says
    monkeypatch.setattr(profile_words, "age", lambda created: says)
    assert profile_words.ago(created) == point


# ---- at the command line ----


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "150")


def test_the_table_marks_what_is_in_use(three, capsys):
    kept.undo(three)
    assert main(["profile", str(three)]) == 0
    said = capsys.readouterr().out
    assert "▶4" in said and "undone: as 2" in said and "hand 0.90" in said


def test_undo_says_what_it_changed(path, capsys):
    kept.keep(a_profile(), path, "calibrated")
    kept.keep(a_profile(reference_uv=[40.0, 90.0]), path, "re-scaled")
    assert main(["profile", str(path), "--undo"]) == 0
    said = capsys.readouterr().out
    assert "as version 1 was" in said
    assert "a: comfortable contraction 40.0 → 80.0 µV (x 2.00)." in said


def test_a_difference_is_told_in_words(path, capsys):
    kept.keep(a_profile(), path, "calibrated")
    swapped = a_profile(site_labels=("b", "a"), channels=(5, 2), hand="claw")
    kept.keep(swapped, path, "re-mapped")
    assert main(["profile", str(path), "--diff", "1", "2"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "what a said is now heard at b; what b said is now heard at a" in said
    assert "Hand: test-hand → claw." in said
    assert main(["profile", str(path), "--diff", "2", "2"]) == 0
    assert "Nothing that matters has changed." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nobody.json"], "There is no profile at nobody.json"),
        (["anna.json", "--show", "9"], "has no version 9: there are 1 to 3"),
        (["anna.json", "--undo", "--redo"], "not allowed with"),
    ],
)
def test_bad_input_is_one_sentence(three, monkeypatch, capsys, arguments, says):
    monkeypatch.chdir(three.parent)
    try:
        assert main(["profile", *arguments]) == 2
    except SystemExit as left:
        assert left.code == 2
    assert says in capsys.readouterr().err


def test_a_damaged_profile_still_lists_its_versions(three, capsys):
    three.write_text(three.read_text()[:300])
    assert main(["profile", str(three)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "is damaged or cut short" in said and "bring one of these back" in said
    assert main(["profile", str(three), "--restore", "3"]) == 0
    assert load_profile(three).name == "re-scaled"


def test_versions_go_with_the_file_and_their_loss_is_no_harm(three):
    shutil.rmtree(kept.folder_of(three))
    assert kept.keep(a_profile(name="new"), three, "calibrated").before == 1
