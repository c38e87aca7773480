# SPDX-License-Identifier: GPL-3.0-or-later
"""What a result of a visit was made of: a stretch of a recording, the sites, the hand, options. It
is kept with the result, so that the same can be computed again from the recording (rerun.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from endplate.fit.recorded import cues as recorded_cues
from endplate.fit.recorded.cued import Recorded
from endplate.hardware import Montage, Site
from endplate.live.bdf import Recording

KEY = "made_of"  # of a result's content


@dataclass(frozen=True)
class MadeOf:
    """`recording` is a file's name in the visit's folder, without ending; `first` and `samples` a
    stretch of it; `options` those of whoever computed."""

    recording: str
    first: int
    samples: int
    mains_hz: float
    montage: Montage
    hand: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """As a result keeps it: {"made_of": ...}."""
        return {KEY: asdict(self)}

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> MadeOf | None:
        """Of a result; None where it does not say (an older Endplate kept it). Raises KeyError,
        TypeError for what is no such thing."""
        given = content.get(KEY)
        if not given:
            return None
        montage = given["montage"]
        sites = tuple(Site(**site) for site in montage["sites"])
        return cls(**{**given, "montage": Montage(**{**montage, "sites": sites})})

    def heard(self, recording: Recording) -> Recorded | None:
        """The stretch with its cues, as it was heard then; None where the recording lacks some of
        it. Raises CalibrationError."""
        start = self.first - recording.first
        if start < 0 or start + self.samples > len(recording.counts):
            return None
        whole = recorded_cues.recorded(recording)
        cues = [(at - start, cue) for at, cue in whole.cues if 0 <= at - start < self.samples]
        return replace(
            whole, counts=whole.counts[start : start + self.samples], mains_hz=self.mains_hz,
            cues=cues,
        )  # fmt: skip


def of_recording(
    recording: Recording, montage: Montage, hand: str, mains_hz: float, **options: Any
) -> MadeOf:
    """All of one that was read from a file."""
    name = Path(recording.path or "").name.removesuffix(".bdf")
    return MadeOf(
        name, recording.first, len(recording.counts), mains_hz, montage, hand, options
    )  # fmt: skip
