# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done for a profile whose electrodes sit otherwise today, and what each would give.

    nothing   the profile as it is
    rescale   levels of rest and of a comfortable contraction, site by site
    remap     each input of the decoder from the site that hears it today, and the levels
    touch-up  touch_up.py: the decoder moved on, or made of today's data

Each is made twice from one half of every movement and judged on the other, through the whole chain
(gate, decoder, shape): these are the figures. What would be put to use is made of all of it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from endplate import core
from endplate.errors import CalibrationError
from endplate.fit.donning import patterns
from endplate.fit.donning.touch_up import renewed
from endplate.fit.evaluation import r2
from endplate.fit.recorded.cued import Cued
from endplate.live.profile import Profile, chain_settings

TITLES = {
    "nothing": "The profile as it is",
    "rescale": "Re-scaling",
    "remap": "Re-mapping",
    "touch-up": "A touch-up",
}
LEAST_REFERENCE_UV = 0.1

Make = Callable[[Cued], Profile]
#: Remedy -> why a version of a profile was kept.
WHY = {"rescale": "re-scaled", "remap": "re-mapped", "touch-up": "touched up"}


@dataclass(frozen=True)
class Remedy:
    """One of them. `profile` is None where it does not apply, `why_not` says why; `r2` by DoF on
    what it was not made from."""

    name: str
    profile: Profile | None
    r2: dict[str, float]
    why_not: str = ""

    @property
    def title(self) -> str:
        """For people."""
        return TITLES[self.name]

    @property
    def inside(self) -> str:
        """The same within a sentence."""
        return self.title[0].lower() + self.title[1:]

    @property
    def mean(self) -> float:
        """Mean R² over DoF, -inf without any."""
        return float(np.mean(list(self.r2.values()))) if self.r2 else -np.inf


def all_of(
    profile: Profile, cued: Cued, then: np.ndarray, *, montage: Any, hand: Any
) -> list[Remedy]:
    """All of them, in the order of effort. `cued` is in the order of the profile's sites, `then`
    the profile's own patterns [sites, intents]."""
    order = patterns.assigned(then, patterns.of_cued(cued))
    made = [
        _judged("nothing", profile, cued, lambda part: profile),
        _judged("rescale", profile, cued, lambda part: rescaled(profile, part, then)),
        _judged("remap", profile, cued, lambda part: remapped(profile, part, then))
        if patterns.moved(order)
        else Remedy("remap", None, {}, "every site hears most what it heard then"),
    ]
    try:
        made.append(touch_up(profile, cued, montage=montage, hand=hand))
    except CalibrationError as error:
        made.append(Remedy("touch-up", None, {}, str(error).rstrip(".")))
    return made


def touch_up(profile: Profile, cued: Cued, *, montage: Any, hand: Any) -> Remedy:
    """The touch-up alone, judged. Raises CalibrationError."""
    return _judged(
        "touch-up", profile, cued, lambda part: renewed(profile, part, montage=montage, hand=hand)
    )


def _with_report(remedy: Remedy, before: Profile) -> Remedy:
    """What it was judged by, into the report of the profile that was made."""
    if remedy.profile is None or remedy.name == "nothing":
        return remedy
    report = copy.deepcopy(remedy.profile.report)
    report["donning"] = {
        "remedy": remedy.name, "parent": before.name, "parent_created": before.created,
        "r2": {dof: round(value, 4) for dof, value in remedy.r2.items()},
    }  # fmt: skip
    return replace(remedy, profile=replace(remedy.profile, report=report))


def _judged(name: str, profile: Profile, cued: Cued, make: Make) -> Remedy:
    half = halves(cued)
    truth, found = [], []
    for number in (0, 1):
        judged = (half == 1 - number) & cued.frames.used
        out = velocities(make(cued.part(half == number)), cued)
        truth.append(cued.frames.y[judged])
        found.append(out[judged])
    y, x = np.concatenate(truth), np.concatenate(found)
    figures = {dof: r2(y[:, d], x[:, d]) for d, dof in enumerate(profile.dofs)}
    return _with_report(Remedy(name, make(cued), figures), profile)


def halves(cued: Cued) -> np.ndarray:
    """0 or 1 [hops]: the first and the second half of each cue (of each movement, as late as the
    person was), or the parity of the repetition where there are several; -1 where the window holds
    both."""
    hops, rate_hz = cued.hops, cued.hops.rate_hz
    half = np.full(len(hops.end), -1)
    if len(cued.frames.numbers()) > 1:
        numbered = cued.frames.repetition >= 0
        half[numbered] = cued.frames.repetition[numbered] % 2
    for index, (start, cue) in enumerate(cued.cues):
        mine = (cued.frames.cue == index) & (half < 0)
        since = hops.time_s - start / rate_hz - cued.reactions[index]
        middle = (cue.active_s if cue.target else cue.duration_s) / 2
        half[mine & (since < middle)] = 0
        half[mine & (since >= middle + hops.window_s)] = 1
    return half


def velocities(profile: Profile, cued: Cued) -> np.ndarray:
    """What the chain would command [hops, dofs] of the recording, hop by hop of `cued`."""
    recorded = cued.recorded
    chain = core.Chain(
        chain_settings(
            profile, rate_hz=profile.rate_hz, channels=recorded.counts.shape[1],
            uv_per_count=recorded.uv_per_count, full_scale_uv=recorded.full_scale_uv,
        )
    )  # fmt: skip
    made = chain.process(np.ascontiguousarray(recorded.counts, dtype=np.int32))
    return made["velocity"][: len(cued.frames), : len(profile.dofs)].astype(float)


# ---- the remedies that keep the decoder ----


def rescaled(profile: Profile, cued: Cued, then: np.ndarray) -> Profile:
    """The same decoder at today's levels."""
    gains = _gains(cued, then, np.arange(len(then)))
    return _at_levels(profile, cued.rest, gains, "re-scaled")


def remapped(profile: Profile, cued: Cued, then: np.ndarray) -> Profile:
    """Each input of the decoder from the site that hears it today, at today's levels."""
    order = patterns.assigned(then, patterns.of_cued(cued))
    made = _at_levels(profile, cued.rest[order], _gains(cued, then, order), "re-mapped")
    labels = tuple(profile.site_labels[k] for k in order)
    report, renamed = made.report, dict(zip(profile.site_labels, labels, strict=True))
    choice = report.get("sites", {})
    if "isolate" in choice:
        choice["isolate"] = {k: renamed.get(v, v) for k, v in choice["isolate"].items()}
    for key in ("chosen", "left"):
        if key in choice.get("cover", {}):
            choice["cover"][key] = [renamed.get(label, label) for label in choice["cover"][key]]
    choice.pop("advice", None)
    channels = tuple(profile.channels[k] for k in order)
    return replace(made, channels=channels, site_labels=labels)


def _gains(cued: Cued, then: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Amplitude today over that of then [sites], 1 where a site hears nothing."""
    heard = patterns.over_rest_db(cued)[order] >= patterns.LEAST_SIGNAL_DB
    return np.where(heard, patterns.gains(then, patterns.of_cued(cued)[order]), 1.0)


def _at_levels(profile: Profile, rest: np.ndarray, gains: np.ndarray, word: str) -> Profile:
    """With today's power of rest [sites] and amplitudes times `gains`; what arm motion adds to rest
    goes with the gain."""
    power = gains**2
    motion = np.maximum(0.0, np.array(profile.rest_uv2) - patterns.rest_of_profile(profile))
    report = copy.deepcopy(profile.report)
    report["rest_uv"] = np.round(np.sqrt(rest), 2).tolist()
    reference = np.maximum(np.array(profile.reference_uv) * gains, LEAST_REFERENCE_UV)
    return replace(
        profile,
        name=f"{profile.name.partition(', re-')[0]}, {word}",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        rest_uv2=(rest + motion * power).tolist(),
        reference_uv=reference.tolist(),
        floor_uv2=(np.array(profile.floor_uv2) * power).tolist(),
        difference_floor_uv2=(
            (np.array(profile.difference_floor_uv2) * power).tolist()
            if profile.difference_floor_uv2
            else []
        ),
        report=report,
    )
