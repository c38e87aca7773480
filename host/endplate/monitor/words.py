# SPDX-License-Identifier: GPL-3.0-or-later
"""What the feed says of hand and session, in the words of the clinic: what to do, no codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from endplate.clinic.hand_state import ARMED as ARMED
from endplate.clinic.hand_state import STATES as STATES
from endplate.clinic.hand_state import hand as hand
from endplate.fit.guided.protocol import plain
from endplate.monitor.site_words import frozen, ohms

LIMITS = {
    "none": "",
    "estop": "stopped",
    "fault": "fault",
    "releasing": "opening slowly",
    "disarmed": "disarmed",
    "link lost": "link lost",
    "host frozen": "no new samples decoded",
    "stale": "no fresh command",
    "neutral": "relax once to begin",
    "supply": "battery low: only opens, slowly",
    "actuator": "frozen: a motor it needs does not answer as it should",
    "site": "frozen: a site it needs is bad",
    "stall": "holds: relax, then squeeze again",
    "hot": "slower: a motor is hot",
    "position": "at its end",
}


#: Request -> what it did, in words, once it was granted.
DONE = {
    "stop": "Stopped: the hand holds still until it is armed again.",
    "release": "The hand opens slowly, then it is disarmed.",
    "estop": "Emergency stop: drive off until the hand is switched off and on.",
    "clear_fault": "The fault is cleared: the hand is disarmed.",
    "arm": "Armed: relax once, then the hand follows.",
    "disarm": "Disarmed: the hand holds still.",
    "profile": "{name} is loaded: arm, then relax once.",
    "shadow": "{name} runs as a shadow: it moves the small hand only, until you let it drive (S).",
    "contacts": "Contacts: rest and hold still for {seconds} s.",
    "grip": "Grip: {name}.",
    "promote": "{name} drives the hand now.",
    "demote": "{name} drives the hand again.",
    "direct": "{name} drives the hand now.",
}  # of others nothing is said: what they did is seen
#: What is said of the hand -> its states while that is true.
TRUE_OF_HAND = {
    DONE["stop"]: ("disarmed",),
    DONE["release"]: ("releasing", "disarmed"),
    DONE["estop"]: ("estop",),
    DONE["clear_fault"]: ("disarmed",),
    DONE["arm"]: ("armed",),
    DONE["disarm"]: ("disarmed",),
}
#: Key -> what it switches: see `switch`.
SWITCHES = ("s", "x")


def switch(key: str, status: Mapping[str, Any]) -> str:
    """The request behind a key of SWITCHES."""
    if key == "x":
        return "direct"
    return "demote" if (status.get("beside") or {}).get("promoted") else "promote"


def next_grip(status: Mapping[str, Any], grips: Sequence[str]) -> str:
    """The one after that in force, whoever chose it; of a hand with grips."""
    now = status.get("grip")
    return grips[(grips.index(now) + 1) % len(grips) if now in grips else 0]


def beside(status: Mapping[str, Any], dofs: Sequence[str]) -> list[str]:
    """Who drives, if that is a question, what the shadow would do, and what is offered."""
    now = status.get("beside") or {}
    shadow, lines = now.get("shadow"), []
    if shadow or now.get("direct") or now.get("promoted"):
        lines.append(f"Drives: {now['drives']}")
    for dof in now.get("moves") or []:
        lines.append(f"It moves {plain(dof)}; both muscles at once: the next movement.")
    if shadow:
        moves = [
            f"{plain(dof)} {value:+.2f}"
            for dof, value in zip(dofs, shadow["velocity"], strict=False)
            if abs(value) > 0.005
        ]
        lines.append(f"Shadow: {shadow['name']}: {', '.join(moves) or 'still'}")
    if now.get("waiting"):
        lines.append(f"Relax once: {now['next']} takes over at the next rest.")
    if now.get("offer"):
        lines.append(str(now["offer"]))
    return lines


def done(verb: str, fields: Mapping[str, Any]) -> str:
    """What a granted request did; nothing yet of one that waits, which `beside` tells."""
    if verb == "shadow" and not fields.get("name"):
        return "The shadow is gone."
    return "" if fields.get("waiting") else DONE.get(verb, "").format(**fields)


def contacts(found: Mapping[str, Any]) -> str:
    """How measuring them ended; "" while it has not."""
    if "worst" not in found:
        return str(found.get("sentence", ""))
    return f"{found['sentence']} The worst is {found['worst']}: {ohms(found['ohm'])}."


def alerts(status: Mapping[str, Any]) -> list[str]:
    """Sentences of what is lost or fails: board, hand, recording."""
    board, recording = status.get("board") or {}, status.get("recording") or {}
    hand_status = status.get("hand") or {}
    found = []
    if board and board.get("health") != "ok":
        found.append(board.get("sentence") or "The board sends no samples.")
    if hand_status.get("port") and not hand_status.get("connected"):
        found.append(hand_status.get("sentence") or "The hand does not answer.")
    if hand_status.get("word") == "fault" and hand_status.get("sentence"):
        found.append(hand_status["sentence"])  # it says which
    if recording and recording.get("health", "ok") != "ok":
        found.append(recording.get("sentence") or "Nothing is recorded.")
    return [str(sentence) for sentence in found]


def said(hand_status: Mapping[str, Any]) -> str:
    """Who decodes, unless it is this computer, and the newest of the hand's log."""
    decoding = hand_status.get("decoding") or {}
    who = decoding.get("who", "") if decoding.get("mode", "host") != "host" else ""
    return "\n".join(filter(None, [who, (hand_status.get("log") or {}).get("text", "")]))


def clock(hand_status: Mapping[str, Any]) -> str:
    """How well the hand's clock is known; empty without a hand."""
    if not hand_status.get("connected"):
        return ""
    return (
        f"Hand's clock known to {hand_status['clock_error_us'] / 1000:.2f} ms (shortest round trip "
        f"{hand_status['clock_round_trip_us'] / 1000:.2f} ms, drift "
        f"{hand_status['clock_drift_ppm']:+.0f} ppm)"
    )


def limit(name: str) -> str:
    """A limit code in words; empty when nothing limits."""
    return LIMITS.get(name, name)


def limits(status: Mapping[str, Any], dofs: Sequence[str], labels: Sequence[str]) -> list[str]:
    """What limits each DoF, in words; `labels` of all channels."""
    hand_status = status.get("hand") or {}
    here = (hand_status.get("decoding") or {}).get("mode", "host") == "host"
    return [
        frozen(dof, status, labels) if why == "site" and here else limit(str(why))
        for dof, why in zip(dofs, hand_status.get("limits") or [], strict=False)
    ]


def duration(seconds: float) -> str:
    """m:ss."""
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02d}"
