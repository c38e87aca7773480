# SPDX-License-Identifier: GPL-3.0-or-later
"""The hand's grips as pictures: what each looks like closed, the one in force marked."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtGui import QIcon, QPixmap
from PyQt6.QtWidgets import QGridLayout, QSizePolicy, QToolButton, QWidget

from endplate.hardware import Grip
from endplate.monitor.hand_view import HandView
from endplate.monitor.theme import Palette

PICTURE = 54
LARGE = 4  # times: drawn so large, then cut to the hand alone
A_ROW = 6
CLOSED = 0.85  # of the way: fingers that touch hide each other


class GripChooser(QWidget):
    """`chosen(name)`: one was clicked. Key G takes the next one, see the window."""

    chosen = pyqtSignal(str)

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = palette
        self.buttons: dict[str, QToolButton] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(4)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.setAccessibleName("Grips of the hand")

    def begin(self, grips: Sequence[Grip]) -> None:
        """Another hand."""
        for button in self.buttons.values():
            button.deleteLater()
        self.buttons = {grip.name: self._button(grip) for grip in grips}
        for number, button in enumerate(self.buttons.values()):
            self._grid.addWidget(button, number // A_ROW, number % A_ROW)
        self.show_grip("")

    def _button(self, grip: Grip) -> QToolButton:
        button = QToolButton()
        button.setText(grip.name.capitalize())
        button.setIcon(QIcon(picture(grip, self._palette)))
        button.setIconSize(QSize(PICTURE, PICTURE))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setCheckable(True)
        button.setProperty("role", "grip")
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.setMinimumWidth(PICTURE + 4)
        button.setToolTip(f"{grip.title} (G: the next grip)")
        button.setAccessibleName(f"Grip {grip.title}")
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Space is STOP everywhere; G chooses
        button.clicked.connect(lambda: self._click(grip.name))
        return button

    def _click(self, name: str) -> None:
        """The mark follows what the hand says, not the click."""
        self.buttons[name].setChecked(not self.buttons[name].isChecked())
        self.chosen.emit(name)

    def show_grip(self, name: str) -> None:
        """The one that commands ask for now."""
        for each, button in self.buttons.items():
            button.setChecked(each == name)


def picture(grip: Grip, palette: Palette) -> QPixmap:
    """The grip, nearly closed."""
    view = HandView(palette)
    side = LARGE * PICTURE
    view.setStyleSheet(f"background: {palette.ground};")
    view.resize(side, side)
    joints = {
        name: grip.open_deg.get(name, closed) + CLOSED * (closed - grip.open_deg.get(name, closed))
        for name, closed in grip.closed_deg.items()
    }
    view.show_joints(joints, {}, True)
    made = view.grab()
    view.deleteLater()
    cut = made.copy(side // 6, side // 24, side * 2 // 3, side * 2 // 3)
    smooth = Qt.TransformationMode.SmoothTransformation
    return cut.scaled(2 * PICTURE, 2 * PICTURE, transformMode=smooth)  # for fine screens
