# SPDX-License-Identifier: GPL-3.0-or-later
"""What the recording is called that the session writes, as results name it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

ENDINGS = (".journal", ".bdf")  # while it is written, and after


def recording_of(status: Mapping[str, Any]) -> str:
    """Without ending; "" while nothing is recorded."""
    path = (status.get("recording") or {}).get("path") or ""
    name = Path(path).name
    for ending in ENDINGS:
        name = name.removesuffix(ending)
    return name


def file_of(status: Mapping[str, Any]) -> str | None:
    """The file as it will lie in the visit's folder; None while nothing is recorded."""
    name = recording_of(status)
    return f"{name}.bdf" if name else None
