# SPDX-License-Identifier: GPL-3.0-or-later
"""A posture of the hand in one number a DoF, degrees: what a TAC test asks for and judges.

Of a DoF that drives a joint it is that joint's angle; of the grip it is the angle of the joint that
the grip bends furthest (the index of a power grip), which stands for all its fingers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from endplate.errors import HandError
from endplate.hardware import Grip, Hand


@dataclass(frozen=True)
class Axis:
    """One DoF: its `joint`, the way between `least` and `most` degrees, and the degrees a second of
    full positive velocity, signed."""

    dof: str
    joint: str
    least: float
    most: float
    speed_dps: float

    @property
    def way(self) -> float:
        """From one end to the other, degrees."""
        return self.most - self.least

    @property
    def neutral(self) -> float:
        """Half way, degrees: both directions have room."""
        return (self.least + self.most) / 2


def grip_of(hand: Hand, name: str = "") -> Grip:
    """The grip of that name, else the hand's rest grip."""
    found = {grip.name: grip for grip in hand.grips}
    return found.get(name) or found[hand.rest_grip]


def axes(hand: Hand, dofs: Sequence[str], grip: str = "") -> tuple[Axis, ...]:
    """Of the hand's table. Raises HandError for a DoF that the hand does not have."""
    known = {dof.name: dof for dof in hand.dofs}
    made = []
    for name in dofs:
        if name not in known:
            raise HandError(f"The hand {hand.name} has no DoF {name[:40]}: choose another hand.")
        dof = known[name]
        if dof.joint:
            joint = hand.joint(dof.joint)
            made.append(Axis(name, dof.joint, joint.min_deg, joint.max_deg, joint.speed_dps))
            continue
        one = grip_of(hand, grip)
        lead = max(one.open_deg, key=lambda joint: abs(one.closed_deg[joint] - one.open_deg[joint]))
        opened, closed = one.open_deg[lead], one.closed_deg[lead]
        bends_s = (one.stop[lead] - one.start[lead]) * one.close_s
        speed = dof.closing * (closed - opened) / bends_s
        made.append(Axis(name, lead, min(opened, closed), max(opened, closed), speed))
    return tuple(made)


def moved(posture: np.ndarray, velocity: np.ndarray, seconds: float, along: Sequence[Axis]
          ) -> np.ndarray:  # fmt: skip
    """A posture [DoF] after velocities -1..1 for so long, stopped at the ends."""
    speed = np.array([axis.speed_dps for axis in along])
    least, most = (np.array([getattr(axis, end) for axis in along]) for end in ("least", "most"))
    return np.clip(posture + velocity * speed * seconds, least, most)


def joints(hand: Hand, posture: Mapping[str, float], grip: str = "") -> dict[str, float]:
    """Degrees of every joint for DoF in degrees, to draw it; those not named stand half way."""
    one = grip_of(hand, grip)
    every = axes(hand, [dof.name for dof in hand.dofs], grip)
    named = {**{axis.dof: axis.neutral for axis in every}, **posture}
    angles = {joint.name: min(max(0.0, joint.min_deg), joint.max_deg) for joint in hand.joints}
    for axis in every:
        if axis.joint not in one.open_deg:
            angles[axis.joint] = named[axis.dof]
            continue
        opened, closed = one.open_deg[axis.joint], one.closed_deg[axis.joint]
        part = (named[axis.dof] - opened) / (closed - opened) if closed != opened else 0.0
        start, stop = one.start[axis.joint], one.stop[axis.joint]
        closure = start + part * (stop - start)
        for name, open_deg in one.open_deg.items():
            bent = (closure - one.start[name]) / (one.stop[name] - one.start[name])
            angles[name] = open_deg + min(1.0, max(0.0, bent)) * (one.closed_deg[name] - open_deg)
    return angles
