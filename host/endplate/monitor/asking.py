# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the control process without holding up the window: a STOP never waits for another answer.

Two lanes, each in its own order: what stops the hand, and everything else. Whatever stops takes
what the other lane has not sent yet out of it, so that no ARM that was asked for before a STOP is
sent after it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from endplate.errors import EndplateError
from endplate.live.requests import ask

Said = str | Callable[[dict[str, Any]], str]
STOPPING = ("stop", "disarm", "release", "estop")
ANSWER_S = 2.0
NOBODY = "No session is on: start a visit on the page Patient first."


class Asking(QObject):
    """`say(verb, done)` asks; `answered` brings what `done` makes of the reply, or the sentence of
    the refusal."""

    answered = pyqtSignal(str)

    def __init__(self, directory: Path | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._directory = directory
        self._urgent = ThreadPoolExecutor(1, "ask-urgent")
        self._other = ThreadPoolExecutor(1, "ask")
        self._waiting: list[Future[None]] = []

    def look_at(self, directory: Path | None) -> None:
        """Another session folder from now on; what was not sent to the last one is taken back."""
        for request in self._waiting:
            request.cancel()
        self._waiting.clear()
        self._directory = directory

    def say(self, verb: str, done: Said, **fields: Any) -> None:
        """Sends the request from a thread; `done` is what to show when it was granted, or makes
        that of the reply."""
        if verb in STOPPING:
            for request in self._waiting:
                request.cancel()
            self._waiting.clear()
            self._urgent.submit(self._ask, verb, done, fields)
            return
        self._waiting = [request for request in self._waiting if not request.done()]
        self._waiting.append(self._other.submit(self._ask, verb, done, fields))

    def _ask(self, verb: str, done: Said, fields: dict[str, Any]) -> None:
        directory = self._directory
        if directory is None:
            self.answered.emit(NOBODY)
            return
        try:
            reply = ask(directory, verb, timeout_s=ANSWER_S, **fields)
        except EndplateError as error:
            self.answered.emit(str(error))
        else:
            self.answered.emit(done if isinstance(done, str) else done(reply))

    def close(self) -> None:
        """Lets go of what has not been sent, and waits for what has."""
        self._other.shutdown(wait=True, cancel_futures=True)
        self._urgent.shutdown(wait=True)
