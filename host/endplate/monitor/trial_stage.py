# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a test is played: one thing to watch, and the way out."""

from __future__ import annotations

import math

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QPushButton, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from endplate.clinic.trials import timed
from endplate.clinic.trials.motion import MotionRun
from endplate.clinic.trials.run import READY, Run
from endplate.clinic.trials.tac import TacRun
from endplate.clinic.trials.watch import PROMPTS, WatchRun
from endplate.hardware import Hand
from endplate.monitor.target_view import TargetView
from endplate.monitor.theme import Palette
from endplate.monitor.trial_views import MovementView, PostureView, WordsView

HINTS = {
    "played": "Esc ends the test; nothing of it is kept then.",
    "parts": "Enter when it stands. Esc ends the test; nothing of it is kept then.",
    "typing": "Type how many blocks were moved, then Enter; Esc throws the test away.",
    "no profile": "A test is of what a profile decodes: calibrate first (3).",
}


class TrialStage(QWidget):
    """`show_run` and `show_clock` bring their own view; `ended`: Esc, or its button."""

    ended = pyqtSignal()

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.target, self.words = TargetView(palette), WordsView()
        self.movement, self.posture = MovementView(palette), PostureView(palette)
        self._views = QStackedWidget()
        for view in (self.words, self.target, self.movement, self.posture):
            self._views.addWidget(view)
        self.stop_button = QPushButton("End the test (Esc)")
        self.stop_button.setShortcut("Esc")
        self.stop_button.clicked.connect(lambda: self.ended.emit())
        # It takes what there is, and asks for no more than a small screen has.
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.setMinimumHeight(400)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._views, 1)
        column.addWidget(self.stop_button, 0, Qt.AlignmentFlag.AlignRight)

    @property
    def view(self) -> QWidget:
        """What is watched."""
        return self._views.currentWidget() or self.words

    def show_run(self, run: Run, hand: Hand | None, grip: str) -> None:
        """A test as it stands; what has a hand to show needs its table."""
        if isinstance(run, TacRun) and hand is not None:
            self._views.setCurrentWidget(self.posture)
            self.posture.show_run(run, hand, grip)
        elif isinstance(run, MotionRun) and hand is not None:
            self._views.setCurrentWidget(self.movement)
            self.movement.show_run(run, hand)
        elif isinstance(run, WatchRun):
            self._views.setCurrentWidget(self.words)
            trial = run.trial
            if trial is None:
                self.words.show_words(READY)
            else:
                self.words.show_words(PROMPTS[trial.condition], f"{math.ceil(trial.left_s)} s")
        else:
            self._views.setCurrentWidget(self.target)
            self.target.show_trial(run.trial, READY if run.waiting else "")

    def show_clock(self, timing: timed.Timing, sample: int) -> None:
        """A timed task at a sample: what is left, or what has gone, in whole seconds."""
        self._views.setCurrentWidget(self.words)
        seconds, limit_s = timing.elapsed_s(sample), timing.task.limit_s
        if limit_s is None:
            self.words.show_words(timing.part.capitalize(), f"{int(seconds)} s")
        else:
            self.words.show_words(timing.task.name, f"{max(0, math.ceil(limit_s - seconds))} s")
