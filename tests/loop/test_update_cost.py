# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the steps of an update keep the hand's processor from everything else, in instructions:
while they run nothing feeds the watchdog."""

from __future__ import annotations

import json

import pytest

from .builds import COUNTED, built, emulated
from .updating import signer

US_PER_INSTRUCTION = 1.024  # -icount shift=10
CYCLES, HZ = 3, 168e6  # for one instruction at most, but for divisions (budget.py)
WATCHDOG_S = 0.068  # 100 ms by the fastest oscillator of its data sheet
RECORD_S = 0.0064  # a record of the boot journal: 64 words of flash
ROOM = 0x30000
KEPT_AT = 0x08080000  # flash_f405.h: blobs, then parameters, to the end


@pytest.fixture(scope="module")
def took(arm_tools):
    """Instructions by name, of one of the two images."""
    signer()
    folder = built("budget")

    def instructions(image: str, *more: str) -> dict[str, float]:
        done = emulated(folder / "f405" / image, *COUNTED, *more)
        return {name: us / US_PER_INSTRUCTION for name, us in json.loads(done.stderr).items()}

    return instructions


def test_each_step_ends_before_the_watchdog(took):
    cost = took("update_cost.elf")
    assert cost.pop("known") == pytest.approx(400_000, rel=0.001)
    assert cost.pop("good") > 0
    rest = cost["crc"] * ROOM / 4096  # it is fed between the two
    print(f"\n{ {name: round(count) for name, count in cost.items()} }, rest of COMMIT {rest:.0f}")
    assert 500_000 < cost["signature"] < 2_000_000
    assert 5000 < cost["chunk"] < 60_000
    assert CYCLES * cost["signature"] / HZ < WATCHDOG_S
    assert CYCLES * rest / HZ + RECORD_S < WATCHDOG_S


@pytest.mark.parametrize("full", [False, True])
def test_the_start_ends_before_the_watchdog(took, tmp_path, full):
    """From when the watchdog runs to when it is fed: both journals erased, or full of words that no
    record begins with, and the CRC of the largest image."""
    kept = tmp_path / "kept"
    kept.write_bytes((b"\x55" if full else b"\xff") * 0x80000)
    init = took("start_cost.elf", "-device", f"loader,file={kept},addr={KEPT_AT:#x},force-raw=on")
    start = init["init"] + took("update_cost.elf")["crc"] * ROOM / 4096
    print(f"\ninit {init['init']:.0f}, with the image's CRC {start:.0f} instructions, "
          f"{1000 * CYCLES * start / HZ:.0f} ms at {CYCLES} cycles each")  # fmt: skip
    assert 10_000 < init["init"]
    assert CYCLES * start / HZ < WATCHDOG_S
