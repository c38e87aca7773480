# SPDX-License-Identifier: GPL-3.0-or-later
"""Above the traces: whether they run, stand still, or stand still to be measured; a button for
each."""

from __future__ import annotations

from PyQt6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from endplate.monitor.pages.page import heading
from endplate.monitor.traces import Traces

PAUSED, FROZEN = "❚❚ paused", "❚❚ frozen: ← → measure"


class TraceBar(QWidget):
    """P is the window's key, so that it works from every page."""

    def __init__(self, traces: Traces, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._traces = traces
        self.state = QLabel("")
        self.pause, self.freeze = QPushButton("Pause (P)"), QPushButton("Freeze (F)")
        self.freeze.setShortcut("F")
        self.pause.setToolTip("Holds the picture; everything else goes on")
        self.freeze.setToolTip("Holds the picture and measures in it: arrows, or the mouse")
        self.pause.clicked.connect(self._pause)
        self.freeze.clicked.connect(self._freeze)
        traces.stopped.connect(self._show)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(heading("Traces"))
        row.addSpacing(12)
        row.addWidget(self.state, 1)
        row.addWidget(self.pause)
        row.addWidget(self.freeze)

    def _pause(self) -> None:
        self._traces.paused = not self._traces.paused

    def _freeze(self) -> None:
        self._traces.frozen = not self._traces.frozen

    def _show(self) -> None:
        paused, frozen = self._traces.paused, self._traces.frozen
        self.state.setText(FROZEN if frozen else PAUSED if paused else "")
        self.pause.setText("Run (P)" if paused else "Pause (P)")
        self.freeze.setText("Let go (F)" if frozen else "Freeze (F)")
        self.freeze.setShortcut("F")  # a new text takes it away
