# SPDX-License-Identifier: GPL-3.0-or-later
"""Patient: who is here, and today's visit."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from endplate.clinic.records import archive
from endplate.clinic.records.patients import Patient
from endplate.clinic.records.visits import Visit
from endplate.errors import EndplateError
from endplate.monitor.here import Here
from endplate.monitor.pages.page import Page, Step, heading, quiet
from endplate.monitor.patient_form import PatientForm, blank
from endplate.monitor.theme import Palette

EMPTY = "Patients stand here with their sites and visits; enter the first one."
MOST_UNDONE = 50


class PatientPage(Page):
    """A list to the left, the chosen patient to the right, their visits below the list."""

    TITLE = "Patient"
    HINT = "Choose a patient or enter a new one, then start today's visit (Enter)."

    def __init__(self, palette: Palette, here: Here, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._here = here
        self._draft = False
        self._undone: list[Patient] = []
        self.list, self.past = QListWidget(), QListWidget()
        self.past.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.past.setMaximumHeight(170)
        for names in (self.list, self.past):
            names.setWordWrap(True)
            names.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.form = PatientForm(palette)
        self.hint = quiet(EMPTY)
        self.new_button = self._button("New patient", self.new, "Ctrl+N")
        self.import_button = self._button("Import ...", self._import)
        self.export_button = self._button("Export ...", self._export)
        self.delete_button = self._button("Delete ...", self._delete)

        left = QVBoxLayout()
        left.addWidget(heading("Patients"))
        left.addWidget(self.list, 1)
        for pair in (
            (self.new_button, self.import_button), (self.export_button, self.delete_button),
        ):  # fmt: skip
            row = QHBoxLayout()
            for button in pair:
                row.addWidget(button)
            left.addLayout(row)
        left.addWidget(heading("Visits"))
        left.addWidget(self.past)
        right = QVBoxLayout()
        right.addWidget(self.hint)
        right.addWidget(self.form, 1)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(16, 10, 16, 6)
        whole.setSpacing(24)
        whole.addLayout(left, 1)
        whole.addLayout(right, 3)

        self.list.currentItemChanged.connect(self._chosen)
        self.form.changed.connect(self._keep)
        self.form.code.textEdited.connect(lambda: self.changed.emit())
        self.form.wrong.connect(self.said)
        here.patient_changed.connect(self.refresh)
        here.visit_changed.connect(self._visit_changed)
        self.refresh()

    def _button(self, text: str, action, key: str = "") -> QPushButton:
        button = QPushButton(text)
        if key:
            button.setShortcut(key)
            button.setToolTip(f"Key: {key}")
        button.clicked.connect(action)
        return button

    # ---- the next step ----

    def step(self) -> Step:
        """Enter, begin or end."""
        if self._here.folder is None:
            return Step("Start today's visit", False)
        if self._here.problem:
            return Step("Try again")
        if self._draft:
            return Step("Enter this patient", bool(self.form.code.text().strip()), of_form=True)
        if self._here.visit is not None:
            return Step("End the visit")
        if self._here.patient is None:
            return Step("New patient")
        return Step("Start today's visit", not self._here.starting)

    def do_step(self) -> None:
        """As it says."""
        if self._here.problem:
            self._here.reopen()
            self.refresh()
        elif self._draft:
            self._enter()
        elif self._here.visit is not None:
            self._here.finish()
        elif self._here.patient is None:
            self.new()
        else:
            self._here.begin()

    # ---- patients ----

    def refresh(self) -> None:
        """Everybody, and the one who is chosen."""
        self._draft = False
        try:
            everybody = [] if self._here.folder is None else self._here.patients.all()
            words = [self._words(one) for one in everybody]
        except EndplateError as error:
            everybody, words = [], []
            self.hint.setText(str(error))
        else:
            self.hint.setText("" if everybody else EMPTY)
        self.list.blockSignals(True)
        self.list.clear()
        chosen = self._here.patient.uid if self._here.patient else ""
        for one, text in zip(everybody, words, strict=True):
            item = QListWidgetItem(text)
            item.setData(Qt.ItemDataRole.UserRole, one)
            self.list.addItem(item)
            if one.uid == chosen:
                self.list.setCurrentItem(item)
        self.list.blockSignals(False)
        if len(everybody) == 1 and not chosen:  # who else
            self.list.setCurrentRow(0)
            return
        self._show()

    def _words(self, patient: Patient) -> str:
        since = patient.months_since_tmr(date.today())
        visits = self._here.visits.of(patient)
        return "\n".join(
            [
                patient.code + (" · SIMULATED" if patient.simulated else ""),
                ("TMR not entered" if since is None else f"{since} months since TMR")
                + (f" · {visits[0].began:%Y-%m-%d}" if visits else " · no visit yet"),
            ]
        )

    def _show(self) -> None:
        patient = self._here.patient
        self.form.setVisible(self._draft or patient is not None)
        self.hint.setVisible(bool(self.hint.text()) and not self._draft)
        if patient is not None and not self._draft:
            self.form.show_patient(patient)
        for button in (self.export_button, self.delete_button):
            button.setEnabled(patient is not None and not self._draft)
        self.past.clear()
        if patient is not None:
            try:
                said = [self._visit_words(visit) for visit in self._here.visits.of(patient)]
            except EndplateError as error:
                said = [str(error)]
            self.past.addItems(said)
        self.changed.emit()

    def _visit_words(self, visit: Visit) -> str:
        results = self._here.visits.results(visit)
        kinds = list(dict.fromkeys(result.kind for result in results))
        recorded = len(visit.recordings())
        said = ", ".join(kinds) or ("recorded" if recorded else "no recording")
        on = self._here.visit is not None and visit.uid == self._here.visit.uid
        return f"{visit.began:%Y-%m-%d %H:%M} · {'on now' if on else said}"

    def _chosen(self, item: QListWidgetItem | None, *_: object) -> None:
        if item is None:
            return
        self._undone.clear()
        self._here.choose(item.data(Qt.ItemDataRole.UserRole))

    def new(self) -> None:
        """An empty form."""
        if self._here.folder is None:
            self.said.emit(
                "This window was opened without patients: `endplate clinic` opens one with them."
            )
            return
        if not self._here.reopen():
            self.said.emit(self._here.problem)
            return
        self._draft = True
        self.form.show_patient(blank())
        self._show()
        self.form.code.setFocus()

    def _enter(self) -> None:
        try:
            made = self._here.patients.add(self.form.read(), datetime.now())
        except EndplateError as error:
            self.said.emit(str(error))
            return
        self._draft = False
        self._undone.clear()
        self._here.choose(made)
        self.said.emit(f"{made.code} is entered.")

    def _keep(self, patient: Patient) -> None:
        """Each change of a patient who is there is kept at once; Ctrl+Z takes it back."""
        if self._draft:
            self.changed.emit()
            return
        try:
            before = self._here.patients.change(patient, date.today())
        except EndplateError as error:
            self.said.emit(str(error))
            return
        self._undone = [*self._undone, before][-MOST_UNDONE:]
        self._here.patient = patient
        self._relabel(patient)
        self.said.emit("Kept. Ctrl+Z takes it back.")

    def _relabel(self, patient: Patient) -> None:
        item = self.list.currentItem()
        if item is not None:
            item.setData(Qt.ItemDataRole.UserRole, patient)
            with suppress(EndplateError):  # its words stay what they were
                item.setText(self._words(patient))

    def undo(self) -> bool:
        """The last change of the patient's facts."""
        if not self._undone:
            return False
        before = self._undone.pop()
        try:
            self._here.patients.change(before, date.today())
        except EndplateError as error:
            self.said.emit(str(error))
            return True
        self._here.patient = before
        self.form.show_patient(before)
        self._relabel(before)
        self.said.emit("Taken back.")
        return True

    # ---- files ----

    def _export(self) -> None:
        patient = self._here.patient
        if patient is None:
            return
        name = f"{patient.code}{archive.SUFFIX}"
        place, _ = QFileDialog.getSaveFileName(self, "Export the patient", name)
        if place:
            self._do(lambda: f"{patient.code} is in "
                     f"{archive.export(self._here.database, patient, Path(place))}.")  # fmt: skip

    def _import(self) -> None:
        place, _ = QFileDialog.getOpenFileName(
            self, "Import a patient", "", f"Patients (*{archive.SUFFIX})"
        )
        if place:

            def work() -> str:
                made = archive.restore(self._here.database, Path(place))
                self._here.choose(made)
                return f"{made.code} is here."

            self._do(work)

    def _delete(self) -> None:
        patient = self._here.patient
        if patient is None:
            return
        if self._here.visit is not None:
            self.said.emit("A visit is on: end it before you delete anybody.")
            return
        try:
            visits = len(self._here.visits.of(patient))
        except EndplateError as error:
            self.said.emit(str(error))
            return
        typed, sure = QInputDialog.getText(
            self, "Delete a patient",
            f"{patient.code}, {visits} visits, recordings and scores will be gone for good.\n"
            f"To delete them type the code:",
        )  # fmt: skip
        if not sure or typed.strip() != patient.code:
            self.said.emit("Nothing was deleted.")
            return

        def work() -> str:
            archive.delete(self._here.database, patient)
            self._here.patient = None
            self.refresh()
            return f"{patient.code} and everything of theirs is deleted."

        self._do(work)

    def _do(self, work) -> None:
        try:
            self.said.emit(work())
        except EndplateError as error:
            self.said.emit(str(error))

    def _visit_changed(self) -> None:
        if not self._draft:
            try:
                self._here.refresh()
            except EndplateError as error:
                self.said.emit(str(error))
            self._show()
        self.changed.emit()
