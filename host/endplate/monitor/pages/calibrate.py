# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibrate: the patient follows, the decoder is chosen, and what came of it.

plan -> guided -> repeats, if some had better be repeated -> computing -> result, or what today's
electrodes are against those of the last profile, and the remedy
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from endplate.clinic.chosen import new_candidate
from endplate.clinic.fitting import Calibration, Donning, Heard, Made, calibrated, remedied
from endplate.clinic.montage_file import NAME as MONTAGE
from endplate.clinic.recording_name import recording_of
from endplate.clinic.work import Done as WorkDone
from endplate.clinic.work import Work
from endplate.errors import EndplateError
from endplate.fit.donning.today import Comparison
from endplate.fit.guided.guide import Guided
from endplate.fit.guided.protocol import Cue
from endplate.fit.guided.watch import Done
from endplate.hardware import Hand, load_hand, load_montage
from endplate.live.feed import FeedInfo
from endplate.monitor.calibration_plan import CalibrationPlan, names_of
from endplate.monitor.cue_view import CueView
from endplate.monitor.donning_card import REMEDIES, DonningCard
from endplate.monitor.guiding import Guiding
from endplate.monitor.hand_view import HandView
from endplate.monitor.here import Here
from endplate.monitor.in_use import InUse
from endplate.monitor.pages.page import Page, Step, heading, quiet
from endplate.monitor.pose import pose
from endplate.monitor.repetitions_strip import RepetitionsStrip
from endplate.monitor.result_card import ResultCard
from endplate.monitor.theme import Palette

PLAN, GUIDED, REPEATS, COMPUTING, RESULT, DONNING = range(6)
LOOK_MS = 100
EMPTY = "A calibration needs a visit: choose the patient on the first page and start it."
HINTS = {
    GUIDED: "The patient follows the words and the dot: ← again, → leaves one out, Esc ends it.",
    REPEATS: "A click on a crossed square repeats it; Enter goes on without.",
    COMPUTING: "A decoder is chosen: the patient may rest.",
    RESULT: "Enter uses it for the hand, Ctrl+Z goes back. Esc: another calibration.",
    DONNING: "Enter does what is recommended, Ctrl+Z goes back. Esc: another calibration.",
}


class CalibratePage(Page):
    """To the left the virtual hand does the movement; to the right what to follow, then the
    result."""

    TITLE = "Calibrate"
    KINDS = ("calibration",)
    HINT = "Choose the movements and start (Enter); the patient follows the words and the dot."

    def __init__(self, palette: Palette, here: Here, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._here = here
        self.state = PLAN
        self._info: FeedInfo | None = None
        self._hand: Hand | None = None
        self._session: Path | None = None
        self._cues: list[Cue] = []
        self._odd: list[Done] = []
        self._work: Work | None = None
        self.in_use = InUse(here, self)
        self._made: dict[str, Made] = {}  # by its file
        self._offered: tuple[Path | None, str] = (None, "")  # what today can be held against
        self._found: Comparison | None = None
        self._against: Path | None = None  # the profile that today is held against
        self._heard: Heard | None = None  # what the last computation is of
        self._recording = ""  # name of the session's
        self.made: Made | None = None
        self.guiding = Guiding(self)

        self.plan, self.hand = CalibrationPlan(), HandView(palette)
        self.plan.changed.connect(self.changed)
        self.cue, self.card = CueView(palette), ResultCard()
        self.donning = DonningCard()
        self.strip = RepetitionsStrip(palette)
        self.left_time, self.word = QLabel(""), quiet(EMPTY)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.again_button = self._button("Again (←)", "Left", self.guiding.again)
        self.skip_button = self._button("Leave out (→)", "Right", self.guiding.skip)
        self.end_button = self._button("End (Esc)", "Esc", self._give_up)
        self.shadow_button = self._button("Try it as a &shadow first", "", self._shadow)
        self.shadow_button.setToolTip("Alt+S. It moves a small hand beside the one that drives")

        self._stack = QStackedWidget()
        for widget in (self.plan, self.cue, self.card, self.donning):
            self._stack.addWidget(widget)
        left = QVBoxLayout()
        left.addWidget(heading("Calibrate"))
        left.addWidget(self.hand, 1)
        buttons = QHBoxLayout()
        for button in (self.again_button, self.skip_button, self.shadow_button, self.end_button):
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
        self.in_use.asked.connect(self.asked)
        self.in_use.said.connect(self.said)
        self.in_use.chose.connect(self._chose)
        here.session.connect(self._another_session)
        self._turn(PLAN)

    def _button(self, text: str, key: str, action: Any) -> QPushButton:
        button = QPushButton(text)
        if key:
            button.setShortcut(key)
        button.clicked.connect(action)
        return button

    # ---- the next step ----

    def step(self) -> Step:
        """Start, go on, use."""
        if self.state == PLAN:
            wanted = self.plan.wanted
            seconds = sum(cue.duration_s for cue in self.plan.cues()) if wanted else 0.0
            why = self.refusal(True)
            could = wanted and self._session is not None and self._here.visit is not None
            ready = could and not why
            if self.plan.comparing:
                return Step(f"Compare ({seconds:.0f} s)", ready, why=why)
            return Step(f"Start calibration ({seconds / 60:.1f} min)", ready, why=why)
        if self.state == GUIDED:
            return Step("Follow the words", False)
        if self.state == REPEATS:
            return Step("Go on without repeating")
        if self.state == COMPUTING:
            return Step("Computing ...", False)
        if self.state == DONNING and self._found is not None:
            return Step(REMEDIES[self._found.recommended])
        return Step("Use it")

    def invites(self) -> str:
        """As the step."""
        return HINTS.get(self.state, self.HINT)

    @property
    def busy(self) -> str:
        """Until everything is done that the patient is to do."""
        if self.state not in (GUIDED, REPEATS):
            return ""
        return "The calibration" if self._against is None else "The comparison"

    def do_step(self) -> None:
        """As it says."""
        if self.state == PLAN:
            self._start()
        elif self.state == REPEATS:
            self.guiding.enough()
        elif self.state == RESULT and self.made is not None:
            self.in_use.use(self.made.path)  # Ctrl+Z goes back
        elif self.state == DONNING and self._found is not None:
            self._apply(self._found)

    def _chose(self, path: str) -> None:
        """It is in use: that makes it a result of the visit."""
        if (made := self._made.get(path)) is not None:
            self._here.keep("calibration", made.told())
        self.done.emit(True)

    def _shadow(self) -> None:
        if self.made is not None:
            self.in_use.shadow(self.made.path)
            self.done.emit(True)

    def _apply(self, found: Comparison) -> None:
        """What is recommended."""
        visit = self._here.visit
        if found.recommended == "nothing":
            self.done.emit(True)
            return
        if found.recommended == "calibrate" or visit is None or self._heard is None:
            self.plan.calibrate_anew()
            self._turn(PLAN)
            return
        try:
            out = new_candidate(visit.folder)
            made = remedied(found, found.recommended, out, self._heard)
        except EndplateError as error:
            self.said.emit(str(error))
            return
        self._made[str(made.path)] = made
        self.in_use.use(made.path)

    def undo(self) -> bool:
        """Back to the profile that was used before."""
        return self.in_use.undo()

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
        self._against = self.in_use.loaded if self.plan.comparing else None
        self._cues = self.plan.cues()
        self.strip.begin(names_of(self._cues))
        self.guiding.start(session, self._cues, montage.sites)
        self._turn(GUIDED)

    # ---- while it goes on ----

    def _now(self, index: int, cue: Cue, share: float, effort: float) -> None:
        if self.state == REPEATS:
            self._turn(GUIDED)
        later = self._cues[index + 1].label if index + 1 < len(self._cues) else ""
        self.cue.show_cue(cue, share, effort, later)
        level = float(cue.level(np.array(share * cue.duration_s)))
        efforts = {dof: value * level for dof, value in cue.target.items()}
        if self._hand is not None:
            self.hand.show_joints(pose(self._hand, efforts), {}, True)
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
        elif self.state in (RESULT, DONNING):
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
        heard = Heard(guided, info, str(visit.folder / MONTAGE), info.hand, self._recording)
        self._heard = heard
        if self._against is not None:
            self._work = Work(Donning(heard, self._against))
        else:
            self._work = Work(Calibration(heard, new_candidate(visit.folder)))
        self._turn(COMPUTING)
        self._looking.start(LOOK_MS)

    def _look(self) -> None:
        while self._work is not None and (news := self._work.poll()) is not None:
            if isinstance(news, str):
                self.word.setText(news)
                continue
            self._over()
            if isinstance(news, WorkDone) and isinstance(news.result, Comparison):
                self._found = news.result
                self.donning.show_comparison(news.result)
                self.word.setText(news.result.reason)
                self._turn(DONNING)
            elif isinstance(news, WorkDone):
                self._show_result(news.result)
            else:
                self._failed(str(news))

    def _show_result(self, made: Made) -> None:
        self.made = self._made[str(made.path)] = made
        self.card.show_result(made)
        self.word.setText("")
        self._turn(RESULT)

    def _over(self) -> None:
        self._looking.stop()
        if self._work is not None:
            self._work.stop()
            self._work = None

    def _turn(self, state: int) -> None:
        self.state = state
        self._stack.setCurrentIndex({PLAN: 0, RESULT: 2, DONNING: 3}.get(state, 1))
        going = state in (GUIDED, REPEATS)
        for button in (self.again_button, self.skip_button):
            button.setVisible(state == GUIDED)
        over = state in (RESULT, DONNING)
        self.shadow_button.setVisible(state == RESULT and self.in_use.loaded is not None)
        self.end_button.setVisible(going or over)
        self.end_button.setText("Another calibration (Esc)" if over else "End (Esc)")
        self.end_button.setShortcut("Esc")  # a new text takes it away
        for widget in (self.strip, self.bar, self.left_time):
            widget.setVisible(state != PLAN and not over)
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
        self._info, self._hand = info, load_hand(info.hand)
        self._turn(PLAN if self.state in (GUIDED, REPEATS) else self.state)

    def _another_session(self, place: str) -> None:
        self._session = Path(place) if place else None
        self.in_use.begin()
        if self.state in (PLAN, RESULT, DONNING):
            self._turn(PLAN)

    def show_numbers(self, status: dict[str, Any]) -> None:
        """Which profile decodes now: that is what today can be held against."""
        self._recording = recording_of(status)
        path = self.in_use.loaded
        offered = path, str((status.get("profile") or {}).get("name", ""))
        if offered == self._offered:
            return
        self._offered, dofs, name = offered, [], ""
        if path is not None:
            try:
                then = calibrated(path, 0)
                dofs, name = list(then.dofs), then.name
            except EndplateError as error:
                self.said.emit(str(error))
        self.plan.offer_comparison(name, dofs, choose=self.state == PLAN)

    def end(self) -> None:
        """What is on is given up; the recording is kept."""
        self.guiding.enough()
        self._over()
        self.in_use.end()
