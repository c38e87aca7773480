# SPDX-License-Identifier: GPL-3.0-or-later
"""Every test, as `make test` runs them.

    python tests/run.py [TESTS...]

Tests that keep a clock run three files at a time, as many rigs as two cores carry; those that only
compute run beside them with what is left of the processors. Those that judge an emulated hand's
times (mark `alone`) run after them, while those that compute stand still. A test that keeps a clock
and failed beside others runs once more with the machine to itself, and that counts: a hand that
keeps a bound of 150 ms may miss it on a shared core. When more than MOST failed, none is run again.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Those that compute take one processor each, and leave the others to those that keep a clock.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "tests"
ON_THE_CLOCK = ("loop", "host", "monitor")
#: Of those folders; they judge bits and flash, and wait for as long as it takes.
NO_CLOCK = tuple(
    f"tests/loop/test_{name}.py"
    for name in ("blobs", "blobs_power", "firmware_bits", "firmware_budget", "firmware_stack",
                 "firmware_figures", "params_kept", "update_cost", "replay_shadow")
)  # fmt: skip
AT_ONCE = 3
BESIDE = 2
MOST = 6
CACHE = ROOT / ".pytest_cache"
FAILED = 1  # pytest's exit status: it ran, and some failed


def pytest(*arguments: str) -> list[str]:
    """Its command line."""
    return [sys.executable, "-m", "pytest", *arguments]


def files_at_once(number: int) -> list[str]:
    """Of pytest's arguments."""
    return ["-n", str(number), "--dist", "loadfile", "--no-loadscope-reorder"]


def on_the_clock(chosen: list[str]) -> int:
    """Exit status of these, several at a time."""
    return subprocess.run(
        pytest("--cache-clear", *files_at_once(AT_ONCE), *chosen), cwd=ROOT
    ).returncode


def by_themselves() -> int:
    """Exit status of those that judge an emulated hand's times."""
    return subprocess.run(pytest("-m", "alone", "tests/loop"), cwd=ROOT).returncode


def once_more(status: int) -> int:
    """That status, or that of those that failed, run again."""
    known = CACHE / "v" / "cache" / "lastfailed"
    failed = sorted(json.loads(known.read_text())) if known.exists() else []
    keeps_clock = tuple(f"tests/{folder}/" for folder in ON_THE_CLOCK)
    few = 0 < len(failed) <= MOST and all(name.startswith(keeps_clock) for name in failed)
    if status != FAILED or not few:
        return status
    print("Failed beside others; once more with the machine to themselves:", *failed, sep="\n  ")
    sys.stdout.flush()
    return subprocess.run(pytest("--last-failed"), cwd=ROOT).returncode


def only_what_is_left() -> None:
    """Of the processors."""
    with suppress(OSError):  # where it may not be chosen, they share
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


@contextmanager
def standing_still(program: subprocess.Popen) -> Iterator[None]:
    """It and all that it started, meanwhile."""
    os.killpg(program.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(program.pid, signal.SIGCONT)


def main(chosen: list[str]) -> int:
    """Exit status; all that were chosen, or all there are."""
    if chosen:
        return once_more(on_the_clock(chosen))
    folders = sorted({path.parent.name for path in TESTS.glob("*/test_*.py")})
    compute = [f"tests/{name}" for name in folders if name not in ON_THE_CLOCK]
    with tempfile.TemporaryFile("w+") as said:
        beside = subprocess.Popen(
            pytest("-o", f"cache_dir={CACHE}/compute", "--timeout=600",  # it may wait
                   *files_at_once(BESIDE), *compute, *NO_CLOCK),
            cwd=ROOT, stdout=said,
            stderr=subprocess.STDOUT, process_group=0, preexec_fn=only_what_is_left,
        )  # fmt: skip
        try:
            clocks = [f"tests/{name}" for name in ON_THE_CLOCK]
            apart = [f"--ignore={name}" for name in NO_CLOCK]
            status = on_the_clock(["-m", "not alone", *apart, *clocks])
            with standing_still(beside):
                status = max(status, by_themselves())
            beside.wait()
        finally:
            if beside.poll() is None:
                os.killpg(beside.pid, signal.SIGKILL)
                beside.wait()
        said.seek(0)
        print(said.read())
    return once_more(status) or beside.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
