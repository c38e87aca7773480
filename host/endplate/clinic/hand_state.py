# SPDX-License-Identifier: GPL-3.0-or-later
"""The hand's state in the words of the clinic, for window and terminal alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Guard states in which commands move the hand, or soon will.
ARMED = ("armed", "active", "stale")

#: Guard state -> what it means for the person in front of it.
STATES = {
    "boot": "Hand starting",
    "self test": "Hand checking its motors",
    "disarmed": "Hand disarmed: it holds still",
    "armed": "Hand armed: relax once, then it follows",
    "active": "Hand follows",
    "stale": "Hand waits: no fresh command",
    "link lost": "Link lost: arm again",
    "open only": "Battery low: the hand only opens, slowly",
    "releasing": "Hand opens slowly",
    "fault": "✕ Hand has a fault",
    "estop": "STOPPED: switch the hand off and on",
}


def hand(status: Mapping[str, Any]) -> str:
    """The hand's state in words."""
    hand_status = status.get("hand") or {}
    if hand_status.get("connected"):
        word = str(hand_status.get("word", ""))
        return STATES.get(word, word.capitalize())
    return "✕ No hand" if hand_status.get("port") else "No hand"


def follows(status: Mapping[str, Any]) -> bool:
    """Whether the hand does what is decoded, or will once the person relaxes."""
    hand_status = status.get("hand") or {}
    return bool(hand_status.get("connected")) and hand_status.get("word") in ARMED
