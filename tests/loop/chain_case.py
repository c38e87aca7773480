# SPDX-License-Identifier: GPL-3.0-or-later
"""A chain and a recording that take every branch: for the replay of bits and the count of
instructions."""

from __future__ import annotations

import numpy as np

from endplate.live.design import band_sections, notch_sections

SITES, RATE = 8, 250
UV_PER_COUNT = 0.02235174


def settings(form: int) -> dict:
    """Four DoF, each from its own pair of sites, with every branch of the shape switched on."""
    band, notch = band_sections(RATE), notch_sections(RATE, 50)
    weight = np.zeros((4, SITES))
    for d in range(4):
        weight[d, 2 * d : 2 * d + 2] = (0.9, -1.1)
    shape = {
        "dead_band": 0.08,
        "slew_per_s": 6.0,
        "positive": {"gain": 1.1, "exponent": 1.4},
        "negative": {"gain": 0.9, "exponent": 1.0},
    }
    return {
        "sites": SITES,
        "rate_hz": RATE,
        "uv_per_count": UV_PER_COUNT,
        "thaw_hops": 25,
        "needs": [3 << (2 * d) for d in range(4)],
        "band": {"sites": SITES, "sections": len(band), "section": band},
        "notch": {"sites": SITES, "sections": len(notch), "section": notch},
        "features": {
            "sites": SITES,
            "statistics": 1,
            "hop_samples": 5,
            "window_hops": 10,
            "form": form,
            "rest": [9.0] * SITES,
            "reference": [60.0] * SITES,
            "floor": [12.0] * SITES,
        },
        "decoder": {"inputs": SITES, "dofs": 4, "weight": weight.tolist(), "bias": [0.01] * 4},
        "shape": {"dofs": 4, "release_ratio": 0.7, "norm_cap": 1.2, "dof": [shape] * 4},
        "quality": {
            "sites": SITES,
            "frame_samples": 25,
            "frames_per_second": 10,
            "full_scale_uv": 187500.0,
            "mains_warn_db": -10.0,
        },
    }


def recording(seconds: int) -> np.ndarray:
    """Bursts per site, offsets, mains, rest down to nothing, a railed and a flat stretch."""
    rng = np.random.default_rng(11)
    n = seconds * RATE
    t = np.arange(n)[:, None] / RATE
    effort = np.clip(np.sin(2 * np.pi * t * (0.15 + 0.03 * np.arange(SITES))), 0, 1) ** 2
    uv = rng.normal(size=(n, SITES)) * (3 + 90 * effort)
    uv += 20 * np.sin(2 * np.pi * 50 * t) + rng.normal(size=SITES) * 8000
    uv[n // 3 : n // 3 + RATE, 1] = 187_500
    uv[n // 2 : n // 2 + 2 * RATE, 4] = 37.0
    uv[-2 * RATE :] = 0.0  # states decay towards the smallest floats
    return np.clip(np.rint(uv / UV_PER_COUNT), -(2**23), 2**23 - 1).astype(np.int32)
