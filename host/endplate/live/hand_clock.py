# SPDX-License-Identifier: GPL-3.0-or-later
"""The hand's clock on the host's: offset, drift and how wrong they may be.

A TIME exchange gives four times: the host asks at h1, the hand receives at d1 and answers at d2,
the host receives at h2. Whatever the line did, the hand's clock minus the host's lies between d2 -
h2 and d1 - h1: half of the round trip either side of the middle. A line through the shortest
exchanges of a window gives offset and drift. An exchange whose bounds exclude the line proves a
jump (a restarted or starved hand): the past is dropped.

The error bound holds however unequal the two ways of the line are. At an exchange the line is wrong
by at most its distance from the middle plus half of the round trip; away from it, by as much more
as the drift may differ, and that is bounded by every two exchanges: no drift that leaves the bounds
of either is possible. No clock is taken to be off by more than 500 ppm.

Times of the host are monotonic nanoseconds, those of the hand microseconds in 32 bits that wrap
every 71.6 minutes.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np

_WRAP = 1 << 32
_WINDOW = 60  # exchanges: a minute at the steady rate
_LONGEST_NS = 200_000_000  # a round trip longer than this says nothing
_ENOUGH = 3  # exchanges before commands may carry the hand's time
_DRIFT_SPAN_NS = 8_000_000_000  # a slope is fitted over at least this long ...
_DRIFT_POINTS = 8  # ... and this many exchanges
_DRIFT_MAX = 500e-6  # a quartz is within 100 ppm, an RC oscillator after trimming within 500
_TICK_NS = 2000  # the hand tells whole microseconds, twice


class Exchange(NamedTuple):
    """Middle of one TIME exchange on the host's clock, hand minus host there, round trip; ns."""

    host_ns: int
    offset_ns: int
    round_ns: int


class HandClock:
    """Fitted from exchanges; `synchronised` once it may be used."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forgets everything: another boot of the hand."""
        self._window: deque[Exchange] = deque(maxlen=_WINDOW)
        self._last_us: int | None = None  # unwrapped
        self._origin = (0, 0)  # a point of the line: the host's time, the offset there
        self._slope = 0.0
        self._left_drift = _DRIFT_MAX
        self._sure_ns, self._bound_ns = 0, _LONGEST_NS  # where the line is known best, how well
        self.jumps = 0

    def add(self, sent_ns: int, hand_rx_us: int, hand_tx_us: int, received_ns: int) -> bool:
        """Takes one exchange; False when it says nothing: too long, or it contradicts itself."""
        stay_us = (hand_tx_us - hand_rx_us) % _WRAP
        round_ns = received_ns - sent_ns - stay_us * 1000
        # The hand counts whole microseconds: a round trip may come out up to 2 us short.
        if not -2000 <= round_ns <= _LONGEST_NS or stay_us > _LONGEST_NS // 1000:
            return False
        host_ns = (sent_ns + received_ns) // 2
        rx_us = self._unwrap(hand_rx_us)
        exchange = Exchange(host_ns, rx_us * 1000 + stay_us * 500 - host_ns, max(round_ns, 2000))
        if self._window and abs(
            exchange.offset_ns - self._predict(host_ns)
        ) > exchange.round_ns // 2 + self.error_at(host_ns):
            self.jumps += 1
            self._window.clear()
        self._window.append(exchange)
        self._fit()
        return True

    def _unwrap(self, us: int) -> int:
        if self._last_us is None:
            self._last_us = us
        else:
            self._last_us += (us - self._last_us + _WRAP // 2) % _WRAP - _WRAP // 2
        return self._last_us

    def _fit(self) -> None:
        shortest = sorted(self._window, key=lambda e: e.round_ns)
        best = shortest[: max(_ENOUGH, (len(shortest) + 1) // 2)]
        newest = self._window[-1].host_ns
        low, high = _possible_drift(best)
        times = [e.host_ns for e in best]
        if len(best) >= _DRIFT_POINTS and max(times) - min(times) >= _DRIFT_SPAN_NS:
            mean_t = sum(t - newest for t in times) / len(best)
            mean_o = sum(e.offset_ns - best[0].offset_ns for e in best) / len(best)
            square = sum((e.host_ns - newest - mean_t) ** 2 for e in best)
            product = sum(
                (e.host_ns - newest - mean_t) * (e.offset_ns - best[0].offset_ns - mean_o)
                for e in best
            )
            self._slope = max(low, min(high, product / square))
            at_newest = best[0].offset_ns + round(mean_o - self._slope * mean_t)
            self._origin = (newest, at_newest)
        else:
            # An old exchange knows the present no better than the drift since then allows.
            anchor = min(
                self._window, key=lambda e: e.round_ns / 2 + _DRIFT_MAX * (newest - e.host_ns)
            )
            self._slope = 0.0
            self._origin = (anchor.host_ns, anchor.offset_ns)
        self._left_drift = max(high - self._slope, self._slope - low)
        self._sure_ns, self._bound_ns = min(
            ((e.host_ns, self._wrong_at(e)) for e in self._window),
            key=lambda sure: sure[1] + self._left_drift * (newest - sure[0]),
        )

    def _wrong_at(self, e: Exchange) -> int:
        return abs(e.offset_ns - self._predict(e.host_ns)) + e.round_ns // 2 + _TICK_NS

    def _predict(self, host_ns: int) -> int:
        at_ns, offset_ns = self._origin
        return offset_ns + round(self._slope * (host_ns - at_ns))

    def error_at(self, host_ns: int) -> int:
        """How far off a mapping at `host_ns` may be, in nanoseconds."""
        if not self._window:
            return _LONGEST_NS
        return self._bound_ns + round(abs(host_ns - self._sure_ns) * self._left_drift)

    @property
    def synchronised(self) -> bool:
        """Whether commands may carry the hand's time."""
        return len(self._window) >= _ENOUGH

    @property
    def exchanges(self) -> int:
        """How many stand in the window."""
        return len(self._window)

    @property
    def offset_ns(self) -> int:
        """Hand minus host at the newest exchange; the wire's 32 bits tell no more than the part
        within 35.8 minutes either way."""
        whole = _WRAP * 1000
        offset = self._predict(self._window[-1].host_ns) if self._window else 0
        return (offset + whole // 2) % whole - whole // 2

    @property
    def error_ns(self) -> int:
        """How far off the mapping may be where it is known best."""
        return self._bound_ns

    @property
    def round_trip_ns(self) -> int:
        """The shortest in the window."""
        return min((exchange.round_ns for exchange in self._window), default=_LONGEST_NS)

    @property
    def drift_ppm(self) -> float:
        """How much faster the hand's clock runs."""
        return self._slope * 1e6

    def to_hand_us(self, host_ns: int) -> int:
        """A time of the host on the hand's clock, 32 bits."""
        return (host_ns + self._predict(host_ns)) // 1000 % _WRAP

    def to_host_ns(self, hand_us: int, near_ns: int) -> int:
        """A time of the hand, within 35 minutes of the host's `near_ns`, on the host's clock."""
        near_us = (near_ns + self._predict(near_ns)) // 1000
        unwrapped = near_us + (hand_us - near_us + _WRAP // 2) % _WRAP - _WRAP // 2
        guess = unwrapped * 1000 - self._predict(near_ns)
        return unwrapped * 1000 - self._predict(guess)


def _possible_drift(exchanges: list[Exchange]) -> tuple[float, float]:
    """The least and the largest drift that leaves none of the exchanges' bounds."""
    first = exchanges[0]
    table = np.array(exchanges, np.int64) - (first.host_ns, first.offset_ns, 0)
    at, offset, whole = table.astype(float).T
    later, earlier = np.nonzero(at[:, None] > at[None, :])
    apart = at[later] - at[earlier]
    rise = offset[later] - offset[earlier]
    play = (whole[later] + whole[earlier]) / 2 + 2 * _TICK_NS
    low = float(np.max((rise - play) / apart, initial=-_DRIFT_MAX))
    high = float(np.min((rise + play) / apart, initial=_DRIFT_MAX))
    return low, max(low, high)
