# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a board as people write them: text becomes what the driver wants, or a sentence."""

from __future__ import annotations

import math
from typing import Any

from endplate.errors import BoardError
from endplate.live import boards

_WORDS = {"true": True, "1": True, "false": False, "0": False}


def as_flag(key: str, value: Any) -> bool:
    """true, false, 1 or 0, as such or as text. Raises BoardError."""
    flag = _WORDS.get(str(value).strip().lower())
    if flag is None:
        raise BoardError(f'The board setting {key} is true or false, not "{_short(value)}".')
    return flag


def as_number(key: str, value: Any) -> float:
    """A finite number, as such or as text. Raises BoardError."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number):
        raise BoardError(f'The board setting {key} is a number, not "{_short(value)}".')
    return number


def as_whole(key: str, value: Any) -> int:
    """A whole number of 32 bits, as such or as text. Raises BoardError."""
    try:
        number = int(str(value).strip())
    except ValueError:
        number = 2**31
    if isinstance(value, bool) or not -(2**31) <= number < 2**31:
        raise BoardError(f'The board setting {key} is a whole number, not "{_short(value)}".')
    return number


def as_commands(value: Any) -> tuple[str, ...]:
    """One command or a list of them. Raises BoardError."""
    commands = [value] if isinstance(value, str) else value
    if not isinstance(commands, (list, tuple)) or not all(isinstance(c, str) for c in commands):
        raise BoardError(
            f'The board setting commands is a text or a list of texts, not "{_short(value)}".'
        )
    return tuple(commands)


def inputs(params: dict[str, Any]) -> dict[str, Any]:
    """Values of BrainFlowInputParams, each of the kind its default has. Raises BoardError."""
    known = vars(boards.brainflow().BrainFlowInputParams())
    made: dict[str, Any] = {}
    for key, value in params.items():
        if key not in known:
            names = ", ".join(sorted(known))
            raise BoardError(f'A board has no setting "{key}"; known are {names}.')
        default = known[key]
        if isinstance(default, bool):
            made[key] = as_flag(key, value)
        elif isinstance(default, int):
            made[key] = as_whole(key, value)
        elif isinstance(value, (dict, list, tuple, bool)):
            raise BoardError(f'The board setting {key} is a text, not "{_short(value)}".')
        else:
            made[key] = str(value)
    return made


def _short(value: Any) -> str:
    return str(value)[:40]
