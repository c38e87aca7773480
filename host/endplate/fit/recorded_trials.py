# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own recordings as trials: the cues that `endplate calibrate` left in them.

A cue is the annotation "prompt {...}" of the request of that name (live/verbs.py): label, target
and kind, and how long it rises, holds and falls; where it does not say so, those of the usual
protocol are taken. A file of another program, without such annotations, has no movements to judge
by.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np

from endplate.errors import CalibrationError
from endplate.fit.cued_trials import Stretch, trials_of
from endplate.fit.labels import StartedCue
from endplate.fit.protocol import KINDS, Cue
from endplate.fit.trials import Trials
from endplate.live.bdf import Recording
from endplate.live.recording import read_recording

_PROMPT = re.compile(r"prompt\s+(\{.*\})\s*$")
_NO_SITE = re.compile(r"ch \d+$")  # of a channel that the montage does not use
_TIMES = ("rise_s", "hold_s", "fall_s", "rest_s")


def read(path: Path) -> Trials:
    """One recording. Raises RecordingError, CalibrationError."""
    recording = read_recording(path)
    sites = [k for k, label in enumerate(recording.labels) if not _NO_SITE.match(label)]
    counts = recording.counts[:, sites or slice(None)]
    uv = counts.astype(float) * recording.uv_per_count
    mains_hz = float(recording.meta.get("mains_hz") or 50)
    name = path.name.removesuffix(".bdf")
    name += ", simulated" if recording.meta.get("simulated") else ""
    return trials_of(name, recording.rate_hz, mains_hz, [Stretch(uv, cues_of(recording))])


def cues_of(recording: Recording) -> list[StartedCue]:
    """Cues with their start in `recording.counts`, in order. Raises CalibrationError."""
    said = [
        (sample - recording.first, match.group(1))
        for sample, text in recording.annotations
        if (match := _PROMPT.match(text))
    ]
    ends = [start for start, _ in said[1:]] + [len(recording.counts)]
    cues = []
    for (start, text), end in zip(said, ends, strict=True):
        cue = _cue(text, (end - start) / recording.rate_hz, recording.path)
        if cue is not None and start >= 0:
            cues.append((start, cue))
    return cues


def _cue(text: str, seconds: float, path: Path | None) -> Cue | None:
    """One cue, which lasted so long until the next; None when it was none or was cut short."""
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
    cue = Cue(label, target, **times, kind=kind)
    return cue if seconds >= cue.active_s - 0.1 else None
