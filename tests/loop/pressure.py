# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this machine had a processor to spare: what an emulator does in time depends on that."""

from __future__ import annotations

import time
from pathlib import Path

MOST_PERCENT = 20.0


class Pressure:
    """From when it is made on."""

    def __init__(self) -> None:
        self._began, self._waited_us = time.monotonic(), _waited_us()

    def percent(self) -> float:
        """Share of the time since then in which some program waited for a processor."""
        if self._waited_us is None:  # a kernel that does not tell
            return 100.0
        passed_us = (time.monotonic() - self._began) * 1e6
        return 100.0 * ((_waited_us() or 0) - self._waited_us) / passed_us

    def none_to_spare(self) -> str:
        """Why, or "" when there was one."""
        percent = self.percent()
        if percent <= MOST_PERCENT:
            return ""
        return f"no processor to spare ({percent:.0f} %): chrt -r 5"


def _waited_us() -> int | None:
    try:
        return int(Path("/proc/pressure/cpu").read_text().split("total=")[1].split()[0])
    except (OSError, IndexError, ValueError):
        return None
