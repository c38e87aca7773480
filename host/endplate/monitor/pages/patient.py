# SPDX-License-Identifier: GPL-3.0-or-later
"""Patient: who is here, and today's visit."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

from PyQt6.QtCore import Qt, QTimer
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
from endplate.fit.guided.protocol import counted
from endplate.monitor.here import Here
from endplate.monitor.pages.page import Page, Step, heading, quiet
from endplate.monitor.patient_form import PatientForm, blank
from endplate.monitor.theme import Palette

EMPTY = "Patients stand here with their sites and visits; enter the first one."
MOST_UNDONE = 50
NOT_ENTERED = "What was typed of the new patient is gone: they were not entered."
ENTER_FIRST = "Enter the new patient first, or choose another to give up what was typed."


class PatientPage(Page):
    """A list to the left, the chosen patient to the right, their visits below the list."""

    TITLE = "Patient"
    HINT = "Start today's visit (Enter), or choose another patient in the list."
    HINTS = {
        "no records": "This window has no patients: turn to another page (2 to 6).",
        "problem": "Enter tries once more to open the records.",
        "draft": "Type a code of your own, no name; then enter this patient (Enter).",
        "visit": "A visit is on: go on with the sites (2). A click on its button ends it.",
        "nobody": "Enter a new patient (Enter), or choose one in the list.",
        "starting": "The board is being opened ...",
    }

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
        pairs = (self.new_button, self.import_button), (self.export_button, self.delete_button)
        for pair in pairs:
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
        button.setShortcut(key)
        button.setToolTip(f"Key: {key}" if key else "")
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
            return Step("End the visit", by_click=True)
        if self._here.patient is None:
            return Step("New patient")
        return Step("Start today's visit", not self._here.starting)

    def invites(self) -> str:
        """As the step."""
        here = self._here
        held = {
            "no records": here.folder is None, "problem": here.problem, "draft": self._draft,
            "visit": here.visit, "nobody": here.patient is None, "starting": here.starting,
        }  # fmt: skip
        return next((self.HINTS[key] for key, on in held.items() if on), self.HINT)

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
        elif self._settled():
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
        for one, text in zip(everybody, words, strict=True):
            item = QListWidgetItem(text)
            item.setData(Qt.ItemDataRole.UserRole, one)
            self.list.addItem(item)
        self.list.blockSignals(False)
        self._mark()
        if len(everybody) == 1 and self._here.patient is None:  # who else
            self.list.setCurrentRow(0)
            return
        self._show()

    def _words(self, patient: Patient) -> str:
        since = patient.months_since_tmr(date.today())
        visits = self._here.visits.of(patient)
        return "\n".join(
            [
                patient.code + (" · SIMULATED" if patient.simulated else ""),
                ("TMR not entered" if since is None else f"{counted(since, 'month')} since TMR")
                + (f" · {visits[0].began:%Y-%m-%d}" if visits else " · no visit yet"),
            ]
        )

    def _show(self) -> None:
        patient = self._here.patient
        self.form.setVisible(self._draft or patient is not None)
        self.hint.setVisible(bool(self.hint.text()) and not self._draft)
        if patient is not None and not self._draft and not self.form.unkept(patient):
            self.form.show_patient(patient)
        for button in (self.export_button, self.delete_button):
            button.setEnabled(patient is not None and not self._draft)
        self.past.clear()
        if patient is not None and not self._draft:
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
        mark = " · SIMULATED" if visit.simulated(results) else ""
        return f"{visit.began:%Y-%m-%d %H:%M} · {'on now' if on else said}{mark}"

    def _chosen(self, item: QListWidgetItem | None, *_: object) -> None:
        if item is None:
            return
        chosen = item.data(Qt.ItemDataRole.UserRole)
        before = self._here.patient
        if self._draft and self.form.unkept():
            self.said.emit(NOT_ENTERED)
        elif before is not None and before.uid != chosen.uid and not self._settled():
            QTimer.singleShot(0, self._mark)  # the click that chose selects its line afterwards
            return
        self._undone.clear()
        self._here.choose(chosen)
        QTimer.singleShot(0, self._mark)

    def _mark(self) -> None:
        """The line of whoever is here, none while the form is of somebody new."""
        patient = None if self._draft else self._here.patient
        self.list.blockSignals(True)
        self.list.setCurrentItem(self._line(patient))
        self.list.blockSignals(False)

    def _line(self, patient: Patient | None) -> QListWidgetItem | None:
        for row in range(self.list.count()):
            item = self.list.item(row)
            if item and patient and item.data(Qt.ItemDataRole.UserRole).uid == patient.uid:
                return item
        return None

    def _settled(self) -> bool:
        """Whether nothing that was typed would be lost; says what cannot be kept."""
        patient = self._here.patient
        if self._draft or patient is None or not self.form.unkept(patient):
            return True
        try:
            now = self.form.read()
        except EndplateError as error:
            self.said.emit(str(error))
            return False
        return self._keep(now)

    def _listed(self, made: Patient) -> None:
        """Somebody who is there now: chosen, or in the list alone while a visit is on."""
        self._draft = False
        if self._here.visit is None:
            self._here.choose(made)
        else:
            self.refresh()

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
        if not self._settled():
            return
        if self._draft:  # what was typed stays
            self.form.code.setFocus()
            return
        self._draft = True
        self._mark()
        self.form.show_patient(blank())
        self._show()
        self.form.code.setFocus()

    def _enter(self) -> None:
        try:
            made = self._here.patients.add(self.form.read(), datetime.now())
        except EndplateError as error:
            self.said.emit(str(error))
            return
        self._undone.clear()
        self._listed(made)
        self.said.emit(f"{made.code} is entered.")

    def _keep(self, patient: Patient) -> bool:
        """Each change of a patient who is there is kept at once; Ctrl+Z takes it back. Whether it
        was."""
        if self._draft:
            self.changed.emit()
            return False
        try:
            before = self._here.patients.change(patient, date.today())
        except EndplateError as error:
            self.said.emit(str(error))
            return False
        self.form.keep()
        self._undone = [*self._undone, before][-MOST_UNDONE:]
        self._here.patient = patient
        self._relabel(patient)
        self.said.emit("Kept. Ctrl+Z takes it back.")
        return True

    def _relabel(self, patient: Patient) -> None:
        item = self._line(patient)
        if item is not None:
            item.setData(Qt.ItemDataRole.UserRole, patient)
            with suppress(EndplateError):  # its words stay what they were
                item.setText(self._words(patient))

    def undo(self) -> bool:
        """What was typed and not kept, else the last change of the patient's facts."""
        patient = self._here.patient
        if patient is not None and not self._draft and self.form.unkept(patient):
            self.form.show_patient(patient)
            self.said.emit("Taken back.")
            return True
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
        if self._draft and self.form.unkept():
            self.said.emit(ENTER_FIRST)
            return
        place, _ = QFileDialog.getOpenFileName(
            self, "Import a patient", "", f"Patients (*{archive.SUFFIX})"
        )
        if place and self._settled():
            self._do(lambda: self._restored(Path(place)))

    def _restored(self, place: Path) -> str:
        made = archive.restore(self._here.database, place)
        self._listed(made)
        return f"{made.code} is here."

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
            f"{patient.code}, {counted(visits, 'visit')}, recordings and scores will be gone for "
            f"good.\nTo delete them type the code:",
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
            if said := work():
                self.said.emit(said)
        except EndplateError as error:
            self.said.emit(str(error))

    def _visit_changed(self) -> None:
        if not self._draft:
            self._do(self._here.refresh)
            self._show()
        self.changed.emit()
