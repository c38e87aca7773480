# SPDX-License-Identifier: GPL-3.0-or-later
"""The site x intent matrix: a row a movement, a column a site. A cell is a square as large as the
site's share of its loudest movement, with the microvolts in it; below each column what the site
hears, in words. A click on a movement's name asks for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PyQt6.QtCore import QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QSizePolicy, QWidget

from endplate.fit.guided.protocol import words
from endplate.fit.sites.advice import MIXED_DB, heard
from endplate.fit.sites.choice import Intent, Matrix
from endplate.monitor.theme import Palette, site_colour

ROW, HEAD, NAMES, FEET = 30, 24, 168, 44  # NAMES: the longest of them, bold


class MatrixView(QWidget):
    """`tried` brings the number of the intent whose name was clicked."""

    tried = pyqtSignal(int)

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = palette
        self._intents: list[Intent] = []
        self._labels: list[str] = []
        self._matrix: Matrix | None = None
        self._now: np.ndarray = np.zeros(0)
        self._asked: Intent | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("What each site hears of each movement")

    def sizeHint(self) -> QSize:
        """Room for all rows."""
        return QSize(560, HEAD + ROW * max(1, len(self._intents)) + FEET)

    minimumSizeHint = sizeHint

    @property
    def labels(self) -> list[str]:
        """Of the columns."""
        return list(self._labels)

    def begin(self, intents: Sequence[Intent], labels: Sequence[str]) -> None:
        """Empty rows and columns."""
        self._intents, self._labels, self._matrix = list(intents), list(labels), None
        self.updateGeometry()
        self.update()

    def show_matrix(self, found: Matrix, now_uv: np.ndarray, asked: Intent | None) -> None:
        """As far as it is known; `now_uv` [sites], `asked` the movement that is on."""
        self._matrix, self._now, self._asked = found, now_uv, asked
        if found.intents:
            said = [f"{label} hears {heard(found, k)}" for k, label in enumerate(self._labels)]
            self.setAccessibleDescription("; ".join(said))
        self.update()

    def _cell(self, row: int, column: int) -> QRectF:
        width = (self.width() - NAMES) / max(1, len(self._labels))
        return QRectF(NAMES + column * width, HEAD + row * ROW, width, ROW)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Names, cells, words."""
        painter = QPainter(self)
        centre = Qt.AlignmentFlag.AlignCenter
        for column, label in enumerate(self._labels):
            box = self._cell(0, column)
            painter.setPen(QColor(self._palette.quiet))
            short = painter.fontMetrics().elidedText(
                f"{column + 1} {label}", Qt.TextElideMode.ElideRight, int(box.width()) - 6
            )
            painter.drawText(QRectF(box.left(), 0, box.width(), HEAD), centre, short)
        for row, intent in enumerate(self._intents):
            painter.setPen(QColor(self._palette.text))
            font = painter.font()
            font.setBold(intent == self._asked)
            painter.setFont(font)
            end = Qt.TextElideMode.ElideRight
            name = painter.fontMetrics().elidedText(words(*intent), end, NAMES - 8)
            painter.drawText(QRectF(4, HEAD + row * ROW, NAMES - 4, ROW),
                             Qt.AlignmentFlag.AlignVCenter, name)  # fmt: skip
            font.setBold(False)
            painter.setFont(font)
            for column in range(len(self._labels)):
                self._square(painter, row, column, intent)
        self._feet(painter)
        painter.end()

    def _square(self, painter: QPainter, row: int, column: int, intent: Intent) -> None:
        box = self._cell(row, column).adjusted(2, 2, -2, -2)
        painter.setPen(QPen(QColor(self._palette.line), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(box)
        found = self._matrix
        if found is None or intent not in found.intents:
            return
        k = found.intents.index(intent)
        share = float(found.share[k, column]) if found.snr_db()[column] >= MIXED_DB else 0.0
        side = (box.height() - 2) * share**0.5
        fill = QRectF(box.left() + 1, box.bottom() - 1 - side, side, side)
        painter.fillRect(fill, QColor(site_colour(column)[0]))
        painter.setPen(QColor(self._palette.text))
        painter.drawText(box.adjusted(0, 0, -6, 0), Qt.AlignmentFlag.AlignRight
                         | Qt.AlignmentFlag.AlignVCenter, f"{found.uv[k, column]:.0f}")  # fmt: skip

    def _feet(self, painter: QPainter) -> None:
        found = self._matrix
        if found is None or len(found.intents) < 2:
            return
        apart = found.isolation_db()
        painter.setPen(QColor(self._palette.quiet))
        for column in range(len(self._labels)):
            box = self._cell(len(self._intents), column)
            text = f"{heard(found, column)}\n{apart[column]:.0f} dB apart"
            painter.drawText(box.adjusted(2, 2, -2, 8), int(
                Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap), text)  # fmt: skip

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """A click on a name."""
        if event is None or event.position().x() > NAMES:
            return
        row = int((event.position().y() - HEAD) // ROW)
        if 0 <= row < len(self._intents):
            self.tried.emit(row)
