# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job, as the user starts it: `endplate bench` from calibration to report, and its
recording replayed.

The latency bars belong to `endplate bench` on a quiet machine; here only what must hold on any.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from endplate.core import REFUSALS


def endplate(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "endplate", *arguments], cwd=cwd, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.mark.timeout(300)
def test_calibrates_moves_measures_reports_and_replays(pc_firmware, tmp_path):
    said = endplate(
        "bench", "--headless", "--json", "result.json", "--report", "report", "--seconds", "6",
        "--repetitions", "2", "--dofs", "hand", cwd=tmp_path,
    )  # fmt: skip
    assert "SIMULATED" in said
    result = json.loads((tmp_path / "result.json").read_text())
    assert result == json.loads((tmp_path / "report" / "results.json").read_text())
    assert result["simulated"] is True
    assert result["firmware"] == "pc"
    board = result["board"]
    assert (board["rate_hz"], board["sites"]) == (250.0, 8)
    assert board["samples"] > 50 * 250
    assert board["lost"] <= board["samples"] // 100, "a busy machine may lose a few; none is hidden"
    for stage in ("arrival_to_wire", "wire_to_motion", "sample_to_motion"):
        row = result["latency_ms"][stage]
        assert row["n"] > 100, f"{stage}: {row}"
        assert 0 < row["p50"] <= row["p95"] <= row["p99"] <= row["max"] < 2000
    assert result["latency_ms"]["arrival_to_wire"]["p50"] < 20
    assert result["modelled_delay_ms"]["total"] == pytest.approx(90)
    tracking = result["tracking"]
    assert set(tracking["r2"]) == {"hand"}
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
