# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows sites to the patient: where that view stands, what it says, and the separation task in it.

With a second screen it fills that one and the therapist's window stays as it is; else it fills the
window down to the foot, so that STOP and RELEASE stay where they always are.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from PyQt6.QtCore import QEvent, QObject, QRect, Qt, pyqtSignal
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QWidget

from endplate.clinic.effort import Scale
from endplate.clinic.trials.separation import USUAL, SeparationRun, Trial
from endplate.errors import EndplateError
from endplate.live.feed import FeedInfo
from endplate.monitor.frame import Foot
from endplate.monitor.pages.page import Step
from endplate.monitor.patient_view import Bar, PatientView
from endplate.monitor.theme import Palette
from endplate.monitor.watch import Fresh

MOST_BARS = 4
BANDS = [(k / 10, (k + 4) / 10) for k in range(1, 9)]  # from 0.1..0.5 to 0.8..1.2
USUAL_BAND = BANDS.index((USUAL.low, USUAL.high))
RAISE, GOOD = "Raise it into the band", "Good, hold it"
LOST = "No signal: please wait"
HINTS = {
    "task": "Esc ends the task; nothing of it is kept then.",
    "ready": "Enter starts the task; ↑ ↓ move the band, Esc goes back.",
    "view": "↑ ↓ move the band, Esc goes back.",
}


class Showing(QObject):
    """`changed`: what goes on is another thing now; `marked` a text for the recording; `finished`
    the SeparationRun that was played to its end."""

    changed = pyqtSignal()
    marked = pyqtSignal(str)
    finished = pyqtSignal(object)

    def __init__(self, palette: Palette, parent: QWidget) -> None:
        super().__init__(parent)
        self._parent = parent
        self._palette = palette
        self.view: PatientView | None = None
        self.run: SeparationRun | None = None
        self.scale = Scale([])
        self._sites: list[tuple[int, str]] = []  # number from 0, label
        self._profile: str | None = None
        self._hop_s = 0.0
        self._doubted = 0
        self._lost = False
        self._band = USUAL_BAND
        self._foot: Foot | None = None
        self._last = ""  # word after a task

    @property
    def on(self) -> bool:
        """Whether the patient sees something."""
        return self.view is not None

    @property
    def covers(self) -> bool:
        """Whether it hides the page."""
        return self.view is not None and not self.view.isWindow()

    # ---- where it stands ----

    def start(self, info: FeedInfo, sites: list[tuple[int, str]], columns: list[int]) -> None:
        """Shows `sites` (number from 0, label), which are `columns` of the feed."""
        self.stop()
        self._sites = sites[:MOST_BARS]
        self.scale = Scale(columns[:MOST_BARS])
        self._profile, self._band, self._lost = None, USUAL_BAND, False
        self._hop_s = info.hop_samples / info.rate_hz
        self._last = ""
        self.view = view = self._placed()
        view.simulated = info.simulated
        view.destroyed.connect(lambda: self._forget(view))
        self._show(np.full(len(self._sites), np.nan))
        self.changed.emit()

    def _placed(self) -> PatientView:
        window = self._parent.window()
        assert window is not None
        others = [one for one in QGuiApplication.screens() if one is not window.screen()]
        if others:
            view = PatientView(self._palette, window)
            view.setWindowFlags(Qt.WindowType.Window | Qt.WindowType.FramelessWindowHint)
            view.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
            view.setWindowTitle("Endplate, for the patient")
            view.setGeometry(others[0].geometry())
            view.showFullScreen()
            return view
        self._foot = window.findChild(Foot)
        frame = self._foot.parentWidget() if self._foot is not None else window
        assert frame is not None
        view = PatientView(self._palette, frame)
        frame.installEventFilter(self)
        if self._foot is not None:
            self._foot.installEventFilter(self)
        view.setGeometry(self._room(frame))
        view.show()
        view.raise_()
        return view

    def _room(self, frame: QWidget) -> QRect:
        """All of the window above the foot."""
        below = self._foot.y() if self._foot is not None else frame.height()
        return QRect(0, 0, frame.width(), below)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Follows the window's size."""
        if event is not None and event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
            view = self.view
            frame = view.parentWidget() if view is not None else None
            if view is not None and frame is not None and not view.isWindow():
                view.setGeometry(self._room(frame))
        return False

    def _forget(self, view: PatientView) -> None:
        if self.view is view:
            self.view = None

    def stop(self) -> None:
        """Takes it away; a task that was on is given up."""
        view, self.view, self.run = self.view, None, None
        if view is None:
            return
        frame = view.parentWidget()
        if frame is not None:
            frame.removeEventFilter(self)
        if self._foot is not None:
            self._foot.removeEventFilter(self)
            self._foot = None
        view.hide()
        view.deleteLater()
        self.changed.emit()

    # ---- the task ----

    def step(self, count: int) -> Step:
        """What comes next: `count` targets."""
        if self.run is not None:
            return Step(f"{len(self.run.outcomes)} of {self.run.count} targets", False)
        if len(self._sites) < 2:
            return Step("The task needs two sites (Esc, T)", False)
        if not self.scale.known:
            return Step("Contract each site once", False)
        return Step(f"Start the task ({count} targets)", not self._lost)

    def invites(self) -> str:
        """What to do meanwhile."""
        if self.run is not None:
            return HINTS["task"]
        return HINTS["ready" if self.can_play else "view"]

    def record(self, run: SeparationRun) -> dict[str, Any]:
        """What a visit keeps of a task that was played."""
        return run.record(
            scale=self.scale.source, profile=self.scale.name,
            reference_uv=[round(float(uv), 2) for uv in self.scale.reference_uv],
        )  # fmt: skip

    @property
    def can_play(self) -> bool:
        """Whether a task can begin: two sites, and how strong each can be is known."""
        return self.on and self.step(0).ready

    def play(self, count: int, seed: int) -> None:
        """Begins the task."""
        if not self.can_play:
            return
        labels = tuple(f"{index + 1} {label}" for index, label in self._sites)
        self.run, self._last = SeparationRun(labels, count, seed), ""
        self.marked.emit(f"separation: {count} targets of {', '.join(labels)}, seed {seed}")
        self.changed.emit()

    def give_up(self) -> bool:
        """Ends a task without a result; False when there was none."""
        if self.run is None:
            return False
        self.run = None
        self.marked.emit("separation: given up")
        self.changed.emit()
        return True

    def move_band(self, steps: int) -> None:
        """The band of the free view, up or down."""
        self._band = min(len(BANDS) - 1, max(0, self._band + steps))

    # ---- what the feed says ----

    def hear(self, fresh: Fresh) -> None:
        """Every hop counts, none twice."""
        if self.view is None or not len(fresh.hops):
            return
        efforts = np.full(len(self._sites), np.nan)
        for hop in fresh.hops:
            efforts = self.scale.efforts(hop["power"], self._doubted | int(hop["bad_sites"]))
            run = self.run
            if run is None or self._lost:
                continue
            if mark := run.step(efforts, self._hop_s):
                self.marked.emit(mark)
                self.changed.emit()
            if run.over:
                self.run = None
                figures = run.record()["figures"]
                self._last = f"{figures['hits']} of {figures['n']}"
                self.changed.emit()
                self.finished.emit(run)
        self._show(efforts)

    def numbers(self, status: dict[str, Any]) -> None:
        """Which scale is used, and whether the board sends. While a task is on the scale stays."""
        if self.view is None:
            return
        self._doubted = int(status.get("doubted") or 0)
        lost = (status.get("board") or {}).get("health") != "ok"
        if lost != self._lost:
            self._lost = lost
            self._show(np.full(len(self._sites), np.nan))
        if self.run is not None:
            return
        could = self.can_play
        path = str((status.get("profile") or {}).get("path") or "")
        if path != self._profile:
            self._profile = path
            self._take(path)
        self.scale.take_quality(status.get("quality") or [])
        if could != self.can_play:
            self.changed.emit()

    def _take(self, path: str) -> None:
        """Another profile is in use, or none."""
        self.scale = Scale(self.scale.columns)
        if not path:
            return
        try:
            self.scale.take_profile(path)
        except EndplateError:
            self.scale = Scale(self.scale.columns)
            return
        if not self.scale.known:  # it does not have all of these sites
            self.scale = Scale(self.scale.columns)

    def gone(self) -> None:
        """The session ended: a task is none without its signal."""
        self.run = None
        if self.view is not None:
            self._lost = True
            self._show(np.full(len(self._sites), np.nan))
            self.changed.emit()

    def came_back(self) -> None:
        """Another session with the same sites."""
        self._lost, self._profile = False, None

    def said_scale(self) -> str:
        """What full effort means."""
        if self.scale.source == "calibration":
            return f"1 on a bar is the comfortable contraction of {self.scale.name}'s calibration."
        if self.scale.known:
            return "No profile with these sites: 1 on a bar is the strongest of this view so far."
        return "Let the patient contract each site once: the bars need to know how strong it is."

    # ---- what is drawn ----

    def _show(self, efforts: np.ndarray) -> None:
        view = self.view
        if view is None:
            return
        trial = self.run.trial if self.run is not None else None
        bars = [self._bar(k, float(value), trial) for k, value in enumerate(efforts)]
        held = trial.held_s / trial.rules.dwell_s if trial is not None else 0.0
        view.show_bars(bars, self._word(bars, trial), held)

    def _bar(self, k: int, effort: float, trial: Trial | None) -> Bar:
        index, label = self._sites[k]
        if trial is not None and k == trial.site:
            return Bar(index, label, effort, (trial.rules.low, trial.rules.high))
        if trial is not None or self.run is not None:
            return Bar(index, label, effort, line=USUAL.line)
        return Bar(index, label, effort, BANDS[self._band])

    def _word(self, bars: list[Bar], trial: Trial | None) -> str:
        if self._lost:
            return LOST
        quiet = [bar for bar in bars if not math.isfinite(bar.effort)]
        if quiet and self.scale.known:
            return f"{quiet[0].index + 1} has no contact"
        if quiet:
            return f"Squeeze {quiet[0].index + 1}, then relax"
        if self.run is not None and trial is None:
            return "Relax ..."
        if trial is None:
            return self._last or (GOOD if all(bar.right for bar in bars) else RAISE)
        number = bars[trial.site].index + 1
        if trial.loud:
            return f"Relax {', '.join(str(bars[k].index + 1) for k in trial.loud)}"
        return "Hold it" if trial.in_band else f"Raise {number} into the band"
