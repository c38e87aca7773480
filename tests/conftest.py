# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests share: no display, where the recordings lie, and that no test leaves a child
behind."""

from __future__ import annotations

import gc
import os
import shutil
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("MPLBACKEND", "Agg")
# On 2 cores the threads of a linear algebra library fight those of the rig.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"


LONGEST = ["test_visit", "test_bench", "test_conformance_defects", "test_real_recordings",
           "test_conformance", "test_update", "test_calibrate", "test_wire_damage",
           "test_real_recordings_fit", "test_fuzz", "test_packaging", "test_donning",
           "test_calibration_patient", "test_test_command"]  # fmt: skip


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


def pytest_collection_finish() -> None:
    """Thousands of collected tests are no garbage: nobody looks through them again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first: else they would end last and alone."""
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else 99)


# ---- a machine that is not there all the time ----

STOLEN = 0.03  # share of processor time that the host of this machine took for others
ATTEMPTS = 3


def _processor_time() -> tuple[int, int]:
    """(taken by the host of a virtual machine, all) in ticks since boot; (0, 0) where unknown."""
    try:
        fields = [int(n) for n in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    except (OSError, ValueError):
        return 0, 0
    return fields[7], sum(fields)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Tries a failed test again when the machine itself was taken away while it ran, and says so.

    Bounds of 150 ms mean nothing on a processor that stands still for 300. A failure on a machine
    that was there all the time counts at once.
    """
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for attempt in range(1, ATTEMPTS + 1):
        stolen_before, all_before = _processor_time()
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        stolen, whole = _processor_time()
        share = (stolen - stolen_before) / max(1, whole - all_before)
        if attempt == ATTEMPTS or share < STOLEN or not any(r.failed for r in reports):
            break
        why = next(report for report in reports if report.failed).longreprtext.splitlines()[-1:]
        print(f"\n{item.nodeid}: tried again, {share:.0%} of the machine was taken away {why}")
        item._initrequest()  # fresh fixtures for the next attempt
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
