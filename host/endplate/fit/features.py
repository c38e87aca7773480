# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded counts -> power per hop and site, by the same C that runs live; and activations from it.

Training on anything but the live engine's own features is how trainers and controllers drift apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from endplate import core
from endplate.live.profile import chain_settings

#: No floor and no rest power is below this (microvolt^2): the noise of the converter.
LEAST_UV2 = 0.01


@dataclass(frozen=True)
class Hops:
    """What the chain made of a recording, one row per hop.

    `end` [hops]: samples taken when the hop closed. `power` [hops, channels] in microvolt^2 over
    the window that ends there. `bad` bool [hops, channels]: flat, railed or missing. `clean_uv` is
    the conditioned signal [samples, channels] in microvolt.
    """

    rate_hz: float
    hop_samples: int
    window_hops: int
    end: np.ndarray
    power: np.ndarray
    bad: np.ndarray
    clean_uv: np.ndarray

    @property
    def window_s(self) -> float:
        """Length of the window in seconds."""
        return self.hop_samples * self.window_hops / self.rate_hz

    @property
    def step_s(self) -> float:
        """Seconds from hop to hop."""
        return self.hop_samples / self.rate_hz

    @property
    def time_s(self) -> np.ndarray:
        """Seconds from the first sample to the end of each hop's window."""
        return self.end / self.rate_hz


def hops_of(
    counts: np.ndarray,
    rate_hz: float,
    uv_per_count: float,
    full_scale_uv: float,
    mains_hz: float,
    *,
    window_hops: int | None = None,
) -> Hops:
    """Runs counts int32 [samples, channels] through core.Chain without a decoder."""
    channels = counts.shape[1]
    settings = chain_settings(
        None, rate_hz=rate_hz, channels=channels, uv_per_count=uv_per_count,
        full_scale_uv=full_scale_uv, mains_hz=mains_hz,
    )
    if window_hops is not None:
        settings["features"]["window_hops"] = window_hops
    chain = core.Chain(settings)
    clean = np.zeros(counts.shape, np.float32)
    made = chain.process(counts, clean=clean)
    bits = (made["bad_sites"][:, None] >> np.arange(channels, dtype=np.uint32)) & 1
    return Hops(
        rate_hz, settings["features"]["hop_samples"], settings["features"]["window_hops"],
        made["samples"].astype(np.int64), made["power"][:, :channels].astype(float),
        bits.astype(bool), clean,
    )


def activation(
    power: np.ndarray,
    form: str,
    rest_uv2: np.ndarray,
    reference_uv: np.ndarray,
    floor_uv2: np.ndarray,
) -> np.ndarray:
    """Activation [.., sites] of power [.., sites], as features_activation in the core."""
    if form == "log":
        return np.log((power + floor_uv2) / floor_uv2)
    return np.sqrt(np.maximum(0.0, power - rest_uv2)) / reference_uv
