# SPDX-License-Identifier: GPL-3.0-or-later
"""What each fingertip feels: force as a bar and a number, contact by a mark and a word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from endplate.monitor.theme import VERDICTS, Palette

NAMES = ("Thumb", "Index", "Middle", "Ring", "Little")
FULL_N = 10.0
LINE, BAR = 16, 8


def words(touch: Mapping[str, Any], digit: int) -> tuple[str, str, str]:
    """(force, mark, word) of a digit, as the status has it; dashes where nothing is known."""
    forces = touch.get("force_n") or []
    if digit >= len(forces):
        return "", "–", "no word"
    force = "" if forces[digit] is None else f"{forces[digit]:.1f} N"
    if touch["slip"][digit]:
        return force, "▼", "slips"
    if touch["contact"][digit]:
        return force, "●", "touches"
    return (force, "○", "free") if force else (force, "✕", "no sensor")


class TouchBars(QWidget):
    """Five columns, thumb to little finger."""

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = palette
        self._touch: Mapping[str, Any] = {}
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Fingertips: force and contact of each digit")

    def sizeHint(self) -> QSize:
        """Name, bar, force, word."""
        return QSize(380, 3 * LINE + BAR + 6)

    minimumSizeHint = sizeHint

    def show_touch(self, touch: Mapping[str, Any]) -> None:
        """`touch` as in the status of the hand; {} when nothing is known."""
        if touch != self._touch:
            self._touch = dict(touch)
            said = (f"{name} {' '.join(words(touch, i)[::2])}" for i, name in enumerate(NAMES))
            self.setAccessibleDescription(", ".join(said))
            self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draws the columns."""
        painter = QPainter(self)
        column = self.width() / len(NAMES)
        text, quiet = QColor(self._palette.text), QColor(self._palette.quiet)
        font = painter.font()
        for digit, name in enumerate(NAMES):
            force, mark, word = words(self._touch, digit)
            left, width = column * digit, column - 8

            def line(top: float, what: str, colour: QColor, x: float = left,
                     wide: float = width) -> None:
                painter.setPen(colour)
                painter.drawText(QRectF(x, top, wide, LINE), Qt.AlignmentFlag.AlignLeft, what)

            font.setPointSizeF(9.0)
            painter.setFont(font)
            line(0, name, quiet)
            bar = QRectF(left, LINE + 2, width, BAR)
            painter.setPen(QColor(self._palette.line))
            painter.setBrush(QColor(self._palette.panel))
            painter.drawRect(bar)
            forces = self._touch.get("force_n") or []
            newton = (forces[digit] if digit < len(forces) else None) or 0.0
            touches = mark in "●▼"
            colour = QColor(self._palette.accent) if touches else quiet
            if mark == "▼":
                colour = QColor(VERDICTS["poor"][0])
            filled = (width - 1) * min(newton / FULL_N, 1.0)
            painter.fillRect(QRectF(left + 1, LINE + 3, filled, BAR - 1), colour)
            line(LINE + BAR + 4, force or "–", text)
            font.setBold(touches)
            painter.setFont(font)
            line(2 * LINE + BAR + 4, f"{mark} {word}", text if touches else quiet)
            font.setBold(False)
        painter.end()
