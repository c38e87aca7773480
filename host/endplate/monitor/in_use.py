# SPDX-License-Identifier: GPL-3.0-or-later
"""Which profile the session decodes with, on whose word: a calibration is used when somebody says
so, or tried as a shadow first, and either is taken back. The files are clinic/chosen.py's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from endplate.clinic.chosen import Chosen
from endplate.monitor.here import Here
from endplate.monitor.worker import Worker


class InUse(QObject):
    """`asked` as of a page; `said` brings a sentence; `chose(path)`: the file that somebody chose
    is in use now, by its button or from a shadow."""

    asked = pyqtSignal(str, dict)
    said = pyqtSignal(str)
    chose = pyqtSignal(str)

    def __init__(self, here: Here, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._here = here
        self.loaded: Path | None = None  # what the session decodes with
        self._chosen: Chosen | None = None
        self._back: list[Path] = []  # without a visit
        self._promoted = False
        self._worker = Worker(self)

    def begin(self) -> None:
        """Another session."""
        self._chosen, self.loaded, self._promoted = None, None, False
        self._back.clear()

    @property
    def _of_visit(self) -> Chosen | None:
        visit = self._here.visit
        if self._chosen is None and visit is not None:
            self._chosen = Chosen(visit.folder)
        return self._chosen

    def use(self, path: Path) -> None:
        """The session decodes with it from now on."""
        chosen, loaded = self._of_visit, self.loaded
        if chosen is None:
            if loaded is not None:
                self._back.append(loaded)
            self._load(path)
            self.chose.emit(str(path))
            return

        def done(out: Path | None) -> None:
            self._load(out)
            self.chose.emit(str(path))

        self._do(lambda: chosen.use(path, loaded), done)

    def shadow(self, path: Path) -> None:
        """It runs beside what drives."""
        self.asked.emit("shadow", {"path": str(path)})

    def undo(self) -> bool:
        """Back to what was used before; False when there is nothing to go back to without a visit,
        which is all that is known at once."""
        chosen = self._of_visit
        if chosen is None:
            if self._back:
                self._load(self._back.pop())
                return True
            return False
        self._do(chosen.undo, self._undone)
        return True

    def _undone(self, out: Path | None) -> None:
        if out is None:
            self.said.emit("There is nothing to take back on this page.")
        self._load(out)

    def look(self, status: Mapping[str, Any]) -> None:
        """What is loaded; a candidate that drives, having been promoted, becomes the visit's, and
        what drove before is the visit's again when it is demoted."""
        path = (status.get("profile") or {}).get("path")
        before, self.loaded = self.loaded, Path(path) if path else None
        beside = status.get("beside") or {}
        if beside.get("direct"):
            return  # of the same profile
        was, self._promoted = self._promoted, bool(beside.get("promoted"))
        chosen, now = self._of_visit, self.loaded
        if was == self._promoted or chosen is None or now is None:
            return
        if self._promoted:

            def done(out: Path | None) -> None:
                self._name(out)
                if out is not None:
                    self.chose.emit(str(now))

            self._do(lambda: chosen.promoted(now, before), done)
        else:
            self._do(chosen.demoted, self._name)

    def _load(self, path: Path | None) -> None:
        if path is not None:
            self.asked.emit("profile", {"path": str(path)})

    def _name(self, path: Path | None) -> None:
        if path is not None:
            self.asked.emit("named", {"path": str(path)})

    def _do(self, work: Callable[[], Path | None], done: Callable[[Path | None], None]) -> None:
        """Disks may take long, and locks."""
        self._worker.do(work, done, self.said.emit)

    def end(self) -> None:
        """Waits for what is being written."""
        self._worker.end()
