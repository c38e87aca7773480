# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input given to the command itself: one clear sentence, status 2, no traceback, no hang."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import numpy as np


def endplate(*arguments: str, cwd: Path, timeout_s: float = 60) -> tuple[int, str]:
    """Exit status and what was printed on stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "endplate", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        stdin=subprocess.DEVNULL,
    )
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    return done.returncode, done.stderr.strip()


def sentence(result: tuple[int, str], *words: str) -> None:
    status, said = result
    assert status == 2, said
    assert said.startswith("endplate: ") and said.count("\n") == 0, said
    for word in words:
        assert word in said, said


def test_unknown_board(tmp_path):
    sentence(endplate("record", "--board", "cyto", "--seconds", "1", cwd=tmp_path), "cyto", "cyton")


def test_unknown_port(tmp_path):
    result = endplate(
        "record", "--board", "cyton", "--port", "/dev/ttyNONE7", "--seconds", "1", cwd=tmp_path
    )
    sentence(result, "/dev/ttyNONE7")


def test_board_that_answers_nothing(tmp_path):
    master, slave = pty.openpty()
    try:
        result = endplate(
            "record",
            "--board",
            "cyton",
            "--port",
            os.ttyname(slave),
            "--seconds",
            "1",
            cwd=tmp_path,
        )
    finally:
        os.close(master)
        os.close(slave)
    sentence(result, "answer")


def test_unknown_montage_lists_what_there_is(tmp_path):
    result = endplate(
        "record", "--board", "synthetic", "--montage", "leg-3", "--seconds", "1", cwd=tmp_path
    )
    sentence(result, "leg-3", "transhumeral-4")


def test_unknown_dof_of_a_hand(tmp_path):
    result = endplate(
        "calibrate", "--board", "synthetic", "--dofs", "hand,tail", "--out", "a.json", cwd=tmp_path
    )
    sentence(result, "tail", "wrist_rotation")


def run_with(profile: Path, *more: str, cwd: Path) -> tuple[int, str]:
    return endplate(
        "run", "--board", "synthetic", "--montage", "free-8", "--hand-port", "/dev/null",
        "--profile", str(profile), *more, cwd=cwd,
    )  # fmt: skip


def test_profile_that_is_not_there(tmp_path):
    sentence(run_with(tmp_path / "nobody.json", cwd=tmp_path), "nobody.json")


def test_damaged_profile(offline_profile, tmp_path):
    text = offline_profile.read_text()
    cut = tmp_path / "cut.json"
    cut.write_text(text[: len(text) // 2])
    sentence(run_with(cut, cwd=tmp_path), "cut.json")
    changed = tmp_path / "changed.json"
    content = json.loads(text)
    content["rest_uv2"][0] += 0.001
    changed.write_text(json.dumps(content))
    sentence(run_with(changed, cwd=tmp_path), "changed.json")


def test_damaged_hand_file(offline_profile, tmp_path):
    hand = tmp_path / "broken.toml"
    hand.write_text("[hand\nname = ")
    sentence(run_with(offline_profile, "--hand", str(hand), cwd=tmp_path), "broken.toml")


def test_profile_of_another_rate(offline_profile, tmp_path):
    """The profile is of 250 samples/s; the file is played as a board of 200."""
    rows = np.zeros((400, 15))
    rows[:, 13] = 1.7e9 + np.arange(400) / 200
    np.savetxt(tmp_path / "ganglion.tsv", rows, fmt="%.17g", delimiter="\t")
    result = endplate(
        "run", "--board", "playback", "--board-param", "file=ganglion.tsv", "--board-param",
        "master_board=ganglion", "--montage", "free-8", "--hand-port", "/dev/null",
        "--profile", str(offline_profile), cwd=tmp_path,
    )  # fmt: skip
    sentence(result, "250", "200")


def test_profile_of_another_montage(offline_profile, tmp_path):
    result = endplate(
        "run", "--board", "synthetic", "--montage", "transhumeral-4", "--hand-port", "/dev/null",
        "--profile", str(offline_profile), cwd=tmp_path,
    )  # fmt: skip
    sentence(result, "free-8", "transhumeral-4")


def test_hand_port_without_a_hand(offline_profile, tmp_path):
    master, slave = pty.openpty()
    try:
        result = endplate(
            "run", "--board", "synthetic", "--montage", "free-8", "--hand-port", os.ttyname(slave),
            "--profile", str(offline_profile), cwd=tmp_path,
        )  # fmt: skip
    finally:
        os.close(master)
        os.close(slave)
    sentence(result, "does not answer", "switched on")


def test_recording_cut_short_and_what_is_no_recording(tmp_path):
    status, said = endplate(
        "record", "--board", "synthetic", "--seconds", "3", "--out", "whole", cwd=tmp_path
    )
    assert status == 0, said
    whole = (tmp_path / "whole.bdf").read_bytes()
    (tmp_path / "cut.bdf").write_bytes(whole[: len(whole) * 2 // 3])
    sentence(endplate("replay", "cut.bdf", cwd=tmp_path), "cut.bdf")
    (tmp_path / "note.bdf").write_text("milk, bread")
    sentence(endplate("replay", "note.bdf", cwd=tmp_path), "note.bdf")
    sentence(endplate("replay", "gone.bdf", cwd=tmp_path), "gone.bdf")


def test_monitor_with_nothing_running(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    sentence(endplate("monitor", cwd=tmp_path), "Nothing is running")


def test_one_repetition_is_too_few_and_results_need_a_place(tmp_path):
    result = endplate("bench", "--headless", "--repetitions", "1", cwd=tmp_path)
    sentence(result, "--repetitions 2")
    (tmp_path / "folder").mkdir()
    sentence(endplate("bench", "--headless", "--json", "folder", cwd=tmp_path), "folder")


def test_unknown_patient_and_too_short_a_bench(tmp_path):
    sentence(
        endplate("bench", "--headless", "--patient", "nobody", cwd=tmp_path), "tmr-transhumeral"
    )
    sentence(endplate("bench", "--headless", "--seconds", "1", cwd=tmp_path), "5")


def test_version_and_help_come_without_the_heavy_parts(tmp_path):
    code = (
        "import sys, endplate.cli as c\n"
        "try:\n c.main(['--help'])\nexcept SystemExit as e:\n assert e.code == 0\n"
        "print([m for m in ('numpy', 'scipy', 'matplotlib', 'PyQt6') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("[]"), done.stdout[-300:]
    for command in ("bench", "monitor", "devices", "record", "replay", "calibrate", "run"):
        assert command in done.stdout
