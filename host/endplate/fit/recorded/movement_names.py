# SPDX-License-Identifier: GPL-3.0-or-later
"""What other people call a movement, and which DoF it moves in which direction.

    movement("Hand_Close")                     {"hand": 1.0}
    movement("wrist flexion + hand open")      {"wrist_flexion": 1.0, "hand": -1.0}
    movement("rest")                           {}
    movement("jump")                           None
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from endplate.errors import UsageError
from endplate.fit.guided.protocol import WORDS

LEFT_OUT = "none"
_REST = {"rest", "relax", "relaxed", "no motion", "no movement", "idle", "baseline", "hibernation"}
_OTHER = {
    "hand close": ("hand", 1.0), "hand closing": ("hand", 1.0), "fist": ("hand", 1.0),
    "hand closed": ("hand", 1.0), "power grip": ("hand", 1.0), "chuck grip": ("hand", 1.0),
    "grasp": ("hand", 1.0), "hand open": ("hand", -1.0), "hand opening": ("hand", -1.0),
    "wrist flexion": ("wrist_flexion", 1.0), "flex wrist": ("wrist_flexion", 1.0),
    "flex hand": ("wrist_flexion", 1.0), "wrist extension": ("wrist_flexion", -1.0),
    "extend hand": ("wrist_flexion", -1.0), "pronation": ("wrist_rotation", 1.0),
    "wrist pronation": ("wrist_rotation", 1.0), "forearm pronation": ("wrist_rotation", 1.0),
    "supination": ("wrist_rotation", -1.0), "wrist supination": ("wrist_rotation", -1.0),
    "forearm supination": ("wrist_rotation", -1.0), "radial deviation": ("wrist_deviation", 1.0),
    "ulnar deviation": ("wrist_deviation", -1.0), "elbow flexion": ("elbow", 1.0),
    "elbow extension": ("elbow", -1.0),
}  # fmt: skip
_KNOWN = _OTHER | {
    said.lower(): (dof, sign)
    for dof, pair in WORDS.items()
    for said, sign in zip(pair, (1.0, -1.0), strict=True)
}


def plain(name: str) -> str:
    """Lower case, words apart by one blank."""
    return re.sub(r"[\s_\-]+", " ", name).strip().lower()


def movement(name: str) -> dict[str, float] | None:
    """DoF -> -1 or 1 of a movement or several joined by "+"; empty at rest; None if unknown."""
    if plain(name) in _REST:
        return {}
    found = {}
    for part in name.split("+"):
        if plain(part) not in _KNOWN:
            return None
        dof, sign = _KNOWN[plain(part)]
        found[dof] = sign
    return found


def given(options: list[str]) -> dict[str, dict[str, float] | None]:
    """The user's own words, NAME=DOF+, NAME=DOF-, NAME=rest, NAME=none (None: left out); several
    DoF joined by commas. Raises UsageError."""
    found: dict[str, dict[str, float] | None] = {}
    for option in options:
        name, equals, value = option.rpartition("=")
        if not equals or not plain(name):
            raise UsageError(
                f"The movement {option!r} does not say what moves: write NAME=DOF+, for example "
                '--movement "fist=hand+".'
            )
        found[plain(name)] = _directions(option, value.strip())
    return found


def _directions(option: str, value: str) -> dict[str, float] | None:
    if value == LEFT_OUT:
        return None
    if value == "rest":
        return {}
    found = {}
    for part in value.split(","):
        match = re.fullmatch(r"\s*([a-z][a-z0-9_]*)([+-])\s*", part)
        if not match:
            raise UsageError(
                f"The movement {option!r} ends in {part!r}, which is no direction: write a DoF "
                "with + or - behind it (hand+, wrist_rotation-), rest, or none."
            )
        found[match[1]] = 1.0 if match[2] == "+" else -1.0
    return found


def lookup(
    name: str, own: Mapping[str, dict[str, float] | None]
) -> tuple[bool, dict[str, float] | None]:
    """Whether a name is known, and what it moves (None: left out)."""
    if plain(name) in own:
        return True, own[plain(name)]
    found = movement(name)
    return found is not None, found
