# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test is played by: its DoF and its settings, one form a kind. All of it is kept with the
result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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

from endplate.clinic.trials import fitts, motion, tac, timed, watch
from endplate.clinic.trials.motion import MotionRun
from endplate.clinic.trials.posture import axes
from endplate.clinic.trials.run import USUAL_TARGETS, FittsRun, Run
from endplate.clinic.trials.tac import TacRun
from endplate.clinic.trials.watch import WatchRun
from endplate.hardware import Hand
from endplate.monitor.pages.page import quiet
from endplate.monitor.words import plain

USUAL_DOFS = ("hand", "elbow")
MOST_DOFS = {"fitts": 3, "tac": 3}  # what can be shown
OF_DOFS = ("motion", "tac", "fitts")  # others take every DoF, or none


@dataclass(frozen=True)
class Number:
    """A number to set."""

    key: str
    label: str
    least: float
    most: float
    usual: float
    step: float = 1.0
    suffix: str = ""
    digits: int = 0


@dataclass(frozen=True)
class Choice:
    """One of several: (value, words)."""

    key: str
    label: str
    options: tuple[tuple[Any, str], ...]


def _seconds(key: str, label: str, least: float, most: float, usual: float) -> Number:
    return Number(key, label, least, most, usual, 0.5 if most <= 30 else 5.0, " s",
                  1 if most <= 30 else 0)  # fmt: skip


_TARGETS = Number("count", "Targets", 4, 60, USUAL_TARGETS)
_HANDS = Choice("hand", "With", tuple((one, one) for one in timed.HANDS))
FORMS: dict[str, tuple[Number | Choice, ...]] = {
    "motion": (
        Number("repetitions", "Each movement", 1, 10, motion.USUAL.repetitions, suffix=" times"),
        Choice("pairs", "Two DoF at once", ((False, "no"), (True, "as well"))),
        _seconds("limit_s", "Time limit", 2, 30, motion.USUAL.limit_s),
        _seconds("full_range_s", "Full range at full speed", 0.5, 3, motion.USUAL.full_range_s),
    ),
    "tac": (
        Choice("on", "On", ((tac.SCREEN, "the screen"), (tac.HAND, "the hand, armed"))),
        _TARGETS,
        Number("tolerance_deg", "Within", 2, 15, tac.USUAL.tolerance_deg, 1.0, "°"),
        _seconds("dwell_s", "Keep it for", 0.5, 5, tac.USUAL.dwell_s),
        _seconds("limit_s", "Time limit", 5, 30, tac.USUAL.limit_s),
    ),
    "fitts": (
        _TARGETS,
        _seconds("dwell_s", "Keep it for", 0.5, 5, fitts.USUAL.dwell_s),
        _seconds("limit_s", "Time limit", 5, 30, fitts.USUAL.limit_s),
    ),
    "activations": (
        _seconds("rest_s", "At rest", 0, 600, watch.USUAL.rest_s),
        _seconds("arm_motion_s", "In arm motion", 0, 600, watch.USUAL.arm_motion_s),
    ),
    "box-and-blocks": (_HANDS,),
    "clothespin": (_HANDS,),
}


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
        for key, field in self.fields[self.kind].items():
            if isinstance(field, QDoubleSpinBox):
                found[key] = field.value() if field.decimals() else int(field.value())
            elif isinstance(field, QComboBox):
                found[key] = field.currentData()
        return found

    def chosen(self) -> list[str]:
        """The DoF of this test, in the hand's order."""
        if self.kind not in OF_DOFS:
            return list(self.dofs)
        return [dof for dof, box in self.dofs.items() if box.isChecked()]

    def run(self, seed: int, hand: Hand, grip: str) -> Run:
        """The test as it is set, of any kind but the timed ones. Raises HandError for a DoF that
        the hand does not have."""
        dofs, given = tuple(self.chosen()), self.values()
        if self.kind == "motion":
            return MotionRun(dofs, seed=seed, rules=motion.Rules(**given))
        if self.kind == "activations":
            return WatchRun(dofs, seed=seed, rules=watch.Rules(**given))
        count = given.pop("count")
        if self.kind == "fitts":
            return FittsRun(dofs, count, seed, fitts.Rules(**given))
        return TacRun(dofs, count, seed, tac.Rules(**given), axes=axes(hand, dofs, grip))

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
