# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of everything that runs: traces, sites, DoF, hand, latency."""

from __future__ import annotations

import time
from typing import Any

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from endplate.live.feed import FeedInfo
from endplate.monitor import words
from endplate.monitor.beside_view import BesideView
from endplate.monitor.dof_bars import DofBars
from endplate.monitor.hand_view import HandView
from endplate.monitor.latency_view import LatencyView
from endplate.monitor.site_rows import SiteRows
from endplate.monitor.theme import Palette
from endplate.monitor.tone import Tone
from endplate.monitor.touch_bars import TouchBars
from endplate.monitor.traces import Traces
from endplate.monitor.watch import Fresh


def heading(text: str) -> QLabel:
    """A 15-point heading."""
    label = QLabel(text)
    label.setProperty("role", "heading")
    return label


class LivePage(QWidget):
    """Traces fill the middle; sites to their right; below them what the hand is told and does."""

    TITLE = "Live"

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.traces = Traces(palette)
        self.sites = SiteRows(palette)
        self.bars = DofBars(palette)
        self.hand = HandView(palette)
        self.touch = TouchBars(palette)
        self.tone = Tone()
        self._played = time.monotonic()
        self.tone_switch = QCheckBox("Tone: off")
        self.tone_switch.setToolTip("Grip force as a tone")
        self.tone_switch.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Space is STOP everywhere
        self.tone_switch.toggled.connect(self._switch_tone)
        self.tone_word = QLabel("")
        self.tone_word.setProperty("role", "quiet")
        self.tone_word.setWordWrap(True)
        self.tone_word.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.tone_word.hide()
        self.beside = BesideView(palette)
        self.latency = LatencyView(palette)
        self.hint = QLabel("Traces appear here as soon as a board sends.")
        self.hint.setProperty("role", "quiet")
        self.clock = QLabel("")
        self.said = QLabel("")  # who decodes, and the newest sentence of the hand's log
        for label in (self.clock, self.said):
            label.setProperty("role", "quiet")
            label.setWordWrap(True)
        self._columns: list[int] = []
        self._dofs: list[str] = []
        self._labels: list[str] = []  # of all channels
        self._joints: list[str] = []

        scroll = QScrollArea()
        scroll.setWidget(self.sites)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setMinimumWidth(450)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)

        upper = QHBoxLayout()
        upper.setSpacing(16)
        left, right = QVBoxLayout(), QVBoxLayout()
        left.addWidget(heading("Traces"))
        left.addWidget(self.traces, 1)
        left.addWidget(self.hint)
        right.addWidget(heading("Sites"))
        right.addWidget(scroll, 1)
        upper.addLayout(left, 3)
        upper.addLayout(right, 2)

        lower = QHBoxLayout()
        lower.setSpacing(16)
        for title, view, stretch in (
            ("Movement (thin: decoded)", self.bars, 3),
            ("Hand (dashed: wanted)", self.hand, 3),
            ("Latency", self.latency, 3),
        ):
            column = QVBoxLayout()
            top = QHBoxLayout()
            top.addWidget(heading(title), 1)
            column.addLayout(top)
            column.addWidget(view, 1 if view is self.hand else 0)
            if view is self.hand:
                top.addWidget(self.tone_switch)
                column.addWidget(self.tone_word)
                column.addWidget(self.touch)
                column.addWidget(self.said)
            elif view is self.latency:
                column.addWidget(self.clock)
                column.addStretch(1)
            else:
                column.addWidget(self.beside)
                column.addStretch(1)
            lower.addLayout(column, stretch)

        whole = QVBoxLayout(self)
        whole.setContentsMargins(16, 10, 16, 6)
        whole.addLayout(upper, 3)
        whole.addLayout(lower, 2)

    def begin(self, info: FeedInfo) -> None:
        """Sets the views out for another session."""
        self._columns = columns = [c - 1 for c in info.montage_channels] or [*range(info.channels)]
        self._labels = list(info.site_labels)
        labels = [info.site_labels[c] for c in columns]
        self._dofs, self._joints = list(info.dofs), list(info.joints)
        self.traces.begin(info.rate_hz, labels, columns)
        self.sites.begin(labels)
        self.bars.begin(self._dofs)
        low = " At 250 samples a second only the amplitude is used." if info.rate_hz <= 250 else ""
        self.hint.setText(f"+ and - change the scale, P pauses the traces.{low}")

    def show_frame(self, fresh: Fresh) -> None:
        """30 times a second: traces and bars."""
        self.traces.add(fresh.first, fresh.clean)
        if len(fresh.hops):
            newest = fresh.hops[-1]
            self.bars.show_values(
                newest["intent"], newest["velocity"] if newest["sent"] else [0.0] * len(self._dofs)
            )
        hand = fresh.status.get("hand") or {}
        position, goal = hand.get("position_deg") or [], hand.get("goal_deg") or []
        self.hand.show_joints(
            dict(zip(self._joints, position, strict=False)),
            dict(zip(self._joints, goal, strict=False)),
            bool(hand.get("connected")),
        )
        self.beside.show_frame(fresh.status, self._joints)
        touch = hand.get("touch") or {}
        self.touch.show_touch(touch)
        self._play(touch)

    def _switch_tone(self, on: bool) -> None:
        self._played = time.monotonic()
        if on:
            self.tone.start()
        else:
            self.tone.stop()
        self._play({})

    def _play(self, touch: dict[str, Any]) -> None:
        now = time.monotonic()
        self.tone.play(touch, now - self._played)
        self._played = now
        if self.tone_word.text() != self.tone.sentence:
            self.tone_word.setText(self.tone.sentence)
        self.tone_word.setVisible(bool(self.tone.sentence))
        self.tone_switch.setText("Tone: on" if self.tone.on else "Tone: off")
        if self.tone_switch.isChecked() and not self.tone.on:
            self.tone_switch.blockSignals(True)
            self.tone_switch.setChecked(False)
            self.tone_switch.blockSignals(False)

    def end(self) -> None:
        """The window closes: no player outlives it."""
        self.tone.stop()

    def show_numbers(self, status: dict[str, Any]) -> None:
        """At most 5 times a second: everything that is read as a number or a word."""
        quality, meters = status.get("quality") or [], status.get("meters") or []
        if len(quality) == len(meters) > max(self._columns, default=0):
            self.sites.show_quality(
                [quality[c] for c in self._columns], [meters[c] for c in self._columns]
            )
        self.beside.show_beside(status, self._dofs)
        self.latency.show_latency(status.get("latency_ms") or {})
        hand = status.get("hand") or {}
        self.clock.setText(words.clock(hand))
        self.said.setText(words.said(hand))
        self.bars.show_limits(words.limits(status, self._dofs, self._labels))
