# SPDX-License-Identifier: GPL-3.0-or-later
"""The house itself: licences, sizes of files, links and commands of the documents."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MIT = ("protocol", "firmware", "hw")
SOURCES = (".py", ".c", ".h", ".toml", ".sh", ".ld", ".S")


def tracked(*patterns: str) -> list[Path]:
    """Files that git tracks, or all files where this is not a checkout (an unpacked sdist)."""
    done = subprocess.run(
        ["git", "ls-files", "--", *patterns], cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode or not done.stdout:
        pytest.skip("not a git checkout")
    return [ROOT / line for line in done.stdout.splitlines() if (ROOT / line).exists()]


def test_every_source_file_names_its_licence_once():
    for path in tracked():
        if path.suffix not in SOURCES and path.name not in ("Makefile", "run"):
            continue
        found = re.findall(
            r"SPDX-License-Identifier: (\S+)", "\n".join(path.read_text().splitlines()[:5])
        )
        inside = path.relative_to(ROOT).parts[0]
        wanted = "MIT" if inside in MIT else "GPL-3.0-or-later"
        assert found == [wanted], f"{path}: SPDX line should be {wanted}, found {found}"


def test_no_source_file_is_longer_than_400_lines():
    long = {
        str(path.relative_to(ROOT)): n
        for path in tracked("*.py", "*.c", "*.h")
        if (n := len(path.read_text().splitlines())) > 400
    }
    assert not long, f"two files, perhaps? {long}"


def test_links_in_documents_lead_somewhere():
    for path in tracked("*.md"):
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
            if "://" not in link:
                assert (path.parent / link).exists(), f"{path.name}: dead link {link}"


def test_make_help_lists_the_targets_the_readme_names():
    helped = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    listed = set(re.findall(r"make (\w+)", helped))
    named = set(re.findall(r"\bmake (\w+)", (ROOT / "README.md").read_text()))
    assert named <= listed, named - listed
    assert {"run", "test", "firmware", "bench", "check", "help"} <= listed
