# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands for the conformance kit: with mechanics, with a defect; and what the kit found."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from endplate.conformance.verdict import Verdict
from endplate.sim import firmware

from .grasping import mechanics

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware"


def found(report) -> dict[str, Verdict]:
    return {requirement.id: finding.verdict for requirement, finding in report.findings}


def not_passed(report) -> list:
    return [
        (r.id, f.verdict.value, f.measured, f.note)
        for r, f in report.findings
        if f.verdict is not Verdict.PASSED
    ]


@contextmanager
def moving_hand(folder: Path, **knobs: object) -> Iterator[str]:
    """The port of a hand whose motors have mass and take current, and whose fingertips feel."""
    with mechanics(folder) as part:
        bus, touch = part.ready["bus"], part.ready["touch"]
        with firmware.start("pc", bus, folder, touch=touch, **knobs) as hand:
            yield hand.port


def bad_build(folder: Path, source: str, right: str, wrong: str) -> Path:
    """The Linux hand with one change in one file. What is compiled already is taken along."""
    copy = folder / "firmware"
    shutil.copytree(FIRMWARE, copy, ignore=shutil.ignore_patterns("f405", "replay*"))
    (copy / "f405").symlink_to(FIRMWARE / "f405")
    for beside in ("protocol", "host", "hw", "tests"):
        (folder / beside).symlink_to(ROOT / beside)
    text = (copy / source).read_text()
    assert text.count(right) == 1, f"{source} has changed: {right!r} is not in it once"
    (copy / source).write_text(text.replace(right, wrong))
    subprocess.run(
        ["make", "-s", "-C", str(copy), f"PYTHON={sys.executable}", "pc"],
        check=True, capture_output=True,
    )  # fmt: skip
    return copy / "build" / "pc" / "endplate-hand"
