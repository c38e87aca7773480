# SPDX-License-Identifier: GPL-3.0-or-later
"""What the patient watches at two metres: one tall bar a site, the band to raise it into, a line to
stay below, and a word. All type has 36 points or more; nothing is told by colour alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QBrush, QColor, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QWidget

from endplate.monitor.theme import VERDICTS, Palette, site_colour

FULL = 1.25  # efforts, the height of a bar
WORD_PT, NAME_PT = 44, 36
HEAD, FEET, EDGE = 110.0, 140.0, 64.0  # pixels
SIMULATED = "SIMULATED"
WIDEST = 260.0
LEAST_SHARE = 0.004  # a bar at rest still shows where it stands


@dataclass(frozen=True)
class Bar:
    """One site: its place in the montage (from 0, for number and colour) and name; effort (NaN:
    no contact or no scale yet); the `band` to raise it into, or the `line` to stay below."""

    index: int
    label: str
    effort: float
    band: tuple[float, float] | None = None
    line: float | None = None

    @property
    def right(self) -> bool:
        """Whether it is where it should be."""
        if self.band is not None:
            return self.band[0] <= self.effort <= self.band[1]
        return self.line is not None and self.effort <= self.line

    @property
    def mark(self) -> str:
        """The same as a shape; above the band it points down."""
        if not np.isfinite(self.effort):
            return "–"
        if self.right:
            return "✓" if self.band is not None else ""
        if self.line is not None:
            return "✕"
        return "▼" if self.band is not None and self.effort > self.band[1] else "▲"


class PatientView(QWidget):
    """`show_bars` redraws. `held` 0..1 is how much of the dwell is done."""

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = palette
        self.bars: list[Bar] = []
        self.word, self._held = "", 0.0
        self.simulated = False
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # nothing below is painted
        self.setAccessibleName("What the patient watches")

    def sizeHint(self) -> QSize:
        """Large."""
        return QSize(1000, 700)

    def show_bars(self, bars: list[Bar], word: str, held: float = 0.0) -> None:
        """As it is now."""
        if word != self.word:
            self.setAccessibleDescription(word)
        self.bars, self.word, self._held = bars, word, held
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """The word above, the bars below."""
        painter = QPainter(self)
        p = self._palette
        painter.fillRect(self.rect(), QColor(p.ground))
        painter.setPen(QColor(p.text))
        _size(painter, WORD_PT, True)
        whole = QRectF(self.rect())
        head = QRectF(20, 10, whole.width() - 40, HEAD - 30)
        if not self.bars:
            head = whole.adjusted(40, 0, -40, 0)
        painter.drawText(head, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap),
                         self.word)  # fmt: skip
        if self._held > 0:
            progress = QRectF(whole.width() * 0.25, HEAD - 16, whole.width() * 0.5, 12)
            painter.fillRect(progress, QColor(p.line))
            progress.setWidth(progress.width() * min(1.0, self._held))
            painter.fillRect(progress, QColor(VERDICTS["good"][0]))
        width = (whole.width() - 2 * EDGE) / max(1, len(self.bars))
        for k, bar in enumerate(self.bars):
            self._bar(painter, bar, QRectF(EDGE + k * width, HEAD, width, whole.height() - HEAD))
        if self.simulated:
            _size(painter, NAME_PT, False)
            painter.setPen(QColor(p.quiet))
            painter.translate(whole.width() - EDGE, whole.height() / 2)
            painter.rotate(90)
            edge = QRectF(-300, -EDGE, 600, EDGE)
            painter.drawText(edge, Qt.AlignmentFlag.AlignCenter, SIMULATED)
        painter.end()

    def _bar(self, painter: QPainter, bar: Bar, place: QRectF) -> None:
        p = self._palette
        wide = min(WIDEST, place.width() * 0.4)
        box = QRectF(place.center().x() - wide / 2, place.top(), wide, place.height() - FEET)
        painter.fillRect(box, QColor(p.panel))

        def height(effort: float) -> float:
            return box.bottom() - box.height() * min(effort, FULL) / FULL

        colour, dashed = site_colour(bar.index)
        if np.isfinite(bar.effort):
            top = height(max(bar.effort, LEAST_SHARE))
            filled = QRectF(box.left(), top, wide, box.bottom() - top)
            style = Qt.BrushStyle.Dense3Pattern if dashed else Qt.BrushStyle.SolidPattern
            painter.fillRect(filled, QBrush(QColor(colour), style))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(p.line), 2))
        painter.drawRect(box)
        if bar.band is not None:
            low, high = height(bar.band[0]), height(bar.band[1])
            painter.setPen(QPen(QColor(p.text), 6 if bar.right else 4))
            painter.drawRect(QRectF(box.left() - 24, high, wide + 48, low - high))
        if bar.line is not None:
            y = height(bar.line)
            above = QColor(p.quiet)
            above.setAlpha(70)
            painter.fillRect(QRectF(box.left(), box.top(), wide, y - box.top()),
                             QBrush(above, Qt.BrushStyle.BDiagPattern))  # fmt: skip
            painter.setPen(QPen(QColor(p.text), 5))
            painter.drawLine(QPointF(box.left() - 24, y), QPointF(box.right() + 24, y))
        one = height(1.0)
        painter.setPen(QPen(QColor(p.quiet), 3))
        painter.drawLine(QPointF(box.left() - 14, one), QPointF(box.left(), one))
        _size(painter, NAME_PT, False)
        painter.drawText(QRectF(box.left() - 64, one - 30, 44, 60), _RIGHT, "1")
        _size(painter, WORD_PT, True)
        painter.setPen(QColor(p.text))
        painter.drawText(QRectF(box.right() + 30, box.top(), 80, box.height()),
                         Qt.AlignmentFlag.AlignVCenter, bar.mark)  # fmt: skip
        number = QRectF(place.left(), box.bottom() + 4, place.width(), 70)
        painter.drawText(number, Qt.AlignmentFlag.AlignCenter, str(bar.index + 1))
        _size(painter, NAME_PT, False)
        name = painter.fontMetrics().elidedText(
            bar.label, Qt.TextElideMode.ElideRight, int(place.width()) - 24
        )
        painter.drawText(QRectF(place.left(), box.bottom() + 70, place.width(), 60),
                         Qt.AlignmentFlag.AlignCenter, name)  # fmt: skip


_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def _size(painter: QPainter, points: int, bold: bool) -> None:
    font = painter.font()
    font.setPointSize(points)
    font.setBold(bold)
    painter.setFont(font)
