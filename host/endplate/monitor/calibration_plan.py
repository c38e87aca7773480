# SPDX-License-Identifier: GPL-3.0-or-later
"""What a calibration is to be: anew, of which movements and how often, or today's electrodes
against the last one."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QCheckBox, QRadioButton, QSpinBox, QVBoxLayout, QWidget

from endplate.fit.guided.protocol import Cue, calibration_protocol, touch_up_protocol
from endplate.fit.guided.watch import name_of
from endplate.hardware import load_hand
from endplate.monitor.pages.page import heading
from endplate.monitor.words import plain

USUAL_DOFS = ("hand", "elbow")
COMPARE = "Hold today's electrodes against the last calibration"
HAND = "test-hand"


class CalibrationPlan(QWidget):
    """`changed` when another thing is wanted."""

    changed = pyqtSignal()

    def __init__(self, hand: str = HAND, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._then: list[str] = []  # DoF of the profile that there is
        self.anew, self.compare = QRadioButton("Calibrate anew"), QRadioButton(COMPARE)
        self.anew.setChecked(True)
        self.compare.setEnabled(False)
        self.dofs = {dof.name: QCheckBox(plain(dof.name).capitalize())
                     for dof in load_hand(hand).dofs}  # fmt: skip
        self.combinations = QCheckBox("Two movements at once as well")
        self.postures = QCheckBox("With the arm out in front and up as well")
        self.repetitions = QSpinBox()
        self.repetitions.setRange(2, 6)
        self.repetitions.setValue(3)
        self.repetitions.setSuffix(" repetitions of each direction")
        column = QVBoxLayout(self)
        column.addWidget(heading("What is wanted"))
        for choice in (self.anew, self.compare):
            column.addWidget(choice)
        column.addWidget(heading("Movements"))
        for widget in (*self.dofs.values(), self.combinations, self.postures, self.repetitions):
            column.addWidget(widget)
        column.addStretch(1)
        for dof, box in self.dofs.items():
            box.setChecked(dof in USUAL_DOFS)
        for button in (self.anew, *self.dofs.values(), self.combinations, self.postures):
            button.toggled.connect(self._toggled)
        self.repetitions.valueChanged.connect(lambda: self.changed.emit())

    def _toggled(self) -> None:
        for widget in (*self.dofs.values(), self.combinations, self.postures, self.repetitions):
            widget.setEnabled(not self.comparing)
        self.changed.emit()

    @property
    def comparing(self) -> bool:
        """Whether today is to be held against the last calibration."""
        return self.compare.isChecked()

    @property
    def wanted(self) -> bool:
        """Whether it is anything."""
        return self.comparing or any(box.isChecked() for box in self.dofs.values())

    def cues(self) -> list[Cue]:
        """Of what is wanted."""
        if self.comparing:
            return touch_up_protocol(self._then)
        return calibration_protocol(
            [dof for dof, box in self.dofs.items() if box.isChecked()], self.repetitions.value(),
            self.combinations.isChecked(), self.postures.isChecked(),
        )  # fmt: skip

    def calibrate_anew(self) -> None:
        """Whatever was chosen."""
        self.anew.setChecked(True)

    def offer_comparison(self, name: str, dofs: Sequence[str], *, choose: bool) -> None:
        """Against the profile of that name for `dofs`; none without DoF."""
        self._then = list(dofs)
        self.compare.setEnabled(bool(dofs))
        self.compare.setText(f"Hold today's electrodes against {name} (half a minute)"
                             if name else COMPARE)  # fmt: skip
        if not dofs:
            self.anew.setChecked(True)
        elif choose:
            self.compare.setChecked(True)
        self.changed.emit()


def names_of(cues: Sequence[Cue]) -> list[str]:
    """Of everything that is judged."""
    counted: dict[tuple, int] = {}
    names = []
    for cue in cues:
        if cue.kind == "rest":
            names.append(name_of(cue, 1))
        elif cue.target:
            key = (cue.kind, cue.posture, cue.label)
            counted[key] = counted.get(key, 0) + 1
            names.append(name_of(cue, counted[key]))
    return names
