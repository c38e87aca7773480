# SPDX-License-Identifier: GPL-3.0-or-later
"""The watchdog is fed while everything moves on, and not when the motor bus hangs.

That it then restarts the hand test_firmware_reset.py shows on pc; on the f405 it is for silicon to
show, since the emulated board has none.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware"
WATCHDOG_MS = 100  # stm32f405.h: IWDG_RELOAD_100MS


@pytest.fixture(scope="module")
def program(tmp_path_factory) -> Path:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    folder = tmp_path_factory.mktemp("watchdog")
    table = folder / "hand_table.c"
    subprocess.run(
        [sys.executable, str(FIRMWARE / "hand_table.py"), "test-hand", str(table)], check=True
    )
    sources = [path for path in (FIRMWARE / "app").glob("*.c") if path.name != "main.c"]
    sources += [*(FIRMWARE / "core").glob("*.c"), table]
    sources += [ROOT / "protocol" / "wire.c", ROOT / "tests" / "c" / "watchdog_feed.c"]
    folders = [FIRMWARE / "app", FIRMWARE / "core", ROOT / "protocol"]
    out = folder / "watchdog_feed"
    subprocess.run(
        ["gcc", "-std=c11", "-O1", "-DWIRE_SCHEMA_HASH=1u", *(f"-iquote{one}" for one in folders),
         *map(str, sources), "-lm", "-o", str(out)],
        check=True,
    )  # fmt: skip
    return out


def feeds(program: Path, ms: int, stuck_at_ms: int) -> tuple[int, int]:
    """(longest time without a feed until the bus hangs, time of the last feed)."""
    said = subprocess.check_output([str(program), str(ms), str(stuck_at_ms)], text=True).split()
    return int(said[0]), int(said[1])


def test_the_watchdog_is_fed_in_time_while_all_goes_well(program):
    longest, last = feeds(program, 5000, 6000)
    assert 0 < longest < WATCHDOG_MS / 2
    assert last > 5000 - WATCHDOG_MS / 2


def test_a_bus_that_hangs_starves_the_watchdog(program):
    longest, last = feeds(program, 5000, 2000)
    assert longest < WATCHDOG_MS / 2
    assert 2000 - WATCHDOG_MS / 2 < last < 2000 + WATCHDOG_MS
