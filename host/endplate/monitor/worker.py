# SPDX-License-Identifier: GPL-3.0-or-later
"""Work that may take a disk's time or a lock's: one after the other in a thread, what comes of it
in the window's."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from PyQt6.QtCore import QObject, pyqtSignal

from endplate.errors import EndplateError

T = TypeVar("T")


class Worker(QObject):
    """One thread, in the order of the calls."""

    _over = pyqtSignal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread = ThreadPoolExecutor(1, "work")
        self._over.connect(lambda tell: tell())

    def do(
        self, work: Callable[[], T], done: Callable[[T], object], failed: Callable[[str], object]
    ) -> None:
        """`done(result)`, or `failed(sentence)` after an EndplateError."""

        def run() -> None:
            try:
                found = work()
            except EndplateError as error:
                sentence = str(error)
                self._over.emit(lambda: failed(sentence))
            else:
                self._over.emit(lambda: done(found))

        self._thread.submit(run)

    def end(self) -> None:
        """Waits for what is being done."""
        self._thread.shutdown(wait=True)
