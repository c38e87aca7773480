# SPDX-License-Identifier: GPL-3.0-or-later
"""The cues that a person followed, read back from a recording's annotations."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from endplate.errors import CalibrationError
from endplate.fit.cued import Recorded
from endplate.fit.guide import VOID
from endplate.fit.labels import StartedCue
from endplate.fit.protocol import FALL_S, HOLD_S, KINDS, PAUSE_S, RISE_S, Cue
from endplate.live.recording import Recording

_PROMPT = "prompt "
_USUAL = {"rise_s": RISE_S, "hold_s": HOLD_S, "fall_s": FALL_S, "rest_s": PAUSE_S}


def recorded(recording: Recording) -> Recorded:
    """The samples of a recording and the cues in it. Raises CalibrationError when it has none."""
    cues = cues_of(recording)
    if not cues:
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
    """Each cue with its start in the recording's samples, in order; those that were cut short or
    done again are of the kind "void"."""
    prompts: list[tuple[int, dict[str, Any]]] = []
    void: set[int] = set()
    for sample, text in recording.annotations:
        if text.startswith(_PROMPT):
            fields = _json(text[len(_PROMPT) :])
            if fields.get("kind") in KINDS:
                prompts.append((sample, fields))
        elif text.startswith(VOID):
            void.add(int(_json(text[len(VOID) :]).get("sample", -1)))
    ends = [sample for sample, _ in prompts[1:]] + [recording.first + len(recording.counts)]
    found = []
    for (sample, fields), end in zip(prompts, ends, strict=False):
        cue = _cue(fields, (end - sample) / recording.rate_hz)
        if sample in void:
            cue = replace(cue, target={}, kind="void")
        found.append((sample - recording.first, cue))
    return found


def dofs_of(cues: Sequence[StartedCue]) -> list[str]:
    """The DoF that the cues move, in their order."""
    return list(dict.fromkeys(dof for _, cue in cues for dof in cue.target))


def _cue(fields: dict[str, Any], lasted_s: float) -> Cue:
    """An old recording does not say how long each part was: then as the usual cue, stretched to
    when the next one came."""
    target = {str(dof): float(value) for dof, value in (fields.get("target") or {}).items()}
    if "rest_s" in fields:
        seconds = {name: float(fields[name]) for name in _USUAL}
    elif target:
        stretch = lasted_s / sum(_USUAL.values())
        seconds = {name: value * stretch for name, value in _USUAL.items()}
    else:
        seconds = {"rise_s": 0.0, "hold_s": lasted_s, "fall_s": 0.0, "rest_s": 0.0}
    return Cue(str(fields.get("label", "")), target, kind=str(fields["kind"]), **seconds)


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
