# SPDX-License-Identifier: GPL-3.0-or-later
"""Scrolling traces: one plot, one curve a site, a scale in microvolts that never jumps by itself.

One PlotItem with 1-px curves and no antialiasing; more than two samples a pixel are drawn as their
minimum and maximum, so that no burst can hide between pixels.
"""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QPen
from PyQt6.QtWidgets import QWidget

from endplate.monitor.theme import Palette, site_colour

SPAN_S = 5.0
SCALES_UV = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000)  # one division, steps 1-2-5


class Traces(pg.PlotWidget):
    """The last SPAN_S seconds of every shown site; `scale_uv` is half of the distance between two
    traces."""

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=palette.panel)
        self._palette = palette
        self._curves: list[pg.PlotCurveItem] = []
        self._columns: list[int] = []
        self._ring = np.zeros((1, 0), np.float32)
        self._end = 0
        self._scale = 3
        self.paused = False
        self.setMouseEnabled(x=False, y=False)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for side in ("bottom", "left"):
            axis = self.getAxis(side)
            axis.setTextPen(palette.quiet)
            axis.setPen(palette.line)
        self.setLabel("bottom", "time", units="s", color=palette.quiet)  # after the pens
        self._bar = pg.PlotCurveItem(pen=pg.mkPen(palette.text, width=1))
        self._bar_text = pg.TextItem(color=palette.text, anchor=(0, 0.5))

    def begin(self, rate_hz: float, labels: list[str], columns: list[int]) -> None:
        """Sets out one curve for each of `columns` of the feed."""
        self.clear()
        self._columns, self._rate = columns, rate_hz
        self._length = max(2, int(SPAN_S * rate_hz))
        self._ring = np.zeros((self._length, len(columns)), np.float32)
        self._end = 0
        self._curves = []
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
        self.addItem(self._bar)
        self.addItem(self._bar_text)
        count = len(columns)
        self.getAxis("left").setTicks([[(-i, labels[i]) for i in range(count)]])
        self.setXRange(-SPAN_S, 0, padding=0.01)
        self.setYRange(-count - 0.2, 1.0, padding=0)  # room for the bar below, a burst above
        self._draw_bar()

    @property
    def scale_uv(self) -> int:
        """Microvolts from one trace to the next."""
        return SCALES_UV[self._scale]

    def zoom(self, steps: int) -> None:
        """Larger (+) or smaller (-) traces, in steps of 1-2-5."""
        self._scale = min(len(SCALES_UV) - 1, max(0, self._scale - steps))
        self._draw_bar()
        self._draw()

    def add(self, first: int, clean: np.ndarray) -> None:
        """Takes new samples [n, channels of the feed] and draws, unless paused."""
        if not len(self._curves) or not len(clean):
            return
        part = clean[-self._length :, self._columns]
        at = (np.arange(len(part)) + first + len(clean) - len(part)) % self._length
        self._ring[at] = part
        self._end = first + len(clean)
        if not self.paused:
            self._draw()

    def _draw(self) -> None:
        if not self._curves:
            return
        begin = self._end % self._length
        data = np.concatenate((self._ring[begin:], self._ring[:begin]))
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

    def _draw_bar(self) -> None:
        """The microvolt bar: half a division high, with its value, below the last trace."""
        low = -len(self._columns) - 0.1
        self._bar.setData(np.array([-SPAN_S, -SPAN_S]) + 0.05, np.array([low, low + 0.5]))
        self._bar_text.setText(f"{self.scale_uv / 2:g} µV")
        self._bar_text.setPos(-SPAN_S + 0.08, low + 0.25)
