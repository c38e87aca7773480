# SPDX-License-Identifier: GPL-3.0-or-later
"""F1: every key that a page has of its own is named."""

from __future__ import annotations

import pytest

pytest.importorskip(
    "PyQt6.QtWidgets", reason="PyQt6 or a library it needs is not installed", exc_type=ImportError
)
pytest.importorskip("pyqtgraph")

from PyQt6.QtGui import QShortcut
from PyQt6.QtWidgets import QAbstractButton

from endplate.monitor.theme import LIGHT
from endplate.monitor.window import HELP, Window

ARROWS = {"Left": "←", "Right": "→", "Up": "↑", "Down": "↓"}


def own_keys(page):
    """Of its buttons and of itself."""
    bound = [button.shortcut() for button in page.findChildren(QAbstractButton)]
    bound += [shortcut.key() for shortcut in page.findChildren(QShortcut)]
    return {ARROWS.get(key.toString(), key.toString()) for key in bound if not key.isEmpty()}


def test_f1_names_the_keys_of_each_page_before_those_of_all(qtbot, records):
    window = Window(None, LIGHT, records)
    qtbot.addWidget(window)
    asked = set()
    for index, page in enumerate(window.pages):
        window.turn_to(index)
        window.help()
        hint, keys, everywhere = window.note.text().split("\n")
        assert hint == page.invites() and everywhere == HELP
        assert own_keys(page) <= set(keys.replace(",", "").split()), page.TITLE
        asked |= own_keys(page)
    assert {"V", "T", "B", "F", "Esc", "←", "→", "Ctrl+N", "Alt+S", "Alt+N"} <= asked
    window.turn_to(1)
    window.help()
    assert {"I", "P"} <= set(window.note.text().split("\n")[1].split())
    window.close()
