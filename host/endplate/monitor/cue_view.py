# SPDX-License-Identifier: GPL-3.0-or-later
"""What the patient follows: the words, large, and a trapezoid with a dot that moves along it, their
own effort drawn into it."""

from __future__ import annotations

import math

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from endplate.fit.guided.protocol import Cue
from endplate.monitor.theme import Palette

TOP = 1.6  # of comfortable effort, at the upper edge
WORDS_POINTS, NEXT_POINTS = 36, 15


class CueView(QWidget):
    """One cue at a time; `show_cue` redraws."""

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = palette
        self._cue: Cue | None = None
        self._share = 0.0
        self._next = ""
        self._effort: list[tuple[float, float]] = []  # seconds, effort
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("What to do now")

    def sizeHint(self) -> QSize:
        """Large: it is read at two metres."""
        return QSize(620, 380)

    def show_cue(self, cue: Cue | None, share: float, effort: float, following: str) -> None:
        """The cue that is on, how far (0..1), the effort now (1 comfortable, NaN unknown), and the
        words of the next one."""
        if cue is not self._cue:
            self._effort = []
        self._cue, self._share, self._next = cue, share, following
        if cue is not None and not math.isnan(effort):
            self._effort.append((share * cue.duration_s, effort))
        self.setAccessibleDescription(cue.label if cue else "")
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Words above, trapezoid below."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._cue is not None:
            self._words(painter, self._cue)
            if self._cue.target:
                self._trapezoid(painter, self._cue)
            else:
                self._countdown(painter, self._cue)
        painter.end()

    def _words(self, painter: QPainter, cue: Cue) -> None:
        font = painter.font()
        font.setPointSize(WORDS_POINTS)
        painter.setFont(font)
        painter.setPen(QColor(self._palette.text))
        box = QRectF(0, 0, self.width(), 120)
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(box, int(flags), self._asked(cue))
        font.setPointSize(NEXT_POINTS)
        painter.setFont(font)
        painter.setPen(QColor(self._palette.quiet))
        below = QRectF(0, self.height() - 34, self.width(), 30)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, self._next and f"then: {self._next}")

    def _asked(self, cue: Cue) -> str:
        """In its pause a movement asks for nothing any more."""
        over = cue.target and self._share * cue.duration_s > cue.active_s
        return "Relax" if over else cue.label

    def _place(self) -> QRectF:
        return QRectF(24, 130, self.width() - 48, max(80, self.height() - 180))

    def _at(self, seconds: float, level: float, cue: Cue) -> QPointF:
        box = self._place()
        return QPointF(box.left() + seconds / cue.duration_s * box.width(),
                       box.bottom() - min(level, TOP) / TOP * box.height())  # fmt: skip

    def _trapezoid(self, painter: QPainter, cue: Cue) -> None:
        corners = np.cumsum([0.0, cue.rise_s, cue.hold_s, cue.fall_s, cue.rest_s])
        line = [self._at(float(t), h, cue) for t, h in zip(corners, (0, 1, 1, 0, 0), strict=True)]
        fill = QColor(self._palette.accent)
        fill.setAlpha(40)
        painter.setPen(QPen(QColor(self._palette.accent), 2))
        painter.setBrush(fill)
        painter.drawPolygon(QPolygonF([*line, self._at(0, 0, cue)]))
        if len(self._effort) > 1:
            painter.setPen(QPen(QColor(self._palette.text), 3))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            points = [self._at(t, max(0.0, effort), cue) for t, effort in self._effort]
            painter.drawPolyline(QPolygonF(points))
        seconds = self._share * cue.duration_s
        level = float(cue.level(np.array(seconds)))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._palette.text))
        painter.drawEllipse(self._at(seconds, level, cue), 10, 10)

    def _countdown(self, painter: QPainter, cue: Cue) -> None:
        """A bar that empties."""
        box = self._place()
        bar = QRectF(box.left(), box.center().y() - 12, box.width(), 24)
        painter.setPen(QPen(QColor(self._palette.line), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(bar)
        painter.fillRect(bar.adjusted(0, 0, -bar.width() * self._share, 0),
                         QColor(self._palette.accent))  # fmt: skip
