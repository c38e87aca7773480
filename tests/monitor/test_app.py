# SPDX-License-Identifier: GPL-3.0-or-later
"""The window as a program: it ends quietly, however it is told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip(
    "PyQt6.QtWidgets", reason="PyQt6 or a library it needs is not installed", exc_type=ImportError
)

from .rigging import Outside


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_on_a_signal_and_on_the_next_ones_too(tmp_path, number):
    outside = Outside(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", "endplate.monitor", "--session", str(tmp_path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    try:
        time.sleep(2.5)  # it has started and draws
        assert process.poll() is None
        process.send_signal(number)
        while process.poll() is None:  # as a terminal and the command that opened it both do
            time.sleep(0.02)
            process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=5)
    finally:
        process.kill()
        process.wait()
        outside.close()
    assert process.returncode in (0, -signal.SIGTERM), said
    assert "Traceback" not in said and "QBackingStore" not in said, said


def test_a_screenshot_is_written_without_anybody_there(tmp_path):
    outside = Outside(tmp_path)
    try:
        subprocess.run(
            [sys.executable, "-m", "endplate.monitor", "--session", str(tmp_path), "--theme",
             "dark", "--screenshot", str(tmp_path / "shot.png"), "--after", "1"],
            check=True, timeout=30, capture_output=True,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        )  # fmt: skip
    finally:
        outside.close()
    assert (tmp_path / "shot.png").read_bytes().startswith(b"\x89PNG")
