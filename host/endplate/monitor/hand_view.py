# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual hand, drawn from joint angles: wanted as outline, measured filled, the
force on each fingertip as a dot that grows and darkens. QPainter alone, no GPU.

Three-quarter view of a small skeleton: palm, four fingers of three links, a thumb that flexes and
rotates, wrist rotation as twist of the hand about the forearm, wrist flexion as tilt, and the
elbow as the forearm's slope. Angles in degrees, as the hand's STATE reports them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from PyQt6.QtCore import QPointF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from endplate.monitor.theme import Palette
from endplate.monitor.touch_bars import FULL_N

FINGERS = ("index", "middle", "ring", "little")
TIPS = ("thumb_flexion", *FINGERS)  # in the order of the hand's digits
TIP = 0.07  # of a hand's length
_BASE_X = {"index": -0.36, "middle": -0.12, "ring": 0.12, "little": 0.36}
_BASE_Y = {"index": 0.95, "middle": 1.0, "ring": 0.96, "little": 0.86}
_LINKS = {
    "index": (0.46, 0.28, 0.22),
    "middle": (0.50, 0.32, 0.23),
    "ring": (0.46, 0.30, 0.22),
    "little": (0.36, 0.22, 0.19),
}
# How much of a finger's angle each of its joints takes (coupled linkage).
_SHARE = (0.85, 1.0, 0.6)
_VIEW = np.radians((-18.0, -28.0))  # camera: about x, then about y


def _about(axis: int, angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    matrix = np.eye(3)
    a, b = [i for i in range(3) if i != axis]
    matrix[a, a] = matrix[b, b] = c
    matrix[a, b], matrix[b, a] = (-s, s) if axis != 1 else (s, -s)
    return matrix


def skeleton(angles: Mapping[str, float]) -> dict[str, np.ndarray]:
    """Polylines [n, 3] of each part, palm and forearm, in hand lengths; palm faces +z at rotation
    0."""
    parts: dict[str, np.ndarray] = {}
    for finger in FINGERS:
        bend = np.radians(angles.get(finger, 0.0))
        point = np.array([_BASE_X[finger], _BASE_Y[finger], 0.0])
        line, turn = [point], 0.0
        for length, share in zip(_LINKS[finger], _SHARE, strict=True):
            turn += bend * share
            point = point + length * np.array([0.0, np.cos(turn), np.sin(turn)])
            line.append(point)
        parts[finger] = np.array(line)
    spread = np.radians(angles.get("thumb_rotation", 0.0))
    bend = np.radians(angles.get("thumb_flexion", 0.0))
    out = np.array([-np.cos(spread), 0.45, np.sin(spread)])
    inward = np.array([np.cos(spread) * 0.55, 0.75, np.sin(spread) * 0.9 + 0.15])
    point = np.array([-0.42, 0.25, 0.05])
    line = [point]
    for length, turn in zip((0.34, 0.28, 0.22), (0.15, 0.6, 1.0), strict=True):
        mix = min(1.0, turn * bend / np.radians(70.0))
        direction = out * (1 - mix) + inward * mix
        point = point + length * direction / np.linalg.norm(direction)
        line.append(point)
    parts["thumb_flexion"] = np.array(line)
    parts["palm"] = np.array(
        [
            (-0.46, 0.9, 0),
            (-0.12, 1.02, 0),
            (0.46, 0.86, 0),
            (0.36, 0.05, 0),
            (-0.36, 0.05, 0),
            (-0.46, 0.4, 0),
        ],
        float,
    )
    turn = _about(1, np.radians(angles.get("wrist_rotation", 0.0))) @ _about(
        0, np.radians(angles.get("wrist_flexion", 0.0))
    )
    parts = {name: line @ turn.T for name, line in parts.items()}
    parts["forearm"] = np.array([(0.0, 0.0, 0.0), (0.0, -0.85, 0.0)])
    tilt = _about(2, np.radians(-0.25 * angles.get("elbow", 0.0)))
    camera = _about(0, _VIEW[0]) @ _about(1, _VIEW[1])
    return {name: line @ camera.T @ tilt.T for name, line in parts.items()}


class HandView(QWidget):
    """Two skeletons over each other; `show_joints` redraws."""

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = palette
        self._measured: dict[str, float] = {}
        self._wanted: dict[str, float] = {}
        self._connected = False
        self.outline_px = 1.2
        self._touch: Mapping[str, Any] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Virtual hand: measured filled, wanted as outline, touch as dots")

    def sizeHint(self) -> QSize:
        """A comfortable size."""
        return QSize(380, 240)

    def minimumSizeHint(self) -> QSize:
        """Still readable."""
        return QSize(220, 180)

    def show_joints(
        self, measured: Mapping[str, float], wanted: Mapping[str, float], connected: bool
    ) -> None:
        """Degrees by joint name; without a connection the hand is drawn in grey, as last seen."""
        state = (dict(measured), dict(wanted), connected)
        if state != (self._measured, self._wanted, self._connected):
            self._measured, self._wanted, self._connected = state
            self.update()

    def show_touch(self, touch: Mapping[str, Any]) -> None:
        """What the fingertips feel, as in the status of the hand; {}: nothing is known. FULL_N is
        drawn black."""
        if touch != self._touch:
            self._touch = dict(touch)
            self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draws measured, then wanted over it, then what the fingertips feel."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scale = min(self.width() / 2.9, self.height() / 3.0)
        origin = QPointF(self.width() * 0.5, self.height() * 0.68)
        parts = skeleton(self._measured)
        self._draw(painter, parts, origin, scale, filled=True)
        if self._wanted:
            self._draw(painter, skeleton(self._wanted), origin, scale, filled=False)
        self._tips(painter, parts, origin, scale)
        painter.end()

    def _tips(
        self, painter: QPainter, parts: dict[str, np.ndarray], origin: QPointF, scale: float
    ) -> None:
        """A ring where a tip touches, filled the more the harder it presses; a cross where its
        sensor says nothing."""
        forces, contact = self._touch.get("force_n") or [], self._touch.get("contact") or []
        for digit, name in enumerate(TIPS[: len(forces)]):
            point = parts[name][-1]
            at = QPointF(origin.x() + point[0] * scale, origin.y() - point[1] * scale)
            size = TIP * scale
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(self._palette.text), 2))
            force = forces[digit]
            if force is None:
                for turn in (-1, 1):
                    painter.drawLine(QPointF(at.x() - size, at.y() - turn * size),
                                     QPointF(at.x() + size, at.y() + turn * size))  # fmt: skip
            elif digit < len(contact) and contact[digit]:
                share = min(1.0, max(0.0, force / FULL_N))
                fill = QColor(self._palette.text)
                fill.setAlphaF(0.25 + 0.75 * share)
                painter.setBrush(fill)
                grown = size * (0.8 + 0.8 * share)
                painter.drawEllipse(at, grown, grown)

    def _draw(
        self,
        painter: QPainter,
        parts: dict[str, np.ndarray],
        origin: QPointF,
        scale: float,
        filled: bool,
    ) -> None:
        def at(point: np.ndarray) -> QPointF:
            return QPointF(origin.x() + point[0] * scale, origin.y() - point[1] * scale)

        base = QColor(self._palette.accent if self._connected else self._palette.quiet)
        outline = QColor(self._palette.text)
        for name in sorted(
            parts, key=lambda n: (n not in ("forearm", "palm"), float(parts[n][:, 2].mean()))
        ):
            line = parts[name]
            if not filled:
                painter.setPen(QPen(outline, self.outline_px, Qt.PenStyle.DashLine))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                if name == "palm":
                    painter.drawPolygon(QPolygonF([at(point) for point in line]))
                elif name != "forearm":
                    painter.drawPolyline(QPolygonF([at(point) for point in line]))
                continue
            if name == "palm":
                painter.setPen(QPen(base.darker(118), 3))
                painter.setBrush(base)
                painter.drawPolygon(QPolygonF([at(point) for point in line]))
                continue
            thick = {"forearm": 0.52, "thumb_flexion": 0.19, "little": 0.15}.get(
                name, 0.175
            ) * scale
            for index in range(len(line) - 1):
                # Links nearer to the eye are lighter: soft shading that tells bent from straight.
                depth = float(np.clip(0.5 + 0.5 * line[index + 1][2], 0, 1))
                shade = (
                    base.darker(140 - int(40 * depth)) if name != "forearm" else base.darker(150)
                )
                pen = QPen(shade, thick * (1 - 0.1 * index))
                pen.setCapStyle(Qt.PenCapStyle.RoundCap)
                painter.setPen(pen)
                painter.drawLine(at(line[index]), at(line[index + 1]))
