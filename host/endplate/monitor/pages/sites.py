# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites: what each pair of electrodes hears, how well, and what to do with it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from endplate.clinic.montage_file import NAME as MONTAGE
from endplate.errors import EndplateError
from endplate.fit.sites.site_test import Judged, told
from endplate.live.feed import FeedInfo
from endplate.monitor.here import Here
from endplate.monitor.pages.page import Page, Step, heading, quiet
from endplate.monitor.site_rows import SiteRows
from endplate.monitor.site_trial import SiteTrial
from endplate.monitor.theme import Palette
from endplate.monitor.traces import Traces
from endplate.monitor.watch import Fresh
from endplate.monitor.words import plain

EMPTY = "Traces appear here as soon as a board sends."
USUAL = ("hand", "elbow")


class SitesPage(Page):
    """Traces fill the middle; to their right one row a site; below, movements against sites."""

    TITLE = "Sites"
    HINT = (
        "Let the patient rest, then try each movement: a good site is quiet at rest and loud in "
        "one movement alone. Enter starts the site test, I measures the contacts."
    )

    def __init__(self, palette: Palette, here: Here, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._here = here
        self.traces, self.sites = Traces(palette), SiteRows(palette)
        self.trial = SiteTrial(palette)
        self.hint = quiet(EMPTY)
        self.dofs = QComboBox()
        self.contacts_button = QPushButton("Contacts (I)")
        self.contacts_button.clicked.connect(lambda: self.asked.emit("contacts", {}))
        self.skip_button = QPushButton("End the test (Esc)")
        self.skip_button.setShortcut("Esc")
        self.skip_button.clicked.connect(self.trial.guiding.enough)
        self.skip_button.hide()
        self._columns: list[int] = []
        self._info: FeedInfo | None = None
        self._session: Path | None = None

        scroll = QScrollArea()
        scroll.setWidget(self.sites)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setMinimumWidth(450)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        left, right, row = QVBoxLayout(), QVBoxLayout(), QHBoxLayout()
        left.addWidget(heading("Traces"))
        left.addWidget(self.traces, 1)
        left.addWidget(self.hint)
        right.addWidget(heading("Sites"))
        right.addWidget(scroll, 1)
        upper = QHBoxLayout()
        upper.setSpacing(16)
        upper.addLayout(left, 3)
        upper.addLayout(right, 2)
        row.addWidget(self.trial.prompt, 1)
        for widget in (self.skip_button, self.dofs, self.trial.mode, self.contacts_button):
            row.addWidget(widget)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(16, 10, 16, 6)
        whole.addLayout(upper, 1)
        whole.addLayout(row)
        whole.addWidget(self.trial)

        self.dofs.activated.connect(self._another_choice)
        self.trial.matrix.tried.connect(self._try)
        self.trial.judged.connect(self._judged)
        self.trial.said.connect(self.said)
        self.trial.changed.connect(self._trial_changed)
        here.session.connect(self._another_session)

    # ---- the next step ----

    def step(self) -> Step:
        """The whole test."""
        if self.trial.busy:
            return Step("Follow the words", False)
        if self._info is None:
            return Step("Start the site test", False)
        return Step(f"Start the site test ({self.trial.seconds():.0f} s)", self._place is not None)

    def do_step(self) -> None:
        """Begins it."""
        if self._place is not None:
            self.trial.start(self._place)

    @property
    def _place(self) -> Path | None:
        return self._session if self._info is not None else None

    def _try(self, row: int) -> None:
        if self._place is not None:
            self.trial.try_one(self._place, row)

    def _trial_changed(self) -> None:
        self.skip_button.setVisible(self.trial.guiding.on)
        self.changed.emit()

    def _judged(self, found: Judged) -> None:
        visit = self._here.visit
        if visit is None:
            return
        try:
            self._here.visits.keep(visit, "sites", told(found), datetime.now())
        except EndplateError as error:
            self.said.emit(str(error))
        self.done.emit(False)

    # ---- the session ----

    def _another_session(self, place: str) -> None:
        self._session = Path(place) if place else None

    def watch_session(self, place: Path | None) -> None:
        """Of a window without patients."""
        self._session = place

    def begin(self, info: FeedInfo) -> None:
        """Sets the views out for another session."""
        self._info = info
        self._columns = columns = [c - 1 for c in info.montage_channels] or [*range(info.channels)]
        labels = [info.site_labels[c] for c in columns]
        self.traces.begin(info.rate_hz, labels, columns)
        self.sites.begin(labels)
        low = " At 250 samples a second only the amplitude is used." if info.rate_hz <= 250 else ""
        self.hint.setText(f"+ and - change the scale, P pauses the traces.{low}")
        self.dofs.clear()
        usual = [dof for dof in USUAL if dof in info.dofs]
        for choice in dict.fromkeys(map(tuple, (usual, usual[:1], info.dofs))):
            if choice:
                self.dofs.addItem(", ".join(map(plain, choice)), list(choice))
        self._another_choice()
        self.changed.emit()

    def _another_choice(self, *_: object) -> None:
        info = self._info
        if info is None or self.trial.busy:
            return
        visit = self._here.visit
        montage = str(visit.folder / MONTAGE) if visit else info.montage
        labels = [info.site_labels[c] for c in self._columns]
        self.trial.begin(info, labels, self._columns, self.dofs.currentData() or [], montage)
        self.changed.emit()

    def gone(self) -> None:
        """The traces stay as they were."""
        self._info = None
        self.hint.setText(EMPTY)
        self.changed.emit()

    def show_frame(self, fresh: Fresh) -> None:
        """The newest of the traces."""
        self.traces.add(fresh.first, fresh.clean)

    def show_numbers(self, status: dict[str, Any]) -> None:
        """Verdicts, meters, the matrix while it grows."""
        quality, meters = status.get("quality") or [], status.get("meters") or []
        if len(quality) == len(meters) > max(self._columns, default=0):
            self.sites.show_quality(
                [quality[c] for c in self._columns], [meters[c] for c in self._columns]
            )
        self.trial.show_now()

    def end(self) -> None:
        """What goes on is given up."""
        self.trial.end()
