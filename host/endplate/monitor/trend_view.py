# SPDX-License-Identifier: GPL-3.0-or-later
"""One measure over months since TMR: points on a line, a band that is within measurement error of
the last one, the baseline of direct control as open squares."""

from __future__ import annotations

from datetime import date

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from endplate.clinic.trends import Trend
from endplate.monitor.theme import Palette

ROW = 96
NAME = 300  # pixels for the words
MONTH_DAYS = 30.44


class TrendView(QWidget):
    """One row; `since` is the day of TMR, or of the first figure where that is not known."""

    def __init__(
        self, palette: Palette, trend: Trend, since: date, until: date,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._palette, self._trend, self._since, self._until = palette, trend, since, until
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(trend.name)
        self.setAccessibleDescription(trend.said())

    def sizeHint(self) -> QSize:
        """One row."""
        return QSize(620, ROW)

    minimumSizeHint = sizeHint

    def _months(self, day: date) -> float:
        return (day - self._since).days / MONTH_DAYS

    def _range(self) -> tuple[float, float]:
        values = [point.value for point in self._trend.points]
        mdc = self._trend.mdc or 0.0
        last = self._trend.own[-1].value if self._trend.own else values[-1]
        low, high = min(*values, last - mdc), max(*values, last + mdc)
        room = max((high - low) * 0.15, abs(high) * 0.05, 1e-6)
        return low - room, high + room

    def _at(self, day: date, value: float) -> QPointF:
        box = self._box()
        whole = max(self._months(self._until), 1.0)
        low, high = self._range()
        return QPointF(box.left() + box.width() * self._months(day) / whole,
                       box.bottom() - box.height() * (value - low) / (high - low))  # fmt: skip

    def _box(self) -> QRectF:
        return QRectF(NAME + 46, 10, self.width() - NAME - 70, ROW - 32)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Words to the left, the plot to the right."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        trend, box = self._trend, self._box()
        painter.setPen(QColor(self._palette.text))
        painter.drawText(QRectF(0, 8, NAME, 24), Qt.AlignmentFlag.AlignLeft, trend.name)
        painter.setPen(QColor(self._palette.quiet))
        flags = int(Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap)
        painter.drawText(QRectF(0, 32, NAME, ROW - 32), flags, trend.said())
        painter.setPen(QPen(QColor(self._palette.line), 1))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        painter.drawLine(box.bottomLeft(), box.topLeft())
        self._axes(painter, box)
        if trend.mdc is not None and trend.own:
            last = trend.own[-1].value
            top = self._at(self._since, last + trend.mdc).y()
            low = self._at(self._since, last - trend.mdc).y()
            fill = QColor(self._palette.quiet)
            fill.setAlpha(40)
            painter.fillRect(QRectF(box.left(), top, box.width(), low - top), fill)
        self._points(painter)
        painter.end()

    def _axes(self, painter: QPainter, box: QRectF) -> None:
        painter.setPen(QColor(self._palette.quiet))
        low, high = self._range()
        for value, y in ((high, box.top()), (low, box.bottom() - 14)):
            painter.drawText(QRectF(NAME, y - 2, 42, 16), Qt.AlignmentFlag.AlignRight,
                             f"{value:.3g}")  # fmt: skip
        months = max(1, round(self._months(self._until)))
        for month in sorted({0, months // 2, months}):
            x = box.left() + box.width() * month / max(self._months(self._until), 1.0)
            painter.drawText(QRectF(x - 30, box.bottom() + 2, 60, 16),
                             Qt.AlignmentFlag.AlignCenter, str(month))  # fmt: skip

    def _points(self, painter: QPainter) -> None:
        own = [self._at(point.dated, point.value) for point in self._trend.own]
        painter.setPen(QPen(QColor(self._palette.accent), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF(own))
        painter.setBrush(QColor(self._palette.accent))
        for place in own:
            painter.drawEllipse(place, 4, 4)
        painter.setPen(QPen(QColor(self._palette.text), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for point in self._trend.points:
            if point.other:
                place = self._at(point.dated, point.value)
                painter.drawRect(QRectF(place.x() - 4, place.y() - 4, 8, 8))
