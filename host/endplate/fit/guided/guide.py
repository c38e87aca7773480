# SPDX-License-Identifier: GPL-3.0-or-later
"""Guides a person through cues while the control process records, and brings back what the board
heard.

Reaches the running control process as the monitor does: by its feed and its requests. Time is the
board's: a cue lasts until its number of samples has arrived, so a slow machine makes a calibration
longer, never wrong. A cue that is cut short or done again is void: the recording keeps it, nothing
is made of it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from endplate.errors import CalibrationError, SessionError
from endplate.fit.guided.protocol import Cue, relax_cue
from endplate.live.feed import FeedReader
from endplate.live.guidance import own_name
from endplate.live.requests import ask

POLL_S = 0.1
SILENCE_S = 3.0  # the board is given up after this long without a sample
DONE_S = 0.8  # after a fall even a slow starter is done
AGAIN, SKIP, ENOUGH = "r", "s", "q"
VOID = "void "  # annotation: the cue that began at this sample does not count


@dataclass(frozen=True)
class Guided:
    """What came of it: counts int32 [n, channels] from sample `first` on, and each cue with its
    start in `counts`."""

    first: int
    counts: np.ndarray
    cues: list[tuple[int, Cue]]


class Guide:
    """Plays cues against the control process of the session folder `directory`, as often as asked.

    `patient` tells a simulated patient of each cue; `progress(index, cue, share)` is called about
    10 times a second; `heard(first, counts, clean)` gets what the board sent, `done(index)` is
    called for each cue once the person has finished it. `keys(timeout_s)` waits and returns what
    was typed meanwhile: r does the cue again, s leaves it out, q ends. `what` it is, for sentences.
    """

    def __init__(
        self,
        directory: Path,
        *,
        patient: Callable[[Cue], None] | None = None,
        progress: Callable[[int, Cue, float], None] | None = None,
        heard: Callable[[int, np.ndarray, np.ndarray], None] | None = None,
        done: Callable[[int], None] | None = None,
        keys: Callable[[float], str] | None = None,
        what: str = "calibration",
    ) -> None:
        self._directory, self._what = directory, what
        self._reader = FeedReader(directory / "feed")
        self._patient, self._progress, self._heard = patient, progress, heard
        self._done, self._keys = done, keys
        self._first = self._next = self._reader.newest
        self._blocks: list[np.ndarray] = []
        self._heard_at = time.monotonic()
        self.started: list[tuple[int, Cue]] = []
        self.enough = False  # the person has asked to end
        self._name = own_name()

    def play(self, cues: Sequence[Cue]) -> None:
        """One after the other. Raises CalibrationError when the board goes silent, SessionError
        when the control process is gone."""
        for cue in cues:
            if self.enough:
                return
            typed = self._one(cue)
            while AGAIN in typed:
                self.void(len(self.started) - 1)
                self._relax()
                typed = self._one(cue)
            if SKIP in typed or ENOUGH in typed:
                self.void(len(self.started) - 1)
                self.enough = ENOUGH in typed
                if not self.enough:
                    self._relax()

    def void(self, index: int) -> None:
        """Nothing is to be made of the cue `index` of `started`; says so in the recording."""
        start, cue = self.started[index]
        self.started[index] = start, cue.void()
        ask(self._directory, "mark", text=VOID + json.dumps({"sample": start}))

    def counts(self, start: int, stop: int) -> tuple[np.ndarray, int]:
        """What came from sample `start` to before `stop`, as far as it is there: int32 [samples,
        channels], and the index of the first."""
        kept, at = [np.zeros((0, self._reader.info.channels), np.int32)], self._first
        for block in self._blocks:
            kept.append(block[max(0, start - at) : max(0, stop - at)])
            at += len(block)
        return np.concatenate(kept), max(start, self._first)

    def planned_s(self, share: float = 0.0) -> float:
        """Seconds of cues that count so far; of the last one `share`."""
        done = [cue.duration_s for _, cue in self.started if cue.kind != "void"]
        if done and self.started[-1][1].kind != "void":
            done[-1] *= share
        return sum(done)

    def wait(self, label: str) -> str:
        """Goes on recording, of which nothing is made, until a key is typed; which."""
        typed = ""
        cue = Cue(label, {}, 0, 0, 0, 0, "void")
        self.started.append((self._prompt(cue), cue))
        while not typed and self._keys is not None:
            typed = self._keys(POLL_S)
            self._heard_something()
        return typed

    def guided(self) -> Guided:
        """All of it so far."""
        counts, _ = self.counts(self._first, self._next)
        return Guided(
            self._first, counts, [(start - self._first, cue) for start, cue in self.started]
        )

    def _relax(self) -> None:
        self._one(relax_cue())

    def _one(self, cue: Cue) -> str:
        """Plays one cue; what was typed when that ended it early, else ""."""
        rate_hz = self._reader.info.rate_hz
        start, index = self._prompt(cue), len(self.started)
        self.started.append((start, cue))
        if self._patient is not None:
            self._patient(cue)
        wanted = start + round(cue.duration_s * rate_hz)
        done_at = min(wanted, start + round((cue.active_s + DONE_S) * rate_hz))
        self._heard_at, told = time.monotonic(), False
        while self._next < wanted:
            if self._keys is None:
                time.sleep(POLL_S)
            else:
                typed = self._keys(POLL_S)
                if any(key in typed for key in (AGAIN, SKIP, ENOUGH)):
                    return typed
            self._heard_something()
            if self._done is not None and not told and self._next >= done_at:
                told = True
                self._done(index)
            if self._progress is not None:
                share = (self._next - start) / max(1, wanted - start)
                self._progress(index, cue, min(1.0, max(0.0, share)))
        return ""

    def _prompt(self, cue: Cue) -> int:
        """Tells the session; the sample from which it holds."""
        reply = ask(self._directory, "prompt", guide=self._name, **cue.prompt())
        return int(reply["sample"])

    def __enter__(self) -> Guide:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is asked of the patient any more; another one may guide."""
        with suppress(SessionError):
            ask(self._directory, "prompt", guide=self._name)

    def _heard_something(self) -> None:
        before = self._next
        self._collect()
        if self._next > before:
            self._heard_at = time.monotonic()
        else:
            self._check_alive(time.monotonic() - self._heard_at)

    def _collect(self) -> None:
        start, counts, clean = self._reader.samples(self._next)
        if not len(counts):
            return
        if not self._blocks:
            self._first = start
        elif start != self._next:
            raise CalibrationError(
                "Samples were overwritten before they could be read; close other programs and "
                f"do the {self._what} again."
            )
        self._blocks.append(np.array(counts))
        self._next = start + len(counts)
        if self._heard is not None:
            self._heard(start, counts, clean)

    def _check_alive(self, silent_s: float) -> None:
        if not self._reader.alive:
            raise SessionError(
                "The control process ended during the guided movements; start again."
            )
        if silent_s > SILENCE_S:
            raise CalibrationError(
                f"The board stopped sending during the {self._what}; check its battery and "
                "dongle, then start again."
            )


def guide(
    directory: Path,
    cues: Sequence[Cue],
    *,
    patient: Callable[[Cue], None] | None = None,
    progress: Callable[[int, Cue, float], None] | None = None,
) -> Guided:
    """Plays `cues` once, see Guide."""
    guiding = Guide(directory, patient=patient, progress=progress)
    with guiding:
        guiding.play(cues)
    return guiding.guided()
