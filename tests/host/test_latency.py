# SPDX-License-Identifier: GPL-3.0-or-later
"""The latency histograms: right, bounded, cheap."""

from __future__ import annotations

import time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from endplate.live.latency import Histogram, Latencies


@given(st.lists(st.integers(0, 1 << 45), min_size=1, max_size=300))
def test_percentiles_are_those_of_numpy_within_a_bucket(values):
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    capped = np.minimum(values, 1 << 40)
    shares = (0.5, 0.95, 0.99)
    for share, found in zip(shares, histogram.percentiles_ms(*shares), strict=True):
        exact = np.percentile(capped, 100 * share, method="inverted_cdf")
        assert exact <= round(found * 1e6) <= exact * 1.0323 + 1
    assert histogram.max_ns == max(capped) and histogram.n == len(values)


def test_borders_of_buckets():
    for exponent in range(40):
        for value in {(1 << exponent) - 1, 1 << exponent, (1 << exponent) + 1}:
            histogram = Histogram()
            histogram.add(value)
            histogram.add(1 << 60)  # so that the maximum does not hide the bucket's own border
            assert value <= round(histogram.percentiles_ms(0.5)[0] * 1e6) <= value * 1.0323


def test_negative_times_count_as_zero_and_nothing_gives_none():
    histogram = Histogram()
    assert histogram.summary() == {"p50": None, "p95": None, "p99": None, "max": None, "n": 0}
    histogram.add(-5)
    assert histogram.summary() == {"p50": 0, "p95": 0, "p99": 0, "max": 0, "n": 1}


def test_adding_is_cheap_and_memory_bounded():
    histogram = Histogram()
    size = len(histogram._counts)
    best = min(_per_add(histogram) for _ in range(5))
    assert best < 2e-6
    assert len(histogram._counts) == size


def _per_add(histogram: Histogram) -> float:
    start = time.perf_counter()
    for value in range(0, 40_000_000, 4000):
        histogram.add(value)
    return (time.perf_counter() - start) / 10_000


def test_stages_are_apart():
    latencies = Latencies("poll", "chain")
    latencies["poll"].add(2_000_000)
    summary = latencies.summary()
    assert summary["poll"]["n"] == 1 and summary["chain"]["n"] == 0
    assert summary["poll"]["max"] == 2.0
