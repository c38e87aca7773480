# SPDX-License-Identifier: GPL-3.0-or-later
"""A typical person's chain for the tests of the core and the bench: nested dicts for core.Chain."""

from __future__ import annotations

from typing import Any

import numpy as np

from endplate.live.decoder import plain, settings
from endplate.live.design import band_sections, notch_sections

#: Cyton at gain 24.
UV_PER_COUNT = 0.02235174
FULL_SCALE_UV = 187500.0


def typical_shape(**changes: Any) -> dict[str, Any]:
    """One DoF of `shape_config`."""
    plain = {"gain": 1.0, "exponent": 1.0}
    return {"dead_band": 0.1, "slew_per_s": 0.0, "positive": plain, "negative": plain} | changes


def typical_settings(
    rate_hz: int = 250, sites: int = 8, hop: int = 5, window: int = 8, mains_hz: float = 50
) -> dict[str, Any]:
    """Two DoF from the first four sites, agonist minus antagonist, with everything switched on."""
    band, notch = band_sections(rate_hz), notch_sections(rate_hz, mains_hz)
    weight = np.zeros((2, sites))
    weight[0, :2], weight[1, 2:4] = (1.0, -1.0), (0.8, -1.2)
    dof = typical_shape(
        slew_per_s=8.0,
        positive={"gain": 1.0, "exponent": 1.5},
        negative={"gain": 1.2, "exponent": 1.0},
    )
    return {
        "sites": sites,
        "rate_hz": rate_hz,
        "uv_per_count": UV_PER_COUNT,
        "thaw_hops": 10,
        "place": [0, 1],
        "needs": [0b0011, 0b1100],
        "band": {"sites": sites, "sections": len(band), "section": band},
        "notch": {"sites": sites, "sections": len(notch), "section": notch},
        "features": {
            "sites": sites,
            "statistics": 1,
            "hop_samples": hop,
            "window_hops": window,
            "form": 0,
            "rest": [9.0] * sites,
            "reference": [60.0] * sites,
            "floor": [9.0] * sites,
            "difference_floor": [9.0] * sites,
            "chosen": sites,
            "chosen_site": list(range(sites)),
        },
        "decoder": settings(plain(weight.tolist(), [0.01, -0.01])),
        "shape": {"dofs": 2, "release_ratio": 0.7, "norm_cap": 1.0, "dof": [dof, dof]},
        "quality": {
            "sites": sites,
            "frame_samples": max(2, round(rate_hz / 25)),
            "frames_per_second": 25,
            "full_scale_uv": FULL_SCALE_UV,
            "mains_warn_db": -10.0,
        },
    }


def few_sites(sites: int) -> dict[str, Any]:
    """Any number of sites; one DoF, from the first."""
    setup = typical_settings(250, max(sites, 4))
    for name in ("band", "notch", "features", "quality"):
        setup[name] = setup[name] | {"sites": sites}
    for name in ("rest", "reference", "floor", "difference_floor", "chosen_site"):
        setup["features"][name] = setup["features"][name][:sites]
    setup["features"]["chosen"] = sites
    setup["decoder"] = settings(plain([[1.0] + [0.0] * (sites - 1)], [0.0]))
    setup["shape"] = setup["shape"] | {"dofs": 1, "dof": [typical_shape()]}
    return setup | {"sites": sites, "place": [0], "needs": [1]}


def typical_counts(seed: int, samples: int, sites: int, rate_hz: float = 250) -> np.ndarray:
    """Counts int32 [samples, sites]: an offset per electrode, drift, hum, and bursts of noise."""
    random = np.random.default_rng(seed)
    t = np.arange(samples)[:, None] / rate_hz
    phase = random.uniform(0, 2 * np.pi, sites)
    effort = np.clip(np.sin(2 * np.pi * 0.35 * t + phase), 0.0, None)
    uv = (
        random.uniform(-30_000, 30_000, sites)
        + 200 * np.sin(2 * np.pi * 0.1 * t + phase)
        + 8 * np.sin(2 * np.pi * 50 * t)
        + (3 + 70 * effort) * random.standard_normal((samples, sites))
    )
    return np.round(uv / UV_PER_COUNT).astype(np.int32)
