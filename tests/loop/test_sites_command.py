# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate sites` with a patient who follows the screen, and another look at the recording."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from endplate.errors import EndplateError
from endplate.live.feed import FeedReader
from endplate.sim.rig import Part


def follow_the_screen(board: Part, sessions: Path, ended: threading.Event) -> None:
    """The patient."""
    reader, seen = None, None
    while not ended.wait(0.05):
        try:
            (feed,) = sessions.glob("sites-*/feed")
            reader = reader or FeedReader(feed)
        except (ValueError, EndplateError):
            continue
        prompt = reader.status().get("prompt") or {}
        if prompt and prompt["sample"] != seen:
            seen = prompt["sample"]
            board.tell(prompt=prompt)


def endplate(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "endplate", *arguments], cwd=folder, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=100,
        env={**os.environ, "XDG_RUNTIME_DIR": str(folder), "COLUMNS": "120"},
    )  # fmt: skip
    assert done.returncode == 0 and "Traceback" not in done.stdout, done.stdout
    return " ".join(done.stdout.split())


@pytest.mark.timeout(120)
def test_the_sites_are_tried_and_looked_at_again(tmp_path):
    board = Part("endplate.sim.board", ["--board", "cyton", "--patient", "tmr-transhumeral",
                 "--seed", "1", "--directory", str(tmp_path)], tmp_path / "board.log")  # fmt: skip
    ended = threading.Event()
    patient = threading.Thread(target=follow_the_screen, args=(board, tmp_path / "endplate", ended))
    patient.start()
    try:
        said = endplate(
            tmp_path, "sites", "--board", "cyton", "--port", board.ready["port"], "--board-param",
            "simulated=1", "--dofs", "hand", "--mode", "isolate", "--out", "first",
        )  # fmt: skip
    finally:
        ended.set()
        patient.join()
        board.stop()
    assert "20 s. Follow the words." in said and "SIMULATED" in said
    assert "keep Site 2 hears close hand alone" in said
    assert "keep Site 4 hears open hand alone" in said
    assert "A site of its own: close hand: Site 2; open hand: Site 4." in said
    assert "carry 1 of 1 DoF" in said
    found = json.loads((tmp_path / "first.json").read_text())
    assert found["own_site"] == {"Close hand": "Site 2", "Open hand": "Site 4"}
    assert (tmp_path / "first.png").read_bytes().startswith(b"\x89PNG")

    again = endplate(tmp_path, "sites", "--recording", "first.bdf", "--out", "second",
                     "--mode", "isolate")  # fmt: skip
    assert "A site of its own: close hand: Site 2; open hand: Site 4." in again
    second = json.loads((tmp_path / "second.json").read_text())
    assert second["own_site"] == found["own_site"] and second["carried"] == found["carried"]
    for movement, row in second["matrix_uv"].items():  # its hops begin elsewhere
        assert row == pytest.approx(found["matrix_uv"][movement], rel=0.05, abs=0.5)
