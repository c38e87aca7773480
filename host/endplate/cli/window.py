# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens the monitor beside a command: a process of its own, which ends with the command."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def monitor(directory: Path, wanted: bool = True) -> Iterator[subprocess.Popen[bytes] | None]:
    """The window on the session folder `directory`, or None when it is not wanted."""
    if not wanted:
        yield None
        return
    window = subprocess.Popen(
        [sys.executable, "-m", "endplate.monitor", "--session", str(directory)]
    )
    try:
        yield window
    finally:
        window.terminate()
        window.wait()
