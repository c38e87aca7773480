# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks in the recording, asked for beside the window: where each fell is told when it is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from endplate.errors import EndplateError
from endplate.live.requests import ask

ANSWER_S = 2.0
NOBODY = "No session is on: start a visit on the page Patient first."


class Marking(QObject):
    """`mark(text, told)`: in the order of the calls; `told(sample)` comes in the window's thread
    with the index of the sample, or `told(None)` after `refused(sentence)`."""

    refused = pyqtSignal(str)
    _came = pyqtSignal(object, object, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._directory: Path | None = None
        self._thread = ThreadPoolExecutor(1, "mark")
        self._came.connect(self._take)

    def look_at(self, directory: Path | None) -> None:
        """The session's folder from now on; None: none."""
        self._directory = directory

    def mark(
        self, text: str, told: Callable[[int | None], None] = lambda sample: None, **more: Any
    ) -> None:
        """`more` stands behind the text as JSON."""
        words = f"{text} {json.dumps(more, separators=(',', ':'))}" if more else text
        self._thread.submit(self._ask, self._directory, words, told)

    def _ask(self, directory: Path | None, text: str, told: Callable[[int | None], None]) -> None:
        if directory is None:
            self._came.emit(told, None, NOBODY)
            return
        try:
            sample = int(ask(directory, "mark", timeout_s=ANSWER_S, text=text)["sample"])
        except EndplateError as error:
            self._came.emit(told, None, str(error))
        else:
            self._came.emit(told, sample, "")

    def _take(self, told: Callable[[int | None], None], sample: int | None, why: str) -> None:
        if why:
            self.refused.emit(why)
        told(sample)

    def close(self) -> None:
        """Waits for what was asked for."""
        self._thread.shutdown(wait=True)
