# SPDX-License-Identifier: GPL-3.0-or-later
"""A page of which nothing can be shown yet: one sentence says what will be here and how it is done
until then."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QVBoxLayout, QWidget

from endplate.monitor.pages.page import Page, quiet


class ComingPage(Page):
    """A title and a sentence."""

    def __init__(self, title: str, sentence: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.TITLE = title
        self.sentence = quiet(sentence)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        QVBoxLayout(self).addWidget(self.sentence)
