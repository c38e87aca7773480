# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches the feed at the screen's pace: one timer, one signal; everything in the window hangs on
it."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QObject, Qt, QTimer, pyqtSignal

from endplate.clinic.frames import Frames
from endplate.clinic.frames import Fresh as Fresh
from endplate.errors import SessionError
from endplate.live.feed import FeedInfo, FeedReader

FRAME_MS = 33
RETRY_MS = 500


class FeedWatch(QObject):
    """Emits `begun(info)` when a feed appears, `fresh(Fresh)` about 30 times a second,
    `gone(sentence)` when it ends."""

    begun = pyqtSignal(object)
    fresh = pyqtSignal(object)
    gone = pyqtSignal(str)

    def __init__(self, directory: Path | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.directory = directory
        self._reader: FeedReader | None = None
        self._frames: Frames | None = None
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._frame)

    def start(self) -> None:
        """Begins to watch; call it once the window is shown."""
        self._timer.start(0)

    def look_at(self, directory: Path | None) -> None:
        """Another session folder from now on; None: none, until there is one."""
        was_on = self._reader is not None
        self.directory, self._reader = directory, None
        if was_on:
            self.gone.emit("")
        if self._timer.isActive():
            self._timer.start(0)

    def stop(self) -> None:
        """No more signals."""
        self._timer.stop()
        self._reader = None

    def _frame(self) -> None:
        if self._reader is None or self._frames is None:
            self._open()
            return
        if not self._reader.alive:
            self._reader = None
            self._timer.start(RETRY_MS)
            self.gone.emit(
                "The control process has ended; the window shows it again as soon as it is back."
            )
            return
        self.fresh.emit(self._frames.look())

    def _open(self) -> None:
        if self.directory is None:
            self._timer.start(RETRY_MS)
            return
        try:
            reader = FeedReader(self.directory / "feed")
        except SessionError as error:
            self._timer.start(RETRY_MS)
            self.gone.emit(str(error))
            return
        if not reader.alive:
            self._timer.start(RETRY_MS)
            self.gone.emit("Nothing is running here yet; the window waits for it.")
            return
        self._reader, self._frames = reader, Frames(reader)
        info: FeedInfo = reader.info
        self._timer.start(FRAME_MS)
        self.begun.emit(info)
