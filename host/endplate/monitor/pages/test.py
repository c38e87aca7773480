# SPDX-License-Identifier: GPL-3.0-or-later
"""Test: how well the patient controls, beside their own history and direct control.

The hand need not move, but for a TAC test on the hand and the timed tasks: on the screen a test
takes what is decoded, armed or not.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from PyQt6.QtCore import QTimer
from PyQt6.QtGui import QFont, QFontMetrics, QHideEvent
from PyQt6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from endplate.clinic.records.patients import Patient
from endplate.clinic.records.visits import Visit
from endplate.clinic.trials import kept, kinds, tac, timed
from endplate.clinic.trials.played import Playing, hand_trouble
from endplate.clinic.trials.run import Run
from endplate.clinic.trials.timing import TimedTask
from endplate.errors import EndplateError
from endplate.fit.guided.protocol import counted
from endplate.hardware import Hand, load_hand
from endplate.live.feed import FeedInfo
from endplate.monitor.asking import Asking
from endplate.monitor.here import Here
from endplate.monitor.pages.page import Page, Step, heading, quiet
from endplate.monitor.theme import Palette
from endplate.monitor.trial_history import TrialHistory
from endplate.monitor.trial_settings import TrialSettings
from endplate.monitor.trial_stage import HINTS, TrialStage
from endplate.monitor.watch import Fresh

GIVEN_UP = "The test was ended; nothing of it is kept."
LEFT_PAGE = "The page was left: the test was ended, nothing of it is kept."
OTHER_VISIT = "The visit it was done in is no longer on: nothing of this test is kept."
UNARMED = "This test is done with the hand: arm it first (A), or choose another setting."
NOWHERE = "No visit is on: this result is shown, and kept nowhere."


class TestPage(Page):
    """Above the tests; to the left what is played and what came of it, to the right what this
    patient did so far. While one is played it has the page to itself."""

    TITLE, KINDS = "Test", tuple(kinds.TESTS)
    HINT = (
        "Choose a test (Tab, then arrows); Enter starts it, Esc ends it. With direct control (X) "
        "it is the baseline."
    )

    def __init__(
        self, palette: Palette, here: Here, asking: Asking, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._here, self._asking = here, asking
        self._info: FeedInfo | None = None
        self._hand: Hand | None = None
        self._status: dict[str, Any] = {}
        self._needs: list[str] = []
        self.playing: Playing | None = None
        self.task = TimedTask(asking, self._timed)
        self._ending = False  # waits for the mark of the end
        self._visit: Visit | None = None  # in which the test began, and whose it is
        self._patient: Patient | None = None
        self._left = QTimer(self)  # says so after the other page has said what it is for
        self._left.setSingleShot(True)
        self._left.timeout.connect(lambda: self.said.emit(LEFT_PAGE))

        self.buttons = QButtonGroup(self)
        row = QHBoxLayout()
        for key, kind in kinds.TESTS.items():
            button = QPushButton(kind.short)
            button.setCheckable(True)
            button.setProperty("kind", key)
            button.setProperty("role", "page")
            button.setToolTip(f"{kind.name}: {kind.hint} Arrows: another test")
            wide = QFont(button.font())
            wide.setBold(True)  # as the chosen one is
            wide.setPointSize(11)
            button.setMinimumWidth(QFontMetrics(wide).horizontalAdvance(kind.short) + 44)
            self.buttons.addButton(button)
            row.addWidget(button)
        row.addStretch(1)
        self.settings = TrialSettings()
        self.name, self.hint = heading(""), quiet()
        self.word = QLabel("")
        self.word.setProperty("role", "heading")
        self.word.setWordWrap(True)
        self.count = QSpinBox()
        self.count.setRange(-1, 150)
        self.count.setSpecialValueText("type it here")
        self.count.setAccessibleName("Blocks counted")
        self.count.valueChanged.connect(lambda: self.changed.emit())
        self.discard_button = QPushButton("Throw it away (Esc)")
        self.discard_button.setShortcut("Esc")
        self.discard_button.clicked.connect(lambda: self._give_up(GIVEN_UP))
        self.history = TrialHistory(palette, here)

        left = QVBoxLayout()
        for widget in (self.name, self.hint, self.settings):
            widget.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
            left.addWidget(widget)
        left.addSpacing(16)
        for below in (self.word, self.count, self.discard_button):
            left.addWidget(below)
        left.addStretch(1)
        columns = QHBoxLayout()
        columns.setSpacing(24)
        columns.addLayout(left, 2)
        columns.addWidget(self.history, 3)
        self.side = QWidget()
        side = QVBoxLayout(self.side)
        side.setContentsMargins(0, 0, 0, 0)
        side.addLayout(row)
        side.addLayout(columns, 1)

        self.stage = TrialStage(palette)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(16, 10, 16, 6)
        whole.addWidget(self.side, 1)
        whole.addWidget(self.stage, 1)

        self.buttons.buttonToggled.connect(lambda _, on: self._choose() if on else None)
        self.settings.changed.connect(self.changed)
        self.stage.ended.connect(lambda: self._give_up(GIVEN_UP))
        here.patient_changed.connect(self.history.refresh)
        here.visit_changed.connect(self._another_visit)
        here.visit_changed.connect(self.history.refresh)
        self.buttons.buttons()[0].setChecked(True)

    # ---- which test ----

    @property
    def kind(self) -> kinds.Kind:
        """The one that is chosen."""
        return kinds.TESTS[self.settings.kind]

    @property
    def run(self) -> Run | None:
        """What is played."""
        return self.playing.run if self.playing is not None else None

    def _choose(self) -> None:
        button = self.buttons.checkedButton()
        key = str(button.property("kind")) if button is not None else "motion"
        self.task.give_up()
        self.settings.show_kind(key)
        self.name.setText(self.kind.name)
        self.hint.setText(self.kind.hint)
        self.word.setText("")
        self.history.show_kind(key)
        self._turn()

    def choose(self, key: str) -> None:
        """One of kinds.TESTS."""
        for button in self.buttons.buttons():
            if button.property("kind") == key:
                button.setChecked(True)

    # ---- the next step ----

    def step(self) -> Step:
        """Start, when something is decoded; a timed task's own steps."""
        if self.playing is not None:
            return Step(f"{self.playing.run.number} of {self.playing.run.count}", False)
        if self.task.typing:
            count = self.count.value()
            keep = f"Keep {counted(count, 'block')}"
            return Step(keep if count >= 0 else "Type the count", count >= 0)
        if self.task.timing is not None:
            part = self.task.timing.part.capitalize()
            return Step(f"{part} stands" if part else "Until the time is up", bool(part))
        values = self.settings.values()
        on_hand = values.get("on") == tac.HAND or values.get("hand") == timed.PROSTHESIS
        if on_hand and hand_trouble(self._status):
            return Step("Arm the hand first (A)", False, why=UNARMED)
        why = self.refusal(False)
        return Step(f"Start: {self.kind.name}", self._ready() and not why, why=why)

    def invites(self) -> str:
        """As the step."""
        if self.task.typing:
            return HINTS["typing"]
        if self.task.timing is not None and self.task.timing.part:
            return HINTS["parts"]
        if self._busy:
            return HINTS["played"]
        lacks = self.kind.key not in timed.TASKS and not self._status.get("profile")
        return HINTS["no profile"] if lacks and self._status else self.HINT

    @property
    def busy(self) -> str:
        """The test that is played, or timed."""
        return f"The test {self.kind.short}" if self._busy else ""

    @property
    def held(self) -> bool:
        """Hops that come meanwhile would be missed."""
        return self._busy

    def _ready(self) -> bool:
        if self._info is None or not self._status or self.task.waiting:
            return False
        if self.kind.key in timed.TASKS:
            return True
        if self.kind.key == "activations" and not any(self.settings.values().values()):
            return False
        return bool(self._status.get("profile")) and bool(self.settings.chosen())

    def do_step(self) -> None:
        """Its button, or Enter."""
        if self.task.typing:
            self._keep(self.task.content(self.count.value()))
        elif self.task.on:
            self.task.part()
        elif self.kind.key in timed.TASKS and self._info is not None:
            hand = self.settings.values()["hand"]
            self._visit, self._patient = self._here.visit, self._here.patient
            self.task.start(timed.TASKS[self.kind.key], self._info, self._status, hand)
            self.changed.emit()
        elif self._info is not None:
            seed = int(datetime.now().timestamp()) % 100_000
            try:
                hand = self._hand or load_hand(self._info.hand)
                run = self.settings.run(seed, hand, str(self._status.get("grip")))
            except EndplateError as error:
                self.said.emit(str(error))
                return
            self._visit, self._patient = self._here.visit, self._here.patient
            self.playing = Playing(run, self._info, self._status, self._asking)
            self._turn()

    # ---- while it is played ----

    def show_frame(self, fresh: Fresh) -> None:
        """Every hop moves it, none twice."""
        if self.playing is not None:
            self.playing.take(fresh)
            self._show_run(self.playing.run)
            if self.playing.trouble:
                self._give_up(self.playing.trouble)
            elif self.playing.run.over and not self._ending:
                self._finish(self.playing)
            self.changed.emit()
        elif self.task.timing is not None and self.task.on:
            newest = fresh.first + len(fresh.clean)
            self.stage.show_clock(self.task.timing, newest)
            self.task.frame(fresh, newest)
            if self.task.trouble:
                self._give_up(self.task.trouble)

    def _show_run(self, run: Run) -> None:
        self.stage.show_run(run, self._hand, str(self._status.get("grip")))

    def _finish(self, playing: Playing) -> None:
        """Kept once its last mark stands in the recording."""
        self._ending = True

        def done(content: dict[str, Any]) -> None:
            if self.playing is playing:
                self._ending = False
                self.playing = None
                self._keep(content)

        playing.finish(done)

    # ---- timed tasks ----

    def _timed(self) -> None:
        """A mark was answered: the clock runs, a part is done, or the time is up."""
        if self.task.done:
            self._keep(self.task.content(None))
            return
        if self.task.typing and self.count.isHidden():
            self.count.setValue(-1)
            self.word.setText("Time is up. How many blocks?")
        self._turn()
        if self.task.typing:
            self.count.setFocus()
            self.count.selectAll()

    # ---- what came of it ----

    def _keep(self, content: dict[str, Any]) -> None:
        """Into the visit in which it began, whichever is on now."""
        kind, here, visit, patient = self.kind, self._here, self._visit, self._patient
        self.word.setText(kinds.sentence(kind, content))
        if visit is None or patient is None:
            self.said.emit(NOWHERE)
        else:
            try:
                now = datetime.now()
                kept.keep(here.visits, here.scores, patient, visit, kind.key, content, now)
                self.said.emit("Kept with this visit.")
            except EndplateError as error:
                self.said.emit(str(error))
            self.done.emit(False)
        self.history.refresh()
        self._turn()

    def _give_up(self, sentence: str) -> None:
        """What was not finished is no result."""
        if self.playing is not None:
            self.playing.given_up()
        elif self.task.timing is None and not self.task.waiting:
            return
        self.playing, self._ending = None, False
        self.task.give_up()
        self.word.setText("")
        if sentence:
            self.said.emit(sentence)
        self._turn()

    def _another_visit(self) -> None:
        """A result belongs to the visit in which it began: a count that is typed later would be
        another patient's."""
        now, then = self._here.visit, self._visit
        if (now.uid if now else "") == (then.uid if then else ""):
            return
        if self._busy or self.task.typing:
            self._give_up(OTHER_VISIT)
            self.word.setText(OTHER_VISIT)  # stays, for whoever was on another page

    @property
    def _busy(self) -> bool:
        """Something goes on that has to be seen to its end."""
        return self.playing is not None or self.task.on or self.task.waiting

    def _turn(self) -> None:
        """Nothing else is on the screen while it is played."""
        on, typing = self.playing is not None or self.task.on, self.task.typing
        self.side.setVisible(not on)
        self.stage.setVisible(on)
        self.count.setVisible(typing)
        self.discard_button.setVisible(typing)
        self.settings.setEnabled(not typing)
        for button in self.buttons.buttons():
            button.setEnabled(not typing)  # first the count is kept, or thrown away
        if self.playing is not None:
            self._show_run(self.playing.run)
        elif self.task.timing is not None and self.task.on:
            self.stage.show_clock(self.task.timing, self.task.timing.began)
        self.changed.emit()

    def hideEvent(self, event: QHideEvent | None) -> None:
        """Another page: hops that come meanwhile would be missed."""
        if event is not None and not event.spontaneous() and self._busy:
            self._give_up("")
            self._left.start(0)
        super().hideEvent(event)

    # ---- around it ----

    def begin(self, info: FeedInfo) -> None:
        """The DoF of another session."""
        if self._busy:
            self._give_up(GIVEN_UP)
        self._info, self._needs = info, []
        try:
            self._hand = load_hand(info.hand)
        except EndplateError as error:
            self._hand = None
            self.said.emit(str(error))
        self.settings.begin(info.dofs)
        self._turn()

    def gone(self) -> None:
        """A test that lost its board is none."""
        self._status = {}
        if self._busy:
            self._give_up(GIVEN_UP)
        self._info = None
        self.changed.emit()

    def show_numbers(self, status: dict[str, Any]) -> None:
        """Whether something is decoded, and which DoF."""
        self._status = status
        moved = list(status.get("needs") or {})
        if moved != self._needs:
            self._needs = moved
            self.settings.only(moved)
        self.changed.emit()

    def end(self) -> None:
        """The window closes; what was not finished is no result."""
        self._give_up("")
