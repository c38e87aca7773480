# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test is played by: its DoF and its settings, one form a kind. All of it is kept with the
result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from endplate.clinic.trials.run import Run
from endplate.clinic.trials.settings import (
    FORMS,
    MOST_DOFS,
    OF_DOFS,
    USUAL_DOFS,
    Choice,
    Number,
    made,
)
from endplate.hardware import Hand
from endplate.monitor.pages.page import quiet
from endplate.monitor.words import plain


class TrialSettings(QWidget):
    """`show_kind`, then `values` and `chosen`; `changed` when the user set something."""

    changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind = next(iter(FORMS))
        self.fields: dict[str, dict[str, QWidget]] = {}
        self.dofs: dict[str, QCheckBox] = {}
        self._wanted: set[str] = set()  # ticked, or would be if this kind could show as many
        self._moved: set[str] = set()  # by the decoder
        self.limit = quiet()
        self._row = QWidget()
        self._boxes = QHBoxLayout(self._row)
        self._boxes.setContentsMargins(0, 0, 0, 0)
        self._boxes.setSpacing(16)
        self._boxes.addStretch(1)
        self._forms = QStackedWidget()
        for kind, form in FORMS.items():
            self._forms.addWidget(self._form(kind, form))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._row)
        column.addWidget(self.limit)
        column.addWidget(self._forms)

    def _form(self, kind: str, form: Sequence[Number | Choice]) -> QWidget:
        widget = QWidget()
        rows = QFormLayout(widget)
        rows.setContentsMargins(0, 0, 0, 0)
        self.fields[kind] = {}
        for one in form:
            field: QDoubleSpinBox | QComboBox
            if isinstance(one, Number):
                field = QDoubleSpinBox()
                field.setDecimals(one.digits)
                field.setRange(one.least, one.most)
                field.setSingleStep(one.step)
                field.setSuffix(one.suffix)
                field.setValue(one.usual)
                field.valueChanged.connect(lambda: self.changed.emit())
            else:
                field = QComboBox()
                for value, text in one.options:
                    field.addItem(text, value)
                field.currentIndexChanged.connect(lambda: self.changed.emit())
            field.setAccessibleName(one.label)
            rows.addRow(one.label, field)
            self.fields[kind][one.key] = field
        return widget

    def show_kind(self, kind: str) -> None:
        """The form of another kind."""
        self.kind = kind
        self._forms.setCurrentIndex(list(FORMS).index(kind))
        self._row.setVisible(kind in OF_DOFS)
        self._show_dofs()

    def values(self) -> dict[str, Any]:
        """By key, of the kind that is shown; whole numbers are ints."""
        found: dict[str, Any] = {}
        for one in FORMS[self.kind]:
            field = self.fields[self.kind][one.key]
            if isinstance(one, Number) and isinstance(field, QDoubleSpinBox):
                found[one.key] = one.value(field.value())
            elif isinstance(field, QComboBox):
                found[one.key] = field.currentData()
        return found

    def chosen(self) -> list[str]:
        """The DoF of this test, in the hand's order."""
        if self.kind not in OF_DOFS:
            return list(self.dofs)
        return [dof for dof, box in self.dofs.items() if box.isChecked()]

    def run(self, seed: int, hand: Hand, grip: str) -> Run:
        """The test as it is set, of any kind but the timed ones. Raises HandError for a DoF that
        the hand does not have."""
        return made(self.kind, self.chosen(), self.values(), seed, hand, grip)

    def begin(self, dofs: Sequence[str]) -> None:
        """The DoF of another session."""
        for box in self.dofs.values():
            box.deleteLater()
        self.dofs = {dof: QCheckBox(plain(dof).capitalize()) for dof in dofs}
        for place, box in enumerate(self.dofs.values()):
            box.toggled.connect(self._tick)
            self._boxes.insertWidget(place, box)
        self._wanted, self._moved = set(USUAL_DOFS) & set(dofs), set(dofs)
        self._show_dofs()

    def only(self, dofs: Sequence[str]) -> None:
        """What the decoder moves; others cannot be tested. Nothing known: all can."""
        self._moved = set(dofs or self.dofs) & set(self.dofs)
        self._wanted |= self._moved if dofs else set()
        self._show_dofs()

    def _tick(self) -> None:
        self._wanted = set(self.chosen())
        self._show_dofs()
        self.changed.emit()

    def _show_dofs(self) -> None:
        """No more are ticked than this kind can show, and what cannot be ticked is grey."""
        most = MOST_DOFS.get(self.kind, len(self.dofs))
        ticked = [dof for dof in self.dofs if dof in self._wanted & self._moved][:most]
        for dof, box in self.dofs.items():
            box.blockSignals(True)
            box.setChecked(dof in ticked)
            box.blockSignals(False)
            box.setEnabled(dof in self._moved and (dof in ticked or len(ticked) < most))
        full = most <= len(ticked) < len(self._moved)
        self.limit.setText(f"At most {most} at once: untick one to take another.")
        self.limit.setVisible(full and self.kind in OF_DOFS)
