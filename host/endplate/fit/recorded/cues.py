# SPDX-License-Identifier: GPL-3.0-or-later
"""The cues that a person followed, read back from a recording's annotations.

A cue is the annotation "prompt {...}" of the request of that name (live/verbs.py): label, target
and kind, and how long it rises, holds, falls and rests; where it does not say so, those of the
usual protocol are taken. One that was cut short, or of which "void {...}" says that it was done
again, is of the kind "void".
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from endplate.errors import CalibrationError
from endplate.fit.guided.guide import VOID
from endplate.fit.guided.protocol import KINDS, Cue
from endplate.fit.recorded.cued import Recorded
from endplate.fit.recorded.labels import StartedCue
from endplate.live.bdf import Recording

_PROMPT = re.compile(r"prompt\s+(\{.*\})\s*$")
_VOID = re.compile(re.escape(VOID) + r'\{"sample": (\d+)\}\s*$')
_TIMES = ("rise_s", "hold_s", "fall_s", "rest_s")
SHORT_S = 0.1  # missing of a movement: it was still done


def recorded(recording: Recording) -> Recorded:
    """The samples of a recording and the cues in it. Raises CalibrationError when it has none."""
    cues = cues_of(recording)
    if not any(cue.target for _, cue in cues):
        raise CalibrationError(
            f"The recording {recording.path} holds no cues, so nobody knows what was meant when: "
            "take one of `endplate sites` or `endplate calibrate`."
        )
    meta = recording.meta
    return Recorded(
        recording.counts, recording.rate_hz, recording.uv_per_count,
        float(meta.get("full_scale_uv") or recording.uv_per_count * 2**23),
        float(meta.get("mains_hz") or 50), cues,
    )  # fmt: skip


def cues_of(recording: Recording) -> list[StartedCue]:
    """Cues with their start in `recording.counts`, in order. Raises CalibrationError."""
    said = [
        (sample - recording.first, match.group(1))
        for sample, text in recording.annotations
        if (match := _PROMPT.match(text))
    ]
    again = {int(match.group(1)) - recording.first for _, text in recording.annotations
             if (match := _VOID.match(text))}  # fmt: skip
    ends = [start for start, _ in said[1:]] + [len(recording.counts)]
    cues = []
    for (start, text), end in zip(said, ends if said else [], strict=True):
        cue = _cue(text, (end - start) / recording.rate_hz, recording.path)
        if cue is None or start < 0:
            continue
        if start in again or (end - start) / recording.rate_hz < cue.active_s - SHORT_S:
            cue = cue.void()
        cues.append((start, cue))
    return cues


def dofs_of(cues: Sequence[StartedCue]) -> list[str]:
    """The DoF that the cues move, in their order."""
    return list(dict.fromkeys(dof for _, cue in cues for dof in cue.target))


def only(cues: Sequence[StartedCue], dofs: Sequence[str]) -> list[StartedCue]:
    """The same, void where another DoF than these is moved."""
    return [
        (start, cue if set(cue.target) <= set(dofs) else cue.void())
        for start, cue in cues
    ]


def _cue(text: str, seconds: float, path: Path | None) -> Cue | None:
    """One cue, which lasted so long until the next; None when it was none."""
    try:
        fields = json.loads(text)
        label, kind = str(fields.get("label", "")), str(fields.get("kind", "trapezoid"))
        target = {str(dof): float(value) for dof, value in (fields.get("target") or {}).items()}
        times = {name: float(fields[name]) for name in _TIMES if name in fields}
        if not all(np.isfinite([*target.values(), *times.values()])) or kind not in KINDS:
            raise ValueError(text)
    except (ValueError, TypeError, AttributeError) as error:
        raise CalibrationError(
            f"The recording {path} has a cue that cannot be read ({text[:60]}): it was made by "
            "another version of Endplate, or is damaged."
        ) from error
    if not label and not target:
        return None
    if not target and len(times) < len(_TIMES):
        times = {"rise_s": 0.0, "hold_s": seconds, "fall_s": 0.0, "rest_s": 0.0}
    return Cue(label, target, **times, kind=kind, posture=str(fields.get("posture", "")))
