# SPDX-License-Identifier: GPL-3.0-or-later
"""Scrolling traces: one plot, one curve a site, a scale in microvolts that never jumps by itself.

One PlotItem with 1-px curves and no antialiasing; more than two samples a pixel are drawn as their
minimum and maximum, so that no burst can hide between pixels. Paused, the picture stands still;
frozen, it stands still and a cursor measures in it. What is heard meanwhile is not lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QColor, QMouseEvent, QPen
from PyQt6.QtWidgets import QGraphicsRectItem, QWidget

from endplate.monitor.theme import Palette, site_colour

SPAN_S = 5.0
SCALES_UV = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000)  # one division, steps 1-2-5
CURSOR_S = 0.01  # a key moves it so far
LEAST_MEASURED_S = 0.1


@dataclass(frozen=True)
class Measured:
    """At the cursor: seconds before the newest sample (at most 0) and microvolt; of the whole
    picture, `seconds` of it: peak to peak and RMS in microvolt."""

    time_s: float
    uv: float
    peak_to_peak_uv: float
    rms_uv: float
    seconds: float


def measured(found: Measured) -> str:
    """In words, after the name of the site."""
    return (
        f"at {found.time_s:.3f} s: {found.uv:+.1f} µV. Of {found.seconds:.1f} s: "
        f"{found.peak_to_peak_uv:.0f} µV peak to peak, {found.rms_uv:.1f} µV RMS."
    )


class Traces(pg.PlotWidget):
    """The last SPAN_S seconds of every shown site; `scale_uv` is the distance between two traces.

    `chosen` brings the site that was clicked; `moved`: the cursor; `stopped`: paused or frozen, or
    running again.
    """

    chosen = pyqtSignal(int)
    moved = pyqtSignal()
    stopped = pyqtSignal()

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=palette.panel)
        self._palette = palette
        self._curves: list[pg.PlotCurveItem] = []
        self._columns: list[int] = []
        self._labels: list[str] = []
        self._ring = np.zeros((1, 0), np.float32)
        self._end = self._from = 0  # indices: after the newest sample, of the oldest believed
        self._held: tuple[np.ndarray, int] | None = None  # a picture, and how much of it was heard
        self._paused = self._frozen = False
        self._scale = 3
        self._cursor_s = 0.0
        self.selected = 0
        self.setMouseEnabled(x=False, y=False)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for side in ("bottom", "left"):
            axis = self.getAxis(side)
            axis.setTextPen(palette.quiet)
            axis.setPen(palette.line)
        self.setLabel("bottom", "time", units="s", color=palette.quiet)  # after the pens
        self.getAxis("bottom").enableAutoSIPrefix(False)
        self._bar = pg.PlotCurveItem(pen=pg.mkPen(palette.text, width=1))
        self._bar_text = pg.TextItem(color=palette.text, anchor=(0, 0.5))
        self._band = QGraphicsRectItem()
        self._band.setPen(QPen(Qt.PenStyle.NoPen))
        self._band.setBrush(QColor(palette.line))
        self._band.setZValue(-10)
        cursor = QPen(QColor(palette.text), 1, Qt.PenStyle.DashLine)
        cursor.setCosmetic(True)
        self._cursor = pg.PlotCurveItem(pen=cursor)
        self._point = pg.ScatterPlotItem(
            symbol="+", size=13, pen=pg.mkPen(palette.text, width=2), brush=None
        )

    def begin(self, rate_hz: float, labels: list[str], columns: list[int]) -> None:
        """Sets out one curve for each of `columns` of the feed."""
        self.clear()
        self._columns, self._rate, self._labels = columns, rate_hz, labels
        self._length = max(2, int(SPAN_S * rate_hz))
        self._ring = np.zeros((self._length, len(columns)), np.float32)
        self._end = self._from = 0
        self._held = None
        self._curves = []
        self.addItem(self._band)
        for index in range(len(columns)):
            colour, dashed = site_colour(index)
            pen = QPen(QColor(colour))
            pen.setWidth(1)
            pen.setCosmetic(True)
            if dashed:
                pen.setStyle(Qt.PenStyle.DashLine)
            curve = pg.PlotCurveItem(pen=pen, skipFiniteCheck=True)
            self.addItem(curve)
            self._curves.append(curve)
        for item in (self._bar, self._bar_text, self._cursor, self._point):
            self.addItem(item)
        self.setXRange(-SPAN_S, 0, padding=0.01)
        self.setYRange(-len(columns) - 0.2, 1.0, padding=0)  # for the bar below, a burst above
        self._draw_bar()
        self.select(min(self.selected, max(0, len(columns) - 1)))
        self._stop(False, False)

    # ---- scale and selection ----

    @property
    def scale_uv(self) -> int:
        """Microvolts from one trace to the next."""
        return SCALES_UV[self._scale]

    def zoom(self, steps: int) -> None:
        """Larger (+) or smaller (-) traces, in steps of 1-2-5."""
        self._scale = min(len(SCALES_UV) - 1, max(0, self._scale - steps))
        self._draw_bar()
        self._draw()

    def select(self, index: int) -> None:
        """Marks a site: a band behind its trace and an arrow before its name."""
        if not 0 <= index < len(self._columns):
            return
        self.selected = index
        self._band.setRect(-SPAN_S, -index - 0.5, SPAN_S, 1.0)
        names = [
            (-k, f"{'▸ ' if k == index else ''}{k + 1} {label}")
            for k, label in enumerate(self._labels)
        ]
        self.getAxis("left").setTicks([names])
        self._draw_cursor()

    # ---- standing still ----

    @property
    def paused(self) -> bool:
        """Whether the picture stands still."""
        return self._paused

    @paused.setter
    def paused(self, on: bool) -> None:
        self._stop(on, self._frozen)

    @property
    def frozen(self) -> bool:
        """Whether the picture stands still to be measured."""
        return self._frozen

    @frozen.setter
    def frozen(self, on: bool) -> None:
        self._stop(self._paused, on)

    def _stop(self, paused: bool, frozen: bool) -> None:
        self._paused, self._frozen = paused, frozen
        if not (paused or frozen):
            self._held = None
        elif self._held is None and len(self._columns):
            self._held = self._picture()
        self._cursor.setVisible(frozen)
        self._point.setVisible(frozen)
        self._draw()
        self.stopped.emit()

    def move_cursor(self, seconds: float) -> None:
        """To the left (below 0) or right by that much."""
        self._put_cursor(self._cursor_s + seconds)

    def _put_cursor(self, time_s: float) -> None:
        self._cursor_s = min(0.0, max(-SPAN_S, time_s))
        self._draw_cursor()
        self.moved.emit()

    def measured(self) -> Measured | None:
        """Of the selected site in the frozen picture; None while there is too little of it."""
        heard = self.signal()
        if not self._frozen or len(heard) < LEAST_MEASURED_S * self._rate:
            return None
        back = min(len(heard) - 1, round(-self._cursor_s * self._rate))
        return Measured(
            -back / self._rate, float(heard[-1 - back]), float(np.ptp(heard)),
            float(np.sqrt(np.mean(np.square(heard, dtype=float)))), len(heard) / self._rate,
        )  # fmt: skip

    def signal(self) -> np.ndarray:
        """What was heard of the selected site in the picture that is shown, microvolt [n]."""
        if not self._columns:
            return np.zeros(0, np.float32)
        data, heard = self._held or self._picture()
        return data[len(data) - heard :, self.selected]

    # ---- drawing ----

    def add(self, first: int, clean: np.ndarray, seen: bool = True) -> None:
        """Takes new samples [n, channels of the feed] and draws, unless the picture is held or not
        `seen`."""
        if not len(self._curves) or not len(clean):
            return
        if first != self._end:  # the first ones, or some are missing: nothing older is shown
            self._ring[:] = 0.0
            self._from = first
        part = clean[-self._length :, self._columns]
        at = (np.arange(len(part)) + first + len(clean) - len(part)) % self._length
        self._ring[at] = part
        self._end = first + len(clean)
        if self._held is None and seen:
            self._draw()

    def _picture(self) -> tuple[np.ndarray, int]:
        begin = self._end % self._length
        data = np.concatenate((self._ring[begin:], self._ring[:begin]))
        return data, min(self._length, self._end - self._from)

    def _draw(self) -> None:
        if not self._curves:
            return
        data, _ = self._held or self._picture()
        pixels = max(100, int(self.getViewBox().width()))
        step = self._length // pixels
        if step > 2:
            whole = data[len(data) % step :].reshape(-1, step, data.shape[1])
            data = np.stack((whole.min(1), whole.max(1)), axis=1).reshape(-1, data.shape[1])
        x = np.linspace(-SPAN_S, 0, len(data))
        scaled = data / self.scale_uv - np.arange(len(self._curves))
        for index, curve in enumerate(self._curves):
            curve.setData(
                x, np.ascontiguousarray(scaled[:, index]), connect="all", skipFiniteCheck=True
            )
        self._draw_cursor()

    def _draw_cursor(self) -> None:
        found = self.measured()
        if found is None:
            return
        x = found.time_s
        self._cursor.setData(np.array([x, x]), np.array([-len(self._columns), 1.0]))
        self._point.setData([x], [found.uv / self.scale_uv - self.selected])

    def _draw_bar(self) -> None:
        """The microvolt bar: half a division high, with its value, below the last trace."""
        low = -len(self._columns) - 0.1
        self._bar.setData(np.array([-SPAN_S, -SPAN_S]) + 0.05, np.array([low, low + 0.5]))
        self._bar_text.setText(f"{self.scale_uv / 2:g} µV")
        self._bar_text.setPos(-SPAN_S + 0.08, low + 0.25)

    # ---- mouse ----

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Selects the nearest trace; while frozen, puts the cursor there, too."""
        if event is None or not self._columns:
            return
        place = self.getViewBox().mapSceneToView(self.mapToScene(event.position().toPoint()))
        self.chosen.emit(min(len(self._columns) - 1, max(0, round(-place.y()))))
        if self._frozen:
            self._put_cursor(place.x())

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Drags the cursor."""
        if event is not None and self._frozen and event.buttons() & Qt.MouseButton.LeftButton:
            place = self.mapToScene(event.position().toPoint())
            self._put_cursor(self.getViewBox().mapSceneToView(place).x())

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Nothing more."""
