# SPDX-License-Identifier: GPL-3.0-or-later
"""The line at the foot: what was said last, for a while and while it is true, else what to do."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from PyQt6.QtCore import QObject, QTimer
from PyQt6.QtWidgets import QLabel

from endplate.monitor.words import TRUE_OF_HAND

SAID_S = 20.0
LONG_S = 120.0  # for what is read like a page
SETTLED_S = 1.0  # a request is answered before the feed shows what it did


class StatusLine(QObject):
    """`resting` is what stands there while nothing is said."""

    def __init__(self, label: QLabel, resting: Callable[[], str]) -> None:
        super().__init__(label)
        self._label, self._resting = label, resting
        self._said, self._at = "", 0.0
        self._doing: list[str] = []
        self._over = QTimer(self)
        self._over.setSingleShot(True)
        self._over.timeout.connect(self.rest)

    def say(self, sentence: str, seconds: float = SAID_S) -> None:
        """For so long; "" takes back what was said."""
        self._said, self._at = sentence, time.monotonic()
        self._over.start(round(1000 * seconds))
        self.show_now()

    def rest(self) -> None:
        """Nothing is said any more."""
        self._over.stop()
        self._said = ""
        self.show_now()

    def show_now(self) -> None:
        """As it is to stand."""
        text = self._said or self._resting()
        if text != self._label.text():
            self._label.setText(text)

    def follow(self, doing: list[str]) -> None:
        """What the patient does on each page, "" nothing: what was said is of the last task when
        another one begins."""
        before, self._doing = self._doing, doing
        if any(now and now not in before for now in doing):
            self.rest()
        else:
            self.show_now()

    def look(self, status: Mapping[str, Any]) -> None:
        """What was said of the hand goes when the hand is in another state."""
        states = TRUE_OF_HAND.get(self._said)
        if states is None or time.monotonic() - self._at < SETTLED_S:
            return
        hand = status.get("hand") or {}
        if not hand.get("connected") or hand.get("word") not in states:
            self.rest()
