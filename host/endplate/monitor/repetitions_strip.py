# SPDX-License-Identifier: GPL-3.0-or-later
"""The repetitions of a calibration as a strip: a tick, a cross or an empty square each. A click
on a crossed one asks for it again."""

from __future__ import annotations

from dataclasses import dataclass

from PyQt6.QtCore import QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QSizePolicy, QToolTip, QWidget

from endplate.monitor.theme import VERDICTS, Palette

SQUARE, GAP = 30, 6


@dataclass
class Square:
    """`fault` None: not done yet; "": good."""

    name: str
    fault: str | None = None
    sentence: str = ""


class RepetitionsStrip(QWidget):
    """`clicked` brings the name of one with a fault."""

    clicked = pyqtSignal(str)

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = palette
        self.squares: list[Square] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName("Repetitions")

    def sizeHint(self) -> QSize:
        """One line."""
        return QSize(300, SQUARE + 8)

    def begin(self, names: list[str]) -> None:
        """Empty squares."""
        self.squares = [Square(name) for name in names]
        self.update()

    def judge(self, name: str, fault: str, sentence: str) -> None:
        """One is done, or done again."""
        for square in self.squares:
            if square.name == name:
                square.fault, square.sentence = fault, sentence
                break
        else:
            self.squares.append(Square(name, fault, sentence))
        good = sum(square.fault == "" for square in self.squares)
        bad = [f"{s.name}: {s.sentence}" for s in self.squares if s.fault]
        self.setAccessibleDescription(f"{good} good; " + "; ".join(bad))
        self.update()

    def _box(self, index: int) -> QRectF:
        step = min(SQUARE + GAP, (self.width() - 4) / max(1, len(self.squares)))
        return QRectF(2 + index * step, 4, max(8, step - GAP), SQUARE)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Squares in the order of the protocol."""
        painter = QPainter(self)
        for index, square in enumerate(self.squares):
            box = self._box(index)
            if square.fault is None:
                painter.setPen(QPen(QColor(self._palette.line), 1))
                painter.drawRect(box)
                continue
            colour, mark = VERDICTS["poor" if square.fault else "good"]
            painter.setPen(QPen(QColor(colour), 2))
            painter.drawRect(box)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, mark)
        painter.end()

    def _under(self, event: QMouseEvent) -> Square | None:
        for index, square in enumerate(self.squares):
            if self._box(index).contains(event.position()):
                return square
        return None

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """The words of the one below the mouse."""
        square = self._under(event) if event is not None else None
        if event is not None and square is not None:
            said = f"{square.name}: {square.sentence or 'not done yet'}"
            QToolTip.showText(event.globalPosition().toPoint(), said, self)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Asks for one again."""
        square = self._under(event) if event is not None else None
        if square is not None and square.fault:
            self.clicked.emit(square.name)
