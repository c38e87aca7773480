# SPDX-License-Identifier: GPL-3.0-or-later
"""One bar a DoF: what was decoded (thin), what is commanded (thick), and in words what limits
it."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from endplate.monitor.theme import Palette

ROW = 52
#: DoF -> (negative direction, positive direction), in words.
DIRECTIONS = {
    "hand": ("open", "close"),
    "wrist_rotation": ("supinate", "pronate"),
    "wrist_flexion": ("extend", "flex"),
    "elbow": ("extend", "flex"),
}


class DofBars(QWidget):
    """Draws velocities -1..1 from a line in the middle."""

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = palette
        self._dofs: list[str] = []
        self._intent: list[float] = []
        self._velocity: list[float] = []
        self._limits: list[str] = []
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Degrees of freedom: decoded and commanded velocity")

    def begin(self, dofs: Sequence[str]) -> None:
        """Sets out one bar a DoF."""
        self._dofs = list(dofs)
        self._intent = self._velocity = [0.0] * len(self._dofs)
        self._limits = [""] * len(self._dofs)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Room for all bars."""
        return QSize(380, ROW * max(1, len(self._dofs)))

    minimumSizeHint = sizeHint

    def show_values(self, intent: Sequence[float], velocity: Sequence[float]) -> None:
        """Decoded and commanded, one value a DoF."""
        self._intent = [float(v) for v in intent][: len(self._dofs)]
        self._velocity = [float(v) for v in velocity][: len(self._dofs)]
        self.update()

    def show_limits(self, limits: Sequence[str]) -> None:
        """What limits each DoF, in words; empty where nothing does."""
        self._limits = list(limits)
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draws the bars."""
        painter = QPainter(self)
        p = self._palette
        width = self.width()
        middle, half = width / 2, width / 2 - 12
        for index, dof in enumerate(self._dofs):
            top = index * ROW
            negative, positive = DIRECTIONS.get(dof, ("-", "+"))
            painter.setPen(QColor(p.quiet))
            painter.drawText(QRectF(12, top, 120, 20), Qt.AlignmentFlag.AlignLeft, negative)
            painter.drawText(
                QRectF(width - 132, top, 120, 20), Qt.AlignmentFlag.AlignRight, positive
            )
            painter.setPen(QColor(p.text))
            name = dof.replace("_", " ")
            limit = self._limits[index] if index < len(self._limits) else ""
            painter.drawText(
                QRectF(80, top, width - 160, 20),
                Qt.AlignmentFlag.AlignCenter,
                f"{name}: {limit}" if limit else name,
            )
            painter.fillRect(QRectF(middle - half, top + 22, 2 * half, 16), QColor(p.line))
            velocity = (
                max(-1.0, min(1.0, self._velocity[index])) if index < len(self._velocity) else 0.0
            )
            intent = max(-1.0, min(1.0, self._intent[index])) if index < len(self._intent) else 0.0
            left = middle + min(0.0, velocity) * half
            painter.fillRect(QRectF(left, top + 22, abs(velocity) * half, 16), QColor(p.accent))
            left = middle + min(0.0, intent) * half
            painter.fillRect(QRectF(left, top + 40, abs(intent) * half, 3), QColor(p.quiet))
            painter.setPen(QColor(p.text))
            painter.drawLine(int(middle), top + 20, int(middle), top + 44)
        painter.end()
