# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of a BIDS recording as cues: what was asked for, from when to when.

An event is a movement that is held for its duration. Time between events is rest, unless the file
has events of rest between the movements: then what is between is not judged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from endplate.errors import CalibrationError
from endplate.fit.guided.protocol import Cue
from endplate.fit.recorded.labels import StartedCue
from endplate.fit.recorded.movement_names import lookup, plain

EDGE_S = 0.2  # from rest to the effort that is held, and back
LONGEST_REST_S = 5.0  # after an event


def cues_of(
    rows: Sequence[Mapping[str, str]],
    name: str,
    movements: Mapping[str, dict[str, float] | None],
    rate_hz: float,
    samples: int,
) -> list[StartedCue]:
    """Cues with their start samples, in order. `name` of the file. Raises CalibrationError."""
    events = [event for row in rows if (event := _event(row, name)) is not None]
    unknown = [kind for _, _, kind in events if not lookup(kind, movements)[0]]
    if unknown:
        kinds = ", ".join(dict.fromkeys(unknown))
        raise CalibrationError(
            f"{name} has events that are no movement known here: {kinds}; say what each moves with "
            f'--movement "{unknown[0]}=hand+", or =none to leave it out.'
        )
    events = sorted(event for event in events if lookup(event[2], movements)[1] is not None)
    moves = [lookup(kind, movements)[1] != {} for _, _, kind in events]
    rests = True in moves and False in moves[moves.index(True) :]
    cues = []
    for number, (onset, duration, kind) in enumerate(events):
        if onset * rate_hz >= samples:
            raise CalibrationError(
                f"{name} has '{kind}' at {onset:g} s, and the recording lasts "
                f"{samples / rate_hz:g} s: they do not belong together."
            )
        following = events[number + 1][0] if number + 1 < len(events) else samples / rate_hz
        gap = following - onset
        held = min(duration if duration > 0 else gap, gap)
        if held <= 0:
            continue
        target = lookup(kind, movements)[1] or {}
        rest = 0.0 if rests or not target else min(gap - held, LONGEST_REST_S)
        cues.append((round(onset * rate_hz), _cue(kind, target, held, rest)))
    return cues


def _cue(kind: str, target: dict[str, float], held: float, rest: float) -> Cue:
    if not target:
        return Cue(plain(kind), {}, 0.0, held, 0.0, rest, "rest")
    edge = min(EDGE_S, held / 4)
    of = "combination" if len(target) > 1 else "trapezoid"
    return Cue(plain(kind), target, edge, held - 2 * edge, edge, rest, of)


def _event(row: Mapping[str, str], name: str) -> tuple[float, float, str] | None:
    """Onset and duration (0: not said) in seconds, trial type; None where there is none."""
    kind = row["trial_type"]
    if kind in ("", "n/a"):
        return None
    try:
        onset = float(row["onset"])
        duration = 0.0 if row["duration"] == "n/a" else float(row["duration"])
        if not (math.isfinite(onset) and math.isfinite(duration)) or onset < 0 or duration < 0:
            raise ValueError(row["onset"])
    except ValueError as error:
        raise CalibrationError(
            f"{name} has '{kind}' at {row['onset']!r} for {row['duration']!r}: write seconds from "
            "the first sample on."
        ) from error
    return onset, duration, kind
