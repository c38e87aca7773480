# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording gives what the session said when it was made."""

from __future__ import annotations

import numpy as np
import pytest

from endplate.core import Chain
from endplate.errors import RecordingError
from endplate.fit.sites.meters import measure
from endplate.live.meters import SiteMeters
from endplate.live.profile import chain_settings
from endplate.live.recording import Recording
from endplate.live.status import quality_rows

RATE, UV_PER_COUNT, FULL_SCALE_UV = 250, 0.02235174, 187_500.0


def recording(seconds: int = 70) -> Recording:
    random = np.random.default_rng(4)
    t = np.arange(seconds * RATE) / RATE
    uv = 5 * random.standard_normal((len(t), 4)) * np.where(t % 6 > 3, 9.0, 1.0)[:, None]
    uv[20 * RATE : 21 * RATE, 2] += 60_000  # a lift
    meta = {"full_scale_uv": FULL_SCALE_UV, "mains_hz": 50.0}
    return Recording(
        np.round(uv / UV_PER_COUNT).astype(np.int32), RATE, UV_PER_COUNT, 4, list("abcd"),
        meta=meta,
    )  # fmt: skip


def test_offline_gives_the_numbers_of_the_session_in_which_blocks_came_as_they_came():
    made = recording()
    chain = Chain(
        chain_settings(None, rate_hz=RATE, channels=4, uv_per_count=UV_PER_COUNT,
                       full_scale_uv=FULL_SCALE_UV)
    )  # fmt: skip
    live = SiteMeters(RATE, 4, UV_PER_COUNT)
    random, start = np.random.default_rng(5), 0
    while start < len(made.counts):
        part = made.counts[start : start + int(random.integers(1, 9))]
        missing = 0b0010 if 5000 <= start < 5040 else 0
        if missing:
            made.missing.append((start, len(part), missing))
        clean = np.zeros(part.shape, np.float32)
        chain.process(part, missing, clean)
        live.take(part, clean, chain, missing)
        start += len(part)
    live.finish()
    offline = measure(made)
    assert offline["quality"] == quality_rows(chain)
    for row, now in zip(offline["meters"], live.rows, strict=True):
        assert row.keys() == now.keys() and row["trend"] == now["trend"]
        for name in ("rest_uv", "snr_db", "active_uv", "motion_uv", "motion_db"):
            assert row[name] == pytest.approx(now[name], abs=0.1), name
    assert offline["meters"][0]["snr_db"] == pytest.approx(19, abs=1)


def test_as_of_any_moment_and_not_of_too_little():
    made = recording(10)
    assert "snr_db" not in measure(made, until_s=2.0)["meters"][0]
    with pytest.raises(RecordingError, match="shorter than a second"):
        measure(made, until_s=0.5)
