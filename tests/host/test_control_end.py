# SPDX-License-Identifier: GPL-3.0-or-later
"""How a control process ends, and what the one who started it is told of that."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sessions import settings, until

from endplate.live import session
from endplate.live.recording import read_recording
from endplate.live.session import ControlProcess, start_control

pytest.importorskip("brainflow", reason="brainflow is not installed")


@pytest.fixture
def place(tmp_path) -> Path:
    return tmp_path / "session"


def recorded(control) -> bool:
    shown = control.ask("status")["status"]
    return bool(shown) and shown["board"]["samples"] > 50


def test_the_finished_recording_is_named(place, tmp_path):
    (tmp_path / "r.bdf").write_text("of another day")
    control = start_control(settings(place, None, recording=str(tmp_path / "r")))
    until(lambda: recorded(control))
    assert control.stop() == 0 and control.stop() == 0
    assert control.problems == [] and control.recording == str(tmp_path / "r-2.bdf")
    assert len(read_recording(control.recording).counts) > 50


def test_without_a_recording_there_is_none(place):
    control = start_control(settings(place, None))
    assert control.stop() == 0
    assert control.problems == [] and control.recording is None


def test_a_recording_that_cannot_be_finished_is_a_problem(place, tmp_path):
    folder = tmp_path / "recordings"
    control = start_control(settings(place, None, recording=str(folder / "r")))
    until(lambda: recorded(control))
    (folder / "r.journal").rename(folder / "taken-away")
    assert control.stop() != 0
    assert control.recording is None
    assert len(control.problems) == 1 and "no recording" in control.problems[0]


def test_a_session_that_broke_off_is_a_problem(place):
    control = start_control(settings(place, None))
    control.process.send_signal(signal.SIGKILL)
    control.process.wait()
    assert control.stop() == -signal.SIGKILL
    assert control.recording is None
    assert len(control.problems) == 1 and "signal 9" in control.problems[0]


def slow_child(seconds: float) -> subprocess.Popen[bytes]:
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        f"    time.sleep({seconds})\n"
        "    print('{\"ended\": true, \"recording\": \"x.bdf\", \"problems\": []}', flush=True)\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "print('ready', flush=True)\n"
        "while True: time.sleep(1)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert child.stdout is not None and child.stdout.readline() == b"ready\n"
    return child


def test_a_long_recording_gets_the_time_that_its_size_takes(tmp_path):
    journal = tmp_path / "long.journal"
    with journal.open("wb") as file:
        file.truncate(20 * session.FINISH_BYTES_PER_S)
    control = ControlProcess(slow_child(1.0), tmp_path, {}, journal)
    assert control.stop(timeout_s=0.1) == 0 and control.recording == "x.bdf"

    began = time.monotonic()
    control = ControlProcess(slow_child(30.0), tmp_path, {})
    assert control.stop(timeout_s=0.1) == -signal.SIGKILL
    assert time.monotonic() - began < 5 and "broken off" in control.problems[0]
