# SPDX-License-Identifier: GPL-3.0-or-later
"""What left for the hand and when, as small binary files for benches: never in the loop's way.

    commands.bin  sample <i8, sent_ns <i8, target <i2[8]     every COMMAND handed to the port
    applied.bin   sample <i8, applied_ns <i8, error_ns <i8   when the motor goals made from it left

Times are monotonic nanoseconds of this machine. The loop appends to memory; a thread writes five
times a second and gives up silently when the disk is full: these files are no medical record.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

COMMANDS = np.dtype([("sample", "<i8"), ("sent_ns", "<i8"), ("target", "<i2", (8,))])
APPLIED = np.dtype([("sample", "<i8"), ("applied_ns", "<i8"), ("error_ns", "<i8")])
EVERY_S = 0.2
_KEPT = 1 << 16  # records that may wait for a slow disk; older ones are dropped


def records(path: Path, dtype: np.dtype) -> np.ndarray:
    """Fixed-size records of a file that may still grow; a last one cut short is left out."""
    if not path.exists():
        return np.zeros(0, dtype)
    data = path.read_bytes()
    return np.frombuffer(data[: len(data) // dtype.itemsize * dtype.itemsize], dtype)


class Traces:
    """`command(...)` and `applied(...)` from the loop; close() writes what is left."""

    def __init__(self, directory: Path) -> None:
        self._waiting: dict[str, deque[Any]] = {
            "commands": deque(maxlen=_KEPT),
            "applied": deque(maxlen=_KEPT),
        }
        self._types = {"commands": COMMANDS, "applied": APPLIED}
        self._files = {name: (directory / f"{name}.bin").open("wb", 0) for name in self._types}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="traces", daemon=True)
        self._thread.start()

    def command(self, sample: int, sent_ns: int, target: list[int]) -> None:
        """A COMMAND was handed to the port."""
        self._waiting["commands"].append((sample, sent_ns, target))

    def applied(self, sample: int, applied_ns: int, error_ns: int) -> None:
        """The hand told when it applied one."""
        self._waiting["applied"].append((sample, applied_ns, error_ns))

    def _run(self) -> None:
        while not self._end.wait(EVERY_S):
            self._write()

    def _write(self) -> None:
        for name, waiting in self._waiting.items():
            records = [waiting.popleft() for _ in range(len(waiting))]
            if records:
                with suppress(OSError):
                    self._files[name].write(np.array(records, self._types[name]).tobytes())

    def close(self) -> None:
        """Writes the rest and closes the files."""
        self._end.set()
        self._thread.join()
        self._write()
        for file in self._files.values():
            file.close()
