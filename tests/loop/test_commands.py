# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands as a person gives them, on the rig: `run` by its keys, `replay` into a hand, `record`
onto a disk that fills up."""

from __future__ import annotations

import json
import os
import pty
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from endplate.live.recording import read_recording
from endplate.live.session import default_directory
from endplate.sim.rig import Rig

from .driving import FINGERS, STATE, Driving, until

BENDING = slice(2, 6)  # index to little finger


def command(*arguments: str, cwd: Path, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "endplate", *arguments],
        cwd=cwd, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "COLUMNS": "120", "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip


def ended(process: subprocess.Popen[str], status: int = 0, timeout_s: float = 30) -> str:
    """What it said, once it has ended by itself with this status."""
    try:
        said, _ = process.communicate(timeout=timeout_s)
    finally:
        process.kill()
    assert process.returncode == status, said
    assert "Traceback" not in said, said
    return " ".join(said.split())


@pytest.fixture
def own_sessions(tmp_path, monkeypatch) -> Path:
    """Session folders of this test only."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return default_directory()


class Seen:
    """The rig as the one sees it who stands before it."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig

    def position(self) -> np.ndarray:
        return self.rig.motion()["position_deg"][-1][BENDING]

    def speed(self) -> float:
        return float(np.abs(self.rig.motion()["velocity_dps"][-1][FINGERS]).max())

    def still(self, seconds: float = 0.5) -> bool:
        before = self.position()
        time.sleep(seconds)
        return bool(np.abs(self.position() - before).max() < 0.5)


@contextmanager
def live_run(
    rig: Rig, profile: Path, sessions: Path, folder: Path, *more: str
) -> Iterator[tuple[Callable[[bytes], int], subprocess.Popen[str]]]:
    """`endplate run` on the rig with a keyboard: (what types, process); it runs already."""
    master, slave = pty.openpty()
    process = command(
        "run", "--board", "cyton", "--port", rig.board_port, "--board-param", "simulated=1",
        "--montage", "free-8", "--hand-port", rig.hand_port, "--profile", str(profile),
        "--out", "session", *more, cwd=folder, stdin=slave,
    )  # fmt: skip
    os.close(slave)
    try:
        until(lambda: list(sessions.glob("run-*/feed")), 20, "the session runs")
        yield lambda keys: os.write(master, keys), process
    finally:
        process.kill()
        process.wait()
        os.close(master)


@pytest.mark.timeout(120)
def test_run_obeys_its_keys_and_leaves_the_hand_disarmed(
    pc_firmware, offline_profile, own_sessions, tmp_path
):
    with Rig(tmp_path / "rig") as rig:
        seen = Seen(rig)
        shadow = "--shadow", str(offline_profile)
        with live_run(rig, offline_profile, own_sessions, tmp_path, *shadow) as (keys, process):
            rig.prompt({"hand": 0.5}, rise_s=0.2, hold_s=None, label="close")
            time.sleep(2)
            assert seen.speed() < 1.0, "nothing moves before it is armed"
            rig.prompt({}, rise_s=0, hold_s=0.1, fall_s=0, label="rest")
            time.sleep(0.7)
            keys(b"a")
            time.sleep(0.7)
            rig.prompt({"hand": 0.4}, rise_s=0.2, hold_s=None, label="close")
            until(lambda: seen.position().max() > 25.0, 8, "the fingers close")
            keys(b" ")
            until(lambda: seen.speed() < 1.0, 2, "STOP stops")
            assert seen.still(), "and the effort that goes on moves nothing"
            closed = seen.position()
            keys(b"r")
            until(lambda: (closed - seen.position()).max() > 5.0, 5, "RELEASE opens")
            for switch in (b"x", b"x", b"s"):  # released, so each of them at once
                keys(switch)
                time.sleep(0.6)
            keys(b"q")
            said = ended(process)
        assert "offline, direct control drives now instead of offline." in said, said
        assert "offline drives now instead of offline, direct control." in said, said
        assert "offline drove at the end: to keep it, give it as --profile" in said, said
        assert "Recorded:" in said and "SIMULATED" in said
        recording = read_recording(tmp_path / "session.bdf")
        assert len(recording.counts) > 4 * 250
        until(seen.still, 5, "the release was ended with the session")


@pytest.mark.timeout(120)
def test_run_emergency_stop(pc_firmware, offline_profile, own_sessions, tmp_path):
    with (
        Rig(tmp_path / "rig", trace=True) as rig,
        live_run(rig, offline_profile, own_sessions, tmp_path) as (keys, process),
    ):

        def stopped() -> bool:
            keys(b"E")  # until the terminal is read
            time.sleep(0.2)
            rows = rig.firmware.trace.read_text().splitlines()
            return json.loads(rows[-2])["state"] == STATE["estop"]

        until(stopped, 10, "ESTOP")
        time.sleep(0.5)
        keys(b"q")
        said = ended(process)
        assert "Hand: STOPPED: switch the hand off and on" in said, said
        assert "Emergency stop: drive off until the hand is switched off and on." in said, said


@pytest.fixture
def recorded(pc_firmware, offline_profile, tmp_path) -> Path:
    """A short session in which the hand closed, and its recording."""
    with Rig(tmp_path / "first", trace=True) as rig:
        driving = Driving(rig, tmp_path / "s", offline_profile, recording=str(tmp_path / "kept"))
        try:
            driving.arm()
            driving.open_hand()
            driving.close_hand()
            until(lambda: (rig.motion()["position_deg"][-1][2:6] > 25).all(), 8, "it closed")
            rig.prompt({}, rise_s=0, hold_s=0.1, fall_s=0, label="rest")
            time.sleep(0.5)
        finally:
            driving.control.stop()
    return tmp_path / "kept.bdf"


@pytest.mark.timeout(120)
def test_a_recording_moves_another_hand(recorded, own_sessions, tmp_path):
    with Rig(tmp_path / "second") as rig:
        said = ended(command("replay", str(recorded), "--hand-port", rig.hand_port, cwd=tmp_path))
        moved = rig.motion()["position_deg"][:, 2]
        assert moved.max() - moved[0] > 15, "the fingers closed as in the recording"
        assert Seen(rig).still(), "and stand when it is over"
    assert "Recorded:" in said


@pytest.mark.timeout(60)
def test_record_on_a_disk_that_fills_up_says_so_and_keeps_what_there_was(own_sessions, tmp_path):
    process = command(
        "record", "--board", "synthetic", "--seconds", "30", "--out", "full", cwd=tmp_path
    )
    journal = tmp_path / "full.journal"
    until(lambda: journal.exists() and journal.stat().st_size > 30_000, 15, "it records")
    (lock,) = own_sessions.glob("record-*/lock")
    limit = (journal.stat().st_size + 8192, resource.RLIM_INFINITY)
    resource.prlimit(int(lock.read_text()), resource.RLIMIT_FSIZE, limit)
    said = ended(process, status=1)
    assert "The recording stopped" in said, said
    said = ended(command("replay", "full.bdf", cwd=tmp_path))  # what is left is repaired first
    assert "16 channels, 250 Hz" in said, said
    assert len(read_recording(tmp_path / "full.bdf").counts) > 250
