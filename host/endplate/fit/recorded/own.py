# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own recordings as trials, by the cues that `endplate calibrate` left in them.

A file of another program, without such annotations, has no movements to judge by.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from endplate.fit.recorded.cued_trials import LEAST_REPETITIONS, Stretch, trials_of
from endplate.fit.recorded.cues import cues_of
from endplate.fit.recorded.trials import Trials
from endplate.live.recording import read_recording

_NO_SITE = re.compile(r"ch \d+$")  # of a channel that the montage does not use


def read(path: Path, least: int = LEAST_REPETITIONS) -> Trials:
    """One recording. Raises RecordingError, CalibrationError."""
    recording = read_recording(path)
    sites = [k for k, label in enumerate(recording.labels) if not _NO_SITE.match(label)]
    counts = recording.counts[:, sites or slice(None)]
    uv = counts.astype(float) * recording.uv_per_count
    mains_hz = float(recording.meta.get("mains_hz") or 50)
    name = path.name.removesuffix(".bdf")
    name += ", simulated" if recording.meta.get("simulated") else ""
    made = trials_of(name, recording.rate_hz, mains_hz, [Stretch(uv, cues_of(recording))],
                     least)  # fmt: skip
    labels = [recording.labels[k] for k in sites] if sites else recording.labels
    return replace(made, channels=tuple(labels))
