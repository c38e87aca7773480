# SPDX-License-Identifier: GPL-3.0-or-later
"""A first visit by clicks under a real X display: from an empty list of patients to a hand that
follows, a test, and the report; the window crashes in between and the visit goes on."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip(
    "PyQt6.QtWidgets", reason="PyQt6 or a library it needs is not installed", exc_type=ImportError
)
pytest.importorskip("pyqtgraph")
pytest.importorskip("brainflow")

import numpy as np
from PyQt6.QtGui import QImage

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "host" / "guide"
PAGES = ("1-patient", "2-sites", "3-calibrate", "4-hand", "5-test", "6-follow-up")
MOST_S, MOST_PRESSES = 300, 25  # from plugged electrodes to a hand that follows in two DoF
SEEN = (64, 40)  # pixels in which two pictures of a page are compared
LIKE = 7.0  # grey levels of 255, mean: EMG and the clock differ from day to day


@contextmanager
def x_display() -> Iterator[dict[str, str]]:
    """A display of its own; the environment in which programs find it."""
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x900x24", "-nolisten", "tcp"],
        pass_fds=(write,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    try:
        number = os.read(read, 16).decode().strip()
        assert number, "Xvfb did not start"
        yield {**os.environ, "DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
    finally:
        os.close(read)
        server.terminate()
        server.wait()


@pytest.fixture(scope="module")
def visit(tmp_path_factory, pc_firmware) -> Path:
    """Where it left its log and pictures."""
    out = tmp_path_factory.mktemp("visit")
    with x_display() as environment:
        done = subprocess.run(
            [sys.executable, "-m", "loop.visit_by_clicks", "--out", str(out), "--fps", "8",
             "--short"],
            cwd=ROOT / "tests", env=environment, capture_output=True, text=True,
        )  # fmt: skip
    if "could not load the Qt platform plugin" in done.stderr.lower():
        pytest.skip("a library that Qt needs on X is not installed")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return out


def picture(path: Path) -> np.ndarray:
    """Grey levels, small."""
    image = QImage(str(path))
    assert not image.isNull(), path
    small = image.scaled(*SEEN, transformMode=_smooth()).convertToFormat(
        QImage.Format.Format_Grayscale8
    )
    bits = small.constBits()
    assert bits is not None
    bits.setsize(small.sizeInBytes())
    rows = np.frombuffer(bits, np.uint8).reshape(SEEN[1], small.bytesPerLine())
    return rows[:, : SEEN[0]].astype(float)


def _smooth():
    from PyQt6.QtCore import Qt

    return Qt.TransformationMode.SmoothTransformation


@pytest.mark.timeout(480)
def test_two_dofs_are_driven_within_minutes_and_few_clicks(visit):
    figures = json.loads((visit / "figures.json").read_text())
    assert figures["display"] == "xcb" and figures["simulated"]
    assert 60 < figures["live_after_s"] <= MOST_S
    assert 5 <= figures["live_after_presses"] <= figures["presses_with_patient"] <= MOST_PRESSES


@pytest.mark.timeout(480)
def test_the_log_has_every_step_in_its_order(visit):
    log = (visit / "log.txt").read_text()
    steps = (
        "New patient", "types  A17", "Start today's visit", "Start the site test", "opened again",
        "Start calibration", "Use it", "Arm", "LIVE", "the dead-band", "STOP", "Fitts",
        "100 % of 4 completed", "Keep this score", "opened again",
        "End the visit", "The visit is ended; its recording is kept.", "report", "Written",
    )  # fmt: skip
    at = -1
    for step in steps:
        found = log.find(step, at + 1)
        assert found > at, f"{step!r} does not come after the one before:\n{log}"
        at = found
    times = [float(one) for one in re.findall(r"^ *([0-9.]+) s", log, re.MULTILINE)]
    assert times == sorted(times) and len(times) > 30


@pytest.mark.timeout(480)
def test_every_page_was_seen_in_both_themes(visit):
    for page in PAGES:
        light, dark = (picture(visit / f"{theme}-{page}.png") for theme in ("light", "dark"))
        assert light.mean() > 180 and dark.mean() < 90
    assert 1 <= len(list(visit.glob("report-[0-9].png"))) <= 2
    (pdf,) = visit.glob("*.pdf")
    assert pdf.read_bytes().startswith(b"%PDF")


@pytest.mark.timeout(480)
def test_the_guides_pictures_are_of_this_window(visit):
    kept = sorted(path.name for path in GUIDE.glob("*.png"))
    assert kept == sorted(path.name.removeprefix("guide-") for path in visit.glob("guide-*.png"))
    for name in kept:
        apart = np.abs(picture(GUIDE / name) - picture(visit / f"guide-{name}")).mean()
        assert apart < LIKE, f"host/guide/{name} is of another window: make guide"
