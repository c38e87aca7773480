# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate calibrate`, followed by a patient who does what the screen says when it says it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from endplate.errors import EndplateError
from endplate.fit.guided.protocol import calibration_protocol
from endplate.fit.recorded.cues import cues_of
from endplate.live.feed import FeedReader
from endplate.live.profile_file import load_profile
from endplate.live.recording import read_recording
from endplate.sim.rig import Rig

DREAMT = 5  # "Close hand", the first time after rest, motion and references


def follow_the_screen(rig: Rig, sessions: Path, ended: threading.Event) -> None:
    """The patient, who dreams while the fifth cue is on."""
    reader, seen, number = None, None, 0
    while not ended.wait(0.05):
        try:
            (feed,) = sessions.glob("calibrate-*/feed")
            reader = reader or FeedReader(feed)
        except (ValueError, EndplateError):
            continue
        prompt = reader.status().get("prompt") or {}
        if prompt and prompt["sample"] != seen:
            seen, number = prompt["sample"], number + 1
            if number != DREAMT:
                rig.board.tell(prompt=prompt)


@pytest.fixture
def calibrating(pc_firmware, tmp_path):
    """`endplate calibrate` under way: (process, folder)."""
    folder = tmp_path
    ended = threading.Event()
    with Rig(folder / "rig") as rig:
        process = subprocess.Popen(
            [sys.executable, "-m", "endplate", "calibrate", "--board", "cyton", "--port",
             rig.board_port, "--board-param", "simulated=1", "--montage", "free-8", "--dofs",
             "hand", "--repetitions", "2", "--repeat", "auto", "--out", "profile.json"],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, env={**os.environ, "XDG_RUNTIME_DIR": str(folder), "COLUMNS": "120"},
        )  # fmt: skip
        patient = threading.Thread(target=follow_the_screen, args=(rig, folder / "endplate", ended))
        patient.start()
        try:
            yield process, folder
        finally:
            ended.set()
            patient.join()
            process.kill()
            process.communicate()


@pytest.mark.timeout(120)
def test_a_person_calibrates_at_the_command_line(calibrating):
    process, folder = calibrating
    said, _ = process.communicate(timeout=100)
    assert process.returncode == 0, said
    assert "Traceback" not in said
    said = " ".join(said.split())
    wanted = "48 s. Follow the words", "DoF that these sites carry: hand", "Profile: profile.json"
    assert all(words in said for words in wanted), said
    profile = load_profile(folder / "profile.json")
    assert profile.simulated and profile.dofs == ("hand",) and profile.montage == "free-8"
    assert 0.7 < profile.report["r2"]["hand"] < 0.999, profile.report
    (kept,) = folder.glob("profile-*.bdf")
    prompts = [text for _, text in read_recording(kept).annotations if text.startswith("prompt")]
    assert len(prompts) == len(calibration_protocol(["hand"], repetitions=2)) + 1
    assert "✗ Close hand 1: Nothing heard: repeat, with a comfortable effort" in said
    assert "✓ Close hand 3: Good" in said and said.count("✗") == said.count("✗ poor") + 1
    read = cues_of(read_recording(kept))
    assert [cue.kind for _, cue in read].count("void") == 1 and read[DREAMT - 1][1].kind == "void"
