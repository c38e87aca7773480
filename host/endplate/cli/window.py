# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens the monitor beside a command: a process of its own, which ends with the command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from endplate.errors import SessionError, UsageError

ELSEWHERE = (
    "start this where there is a display, under `xvfb-run`, or with QT_QPA_PLATFORM=offscreen"
)


def displayed() -> bool:
    """Whether there is a display to draw a window on."""
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def needed() -> None:
    """Raises UsageError where no window could be drawn."""
    if not displayed() and not os.environ.get("QT_QPA_PLATFORM"):
        raise UsageError(f"The window is to be measured and there is no display: {ELSEWHERE}.")


def open_still(window: subprocess.Popen[bytes] | None) -> None:
    """Raises SessionError when the window is gone: figures with it open would be none."""
    if window is not None and window.poll() is not None:
        raise SessionError(
            "The window did not stay open, so latency with it open was not measured: "
            f"{ELSEWHERE}, and leave the window open."
        )


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
