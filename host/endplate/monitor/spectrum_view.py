# SPDX-License-Identifier: GPL-3.0-or-later
"""The spectrum of the selected site: amplitude density on decades against frequency, the mains and
its harmonics as dashed lines, the median frequency as a mark and in words."""

from __future__ import annotations

import math

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from endplate.fit.sites.spectrum import median_hz, spectrum, told
from endplate.monitor.scales import AxisEnd, ticks
from endplate.monitor.theme import Palette, site_colour

SPAN_S = 4.0
DECADES = 3
LEAST_TOP = 1.0  # microvolt/sqrt(Hz)
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 48, 24
WAIT = "The spectrum appears after a second of signal."


class SpectrumView(QWidget):
    """`show_signal` computes and redraws; call it at most 5 times a second."""

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = palette
        self._rate_hz, self._mains_hz = 1000.0, 50.0
        self._title, self._index = "", 0
        self._frequency = self._size = np.zeros(0)
        self._median = math.nan
        self._top = AxisEnd(LEAST_TOP, (1.0,))
        self.words = WAIT
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Spectrum of the selected site")

    def sizeHint(self) -> QSize:
        """Small; it grows."""
        return QSize(380, 200)

    def begin(self, rate_hz: float, mains_hz: float) -> None:
        """Of another session."""
        self._rate_hz, self._mains_hz = rate_hz, mains_hz
        self._frequency = self._size = np.zeros(0)
        self._median, self.words = math.nan, WAIT
        self._top = AxisEnd(LEAST_TOP, (1.0,))
        self.update()

    def show_signal(
        self, index: int, label: str, clean_uv: np.ndarray, rest_uv: float, held: bool
    ) -> None:
        """The newest SPAN_S of site `index` (from 0); `rest_uv` its rest noise, 0: unknown. `held`:
        it is of a picture that stands still."""
        part = clean_uv[-round(SPAN_S * self._rate_hz) :]
        self._frequency, density = spectrum(part, self._rate_hz)
        self._size = np.sqrt(density)
        self._index = index
        when = "of the held picture" if held else "now"
        self._title = f"Spectrum: {index + 1} {label}, {SPAN_S:g} s {when}, clean signal"
        if len(density):
            rms = float(np.sqrt(np.mean(np.square(part))))
            self._median = median_hz(self._frequency, density)
            self.words = told(self._median, self._rate_hz, rms, rest_uv)
            self._top.show(float(self._size.max()))
        else:
            self._median, self.words = math.nan, WAIT
        self.setAccessibleDescription(f"{self._title}. {self.words}")
        self.update()

    @property
    def ends(self) -> tuple[float, float]:
        """Of the axis, microvolt/sqrt(Hz)."""
        return self._top.value / 10**DECADES, self._top.value

    def _box(self) -> QRectF:
        return QRectF(LEFT, TOP, self.width() - LEFT - RIGHT, self.height() - TOP - BOTTOM)

    def _x(self, hz: float) -> float:
        box = self._box()
        return box.left() + box.width() * hz / (self._rate_hz / 2)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Axes, mains, curve, words."""
        painter = QPainter(self)
        p, box = self._palette, self._box()
        painter.fillRect(box, QColor(p.panel))
        width = self.width() - 4
        painter.setPen(QColor(p.text))
        title = painter.fontMetrics().elidedText(
            self._title or "Spectrum", Qt.TextElideMode.ElideRight, width
        )
        painter.drawText(QRectF(2, 0, width, 22), Qt.AlignmentFlag.AlignVCenter, title)
        painter.setPen(QColor(p.quiet))
        painter.drawText(QRectF(2, 22, width, 22), Qt.AlignmentFlag.AlignVCenter, self.words)
        self._axes(painter, box)
        if len(self._size):
            self._curve(painter, box)
        painter.end()

    def _axes(self, painter: QPainter, box: QRectF) -> None:
        p = self._palette
        font = painter.font()
        font.setPointSizeF(9)
        painter.setFont(font)
        low, _ = self.ends
        for k in range(DECADES + 1):
            y = box.bottom() - box.height() * k / DECADES
            painter.setPen(QColor(p.line))
            painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
            painter.setPen(QColor(p.quiet))
            text = f"{low * 10**k:g}"
            painter.drawText(QRectF(0, y - 9, LEFT - 6, 18), _RIGHT, text)
        painter.save()
        painter.translate(2, box.center().y())
        painter.rotate(-90)
        painter.drawText(QRectF(-70, 0, 140, 16), Qt.AlignmentFlag.AlignCenter, "µV/√Hz")
        painter.restore()
        values = ticks(self._rate_hz / 2, 8)
        for hz in values:
            unit = " Hz" if hz == values[-1] else ""
            place = QRectF(self._x(hz) - 40, box.bottom() + 3, 80, 18)
            if place.right() > self.width():
                place.moveRight(self.width())
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, f"{hz:g}{unit}")
        painter.setPen(QPen(QColor(p.quiet), 1, Qt.PenStyle.DotLine))
        line = self._mains_hz
        while line < self._rate_hz / 2:
            x = self._x(line)
            painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))
            line += self._mains_hz
        name = f"mains {self._mains_hz:g} Hz and harmonics, notched"
        painter.drawText(QRectF(self._x(self._mains_hz) + 4, box.top(), 300, 16),
                         Qt.AlignmentFlag.AlignLeft, name)  # fmt: skip

    def _curve(self, painter: QPainter, box: QRectF) -> None:
        low, top = self.ends
        height = np.log10(np.maximum(self._size, low) / low) / DECADES
        x = box.left() + box.width() * self._frequency / (self._rate_hz / 2)
        y = box.bottom() - box.height() * np.minimum(height, 1.0)
        points = QPolygonF([QPointF(a, b) for a, b in zip(x[1:], y[1:], strict=True)])
        colour, dashed = site_colour(self._index)
        style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
        painter.setPen(QPen(QColor(colour), 1, style))
        painter.drawPolyline(points)
        if self.words.startswith("Median"):
            at = self._x(self._median)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._palette.text))
            painter.drawPolygon(QPolygonF([
                QPointF(at, box.bottom() - 8), QPointF(at - 5, box.bottom()),
                QPointF(at + 5, box.bottom()),
            ]))  # fmt: skip


_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
