# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this machine had a processor to spare: what an emulator does in time depends on that."""

from __future__ import annotations

from pathlib import Path

MOST_PERCENT = 20.0


def pressure() -> float:
    """Share of the last ten seconds in which some program waited for a processor, %."""
    try:
        return float(Path("/proc/pressure/cpu").read_text().split("avg10=")[1].split()[0])
    except (OSError, IndexError, ValueError):
        return 100.0


def none_to_spare() -> str:
    """Why, or "" when there was one."""
    now = pressure()
    return f"no processor to spare ({now:.0f} %): chrt -r 5" if now > MOST_PERCENT else ""
