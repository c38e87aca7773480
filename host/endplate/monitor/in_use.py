# SPDX-License-Identifier: GPL-3.0-or-later
"""Which profile the session decodes with, on whose word: a calibration is used when somebody says
so, or tried as a shadow first, and either is taken back.

What a calibration made lies beside the visit's profile (desk.CANDIDATE) until it is used, or until
it has been promoted from a shadow: a visit never begins with one that nobody chose.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from endplate.clinic.desk import CANDIDATE, PROFILE
from endplate.clinic.fitting import adopt, taken_back
from endplate.errors import EndplateError
from endplate.monitor.here import Here


class InUse(QObject):
    """`asked` as of a page; `said` brings a sentence."""

    asked = pyqtSignal(str, dict)
    said = pyqtSignal(str)

    def __init__(self, here: Here, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._here = here
        self.loaded: Path | None = None  # what the session decodes with
        self._adopting: Path | None = None  # told to the session, which does not show it yet
        self._back: list[tuple[Path, bool]] = []  # to load again; True: one version earlier

    def begin(self) -> None:
        """Another session."""
        self._back.clear()
        self.loaded = None

    def use(self, path: Path) -> bool:
        """The session decodes with it from now on; False when it could not be kept."""
        out = self._adopted(path)
        if out is None:
            return False
        if self.loaded is not None:
            self._back.append((self.loaded, self.loaded == out))
        self.asked.emit("profile", {"path": str(out)})
        return True

    def shadow(self, path: Path) -> None:
        """It runs beside what drives."""
        self.asked.emit("shadow", {"path": str(path)})

    def undo(self) -> bool:
        """Back to what was used before; False when there is nothing."""
        if not self._back:
            return False
        path, earlier = self._back.pop()
        try:
            if earlier:
                taken_back(path)
        except EndplateError as error:
            self.said.emit(str(error))
            return True
        self.asked.emit("profile", {"path": str(path)})
        return True

    def look(self, status: Mapping[str, Any]) -> None:
        """What is loaded; a candidate that drives, having been promoted, becomes the visit's."""
        path = (status.get("profile") or {}).get("path")
        self.loaded = Path(path) if path else None
        beside = status.get("beside") or {}
        promoted = bool(beside.get("promoted")) and not beside.get("direct")
        if not promoted or self.loaded is None or self.loaded != self._adopting:
            self._adopting = None
        if promoted and self.loaded is not None and self._adopting is None:
            out = self._adopted(self.loaded)
            if out is not None and out != self.loaded:
                self._adopting = self.loaded
                self.asked.emit("named", {"path": str(out)})

    def _adopted(self, path: Path) -> Path | None:
        visit = self._here.visit
        if visit is None or path != visit.folder / CANDIDATE:
            return path
        try:
            return adopt(path, visit.folder / PROFILE)
        except EndplateError as error:
            self.said.emit(str(error))
            return None
