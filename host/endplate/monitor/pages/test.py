# SPDX-License-Identifier: GPL-3.0-or-later
"""Test: how well the patient controls, on the screen, beside their own history and direct control.

The hand need not move: the cursor takes the velocity that is decoded, armed or not.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
from PyQt6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QPushButton,
    QSpinBox,
    QTableWidget,
    QVBoxLayout,
    QWidget,
)

from endplate.clinic.trials.run import USUAL_TARGETS, FittsRun
from endplate.errors import EndplateError
from endplate.live.feed import FeedInfo
from endplate.monitor.here import Here
from endplate.monitor.pages.page import Page, Step, heading, quiet
from endplate.monitor.result_card import fill
from endplate.monitor.target_view import TargetView
from endplate.monitor.theme import Palette
from endplate.monitor.watch import Fresh
from endplate.monitor.words import plain

USUAL = ("hand", "elbow")
COLUMNS = ("visit", "control", "DoF", "done", "bit/s", "s", "path", "over", "n")
EMPTY = "Move the dot into the ball"
MOST_DOFS = 3


class TestPage(Page):
    """The target fills the middle; settings and history to the right until it begins."""

    TITLE = "Test"
    HINT = (
        "The patient moves the dot into the ball and holds it there for a second. Enter starts; "
        "with direct control (X on the page Hand) it is the baseline."
    )

    def __init__(self, palette: Palette, here: Here, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._here = here
        self._info: FeedInfo | None = None
        self._status: dict[str, Any] = {}
        self.run: FittsRun | None = None
        self.view = TargetView(palette)
        self.history = QTableWidget()
        self.word = quiet()
        self.count = QSpinBox()
        self.count.setRange(4, 60)
        self.count.setValue(USUAL_TARGETS)
        self.count.setSuffix(" targets")
        self.dofs: dict[str, QCheckBox] = {}
        self._boxes = QHBoxLayout()
        self.stop_button = QPushButton("End the test (Esc)")
        self.stop_button.setShortcut("Esc")
        self.stop_button.clicked.connect(self._give_up)

        self.side = QWidget()
        side = QVBoxLayout(self.side)
        side.setContentsMargins(0, 0, 0, 0)
        side.addWidget(heading("Fitts test"))
        side.addLayout(self._boxes)
        side.addWidget(self.count)
        side.addWidget(heading("This patient so far"))
        side.addWidget(self.history, 1)
        left = QVBoxLayout()
        left.addWidget(self.view, 1)
        row = QHBoxLayout()
        row.addWidget(self.word, 1)
        row.addWidget(self.stop_button)
        left.addLayout(row)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(16, 10, 16, 6)
        whole.setSpacing(24)
        whole.addLayout(left, 4)
        whole.addWidget(self.side, 3)
        here.patient_changed.connect(self._show_history)
        here.visit_changed.connect(self._show_history)
        self._turn()

    # ---- the next step ----

    def step(self) -> Step:
        """Start, when something is decoded."""
        if self.run is not None:
            return Step(f"{len(self.run.outcomes)} of {self.run.count}", False)
        ready = bool(self._status.get("profile")) and bool(self._chosen())
        return Step("Start the Fitts test", ready)

    def do_step(self) -> None:
        """Begins it."""
        seed = int(datetime.now().timestamp()) % 100_000
        self.run = FittsRun(tuple(self._chosen()), self.count.value(), seed)
        self._turn()

    def _chosen(self) -> list[str]:
        return [dof for dof, box in self.dofs.items() if box.isChecked()][:MOST_DOFS]

    # ---- while it is played ----

    def show_frame(self, fresh: Fresh) -> None:
        """Every hop moves the cursor, none twice."""
        run, info = self.run, self._info
        if run is None or info is None:
            return
        places = [info.dofs.index(dof) for dof in run.dofs]
        seconds = info.hop_samples / info.rate_hz
        for hop in fresh.hops:
            run.step(np.array(hop["velocity"])[places], seconds)
        self.view.show_trial(run.trial, "Ready ..." if run.waiting else "")
        self.changed.emit()
        if run.over:
            self._finish(run)

    def _finish(self, run: FittsRun) -> None:
        self.run = None
        beside = self._status.get("beside") or {}
        content = run.record(
            direct=bool(beside.get("direct")),
            profile=(self._status.get("profile") or {}).get("name", ""),
        )
        found = content["figures"]
        self.word.setText(
            f"{100 * found['completion']:.0f} % of {found['trials']} completed, "
            + (f"{found['throughput']:.2f} bit/s" if found["throughput"] is not None else "")
        )
        if self._here.visit is not None:
            try:
                self._here.visits.keep(self._here.visit, "fitts", content, datetime.now())
            except EndplateError as error:
                self.said.emit(str(error))
            self.done.emit(False)
        else:
            self.said.emit("No visit is on: this result is shown, and kept nowhere.")
        self._show_history()
        self._turn()

    def _give_up(self) -> None:
        """What was not finished is no result."""
        if self.run is not None:
            self.run = None
            self.said.emit("The test was ended; nothing of it is kept.")
            self._turn()

    def _turn(self) -> None:
        """Nothing else is on the screen while it is played."""
        self.side.setVisible(self.run is None)
        self.stop_button.setVisible(self.run is not None)
        self.view.show_trial(None, EMPTY if self.run is None else "Ready ...")
        self.changed.emit()

    # ---- around it ----

    def _show_history(self) -> None:
        patient = self._here.patient
        rows = []
        if patient is not None:
            for visit in self._here.visits.of(patient):
                for result in self._here.visits.results(visit, "fitts"):
                    rows.append(_row(result.made, result.content))
        fill(self.history, COLUMNS, rows, even=False)

    def begin(self, info: FeedInfo) -> None:
        """The DoF of another session."""
        self._info, self.run = info, None
        for box in self.dofs.values():
            box.deleteLater()
        self.dofs = {dof: QCheckBox(plain(dof).capitalize()) for dof in info.dofs}
        for dof, box in self.dofs.items():
            box.setChecked(dof in USUAL)
            box.toggled.connect(lambda: self.changed.emit())
            self._boxes.addWidget(box)
        self._turn()

    def gone(self) -> None:
        """A test that lost its board is none."""
        self._status = {}
        self._give_up()
        self._info = None
        self.changed.emit()

    def show_numbers(self, status: dict[str, Any]) -> None:
        """Whether something is decoded."""
        self._status = status
        self.changed.emit()


def _row(made: datetime, content: dict[str, Any]) -> list[str]:
    found = content["figures"]

    def figure(name: str, digits: int) -> str:
        return "–" if found[name] is None else f"{found[name]:.{digits}f}"

    return [
        f"{made:%Y-%m-%d}", "direct" if content.get("direct") else "decoder",
        ", ".join(map(plain, content["dofs"])), f"{100 * found['completion']:.0f} %",
        figure("throughput", 2), figure("movement_s", 1), figure("path_efficiency", 2),
        figure("overshoots", 1), str(found["trials"]),
    ]  # fmt: skip
