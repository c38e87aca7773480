# SPDX-License-Identifier: GPL-3.0-or-later
"""Cued recordings for the tests: noise whose size follows what the cues ask for. Fast."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np

from endplate import core
from endplate.fit.evaluation import hold
from endplate.fit.guided.protocol import Cue
from endplate.fit.recorded.labels import StartedCue
from endplate.live.profile import Profile, chain_settings

RATE_HZ = 250
FULL_SCALE_UV = 187_500.0
UV_PER_COUNT = FULL_SCALE_UV / (2**23 - 1)
DOFS = ("hand", "elbow")
#: Microvolt at sites 1-4 for full close, open, flexion, extension; off the diagonal: cross-talk.
MIX_UV = 120.0 * np.array([[1, 0.1, 0, 0], [0.1, 1, 0.1, 0], [0, 0.1, 1, 0.15], [0.05, 0, 0.1, 1]])
#: The same at eight sites. Sites 1, 3, 6 and 8 hear one movement each; the others hear two or more
#: of them, or nothing.
EIGHT_UV = np.array(
    [
        [80, 4, 3, 2],
        [30, 28, 4, 5],
        [5, 70, 4, 3],
        [2, 1, 2, 1],
        [20, 5, 22, 18],
        [3, 5, 75, 6],
        [25, 22, 27, 23],
        [2, 3, 6, 85],
    ],
    float,
)
RIGHT_FOUR = (0, 2, 5, 7)
REST_UV = 4.0
REACTION_S = 0.30
CHANNELS = 8
FUNCTIONS = ("hand close", "hand open", "elbow flexion", "elbow extension")


def montage(sites: int = 4) -> SimpleNamespace:
    """As hardware.Montage."""
    return SimpleNamespace(
        name="four",
        sites=tuple(
            SimpleNamespace(label=f"site {n + 1}", channel=n + 1, function=FUNCTIONS[n])
            for n in range(sites)
        ),
    )


def started(cues: Sequence[Cue], rate_hz: int = RATE_HZ) -> list[StartedCue]:
    """Each cue with its first sample, one after the other."""
    at, out = 0, []
    for cue in cues:
        out.append((at, cue))
        at += round(cue.duration_s * rate_hz)
    return out


def intents(cues: Sequence[Cue], reaction_s: float = REACTION_S) -> np.ndarray:
    """What a person who follows the cues means, [samples, 2]."""
    parts = []
    for cue in cues:
        seconds = np.arange(round(cue.duration_s * RATE_HZ)) / RATE_HZ
        part = np.zeros((len(seconds), len(DOFS)))
        for dof, value in cue.target.items():
            part[:, DOFS.index(dof)] = value * cue.level(seconds - reaction_s)
        parts.append(part)
    return np.concatenate(parts)


def counts_of(intent: np.ndarray, seed: int, mix_uv: np.ndarray = MIX_UV) -> np.ndarray:
    """Board counts int32 [samples, 8] of a person who means `intent`: white noise plus hum. Sites
    are the rows of `mix_uv`, on the first channels."""
    chance = np.random.default_rng(seed)
    pushed = np.stack([np.maximum(sign * intent[:, d], 0) for d in (0, 1) for sign in (1, -1)], 1)
    shape = (len(intent), CHANNELS)
    uv = chance.standard_normal(shape) * REST_UV + 20_000.0
    sites = len(mix_uv)
    uv[:, :sites] += chance.standard_normal((len(intent), sites)) * (pushed @ mix_uv.T)
    uv += 10 * np.sin(2 * np.pi * 50 * np.arange(len(intent)) / RATE_HZ)[:, None]
    return np.round(uv / UV_PER_COUNT).astype(np.int32)


def run(profile: Profile, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The chain with a profile: commanded velocity per sample [samples, dofs], and the hops."""
    settings = chain_settings(
        profile, rate_hz=profile.rate_hz, channels=counts.shape[1],
        uv_per_count=profile.uv_per_count, full_scale_uv=profile.full_scale_uv,
        mains_hz=profile.mains_hz,
    )
    hops = core.Chain(settings).process(counts)
    velocity = hops["velocity"][:, : len(profile.dofs)].astype(float)
    return hold(hops["samples"], velocity, len(counts)), hops
