# SPDX-License-Identifier: GPL-3.0-or-later
"""A hand that only moves on the screen: velocities through the hand's own table (hand.h)."""

from __future__ import annotations

import math

from endplate import core
from endplate.hardware import Hand, core_table

LONGEST_S = 0.1  # of one step; hand.h counts no more


class VirtualHand:
    """Starts where every joint is 0, or as near to it as its limits let it."""

    def __init__(self, hand: Hand) -> None:
        self._config = core.ffi.new("hand_config *", core_table(hand))
        self._state = core.ffi.new("hand_state *")
        self._joints = [joint.name for joint in hand.joints]
        self._dofs = len(hand.dofs)
        start = [min(max(0.0, joint.min_deg), joint.max_deg) for joint in hand.joints]
        status = core.lib.hand_init(self._state, self._config, self._floats(start))
        core.check(status, "The virtual hand cannot start")
        self._unknown = self._floats([math.nan] * len(start))

    @staticmethod
    def _floats(values: list[float]) -> object:
        room = core.MAX_JOINTS - len(values)
        return core.ffi.new("float[]", values + [math.nan] * room)

    def grip(self, number: int) -> None:
        """Another grip; the fingers go towards it with the next motion."""
        if self._state.grip != number:
            core.lib.hand_select_grip(self._state, self._config, number)

    def move(self, velocity: list[float], seconds: float) -> None:
        """Velocities -1..1 per DoF of the hand, for so long."""
        wanted = core.ffi.new("float[]", velocity[: core.MAX_DOF])
        step = min(seconds, LONGEST_S)
        status = core.lib.hand_process(self._state, self._config, wanted, self._unknown, step)
        core.check(status, "The virtual hand cannot move")

    @property
    def joints_deg(self) -> list[float]:
        """Where its joints are, in the order of the hand's."""
        return [round(float(self._state.goal_deg[k]), 1) for k in range(len(self._joints))]
