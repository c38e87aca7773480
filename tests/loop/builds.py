# SPDX-License-Identifier: GPL-3.0-or-later
"""The firmware's programs for tests: built from the sources as they are, and run in the emulator
without a hand around them."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
BUILD = FIRMWARE / "build"


def built(*targets: str) -> Path:
    """Makes these targets of firmware/Makefile, one process at a time; the folder with what was
    built."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(
            ["nice", "make", "-s", "-C", str(FIRMWARE), f"PYTHON={sys.executable}", *targets],
            capture_output=True, text=True,
        )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return BUILD


def emulated(
    image: Path, *arguments: str, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """A program that ends by itself; what it says is on stderr. At most a minute."""
    return subprocess.run(
        ["timeout", "-k", "2", "60", "qemu-system-arm", "-M", "netduinoplus2",
         "-display", "none", "-monitor", "none", "-serial", "none",
         "-semihosting-config", "enable=on,target=native", *arguments, "-kernel",
         str(image.resolve())],
        cwd=cwd, capture_output=True, text=True,
    )  # fmt: skip


#: The emulator counts: an instruction is 1024 ns of its timers.
COUNTED = ("-icount", "shift=10,align=off,sleep=off")
