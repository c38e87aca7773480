# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a hand can be judged as it is, said before anything moves; and its hand file."""

from __future__ import annotations

import time

from endplate.conformance.line import Heard
from endplate.conformance.subject import Subject
from endplate.errors import HandError
from endplate.hardware import Hand, hand_names, load_hand
from endplate.live import hand_words

_SETTLES_S = 2.0  # a motor that was off for a moment is trusted again by then
_DECODES_BIT = 9  # of the capabilities: COMMAND does not move it
_TOLD_S = 0.5


def known_hand(hand_hash: int) -> Hand | None:
    """The hand file that a hand was built for, when it is one of ours."""
    return next((hand for hand in map(load_hand, hand_names()) if hand.hash32 == hand_hash), None)


def judgeable(subject: Subject) -> None:
    """For a hand that is disarmed. Raises HandError when a motor is missing or in error, or when it
    does not heed commands: what would be found then says nothing of the hand as it should be."""
    if subject.info["capabilities"] >> _DECODES_BIT & 1:
        raise HandError(
            f"The hand on {subject.port.name} cannot be judged while it decodes by itself: "
            "`endplate hand set` its parameter decode to 0, then verify it again."
        )
    end = time.monotonic() + _SETTLES_S
    while (wrong := _wrong(subject)) and time.monotonic() < end:
        pass
    if wrong:
        raise HandError(f"The hand on {subject.port.name} cannot be judged: {wrong}.")


def _wrong(subject: Subject) -> str:
    """What is wrong with a motor, and what to do; "" when nothing is."""
    state = subject.wait(lambda h: h.frame.msg == "STATE", _TOLD_S)
    told = subject.wait(_full, _TOLD_S)
    if state is None or told is None:
        return "it tells too little of its motors: check the line and its baud rate"
    full = hand_words.full(told.fields, subject.info["joints"])
    for joint, error in enumerate(full["hardware_error"]):
        if error:
            return (
                f"the motor of {joint_name(subject, joint)} reports error {error}: let it cool, "
                "free the joint, switch the hand off and on, then verify it again"
            )
    for joint, missing in enumerate(full["missing"]):
        if missing:
            return (
                f"the motor of {joint_name(subject, joint)} does not answer: check its cable and "
                "its id, then verify it again"
            )
    faults = hand_words.state(state.fields, subject.info)["faults"]
    if "actuator" in faults or "hardware" in faults:
        return (
            "one of its motors does not answer as it should: check the motor cables, then verify "
            "it again"
        )
    return ""


def joint_name(subject: Subject, joint: int) -> str:
    """As its hand file names it, or its number on the wire."""
    if subject.hand is not None:
        one = subject.hand.joints[joint]
        return f"{one.name} (id {one.actuator})"
    return f"joint {joint + 1}"


def _full(one: Heard) -> bool:
    return one.frame.msg == "STATE_FULL"
