# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests share: no display, where the recordings lie, and that no test leaves a child
behind."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("MPLBACKEND", "Agg")
# On 2 cores the threads of a linear algebra library fight those of the rig.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's top folder."""
    return ROOT


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of real recordings, which are not part of the project."""
    if not DATA.is_dir():
        pytest.skip(f"the real recordings are not here ({DATA.name}/ beside the project)")
    return DATA


@pytest.fixture(scope="session")
def arm_tools() -> None:
    """Compiler for the Cortex-M and the emulator."""
    for tool in ("arm-none-eabi-gcc", "qemu-system-arm"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")


def _children() -> dict[int, str]:
    """Live processes whose parent is this one: id -> name."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        rest = text[text.rindex(")") + 2 :].split()
        if int(rest[1]) == os.getpid() and rest[0] != "Z":
            found[int(text.split()[0])] = text[text.index("(") + 1 : text.rindex(")")]
    return found


@pytest.fixture(autouse=True, scope="module")
def no_child_left():
    """Fails the last test of a file that leaves a process running."""
    before = _children()
    yield
    left = {pid: name for pid, name in _children().items() if pid not in before}
    assert not left, f"a test of this file left processes running: {left}"
