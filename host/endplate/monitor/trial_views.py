# SPDX-License-Identifier: GPL-3.0-or-later
"""What the patient watches during a test, at two metres: a movement to do, a posture to reach, or
words alone. Nothing else is on the screen."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from endplate.clinic.trials import kinds
from endplate.clinic.trials.motion import MotionRun
from endplate.clinic.trials.posture import Axis, joints
from endplate.clinic.trials.tac import TacRun
from endplate.hardware import Hand
from endplate.monitor.hand_view import HandView
from endplate.monitor.pose import pose
from endplate.monitor.theme import VERDICTS, Palette
from endplate.monitor.words import plain

WORDS_PT, BELOW_PT = 44, 36
OUTLINE_PX = 3.5  # what is wanted is seen at two metres, too


def big(points: int) -> QLabel:
    """A line that is read at two metres."""
    label = QLabel("")
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setStyleSheet(f"font-size: {points}pt;")
    label.setMinimumSize(1, 1)  # words do not make the window larger
    return label


class WordsView(QWidget):
    """Two lines: what to do, and below what is left."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.word, self.below = big(WORDS_PT), big(BELOW_PT)
        column = QVBoxLayout(self)
        column.addStretch(1)
        column.addWidget(self.word)
        column.addSpacing(24)
        column.addWidget(self.below)
        column.addStretch(1)

    def show_words(self, word: str, below: str = "") -> None:
        """Replaces both."""
        for label, text in ((self.word, word), (self.below, below)):
            if label.text() != text:
                label.setText(text)


class RangeBar(QWidget):
    """How much of the full range is run through."""

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette, self._share = palette, 0.0
        self.setFixedHeight(36)

    def show_share(self, share: float) -> None:
        """0..1."""
        if share != self._share:
            self._share = share
            self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """A frame, filled from the left."""
        painter = QPainter(self)
        box = QRectF(self.rect()).adjusted(2, 2, -2, -2)
        painter.setPen(QPen(QColor(self._palette.text), 2))
        painter.drawRect(box)
        box.setWidth(box.width() * self._share)
        painter.fillRect(box, QColor(self._palette.accent))
        painter.end()


class MovementView(QWidget):
    """The Motion test: the movement in words; the dashed hand has done it, the filled one does it
    as far as the patient has."""

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.word, self.hand, self.bar = big(WORDS_PT), HandView(palette), RangeBar(palette)
        self.hand.outline_px = OUTLINE_PX
        self.hand.setAccessibleName("Virtual hand: the movement dashed, what is done of it filled")
        column = QVBoxLayout(self)
        column.addWidget(self.word)
        column.addWidget(self.hand, 1)
        column.addWidget(self.bar)

    def show_run(self, run: MotionRun, hand: Hand) -> None:
        """As it stands."""
        trial = run.trial
        text = kinds.asked(run.dofs, trial.asked) if trial is not None else "Relax"
        if self.word.text() != text:
            self.word.setText(text)
        asked = dict(zip(run.dofs, trial.asked if trial else [0] * len(run.dofs), strict=True))
        share = trial.share if trial is not None else 0.0
        self.bar.show_share(share)
        now = {dof: sign * share for dof, sign in asked.items()}
        self.hand.show_joints(pose(hand, now), pose(hand, asked) if trial else {}, True)


class PostureGauges(QWidget):
    """A scale a DoF: the band to reach, and a mark where the posture is. Five degrees are not seen
    on a drawn hand."""

    ROW = 74

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = palette
        self._axes: tuple[Axis, ...] = ()
        self._now: list[float] = []
        self._target: list[float] | None = None
        self._near: list[bool] = []
        self._tolerance = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """A row each."""
        return QSize(600, self.ROW * max(1, len(self._axes)))

    minimumSizeHint = sizeHint

    def show_posture(
        self, axes: Sequence[Axis], now: Sequence[float], target: Sequence[float] | None,
        near: Sequence[bool], tolerance: float,
    ) -> None:  # fmt: skip
        """Degrees in the order of `axes`; without a target nothing is asked for."""
        if len(axes) != len(self._axes):
            self.updateGeometry()
        self._axes, self._now = tuple(axes), list(now)
        self._target = None if target is None else list(target)
        self._near, self._tolerance = list(near), tolerance
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Names to the left; a tick where a DoF is there."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPointSize(BELOW_PT if self.width() > 900 else 24)
        painter.setFont(font)
        room = painter.fontMetrics().horizontalAdvance("wrist rotation ") + 10
        for row, axis in enumerate(self._axes):
            self._row(painter, axis, row, room)
        painter.end()

    def _row(self, painter: QPainter, axis: Axis, row: int, room: int) -> None:
        good, middle = QColor(VERDICTS["good"][0]), self.ROW * (row + 0.5)
        left, right = float(room), self.width() - 60.0
        ends = (axis.least, axis.most) if axis.speed_dps > 0 else (axis.most, axis.least)

        def at(degrees: float) -> float:
            part = (degrees - ends[0]) / (ends[1] - ends[0])
            return left + (right - left) * min(1.0, max(0.0, part))

        painter.setPen(QColor(self._palette.text))
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(0, middle - 32, room, 64), flags, plain(axis.dof))
        painter.setPen(QPen(QColor(self._palette.line), 4))
        painter.drawLine(QPointF(left, middle), QPointF(right, middle))
        near = row < len(self._near) and self._near[row]
        if self._target is not None:
            colour = good if near else QColor(self._palette.accent)
            edges = sorted((at(self._target[row] - self._tolerance),
                            at(self._target[row] + self._tolerance)))  # fmt: skip
            band = QRectF(edges[0], middle - 22, edges[1] - edges[0], 44)
            fill = QColor(colour)
            fill.setAlpha(70)
            painter.fillRect(band, fill)
            painter.setPen(QPen(colour, 3, Qt.PenStyle.SolidLine if near else Qt.PenStyle.DashLine))
            painter.drawRect(band)
        if near and self._target is not None:
            painter.setPen(good)
            painter.drawText(QRectF(right + 8, middle - 32, 52, 64), flags, VERDICTS["good"][1])
        x = at(self._now[row])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._palette.text))
        painter.drawPolygon(QPolygonF([
            QPointF(x, middle - 16), QPointF(x + 12, middle), QPointF(x, middle + 16),
            QPointF(x - 12, middle),
        ]))  # fmt: skip
        painter.setBrush(Qt.BrushStyle.NoBrush)


class PostureView(QWidget):
    """The TAC test: the filled hand is where the patient's is, the dashed one where it should be;
    below the same for each DoF on a scale."""

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.word, self.hand = big(BELOW_PT), HandView(palette)
        self.hand.outline_px = OUTLINE_PX
        self.gauges = PostureGauges(palette)
        self.hand.setAccessibleName("Virtual hand: the posture filled, the target dashed")
        column = QVBoxLayout(self)
        column.addWidget(self.word)
        column.addWidget(self.hand, 1)
        column.addWidget(self.gauges)

    def show_run(self, run: TacRun, hand: Hand, grip: str) -> None:
        """As it stands."""
        trial = run.trial
        inside = trial is not None and trial.inside
        text = "Ready ..." if trial is None else "Keep it" if inside else "Reach the dashed hand"
        if self.word.text() != text:
            self.word.setText(text)
        now = run.posture.tolist()
        target = None if trial is None else trial.target.tolist()
        self.hand.show_joints(
            joints(hand, dict(zip(run.dofs, now, strict=True)), grip),
            joints(hand, dict(zip(run.dofs, target, strict=True)), grip) if target else {}, True,
        )  # fmt: skip
        near = [] if trial is None else trial.near
        self.gauges.show_posture(run.axes, now, target, near, run.rules.tolerance_deg)
