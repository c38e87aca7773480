# SPDX-License-Identifier: GPL-3.0-or-later
"""Every test, as `make test` runs them.

    python tests/run.py [TESTS...]

Side by side, what is of one kind a few files at a time:

  firmware  a hand and a bare host, or a window and its feed, which mostly wait, and are served
            first
  sessions  whole rigs in real time: patient, board, control, hand. Two at once fill a core
  compute   no clock: with what the other two leave of the processors

Then those that judge an emulated hand's times (mark `alone`), while those that compute stand still.
A test that keeps a clock and failed beside others runs once more with the machine to itself, and
that counts: a hand that keeps a bound of 150 ms may miss it on a shared core. When more than MOST
failed, none is run again.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

# Those that compute take one processor each, and leave the others to those that keep a clock.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "tests"
ON_THE_CLOCK = ("loop", "host", "monitor")
FIRMWARE = (
    "host/test_link_firmware", "loop/test_attack", "loop/test_blobs*", "loop/test_cable",
    "loop/test_conformance*", "loop/test_decoding", "loop/test_firmware*", "loop/test_hand_move",
    "loop/test_own_electrodes*", "loop/test_params", "loop/test_params_kept",
    "loop/test_update*", "host/test_contacts", "host/test_impedance",
)  # fmt: skip
#: Of those; they judge bits and figures, and wait for as long as it takes.
NO_CLOCK = (
    "loop/test_firmware_bits", "loop/test_firmware_budget", "loop/test_firmware_figures",
    "loop/test_firmware_stack", "loop/test_update_cost",
)  # fmt: skip
POLITE = 10  # of `nice`
AT_ONCE = 2  # files of each kind
MOST = 12
CACHE = ROOT / ".pytest_cache"
FAILED = 1  # pytest's exit status: it ran, and some failed


def files(*patterns: str) -> list[str]:
    """Of tests."""
    found = {path for one in patterns for path in TESTS.glob(f"{one}.py")}
    return sorted(str(path.relative_to(ROOT)) for path in found)


def marked(name: str) -> list[str]:
    """Files with that mark somewhere: the others need not be loaded."""
    mark = f"pytest.mark.{name}"
    found = [path for path in TESTS.glob("*/test_*.py") if mark in path.read_text()]
    return sorted(str(path.relative_to(ROOT)) for path in found)


def kinds() -> dict[str, list[str]]:
    """Kind of test -> pytest's arguments: its folders and files."""
    folders = sorted({path.parent.name for path in TESTS.glob("*/test_*.py")} - {*ON_THE_CLOCK})
    apart = files(*NO_CLOCK)
    firmware = [name for name in files(*FIRMWARE) if name not in apart]
    others = [f"--ignore={name}" for name in (*firmware, *apart)]
    keep_clock = ["-m", "not alone"]
    return {
        "sessions": [*keep_clock, *others, "tests/loop", "tests/host"],
        "firmware": [*keep_clock, *firmware, "tests/monitor"],
        "compute": ["--timeout=600", *(f"tests/{name}" for name in folders), *apart],  # may wait
    }


def pytest(cache: str, *arguments: str) -> list[str]:
    """Its command line; which failed is kept under that name."""
    return [sys.executable, "-m", "pytest", "--cache-clear", "-o", f"cache_dir={CACHE / cache}",
            *arguments]  # fmt: skip


def several(cache: str, arguments: list[str]) -> list[str]:
    """The command line for some files at a time."""
    return pytest(cache, "-n", str(AT_ONCE), "--dist", "loadfile", "--no-loadscope-reorder",
                  *arguments)  # fmt: skip


def once_more(status: int, *caches: str) -> int:
    """That status of these runs, or that of those on the clock that failed, run again."""
    kept = [CACHE / name / "v/cache/lastfailed" for name in caches]
    known = [json.loads(path.read_text()) for path in kept if path.exists()]
    failed = sorted({name for names in known for name in names})
    keeps_clock = tuple(f"tests/{folder}/" for folder in ON_THE_CLOCK)
    few = 0 < len(failed) <= MOST and all(name.startswith(keeps_clock) for name in failed)
    if status != FAILED or not few:
        return status
    print("Failed beside others; once more with the machine to themselves:", *failed, sep="\n  ")
    sys.stdout.flush()
    return subprocess.run(pytest("again", *failed), cwd=ROOT).returncode


def only_what_is_left() -> None:
    """Of the processors."""
    with suppress(OSError):  # where it may not be chosen, they share
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


class Beside:
    """A run of pytest in the background; what it says is shown when it has ended."""

    def __init__(self, command: list[str], *, idle: bool = False) -> None:
        self._said = tempfile.TemporaryFile("w+")
        self._program = subprocess.Popen(
            command, cwd=ROOT, stdout=self._said, stderr=subprocess.STDOUT, process_group=0,
            preexec_fn=only_what_is_left if idle else None,
        )  # fmt: skip

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, *_: object) -> None:
        """Ends what still runs of it."""
        if self._program.poll() is None:
            os.killpg(self._program.pid, signal.SIGKILL)
            self._program.wait()
        self._said.close()

    def ended(self) -> int:
        """Waits for it and shows what it said; its exit status."""
        status = self._program.wait()
        self._said.seek(0)
        print(self._said.read(), flush=True)
        return status

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """It and all that it started, meanwhile."""
        os.killpg(self._program.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self._program.pid, signal.SIGCONT)


def main(chosen: list[str]) -> int:
    """Exit status; all that were chosen, or all there are."""
    if chosen:
        return once_more(subprocess.run(several("chosen", chosen), cwd=ROOT).returncode, "chosen")
    every = kinds()
    with ExitStack() as running:
        compute = running.enter_context(Beside(several("compute", every["compute"]), idle=True))
        firmware = running.enter_context(Beside(several("firmware", every["firmware"])))
        sessions = ["nice", "-n", str(POLITE), *several("sessions", every["sessions"])]
        status = subprocess.run(sessions, cwd=ROOT).returncode
        status = max(status, firmware.ended())
        with compute.standing_still():
            alone = subprocess.run(pytest("alone", "-m", "alone", *marked("alone")), cwd=ROOT)
        status = max(status, alone.returncode)
        computed = compute.ended()
    return once_more(status, "sessions", "firmware", "alone") or computed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
