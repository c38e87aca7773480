# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated patient of `endplate clinic --simulated`, who is in the room: does what the cues
say, and plays the tests by looking at what the screen shows.

What the screen shows is known from the session alone: the marks of a test say what is asked for,
and the cursor follows from the hops, as in the window.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from endplate.clinic.frames import Frames, Fresh
from endplate.clinic.records.visits import SHAPELESS
from endplate.clinic.trials import fitts, motion, tac
from endplate.clinic.trials.posture import axes, moved
from endplate.core import TARGET_UNIT
from endplate.errors import EndplateError
from endplate.hardware import load_hand
from endplate.live.feed import FeedInfo, FeedReader
from endplate.sim.muscle import skin_distance
from endplate.sim.presets import PRESETS, Task

MARK = re.compile(r"test ([\w-]+) (\d+/\d+ )?(begins|ends|given up)(?: (\{.*\}))?")
RAISE = re.compile(r"separation: (?:raise (\d+) )?")  # the separation task of the page Sites
RAISED = 0.5  # of a comfortable effort: within its band, though nobody is exact
SEEN = ("fitts", "tac")  # tests that are played by eye
SPEED_PER_S = 0.8  # of a posture on the screen, in the units of the patient's eye
GIVES_UP_S = 40.0  # longer than any trial: whoever asked for it is gone
RISE_S = 0.3  # of a movement that is asked for by name
RELAX: dict[str, Any] = {"target": {}, "rise_s": 0.1, "hold_s": 0.1, "fall_s": 0.1}


class Cursor(Protocol):
    """What the patient looks at, in units of the screen: the target, its radius, and where it
    is."""

    target: Sequence[float]
    radius: float

    @property
    def at(self) -> Sequence[float]:
        """Where it is now."""

    def step(self, velocity: np.ndarray, seconds: float) -> None:
        """One hop."""

    def see(self, status: Mapping[str, Any]) -> None:
        """What else is seen: the hand."""


class Dot:
    """Of a Fitts test."""

    def __init__(self, rules: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
        target = fitts.Target(tuple(asked["centre"]), asked["width"])
        self._trial = fitts.Trial(target, fitts.Rules(**rules))
        self.target: Sequence[float] = target.centre
        self.radius = target.width / 2

    @property
    def at(self) -> Sequence[float]:
        """See Cursor."""
        return self._trial.position.tolist()

    def step(self, velocity: np.ndarray, seconds: float) -> None:
        """See Cursor."""
        self._trial.step(velocity, seconds)

    def see(self, status: Mapping[str, Any]) -> None:
        """Nothing: it is on the screen."""


class Posture:
    """Of a TAC test, on the screen or the hand; each DoF as if full effort moved it as fast as any
    other."""

    def __init__(
        self, rules: Mapping[str, Any], asked: Mapping[str, Any], info: FeedInfo,
        dofs: Sequence[str], grip: str,
    ) -> None:  # fmt: skip
        self._axes = axes(load_hand(info.hand), dofs, grip)
        self._joints = [info.joints.index(axis.joint) for axis in self._axes]
        self._on_hand = rules["on"] == tac.HAND
        self._scale = SPEED_PER_S / np.array([axis.speed_dps for axis in self._axes])
        self._start = self._now = np.array(asked["start_deg"])
        away = np.array(asked["target_deg"]) - self._start
        self.target: Sequence[float] = (self._scale * away).tolist()
        self.radius = float(np.abs(self._scale).min() * rules["tolerance_deg"])

    @property
    def at(self) -> Sequence[float]:
        """See Cursor."""
        return (self._scale * (self._now - self._start)).tolist()

    def step(self, velocity: np.ndarray, seconds: float) -> None:
        """See Cursor."""
        if not self._on_hand:
            self._now = moved(self._now, velocity, seconds, self._axes)

    def see(self, status: Mapping[str, Any]) -> None:
        """The hand's own joints."""
        degrees = (status.get("hand") or {}).get("position_deg") or []
        if self._on_hand and len(degrees) > max(self._joints):
            self._now = np.array([degrees[joint] for joint in self._joints], float)


def task_at(preset: str, site: int) -> Task:
    """What a person of that preset does to be heard at a site (0 is the first): the movement whose
    muscle lies nearest to it. Raises IndexError without such a site."""
    person = PRESETS[preset]
    pools = [(muscle.at_mm + pool.shift_mm, pool.task)
             for muscle in person.muscles for pool in muscle.pools]  # fmt: skip
    places = np.array([place for place, _ in pools])
    away = skin_distance(places, np.array(person.sites_mm[site]), person.around_mm)
    return pools[int(np.argmin(away))][1]


class SimulatedPatient:
    """Called with the folder of the session that is on, as often as the patient looks up; `rig`
    (endplate.sim.rig.Rig) is their body."""

    def __init__(self, rig: Any) -> None:
        self._rig = rig
        self._at: Path | None = None
        self._frames: Frames | None = None
        self._info: FeedInfo | None = None
        self._cue: Any = None  # sample of the last one that was followed
        self._mark: Any = None
        self._test: dict[str, Any] = {}  # the mark with which it began
        self._playing = False  # by eye: cues are not followed
        self._cursor: Cursor | None = None
        self._moving = False  # as it was asked for by name
        self._from = 0  # sample of the trial's mark

    def __call__(self, session: Path | None) -> None:
        """Looks at what is new."""
        with suppress(EndplateError):
            if session != self._at:
                self._at, self._frames, self._cue, self._mark = session, None, None, None
                self._stop()
            if session is None:
                return
            if self._frames is None:
                reader = FeedReader(session / "feed")
                self._frames, self._info = Frames(reader, past_s=0.0), reader.info
            fresh = self._frames.look()
            self._follow(fresh.status.get("prompt"))
            try:
                self._hear(fresh.status)
                self._look(fresh)
            except SHAPELESS:  # a mark that is no test's, or of what this patient does not have
                self._stop()

    def _follow(self, cue: Mapping[str, Any] | None) -> None:
        """A cue of a site test or a calibration."""
        sample = cue.get("sample") if cue else None
        if cue and sample != self._cue:
            self._stop()
            self._cue = sample
            self._rig.prompt(**{key: value for key, value in cue.items() if key != "sample"})

    def _hear(self, status: Mapping[str, Any]) -> None:
        """Whether a test or a trial begins or ends."""
        mark, before = status.get("mark"), self._mark
        self._mark = mark
        if not mark or mark == before:
            return
        if raised := RAISE.match(mark["text"]):
            self._stop()
            if raised[1]:
                dof, sign = task_at(self._rig.preset, int(raised[1]) - 1)
                self._move({dof: RAISED * sign}, mark["text"])
            return
        found = MARK.match(mark["text"])
        if not found:
            return
        kind, trial, what, more = found.groups()
        asked = json.loads(more) if more else {}
        if what == "begins" and trial:
            self._rest()
            self._begin(kind, asked, str(status.get("grip") or ""))
            self._from = mark["sample"]
        elif trial:
            self._rest()
        else:
            self._stop()
            if what == "begins":
                self._sit_down(kind, asked)

    def _sit_down(self, kind: str, asked: dict[str, Any]) -> None:
        """A test begins."""
        self._test = asked
        if kind in SEEN:
            speed = asked["rules"].get("speed_per_s", SPEED_PER_S)
            self._rig.play(asked["dofs"], speed, seed=asked["seed"])
            self._playing = True

    def _begin(self, kind: str, asked: Mapping[str, Any], grip: str) -> None:
        """One trial."""
        rules, dofs = self._test["rules"], self._test["dofs"]
        assert self._info is not None
        if kind == "motion":
            limit_s = motion.Rules(**rules).limit_s
            signs = zip(dofs, asked["directions"], strict=True)
            target = {dof: float(sign) for dof, sign in signs if sign}
            self._move(target, asked["movement"], limit_s)
            return
        if kind == "fitts":
            self._cursor = Dot(rules, asked)
        elif kind == "tac":
            self._cursor = Posture(rules, asked, self._info, dofs, grip)
        if self._cursor is not None:
            self._rig.show(self._cursor.target, self._cursor.radius)

    def _move(self, target: dict[str, float], label: str, hold_s: float = GIVES_UP_S) -> None:
        """Until `_rest`."""
        self._rig.prompt(target, label=label, rise_s=RISE_S, hold_s=hold_s, fall_s=RISE_S)
        self._moving = True

    def _rest(self) -> None:
        """Between two trials."""
        if self._cursor is not None:
            self._cursor = None
            self._rig.show(None)
        if self._moving:
            self._moving = False
            self._rig.prompt(**RELAX)

    def _stop(self) -> None:
        """No test is on."""
        self._test = {}
        self._rest()
        if self._playing:
            self._playing = False
            self._rig.play(None)

    def _look(self, fresh: Fresh) -> None:
        if self._cursor is None or self._info is None:
            return
        places = [self._info.dofs.index(dof) for dof in self._test["dofs"]]
        for hop in fresh.hops:
            if hop["sample"] >= self._from:
                velocity = hop["target"][places] / TARGET_UNIT
                self._cursor.step(velocity, self._info.hop_samples / self._info.rate_hz)
            if hop["sample"] - self._from > GIVES_UP_S * self._info.rate_hz:
                self._stop()
                return
        self._cursor.see(fresh.status)
        self._rig.look(self._cursor.at)
