# SPDX-License-Identifier: GPL-3.0-or-later
"""How long each stage takes: one histogram per stage, always on, of fixed size.

Buckets are logarithmic with 32 steps per octave, so a percentile is at most 3.2 % too high,
whatever the range; adding a value costs well under a microsecond and never allocates a bucket.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import Any

_STEPS = 32  # buckets per octave
_LINEAR = 2 * _STEPS  # below this many nanoseconds one bucket per nanosecond
_LONGEST = 1 << 40  # 18 minutes, in nanoseconds: longer times count as this
_BUCKETS = (_LONGEST.bit_length() - _LINEAR.bit_length() + 1) * _STEPS + _LINEAR


def _upper(bucket: int) -> int:
    """The longest time, in nanoseconds, that falls into `bucket`."""
    if bucket < _LINEAR:
        return bucket
    shift = (bucket - _STEPS) // _STEPS
    return ((bucket - shift * _STEPS + 1) << shift) - 1


class Histogram:
    """Times of one stage. `n` values so far, the longest was `max_ns`."""

    __slots__ = ("_counts", "max_ns", "n")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forgets all values."""
        self._counts = [0] * _BUCKETS
        self.n = 0
        self.max_ns = 0

    def add(self, ns: int) -> None:
        """Counts one duration in nanoseconds; a negative one counts as 0."""
        if ns < _LINEAR:
            ns = max(ns, 0)
            bucket = ns
        else:
            if ns > _LONGEST:
                ns = _LONGEST
            shift = ns.bit_length() - 6  # leaves the top 6 bits: 32.._LINEAR - 1
            bucket = shift * _STEPS + (ns >> shift)
        self._counts[bucket] += 1
        self.n += 1
        if ns > self.max_ns:
            self.max_ns = ns

    def percentiles_ms(self, *shares: float) -> list[float | None]:
        """Milliseconds below which each share (0..1) of the values falls; None without values."""
        if not self.n:
            return [None] * len(shares)
        running = list(accumulate(self._counts))
        found = (bisect_left(running, max(1.0, share * self.n)) for share in shares)
        return [min(_upper(bucket), self.max_ns) / 1e6 for bucket in found]

    def halves(self) -> dict[str, Any]:
        """The values by half octaves, for a picture: {"first": number of the first half octave with
        any, "counts": of it and those after}. Half octave k begins at 64 ns * 2^(k / 2), or at
        96 ns * 2^((k - 1) / 2) for an odd k; what is below 64 ns counts to the first."""
        half = _STEPS // 2
        upper = self._counts[_LINEAR:]
        counts = [sum(upper[k : k + half]) for k in range(0, len(upper), half)]
        counts[0] += sum(self._counts[:_LINEAR])
        filled = [k for k, count in enumerate(counts) if count]
        if not filled:
            return {"first": 0, "counts": []}
        return {"first": filled[0], "counts": counts[filled[0] : filled[-1] + 1]}

    def summary(self) -> dict[str, float | int | None]:
        """p50, p95, p99 and max in milliseconds, and n."""
        p50, p95, p99 = self.percentiles_ms(0.50, 0.95, 0.99)
        longest = self.max_ns / 1e6 if self.n else None
        return {"p50": p50, "p95": p95, "p99": p99, "max": longest, "n": self.n}


class Latencies:
    """One Histogram per stage: `Latencies("poll")["poll"].add(ns)`."""

    def __init__(self, *stages: str) -> None:
        self._stages = {stage: Histogram() for stage in stages}

    def __getitem__(self, stage: str) -> Histogram:
        """The histogram of one stage."""
        return self._stages[stage]

    def clear(self) -> None:
        """Begins all of them anew."""
        for histogram in self._stages.values():
            histogram.clear()

    def halves(self) -> dict[str, dict[str, Any]]:
        """Every stage's values by half octaves."""
        return {stage: histogram.halves() for stage, histogram in self._stages.items()}

    def summary(self) -> dict[str, dict[str, float | int | None]]:
        """Every stage's summary, rounded to microseconds."""
        return {
            stage: {
                key: round(value, 3) if isinstance(value, float) else value
                for key, value in histogram.summary().items()
            }
            for stage, histogram in self._stages.items()
        }
