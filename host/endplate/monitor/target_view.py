# SPDX-License-Identifier: GPL-3.0-or-later
"""One target at a time and nothing else: a ball to reach, a cursor that the patient's muscles move.

The first DoF goes across, the second up; a third turns a needle, target and cursor each have one.
"""

from __future__ import annotations

import math

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QSizePolicy, QWidget

from endplate.clinic.trials.fitts import Trial
from endplate.monitor.theme import VERDICTS, Palette

CURSOR = 11.0  # pixels, radius
NEEDLE_DEG = 90.0  # at the edge of the third DoF


class TargetView(QWidget):
    """`show_trial` redraws; without a trial it says `word` alone, large."""

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = palette
        self._trial: Trial | None = None
        self._word = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Target and cursor")

    def sizeHint(self) -> QSize:
        """Large: it is seen at two metres."""
        return QSize(640, 560)

    def show_trial(self, trial: Trial | None, word: str) -> None:
        """What is played now."""
        self._trial, self._word = trial, word
        self.update()

    def _at(self, place: np.ndarray) -> QPointF:
        half = min(self.width(), self.height()) / 2 - 20
        up = place[1] if len(place) > 1 else 0.0
        return QPointF(self.width() / 2 + place[0] * half, self.height() / 2 - up * half)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """The target below, the cursor above."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._trial is None:
            font = painter.font()
            font.setPointSize(36)
            painter.setFont(font)
            painter.setPen(QColor(self._palette.text))
            painter.drawText(QRectF(self.rect()), Qt.AlignmentFlag.AlignCenter, self._word)
        else:
            self._draw(painter, self._trial)
        painter.end()

    def _draw(self, painter: QPainter, trial: Trial) -> None:
        half = min(self.width(), self.height()) / 2 - 20
        centre = np.array(trial.target.centre)
        good = QColor(VERDICTS["good"][0])
        painter.setPen(QPen(good if trial.inside else QColor(self._palette.accent), 4))
        fill = QColor(good if trial.inside else self._palette.accent)
        fill.setAlpha(60)
        painter.setBrush(fill)
        radius = trial.target.width / 2 * half
        painter.drawEllipse(self._at(centre), radius, radius)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._palette.text))
        painter.drawEllipse(self._at(trial.position), CURSOR, CURSOR)
        if len(centre) > 2:
            self._needle(painter, centre, radius + 16, QColor(self._palette.accent))
            self._needle(painter, trial.position, CURSOR + 26, QColor(self._palette.text))
        if trial.inside:
            painter.setPen(good)
            font = painter.font()
            font.setPointSize(36)
            painter.setFont(font)
            painter.drawText(QRectF(0, self.height() - 64, self.width(), 60),
                             Qt.AlignmentFlag.AlignCenter, "Hold it")  # fmt: skip

    def _needle(self, painter: QPainter, place: np.ndarray, length: float, colour: QColor) -> None:
        angle = math.radians(NEEDLE_DEG * float(place[2]))
        start = self._at(place)
        end = QPointF(start.x() + length * math.sin(angle), start.y() - length * math.cos(angle))
        painter.setPen(QPen(colour, 4))
        painter.drawLine(start, end)
