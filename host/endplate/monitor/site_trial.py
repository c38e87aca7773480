# SPDX-License-Identifier: GPL-3.0-or-later
"""The site test below the traces: the matrix while movements are tried, then what to do with each
site. `prompt` (what is asked for) and `mode` are laid out by the page.

Trying one movement (a click on its name) fills its row in some seconds; the whole test tries each
twice, and only then the sites are judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import QProgressBar, QScrollArea, QVBoxLayout, QWidget

from endplate.clinic.fitting import Heard, SiteTest
from endplate.clinic.work import Done, Work
from endplate.fit.guided.guide import Guided
from endplate.fit.guided.protocol import Cue, directions, words
from endplate.fit.sites.choice import Matrix
from endplate.fit.sites.site_test import MODES, MOVE_S, Judged, Live, protocol, told
from endplate.live.feed import FeedInfo
from endplate.monitor.guiding import Guiding
from endplate.monitor.matrix_view import MatrixView
from endplate.monitor.pages.page import Step, chooser, heading, quiet
from endplate.monitor.theme import Palette
from endplate.monitor.words import plain

LOOK_MS = 100
TITLE = "Movements, µV above rest"
ADVICE = 96  # pixels; more is scrolled
HINTS = {
    "on": "The patient follows the words; Esc ends it.",
    "computing": "Sites are compared: the patient may rest.",
}
ACTIONS = {"keep": "✓", "move": "→", "swap": "⇄", "drop": "✕"}
USUAL = ("hand", "elbow")
WORDS = {"isolate": "for direct control", "cover": "for decoders of all sites"}


class SiteTrial(QWidget):
    """`judged(Judged)` when a whole test is over; `said` a sentence; `changed` when what goes on
    has changed."""

    judged = pyqtSignal(object)
    said = pyqtSignal(str)
    changed = pyqtSignal()

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.matrix, self.guiding = MatrixView(palette), Guiding(self)
        self.mode = chooser()
        for mode in reversed(MODES):
            self.mode.addItem(WORDS[mode], mode)
        self.prompt, self.advice = heading(TITLE), quiet()
        self.advice.setAlignment(Qt.AlignmentFlag.AlignTop)
        said = QScrollArea()
        said.setWidget(self.advice)
        said.setWidgetResizable(True)
        said.setFrameShape(QScrollArea.Shape.NoFrame)
        said.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        said.setFixedHeight(ADVICE)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.hide()
        self._dofs: list[str] = []
        self._cues: list[Cue] = []
        self._live: Live | None = None
        self._heard: tuple[FeedInfo, str] | None = None
        self._whole = self._busy = False
        self.recording = ""  # name of the session's
        self._test: SiteTest | None = None  # what was computed last
        self._work: Work | None = None

        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.bar, self.matrix, said):
            column.addWidget(widget)
        self._looking = QTimer(self)
        self._looking.timeout.connect(self._look)
        self.guiding.now.connect(self._now)
        self.guiding.ended.connect(self._ended)
        self.guiding.failed.connect(self._failed)

    @property
    def busy(self) -> bool:
        """Whether a test or its computation goes on."""
        return self._busy

    @property
    def asking(self) -> str:
        """What the patient follows now, "" nothing."""
        if not self._busy or self._work is not None:
            return ""
        return "The site test" if self._whole else "The try of a movement"

    def begin(self, info: FeedInfo, labels: Sequence[str], columns: Sequence[int],
              dofs: Sequence[str], montage: str) -> None:  # fmt: skip
        """For another session; `columns` of its sites, `montage` its file."""
        self._dofs = list(dofs)
        self._live = Live(columns, info.rate_hz)
        self._heard = info, montage
        self.matrix.begin(directions(dofs), labels)
        self.advice.setText("A click on a movement tries it; the whole test tries each twice.")

    def seconds(self) -> float:
        """Of the whole test."""
        return sum(cue.duration_s for cue in protocol(self._dofs))

    def step(self, known: bool, ready: bool) -> Step:
        """Of the page: whether there are sites, and whether they can be tested now."""
        if self.busy:
            return Step("Follow the words", False)
        return Step("Start the site test" + f" ({self.seconds():.0f} s)" * known, ready)

    def invites(self) -> str:
        """What to do while it goes on, else ""."""
        return HINTS["on" if self.asking else "computing"] if self._busy else ""

    def start(self, session: Path) -> None:
        """The whole test."""
        if self._heard is None or self.busy:
            return
        info, _ = self._heard
        columns = [c - 1 for c in info.montage_channels] or [*range(info.channels)]
        self._live = Live(columns, info.rate_hz)
        self._play(session, protocol(self._dofs), True)

    def try_one(self, session: Path, row: int) -> None:
        """One movement."""
        if self.busy:
            return
        dof, sign = directions(self._dofs)[row]
        self._play(session, [Cue(words(dof, sign), {dof: sign}, *MOVE_S)], False)

    def _play(self, session: Path, cues: list[Cue], whole: bool) -> None:
        if self._live is None:
            return
        self._cues, self._whole, self._busy = cues, whole, True
        self.advice.setText("")
        self.guiding.listen(session, cues, self._live)
        self.bar.setMaximum(1000)
        self.bar.show()
        self.changed.emit()

    def show_now(self) -> None:
        """5 times a second: the matrix as far as it is known."""
        if self._live is not None and self.guiding.on:
            self.matrix.show_matrix(self._live.matrix(), self._live.now_uv, self._asked())

    def _asked(self) -> Any:
        for intent in directions(self._dofs):
            if words(*intent) == self.prompt.text():
                return intent
        return None

    def _now(self, index: int, cue: Cue, share: float, _effort: float) -> None:
        self.prompt.setText(cue.label)
        whole = sum(one.duration_s for one in self._cues)
        done = sum(one.duration_s for one in self._cues[:index]) + share * cue.duration_s
        self.bar.setValue(round(1000 * done / max(whole, 0.1)))

    def _ended(self, guided: Guided) -> None:
        self.prompt.setText(TITLE)
        self.show_all()
        if not self._whole or self._heard is None:
            self.close_work()
            return
        info, montage = self._heard
        heard = Heard(guided, info, montage, info.hand, self.recording)
        self._test = SiteTest(heard, tuple(self._dofs), str(self.mode.currentData()))
        self._work = Work(self._test)
        self.bar.setMaximum(0)
        self._looking.start(LOOK_MS)
        self.changed.emit()

    def show_all(self) -> None:
        """The matrix as it stands."""
        if self._live is not None:
            self.matrix.show_matrix(self._live.matrix(), self._live.now_uv, None)

    def _look(self) -> None:
        while self._work is not None and (news := self._work.poll()) is not None:
            if isinstance(news, str):
                self.advice.setText(news)
                continue
            self.close_work()
            if isinstance(news, Done):
                self._advise(told(news.result))
                self.judged.emit(news.result)
            else:
                self._failed(str(news))

    def told(self, found: Judged) -> dict[str, Any]:
        """As a visit keeps what was judged last."""
        assert self._test is not None
        return self._test.told(found)

    def show_kept(self, content: Mapping[str, Any]) -> None:
        """What an earlier test of this visit found, if it was of these sites and movements."""
        intents = tuple(directions(self._dofs))
        rows = content.get("matrix_uv") or {}
        if self._live is None or set(rows) != {words(*intent) for intent in intents}:
            return
        uv = np.array([rows[words(*intent)] for intent in intents])
        if content["sites"] != self.matrix.labels or uv.shape[1] != len(content["sites"]):
            return
        rest_uv = np.array(content["rest_uv"])
        self.matrix.show_matrix(Matrix(intents, uv, rest_uv), np.zeros(len(rest_uv)), None)
        self._advise(content)

    def _advise(self, content: Mapping[str, Any]) -> None:
        """What to do with each site, and what they carry; of site_test.told."""
        lines = [f"{ACTIONS.get(action, '·')} {said}" for _, action, said in content["advice"]]
        carried = ", ".join(map(plain, content["carried"])) or "none"
        lines.append(
            f"A decoder would do with: {', '.join(content['enough'])}. Movements that these sites "
            f"carry together: {carried}."
        )
        lines += [f"· {line}" for line in content["sentences"]]
        self.advice.setText("\n".join(lines))

    def _failed(self, sentence: str) -> None:
        self.prompt.setText(TITLE)
        self.close_work()
        self.said.emit(sentence)

    def close_work(self) -> None:
        """Nothing is computed any more."""
        self._looking.stop()
        self._busy = False
        self.bar.hide()
        if self._work is not None:
            self._work.stop()
            self._work = None
        self.changed.emit()

    def end(self) -> None:
        """What goes on is given up."""
        self.guiding.enough()
        self.close_work()


def choices(dofs: Sequence[str]) -> list[tuple[str, ...]]:
    """What a site test can be of: the usual DoF, the first of them, all."""
    usual = [dof for dof in USUAL if dof in dofs]
    return [one for one in dict.fromkeys(map(tuple, (usual, usual[:1], dofs))) if one]
