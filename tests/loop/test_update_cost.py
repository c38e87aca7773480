# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the steps of an update keep the hand's processor from everything else, in instructions:
while they run nothing feeds the watchdog."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from .updating import BUILD, ROOT, signer

US_PER_INSTRUCTION = 1.024  # -icount shift=10
CYCLES, HZ = 3, 168e6  # for one instruction at most, but for divisions (budget.py)
WATCHDOG_S = 0.1
ROOM = 0x30000


def test_each_step_ends_before_the_watchdog(arm_tools):
    signer()
    subprocess.run(
        ["make", "-s", "-C", str(ROOT / "firmware"), f"PYTHON={sys.executable}", "budget"],
        check=True, capture_output=True,
    )  # fmt: skip
    done = subprocess.run(
        ["timeout", "-k", "2", "60", "qemu-system-arm", "-M", "netduinoplus2", "-display", "none",
         "-monitor", "none", "-serial", "none", "-semihosting-config", "enable=on,target=native",
         "-icount", "shift=10,align=off,sleep=off", "-kernel",
         str(BUILD / "f405" / "update_cost.elf")],
        capture_output=True, text=True,
    )  # fmt: skip
    took = {name: us / US_PER_INSTRUCTION for name, us in json.loads(done.stderr).items()}
    assert took.pop("known") == pytest.approx(400_000, rel=0.001)
    assert took.pop("good") > 0
    commit = took["signature"] + took["crc"] * ROOM / 4096
    print(f"\n{ {name: round(count) for name, count in took.items()} }, commit {commit:.0f}")
    assert 500_000 < took["signature"] < 2_000_000
    assert 5000 < took["chunk"] < 60_000
    assert CYCLES * commit / HZ < WATCHDOG_S
