# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures that `make firmware` prints: within their bars; and with which commit it compares."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "firmware" / "figures.py"


def load(path: Path = SCRIPT):
    spec = importlib.util.spec_from_file_location("figures", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_figure_of_the_image_is_within_its_bar(arm_tools):
    figures = load()
    found = figures.measure(figures.ROOT)
    print("", *figures.table(found, None), sep="\n")
    assert found.keys() == figures.FIGURES.keys(), "all are known where the tools are"
    for name, (what, unit, most) in figures.FIGURES.items():
        assert most / 100 < found[name] <= most, f"{what}: {found[name]} {unit}"


@pytest.fixture
def tree(tmp_path):
    """A checkout with two commits of the firmware and a later one that is not."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    (tmp_path / "firmware").mkdir()
    script = shutil.copy(SCRIPT, tmp_path / "firmware")
    (tmp_path / ".gitignore").write_text("__pycache__/\n")
    git(tmp_path, "init", "-q")
    for text in ("first", "second", "third"):
        path = tmp_path / ("README" if text == "third" else "firmware/a.c")
        path.write_text(text)
        git(tmp_path, "add", "-A")
        git(tmp_path, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", text)
    return Path(script)


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True)


def test_clean_sources_are_compared_with_the_commit_before_theirs(tree):
    assert load(tree).last_commit()[1] == "first"


def test_changed_sources_are_compared_with_the_last_commit_of_theirs(tree):
    (tree.parent / "a.c").write_text("changed")
    assert load(tree).last_commit()[1] == "second"


def test_without_git_there_is_nothing_to_compare_with(tree, monkeypatch):
    figures = load(tree)
    shutil.rmtree(tree.parents[1] / ".git")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tree.parents[2]))
    assert figures.last_commit() is None


def test_the_difference_and_a_missing_figure_are_told(monkeypatch, capsys):
    figures = load()
    now = {"flash": 24100, "ram": 70_000, "stack": 1032}
    told = figures.table(now, {"flash": 24024, "ram": 70_001})
    assert told[0].endswith("of 196608   +76") and told[1].endswith("-1")
    assert told[2].endswith("new") and "missing" in told[3]
    monkeypatch.setattr(figures, "measure", lambda tree: now)
    assert figures.main(["--alone"]) == 1
    assert "RAM, its 16 kB of stack included is beyond 65536" in capsys.readouterr().err
