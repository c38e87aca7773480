# SPDX-License-Identifier: GPL-3.0-or-later
"""What the live meters said of every site at the end of a recording: the same code, the same
numbers.

Drift is counted from the profile that is given; the doubts that the session had about lost samples
are in the recording.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from endplate.core import Chain
from endplate.errors import RecordingError
from endplate.live.meters import SiteMeters
from endplate.live.profile import Profile, chain_settings
from endplate.live.recording import Recording
from endplate.live.status import quality_rows

BLOCK_S = 0.02
DEFAULT_FULL_SCALE_UV = 187_500.0


def measure(
    recording: Recording, profile: Profile | None = None, until_s: float | None = None
) -> dict[str, list[dict[str, Any]]]:
    """`quality` and `meters` as in the feed's status, a row a channel, as of `until_s` (the end).

    Raises RecordingError for a recording of less than a second.
    """
    n = len(recording.counts) if until_s is None else round(until_s * recording.rate_hz)
    if n < recording.rate_hz:
        raise RecordingError(
            "The recording is shorter than a second, of which nothing can be said: record longer."
        )
    channels = recording.counts.shape[1]
    chain = Chain(
        chain_settings(
            profile, rate_hz=recording.rate_hz, channels=channels,
            uv_per_count=recording.uv_per_count,
            full_scale_uv=float(recording.meta.get("full_scale_uv") or DEFAULT_FULL_SCALE_UV),
            mains_hz=float(recording.meta.get("mains_hz") or 50.0),
        )
    )  # fmt: skip
    meters = SiteMeters(recording.rate_hz, channels, recording.uv_per_count)
    meters.compare_with(profile)
    masks = recording.missing_masks()
    block = max(1, round(BLOCK_S * recording.rate_hz))
    clean = np.zeros((block, channels), np.float32)
    changes = np.flatnonzero(np.diff(masks[:n])) + 1  # what was missing was so for whole blocks
    edges = np.union1d(np.arange(0, n, block), changes)
    for start, end in zip(edges, [*edges[1:], n], strict=True):
        part = np.ascontiguousarray(recording.counts[start:end])
        missing = int(masks[start])
        chain.process(part, missing, clean[: len(part)])
        meters.take(part, clean[: len(part)], chain, missing)
    meters.finish()
    return {"quality": quality_rows(chain), "meters": meters.rows}
