# SPDX-License-Identifier: GPL-3.0-or-later
"""The hand's clock on the host's: offset, drift and how wrong they may be.

A TIME exchange gives four times: the host asks at h1, the hand receives at d1 and answers at d2,
the host receives at h2. Whatever the line did, the hand's clock minus the host's lies between
d2 - h2 and d1 - h1: half of the round trip either side of the middle. So the shortest exchanges of
a window are believed, a line through them gives the drift, and an exchange whose bounds exclude
the line proves a jump (a restarted or starved hand): the past is dropped.

Times of the host are monotonic nanoseconds, those of the hand microseconds in 32 bits that wrap
every 71.6 minutes.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

_WRAP = 1 << 32
_WINDOW = 60  # exchanges: a minute at the steady rate
_LONGEST_NS = 200_000_000  # a round trip longer than this says nothing
_ENOUGH = 3  # exchanges before commands may carry the hand's time
_DRIFT_SPAN_NS = 8_000_000_000  # a slope is fitted over at least this long ...
_DRIFT_POINTS = 8  # ... and this many exchanges
_DRIFT_MAX = 500e-6  # a quartz is within 100 ppm, an RC oscillator after trimming within 500
_LEFT_DRIFT = 100e-6  # the error bound grows by it with the time since the exchange believed,
_LEFT_FITTED = 25e-6  # or by this once a drift is fitted


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
        self._anchor = Exchange(0, 0, 0)
        self._slope = 0.0
        self._left_drift = _LEFT_DRIFT
        self._bound_ns = _LONGEST_NS
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
        exchange = Exchange(
            host_ns, rx_us * 1000 + stay_us * 500 - host_ns, max(round_ns, 2000)
        )
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
        least = shortest[0].round_ns
        newest = self._window[-1].host_ns
        # An old exchange knows the present no better than the drift since then allows.
        self._anchor = min(
            self._window, key=lambda e: e.round_ns / 2 + _LEFT_DRIFT * (newest - e.host_ns)
        )
        bound = self._anchor.round_ns // 2
        self._slope, self._left_drift = 0.0, _LEFT_DRIFT
        times = [e.host_ns for e in best]
        span_ns = max(times) - min(times)
        if len(best) >= _DRIFT_POINTS and span_ns >= _DRIFT_SPAN_NS:
            n = len(best)
            t0, o0 = self._anchor.host_ns, self._anchor.offset_ns
            mean_t = sum(t - t0 for t in times) / n
            mean_o = sum(e.offset_ns - o0 for e in best) / n
            square = sum((e.host_ns - t0 - mean_t) ** 2 for e in best)
            product = sum(
                (e.host_ns - t0 - mean_t) * (e.offset_ns - o0 - mean_o) for e in best
            )
            self._slope = max(-_DRIFT_MAX, min(_DRIFT_MAX, product / square))
            at_anchor = mean_o - self._slope * mean_t
            self._anchor = Exchange(t0, o0 + round(at_anchor), least)
            off = [abs(e.offset_ns - self._predict(e.host_ns)) - e.round_ns // 2 for e in best]
            bound = least // 2 + max(0, *off)
            self._left_drift = _LEFT_FITTED
        self._bound_ns = bound

    def _predict(self, host_ns: int) -> int:
        anchor = self._anchor
        return anchor.offset_ns + round(self._slope * (host_ns - anchor.host_ns))

    def error_at(self, host_ns: int) -> int:
        """How far off a mapping at `host_ns` may be, in nanoseconds."""
        if not self._window:
            return _LONGEST_NS
        age = abs(host_ns - self._anchor.host_ns)
        return self._bound_ns + round(age * self._left_drift)

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
        """Hand minus host at the newest exchange."""
        return self._predict(self._window[-1].host_ns) if self._window else 0

    @property
    def error_ns(self) -> int:
        """Half of the shortest round trip plus what the fit leaves over."""
        return self._bound_ns

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
