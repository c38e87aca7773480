# SPDX-License-Identifier: GPL-3.0-or-later
"""One row a site: number and colour, signal-to-noise bar with its borders, verdict in words, rest
noise, mains, and an arrow for where each goes. One is selected (arrows up and down, or a click),
some are marked as what the patient sees."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QSizePolicy, QWidget

from endplate.monitor.site_words import (
    SNR_GOOD_DB,
    SNR_USABLE_DB,
    arrow,
    site_verdict,
    trends,
    with_contact,
)
from endplate.monitor.theme import VERDICTS, Palette, site_colour

ROW, HEAD = 46, 26
BAR, SNR = 5, 70  # pixels: height of the bar, width of its figure
FULL_DB = 40.0
NAME = "Sites: verdict, signal-to-noise ratio, rest noise, mains"
SHOWN = "◉"  # the patient sees it
_SIDEWAYS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


class SiteRows(QWidget):
    """Draws what `show_quality` was given; nothing moves unless it changed.

    `stepped`: up (-1) or down (1) by a key; `chosen`: a row that was clicked; `sideways`: left (-1)
    or right (1), ten times that with Shift.
    """

    stepped = pyqtSignal(int)
    chosen = pyqtSignal(int)
    sideways = pyqtSignal(int)

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = palette
        self._labels: list[str] = []
        self._rows: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = []
        self.selected = 0
        self._shown: list[int] = []
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self.setAccessibleName(NAME)

    def begin(self, labels: list[str]) -> None:
        """Sets out one row a site."""
        self._labels = labels
        self._rows = []
        self._shown = []
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Room for all rows."""
        return QSize(430, HEAD + ROW * max(1, len(self._labels)))

    minimumSizeHint = sizeHint

    def show_quality(self, quality: list[dict[str, Any]], meters: list[dict[str, Any]]) -> None:
        """Takes what chain and meters say of each site, in the order of `begin`."""
        rows = [
            (*site_verdict(site, meter), site, meter)
            for site, meter in zip(quality, meters, strict=False)
        ]
        if rows != self._rows:
            self._rows = rows
            self.setAccessibleDescription(
                "; ".join(
                    " ".join(
                        filter(
                            None,
                            (f"site {i + 1}", with_contact(row[1], row[3]), trends(row[3])),
                        )
                    )
                    for i, row in enumerate(rows)
                )
            )
            self.update()

    def mark(self, selected: int, shown: list[int]) -> None:
        """Which one is selected, which ones the patient sees."""
        if (selected, shown) != (self.selected, self._shown):
            self.selected, self._shown = selected, list(shown)
            self.setAccessibleName(f"{NAME}. Selected: site {selected + 1}")
            self.update()

    def place(self, index: int) -> int:
        """The middle of a row, pixels from the top."""
        return HEAD + index * ROW + ROW // 2

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Arrows."""
        if event is None:
            return
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.stepped.emit(-1 if key == Qt.Key.Key_Up else 1)
        elif key in _SIDEWAYS:
            far = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self.sideways.emit(_SIDEWAYS[key] * (10 if far else 1))
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Chooses a row."""
        if event is None:
            return
        row = int((event.position().y() - HEAD) // ROW)
        if 0 <= row < len(self._labels):
            self.chosen.emit(row)

    def focusInEvent(self, event: QFocusEvent | None) -> None:
        """Its frame is drawn."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        """And taken away."""
        self.update()

    def words(self, index: int) -> str:
        """The verdict shown for a site."""
        return self._rows[index][1]

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draws the rows."""
        painter = QPainter(self)
        p = self._palette
        width = self.width()
        bar = QRectF(14, 0, width - 22, BAR)
        painter.setPen(QColor(p.quiet))
        right = Qt.AlignmentFlag.AlignRight
        painter.drawText(QRectF(14, 2, 60, 20), Qt.AlignmentFlag.AlignLeft, "SNR")
        for border in (SNR_USABLE_DB, SNR_GOOD_DB):
            x = bar.left() + bar.width() * border / FULL_DB
            said = f"{border:g} dB"
            painter.drawText(QRectF(x - 40, 2, 80, 20), Qt.AlignmentFlag.AlignHCenter, said)
        painter.drawText(QRectF(width - 128, 2, 120, 20), right, "rest · mains")
        for index in range(len(self._labels)):
            top = HEAD + index * ROW
            self._behind(painter, index, top)
            self._row(painter, index, top, bar.translated(0, top + ROW - BAR - 4))
        painter.end()

    def _row(self, painter: QPainter, index: int, top: int, bar: QRectF) -> None:
        """Name and numbers, SNR and verdict, the bar: each below the other, with room for words."""
        p, right = self._palette, self.width() - 8
        middle = Qt.AlignmentFlag.AlignVCenter
        verdict, words, site, meters = (
            self._rows[index] if index < len(self._rows) else ("unknown", "Listening", {}, {})
        )
        colour, dashed = site_colour(index)
        line = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
        painter.setPen(QPen(QColor(colour), 4, line))
        painter.drawLine(4, top + 6, 4, top + ROW - 6)
        rest = float(meters.get("rest_uv", 0.0))
        numbers = (
            (
                f"{rest:.1f} µV {arrow(meters, 'rest')} · "
                f"{round(float(site.get('mains_db', 0.0))):+d} dB {arrow(meters, 'mains')}"
            ).rstrip()
            if rest > 0
            else "–"
        )
        painter.setPen(QColor(p.quiet))
        left = right - painter.fontMetrics().horizontalAdvance(numbers)
        painter.drawText(QRectF(left, top, right - left + 1, 20), middle, numbers)
        font = painter.font()
        font.setBold(index == self.selected)
        painter.setFont(font)
        painter.setPen(QColor(p.text))
        name = f"{SHOWN + ' ' if index in self._shown else ''}{index + 1} {self._labels[index]}"
        self._elided(painter, QRectF(14, top, left - 24, 20), name)
        font.setBold(False)
        painter.setFont(font)
        value = meters.get("snr_db")
        painter.setPen(QColor(p.quiet))
        if value is not None:
            said = f"{value:.0f} dB {arrow(meters, 'snr')}"
            painter.drawText(QRectF(14, top + 17, SNR, 20), middle, said)
        painter.setPen(QColor(VERDICTS[verdict][0]))
        painter.drawText(QRectF(14 + SNR, top + 17, 16, 20), middle, VERDICTS[verdict][1])
        painter.setPen(QColor(p.text))
        self._elided(painter, QRectF(32 + SNR, top + 17, right - SNR - 32, 20),
                     with_contact(words, meters))  # fmt: skip
        self._bar(painter, bar, value, VERDICTS[verdict][0])

    def _elided(self, painter: QPainter, place: QRectF, text: str) -> None:
        """In the middle: a label's number is at its beginning, a contact at the end."""
        end = Qt.TextElideMode.ElideMiddle
        short = painter.fontMetrics().elidedText(text, end, int(place.width()))
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, short)

    def _behind(self, painter: QPainter, index: int, top: int) -> None:
        """The selected row stands on a panel; with a frame while keys go there."""
        if index != self.selected:
            return
        box = QRectF(0, top - 1, self.width() - 1, ROW - 1)
        painter.fillRect(box, QColor(self._palette.panel))
        if self.hasFocus():
            painter.setPen(QPen(QColor(self._palette.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(box.adjusted(1, 1, -1, -1))

    def _bar(self, painter: QPainter, place: QRectF, value: float | None, colour: str) -> None:
        painter.fillRect(place, QColor(self._palette.line))
        if value is not None:
            share = min(1.0, max(0.0, value / FULL_DB))
            painter.fillRect(
                QRectF(place.left(), place.top(), place.width() * share, place.height()),
                QColor(colour),
            )
        painter.setPen(QColor(self._palette.text))
        for border in (SNR_USABLE_DB, SNR_GOOD_DB):
            x = int(place.left() + place.width() * border / FULL_DB)
            painter.drawLine(x, int(place.top()) - 2, x, int(place.bottom()) + 2)
