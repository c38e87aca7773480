# SPDX-License-Identifier: GPL-3.0-or-later
"""What a patient did in one kind of test so far: a row a result, then each figure over months, with
direct control as the baseline."""

from __future__ import annotations

from datetime import date

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QScrollArea, QSizePolicy, QTableWidget, QVBoxLayout, QWidget

from endplate.clinic.trends import trends
from endplate.clinic.trials import kept, kinds
from endplate.errors import EndplateError
from endplate.monitor.here import Here
from endplate.monitor.pages.page import heading, quiet
from endplate.monitor.result_card import fill
from endplate.monitor.theme import Palette
from endplate.monitor.trend_view import TrendView

EMPTY = "No result of this test yet: it stands here as soon as there is one."
NOBODY = "Results stand here once a patient is chosen."
DIRECT = "Open squares: direct control."
BAND = "Grey band: within measurement error of the last score."
ROOM = 44  # pixels for the table's head and frame


class TrialHistory(QWidget):
    """`show_kind` chooses the test, `refresh` reads again."""

    def __init__(self, palette: Palette, here: Here, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette, self._here = palette, here
        self._kind = ""
        self.views: list[TrendView] = []
        self.table, self.hint = QTableWidget(), quiet()
        inside = QWidget()
        self._rows = QVBoxLayout()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._rows)
        column.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidget(inside)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        # Its hint would make the window larger than a small screen.
        self._scroll.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self._scroll.setMinimumHeight(110)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(heading("This patient so far"))
        whole.addWidget(self.hint)
        whole.addWidget(self.table, 1)
        whole.addWidget(self._scroll, 1)
        whole.addStretch(0)

    def show_kind(self, kind: str) -> None:
        """Another of kinds.TESTS."""
        self._kind = kind
        self.refresh()

    def refresh(self) -> None:
        """From the records, the newest first."""
        for view in self.views:
            self._rows.removeWidget(view)
            view.deleteLater()
        self.views = []
        kind, here = kinds.TESTS[self._kind], self._here
        rows: list[list[str]] = []
        found = []
        try:
            if here.patient is not None:
                rows = kept.rows(here.visits, here.patient, kind)
                found = trends(here.visits, here.scores, here.patient, kind.key)
        except EndplateError as error:
            self.hint.setText(str(error))
            return
        fill(self.table, kept.columns(kind), rows)
        self.table.setVisible(bool(rows))
        self.table.setMaximumHeight(ROOM + sum(self.table.rowHeight(k) for k in range(len(rows))))
        self._scroll.setVisible(bool(found))
        empty = EMPTY if here.patient is not None else NOBODY
        self.hint.setText(empty if not rows and not found else " ".join(
            [DIRECT, *([BAND] if any(trend.mdc for trend in found) else [])]
        ))  # fmt: skip
        if found and here.patient is not None:
            first = min(point.dated for trend in found for point in trend.points)
            tmr = here.patient.tmr
            since = tmr if tmr and tmr <= first else first
            for trend in found:
                self.views.append(TrendView(self._palette, trend, since, date.today()))
                self._rows.addWidget(self.views[-1])
