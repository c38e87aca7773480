# SPDX-License-Identifier: GPL-3.0-or-later
"""The limb from both sides, with the montage's sites as numbered discs where they lie.

A site's place is read from the words of its montage ("upper arm, front, outer side"): front or
palm side on the left drawing, back on the right one; the outer or thumb side away from the body.
Sites whose words say nothing stand in a row. A site that is off is a ring with a dash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PyQt6.QtWidgets import QSizePolicy, QWidget

from endplate.monitor.theme import Palette, site_colour

DISC = 15.0  # pixels, radius
NEAR = 0.16  # of the limb's length: closer discs are moved apart
#: Words of a position -> where it lies: across (-1 inner, +1 outer) and along (0 top, 1 bottom).
ACROSS = {
    "outer": 0.6, "thumb side": 0.6, "inner": -0.6, "little finger side": -0.6,
    "towards the arm pit": 0.75, "side of the chest": 0.9, "middle": 0.0,
}  # fmt: skip
ALONG = {
    "below the collar bone": 0.16, "second rib": 0.32, "fifth rib": 0.6, "sixth rib": 0.75,
    "towards the arm pit": 0.42, "below the arm pit": 0.5, "below the elbow": 0.22,
    "towards the stump": 0.72,
}  # fmt: skip


@dataclass(frozen=True)
class Spot:
    """`face` 0 front or palm side, 1 back; `across` and `along` as above."""

    face: int
    across: float
    along: float


@dataclass(frozen=True)
class Shown:
    """A site as it is drawn."""

    label: str
    position: str
    used: bool


def spots(positions: Sequence[str]) -> list[Spot]:
    """Where sites lie, from their words; no two on top of each other."""
    found: list[Spot] = []
    for index, position in enumerate(positions):
        if not position:
            count = max(1, len(positions) - 1)
            found.append(Spot(0, 0.0, 0.12 + 0.76 * index / count))
            continue
        words = position.lower()
        face = int("back" in words)
        across = next((at for word, at in ACROSS.items() if word in words), 0.0)
        along = next((at for word, at in ALONG.items() if word in words), 0.45)
        while any(one.face == face and abs(one.across - across) < 0.4
                  and abs(one.along - along) < NEAR for one in found):  # fmt: skip
            along += NEAR
        found.append(Spot(face, across, min(along, 0.92)))
    return found


class LimbView(QWidget):
    """`clicked` brings the number of the site, from 0."""

    clicked = pyqtSignal(int)

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = palette
        self._level, self._side = "transhumeral", "left"
        self._sites: list[Shown] = []
        self._spots: list[Spot] = []
        self._chosen = -1
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Limb with the electrode sites")

    def sizeHint(self) -> QSize:
        """Comfortable."""
        return QSize(420, 340)

    def minimumSizeHint(self) -> QSize:
        """Still readable."""
        return QSize(300, 240)

    def show_limb(self, level: str, side: str, sites: Sequence[Shown]) -> None:
        """Another patient, or their sites have changed."""
        self._level, self._side, self._sites = level, side, list(sites)
        self._spots = spots([site.position for site in sites])
        self.setAccessibleDescription(
            "; ".join(f"{k + 1} {site.label}, {site.position or 'no place given'}"
                      f"{'' if site.used else ', off'}" for k, site in enumerate(sites))
        )  # fmt: skip
        self.update()

    def choose(self, index: int) -> None:
        """Rings one site, -1 none."""
        self._chosen = index
        self.update()

    def centre(self, index: int) -> QPointF:
        """Where a site is drawn, in pixels of the widget."""
        spot = self._spots[index]
        box = self._box(spot.face)
        # Seen from the front the outer side of a left arm is on the right; from the back mirrored.
        outer = 1.0 if (self._side == "left") == (spot.face == 0) else -1.0
        width = box.width() * (0.36 if self._level != "shoulder" else 0.4)
        x = box.center().x() + outer * spot.across * width
        if self._level == "shoulder":  # the chest's half on the amputated side
            x = box.center().x() + outer * box.width() * (0.2 + 0.24 * spot.across)
        return QPointF(x, box.top() + spot.along * box.height())

    def _box(self, face: int) -> QRectF:
        half = self.width() / 2
        ratio = 0.95 if self._level == "shoulder" else 0.5
        height = self.height() - 34.0
        width = min(half - 24, height * ratio)
        return QRectF(half * face + (half - width) / 2, 28.0, width, height)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Both sides, then the discs."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        names = ("Palm side", "Back") if self._level == "transradial" else ("Front", "Back")
        for face, name in enumerate(names):
            box = self._box(face)
            painter.setPen(QColor(self._palette.quiet))
            top = QRectF(self.width() / 2 * face, 2, self.width() / 2, 22)
            painter.drawText(top, Qt.AlignmentFlag.AlignCenter, name)
            painter.setPen(QPen(QColor(self._palette.quiet), 1.5))
            painter.setBrush(QColor(self._palette.panel))
            painter.drawPath(self._outline(box))
        for index, site in enumerate(self._sites):
            self._disc(painter, index, site)
        painter.end()

    def _outline(self, box: QRectF) -> QPainterPath:
        """A stump, wider above; of the shoulder the upper half of the body."""
        path = QPainterPath()
        left, right, top, bottom = box.left(), box.right(), box.top(), box.bottom()
        if self._level == "shoulder":
            neck = box.width() * 0.12
            middle = box.center().x()
            path.moveTo(middle - neck, top)
            path.lineTo(middle + neck, top)
            path.cubicTo(middle + neck, top + 20, right, top + 10, right, top + 46)
            path.lineTo(right - box.width() * 0.08, bottom)
            path.lineTo(left + box.width() * 0.08, bottom)
            path.lineTo(left, top + 46)
            path.cubicTo(left, top + 10, middle - neck, top + 20, middle - neck, top)
            return path
        taper = box.width() * 0.14
        round_ = min(box.width() * 0.5, 60.0)
        path.moveTo(left, top)
        path.lineTo(right, top)
        path.lineTo(right - taper, bottom - round_)
        path.cubicTo(right - taper, bottom, left + taper, bottom, left + taper, bottom - round_)
        path.closeSubpath()
        return path

    def _disc(self, painter: QPainter, index: int, site: Shown) -> None:
        centre = self.centre(index)
        colour = QColor(site_colour(index)[0] if site.used else self._palette.quiet)
        painter.setPen(QPen(QColor(self._palette.text), 3) if index == self._chosen
                       else QPen(colour, 2))  # fmt: skip
        painter.setBrush(colour if site.used else QColor(self._palette.panel))
        painter.drawEllipse(centre, DISC, DISC)
        dark = colour.lightness() < 140
        painter.setPen(QColor("#FFFFFF" if dark and site.used else "#10202E" if site.used
                              else self._palette.quiet))  # fmt: skip
        font = painter.font()
        font.setBold(True)
        painter.setFont(font)
        box = QRectF(centre.x() - DISC, centre.y() - DISC, 2 * DISC, 2 * DISC)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(index + 1) if site.used else "–")

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """A click on a disc."""
        if event is None:
            return
        for index in range(len(self._sites)):
            away = self.centre(index) - event.position()
            if away.x() ** 2 + away.y() ** 2 <= (DISC + 3) ** 2:
                self.clicked.emit(index)
                return
