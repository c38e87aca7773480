# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hand says, in words and units; what it did not do, in one sentence."""

from __future__ import annotations

from typing import Any

from endplate import core

#: Guard states in which the hand is armed: it moves, or will when commands come.
DRIVING = tuple(
    getattr(core.lib, f"GUARD_{name}") for name in ("ARMED", "ACTIVE", "STALE", "OPEN_ONLY")
)

NO_FORCE = 65535  # TOUCH (SPEC.md)

#: Bits of HELLO_ACK.capabilities and codes of its reset_cause (SPEC.md, HELLO_ACK).
CAPABILITIES = {
    0: "measures position and velocity",
    1: "measures current",
    2: "measures temperature and voltage",
    3: "its motor bus stops by itself when the hand stops (bus watchdog set)",
    4: "a hardware watchdog restarts it",
    5: "heeds `force_cap`",
    6: "has parameters: answers PARAM_INFO to PARAM_RESET",
    7: "takes blobs and EMG",
    8: "decodes beside the host, as its shadow (`decode` = 1)",
    9: "decodes by itself: COMMAND does not move it (`decode` = 2)",
    10: "measures fingertip force",
    11: "has a tactor (off until the parameter `tactor` is set)",
    12: "tells what happens to it in a log: sends LOG",
    13: "has a position mode: COMMAND's mode 2",
    14: "reads its own electrodes: takes no EMG (`emg_source` = 1)",
}
RESET_CAUSES = ("unknown", "power came on", "reset pin", "brown-out", "watchdog", "software")

#: Counters of refused frames (wire_counters, in SPEC.md's order), as "3 ..." for a person.
REFUSALS = {
    "bad_cobs": "garbled",
    "bad_short": "cut short",
    "bad_long": "too long: a delimiter was lost",
    "bad_crc": "damaged (CRC)",
    "bad_version": "of another version of the protocol",
    "bad_message": "of an unknown message",
    "bad_length": "of another length than their message",
    "bad_session": "of another session",
    "bad_sequence": "twice or too late",
    "bad_value": "with a value out of its range",
    "bad_stale": "COMMANDs with EMG too old",
}

_FAULTS = {
    "table": "its hand table is damaged: flash the firmware again",
    "bus": "none of its motors answers: check the battery and the motor cable",
    "actuator": "one of its motors does not answer as it should: check the motor cables",
    "parameters": "its saved parameters were damaged and it runs as it was built: set them again "
    "and save (endplate hand params)",
    "hardware": "a motor reports an error: let it cool and free the fingers",
    "link noise": "the line to it damages many frames: move or change its cable",
}
#: Of those that do not stop the hand: what it means, and what to do.
_NOTICES = {
    "actuator": "A motor of the hand does not answer as it should and what it moves stands: check "
    "the motor cables; when it is back, relax once.",
    "hardware": "A motor of the hand reports an error and what it moves stands: let it cool and "
    "free the fingers; the hand starts it anew, then relax once.",
    "link noise": "The line to the hand damages many frames and it moves at half speed at most: "
    "move or change its cable.",
}
_STOPS = tuple(
    word for bit, word in core.GUARD_FAULTS.items() if bit & core.lib.GUARD_FAULT_STOPS
)


def hello(fields: dict[str, Any]) -> dict[str, Any]:
    """HELLO_ACK as shown: name and version as text."""
    return {
        **fields,
        "name": bytes(fields["name"]).rstrip(b"\0").decode(errors="replace"),
        "firmware": ".".join(str(part) for part in fields["firmware"]),
        "uid": bytes(fields["uid"]).hex(),
    }


def capabilities(bits: int) -> list[str]:
    """What the hand answers to, in words; bits that are not known are left out."""
    return [words for bit, words in CAPABILITIES.items() if bits >> bit & 1]


def reset_cause(code: int) -> str:
    """Why the hand last started."""
    return RESET_CAUSES[code] if code < len(RESET_CAUSES) else f"code {code}"


def state(fields: dict[str, Any], info: dict[str, Any]) -> dict[str, Any]:
    """STATE as shown: words, degrees, degrees per second, mA; only the DoF and joints there are."""
    dofs, joints = info["dofs"], info["joints"]
    return {
        "number": fields["state"],
        "word": core.GUARD_STATES.get(fields["state"], "unknown"),
        "limits": [core.GUARD_LIMITS.get(code, "unknown") for code in fields["limit"][:dofs]],
        "faults": [word for bit, word in core.GUARD_FAULTS.items() if fields["faults"] & bit],
        "grip": fields["grip"],
        "position_deg": [value / 100 for value in fields["position"][:joints]],
        "velocity_dps": [value / 10 for value in fields["velocity"][:joints]],
        "current_ma": list(fields["current"][:joints]),
        "hand_us": fields["hand_us"],
        "command_us": fields["command_us"],
        "applied_us": fields["applied_us"],
        "applied_sample": fields["applied_sample"],
    }


def full(fields: dict[str, Any], joints: int) -> dict[str, Any]:
    """STATE_FULL as shown: degrees, degrees Celsius, volts."""
    missing = int.from_bytes(bytes(fields["missing"]), "little")
    return {
        "goal_deg": [value / 100 for value in fields["goal"][:joints]],
        "temperature_c": list(fields["temperature"][:joints]),
        "voltage_v": [value / 10 for value in fields["voltage"][:joints]],
        "hardware_error": list(fields["hardware_error"][:joints]),
        "missing": [bool(missing >> joint & 1) for joint in range(joints)],
    }


def touch(fields: dict[str, Any]) -> dict[str, Any]:
    """TOUCH as shown: newton per digit (None: no sensor, or a broken one), contact, slip, 0..1."""
    digits = range(len(fields["force"]))
    return {
        "force_n": [None if force == NO_FORCE else force / 100 for force in fields["force"]],
        "contact": [bool(fields["contact"] >> digit & 1) for digit in digits],
        "slip": [bool(fields["slip"] >> digit & 1) for digit in digits],
        "tactor": round(fields["tactor"] / 255, 3),
    }


def obeyed(msg: str, number: int) -> bool:
    """Whether a hand in guard state `number` has done what `msg` asked."""
    lib = core.lib
    if msg == "ARM":
        return number in DRIVING
    if msg == "DISARM":
        return number not in DRIVING and number != lib.GUARD_RELEASING
    if msg == "RELEASE":
        return number == lib.GUARD_RELEASING
    if msg == "ESTOP":
        return number == lib.GUARD_ESTOP
    if msg == "RESTART":
        return number in (lib.GUARD_DISARMED, lib.GUARD_FAULT)
    return number != lib.GUARD_FAULT


def fault(now: dict[str, Any]) -> str:
    """What is wrong with a hand, and what to do; "" for one that is well."""
    faults = now.get("faults") or []
    if now.get("word") != "fault":
        return " ".join(words for word, words in _NOTICES.items() if word in faults)
    why = " and ".join(_FAULTS.get(word, word) for word in faults if word in _STOPS)
    if not why:
        return "The hand had a fault, which is over: clear it, then arm the hand again."
    return f"The hand stopped: {why}."


def refusal(msg: str, now: dict[str, Any], info: dict[str, Any]) -> str:
    """Why the hand has not obeyed `msg` within its time."""
    did = {
        "ARM": "arm",
        "DISARM": "confirm that it stopped",
        "RELEASE": "open",
        "ESTOP": "confirm the emergency stop",
        "CLEAR_FAULT": "leave its fault",
        "RESTART": "restart",
    }[msg]
    word = now.get("word")
    if word == "estop":  # first: without power its motors do not answer either
        return f"The hand did not {did}: it is in emergency stop until its power is cut."
    faults = [word for word in now.get("faults") or [] if word in _STOPS]
    if faults:
        why = _FAULTS.get(faults[0], f"fault: {faults[0]}")
        return f"The hand did not {did}: {why}."
    if word == "releasing":
        return f"The hand did not {did} while it opens: wait until it is open, or stop it."
    if word in ("boot", "self test"):
        return f"The hand did not {did}: its self-test is still running, try again."
    if word is None or not info:
        return f"The hand did not {did} because it does not answer: is it switched on?"
    return f"The hand did not {did}; it says: {word}. Try again, or switch it off and on."


def other_schema(info: dict[str, Any]) -> str:
    """The hand's firmware was built from another wire.h."""
    version = ".".join(str(part) for part in info["firmware"])
    return (
        f"The hand's firmware {version} speaks schema {info['schema_hash']:08x}, this program "
        f"{core.SCHEMA_HASH:08x}: flash the firmware that belongs to this version of Endplate."
    )


def other_hand_file(info: dict[str, Any], ours: int) -> str:
    """The firmware was built for another hand file."""
    name = bytes(info["name"]).rstrip(b"\0").decode(errors="replace")
    return (
        f"The hand was built for another hand file ({name}, {info['hand_hash']:08x}) than the one "
        f"chosen here ({ours:08x}): choose its hand file, or flash it for this one."
    )


def no_answer(port: str, baud: int, counters: dict[str, int]) -> str:
    """Nothing usable came: tells apart silence, noise and another version."""
    if counters["bad_version"]:
        return (
            f"The hand on {port} speaks another version of the protocol: flash the firmware that "
            "belongs to this version of Endplate."
        )
    if counters["bytes"] and not counters["frames"]:
        return (
            f"Something on {port} answers, but not as a hand does: check the port and its baud "
            f"rate ({baud})."
        )
    return f"The hand on {port} does not answer: is it switched on?"
