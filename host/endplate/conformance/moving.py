# SPDX-License-Identifier: GPL-3.0-or-later
"""Moves one DoF of a hand on a bench: at a velocity for a while, or to where it shall be.

These commands come from no EMG: `Subject` counts samples that nobody took. They have no place in a
live session, which is why this is not in `endplate.live`. The hand's own limits hold all the same,
and it stops by itself when this program does.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from endplate import core
from endplate.conformance.subject import HOP_S, Subject
from endplate.errors import HandError
from endplate.hardware import Dof, Grip, Hand
from endplate.live import hand_words

SLOWS_S = 0.3  # a DoF that would be there within it is driven more slowly
STILL_S = 0.2  # it has to be there for so long
NEAR_DEG, NEAR_CLOSURE = 1.0, 0.02
VALID_MS = 100
_SILENT_S = 0.4  # a hand not heard of for longer is moved no further
_PATIENCE_S = 2.0  # longer than its way takes at half the speed
_DRIVEN = ("active", "stale", "open only")


def closure_of(hand: Hand, grip: Grip, position_deg: list[float]) -> float:
    """How far a grip is closed, 0..1: the place on its path that lies nearest to the joints."""
    path = np.linspace(0.0, 1.0, 201)
    off = np.zeros_like(path)
    for joint, now in zip(hand.joints, position_deg, strict=False):
        if joint.name in grip.open_deg:
            start, stop = grip.start[joint.name], grip.stop[joint.name]
            opened, closed = grip.open_deg[joint.name], grip.closed_deg[joint.name]
            share = np.clip((path - start) / (stop - start), 0.0, 1.0)
            off += (opened + share * (closed - opened) - now) ** 2
    return float(path[np.argmin(off)])


@dataclass
class Seen:
    """A DoF by the newest STATE: degrees of its joint, or 0..1 of the grip."""

    at: float
    current_ma: int
    limit: str
    word: str  # state of the guard
    faults: list[str]
    ns: int


class Mover:
    """One DoF of an active hand. `seen` is what the newest STATE says of it."""

    def __init__(self, subject: Subject, hand: Hand, dof: Dof, grip: int) -> None:
        self._subject, self._hand, self._grip_number = subject, hand, grip
        self.dof, self.grip = dof, hand.grips[grip]
        self._number = hand.dofs.index(dof)
        self.seen: Seen | None = None
        names = [joint.name for joint in hand.joints]
        if dof.joint is not None:
            joint = hand.joint(dof.joint)
            self.low, self.high, self.full = joint.min_deg, joint.max_deg, joint.speed_dps
            self.near, self._joints = NEAR_DEG, [names.index(joint.name)]
        else:
            self.low, self.high, self.full = 0.0, 1.0, 1.0 / self.grip.close_s
            self.near = NEAR_CLOSURE
            self._joints = [i for i, name in enumerate(names) if name in self.grip.open_deg]

    def activate(self) -> None:
        """ARM, then neutral commands until it is active. HandError when it does not."""
        subject = self._subject
        subject.arm()
        armed = subject.wait_state("armed", 1.0)
        if armed is None or not subject.drive_until("active", 0.0, grip=self._grip_number):
            states = [one.fields for one in subject.heard if one.frame.msg == "STATE"]
            now = hand_words.state(states[-1], subject.info) if states else {}
            raise HandError(hand_words.refusal("ARM", now, subject.info))

    def drive(self, velocity: float) -> None:
        """One command, -1..1 of full velocity, and what the hand says until the next is due.
        HandError when it is not to be moved any further."""
        target = [0] * core.MAX_DOF
        target[self._number] = round(core.TARGET_UNIT * velocity)
        _, heard = self._subject.drive(
            0.0, HOP_S, target=target, grip=self._grip_number, valid_ms=VALID_MS
        )
        for one in heard:
            if one.frame.msg == "STATE":
                self._see(hand_words.state(one.fields, self._subject.info), one.ns)
        if self.seen is None or time.monotonic_ns() - self.seen.ns > _SILENT_S * 1e9:
            raise HandError("The hand does not tell its state any more: it stops by itself.")
        if self.seen.word not in _DRIVEN:
            raise HandError(
                hand_words.fault({"word": self.seen.word, "faults": self.seen.faults})
                or f"The hand stopped by itself: {self.seen.word}."
            )

    def _see(self, state: dict[str, Any], ns: int) -> None:
        position = state["position_deg"]
        if self.dof.joint is not None:
            at = position[self._joints[0]]
        else:
            at = closure_of(self._hand, self.grip, position)
        current = sum(abs(state["current_ma"][i]) for i in self._joints)
        self.seen = Seen(
            at, current, state["limits"][self._number], state["word"], state["faults"], ns
        )

    def for_a_while(self, velocity: float, seconds: float, show: Callable[[], None]) -> bool:
        """At this velocity; `show` is called 50 times a second."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.drive(velocity)
            show()
        return True

    def to(self, target: float, speed: float, show: Callable[[], None]) -> bool:
        """To degrees, or a closure; whether it came there and stayed."""
        self.drive(0.0)
        assert self.seen is not None
        way_s = abs(target - self.seen.at) / (self.full * speed)
        end = time.monotonic() + 2 * way_s + _PATIENCE_S
        there: float | None = None
        while time.monotonic() < end:
            left = target - self.seen.at
            self.drive(max(-speed, min(speed, left / (self.full * SLOWS_S))))
            show()
            if abs(target - self.seen.at) > self.near:
                there = None
            elif there is None:
                there = time.monotonic()
            elif time.monotonic() - there >= STILL_S:
                return True
        return False
