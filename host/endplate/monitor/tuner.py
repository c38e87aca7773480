# SPDX-License-Identifier: GPL-3.0-or-later
"""What is dragged on the bars: asked of the session at once, kept in the visit's profile when the
session has it, and taken back step by step."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from endplate.clinic.tuning import keep_tuned
from endplate.monitor.here import Here
from endplate.monitor.words import plain
from endplate.monitor.worker import Worker

GRANTED_S = 2.0  # a change that the session does not show by then was refused, which it said
ONLY_NOW = "It lasts until this session ends: it is kept in a visit of a patient."


@dataclass(frozen=True)
class Change:
    """Of one DoF: what it is to be, and what it was. `back`: it takes another one back."""

    dof: str
    after: Mapping[str, float]
    before: Mapping[str, float]
    back: bool = False


class Tuner(QObject):
    """`asked` as of a page; `said` brings what became of a change."""

    asked = pyqtSignal(str, dict)
    said = pyqtSignal(str)

    def __init__(self, here: Here, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._here = here
        self._done: list[Change] = []  # what can be taken back
        self._waiting: list[tuple[Change, float]] = []
        self._drives = ""
        self._worker = Worker(self)

    def begin(self) -> None:
        """Another session: nothing of the last is taken back in it."""
        self._done.clear()
        self._waiting.clear()

    def ask(self, dof: str, shape: Mapping[str, float]) -> None:
        """While a handle moves."""
        self.asked.emit("tune", {"dof": dof, **shape})

    def settle(self, dof: str, after: Mapping[str, float], before: Mapping[str, float]) -> None:
        """It was let go."""
        self._wait(Change(dof, after, before))

    def undo(self) -> bool:
        """The last change; False without one."""
        if not self._done:
            return False
        last = self._done.pop()
        self.ask(last.dof, last.before)
        self._wait(Change(last.dof, last.before, last.after, back=True))
        return True

    def _wait(self, change: Change) -> None:
        self._waiting = [one for one in self._waiting if one[0].dof != change.dof]
        self._waiting.append((change, time.monotonic() + GRANTED_S))

    def look(self, status: Mapping[str, Any]) -> None:
        """Whether what was asked for is in force."""
        drives = str((status.get("beside") or {}).get("drives", ""))
        if drives != self._drives:  # what was tuned does not drive any more
            self._drives = drives
            self.begin()
        waiting, self._waiting = self._waiting, []
        for change, until in waiting:
            if _same((status.get("shape") or {}).get(change.dof), change.after):
                self._granted(change, status)
            elif time.monotonic() <= until:
                self._waiting.append((change, until))

    def _granted(self, change: Change, status: Mapping[str, Any]) -> None:
        if not change.back:
            self._done.append(change)
        visit, path = self._here.visit, (status.get("profile") or {}).get("path")
        if visit is None or not path:
            self.said.emit(ONLY_NOW)
            return
        direct = bool((status.get("beside") or {}).get("direct"))
        fields = {"dof": change.dof, **change.after}
        folder = visit.folder

        def kept(out: Path) -> None:
            self.asked.emit("named", {"path": str(out)})
            words = "is as it was before" if change.back else "is tuned; Ctrl+Z takes it back"
            self.said.emit(f"{plain(change.dof).capitalize()} {words}. Kept.")

        self._worker.do(
            lambda: keep_tuned(Path(path), folder, fields, direct=direct), kept,
            lambda why: self.said.emit(f"{why} What drives has the change all the same."),
        )  # fmt: skip

    def end(self) -> None:
        """Waits for what is being kept."""
        self._worker.end()


def _same(now: Mapping[str, float] | None, wanted: Mapping[str, float]) -> bool:
    return now is not None and all(abs(now[key] - wanted[key]) < 1e-6 for key in wanted)
