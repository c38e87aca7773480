# SPDX-License-Identifier: GPL-3.0-or-later
"""A hand on the mouse: clicks, keys and words into a window that is really shown, each with its
time in a log, and pictures of what is seen."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QWidget

LOOK_MS = 20


@dataclass
class Clicker:
    """`presses` counts clicks and keys, every letter as one. Pictures go to `folder`."""

    folder: Path
    window: QWidget
    presses: int = 0
    log: list[str] = field(default_factory=list)
    _begun: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self._begun

    def note(self, what: str) -> None:
        """A line of the log, and of stdout."""
        self.log.append(f"{self.seconds:7.1f} s  {self.presses:3d} presses  {what}")
        print(self.log[-1], flush=True)

    def click(self, widget: QWidget, what: str, at: QPoint | None = None) -> None:
        """With the left button, in the middle or `at`."""
        self.until(lambda: widget.isVisible() and widget.isEnabled(), f"{what} can be clicked")
        self.presses += 1
        self.note(f"click  {what}")
        QTest.mouseClick(
            widget, Qt.MouseButton.LeftButton, pos=at or widget.rect().center(), delay=LOOK_MS
        )

    def key(self, key: Qt.Key | str, what: str) -> None:
        """Into whatever has the focus."""
        self.presses += 1
        self.note(f"key    {what}")
        QTest.keyClick(QApplication.focusWidget() or self.window, key, delay=LOOK_MS)

    def words(self, widget: QWidget, text: str) -> None:
        """Typed into a line."""
        widget.setFocus()
        self.presses += len(text)
        self.note(f"types  {text}")
        QTest.keyClicks(widget, text)

    def drag(self, widget: QWidget, start: QPoint, end: QPoint, what: str) -> None:
        """From one place of a widget to another."""
        self.presses += 1
        self.note(f"drag   {what}")
        QTest.mousePress(widget, Qt.MouseButton.LeftButton, pos=start, delay=LOOK_MS)
        for share in (0.3, 0.6, 1.0):
            QTest.mouseMove(widget, start + (end - start) * share, delay=5 * LOOK_MS)
        QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=end, delay=LOOK_MS)

    def until(
        self, condition: Callable[[], bool], what: str, within_s: float = 5.0,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        """Waits; raises AssertionError with what was waited for."""
        end = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < end, f"waited {within_s:g} s in vain: {what}"
            meanwhile()
            QTest.qWait(LOOK_MS)

    def look(self, name: str, settle_s: float = 0.4) -> None:
        """A picture of the window as it is."""
        QTest.qWait(int(1000 * settle_s))
        path = self.folder / f"{name}.png"
        self.window.grab().save(str(path))
        self.note(f"looks  {path.name}")
