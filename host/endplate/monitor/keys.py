# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a key is: the window's, or that of what is open before it, edited, or has the focus."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QWidget,
)

ENTER_AND_ESC = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape)


def taken(event: QKeyEvent) -> bool:
    """Whether a key that is a shortcut of the window belongs to a dialog or a list that is open
    before it, or to a table's cell that is edited. Qt itself keeps shortcuts from a window behind a
    dialog, but no longer once a list is open in that dialog."""
    if event.key() == Qt.Key.Key_E and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
        return False  # the emergency stop waits for nothing
    if QApplication.activePopupWidget() is not None or QApplication.activeModalWidget() is not None:
        return True
    return event.key() in ENTER_AND_ESC and _is_editor(QApplication.focusWidget())


def _is_editor(widget: QWidget | None) -> bool:
    """Of a cell."""
    while widget is not None:
        widget = widget.parentWidget()
        if isinstance(widget, QAbstractItemView):
            return True
    return False


def button_in_focus() -> QPushButton | None:
    """The button that Enter clicks. One of a row of which one is on, and it is on already, is none:
    there Enter is the page's step, as it is on the rail when a page was turned to."""
    button = QApplication.focusWidget()
    if not isinstance(button, QPushButton):
        return None
    group = button.group()
    on = group is not None and group.exclusive() and button.isChecked()
    return None if on else button


def is_text(widget: QWidget | None) -> bool:
    """Whether a space is a letter there."""
    return isinstance(widget, QLineEdit | QPlainTextEdit)
