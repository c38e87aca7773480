# SPDX-License-Identifier: GPL-3.0-or-later
"""Latency strip: one line a stage (p50, p95, p99, most), and the course of arrival-to-wire p95
over the last minutes."""

from __future__ import annotations

from collections import deque
from typing import Any

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from endplate.monitor.theme import Palette

ROW = 20
HISTORY = 240
TARGET_P95_MS = 15.0
STAGES = (
    ("arrival_to_wire", "arrival to wire"),
    ("wire_to_applied", "wire to motion"),
    ("chain", "chain"),
    ("poll", "poll"),
)


class LatencyView(QWidget):
    """Draws what `show_latency` was given last."""

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = palette
        self._rows: list[tuple[str, dict[str, Any]]] = []
        self._history: deque[float] = deque(maxlen=HISTORY)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Latency of each stage in milliseconds")

    def sizeHint(self) -> QSize:
        """Rows and the strip."""
        return QSize(380, ROW * (len(STAGES) + 1) + 56)

    minimumSizeHint = sizeHint

    def show_latency(self, latency: dict[str, dict[str, Any]]) -> None:
        """Stage -> {p50, p95, p99, max, n} in milliseconds."""
        self._rows = [
            (words, latency[name]) for name, words in STAGES if latency.get(name, {}).get("n")
        ]
        wire = latency.get("arrival_to_wire", {})
        if wire.get("n"):
            self._history.append(float(wire["p95"]))
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draws rows and strip."""
        painter = QPainter(self)
        p = self._palette
        columns = [150 + i * max(44, (self.width() - 160) // 4) for i in range(4)]
        painter.setPen(QColor(p.quiet))
        for x, head in zip(columns, ("p50", "p95", "p99", "max ms"), strict=True):
            painter.drawText(QRectF(x - 40, 0, 90, ROW), Qt.AlignmentFlag.AlignCenter, head)
        if not self._rows:
            painter.drawText(
                QRectF(8, ROW, self.width(), ROW), Qt.AlignmentFlag.AlignLeft, "No command sent yet"
            )
        for index, (words, row) in enumerate(self._rows):
            top = ROW * (index + 1)
            painter.setPen(QColor(p.text))
            painter.drawText(QRectF(8, top, 140, ROW), Qt.AlignmentFlag.AlignVCenter, words)
            for x, key in zip(columns, ("p50", "p95", "p99", "max"), strict=True):
                painter.drawText(
                    QRectF(x - 40, top, 90, ROW), Qt.AlignmentFlag.AlignCenter, f"{row[key]:.2f}"
                )
        strip = QRectF(8, self.height() - 46, self.width() - 16, 40)
        painter.setPen(QPen(QColor(p.line), 1))
        painter.drawRect(strip)
        if len(self._history) > 1:
            top_ms = max(2 * TARGET_P95_MS, *self._history)
            line = QPolygonF(
                [
                    QPointF(
                        strip.left() + strip.width() * i / (HISTORY - 1),
                        strip.bottom() - strip.height() * v / top_ms,
                    )
                    for i, v in enumerate(self._history)
                ]
            )
            target = strip.bottom() - strip.height() * TARGET_P95_MS / top_ms
            painter.setPen(QPen(QColor(p.quiet), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(strip.left(), target), QPointF(strip.right(), target))
            painter.drawText(
                QRectF(strip.left() + 4, target - 18, 260, 18),
                Qt.AlignmentFlag.AlignLeft,
                f"p95 aim {TARGET_P95_MS:g} ms",
            )
            painter.setPen(QPen(QColor(p.accent), 1.5))
            painter.drawPolyline(line)
        painter.end()
