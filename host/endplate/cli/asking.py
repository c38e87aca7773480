# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests of a terminal to the running session: none holds up the display, a STOP waits for no
other answer, and marks keep their order."""

from __future__ import annotations

import queue
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from endplate.clinic.trials.played import Told, worded
from endplate.errors import EndplateError
from endplate.live.requests import ask
from endplate.monitor import words

ANSWER_S = 2.0


class Asking:
    """Context manager; `answer` is the last one in words. What `mark` is told comes with
    `deliver`, in the caller's thread."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._requests = ThreadPoolExecutor(8, "ask")
        self._marks = ThreadPoolExecutor(1, "mark")
        self._fell: queue.Queue[tuple[Told, int | None]] = queue.Queue()
        self.answer = ""

    def say(self, verb: str, **fields: Any) -> None:
        """One request, from a thread of its own."""
        self._requests.submit(self._say, verb, fields)

    def _say(self, verb: str, fields: dict[str, Any]) -> None:
        try:
            reply = ask(self._directory, verb, timeout_s=ANSWER_S, **fields)
            self.answer = words.done(verb, {**fields, **reply})
        except EndplateError as error:
            self.answer = str(error)

    def mark(self, text: str, told: Told = lambda sample: None, **more: Any) -> None:
        """See played.Marking."""
        self._marks.submit(self._mark, worded(text, more), told)

    def _mark(self, text: str, told: Told) -> None:
        sample = None
        try:
            sample = int(ask(self._directory, "mark", timeout_s=ANSWER_S, text=text)["sample"])
        except EndplateError as error:
            self.answer = str(error)
        self._fell.put((told, sample))

    def deliver(self) -> None:
        """Tells where the marks fell that were answered since."""
        while not self._fell.empty():
            told, sample = self._fell.get()
            told(sample)

    def __enter__(self) -> Asking:
        return self

    def __exit__(self, *_: object) -> None:
        self._marks.shutdown(wait=True)
        self._requests.shutdown(wait=True)
