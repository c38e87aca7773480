# SPDX-License-Identifier: GPL-3.0-or-later
"""Today's electrodes against those of a profile: what each site hears now, and what each remedy
would give on what it was not made from."""

from __future__ import annotations

from PyQt6.QtWidgets import QLabel, QTableWidget, QVBoxLayout, QWidget

from endplate.fit.donning.today import Comparison
from endplate.monitor.pages.page import heading
from endplate.monitor.result_card import fill
from endplate.monitor.words import plain

SIGNS = {"same": "✓", "gain": "▬", "moved": "⇄", "different": "✕", "silent": "✕"}
#: What a comparison recommends -> the next step.
REMEDIES = {
    "nothing": "Use it as it is", "rescale": "Re-scale it", "remap": "Re-map it",
    "touch-up": "Touch it up", "calibrate": "Calibrate anew",
}  # fmt: skip


class DonningCard(QWidget):
    """`show_comparison` fills it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.reason = QLabel("")
        self.reason.setWordWrap(True)
        self.sites, self.remedies = QTableWidget(), QTableWidget()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (heading("Today's electrodes"), self.reason, self.sites,
                       heading("What would help: R² on what it was not made from"),
                       self.remedies):  # fmt: skip
            column.addWidget(widget)

    def show_comparison(self, found: Comparison) -> None:
        """Of one donning."""
        self.reason.setText(found.reason)
        fill(
            self.sites, ("site", "", "gain", "alike", "what it hears"),
            [(one.label, f"{SIGNS[one.verdict]} {one.verdict}", f"{one.gain:.2f}",
              f"{one.likeness:.2f}", one.sentence) for one in found.sites],
        )  # fmt: skip
        dofs = list(found.remedies[0].r2)
        rows = []
        for remedy in found.remedies:
            mark = "▶ " if remedy.name == found.recommended else ""
            if remedy.profile is None:
                rows.append((mark + remedy.title, *("–" for _ in dofs), "–", remedy.why_not))
            else:
                figures = [f"{remedy.r2[dof]:.2f}" for dof in dofs]
                rows.append((mark + remedy.title, *figures, f"{remedy.mean:.2f}", ""))
        fill(self.remedies, ("", *map(plain, dofs), "mean", ""), rows)
