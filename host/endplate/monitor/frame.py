# SPDX-License-Identifier: GPL-3.0-or-later
"""What is around every page: the bar above, the rail of pages, the foot with STOP and RELEASE."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from endplate.live.feed import FeedInfo
from endplate.monitor import words
from endplate.monitor.pages.page import Step
from endplate.monitor.room import Elided, Wrapped

WHO = 340  # pixels of code and visit


class TopBar(QFrame):
    """Who is here, board, hand, prompt, latency, recording: always seen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "bar")
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 16, 8)
        row.setSpacing(24)
        self.simulated, self.who = QLabel("SIMULATED"), Elided("")
        self.who.setMaximumWidth(WHO)
        self.board, self.hand = QLabel("No board"), QLabel("No hand")
        self.prompt, self.latency, self.recording = Elided(""), QLabel(""), QLabel("")
        self.simulated.setProperty("role", "simulated")
        self.simulated.hide()
        self.prompt.setProperty("role", "heading")
        for label in (self.simulated, self.who, self.board, self.hand):
            row.addWidget(label)
        row.addStretch(1)
        row.addWidget(self.prompt)
        row.addStretch(1)
        row.addWidget(self.latency)
        row.addWidget(self.recording)

    def begin(self, info: FeedInfo) -> None:
        """Another session."""
        self._name = info.board
        self.simulated.setVisible(info.simulated)

    def show_status(self, status: dict[str, Any]) -> None:
        """From the session's status."""
        board, recording = status.get("board") or {}, status.get("recording") or {}
        if board.get("health") == "ok":
            self.board.setText(f"♥ {self._name} {board.get('rate_hz', 0):g} Hz")
        else:
            self.board.setText("✕ No samples")  # why stands below, see Alerts
        self.hand.setText(words.hand(status))
        wire = (status.get("latency_ms") or {}).get("arrival_to_wire") or {}
        self.latency.setText(f"p95 {wire['p95']:.1f} ms" if wire.get("n") else "")
        if recording.get("path"):
            mark = "●" if recording.get("health", "ok") == "ok" else "✕ not recording"
            self.recording.setText(f"{mark} {words.duration(float(recording.get('seconds', 0)))}")
        else:
            self.recording.setText("not recording")
        self.prompt.setText(str((status.get("prompt") or {}).get("label", "")))

    def gone(self) -> None:
        """No session."""
        self.board.setText("No board")
        self.hand.setText("No hand")
        for label in (self.latency, self.recording, self.prompt):
            label.setText("")


class Alerts(Wrapped):
    """What is wrong with board, hand or recording, and what to do: a sentence each, on every page,
    until it is good again. Hidden while there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.setProperty("role", "alert")
        self.hide()

    def show_status(self, status: dict[str, Any]) -> None:
        """From the session's status; {} says nothing."""
        said = "\n".join(f"✕ {sentence}" for sentence in words.alerts(status))
        if said != self.text():
            self.setText(said)
            self.setAccessibleName(said)
            self.setVisible(bool(said))


class Rail(QFrame):
    """The pages in the order of the work; `chosen` brings the number of one, from 0."""

    chosen = pyqtSignal(int)

    def __init__(self, titles: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedWidth(156)
        self._titles = list(titles)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 12)
        self._group = QButtonGroup(self)
        self.buttons: list[QPushButton] = []
        for index, title in enumerate(titles):
            button = QPushButton(f"{index + 1}  {title}")
            button.setProperty("role", "page")
            button.setCheckable(True)
            button.setToolTip(f"Key {index + 1}")
            button.clicked.connect(lambda _, i=index: self.chosen.emit(i))
            self._group.addButton(button)
            self.buttons.append(button)
            column.addWidget(button)
        column.addStretch(1)

    def show_page(self, index: int) -> None:
        """Which is on."""
        self.buttons[index].setChecked(True)

    def tick(self, index: int, done: bool) -> None:
        """Done this visit, or not."""
        self.buttons[index].setText(f"{index + 1}  {self._titles[index]}{'  ✓' if done else ''}")


class Foot(QFrame):
    """The line that says what happened; the next step; RELEASE and STOP, apart, never moving."""

    def __init__(
        self, step: Callable[[], None], release: Callable[[], None], stop: Callable[[], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("role", "foot")
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 10, 16, 10)
        row.setSpacing(20)
        self.note = Wrapped()
        self.step = self._button("", "primary", "Enter", step)
        self.release = self._button("RELEASE", "release", "R", release)
        self.release.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # no Enter opens a hand by accident
        self.stop = self._button("STOP", "stop", "space", stop)
        row.addWidget(self.note, 1)
        row.addWidget(self.step)
        row.addSpacing(24)
        row.addWidget(self.release)
        row.addSpacing(24)
        row.addWidget(self.stop)

    def _button(self, text: str, role: str, key: str, action: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.setProperty("role", role)
        button.setToolTip(f"Key: {key}")
        button.clicked.connect(action)
        return button

    def show_step(self, step: Step) -> None:
        """What comes next on this page."""
        if self.step.text() != step.text:
            self.step.setText(step.text)
        self.step.setVisible(bool(step.text))
        self.step.setEnabled(step.ready)
