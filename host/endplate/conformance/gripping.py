# SPDX-License-Identifier: GPL-3.0-or-later
"""Requirements on grips: which one is in force, and how hard it may press."""

from __future__ import annotations

from endplate import core
from endplate.conformance.line import Heard
from endplate.conformance.motion import (
    STILL_DEG,
    comes_to_rest,
    know_moves,
    moved_deg,
    ready_still,
    states,
    words_of,
)
from endplate.conformance.subject import DRIVE_S, Subject
from endplate.conformance.verdict import Finding, LackingError, NotMeasurableError, holds

_OTHER = 1
_SETTLE_S = 0.12
_CAP = 13  # of 254: a twentieth of the motor's limit
_SHOWS_MA = 5.0  # noise of a current, and its resolution
_TWICE = 2.0  # a cap is only seen by a hand that takes so much more without it


def waits_for_rest(subject: Subject) -> Finding:
    """Another grip is asked for in a movement, then while the hand stands."""
    if subject.info["grips"] < 2:
        raise LackingError("the hand has one grip")
    target = ready_still(subject)
    told = states(subject.drive(target, DRIVE_S / 2)[1])
    told += states(subject.drive(target, DRIVE_S / 2, grip=_OTHER)[1])
    if _grips(told) - {0}:
        return holds(False, "another grip in force while it moved", "waits until it stands")
    if words_of(told) != ["active"]:
        raise NotMeasurableError("the hand did not stay active in the movement")
    if not comes_to_rest(subject, driven=True):
        raise NotMeasurableError("the hand does not come to rest with neutral commands")
    subject.drive(0.0, 2 * _SETTLE_S, grip=_OTHER)
    told, moved = states(subject.heard), moved_deg(subject.heard)
    taken = told[-1].fields["grip"] == _OTHER
    back = states(subject.drive(0.0, _SETTLE_S)[1])
    return holds(
        taken and moved <= STILL_DEG and bool(back) and back[-1].fields["grip"] == 0,
        f"{'taken' if taken else 'not taken'} when it stood, moved {moved:.2f} degrees",
        f"waits until it stands; {STILL_DEG} degrees",
    )


def heeds_the_cap(subject: Subject) -> Finding:
    """The same movement with the motors' own limit, and with a twentieth of it."""
    if subject.hand is None:
        raise LackingError("the hand's file is none of those here: its motors' limits are unknown")
    moves = know_moves(subject)
    cap_ma = subject.hand.joints[moves.joint].current_ma * _CAP / 254
    allowed_ma = 1.1 * cap_ma + _SHOWS_MA
    target = ready_still(subject)
    free = _most_ma(states(subject.drive(target, DRIVE_S)[1]), moves.joint)
    if free < _TWICE * allowed_ma:
        raise LackingError(
            f"the free hand takes {free:.0f} mA: too little to see a cap of {cap_ma:.0f} mA"
        )
    caps = {"force_cap": [_CAP] + [255] * (core.MAX_DOF - 1)}
    subject.drive(0.0, 2 * _SETTLE_S, **caps)
    capped = _most_ma(states(subject.drive(-target, DRIVE_S, **caps)[1]), moves.joint)
    return holds(
        capped <= allowed_ma,
        f"{capped:.0f} mA with a cap of {cap_ma:.0f}, {free:.0f} without",
        f"{allowed_ma:.0f} mA",
    )


def _grips(told: list[Heard]) -> set[int]:
    return {one.fields["grip"] for one in told}


def _most_ma(told: list[Heard], joint: int) -> float:
    if not told:
        raise NotMeasurableError("the hand does not tell its currents")
    return max(abs(one.fields["current"][joint]) for one in told)
