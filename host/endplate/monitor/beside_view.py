# SPDX-License-Identifier: GPL-3.0-or-later
"""What decodes beside the driver: the shadow's virtual hand, who drives, and the ways to switch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from endplate.monitor import words
from endplate.monitor.hand_view import HandView
from endplate.monitor.theme import Palette

SHADOW = (
    "Key: S. The shadow decodes the same signals and moves the small hand alone; let it drive and "
    "it takes over at the next moment of rest"
)
DIRECT = "Key: X. One site a direction, no decoder: the fallback, and the baseline of the tests"


class BesideView(QWidget):
    """Hidden while there is nothing beside the driver. `asked` brings a key of words.SWITCHES;
    `dropped`: the shadow is not wanted any more."""

    asked = pyqtSignal(str)
    dropped = pyqtSignal()

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.hand = HandView(palette)
        self.hand.setFixedSize(110, 110)
        self.hand.setAccessibleName("Virtual hand of the shadow")
        self.word = QLabel("")
        self.word.setProperty("role", "quiet")
        self.word.setWordWrap(True)
        self.shadow_button = self._button("s")
        self.direct_button = self._button("x")
        self.direct_button.setText("Direct control")
        self.direct_button.setToolTip(DIRECT)
        row = QHBoxLayout()
        self.drop_button = QPushButton("No shadow")
        self.drop_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.drop_button.setToolTip("Alt+N. It stops decoding; what drives goes on")
        self.drop_button.setShortcut("Alt+N")
        self.drop_button.clicked.connect(self.dropped)
        for one in (self.shadow_button, self.drop_button, self.direct_button):
            row.addWidget(one)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        upper = QHBoxLayout()
        upper.addWidget(self.hand)
        upper.addWidget(self.word, 1)
        column.addLayout(upper)
        column.addLayout(row)
        self.hide()

    def _button(self, key: str) -> QPushButton:
        button = QPushButton("")
        button.setToolTip(f"Key: {key.upper()}")
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Space is STOP everywhere
        button.clicked.connect(lambda: self.asked.emit(key))
        return button

    def show_beside(self, status: dict[str, Any], dofs: Sequence[str]) -> None:
        """Words and buttons, from the session's status."""
        now = status.get("beside") or {}
        shadow = now.get("shadow")
        self.setVisible(bool(shadow or now.get("has_direct")))
        self.hand.setVisible(bool(shadow))
        self.word.setText("\n".join(words.beside(status, dofs)))
        self.word.setVisible(bool(self.word.text()))
        self.shadow_button.setVisible(bool(shadow))
        self.shadow_button.setToolTip(SHADOW)
        self.drop_button.setVisible(bool(shadow) and not now.get("promoted"))
        self.shadow_button.setText("Back to the first" if now.get("promoted") else "Let it drive")
        self.direct_button.setVisible(bool(now.get("has_direct")))
        self.direct_button.setText(
            "Back from direct control" if now.get("direct") else "Direct control"
        )

    def show_frame(self, status: dict[str, Any], joints: Sequence[str]) -> None:
        """The virtual hand, 30 times a second."""
        shadow = (status.get("beside") or {}).get("shadow")
        if shadow:
            self.hand.show_joints(dict(zip(joints, shadow["joints_deg"], strict=False)), {}, True)
