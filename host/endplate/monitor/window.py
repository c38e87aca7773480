# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame around every page: top bar, rail of pages, STOP and RELEASE. Keys work wherever the
focus is."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QEvent, QObject, Qt
from PyQt6.QtGui import QCloseEvent, QKeyEvent, QKeySequence, QShortcut
from PyQt6.QtWidgets import (
    QApplication,
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from endplate.live.feed import FeedInfo
from endplate.monitor import words
from endplate.monitor.asking import Asking
from endplate.monitor.live_page import LivePage
from endplate.monitor.theme import Palette, style_sheet
from endplate.monitor.watch import FeedWatch, Fresh

NUMBERS_S = 0.2  # numbers change at most 5 times a second
HELP = (
    "Space STOP (the hand holds still until armed again) · R RELEASE (opens slowly) "
    "· A arm · D disarm · C clear a fault · "
    "G next grip · I contacts · S shadow drives, or back · X direct control, or back · "
    "P pause traces · + - scale · 1-6 pages · F1 this line · "
    "Ctrl+E emergency stop (drive off until the hand is switched off and on)"
)


class Window(QMainWindow):
    """The monitor. `directory` is the session folder of a control process, running or about to."""

    def __init__(self, directory: Path, palette: Palette) -> None:
        super().__init__()
        self.directory = Path(directory)
        self.setWindowTitle("Endplate")
        self.setStyleSheet(style_sheet(palette))
        self.resize(1280, 800)
        self._numbers_at = 0.0
        self._info: FeedInfo | None = None
        self._status: dict[str, Any] = {}
        self._contacts: dict[str, Any] = {}  # how the last measuring ended
        self._grip = 0

        self.pages = [LivePage(palette)]
        self._stack = QStackedWidget()
        for page in self.pages:
            self._stack.addWidget(page)

        body = QHBoxLayout()
        body.setSpacing(0)
        body.addWidget(self._rail())
        body.addWidget(self._stack, 1)
        whole = QVBoxLayout()
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self._top())
        whole.addLayout(body, 1)
        whole.addWidget(self._foot())
        frame = QWidget()
        frame.setLayout(whole)
        self.setCentralWidget(frame)

        self.asking = Asking(self.directory, self)
        self.asking.answered.connect(self.note.setText)
        self.pages[0].beside.asked.connect(self.switch)
        self.watch = FeedWatch(self.directory, self)
        self.watch.begun.connect(self._begun)
        self.watch.fresh.connect(self._fresh)
        self.watch.gone.connect(self._gone)
        self._keys()
        self.watch.start()

    # ---- the frame ----

    def _rail(self) -> QWidget:
        rail = QFrame()
        rail.setFixedWidth(120)
        rail.setVisible(len(self.pages) > 1)
        column = QVBoxLayout(rail)
        column.setContentsMargins(0, 12, 0, 12)
        self._page_buttons = QButtonGroup(self)
        for index, page in enumerate(self.pages):
            button = QPushButton(page.TITLE)
            button.setProperty("role", "page")
            button.setCheckable(True)
            button.setChecked(index == 0)
            button.setToolTip(f"Key {index + 1}")
            button.clicked.connect(lambda _, i=index: self._stack.setCurrentIndex(i))
            self._page_buttons.addButton(button)
            column.addWidget(button)
        column.addStretch(1)
        return rail

    def _top(self) -> QWidget:
        bar = QFrame()
        bar.setProperty("role", "bar")
        row = QHBoxLayout(bar)
        row.setContentsMargins(16, 8, 16, 8)
        row.setSpacing(24)
        self.simulated, self.board, self.hand = (
            QLabel("SIMULATED"),
            QLabel("No board"),
            QLabel("No hand"),
        )
        self.simulated.setProperty("role", "simulated")
        self.simulated.hide()
        self.latency, self.recording = QLabel(""), QLabel("")
        self.prompt = QLabel("")
        self.prompt.setProperty("role", "heading")
        row.addWidget(self.simulated)
        row.addWidget(self.board)
        row.addWidget(self.hand)
        row.addStretch(1)
        row.addWidget(self.prompt)
        row.addStretch(1)
        row.addWidget(self.latency)
        row.addWidget(self.recording)
        return bar

    def _foot(self) -> QWidget:
        foot = QFrame()
        foot.setProperty("role", "foot")
        row = QHBoxLayout(foot)
        row.setContentsMargins(16, 10, 16, 10)
        row.setSpacing(20)
        self.note = QLabel("")
        self.note.setWordWrap(True)
        self.arm_button = self._button(
            "Arm: relax, then the hand follows", "primary", "A", self.toggle_arm
        )
        self.arm_button.setEnabled(False)
        self.release_button = self._button("RELEASE", "release", "R", self.release)
        self.stop_button = self._button("STOP", "stop", "space", self.stop)
        row.addWidget(self.note, 1)
        row.addWidget(self.arm_button)
        row.addSpacing(24)
        row.addWidget(self.release_button)
        row.addSpacing(24)
        row.addWidget(self.stop_button)
        return foot

    def _button(self, text: str, role: str, key: str, action: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.setProperty("role", role)
        button.setToolTip(f"Key: {key}")
        button.clicked.connect(action)
        return button

    def _keys(self) -> None:
        for key, action in (
            ("R", self.release),
            ("A", self.arm),
            ("D", self.disarm),
            ("C", self.clear_fault),
            ("Ctrl+E", self.emergency_stop),
            ("G", self.next_grip),
            ("I", lambda: self._ask("contacts")),
            ("S", lambda: self.switch("s")),
            ("X", lambda: self.switch("x")),
            ("P", self.pause),
            ("+", lambda: self.pages[0].traces.zoom(1)),
            ("-", lambda: self.pages[0].traces.zoom(-1)),
            ("F1", lambda: self.note.setText(HELP)),
        ):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.ApplicationShortcut)
            shortcut.activated.connect(action)
        # Space must stop whatever has the focus, a button included: it is taken before any widget
        # sees it.
        application = QApplication.instance()
        assert application is not None
        application.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Space stops, from every page and dialog."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() == Qt.Key.Key_Space
        ):
            if not event.isAutoRepeat():
                self.stop()
            return True
        return super().eventFilter(watched, event)

    # ---- what the user asks for ----

    def stop(self) -> None:
        """The hand stops driving at once and holds; only arming lets it follow again."""
        self._ask("stop")

    def release(self) -> None:
        """The hand opens slowly."""
        self._ask("release")

    def emergency_stop(self) -> None:
        """Drive off; nothing but a power cycle of the hand ends it."""
        self._ask("estop")

    def clear_fault(self) -> None:
        """Leaves a fault whose cause is gone."""
        self._ask("clear_fault")

    def arm(self) -> None:
        """Arms; the hand follows after one neutral command."""
        self._ask("arm")

    def disarm(self) -> None:
        """The hand holds still."""
        self._ask("disarm")

    def toggle_arm(self) -> None:
        """The primary button."""
        armed = (self._status.get("hand") or {}).get("word") in ("armed", "active", "stale")
        (self.disarm if armed else self.arm)()

    def next_grip(self) -> None:
        """The next grip of the hand's list; the hand changes it only while still."""
        grips = list(self._info.grips) if self._info else []
        if grips:
            self._grip = (self._grip + 1) % len(grips)
            self._ask("grip", name=grips[self._grip])

    def switch(self, key: str) -> None:
        """Another decoder drives, after a moment of rest: see words.switch."""
        self._ask(words.switch(key, self._status))

    def pause(self) -> None:
        """Holds the traces; recording and control go on."""
        traces = self.pages[0].traces
        traces.paused = not traces.paused
        self.note.setText(
            "Traces paused; everything else goes on. P lets them run." if traces.paused else ""
        )

    def _ask(self, verb: str, **fields: Any) -> None:
        self.asking.say(verb, lambda reply: words.done(verb, {**fields, **reply}), **fields)

    # ---- what the feed says ----

    def _begun(self, info: FeedInfo) -> None:
        self._info = info
        self.simulated.setVisible(info.simulated)
        for page in self.pages:
            page.begin(info)
        self.note.setText(HELP)
        self._contacts = {}

    def _fresh(self, fresh: Fresh) -> None:
        page = self.pages[self._stack.currentIndex()]
        page.show_frame(fresh)
        self._status = fresh.status
        now = time.monotonic()
        if fresh.status and now - self._numbers_at >= NUMBERS_S:
            self._numbers_at = now
            page.show_numbers(fresh.status)
            self._show_bars(fresh.status)

    def _show_bars(self, status: dict[str, Any]) -> None:
        board, recording = status.get("board") or {}, status.get("recording") or {}
        heart = "♥" if board.get("health") == "ok" else "✕"
        name = self._info.board if self._info else ""
        text = f"{heart} {name} {board.get('rate_hz', 0):g} Hz"
        self.board.setText(
            text if board.get("health") == "ok" else f"{heart} {board.get('sentence', 'No board')}"
        )
        if (found := status.get("contacts") or {}) != self._contacts:
            self._contacts = found
            self.note.setText(words.contacts(found) or self.note.text())
        self.hand.setText(words.hand(status))
        wire = (status.get("latency_ms") or {}).get("arrival_to_wire") or {}
        self.latency.setText(f"p95 {wire['p95']:.1f} ms" if wire.get("n") else "")
        if recording.get("path"):
            mark = "●" if recording.get("health", "ok") == "ok" else "✕ not recording"
            self.recording.setText(f"{mark} {words.duration(float(recording.get('seconds', 0)))}")
        else:
            self.recording.setText("not recording")
        self.prompt.setText(str((status.get("prompt") or {}).get("label", "")))
        hand = status.get("hand") or {}
        armed = hand.get("word") in ("armed", "active", "stale")
        ready = bool(hand.get("connected")) and bool(status.get("profile"))
        self.arm_button.setEnabled(ready)
        self.arm_button.setText(
            "Disarm: the hand holds still" if armed else "Arm: relax, then the hand follows"
        )

    def _gone(self, sentence: str) -> None:
        self._status = {}
        self.note.setText(sentence)
        self.board.setText("No board")
        self.hand.setText("No hand")
        self.latency.setText("")
        self.recording.setText("")
        self.arm_button.setEnabled(False)

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Only the window ends; control goes on."""
        self.watch.stop()
        self.asking.close()
        self.pages[0].end()
        application = QApplication.instance()
        if application is not None:
            application.removeEventFilter(self)
        super().closeEvent(event)
