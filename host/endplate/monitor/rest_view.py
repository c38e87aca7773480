# SPDX-License-Identifier: GPL-3.0-or-later
"""The warm-up meter: whether rest noise still falls, in words, and the last minutes of it: a thin
line a site, the middle of all as a thick one."""

from __future__ import annotations

import warnings

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from endplate.fit.sites.warmup import Warmup
from endplate.monitor.scales import AxisEnd, ticks
from endplate.monitor.site_words import NOISE_GOOD_UV, NOISE_POOR_UV, settled
from endplate.monitor.theme import Palette, site_colour

SPAN_S = 300.0
LEFT, RIGHT, TOP, BOTTOM = 44, 14, 48, 24
MARKS = {"falling": "↘", "slowing": "↘", "rising": "↗", "steady": "→", "settled": "✓"}


class RestView(QWidget):
    """`show_warmup` redraws; a second brings something new."""

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = palette
        self._times, self._rest = np.zeros(0), np.zeros((0, 0))
        self._middle = np.zeros(0)
        self._selected = 0
        self._top = AxisEnd(10.0)
        self.words = settled(Warmup(0).settling)
        self._mark = "–"
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Warm-up: rest noise over the last five minutes")

    def sizeHint(self) -> QSize:
        """Small; it grows."""
        return QSize(300, 200)

    def show_warmup(self, warmup: Warmup, selected: int) -> None:
        """As it stands; `selected` is drawn stronger."""
        times, rest = warmup.history()
        seen = times >= -SPAN_S
        self._times, self._rest, self._selected = times[seen], rest[seen], selected
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a second without any site known
            self._middle = np.nanmedian(self._rest, axis=1)
        if self._rest.size:
            self._top.show(float(np.nan_to_num(self._rest).max()))
        self.words = settled(warmup.settling)
        self._mark = MARKS.get(warmup.settling.state, "–")
        self.setAccessibleDescription(f"{self.words} {self.went()}")
        self.update()

    def went(self) -> str:
        """From where to where the middle site went in the time that is shown; "" unknown."""
        known = np.flatnonzero(np.isfinite(self._middle))
        if len(known) < 2 or self._times[known[-1]] - self._times[known[0]] < 30:
            return ""
        first, last = self._middle[known[[0, -1]]]
        minutes = (self._times[known[-1]] - self._times[known[0]]) / 60
        return f"Middle site: {first:.1f} to {last:.1f} µV in {minutes:.1f} min."

    def _box(self) -> QRectF:
        return QRectF(LEFT, TOP, self.width() - LEFT - RIGHT, self.height() - TOP - BOTTOM)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Words, axes, lines."""
        painter = QPainter(self)
        p, box = self._palette, self._box()
        painter.fillRect(box, QColor(p.panel))
        painter.setPen(QColor(p.text))
        flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap)
        painter.drawText(QRectF(2, 0, self.width() - 4, TOP - 4), flags,
                         f"{self._mark} {self.words}")  # fmt: skip
        self._axes(painter, box)
        order = [k for k in range(self._rest.shape[1]) if k != self._selected]
        for site in [*order, self._selected]:
            if site < self._rest.shape[1]:
                colour, dashed = site_colour(site)
                style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
                self._line(painter, box, self._rest[:, site], QPen(QColor(colour), 1, style))
        self._line(painter, box, self._middle, QPen(QColor(p.text), 2))
        painter.setPen(QColor(p.quiet))
        painter.drawText(box.adjusted(0, 2, -4, 0), Qt.AlignmentFlag.AlignRight, self.went())
        painter.end()

    def _axes(self, painter: QPainter, box: QRectF) -> None:
        p, top = self._palette, self._top.value
        font = painter.font()
        font.setPointSizeF(9)
        painter.setFont(font)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        values = ticks(top, 5)
        for uv in values:
            y = box.bottom() - box.height() * uv / top
            painter.setPen(QColor(p.line))
            painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
            painter.setPen(QColor(p.quiet))
            unit = " µV" if uv == values[-1] else ""
            painter.drawText(QRectF(0, y - 9, LEFT - 4, 18), right, f"{uv:g}{unit}")
        for minutes in range(0, round(SPAN_S / 60) + 1):
            x = box.right() - box.width() * minutes * 60 / SPAN_S
            text = "now" if not minutes else f"-{minutes}"
            text += " min" if minutes * 60 == SPAN_S else ""
            place = QRectF(x - 30, box.bottom() + 3, 60, 18)
            if place.right() > self.width():
                place.moveRight(self.width())
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)
        for border, word in ((NOISE_GOOD_UV, "good below"), (NOISE_POOR_UV, "poor above")):
            if border < top:
                y = box.bottom() - box.height() * border / top
                painter.setPen(QPen(QColor(p.quiet), 1, Qt.PenStyle.DotLine))
                painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
                painter.drawText(QRectF(box.left() + 4, y - 17, 120, 16),
                                 Qt.AlignmentFlag.AlignLeft, word)  # fmt: skip

    def _line(self, painter: QPainter, box: QRectF, uv: np.ndarray, pen: QPen) -> None:
        painter.setPen(pen)
        x = box.right() + box.width() * self._times / SPAN_S
        y = box.bottom() - box.height() * np.minimum(uv / self._top.value, 1.0)
        points: list[QPointF] = []
        for a, b in zip(x, y, strict=True):
            if np.isfinite(b):
                points.append(QPointF(a, b))
            elif points:
                painter.drawPolyline(QPolygonF(points))
                points = []
        if points:
            painter.drawPolyline(QPolygonF(points))
