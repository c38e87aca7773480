# SPDX-License-Identifier: GPL-3.0-or-later
"""How long each stage takes: one row a stage with its histogram and percentiles, and below them the
course of arrival-to-wire p95 over the last minute."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from endplate.monitor.theme import Palette

HEAD, ROW, AXIS, STRIP = 20, 44, 18, 56
COLUMN = 52  # pixels of a figure and the gap after it
HISTORY = 240
TARGET_P95_MS = 15.0
FROM_MS, TO_MS = 0.001, 1000.0  # of the histograms' axis, in decades
TICKS = ((0.001, "1 µs"), (0.1, "0.1"), (1.0, "1"), (10.0, "10"), (100.0, "100 ms"))
STAGES = (
    ("arrival_to_wire", "sample to wire"),
    ("wire_to_applied", "wire to motion"),
    ("chain", "decoding"),
    ("poll", "loop"),
)
COLUMNS = ("p50", "p95", "p99", "max")


class LatencyView(QWidget):
    """Draws what `show_latency` was given last."""

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = palette
        self._rows: list[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = []
        self._history: deque[float] = deque(maxlen=HISTORY)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Latency of each stage in milliseconds")

    def sizeHint(self) -> QSize:
        """Rows, the axis and the strip."""
        return QSize(330, HEAD + ROW * len(STAGES) + AXIS + STRIP)

    minimumSizeHint = sizeHint

    def show_latency(
        self, latency: Mapping[str, Mapping[str, Any]], halves: Mapping[str, Any]
    ) -> None:
        """Stage -> {p50, p95, p99, max, n} in milliseconds, and its values by half octaves
        (live/latency.py)."""
        self._rows = [
            (words, latency[name], halves.get(name) or {})
            for name, words in STAGES
            if latency.get(name, {}).get("n")
        ]
        wire = latency.get("arrival_to_wire", {})
        if wire.get("n"):
            self._history.append(float(wire["p95"]))
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draws rows and strip."""
        painter = QPainter(self)
        p = self._palette
        columns = [self.width() - COLUMN * (4 - k) for k in range(4)]
        painter.setPen(QColor(p.quiet))
        for x, head in zip(columns, COLUMNS, strict=True):
            painter.drawText(QRectF(x, 0, COLUMN - 6, HEAD), Qt.AlignmentFlag.AlignRight, head)
        if not self._rows:
            text = QRectF(8, HEAD, self.width(), HEAD)
            painter.drawText(text, Qt.AlignmentFlag.AlignLeft, "No command sent yet")
        for index, (words, row, halves) in enumerate(self._rows):
            top = HEAD + ROW * index
            painter.setPen(QColor(p.text))
            name = QRectF(8, top, columns[0] - 8, 20)
            painter.drawText(name, Qt.AlignmentFlag.AlignVCenter, words)
            for x, key in zip(columns, COLUMNS, strict=True):
                text = QRectF(x, top, COLUMN - 6, 20)
                painter.drawText(text, _RIGHT, _short(float(row[key])))
            self._histogram(painter, QRectF(8, top + 20, self.width() - 8, ROW - 22), halves)
        if self._rows:
            self._axis(painter, HEAD + ROW * len(self._rows))
        self._strip(painter)
        painter.end()

    def _x(self, ms: float) -> float:
        share = math.log(max(ms, FROM_MS) / FROM_MS) / math.log(TO_MS / FROM_MS)
        return 8 + min(1.0, share) * (self.width() - 16)

    def _histogram(self, painter: QPainter, box: QRectF, halves: Mapping[str, Any]) -> None:
        """Height: the square root of the count, so that rare long times are seen."""
        counts: Sequence[int] = halves.get("counts") or []
        painter.setPen(QColor(self._palette.line))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        most = max(counts, default=0)
        for k, count in enumerate(counts):
            if not count:
                continue
            low, high = (self._x(edge_ms(int(halves["first"]) + at)) for at in (k, k + 1))
            tall = max(1.0, math.sqrt(count / most) * box.height())
            bar = QRectF(low, box.bottom() - tall, max(1.0, high - low - 1), tall)
            painter.fillRect(bar, QColor(self._palette.accent))

    def _axis(self, painter: QPainter, top: float) -> None:
        painter.setPen(QColor(self._palette.quiet))
        for ms, words in TICKS:
            x = self._x(ms)
            painter.drawLine(QPointF(x, top - 2), QPointF(x, top + 2))
            first = ms == FROM_MS  # at the edge: its words begin there
            where = Qt.AlignmentFlag.AlignLeft if first else Qt.AlignmentFlag.AlignHCenter
            painter.drawText(QRectF(x if first else x - 30, top, 60, AXIS), where, words)

    def _strip(self, painter: QPainter) -> None:
        p = self._palette
        strip = QRectF(8, self.height() - 46, self.width() - 16, 40)
        painter.setPen(QPen(QColor(p.line), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(strip)
        if len(self._history) < 2:
            return
        top_ms = max(2 * TARGET_P95_MS, *self._history)
        points = [
            QPointF(strip.left() + strip.width() * i / (HISTORY - 1),
                    strip.bottom() - strip.height() * v / top_ms)
            for i, v in enumerate(self._history)
        ]  # fmt: skip
        target = strip.bottom() - strip.height() * TARGET_P95_MS / top_ms
        painter.setPen(QPen(QColor(p.quiet), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(strip.left(), target), QPointF(strip.right(), target))
        text = QRectF(strip.left() + 4, target - 18, 260, 18)
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft,
                         f"p95 of sample to wire; aim {TARGET_P95_MS:g} ms")  # fmt: skip
        painter.setPen(QPen(QColor(p.accent), 1.5))
        painter.drawPolyline(QPolygonF(points))


_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def edge_ms(number: int) -> float:
    """Lower edge of a half octave of the feed's histograms: 64 ns, 96 ns, 128 ns, ..."""
    return 64e-6 * 2 ** (number // 2) * (1.5 if number % 2 else 1.0)


def _short(ms: float) -> str:
    return f"{ms:.3f}" if ms < 0.1 else f"{ms:.2f}" if ms < 10 else f"{ms:.0f}"
