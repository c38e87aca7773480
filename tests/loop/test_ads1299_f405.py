# SPDX-License-Identifier: GPL-3.0-or-later
"""The EMG front end's driver as the Cortex-M4F runs it: without a chip, and what a step costs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from .budget import COUNTS_PER_INSTRUCTION
from .builds import built, emulated

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
FAILED, NOT_FOUND = 8, 1
STEP_MOST = 1500  # instructions; the board's own functions not counted


@pytest.fixture(scope="module")
def images(arm_tools) -> Path:
    built("front-end")
    return FIRMWARE / "build" / "f405"


def said(image: Path, *arguments: str) -> dict:
    done = emulated(image, *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stderr)


def test_board_without_a_front_end_says_so_in_bounded_time_and_goes_on(images):
    """The emulated chip has neither DMA nor front end: no transfer ends."""
    found = said(images / "absent.elf")
    print(f"\n{found}")
    assert (found["stage"], found["error"], found["taken"]) == (FAILED, NOT_FOUND, 0)
    assert 160_000 <= found["failed_us"] < 250_000
    assert found["restarts"] >= 2, "it looks again"
    assert found["longest_us"] < 20_000, "no step waits; the emulator may be held up"


def test_what_a_step_costs(images):
    found = said(images / "cost.elf", "-icount", "shift=10,align=off,sleep=off")
    worst = found["worst"] / COUNTS_PER_INSTRUCTION
    mean = found["sum"] / found["steps"] / COUNTS_PER_INSTRUCTION
    print(f"\nfront end: {mean:.0f} instructions a step, {worst:.0f} at worst")
    assert found["taken"] > 2900 and found["checks"] >= 10
    assert 100 < worst <= STEP_MOST and 20 < mean < worst


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--emg", "/nowhere/emg.bin"], "/nowhere/emg.bin"),
        (["--emg-fault", "id=300"], "id=300"),
        (["--emg-fault", "smoke=1"], "smoke=1"),
        (["--emg-fault", "id"], "id"),
        (["--emg-fault", "silent-at=soon"], "silent-at=soon"),
    ],
)
def test_simulated_front_end_that_cannot_be_is_named(pc_firmware, bus, arguments, named):
    done = subprocess.run(
        [str(pc_firmware), "--bus", bus.port, *arguments],
        capture_output=True, text=True, timeout=10,
    )  # fmt: skip
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert named in done.stderr
