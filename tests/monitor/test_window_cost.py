# SPDX-License-Identifier: GPL-3.0-or-later
"""What the window may cost, in its short forms: `make bench` measures processor and times, `make
soak` eight hours of feed (tests/bench/window.py)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip(
    "PyQt6.QtWidgets", reason="PyQt6 or a library it needs is not installed", exc_type=ImportError
)
pytest.importorskip("pyqtgraph")

TESTS = Path(__file__).resolve().parents[1]
FRAMES, MOST_MB = 500, 0.05  # half of it is compared: a leak of 200 bytes a frame is one
CODE = """
import sys, tempfile, tracemalloc
from pathlib import Path
import endplate.monitor.window
print("scipy" in sys.modules)
from bench.window import soak, traced_mb
tracemalloc.start()
with tempfile.TemporaryDirectory() as folder:
    print(*soak(float(sys.argv[1]) / 30 / 3600, Path(folder), traced_mb))
"""


@pytest.fixture(scope="module")
def said() -> list[str]:
    """By a process of its own."""
    ran = subprocess.run(
        [sys.executable, "-c", CODE, str(FRAMES)], capture_output=True, text=True, timeout=100,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(TESTS)},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


def test_the_window_stands_before_scipy_is_loaded(said):
    assert said[0] == "False", "it takes a second or two of the three to the first trace"


def test_memory_does_not_grow_with_the_feed(said):
    growth_mb, frames = map(float, said[-1].split())
    assert frames == FRAMES
    assert growth_mb < MOST_MB, f"{growth_mb:.3f} MB in {FRAMES / 30:.0f} s of feed"
