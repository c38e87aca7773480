# SPDX-License-Identifier: GPL-3.0-or-later
"""Follow-up: every measure against months since TMR, and scores entered by hand."""

from __future__ import annotations

from datetime import date

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QShowEvent
from PyQt6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from endplate.clinic.records.patients import day
from endplate.clinic.records.scores import INSTRUMENTS, Score
from endplate.clinic.trends import trends
from endplate.errors import EndplateError, RecordsError
from endplate.monitor.here import Here
from endplate.monitor.pages.page import Page, Step, heading, quiet
from endplate.monitor.report_pane import ReportPane
from endplate.monitor.theme import Palette
from endplate.monitor.trend_view import TrendView

EMPTY = "Measures stand here once a patient is chosen and a visit has brought some; scores below."
BAND = (
    "Grey band: within measurement error of the last score. Open squares: direct control. Across: "
    "months since {what}."
)


class FollowUpPage(Page):
    """One row a measure; below, a line to enter a score."""

    TITLE = "Follow-up"
    HINT = "Enter scores of the outcome instruments below; what changed stands beside each measure."

    def __init__(self, palette: Palette, here: Here, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette, self._here = palette, here
        self.views: list[TrendView] = []
        self._entered: list[Score] = []
        self.instrument, self.value, self.dated = QComboBox(), QLineEdit(), QLineEdit()
        self.version, self.notes = QLineEdit(), QLineEdit()
        for key, one in INSTRUMENTS.items():
            self.instrument.addItem(f"{one.name} ({one.unit})", key)
        self.value.setPlaceholderText("score")
        self.dated.setPlaceholderText("today, or 2026-10-05")
        self.version.setPlaceholderText("version")
        self.notes.setPlaceholderText("notes")
        self.hint = quiet(EMPTY)
        self._rows = QVBoxLayout()
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.addLayout(self._rows)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(inside)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        entry = QHBoxLayout()
        for widget, stretch in ((self.instrument, 3), (self.value, 1), (self.dated, 2),
                                (self.version, 1), (self.notes, 3)):  # fmt: skip
            entry.addWidget(widget, stretch)
        self.report = ReportPane(here)
        self.report.said.connect(self.said)
        self.report_button = self.report.button
        left = QVBoxLayout()
        left.addWidget(heading("Follow-up"))
        self.hint.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        left.addWidget(self.hint)
        left.addWidget(scroll, 1)
        upper = QHBoxLayout()
        upper.setSpacing(24)
        upper.addLayout(left, 3)
        upper.addWidget(self.report, 2)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(16, 10, 16, 6)
        whole.addLayout(upper, 1)
        whole.addWidget(heading("Enter a score"))
        whole.addLayout(entry)
        self.value.textEdited.connect(lambda: self.changed.emit())
        here.patient_changed.connect(self.refresh)
        here.visit_changed.connect(self.refresh)

    def step(self) -> Step:
        """Keep the score."""
        ready = self._here.patient is not None and bool(self.value.text().strip())
        return Step("Keep this score", ready, of_form=True)

    def do_step(self) -> None:
        """Keeps it."""
        patient = self._here.patient
        if patient is None:
            return
        try:
            dated = day(self.dated.text()) or date.today()
            score = Score(str(self.instrument.currentData()), dated, self._number(),
                          self.version.text().strip(), self.notes.text().strip())  # fmt: skip
            made = self._here.scores.add(patient, score, date.today())
        except EndplateError as error:
            self.said.emit(str(error))
            return
        self._entered.append(made)
        for line in (self.value, self.notes):
            line.clear()
        self.said.emit("Kept. Ctrl+Z takes it out again.")
        self.refresh()

    def _number(self) -> float:
        text = self.value.text().strip().replace(",", ".")
        try:
            return float(text)
        except ValueError:
            raise RecordsError(f"{text[:40]} is no number: enter the score as one.") from None

    def undo(self) -> bool:
        """Takes the last score that was entered here out again."""
        if not self._entered:
            return False
        try:
            self._here.scores.remove(self._entered[-1])
        except EndplateError as error:
            self.said.emit(str(error))
            return True
        self._entered.pop()
        self.said.emit("Taken out again.")
        self.refresh()
        return True

    def showEvent(self, event: QShowEvent | None) -> None:
        """Other pages may have brought something meanwhile."""
        super().showEvent(event)
        self.refresh()

    def end(self) -> None:
        """The report that is being drawn is given up."""
        self.report.end()

    def refresh(self) -> None:
        """Everything of the patient who is chosen, or why it cannot be read."""
        for view in self.views:
            self._rows.removeWidget(view)
            view.deleteLater()
        self.views = []
        patient, visits, found = self._here.patient, [], []
        self.hint.setText(EMPTY)
        if patient is not None:
            try:
                visits = self._here.visits.of(patient)
                found = trends(self._here.visits, self._here.scores, patient)
            except EndplateError as error:
                self.hint.setText(str(error))
        self.report.show_visits(visits)
        if patient is not None and found:
            first = min(point.dated for trend in found for point in trend.points)
            since = patient.tmr if patient.tmr and patient.tmr <= first else first
            self.hint.setText(BAND.format(what="TMR" if since == patient.tmr else "the first one"))
            for trend in found:
                view = TrendView(self._palette, trend, since, date.today())
                self._rows.addWidget(view)
                self.views.append(view)
        self.changed.emit()
