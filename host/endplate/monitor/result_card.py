# SPDX-License-Identifier: GPL-3.0-or-later
"""What a calibration came to: the decoder and why in one sentence, each site, what moves when a
movement is meant, and each decoder in tables, advice below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QHeaderView,
    QLabel,
    QScrollArea,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from endplate.clinic.fitting import Made
from endplate.clinic.report.chosen import why
from endplate.monitor.pages.page import heading, quiet
from endplate.monitor.theme import VERDICTS
from endplate.monitor.words import plain

ROW, EDGE = 25, 8  # pixels of a row, and around a table
SEEN, ALL = 4, 1000  # rows that are seen at least
FIGURES = {
    "r2": "R²", "combined_r2": "two at once", "leakage": "idle DoF", "rest_motion_share": "at rest",
    "merit": "merit",
}  # fmt: skip


class ResultCard(QWidget):
    """`show_result` fills it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title, self.why = heading(""), QLabel("")
        self.why.setWordWrap(True)
        self.sites, self.output, self.decoders = (QTableWidget() for _ in range(3))
        self.advice = quiet()
        inside, scroll = QWidget(), QScrollArea()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        moved = quiet("What moves while one movement alone is meant (mean; full speed is 1)")
        upper = (self.title, self.why, self.sites, moved, self.output)
        for widget in (*upper, self.decoders, self.advice):
            column.addWidget(widget)
        column.addStretch(1)
        scroll.setWidget(inside)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scroll)

    def show_result(self, made: Made) -> None:
        """Of one profile."""
        report = made.report
        self.title.setText(f"Calibrated: {', '.join(plain(dof) for dof in made.dofs)}")
        self.why.setText(why(report, made.dofs))
        matrix = report["site_matrix"]
        rows = []
        for number, label in enumerate(made.site_labels):
            verdict = str(report["verdict"][number])
            mark = VERDICTS.get(verdict, VERDICTS["unknown"])[1]
            rows.append([
                label, f"{mark} {verdict}", _figure(report["rest_uv"][number], 1),
                _figure(report["snr_db"][number], 0),
                *(f"{row[number]:.2f}" for row in matrix.values()),
            ])  # fmt: skip
        heads = ["site", "verdict", "rest µV", "SNR dB", *matrix]
        fill(self.sites, [head.replace(" ", "\n", 1) for head in heads], rows, seen=ALL)
        dofs = list(made.dofs)
        fill(
            self.output, ["meant", *map(plain, dofs)],
            [[movement, *(_figure(row.get(dof), 2) for dof in dofs)]
             for movement, row in report.get("output", {}).items()], seen=ALL,
        )  # fmt: skip
        chosen = report["chosen"]["decoder"]
        fill(
            self.decoders, ["decoder", *FIGURES.values()],
            [[("▶ " if row["decoder"] == chosen else "") + row["decoder"],
              *(_figure(row.get(name), 3) for name in FIGURES)]
             for row in report["cross_validation"]], seen=ALL,
        )  # fmt: skip
        self.advice.setText("\n".join(f"· {line}" for line in report["sentences"]))


def _figure(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def fill(
    table: QTableWidget, titles: Sequence[str], rows: Sequence[Sequence[Any]], *, seen: int = SEEN
) -> None:
    """Texts into a table that is only read; columns as wide as their texts, the table no higher
    than its rows, of which `seen` are not scrolled."""
    table.setColumnCount(len(titles))
    table.setHorizontalHeaderLabels(list(titles))
    table.setRowCount(len(rows))
    table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
    table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            item = QTableWidgetItem(str(text))
            if column:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            table.setItem(row, column, item)
    beside, above = table.verticalHeader(), table.horizontalHeader()
    bar, around = table.horizontalScrollBar(), EDGE
    if beside is not None:
        beside.hide()
        beside.setDefaultSectionSize(ROW)
    if above is not None:
        above.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        around += above.sizeHint().height()
    if bar is not None:
        around += bar.sizeHint().height()  # it comes when the window is too narrow
    table.setMaximumHeight(ROW * len(rows) + around)
    table.setMinimumHeight(ROW * min(len(rows), seen) + around)
