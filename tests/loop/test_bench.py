# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job, as the user starts it: `endplate bench` from calibration to report, and its
recording replayed.

The latency bars belong to `endplate bench` on a quiet machine; here only what must hold on any.
Beside it a person calibrates at the command line, on a rig of their own: both wait for a patient.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from endplate.core import REFUSALS
from endplate.errors import EndplateError
from endplate.fit.protocol import calibration_protocol
from endplate.live.feed import FeedReader
from endplate.live.profile import load_profile
from endplate.live.recording import read_recording
from endplate.sim.rig import Rig


def endplate(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "endplate", *arguments], cwd=cwd, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def follow_the_screen(rig: Rig, sessions: Path, ended: threading.Event) -> None:
    """The patient: does what the prompt says, when it says it."""
    cues = {cue.label: cue for cue in calibration_protocol(["hand"], repetitions=2)}
    reader, seen = None, None
    while not ended.wait(0.05):
        try:
            (feed,) = sessions.glob("calibrate-*/feed")
            reader = reader or FeedReader(feed)
        except (ValueError, EndplateError):
            continue
        prompt = reader.status().get("prompt") or {}
        if prompt and prompt["sample"] != seen:
            seen = prompt["sample"]
            rig.prompt(**cues[prompt["label"]].prompt())


@pytest.fixture(scope="module")
def calibrating(pc_firmware, tmp_path_factory):
    """`endplate calibrate` under way: (process, folder)."""
    folder = tmp_path_factory.mktemp("calibrate")
    ended = threading.Event()
    with Rig(folder / "rig") as rig:
        process = subprocess.Popen(
            [sys.executable, "-m", "endplate", "calibrate", "--board", "cyton", "--port",
             rig.board_port, "--board-param", "simulated=1", "--montage", "free-8", "--dofs",
             "hand", "--repetitions", "2", "--out", "profile.json"],
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


@pytest.mark.timeout(300)
def test_calibrates_moves_measures_reports_and_replays(calibrating, tmp_path):
    said = endplate(
        "bench", "--headless", "--json", "result.json", "--report", "report", "--seconds", "15",
        "--repetitions", "2", cwd=tmp_path,
    )  # fmt: skip
    assert "SIMULATED" in said
    result = json.loads((tmp_path / "result.json").read_text())
    assert result == json.loads((tmp_path / "report" / "results.json").read_text())
    assert result["simulated"] is True
    assert result["firmware"] == "pc"
    board = result["board"]
    assert (board["rate_hz"], board["sites"]) == (250.0, 8)
    assert board["samples"] > 80 * 250
    assert board["lost"] <= board["samples"] // 100, "a busy machine may lose a few; none is hidden"
    for stage in ("arrival_to_wire", "wire_to_motion", "sample_to_motion"):
        row = result["latency_ms"][stage]
        assert row["n"] > 100, f"{stage}: {row}"
        assert 0 < row["p50"] <= row["p95"] <= row["p99"] <= row["max"] < 2000
    assert result["latency_ms"]["arrival_to_wire"]["p50"] < 20
    assert result["modelled_delay_ms"]["total"] == pytest.approx(90)
    tracking = result["tracking"]
    assert set(tracking["r2"]) == {"hand", "elbow"}
    assert all(0.6 < value < 0.995 for value in tracking["r2"].values()), tracking
    assert 0 <= tracking["leakage"] <= 0.05
    assert 0 <= tracking["rest_motion_share"] <= 0.05
    assert set(result["link"]["refused"]) == set(REFUSALS)
    assert sum(result["link"]["refused"].values()) <= result["link"]["commands"] // 100
    assert 0 < result["chain_us_per_hop"] < 2000
    for figure in ("tracking.png", "latency.png", "sites.png"):
        assert (tmp_path / "report" / figure).read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / result["profile"]).exists()
    replayed = endplate("replay", result["recording"], cwd=tmp_path)
    assert "all identical" in " ".join(replayed.split()), replayed


@pytest.mark.timeout(120)
def test_a_person_calibrates_at_the_command_line(calibrating):
    process, folder = calibrating
    said, _ = process.communicate(timeout=100)
    assert process.returncode == 0, said
    assert "Traceback" not in said
    said = " ".join(said.split())
    assert "0.8 minutes. Follow the words" in said and "Profile: profile.json" in said, said
    profile = load_profile(folder / "profile.json")
    assert profile.simulated and profile.dofs == ("hand",) and profile.montage == "free-8"
    assert 0.7 < profile.report["r2"]["hand"] < 0.999, profile.report
    (kept,) = folder.glob("profile-*.bdf")
    prompts = [text for _, text in read_recording(kept).annotations if text.startswith("prompt")]
    assert len(prompts) == len(calibration_protocol(["hand"], repetitions=2))
