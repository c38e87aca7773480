# SPDX-License-Identifier: GPL-3.0-or-later
"""Who a patient is: facts, limb and sites, notes. Says what was typed; keeps nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from endplate.clinic.records.patients import (
    LEVELS,
    PRESETS,
    SIDES,
    Patient,
    PatientSite,
    day,
    sites_of,
)
from endplate.errors import EndplateError, RecordsError
from endplate.fit.guided.protocol import counted
from endplate.hardware import load_montage, montage_names
from endplate.monitor.limb_view import LimbView, Shown
from endplate.monitor.theme import Palette

COLUMNS = ("", "site", "nerve", "muscle", "moves")


def blank() -> Patient:
    """To begin with."""
    montage = PRESETS["transhumeral"]
    return Patient("", "left", "transhumeral", montage, sites_of(load_montage(montage)))


class PatientForm(QWidget):
    """`changed` brings the patient as they stand in the form now; `wrong` a sentence when that
    cannot be read."""

    changed = pyqtSignal(object)
    wrong = pyqtSignal(str)

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._patient = self._kept = blank()
        self._filling = False
        self.code, self.amputated, self.tmr = QLineEdit(), QLineEdit(), QLineEdit()
        self.code.setPlaceholderText("a code of your own, no name")
        for field in (self.amputated, self.tmr):
            field.setPlaceholderText("2025-06-01, or empty")
        self.side, self.level, self.montage = QComboBox(), QComboBox(), QComboBox()
        self.side.addItems(SIDES)
        self.level.addItems(LEVELS)
        self.months = QLabel("")
        self.notes = QPlainTextEdit()
        self.notes.setPlaceholderText("Notes")
        self.notes.setMaximumHeight(90)
        self.limb = LimbView(palette)
        self.table = QTableWidget(0, len(COLUMNS))
        self.table.setHorizontalHeaderLabels(COLUMNS)
        beside, above = self.table.verticalHeader(), self.table.horizontalHeader()
        assert beside is not None and above is not None
        beside.hide()
        above.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        above.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)

        facts = QFormLayout()
        facts.addRow("Code", self.code)
        facts.addRow("Side", self.side)
        facts.addRow("Level", self.level)
        facts.addRow("Amputation", self.amputated)
        facts.addRow("TMR", self.tmr)
        facts.addRow("", self.months)
        facts.addRow("Sites", self.montage)
        upper = QHBoxLayout()
        upper.setSpacing(24)
        upper.addLayout(facts, 2)
        upper.addWidget(self.limb, 3)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addLayout(upper, 3)
        whole.addWidget(self.table, 2)
        whole.addWidget(self.notes)

        for line in (self.code, self.amputated, self.tmr):
            line.editingFinished.connect(self._edited)
        self.notes.textChanged.connect(self._edited)
        self.side.activated.connect(self._edited)
        self.level.activated.connect(self._another_level)
        self.montage.activated.connect(self._another_montage)
        self.table.itemChanged.connect(self._edited)
        self.table.currentCellChanged.connect(lambda row, *_: self.limb.choose(row))
        self.limb.clicked.connect(self._switch)
        self.show_patient(self._patient)

    def show_patient(self, patient: Patient) -> None:
        """Fills the form."""
        self._filling = True
        self._patient = patient
        self.code.setText(patient.code)
        self.side.setCurrentText(patient.side)
        self.level.setCurrentText(patient.level)
        for field, value in ((self.amputated, patient.amputated), (self.tmr, patient.tmr)):
            field.setText(value.isoformat() if value else "")
        known = [*montage_names(), *(f"free-{n}" for n in (4, 8, 16))]
        self.montage.clear()
        self.montage.addItems(list(dict.fromkeys([patient.montage, *known])))
        if self.notes.toPlainText() != patient.notes:
            self.notes.setPlainText(patient.notes)
        self._show_sites(patient.sites)
        self._show_months(patient)
        self._filling = False
        self.keep()

    def keep(self) -> None:
        """What stands in it is kept now."""
        self._kept = self.read()

    def unkept(self, patient: Patient | None = None) -> bool:
        """Whether something was typed that is not kept; of this patient, if one is given."""
        if patient is not None and patient.uid != self._kept.uid:
            return False
        try:
            return self.read() != self._kept
        except RecordsError:
            return True

    def read(self) -> Patient:
        """What stands in it. Raises RecordsError for what is no day."""
        return replace(
            self._patient, code=self.code.text().strip(), side=self.side.currentText(),
            level=self.level.currentText(), amputated=day(self.amputated.text()),
            tmr=day(self.tmr.text()), notes=self.notes.toPlainText(), sites=self._sites(),
        )  # fmt: skip

    def _sites(self) -> tuple[PatientSite, ...]:
        found = []
        for row, site in enumerate(self._patient.sites):
            label, nerve, muscle, function = (self._text(row, column) for column in range(1, 5))
            mark = self.table.item(row, 0)
            used = mark is not None and mark.checkState() == Qt.CheckState.Checked
            found.append(replace(
                site, used=used, label=label, nerve=nerve, muscle=muscle, function=function
            ))  # fmt: skip
        return tuple(found)

    def _text(self, row: int, column: int) -> str:
        item = self.table.item(row, column)
        return item.text().strip() if item is not None else ""

    def _show_sites(self, sites: Sequence[PatientSite]) -> None:
        self.table.setRowCount(len(sites))
        for row, site in enumerate(sites):
            mark = QTableWidgetItem(str(row + 1))
            mark.setFlags(Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled
                          | Qt.ItemFlag.ItemIsSelectable)  # fmt: skip
            mark.setCheckState(Qt.CheckState.Checked if site.used else Qt.CheckState.Unchecked)
            mark.setToolTip(f"Channel {site.channel}; without the tick it is not used")
            self.table.setItem(row, 0, mark)
            for column, text in enumerate((site.label, site.nerve, site.muscle, site.function), 1):
                self.table.setItem(row, column, QTableWidgetItem(text))
        self._show_limb(sites)

    def _show_limb(self, sites: Sequence[PatientSite]) -> None:
        self.limb.show_limb(
            self.level.currentText(), self.side.currentText(),
            [Shown(site.label, site.position, site.used) for site in sites],
        )  # fmt: skip

    def _show_months(self, patient: Patient) -> None:
        since = patient.months_since_tmr(date.today())
        self.months.setText("" if since is None else f"{counted(since, 'month')} since TMR")

    def _switch(self, row: int) -> None:
        """A click on the limb: that site on or off."""
        self.table.setCurrentCell(row, 1)
        mark = self.table.item(row, 0)
        if mark is not None:
            on = mark.checkState() == Qt.CheckState.Checked
            mark.setCheckState(Qt.CheckState.Unchecked if on else Qt.CheckState.Checked)

    def _another_level(self) -> None:
        """Another level has other sites."""
        self._use_montage(PRESETS[self.level.currentText()])

    def _another_montage(self) -> None:
        self._use_montage(self.montage.currentText())

    def _use_montage(self, name: str) -> None:
        try:
            sites = sites_of(load_montage(name))
        except EndplateError as error:
            self.wrong.emit(str(error))
            return
        self._filling = True
        self._patient = replace(self._patient, montage=name, sites=sites)
        self.montage.setCurrentText(name)
        self._show_sites(sites)
        self._filling = False
        self._edited()

    def _edited(self, *_: Any) -> None:
        if self._filling:
            return
        try:
            now = self.read()
        except RecordsError as error:
            self.wrong.emit(str(error))
            return
        if now == self._patient and now.code:
            return
        self._patient = now
        self._show_limb(now.sites)
        self._show_months(now)
        self.changed.emit(now)
