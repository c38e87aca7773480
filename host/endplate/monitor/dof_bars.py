# SPDX-License-Identifier: GPL-3.0-or-later
"""One bar a DoF: what was decoded (thin), what is commanded (thick), in words what limits it, and
handles for dead-band and gains that are dragged while the patient drives."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PyQt6.QtWidgets import QSizePolicy, QWidget

from endplate.monitor.dof_handles import DEAD_BAND, NAMES, Handle, Shape
from endplate.monitor.theme import Palette
from endplate.monitor.words import plain

ROW = 78
BAR, BAR_HIGH, THIN, TRACK = 22, 16, 40, 56  # pixels below a row's top
MARGIN = 12
GRASP = 14.0  # pixels from a handle at which it is taken
SEND_S = 0.1  # while it is dragged
SETTLED_MS = 700  # after the last key
#: DoF -> (negative direction, positive direction), in words.
DIRECTIONS = {
    "hand": ("open", "close"),
    "wrist_rotation": ("supinate", "pronate"),
    "wrist_flexion": ("extend", "flex"),
    "elbow": ("extend", "flex"),
}


class DofBars(QWidget):
    """Draws velocities -1..1 from a line in the middle.

    `tuned(dof, shape)`: a handle is being moved, 10 times a second at most; `settled(dof, shape,
    before)`: it was let go.
    """

    tuned = pyqtSignal(str, dict)
    settled = pyqtSignal(str, dict, dict)

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = palette
        self._dofs: list[str] = []
        self._intent: list[float] = []
        self._velocity: list[float] = []
        self._limits: list[str] = []
        self._shapes: dict[str, Shape] = {}
        self._before: dict[str, float] = {}  # of the DoF whose handle is held
        self._sent = 0.0
        self._grasp = 0.0  # from where it was pressed to where the handle stands, places
        self.held: Handle | None = None
        self.chosen: Handle | None = None  # by key
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(SETTLED_MS)
        self._quiet.timeout.connect(self._let_go)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Degrees of freedom: decoded and commanded velocity")
        self.setToolTip(
            "Drag the dead-band (upright lines) or a gain (triangles); or Tab here, then up and "
            "down choose, left and right change. Ctrl+Z takes it back."
        )

    def begin(self, dofs: Sequence[str]) -> None:
        """Sets out one bar a DoF."""
        self._dofs = list(dofs)
        self._intent = self._velocity = [0.0] * len(self._dofs)
        self._limits = [""] * len(self._dofs)
        self._shapes, self.held, self.chosen = {}, None, None
        self._quiet.stop()
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Room for all bars."""
        return QSize(360, ROW * max(1, len(self._dofs)))

    def minimumSizeHint(self) -> QSize:
        """Narrower is hard to aim at."""
        return QSize(300, self.sizeHint().height())

    def show_values(self, intent: Sequence[float], velocity: Sequence[float]) -> None:
        """Decoded and commanded, one value a DoF."""
        self._intent = [float(v) for v in intent][: len(self._dofs)]
        self._velocity = [float(v) for v in velocity][: len(self._dofs)]
        self.update()

    def show_limits(self, limits: Sequence[str]) -> None:
        """What limits each DoF, in words; empty where nothing does."""
        self._limits = list(limits)
        self.update()

    def show_shapes(self, shapes: Mapping[str, Shape]) -> None:
        """Dead-band and gains of the DoF that are decoded; not of the one that is being changed."""
        mine = {self.held.dof} if self.held else set()
        self._shapes = {
            **{dof: shape for dof, shape in shapes.items() if dof not in mine},
            **{dof: shape for dof, shape in self._shapes.items() if dof in mine},
        }
        self.update()

    # ---- handles ----

    def handles(self) -> list[Handle]:
        """All of them, from the top left on."""
        return [Handle(dof, name) for dof in self._dofs if dof in self._shapes for name in NAMES]

    def where(self, handle: Handle) -> QPointF:
        """Its middle, in pixels."""
        top = self._dofs.index(handle.dof) * ROW
        x = self.width() / 2 + handle.place_of(self._shapes[handle.dof]) * self._half
        high = BAR + BAR_HIGH / 2 if handle.name == DEAD_BAND else TRACK
        return QPointF(x, top + high)

    @property
    def _half(self) -> float:
        return self.width() / 2 - MARGIN

    def _near(self, point: QPointF) -> Handle | None:
        """The one that a press there takes; the dead-band has one on each side."""
        found: tuple[float, Handle] | None = None
        for handle in self.handles():
            at = self.where(handle)
            x = point.x()
            if handle.name == DEAD_BAND and x < self.width() / 2:
                x = self.width() - x
            away = max(abs(at.x() - x), abs(at.y() - point.y()) - 4)
            if away <= GRASP and (found is None or away < found[0]):
                found = away, handle
        return found[1] if found else None

    def _place(self, event: QMouseEvent) -> float:
        return (event.position().x() - self.width() / 2) / self._half

    def _take(self, handle: Handle) -> None:
        if self.held is not None and self.held.dof != handle.dof:
            self._let_go()
        if self.held is None:
            self._before = dict(self._shapes[handle.dof])
        self.held = self.chosen = handle

    def _change(self, value: float, *, now: bool = False) -> None:
        handle = self.held
        if handle is None:
            return
        self._shapes[handle.dof] = {**self._shapes[handle.dof], handle.name: value}
        self.setAccessibleDescription(self._said(handle))
        self.update()
        if now or time.monotonic() - self._sent >= SEND_S:
            self._sent = time.monotonic()
            self.tuned.emit(handle.dof, dict(self._shapes[handle.dof]))

    def _let_go(self) -> None:
        handle, self.held = self.held, None
        self._quiet.stop()
        if handle is None or handle.dof not in self._shapes:
            return
        after = dict(self._shapes[handle.dof])
        if after != self._before:
            self.tuned.emit(handle.dof, after)
            self.settled.emit(handle.dof, after, self._before)
        self.update()

    def _said(self, handle: Handle) -> str:
        return handle.words(self._shapes[handle.dof], DIRECTIONS.get(handle.dof, ("-", "+")))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Takes a handle."""
        if event is None or event.button() != Qt.MouseButton.LeftButton:
            return
        handle = self._near(event.position())
        if handle is not None:
            self._take(handle)
            pressed = self._place(event)
            stands = handle.place_of(self._shapes[handle.dof])
            if handle.name == DEAD_BAND and pressed < 0:
                stands = -stands  # the left one
            self._grasp = stands - pressed
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Moves it, or shows that one could be taken."""
        if event is None:
            return
        if self.held is not None and event.buttons() & Qt.MouseButton.LeftButton:
            self._change(self.held.value_at(self._place(event) + self._grasp))
            return
        over = self._near(event.position()) is not None
        self.setCursor(Qt.CursorShape.SizeHorCursor if over else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Lets it go."""
        if self.held is not None and not self._quiet.isActive():
            self._let_go()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Up and down choose a handle, left and right change it."""
        every = self.handles()
        key = event.key() if event is not None else 0
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        turns = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        if event is None or not every or key not in (*steps, *turns):
            super().keyPressEvent(event)
            return
        if self.chosen not in every:
            self.chosen = every[0]
        elif key in turns:
            at = every.index(self.chosen) + turns[Qt.Key(key)]
            self.chosen = every[max(0, min(len(every) - 1, at))]
        if key in steps and self.chosen is not None:
            self._take(self.chosen)
            self._change(self.chosen.stepped(self._shapes[self.chosen.dof], steps[Qt.Key(key)]),
                         now=True)  # fmt: skip
            self._quiet.start()
        self.update()

    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        """What was changed by key is settled."""
        if self._quiet.isActive():
            self._let_go()
        super().focusOutEvent(event)

    # ---- drawing ----

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draws the bars."""
        painter = QPainter(self)
        for index, dof in enumerate(self._dofs):
            self._words(painter, index, dof)
            self._bar(painter, index)
            if dof in self._shapes:
                self._marks(painter, index, dof)
        painter.end()

    def _words(self, painter: QPainter, index: int, dof: str) -> None:
        top, width, p = index * ROW, self.width(), self._palette
        negative, positive = DIRECTIONS.get(dof, ("-", "+"))
        held = self.held is not None and self.held.dof == dof
        limit = self._limits[index] if index < len(self._limits) else ""
        if not (held or limit):
            painter.setPen(QColor(p.quiet))
            painter.drawText(QRectF(12, top, 120, 20), Qt.AlignmentFlag.AlignLeft, negative)
            right = QRectF(width - 132, top, 120, 20)
            painter.drawText(right, Qt.AlignmentFlag.AlignRight, positive)
        painter.setPen(QColor(p.text))
        said = f"{plain(dof)}: {limit}" if limit else plain(dof)
        if held and self.held is not None:
            said = self._said(self.held)
        painter.drawText(QRectF(0, top, width, 20), Qt.AlignmentFlag.AlignCenter, said)

    def _bar(self, painter: QPainter, index: int) -> None:
        top, middle, half, p = index * ROW, self.width() / 2, self._half, self._palette

        def value(values: Sequence[float]) -> float:
            return max(-1.0, min(1.0, values[index])) if index < len(values) else 0.0

        painter.fillRect(QRectF(middle - half, top + BAR, 2 * half, BAR_HIGH), QColor(p.line))
        for values, down, high, colour in ((self._velocity, BAR, BAR_HIGH, p.accent),
                                           (self._intent, THIN, 3, p.quiet)):  # fmt: skip
            v = value(values)
            left = middle + min(0.0, v) * half
            painter.fillRect(QRectF(left, top + down, abs(v) * half, high), QColor(colour))
        painter.setPen(QColor(p.text))
        painter.drawLine(int(middle), top + BAR - 2, int(middle), top + THIN + 4)

    def _marks(self, painter: QPainter, index: int, dof: str) -> None:
        """The handles: upright lines for the dead-band, triangles on their track for the gains."""
        top, middle, half, p = index * ROW, self.width() / 2, self._half, self._palette
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(p.line), 2))
        painter.drawLine(QPointF(middle - half, top + TRACK), QPointF(middle + half, top + TRACK))
        for name in NAMES:
            handle = Handle(dof, name)
            strong = handle == self.held or (handle == self.chosen and self.hasFocus())
            at = self.where(handle)
            if name == DEAD_BAND:
                away = at.x() - middle
                painter.setPen(QPen(QColor(p.accent if strong else p.text), 4 if strong else 2.5))
                for x in (middle - away, middle + away):
                    painter.drawLine(QPointF(x, top + BAR - 3), QPointF(x, top + THIN + 5))
                continue
            size = 8 if strong else 6
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(p.accent if strong else p.text))
            painter.drawPolygon(QPolygonF([
                QPointF(at.x(), at.y() - size), QPointF(at.x() - size, at.y() + size),
                QPointF(at.x() + size, at.y() + size),
            ]))  # fmt: skip
        painter.setPen(QColor(p.quiet))
        small = painter.font()
        usual = painter.font()
        small.setPointSize(8)
        painter.setFont(small)
        box = QRectF(middle - 30, top + TRACK - 8, 60, 16)
        painter.fillRect(box.adjusted(10, 0, -10, 0), QColor(p.ground))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "gain")
        painter.setFont(usual)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
