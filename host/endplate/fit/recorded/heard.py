# SPDX-License-Identifier: GPL-3.0-or-later
"""The quality of each channel of a recording in which nobody was told what to do.

Nothing can be decoded from it, but noise, hum and contact can be judged: rest is what is between
the contractions that are found (site_quality.find_contractions), so the person has to have rested
for more than half of the time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from endplate.fit.features import hops_of
from endplate.fit.recorded.trials import FULL_SCALE_UV, UV_PER_COUNT, Part, Trials, counts_of
from endplate.fit.sites.quality import Contraction, SiteQuality, find_contractions, judge

SETTLE_S = 1.0  # of the filters, at the begin of a part
APART_S = 0.5  # of rest from a contraction


@dataclass(frozen=True)
class Channel:
    """One channel: its quality, and shares of time: flat, railed or lifted; at full scale."""

    quality: SiteQuality
    bad_share: float
    clipped_share: float


@dataclass(frozen=True)
class Heard:
    """See the module; `contractions` of all parts, whose times begin anew in each."""

    channels: list[Channel]
    contractions: list[Contraction]
    seconds: float


def quality(trials: Trials) -> Heard:
    """Judges every channel of all parts together."""
    made = [_part(part, trials) for part in trials.parts]
    channels = []
    for c in range(trials.parts[0].uv.shape[1]):
        clean, raw, active, bad = (
            np.concatenate([part[name][:, c] for part in made])
            for name in ("clean", "raw", "active", "bad")
        )
        every = np.concatenate([part.uv[:, c] for part in trials.parts])
        channels.append(Channel(
            judge(clean, active, raw, trials.rate_hz, trials.mains_hz), float(bad.mean()),
            float((np.abs(every) >= 0.98 * FULL_SCALE_UV).mean()),
        ))  # fmt: skip
    seconds = sum(len(part.uv) for part in trials.parts) / trials.rate_hz
    return Heard(channels, [one for part in made for one in part["found"]], seconds)


def _part(part: Part, trials: Trials) -> dict:
    """Conditioned and raw samples at rest, conditioned ones in contractions, bad hops."""
    rate = trials.rate_hz
    counts = counts_of(part.uv)
    hops = hops_of(counts, rate, UV_PER_COUNT, FULL_SCALE_UV, trials.mains_hz)
    settled = hops.time_s > SETTLE_S
    found = find_contractions(hops.power[settled], hops.time_s[settled])
    at = np.arange(len(counts)) / rate
    rest, active = at > SETTLE_S, np.zeros(len(counts), bool)
    for one in found:
        rest &= (at < one.start_s - APART_S) | (at > one.stop_s + APART_S)
        active |= (at >= one.start_s) & (at <= one.stop_s)
    if not rest.any():
        rest = at >= 0
    return {
        "clean": hops.clean_uv[rest].astype(float), "raw": part.uv[rest],
        "active": hops.clean_uv[active].astype(float), "bad": hops.bad[settled], "found": found,
    }  # fmt: skip
