# SPDX-License-Identifier: GPL-3.0-or-later
"""A test while it is played from the feed, in window and terminal: each hop once, marks in the
recording, and what makes an end of it.

The velocities are the hops' targets, in the wire's unit: so they stand in the recording, and the
same figures come of it again (trials/kinds.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from endplate.clinic.frames import Fresh
from endplate.clinic.hand_state import follows
from endplate.clinic.hand_state import hand as hand_words
from endplate.clinic.recording_name import file_of
from endplate.clinic.trials import kinds
from endplate.clinic.trials.motion import MotionTrial
from endplate.clinic.trials.run import Run
from endplate.clinic.trials.tac import HAND, TacRun, TacTrial
from endplate.clinic.trials.watch import Watched
from endplate.core import TARGET_UNIT
from endplate.live.feed import FeedInfo

Status = Mapping[str, Any]
Told = Callable[[int | None], None]


class Marking(Protocol):
    """Who makes marks in the recording, one after the other, without being waited for."""

    def mark(self, text: str, told: Told = ..., **more: Any) -> None:
        """`more` stands behind the text as JSON; `told(sample)` hears later where it fell, or None
        where it was refused."""


BOARD = "{} The test was ended; nothing of it is kept."
MISSED = "Samples were missed: the test was ended, nothing of it is kept. Start it again."
DECODER = "Another decoder drives now: the test was ended, nothing of it is kept."
GRIP = "The grip was changed: the test was ended, nothing of it is kept."
JOINTS = (
    "The hand does not tell where its joints are: the test was ended, nothing of it is kept. "
    "See the page Hand."
)
STOPPED = "{}: the test was ended, nothing of it is kept. Arm and start it again."


def worded(text: str, more: Mapping[str, Any]) -> str:
    """A mark as it stands in the recording."""
    return f"{text} {json.dumps(more, separators=(',', ':'))}" if more else text


def decoder_of(status: Status) -> dict[str, Any]:
    """Which decoder drives, as it is kept with a result."""
    beside = status.get("beside") or {}
    profile = (status.get("profile") or {}).get("name", "")
    return {
        "direct": bool(beside.get("direct")), "profile": profile,
        "promoted": bool(beside.get("promoted")),
    }  # fmt: skip


def board_trouble(status: Status) -> str:
    """A sentence when the board has left, else ""."""
    board = status.get("board") or {}
    if not board or board.get("health") == "ok":
        return ""
    return BOARD.format(board.get("sentence") or "The board brings no samples.")


def hand_trouble(status: Status) -> str:
    """A sentence when the hand does not follow any more, else ""."""
    if follows(status):
        return ""
    return STOPPED.format(hand_words(status).rstrip("."))


class Playing:
    """One run. `take` feeds it; a sentence in `trouble` ends it."""

    def __init__(self, run: Run, info: FeedInfo, status: Status, asking: Marking) -> None:
        self.run, self.trouble = run, ""
        self._info, self._asking = info, asking
        self._places = [info.dofs.index(dof) for dof in run.dofs]
        self._decoder, self._grip = decoder_of(status), status.get("grip")
        self._recording = file_of(status)
        self._first: int | None = None
        self._last: int | None = None
        self.began: list[int | None] = []  # sample of each trial's mark
        asking.mark(f"test {run.kind} begins", dofs=list(run.dofs), trials=run.count,
                    seed=run.seed, rules=vars(run.rules))  # fmt: skip

    @property
    def on_hand(self) -> bool:
        """Whether the hand's own joints are judged."""
        return isinstance(self.run, TacRun) and self.run.rules.on == HAND

    def take(self, fresh: Fresh) -> None:
        """One frame of the feed."""
        if self.run.over:
            return
        self.trouble = self.trouble or self._watch(fresh.status)
        if self.on_hand and not self.trouble and fresh.status:
            self._measure(fresh.status)
        seconds = self._info.hop_samples / self._info.rate_hz
        for hop in fresh.hops:
            if self.trouble or self.run.over:
                return
            self._follow(int(hop["sample"]))
            if not self.trouble:
                self._step(hop["target"][self._places] / TARGET_UNIT, seconds)

    def _measure(self, status: Status) -> None:
        told = status["hand"].get("position_deg") or []
        degrees = dict(zip(self._info.joints, told, strict=False))
        assert isinstance(self.run, TacRun)
        found = [degrees.get(axis.joint) for axis in self.run.axes]
        known = [value for value in found if value is not None and np.isfinite(value)]
        if len(known) < len(found):
            self.trouble = JOINTS
            return
        self.run.place(known)

    def _watch(self, status: Status) -> str:
        if not status:
            return ""
        if decoder_of(status) != self._decoder:
            return DECODER
        if self.on_hand and status.get("grip") != self._grip:
            return GRIP
        return board_trouble(status) or (hand_trouble(status) if self.on_hand else "")

    def _follow(self, sample: int) -> None:
        """No hop may be missing, or the figures were not those of what was decoded."""
        if self._last is not None and sample - self._last != self._info.hop_samples:
            self.trouble = MISSED
            return
        self._first = sample if self._first is None else self._first
        self._last = sample

    def _step(self, velocity: np.ndarray, seconds: float) -> None:
        run, was, number = self.run, self.run.trial, self.run.number
        run.step(velocity, seconds)
        text = f"test {run.kind} {number}/{run.count}"
        if was is None and run.trial is not None:
            place = len(self.began)
            self.began.append(None)
            self._asking.mark(f"{text} begins", lambda at: self._told(place, at),
                              **asked(run, run.trial))  # fmt: skip
        elif was is not None and run.trial is None:
            done = getattr(run.outcomes[-1], "completed", None)
            self._asking.mark(f"{text} ends", **({} if done is None else {"completed": done}))

    def _told(self, place: int, sample: int | None) -> None:
        self.began[place] = sample

    def finish(self, kept: Callable[[dict[str, Any]], None]) -> None:
        """All is played: `kept(content)` once the last mark stands in the recording."""
        self._asking.mark(f"test {self.run.kind} ends", lambda _sample: kept(self.content()))

    def given_up(self) -> None:
        """In the recording, too."""
        self._asking.mark(f"test {self.run.kind} given up")

    def content(self) -> dict[str, Any]:
        """What is kept: samples are indices of the session's stream, as in its recording;
        `first_sample` and `last_sample` are the newest ones of the first and the last hop."""
        return self.run.record(
            **self._decoder, first_sample=self._first, last_sample=self._last,
            hop_samples=self._info.hop_samples, rate_hz=self._info.rate_hz, marks=self.began,
            recording=self._recording, simulated=self._info.simulated, hand_file=self._info.hand,
        )  # fmt: skip


def asked(run: Run, trial: Any) -> dict[str, Any]:
    """What a trial asks for, as its mark has it."""
    if isinstance(trial, MotionTrial):
        return {"movement": kinds.asked(run.dofs, trial.asked), "directions": list(trial.asked)}
    if isinstance(trial, TacTrial):
        return {"target_deg": _round(trial.target), "start_deg": _round(trial.start)}
    if isinstance(trial, Watched):
        return {"condition": trial.condition}
    return {"centre": _round(trial.target.centre), "width": trial.target.width}


def _round(values: Sequence[float] | np.ndarray) -> list[float]:
    return [round(float(value), 4) for value in values]
