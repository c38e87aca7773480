# SPDX-License-Identifier: GPL-3.0-or-later
"""One measure over months since TMR: points on a line, a band that is within measurement error of
the last one, the baseline of direct control as open squares. Axes in steps of 1-2-5, with units."""

from __future__ import annotations

import math
from datetime import date

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from endplate.clinic.trends import Point, Trend
from endplate.monitor.scales import axis
from endplate.monitor.theme import Palette

ROW, LEAST = 104, 72  # pixels, with words and without
NAME = 250  # pixels for the words
LEFT, RIGHT, ABOVE, BELOW = 44, 14, 20, 20  # of the plot: values, end, unit, months
LAST = 85.0  # pixels that the last month's words take
MONTH_DAYS = 30.44
COUNTED = ("DoF", "blocks")  # units that have no halves
FINEST = 0.001  # step of other values: smaller ones would have no plain figures
ACROSS, UP = 6, 3  # steps of an axis at most
WRAPPED = int(Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap)


class TrendView(QWidget):
    """One row; `since` is the day of TMR, or of the first figure where that is not known. Without
    `words` only the plot."""

    def __init__(
        self, palette: Palette, trend: Trend, since: date, until: date,
        parent: QWidget | None = None, words: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._palette, self._trend, self._since = palette, trend, since
        self._name = NAME if words else 0
        self.months = axis(0.0, max(1.0, self._months(until)), ACROSS)
        self.values = self._values()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(trend.name)
        self.setAccessibleDescription(self._said())

    def sizeHint(self) -> QSize:
        """One row, high enough for its words."""
        if not self._name:
            return QSize(240, LEAST)
        self.ensurePolished()
        _, said = self._places()
        return QSize(NAME + 240, max(ROW, round(said.bottom()) + 6))

    minimumSizeHint = sizeHint

    def _places(self) -> tuple[QRectF, QRectF]:
        """Of the name and of what is said below it."""
        bold = self.font()
        bold.setBold(True)
        room = QRectF(0, 4, NAME - 8, 400)
        name = QFontMetricsF(bold).boundingRect(room, WRAPPED, self._trend.name)
        room.moveTop(name.bottom() + 2)
        said = QFontMetricsF(self.font()).boundingRect(room, WRAPPED, self._said())
        return name, said

    def _said(self) -> str:
        return "\n".join(filter(None, (self._trend.said(), self._trend.band_said())))

    def _months(self, day: date) -> float:
        return (day - self._since).days / MONTH_DAYS

    def _values(self) -> list[float]:
        """Of the axis: all points and the band are within, and a figure that cannot be below 0 or
        above 100 % (a share above 1) is not shown as if it could."""
        trend = self._trend
        values = [point.value for point in trend.points]
        last, mdc = (trend.own or trend.points)[-1].value, trend.mdc or 0.0
        low, high = min(*values, last - mdc), max(*values, last + mdc)
        most = 100.0 if trend.unit.startswith("%") else 1.0 if not trend.unit else math.inf
        room = max((high - low) * 0.05, abs(high) * 0.05) or min(1.0, most)
        low, high = low - room, high + room
        if min(values) >= 0:
            low = max(0.0, low)
        if max(values) <= most:
            high = min(most, high)
        whole = trend.unit in COUNTED and all(value == round(value) for value in values)
        return axis(low, high, UP, 1.0 if whole else FINEST)

    def _at(self, months: float, value: float) -> QPointF:
        box = self._box()
        low, high = self.values[0], self.values[-1]
        return QPointF(box.left() + box.width() * months / self.months[-1],
                       box.bottom() - box.height() * (value - low) / (high - low))  # fmt: skip

    def _box(self) -> QRectF:
        return QRectF(self._name + LEFT, ABOVE, self.width() - self._name - LEFT - RIGHT,
                      self.height() - ABOVE - BELOW)  # fmt: skip

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Words to the left, the plot to the right."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._name:
            self._words(painter)
        self._band(painter)
        self._axes(painter)
        self._points(painter)
        painter.end()

    def _words(self, painter: QPainter) -> None:
        name, said = self._places()
        painter.save()
        font = painter.font()
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(self._palette.text))
        painter.drawText(name.adjusted(0, 0, 2, 0), WRAPPED, self._trend.name)
        painter.restore()
        painter.setPen(QColor(self._palette.quiet))
        painter.drawText(said.adjusted(0, 0, 2, 0), WRAPPED, self._said())

    def _band(self, painter: QPainter) -> None:
        trend, box = self._trend, self._box()
        if trend.mdc is None or not trend.own:
            return
        last = trend.own[-1].value
        top = max(box.top(), self._at(0.0, last + trend.mdc).y())
        low = min(box.bottom(), self._at(0.0, last - trend.mdc).y())
        fill = QColor(self._palette.quiet)
        fill.setAlpha(40)
        painter.fillRect(QRectF(box.left(), top, box.width(), low - top), fill)

    def _axes(self, painter: QPainter) -> None:
        box, line = self._box(), QPen(QColor(self._palette.line), 1)
        word = QColor(self._palette.quiet)
        unit = QRectF(box.left() + 2, 0, box.width(), ABOVE)
        painter.setPen(word)
        painter.drawText(unit, Qt.AlignmentFlag.AlignLeft, self._trend.unit)
        for value in self.values:
            y = self._at(0.0, value).y()
            painter.setPen(line)
            painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
            painter.setPen(word)
            painter.drawText(QRectF(box.left() - LEFT, y - 9, LEFT - 5, 18),
                             Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                             f"{value:.6g}".replace("-", "\N{MINUS SIGN}"))  # fmt: skip
        for month in self.months:
            x = self._at(month, self.values[0]).x()
            painter.setPen(line)
            painter.drawLine(QPointF(x, box.bottom()), QPointF(x, box.bottom() + 3))
            painter.setPen(word)
            below = QRectF(x - 30, box.bottom() + 3, 60, 17)
            if self._name and month == self.months[-1]:
                below = QRectF(x - 90 + RIGHT, below.top(), 90, 17)
                painter.drawText(below, Qt.AlignmentFlag.AlignRight, f"{month:g} months")
            elif not self._name or self._at(self.months[-1], 0.0).x() - x > LAST:
                painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, f"{month:g}")

    def _points(self, painter: QPainter) -> None:
        def place(point: Point) -> QPointF:
            return self._at(self._months(point.dated), point.value)

        own = [place(point) for point in self._trend.own]
        painter.setPen(QPen(QColor(self._palette.accent), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF(own))
        painter.setBrush(QColor(self._palette.accent))
        for at in own:
            painter.drawEllipse(at, 4, 4)
        painter.setPen(QPen(QColor(self._palette.text), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for point in self._trend.points:
            if point.other:
                at = place(point)
                painter.drawRect(QRectF(at.x() - 4, at.y() - 4, 8, 8))
