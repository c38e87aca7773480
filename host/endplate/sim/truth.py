# SPDX-License-Identifier: GPL-3.0-or-later
"""What the patient meant, and when each sample was written: records in a growing file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

#: `sample`: counted from 0 at each start of the stream, lost ones too; for a Daisy a sample is a
#: row of 16 channels. `write_ns`: host's monotonic clock just after the sample's (last) packet was
#: written, 0 when it was lost. `intent`: effort per DoF in the order hand, wrist_rotation,
#: wrist_flexion, elbow, then 0.
TRUTH = np.dtype([("sample", "<i8"), ("write_ns", "<i8"), ("intent", "<f4", (8,))])


class TruthLog:
    """Appends records; `flush` is called by the board's loop several times a second."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("wb", buffering=0)
        self._records = np.zeros(256, TRUTH)
        self._count = 0

    def add(self, sample: int, write_ns: int, intent: np.ndarray) -> None:
        """One sample; `intent` [<= 8]."""
        if self._count == len(self._records):
            self.flush()
        record = self._records[self._count]
        record["sample"] = sample
        record["write_ns"] = write_ns
        record["intent"][: len(intent)] = intent
        self._count += 1

    def flush(self) -> None:
        """Makes all records visible to readers."""
        if self._count:
            self._file.write(self._records[: self._count].tobytes())
            self._count = 0

    def close(self) -> None:
        """Flushes and closes."""
        self.flush()
        self._file.close()


def read_truth(path: Path) -> np.ndarray:
    """All whole records of a truth file that may still grow."""
    data = path.read_bytes()
    return np.frombuffer(data[: len(data) // TRUTH.itemsize * TRUTH.itemsize], TRUTH)
