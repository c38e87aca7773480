# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites: what each pair of electrodes hears, how well, and what to do with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QHideEvent, QKeySequence, QShortcut, QShowEvent
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from endplate.clinic.montage_file import NAME as MONTAGE
from endplate.clinic.recording_name import recording_of
from endplate.clinic.trials.separation import SeparationRun, said
from endplate.fit.sites.site_test import Judged
from endplate.live.feed import FeedInfo
from endplate.monitor.here import Here
from endplate.monitor.pages.page import ENDS_FIRST, Page, Step, chooser, heading, quiet
from endplate.monitor.showing import MOST_BARS, Showing
from endplate.monitor.signal_panel import SignalPanel
from endplate.monitor.site_rows import SiteRows
from endplate.monitor.site_trial import SiteTrial, choices
from endplate.monitor.theme import Palette
from endplate.monitor.trace_bar import TraceBar
from endplate.monitor.traces import CURSOR_S, Traces, measured
from endplate.monitor.watch import Fresh
from endplate.monitor.words import plain

EMPTY = "Traces appear here as soon as a board sends."
NO_BOARD = "There is no board that sends."
COMPUTING = "The site test is being computed: wait a moment."
MOVEMENTS, SIGNAL = "Movements (V)", "Signal (V)"


class SitesPage(Page):
    """Traces fill the middle; to their right one row a site; below, movements against sites, or
    spectrum and rest noise."""

    TITLE, KINDS = "Sites", ("sites",)
    HINT = (
        "Let the patient rest, then try each movement: a good site is quiet at rest and loud in "
        "one movement alone. Enter starts the site test, I measures the contacts."
    )

    def __init__(self, palette: Palette, here: Here, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._here = here
        self.traces, self.sites = Traces(palette), SiteRows(palette)
        self.trial, self.signal = SiteTrial(palette), SignalPanel(palette)
        self.showing = Showing(palette, self)
        self.bar, self.hint = TraceBar(self.traces), quiet(EMPTY)
        self.dofs = chooser()
        self.contacts_button = QPushButton("Contacts (I)")
        self.contacts_button.clicked.connect(lambda: self.asked.emit("contacts", {}))
        self.skip_button = QPushButton("End the test (Esc)")
        self.skip_button.clicked.connect(self.trial.guiding.enough)
        self.skip_button.hide()
        self.seen_button = QPushButton("Patient sees it (T)")
        self.show_button = QPushButton("Show to patient (B)")
        self.view_button = QPushButton(SIGNAL)
        self.seen_button.setShortcut("T")
        self.show_button.setShortcut("B")
        self.back = QShortcut(QKeySequence("Esc"), self)
        self.back.setContext(Qt.ShortcutContext.ApplicationShortcut)
        self.back.activated.connect(self._back)
        self._columns: list[int] = []
        self._labels: list[str] = []
        self._chosen: list[int] = []  # sites that the patient is to see
        self._info: FeedInfo | None = None
        self._status: dict[str, Any] = {}
        self._session: Path | None = None
        self._lay_out()

        self.seen_button.clicked.connect(self._toggle_seen)
        self.show_button.clicked.connect(self._show_to_patient)
        self.view_button.clicked.connect(self._turn_view)
        self.traces.chosen.connect(self._choose)
        self.traces.moved.connect(self._show_hint)
        self.traces.stopped.connect(self._show_hint)
        self.traces.stopped.connect(self.sites.setFocus)  # arrows move the cursor at once
        self.sites.chosen.connect(self._choose)
        self.sites.stepped.connect(self._step_site)
        self.sites.sideways.connect(lambda n: self.traces.move_cursor(n * CURSOR_S))
        self.showing.changed.connect(self._showing_changed)
        self.showing.marked.connect(lambda text: self.asked.emit("mark", {"text": text}))
        self.showing.finished.connect(self._played)
        self.dofs.activated.connect(self._another_choice)
        self.trial.matrix.tried.connect(self._try)
        self.trial.judged.connect(self._judged)
        self.trial.said.connect(self.said)
        self.trial.changed.connect(self._trial_changed)
        here.session.connect(lambda place: self.watch_session(Path(place) if place else None))
        here.patient_changed.connect(self._show_results)

    def _lay_out(self) -> None:
        self.scrolled = scroll = QScrollArea()
        scroll.setWidget(self.sites)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setMinimumWidth(450)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.below = QStackedWidget()
        self.below.addWidget(self.trial)
        self.below.addWidget(self.signal)
        left, right, row = QVBoxLayout(), QVBoxLayout(), QHBoxLayout()
        over_sites = QHBoxLayout()
        over_sites.addWidget(heading("Sites"), 1)
        over_sites.addWidget(self.seen_button)
        over_sites.addWidget(self.show_button)
        left.addWidget(self.bar)
        left.addWidget(self.traces, 1)
        left.addWidget(self.hint)
        right.addLayout(over_sites)
        right.addWidget(scroll, 1)
        upper = QHBoxLayout()
        upper.setSpacing(16)
        upper.addLayout(left, 3)
        upper.addLayout(right, 2)
        row.addWidget(self.trial.prompt, 1)
        row.addWidget(self.signal.title, 1)
        for other in (self.view_button, self.skip_button, self.dofs, self.trial.mode):
            row.addWidget(other)
        row.addWidget(self.contacts_button)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(16, 10, 16, 6)
        whole.addLayout(upper, 1)
        whole.addLayout(row)
        whole.addWidget(self.below)
        self._show_view_button()

    # ---- the next step ----

    def step(self) -> Step:
        """The whole test; while the patient watches, the task."""
        why = self.refusal(not self.showing.on)
        if self.showing.on:
            step = self.showing.step(self.signal.targets.value())
        else:
            step = self.trial.step(self._info is not None, self._place is not None)
        return replace(step, ready=step.ready and not why, why=why)

    def invites(self) -> str:
        """As the step."""
        return self.showing.invites() if self.showing.on else self.trial.invites() or self.HINT

    @property
    def busy(self) -> str:
        """The site test, a try, or the separation task."""
        return self.trial.asking or ("" if self.showing.run is None else "The separation task")

    @property
    def held(self) -> bool:
        """The task; a site test goes on."""
        return self.showing.run is not None

    def do_step(self) -> None:
        """Begins it."""
        if self.showing.on:
            seed = int(datetime.now().timestamp()) % 100_000
            self.showing.play(self.signal.targets.value(), seed)
        elif self._place is not None:
            self.below.setCurrentWidget(self.trial)
            self.trial.start(self._place)

    @property
    def _place(self) -> Path | None:
        return self._session if self._info is not None else None

    def _try(self, row: int) -> None:
        if why := ENDS_FIRST.format(self.busy) if self.busy else self.refusal(True):
            self.said.emit(why)
        elif self._place is not None:
            self.trial.try_one(self._place, row)

    def _trial_changed(self) -> None:
        self.skip_button.setVisible(self.trial.guiding.on)
        if self.trial.busy:
            self.below.setCurrentWidget(self.trial)
        self._show_view_button()
        self.changed.emit()

    def _judged(self, found: Judged) -> None:
        if self._here.visit is not None:
            self._here.keep("sites", self.trial.told(found))
            self.done.emit(False)

    # ---- the selected site ----

    def _step_site(self, steps: int) -> None:
        if self.showing.on:
            self.showing.move_band(-steps)
        elif self._labels:
            self._choose(min(len(self._labels) - 1, max(0, self.traces.selected + steps)))

    def _choose(self, index: int) -> None:
        """Its trace and row are marked, its spectrum is shown."""
        self.traces.select(index)
        self.scrolled.ensureVisible(0, self.sites.place(index), 0, 30)
        self.sites.setFocus()
        if not self.trial.busy:
            self.below.setCurrentWidget(self.signal)
        self._show_selected()

    def _show_selected(self) -> None:
        self.sites.mark(self.traces.selected, self._chosen)
        self._show_view_button()
        self._show_signal()
        self._show_hint()

    def _turn_view(self) -> None:
        other = self.trial if self.below.currentWidget() is self.signal else self.signal
        self.below.setCurrentWidget(other)
        self._show_selected()
        self.sites.setFocus()

    def _show_view_button(self) -> None:
        signal = self.below.currentWidget() is self.signal
        self.trial.prompt.setVisible(not signal)
        self.signal.title.setVisible(signal)
        self.view_button.setText(MOVEMENTS if signal else SIGNAL)
        self.view_button.setShortcut("V")  # a new text takes it away
        self.view_button.setEnabled(not self.trial.busy)

    def _show_signal(self) -> None:
        """Spectrum and rest noise, when they are seen."""
        if self._labels and self.below.currentWidget() is self.signal:
            self.signal.show_site(self.traces, self._labels[self.traces.selected])

    def _show_hint(self) -> None:
        """One line: what is wrong, else what the cursor measures, else whether the skin settles."""
        if self._info is None:
            self.hint.setText(EMPTY)
            return
        board = self._status.get("board") or {}
        found = self.traces.measured()
        if board and board.get("health") != "ok":
            self.hint.setText(f"{board.get('sentence') or 'The board does not send.'} "
                              "The traces go on by themselves.")  # fmt: skip
        elif found is not None:
            index = self.traces.selected
            self.hint.setText(f"{index + 1} {self._labels[index]} {measured(found)}")
        else:
            self.hint.setText(self.signal.settling)

    # ---- what the patient sees ----

    def _toggle_seen(self) -> None:
        index = self.traces.selected
        if self.showing.on or not self._labels:
            return
        if index in self._chosen:
            self._chosen.remove(index)
        elif len(self._chosen) < MOST_BARS:
            self._chosen.append(index)
        else:
            self.said.emit(f"The patient sees {MOST_BARS} sites at most: take one away first (T).")
        self._chosen.sort()
        self._show_selected()
        self.sites.setFocus()

    def _show_to_patient(self) -> None:
        if self.showing.on:
            self._back()
            return
        if self._info is None or self.trial.busy:
            testing = ENDS_FIRST.format(self.busy) if self.busy else COMPUTING
            self.said.emit(NO_BOARD if self._info is None else testing)
            return
        seen = self._chosen or [self.traces.selected]
        sites = [(k, self._labels[k]) for k in seen]
        self.showing.start(self._info, sites, [self._columns[k] for k in seen])
        self.showing.numbers(self._status)
        self.sites.setFocus()

    def _back(self) -> None:
        """Esc: one step back."""
        if self.showing.on:
            if self.showing.give_up():
                self.said.emit("The task was ended; nothing of it is kept.")
            else:
                self.showing.stop()
        elif self.trial.guiding.on:
            self.trial.guiding.enough()

    def _showing_changed(self) -> None:
        on = self.showing.on
        self.show_button.setText("Back (B)" if on else "Show to patient (B)")
        self.show_button.setShortcut("B")  # a new text takes it away
        self.seen_button.setEnabled(not on)
        if not on:
            self.said.emit("")
        elif self.showing.run is None:
            self.said.emit(f"{self.showing.said_scale()} ↑ ↓ move the band, Esc goes back.")
        self.changed.emit()

    def _played(self, run: SeparationRun) -> None:
        content = self.showing.record(run)
        kept = self._here.keep("separation", content)
        self.said.emit(f"{said(content)}." + ("" if kept else " No visit is on: kept nowhere."))
        self._show_results()

    def _show_results(self) -> None:
        self.signal.show_results(self._here)

    # ---- the session ----

    def watch_session(self, place: Path | None) -> None:
        """Another session's folder, or none."""
        self._session = place

    def begin(self, info: FeedInfo) -> None:
        """Sets the views out for another session."""
        before = self._labels
        self._info, self._status = info, {}
        self._columns = columns = [c - 1 for c in info.montage_channels] or [*range(info.channels)]
        self._labels = labels = [info.site_labels[c] for c in columns]
        self.traces.begin(info.rate_hz, labels, columns)
        self.sites.begin(labels)
        self.signal.begin(info, columns)
        if labels != before:
            self._chosen = []
            self.showing.stop()
        self.showing.came_back()
        self._show_selected()
        self.dofs.clear()
        for choice in choices(info.dofs):
            self.dofs.addItem(", ".join(map(plain, choice)), list(choice))
        self._another_choice()
        self.changed.emit()

    def _another_choice(self, *_: object) -> None:
        info = self._info
        if info is None or self.trial.busy:
            return
        visit = self._here.visit
        montage = str(visit.folder / MONTAGE) if visit else info.montage
        self.trial.begin(
            info, self._labels, self._columns, self.dofs.currentData() or [], montage
        )
        self.trial.show_kept(self._here.newest("sites"))
        self.changed.emit()

    def gone(self) -> None:
        """The traces stay as they were."""
        self._info, self._status = None, {}
        self.showing.gone()
        self._show_hint()
        self.changed.emit()

    def show_frame(self, fresh: Fresh) -> None:
        """The newest of the traces."""
        self.traces.add(fresh.first, fresh.clean, not self.showing.covers)
        self.showing.hear(fresh)

    def follow(self, status: dict[str, Any]) -> None:
        """At most 5 times a second, seen or not: skin settles whatever page is looked at."""
        self.signal.hear(status)

    def show_numbers(self, status: dict[str, Any]) -> None:
        """Verdicts, meters, spectrum, the matrix while it grows."""
        self._status = status
        quality, meters = status.get("quality") or [], status.get("meters") or []
        if len(quality) == len(meters) > max(self._columns, default=0):
            self.sites.show_quality(
                [quality[c] for c in self._columns], [meters[c] for c in self._columns]
            )
        self.trial.show_now()
        self.trial.recording = recording_of(status)
        self.showing.numbers(status)
        self._show_signal()
        self._show_hint()

    def showEvent(self, event: QShowEvent | None) -> None:
        """Arrows select sites at once, as soon as the page is turned."""
        QTimer.singleShot(0, self.sites.setFocus)
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent | None) -> None:
        """The patient sees something only while this page is turned to."""
        if event is not None and not event.spontaneous():
            self.showing.stop()
        super().hideEvent(event)

    def end(self) -> None:
        """What goes on is given up."""
        self.showing.stop()
        self.trial.end()
