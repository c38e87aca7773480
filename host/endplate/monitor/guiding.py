# SPDX-License-Identifier: GPL-3.0-or-later
"""A guided recording beside the window: guide and watch in a thread, signals to the page."""

from __future__ import annotations

import math
import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PyQt6.QtCore import QObject, pyqtSignal

from endplate.errors import EndplateError
from endplate.fit.guided.guide import AGAIN, ENOUGH, SKIP, Guide
from endplate.fit.guided.protocol import Cue
from endplate.fit.guided.watch import Done, Watch, name_of
from endplate.fit.sites.site_test import Live
from endplate.live.feed import FeedReader


class Guiding(QObject):
    """`now(index, cue, share, effort)`: about 10 times a second; effort is NaN where none is known.
    `judged(index, name, fault, sentence)`: of each movement as it ends, fault "" when good.
    `odd(list of Done)`: what had better be repeated, when all cues are done; answer with `repeat`
    or `enough`. `ended(Guided)`, or `failed(sentence)`."""

    now = pyqtSignal(int, object, float, float)
    judged = pyqtSignal(int, str, str, str)
    odd = pyqtSignal(list)
    ended = pyqtSignal(object)
    failed = pyqtSignal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._typed: queue.Queue[str] = queue.Queue()
        self._again: Done | None = None
        self._thread: threading.Thread | None = None

    @property
    def on(self) -> bool:
        """Whether it runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, directory: Path, cues: Sequence[Cue], sites: Sequence[Any]) -> None:
        """Begins a calibration; `sites` have a channel and a label."""
        self._begin(self._calibrate, directory, list(cues), list(sites))

    def listen(self, directory: Path, cues: Sequence[Cue], live: Live) -> None:
        """Begins a site test: nothing is judged, `live` hears everything."""
        self._begin(self._listen, directory, list(cues), live)

    def _begin(self, work: Callable[..., Guide], *given: Any) -> None:
        self._typed = queue.Queue()
        self._thread = threading.Thread(
            target=self._run, args=(work, *given), daemon=True, name="guide"
        )
        self._thread.start()

    def again(self) -> None:
        """The movement that is on, from its start."""
        self._typed.put(AGAIN)

    def skip(self) -> None:
        """Leaves it out."""
        self._typed.put(SKIP)

    def enough(self) -> None:
        """Nothing more; what was done counts."""
        self._typed.put(ENOUGH)

    def repeat(self, one: Done) -> None:
        """One of the odd ones; the better of the two counts."""
        self._again = one
        self._typed.put(AGAIN)

    def _keys(self, timeout_s: float) -> str:
        typed = ""
        try:
            typed = self._typed.get(timeout=timeout_s)
            while True:
                typed += self._typed.get_nowait()
        except queue.Empty:
            return typed

    def _run(self, work: Callable[..., Guide], directory: Path, *given: Any) -> None:
        try:
            guide = work(directory, *given)
            self.ended.emit(guide.guided())
        except EndplateError as error:
            self.failed.emit(str(error))

    def _listen(self, directory: Path, cues: list[Cue], live: Live) -> Guide:
        def show(index: int, cue: Cue, share: float) -> None:
            live.begin(*guide.started[index])
            self.now.emit(index, cue, share, math.nan)

        def heard(first: int, _counts: np.ndarray, clean: np.ndarray) -> None:
            live.heard(first, clean)

        with Guide(
            directory, progress=show, heard=heard, keys=self._keys, what="site test"
        ) as guide:
            guide.play(cues)
        return guide

    def _calibrate(self, directory: Path, cues: list[Cue], sites: list[Any]) -> Guide:
        watch = Watch(sites, FeedReader(directory / "feed").info)

        def show(index: int, cue: Cue, share: float) -> None:
            effort = watch.effort(cue)
            self.now.emit(index, cue, share, math.nan if effort is None else effort)

        def heard(_first: int, _counts: np.ndarray, clean: np.ndarray) -> None:
            watch.hear(clean)

        def done(index: int) -> None:
            before = len(watch.done)
            said = watch.look(guide, index)
            if len(watch.done) > before:
                one = watch.done[-1]
                self.judged.emit(index, one.name, one.verdict.fault, one.verdict.sentence)
            elif said:
                cue = guide.started[index][1]
                fault = "" if said.endswith(": Good") else "unrest"
                self.judged.emit(index, name_of(cue, 1), fault, said.partition(": ")[2])

        guide = Guide(directory, progress=show, heard=heard, done=done, keys=self._keys)
        with guide:
            guide.play(cues)
            self._repeats(guide, watch)
        return guide

    def _repeats(self, guide: Guide, watch: Watch) -> None:
        """As long as somebody wants one."""
        while not guide.enough and (odd := watch.to_repeat()):
            self._again = None
            self.odd.emit(odd)
            typed = guide.wait("Wait")
            if ENOUGH in typed or self._again is None:
                return
            before, old = len(watch.done), self._again
            guide.play([old.measured.cue])
            if len(watch.done) > before:
                watch.replaced(guide, old)
