# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand: what it is told, what it does, what limits it, how fast, and what of it is tuned live."""

from __future__ import annotations

import time
from typing import Any

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QCheckBox, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from endplate.errors import EndplateError
from endplate.hardware import load_hand
from endplate.live.feed import FeedInfo
from endplate.monitor import words
from endplate.monitor.beside_view import BesideView
from endplate.monitor.dof_bars import DofBars
from endplate.monitor.grip_chooser import GripChooser
from endplate.monitor.hand_view import HandView
from endplate.monitor.here import Here
from endplate.monitor.latency_view import LatencyView
from endplate.monitor.pages.page import Page, Step, heading, quiet
from endplate.monitor.theme import Palette
from endplate.monitor.tone import Tone
from endplate.monitor.touch_bars import TouchBars
from endplate.monitor.tuner import Tuner
from endplate.monitor.watch import Fresh


class HandPage(Page):
    """The virtual hand fills the middle; bars of the DoF and the latency to its sides."""

    TITLE = "Hand"
    HINT = (
        "Enter arms the hand: it follows after the patient has relaxed once. Space stops it. Drag "
        "the dead-band and the gains on the bars while the patient drives."
    )
    HINTS = {
        "armed": (
            "Enter disarms the hand, Space stops it. Drag the dead-band and the gains on the bars "
            "while the patient drives."
        ),
        "no hand": "The hand is armed here once one is connected.",
        "no profile": "The hand is armed here once a profile decodes: calibrate first (3).",
    }

    def __init__(self, palette: Palette, here: Here, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bars = DofBars(palette)
        self.tuner = Tuner(here, self)
        self.grips = GripChooser(palette)
        self.hand = HandView(palette)
        self.touch = TouchBars(palette)
        self.beside = BesideView(palette)
        self.latency = LatencyView(palette)
        self.tone = Tone()
        self._played = time.monotonic()
        self.tone_switch = QCheckBox("Tone: off")
        self.tone_switch.setToolTip("Grip force as a tone")
        self.tone_switch.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Space is STOP everywhere
        self.tone_switch.toggled.connect(self._switch_tone)
        self.tone_word, self.clock, self.said_by_hand = quiet(), quiet(), quiet()
        self.tone_word.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.tone_word.hide()
        self._dofs: list[str] = []
        self._labels: list[str] = []  # of all channels
        self._joints: list[str] = []
        self._status: dict[str, Any] = {}
        self._followed = False  # the hand, in this session

        left, middle, right = QVBoxLayout(), QVBoxLayout(), QVBoxLayout()
        left.addWidget(heading("Movement (thin: decoded)"))
        left.addWidget(self.bars)
        left.addWidget(self.beside)
        left.addStretch(1)
        top = QHBoxLayout()
        top.addWidget(heading("Hand (dashed: wanted)"), 1)
        top.addWidget(self.tone_switch)
        middle.addLayout(top)
        middle.addWidget(self.hand, 1)
        for widget in (self.tone_word, self.grips, self.touch, self.said_by_hand):
            middle.addWidget(widget)
        right.addWidget(heading("Latency in ms"))
        right.addWidget(self.latency)
        right.addWidget(self.clock)
        right.addStretch(1)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(16, 10, 16, 6)
        whole.setSpacing(16)
        for column, stretch in ((left, 3), (middle, 4), (right, 3)):
            whole.addLayout(column, stretch)
        self.bars.tuned.connect(self.tuner.ask)
        self.bars.settled.connect(self.tuner.settle)
        self.tuner.asked.connect(self.asked)
        self.tuner.said.connect(self.said)
        self.beside.dropped.connect(lambda: self.asked.emit("shadow", {"path": None}))
        self.grips.chosen.connect(lambda name: self.asked.emit("grip", {"name": name}))

    def step(self) -> Step:
        """Arm, or the way back."""
        hand = self._status.get("hand") or {}
        ready = bool(hand.get("connected")) and bool(self._status.get("profile"))
        if hand.get("word") in words.ARMED:
            return Step("Disarm: the hand holds still", ready)
        return Step("Arm: relax, then the hand follows", ready)

    def invites(self) -> str:
        """As the step."""
        hand = self._status.get("hand") or {}
        if not hand.get("connected"):
            return self.HINTS["no hand"]
        if hand.get("word") in words.ARMED:
            return self.HINTS["armed"]
        return self.HINT if self._status.get("profile") else self.HINTS["no profile"]

    def do_step(self) -> None:
        """Arms, or disarms."""
        armed = (self._status.get("hand") or {}).get("word") in words.ARMED
        self.asked.emit("disarm" if armed else "arm", {})

    def begin(self, info: FeedInfo) -> None:
        """Sets the views out for another session."""
        self._labels = list(info.site_labels)
        self._dofs, self._joints = list(info.dofs), list(info.joints)
        self.bars.begin(self._dofs)
        self.tuner.begin()
        self._followed = False
        try:
            grips = load_hand(info.hand).grips
        except EndplateError:  # a hand file that is not here any more: G still changes them
            grips = ()
        self.grips.begin([grip for grip in grips if grip.name in info.grips])

    def gone(self) -> None:
        """Nothing can be armed."""
        self._status = {}
        self.changed.emit()

    def show_frame(self, fresh: Fresh) -> None:
        """Bars and joints."""
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
        self.hand.show_touch(touch)
        self._play(touch)

    def show_numbers(self, status: dict[str, Any]) -> None:
        """Everything that is read as a number or a word."""
        if (status.get("hand") or {}).get("word") == "active" and not self._followed:
            self._followed = True
            self.done.emit(False)
        self._status = status
        self.beside.show_beside(status, self._dofs)
        self.latency.show_latency(
            status.get("latency_ms") or {}, status.get("latency_halves") or {}
        )
        self.bars.show_shapes(status.get("shape") or {})
        self.grips.show_grip(str(status.get("grip") or ""))
        hand = status.get("hand") or {}
        self.clock.setText(words.clock(hand))
        self.said_by_hand.setText(words.said(hand))
        self.bars.show_limits(words.limits(status, self._dofs, self._labels))
        self.changed.emit()

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

    def undo(self) -> bool:
        """The last handle that was moved."""
        return self.tuner.undo()

    def end(self) -> None:
        """No player outlives the window."""
        self.tone.stop()
        self.tuner.end()
