# SPDX-License-Identifier: GPL-3.0-or-later
"""A profile for tests of the path: a fixed decoder that nobody has trained."""

from __future__ import annotations

from pathlib import Path

from endplate.hardware import load_montage
from endplate.live.decoder import plain
from endplate.live.profile import PLAIN_SHAPE, Profile, timing
from endplate.live.profile_file import save_profile


def plain_profile(
    path: Path, montage: str = "free-8", rate_hz: float = 250.0, name: str = "plain", *,
    still: bool = False, **more
) -> str:
    """The second site closes the hand, the fourth opens it; the first and third move the elbow."""
    sites = load_montage(montage).sites
    n = len(sites)
    hop, window = timing(rate_hz)
    dofs = ("hand", "elbow")
    weights = [[0.0] * n for _ in dofs]
    if not still:
        weights[0][1], weights[0][3], weights[1][0], weights[1][2] = 1.0, -1.0, 1.0, -1.0
    fields = {
        "name": name, "montage": montage, "hand": "test-hand", "board": "any", "rate_hz": rate_hz,
        "mains_hz": 50, "uv_per_count": 0.05, "full_scale_uv": 187_500.0,
        "channels": tuple(site.channel for site in sites),
        "site_labels": tuple(site.label for site in sites), "dofs": dofs, "hop_samples": hop,
        "window_hops": window, "form": "rms", "rest_uv2": [100.0] * n, "reference_uv": [100.0] * n,
        "floor_uv2": [100.0] * n, "decoder": plain(weights, [0.0] * 2),
        "needs": [[1, 3], [0, 2]], "shape": {dof: PLAIN_SHAPE for dof in dofs},
        "simulated": True,
    }  # fmt: skip
    save_profile(Profile(**(fields | more)), path)
    return str(path)
