# SPDX-License-Identifier: GPL-3.0-or-later
"""Warm-up: what is said of rest noise follows the meters, over time."""

from __future__ import annotations

import numpy as np
import pytest

from endplate.core import Chain
from endplate.fit.sites.warmup import SURE_S, Settling, Warmup
from endplate.live.meters import SiteMeters
from endplate.live.profile import chain_settings
from endplate.monitor.site_words import settled


def rows(*trends: str, rest: float = 3.0, **first) -> list[dict]:
    made = [{"rest_uv": rest, "trend": {"rest": word} if word else {}} for word in trends]
    made[0] |= first
    return made


def test_nothing_is_said_before_the_meters_know():
    warmup = Warmup(2)
    for second in range(30):
        warmup.hear(second, rows("", ""))
    assert warmup.settling.state == "unknown"


def test_the_worst_site_is_named_with_its_figure():
    warmup = Warmup(3)
    one = rows("falling", "steady", "falling", warming=8)
    one[2]["warming"] = 12
    warmup.hear(70, one)
    assert warmup.settling == Settling("falling", (0, 2), 12)
    assert settled(warmup.settling) == (
        "Rest noise still falling 12 % a minute (sites 1, 3): wait a minute."
    )


def test_steady_counts_as_settled_only_after_a_minute_without_a_break():
    warmup = Warmup(2)
    for second in range(70, 70 + int(SURE_S)):
        warmup.hear(second, rows("steady", "steady"))
        assert warmup.settling.state == "steady", second
    warmup.hear(70 + SURE_S, rows("steady", "steady"))
    assert warmup.settling.state == "settled"
    warmup.hear(71 + SURE_S, rows("steady", "rising"))
    assert warmup.settling == Settling("rising", (1,))
    warmup.hear(72 + SURE_S, rows("steady", "steady"))
    assert warmup.settling.state == "steady" and warmup.settling.steady_s == 0


def test_what_nobody_saw_is_not_counted():
    warmup = Warmup(1)
    for second in range(60):
        warmup.hear(second, rows("steady"))
    warmup.hear(600, rows("steady"))
    assert warmup.settling == Settling("steady"), "nobody looked for nine minutes"


def test_another_sessions_clock_begins_anew():
    warmup = Warmup(1)
    for second in range(100):
        warmup.hear(second, rows("steady"))
    warmup.hear(3, rows(""))
    times, rest = warmup.history()
    assert len(times) == len(rest) == 1 and warmup.settling.state == "unknown"


def test_history_is_a_value_a_second_however_often_it_is_told():
    warmup = Warmup(2)
    for n in range(500):
        warmup.hear(n / 5, rows("steady", "steady", rest=0.0 if n < 50 else 4.0))
    times, rest = warmup.history()
    assert len(times) == 100 and times[-1] == 0 and times[0] == -99
    assert np.isnan(rest[0]).all() and rest[-1, 0] == 4.0


@pytest.mark.parametrize(("tau_s", "states"), [(90.0, {"falling"}), (1e9, {"steady", "settled"})])
def test_noise_that_really_settles_is_told_from_noise_that_is_steady(tau_s, states):
    """Through the real meters: 150 s of rest whose noise falls from 12 to 3 uV, or stays there."""
    rate, count = 250, 250 * 150
    t = np.arange(count) / rate
    noise = 3.0 + 9.0 * np.exp(-t / tau_s) * (tau_s < 1e6)
    uv = np.random.default_rng(4).normal(0, 1, (count, 2)) * noise[:, None]
    scale = 0.0223517
    counts = np.round(uv / scale).astype(np.int32)
    chain = Chain(chain_settings(None, rate_hz=rate, channels=2, uv_per_count=scale,
                                 full_scale_uv=187500.0, mains_hz=50.0))  # fmt: skip
    meters, warmup, seen = SiteMeters(rate, 2, scale), Warmup(2), set()
    clean = np.zeros((25, 2), np.float32)
    for start in range(0, count, 25):
        part = counts[start : start + 25]
        chain.process(part, 0, clean)
        meters.take(part, clean, chain, 0)
        warmup.hear((start + 25) / rate, meters.rows)
        seen.add(warmup.settling.state)
    assert seen - {"unknown"} == states
