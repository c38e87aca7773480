# SPDX-License-Identifier: GPL-3.0-or-later
"""What moved and when, read from STATE (positions, 50 Hz) and STATE_FULL (goals, 10 Hz)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from endplate import core
from endplate.conformance.line import COMMAND_BYTES, Heard, apart_ms
from endplate.conformance.subject import DRIVE, DRIVE_S, GUARD, Subject
from endplate.conformance.verdict import NotMeasurableError, Reading

STILL_DEG = 0.5  # noise of a position, and what a held joint gives way to gravity
_STANDS_DPS = 3.0  # one step of an encoder (0.044 degrees) between two STATE looks like 2.2
_STANDS_SHARE = 0.15  # or this share of the speed it had
_OBEYED_S = 0.1  # a command obeyed wrongly drives for at least the longest validity
_WATCHED_MS = 200  # beyond the limit of 150, so that a hand that goes on is seen to
_REST_DEG, _REST_TRIES = 0.1, 8
_FULL_S = 0.12  # a STATE_FULL comes every 100 ms


@dataclass(frozen=True)
class Moves:
    """How this hand moves under the kit's command: the joint that moves most, and its speed under
    + DRIVE, degrees per second with sign; `room` is the direction that was free at the start, where
    it stood at `start_deg`."""

    joint: int
    speed_dps: float
    room: int
    start_deg: float


def states(heard: list[Heard]) -> list[Heard]:
    """The STATE among them."""
    return [one for one in heard if one.frame.msg == "STATE"]


def positions(one: Heard) -> list[float]:
    """Degrees, per joint."""
    return [value / 100 for value in one.fields["position"]]


def moved_deg(heard: list[Heard]) -> float:
    """The most that any joint's position or goal changed. NotMeasurableError when too little was
    heard to say so."""
    shown = [one.fields["position"] for one in states(heard)]
    goals = [one.fields["goal"] for one in heard if one.frame.msg == "STATE_FULL"]
    if len(shown) < 2 or len(goals) < 2:
        raise NotMeasurableError("the hand told too little of its positions and goals")
    spans = [
        max(joint) - min(joint) for told in (shown, goals) for joint in zip(*told, strict=True)
    ]
    return max(spans) / 100


def words_of(heard: list[Heard]) -> list[str]:
    """The states that the hand went through, in words."""
    words: list[str] = []
    for one in states(heard):
        word = core.GUARD_STATES.get(one.fields["state"], "unknown")
        if not words or words[-1] != word:
            words.append(word)
    return words


def know_moves(subject: Subject) -> Moves:
    """Drives a little to and fro to see which joint moves, how fast and where there is room.

    Only a joint that turns back counts: one that the grip first brings into its posture moves
    whatever the direction.
    """
    known = subject.memory.get("moves")
    if known is not None:
        return known
    subject.activate()
    told = states(subject.drive(0.0, 2 * _FULL_S)[1])
    went: list[tuple[list[float], list[float]]] = []
    for way in (1, -1, 1):
        told += states(subject.drive(DRIVE * way, DRIVE_S)[1])
        told += states(subject.drive(0.0, _FULL_S)[1])
        start = positions(told[0])
        went.append((start, [b - a for a, b in zip(start, positions(told[-1]), strict=True)]))
        told = told[-1:]
        if len(went) > 1:
            turned = [min(abs(a), abs(b)) if a * b < 0 else 0.0
                      for a, b in zip(went[-2][1], went[-1][1], strict=True)]  # fmt: skip
            joint = max(range(len(turned)), key=turned.__getitem__)
            if turned[joint] >= 2 * STILL_DEG:
                from_deg, first = went[-2]
                speed = turned[joint] / DRIVE_S * (1 if first[joint] * -way > 0 else -1)
                known = Moves(joint, speed, -way, from_deg[joint])
                subject.memory["moves"] = known
                return known
    raise NotMeasurableError(
        "the hand does not move to and fro when it is driven, so nothing can be said of its "
        "stopping"
    )


def next_drive(subject: Subject, heard: list[Heard]) -> float:
    """The target that leads back to where the hand stood at first, or away from there where there
    was room."""
    known = know_moves(subject)
    stood = states(heard)
    if not stood:
        raise NotMeasurableError("the hand does not tell where it stands")
    toward = known.room if known.speed_dps > 0 else -known.room
    displaced = (positions(stood[-1])[known.joint] - known.start_deg) * toward
    return DRIVE * (-known.room if displaced > STILL_DEG else known.room)


def comes_to_rest(subject: Subject, *, driven: bool) -> bool:
    """Whether the hand stands soon, with neutral commands (`driven`) or only beats. What was heard
    while it stood, STATE_FULL among it, is left in `subject.heard`, and nothing else."""
    for _ in range(_REST_TRIES):
        del subject.heard[:]
        if driven:
            subject.drive(0.0, _FULL_S)
        else:
            subject.listen(_FULL_S, beat=True)
        shown = [positions(one) for one in states(subject.heard)]
        full = any(one.frame.msg == "STATE_FULL" for one in subject.heard)
        if full and len(shown) >= 3:
            if max(max(joint) - min(joint) for joint in zip(*shown, strict=True)) <= _REST_DEG:
                return True
    return False


def ready_still(subject: Subject) -> float:
    """ACTIVE and standing, with goals heard; the target that would move it visibly."""
    speed = abs(know_moves(subject).speed_dps)
    if speed * _OBEYED_S < 1.5 * STILL_DEG:
        raise NotMeasurableError(f"at {speed:.1f} degrees/s a wrong movement would not be seen")
    subject.activate()
    if not comes_to_rest(subject, driven=True):
        raise NotMeasurableError("the hand does not come to rest with neutral commands")
    return next_drive(subject, subject.heard)


@dataclass(frozen=True)
class Watched:
    """What the hand did after the last fresh command: times count from there."""

    origin_us: int
    error_ms: float
    heard: list[Heard]
    moves: Moves

    def at_ms(self, one: Heard) -> float:
        """When the hand told this."""
        return apart_ms(one.fields["hand_us"], self.origin_us)

    def first(self, wanted: Callable[[dict[str, Any]], bool]) -> Reading:
        """When the first STATE showed it; by_ms is infinite when none did."""
        last_ms = 0.0
        for one in states(self.heard):
            at = self.at_ms(one)
            if at < 0:
                continue
            if wanted(one.fields):
                return Reading(last_ms, at, self.error_ms)
            last_ms = at
        return Reading(last_ms, float("inf"), self.error_ms)

    def state(self, *names: str) -> Reading:
        """When it was first in one of these states."""
        numbers = [GUARD[name] for name in names]
        return self.first(lambda fields: fields["state"] in numbers)

    def standing(self) -> Reading:
        """When the moving joint came to rest. NotMeasurableError when the hand fell silent before
        that could be seen."""
        slow = max(_STANDS_DPS, _STANDS_SHARE * abs(self.moves.speed_dps))
        told = states(self.heard)
        if not told or self.at_ms(told[-1]) < _WATCHED_MS:
            raise NotMeasurableError("the hand did not tell its positions for long enough")
        reading = Reading(0.0, 0.0, self.error_ms)
        for before, now in zip(told, told[1:], strict=False):
            start, end = self.at_ms(before), self.at_ms(now)
            joint = self.moves.joint
            went = abs(positions(now)[joint] - positions(before)[joint])
            if end > 0 and end > start and went / (end - start) * 1000 > slow:
                reading = Reading(max(start, 0.0), end, self.error_ms)
        return reading


def watch_after_driving(
    subject: Subject,
    meanwhile: Callable[[Subject], object],
    seconds: float = DRIVE_S,
    **fields: Any,
) -> Watched:
    """Drives the hand so long with commands that have these fields, then does `meanwhile` and
    listens."""
    moves = know_moves(subject)
    subject.activate()
    target = next_drive(subject, subject.drive(0.0, 0.06)[1])
    sent, driving = subject.drive(target, seconds, **fields)
    told = states(driving)
    if not told or told[-1].fields["state"] != GUARD["active"]:
        raise NotMeasurableError("the hand was not active when the commands were to end")
    if abs(positions(told[-1])[moves.joint] - positions(told[0])[moves.joint]) < 2 * STILL_DEG:
        raise NotMeasurableError("the hand was not moving when the commands were to end")
    from_then = len(subject.heard) - 1
    error_ms = subject.error_ms() + subject.line_ms(COMMAND_BYTES) + subject.wrote_ms
    origin_us = subject.hand_us(sent)
    meanwhile(subject)
    return Watched(origin_us, error_ms, subject.heard[max(from_then, 0) :], moves)
