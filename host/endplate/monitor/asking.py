# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the control process without holding up the window: a STOP never waits for another answer.

Three lanes, each in its own order: what stops the hand, marks in the recording, and everything
else. Whatever stops takes what the last lane has not sent yet out of it, so that no ARM that was
asked for before a STOP is sent after it. Marks are never taken back.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from endplate.clinic.trials.played import Told, worded
from endplate.errors import EndplateError
from endplate.live.requests import ask

Said = str | Callable[[dict[str, Any]], str]
STOPPING = ("stop", "disarm", "release", "estop")
ANSWER_S = 2.0
NOBODY = "No session is on: start a visit on the page Patient first."


class Asking(QObject):
    """`say(verb, done)` asks; `answered` brings what `done` makes of the reply, or the sentence of
    the refusal. `mark(text, told)` tells in the window's thread where the mark fell."""

    answered = pyqtSignal(str)
    _fell = pyqtSignal(object, object)

    def __init__(self, directory: Path | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._directory = directory
        self._urgent = ThreadPoolExecutor(1, "ask-urgent")
        self._marks = ThreadPoolExecutor(1, "mark")
        self._other = ThreadPoolExecutor(1, "ask")
        self._waiting: list[Future[None]] = []
        self._fell.connect(self._tell)
        self._closed = False

    def look_at(self, directory: Path | None) -> None:
        """Another session folder from now on; what was not sent to the last one is taken back."""
        for request in self._waiting:
            request.cancel()
        self._waiting.clear()
        self._directory = directory

    def say(self, verb: str, done: Said, **fields: Any) -> None:
        """Sends the request from a thread; `done` is what to show when it was granted, or makes
        that of the reply."""
        if self._closed:  # what a thread of a page had still to say
            return
        if verb in STOPPING:
            for request in self._waiting:
                request.cancel()
            self._waiting.clear()
            self._urgent.submit(self._ask, verb, done, fields)
            return
        self._waiting = [request for request in self._waiting if not request.done()]
        self._waiting.append(self._other.submit(self._ask, verb, done, fields))

    def mark(self, text: str, told: Told = lambda sample: None, **more: Any) -> None:
        """In the recording of the session that is on now; `more` stands behind the text as JSON.
        `told(sample)` hears its index, or None after the sentence of the refusal."""
        if self._closed:
            return
        self._marks.submit(self._mark, self._directory, worded(text, more), told)

    def _mark(self, directory: Path | None, text: str, told: Told) -> None:
        reply = self._send(directory, "mark", {"text": text})
        self._fell.emit(told, None if reply is None else int(reply["sample"]))

    def _tell(self, told: Told, sample: int | None) -> None:
        told(sample)

    def _ask(self, verb: str, done: Said, fields: dict[str, Any]) -> None:
        reply = self._send(self._directory, verb, fields)
        if reply is not None:
            self.answered.emit(done if isinstance(done, str) else done(reply))

    def _send(
        self, directory: Path | None, verb: str, fields: dict[str, Any]
    ) -> dict[str, Any] | None:
        """The reply; None after the sentence of a refusal."""
        if directory is None:
            self.answered.emit(NOBODY)
            return None
        try:
            return ask(directory, verb, timeout_s=ANSWER_S, **fields)
        except EndplateError as error:
            self.answered.emit(str(error))
            return None

    def close(self) -> None:
        """Lets go of what has not been sent, but for marks, and waits for what has."""
        self._closed = True
        self._other.shutdown(wait=True, cancel_futures=True)
        self._marks.shutdown(wait=True)
        self._urgent.shutdown(wait=True)
