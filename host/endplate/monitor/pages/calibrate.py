# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibrate: the patient follows, the decoder is chosen, and what came of it.

plan -> guided -> repeats, if some had better be repeated -> computing -> result
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from endplate.clinic.desk import PROFILE
from endplate.clinic.fitting import Calibration, Heard, Made
from endplate.clinic.montage_file import NAME as MONTAGE
from endplate.clinic.work import Done as WorkDone
from endplate.clinic.work import Work
from endplate.errors import EndplateError
from endplate.fit.guided.guide import Guided
from endplate.fit.guided.protocol import Cue, calibration_protocol
from endplate.fit.guided.watch import Done, name_of
from endplate.hardware import load_hand, load_montage
from endplate.live.feed import FeedInfo
from endplate.monitor.cue_view import CueView
from endplate.monitor.guiding import Guiding
from endplate.monitor.hand_view import HandView
from endplate.monitor.here import Here
from endplate.monitor.pages.page import Page, Step, heading, quiet
from endplate.monitor.pose import pose
from endplate.monitor.repetitions_strip import RepetitionsStrip
from endplate.monitor.result_card import ResultCard, plain
from endplate.monitor.theme import Palette

PLAN, GUIDED, REPEATS, COMPUTING, RESULT = range(5)
LOOK_MS = 100
USUAL_DOFS = ("hand", "elbow")
EMPTY = "A calibration needs a visit: choose the patient on the first page and start it."


class CalibratePage(Page):
    """To the left the virtual hand does the movement; to the right what to follow, then the
    result."""

    TITLE = "Calibrate"
    HINT = "Choose the movements and start (Enter); the patient follows the words and the dot."

    def __init__(self, palette: Palette, here: Here, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._here = here
        self.state = PLAN
        self._info: FeedInfo | None = None
        self._session: Path | None = None
        self._cues: list[Cue] = []
        self._odd: list[Done] = []
        self._work: Work | None = None
        self.made: Made | None = None
        self.guiding = Guiding(self)

        self.hand = HandView(palette)
        self.cue, self.card = CueView(palette), ResultCard()
        self.strip = RepetitionsStrip(palette)
        self.left_time, self.word = QLabel(""), quiet(EMPTY)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.again_button = self._button("Again (←)", "Left", self.guiding.again)
        self.skip_button = self._button("Leave out (→)", "Right", self.guiding.skip)
        self.end_button = self._button("End (Esc)", "Esc", self._give_up)

        self._stack = QStackedWidget()
        for widget in (self._plan(), self.cue, self.card):
            self._stack.addWidget(widget)
        left = QVBoxLayout()
        left.addWidget(heading("Calibrate"))
        left.addWidget(self.hand, 1)
        buttons = QHBoxLayout()
        for button in (self.again_button, self.skip_button, self.end_button):
            buttons.addWidget(button)
        left.addLayout(buttons)
        right = QVBoxLayout()
        right.addWidget(self._stack, 1)
        right.addWidget(self.word)
        right.addWidget(self.strip)
        times = QHBoxLayout()
        times.addWidget(self.bar, 1)
        times.addWidget(self.left_time)
        right.addLayout(times)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(16, 10, 16, 6)
        whole.setSpacing(24)
        whole.addLayout(left, 2)
        whole.addLayout(right, 5)

        self._looking = QTimer(self)
        self._looking.timeout.connect(self._look)
        self.guiding.now.connect(self._now)
        self.guiding.judged.connect(self._judged)
        self.guiding.odd.connect(self._ask)
        self.guiding.ended.connect(self._compute)
        self.guiding.failed.connect(self._failed)
        self.strip.clicked.connect(self._repeat)
        here.session.connect(self._another_session)
        self._turn(PLAN)

    def _button(self, text: str, key: str, action: Any) -> QPushButton:
        button = QPushButton(text)
        button.setShortcut(key)
        button.clicked.connect(action)
        return button

    def _plan(self) -> QWidget:
        plan = QWidget()
        column = QVBoxLayout(plan)
        column.addWidget(heading("What is wanted"))
        self.dofs = {dof: QCheckBox(plain(dof).capitalize()) for dof in self._known_dofs()}
        for dof, box in self.dofs.items():
            box.setChecked(dof in USUAL_DOFS)
            column.addWidget(box)
        self.combinations = QCheckBox("Two movements at once as well")
        self.postures = QCheckBox("With the arm out in front and up as well")
        self.repetitions = QSpinBox()
        self.repetitions.setRange(2, 6)
        self.repetitions.setValue(3)
        self.repetitions.setSuffix(" repetitions of each direction")
        for widget in (self.combinations, self.postures, self.repetitions):
            column.addWidget(widget)
        for box in (*self.dofs.values(), self.combinations, self.postures):
            box.toggled.connect(lambda: self.changed.emit())
        self.repetitions.valueChanged.connect(lambda: self.changed.emit())
        column.addStretch(1)
        return plan

    def _known_dofs(self) -> list[str]:
        return [dof.name for dof in load_hand(self._info.hand if self._info else "test-hand").dofs]

    def cues(self) -> list[Cue]:
        """Of what is wanted."""
        wanted = [dof for dof, box in self.dofs.items() if box.isChecked()]
        return calibration_protocol(
            wanted, self.repetitions.value(), self.combinations.isChecked(),
            self.postures.isChecked(),
        )  # fmt: skip

    # ---- the next step ----

    def step(self) -> Step:
        """Start, go on, use."""
        if self.state == PLAN:
            wanted = any(box.isChecked() for box in self.dofs.values())
            seconds = sum(cue.duration_s for cue in self.cues()) if wanted else 0.0
            ready = wanted and self._session is not None and self._here.visit is not None
            return Step(f"Start calibration ({seconds / 60:.1f} min)", ready)
        if self.state == GUIDED:
            return Step("Follow the words", False)
        if self.state == REPEATS:
            return Step("Go on without repeating")
        if self.state == COMPUTING:
            return Step("Choosing the decoder ...", False)
        return Step("Use it")

    def do_step(self) -> None:
        """As it says."""
        if self.state == PLAN:
            self._start()
        elif self.state == REPEATS:
            self.guiding.enough()
        elif self.state == RESULT and self.made is not None:
            self.asked.emit("profile", {"path": str(self.made.path)})
            self.done.emit(True)

    def _start(self) -> None:
        visit, session, info = self._here.visit, self._session, self._info
        if visit is None or session is None or info is None:
            return
        try:
            montage = load_montage(visit.folder / MONTAGE)
        except EndplateError as error:
            self.said.emit(str(error))
            return
        worst = next((s for s in montage.sites if s.channel > info.channels), None)
        if worst is not None:
            self.said.emit(
                f"{worst.label} is on channel {worst.channel}, but the board has {info.channels} "
                "channels: switch the site off on the first page, or take another board."
            )
            return
        self._cues = self.cues()
        self.strip.begin(self._names())
        self.guiding.start(session, self._cues, montage.sites)
        self._turn(GUIDED)

    def _names(self) -> list[str]:
        """What the strip shows: everything that is judged."""
        counted: dict[tuple, int] = {}
        names = []
        for cue in self._cues:
            if cue.kind == "rest":
                names.append(name_of(cue, 1))
            elif cue.target:
                key = (cue.kind, cue.posture, cue.label)
                counted[key] = counted.get(key, 0) + 1
                names.append(name_of(cue, counted[key]))
        return names

    # ---- while it goes on ----

    def _now(self, index: int, cue: Cue, share: float, effort: float) -> None:
        if self.state == REPEATS:
            self._turn(GUIDED)
        later = self._cues[index + 1].label if index + 1 < len(self._cues) else ""
        self.cue.show_cue(cue, share, effort, later)
        level = float(cue.level(np.array(share * cue.duration_s)))
        efforts = {dof: value * level for dof, value in cue.target.items()}
        if self._info is not None:
            self.hand.show_joints(pose(load_hand(self._info.hand), efforts), {}, True)
        whole = sum(one.duration_s for one in self._cues)
        done = sum(one.duration_s for one in self._cues[:index]) + share * cue.duration_s
        self.bar.setMaximum(max(1, round(whole)))
        self.bar.setValue(min(round(done), self.bar.maximum()))
        left = max(0.0, whole - done)
        self.left_time.setText(f"{int(left) // 60}:{int(left) % 60:02d} left")

    def _judged(self, _index: int, name: str, fault: str, sentence: str) -> None:
        self.strip.judge(name, fault, sentence)
        self.word.setText(f"{'✕' if fault else '✓'} {name}: {sentence}")

    def _ask(self, odd: list[Done]) -> None:
        self._odd = odd
        for one in odd:
            self.strip.judge(one.name, one.verdict.fault, one.verdict.sentence)
        names = ", ".join(one.name for one in odd)
        self.word.setText(f"Better done again: {names}. Click a crossed square, or go on.")
        self._turn(REPEATS)

    def _repeat(self, name: str) -> None:
        if self.state != REPEATS:
            return
        found = next((one for one in self._odd if one.name == name), None)
        if found is not None:
            self.guiding.repeat(found)

    def _give_up(self) -> None:
        if self.state in (GUIDED, REPEATS):
            self.guiding.enough()
        elif self.state == RESULT:
            self._turn(PLAN)

    def _failed(self, sentence: str) -> None:
        self.said.emit(sentence)
        self._turn(PLAN)

    # ---- afterwards ----

    def _compute(self, guided: Guided) -> None:
        visit, info = self._here.visit, self._info
        if visit is None or info is None:
            self._turn(PLAN)
            return
        heard = Heard(guided, info, str(visit.folder / MONTAGE), info.hand)
        self._work = Work(Calibration(heard, visit.folder / PROFILE))
        self._turn(COMPUTING)
        self._looking.start(LOOK_MS)

    def _look(self) -> None:
        while self._work is not None and (news := self._work.poll()) is not None:
            if isinstance(news, str):
                self.word.setText(news)
                continue
            self._over()
            if isinstance(news, WorkDone):
                self._show_result(news.result)
            else:
                self._failed(str(news))

    def _show_result(self, made: Made) -> None:
        self.made = made
        self.card.show_result(made)
        self.word.setText("")
        visit = self._here.visit
        if visit is not None:
            content = {"profile": made.path.name, "version": made.version, "report": made.report,
                       "dofs": list(made.dofs), "sites": list(made.site_labels)}  # fmt: skip
            try:
                self._here.visits.keep(visit, "calibration", content, datetime.now())
            except EndplateError as error:
                self.said.emit(str(error))
        self._turn(RESULT)

    def _over(self) -> None:
        self._looking.stop()
        if self._work is not None:
            self._work.stop()
            self._work = None

    def _turn(self, state: int) -> None:
        self.state = state
        self._stack.setCurrentIndex({PLAN: 0, RESULT: 2}.get(state, 1))
        going = state in (GUIDED, REPEATS)
        for button in (self.again_button, self.skip_button):
            button.setVisible(state == GUIDED)
        self.end_button.setVisible(going or state == RESULT)
        self.end_button.setText("Another calibration (Esc)" if state == RESULT else "End (Esc)")
        for widget in (self.strip, self.bar, self.left_time):
            widget.setVisible(state not in (PLAN, RESULT))
        if state == COMPUTING:
            self.bar.setMaximum(0)  # it moves; how long is not known
            self.cue.show_cue(None, 0.0, float("nan"), "")
            self.left_time.setText("")
        if state == PLAN:
            self.word.setText("" if self._session is not None else EMPTY)
        self.changed.emit()

    # ---- the session ----

    def begin(self, info: FeedInfo) -> None:
        """Another session; what was computed of the last one stays."""
        self._info = info
        self._turn(PLAN if self.state in (GUIDED, REPEATS) else self.state)

    def _another_session(self, place: str) -> None:
        self._session = Path(place) if place else None
        if self.state in (PLAN, RESULT):
            self._turn(PLAN)

    def end(self) -> None:
        """What is on is given up; the recording is kept."""
        self.guiding.enough()
        self._over()
