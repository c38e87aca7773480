# SPDX-License-Identifier: GPL-3.0-or-later
"""The hand's clock on the host's: a simulated line tells the truth that the bounds must hold."""

from __future__ import annotations

import random

import numpy as np
import pytest

from endplate.live.hand_clock import HandClock

MS = 1_000_000


class Line:
    """A hand whose clock stands `offset_us` from the host's and runs `ppm` fast; a jittery line."""

    def __init__(self, offset_us: int, ppm: float, seed: int = 1) -> None:
        self.offset_us, self.ppm = offset_us, ppm
        self.random = random.Random(seed)

    def hand_us(self, host_ns: int) -> int:
        return int(host_ns / 1000 * (1 + self.ppm * 1e-6)) + self.offset_us

    def way(self) -> int:
        return int(self.random.expovariate(1 / 300_000)) + 100_000

    def exchange(self, clock: HandClock, host_ns: int) -> bool:
        rx = host_ns + self.way()
        tx = rx + 50_000
        back = tx + self.way()
        return clock.add(host_ns, self.hand_us(rx) % 2**32, self.hand_us(tx) % 2**32, back)


@pytest.mark.parametrize("offset_us", [0, 123_456_789, 2**32 - 3_000_000])
@pytest.mark.parametrize("ppm", [-100, 0, 80])
def test_mapping_holds_within_its_bound_through_drift_and_wrap(offset_us, ppm):
    line, clock = Line(offset_us, ppm), HandClock()
    now = 5_000 * MS
    for i in range(120):
        line.exchange(clock, now)
        now += (200 if i < 25 else 1000) * MS
        if clock.synchronised:
            wrong_us = (clock.to_hand_us(now) - line.hand_us(now) + 2**31) % 2**32 - 2**31
            assert abs(wrong_us) * 1000 <= clock.error_at(now) + 2000
            back = clock.to_host_ns(line.hand_us(now) % 2**32, now)
            assert abs(back - now) <= clock.error_at(now) + 3000
    assert clock.error_ns < 1 * MS
    assert clock.drift_ppm == pytest.approx(ppm, abs=25)
    assert clock.jumps == 0


def test_not_synchronised_before_three_exchanges():
    line, clock = Line(0, 0), HandClock()
    for n in range(3):
        assert not clock.synchronised
        line.exchange(clock, (1 + n) * 200 * MS)
    assert clock.synchronised


def test_slow_or_impossible_exchanges_say_nothing():
    clock = HandClock()
    assert not clock.add(0, 10, 20, 2_000 * MS)  # the host slept in between
    assert not clock.add(0, 10, 2**31, 1 * MS)  # answered long before it was asked
    assert not clock.add(10 * MS, 0, 0, 1 * MS)
    assert clock.exchanges == 0


def test_a_jump_of_the_hands_clock_is_followed_at_once():
    line, clock = Line(1_000_000, 20), HandClock()
    now = 0
    for _ in range(40):
        line.exchange(clock, now)
        now += 1000 * MS
    line.offset_us -= 40_000  # a starved emulator lost 40 ticks
    line.exchange(clock, now)
    assert clock.jumps == 1 and not clock.synchronised
    for _ in range(3):
        now += 200 * MS
        line.exchange(clock, now)
    wrong_us = clock.to_hand_us(now) - line.hand_us(now) % 2**32
    assert clock.synchronised and abs(wrong_us) * 1000 < clock.error_at(now) + 2000


def wrong_ns(clock: HandClock, line: Line, now: int) -> float:
    """How far off the clock's mapping is, without the whole microseconds of the wire."""
    truth = now * line.ppm * 1e-6 + line.offset_us * 1000
    return abs(clock._predict(now) - truth)


@pytest.mark.parametrize("ppm", [-450, -100, 0, 30, 450])
@pytest.mark.parametrize(
    "unfair", ["there", "back", "turns", "late", "random"]
)
def test_the_bound_holds_however_unequal_the_two_ways_are(unfair, ppm):
    """All of the delay on one way, first the one and later the other, or as it comes: no exchange
    shows it, so the bound has to allow for it."""
    for seed in range(4):
        line, clock = Line(77_000_000, ppm, seed), HandClock()
        dice, now, worst = random.Random(seed), 0, 0.0
        for i in range(150):
            slow, fast = dice.randint(300_000, 3_000_000), dice.randint(0, 20_000)
            first = {
                "there": True, "back": False, "turns": bool(i % 2), "late": i < 75,
                "random": dice.random() < 0.5,
            }[unfair]  # fmt: skip
            there, back = (slow, fast) if first else (fast, slow)
            rx = now + there
            tx = rx + 60_000
            clock.add(now, line.hand_us(rx) % 2**32, line.hand_us(tx) % 2**32, tx + back)
            for later in (0, 150 * MS, 900 * MS, 5000 * MS):
                at = tx + back + later
                worst = max(worst, wrong_ns(clock, line, at) - clock.error_at(at))
            now += (200 if i < 10 else 1000) * MS
        assert worst <= 0, f"{worst / 1000:.0f} us beyond the bound"
        assert clock.jumps == 0
        assert clock.error_at(now) < 3 * MS, "and it says something"


def test_the_fit_is_the_least_squares_line_of_the_shortest_exchanges():
    """Against numpy's polyfit."""
    line, clock = Line(5_000_000, 40, seed=9), HandClock()
    now, points = 0, []
    for _ in range(60):
        there, back = line.way(), line.way()
        rx, tx = now + there, now + there + 50_000
        us = line.hand_us(rx), line.hand_us(tx)
        assert clock.add(now, us[0] % 2**32, us[1] % 2**32, tx + back)
        middle = (now + tx + back) / 2
        points.append((there + back, middle, (us[0] + us[1]) * 500 - middle))
        now += 1000 * MS
    _, at, offset = np.array(sorted(points)[:30]).T
    slope, start = np.polyfit(at - now, offset, 1)
    assert clock.drift_ppm == pytest.approx(slope * 1e6, abs=0.2)
    newest = points[-1][1]
    assert clock.offset_ns == pytest.approx(start + slope * (newest - now), abs=3000)
    assert clock.drift_ppm == pytest.approx(40, abs=5)
    assert clock.round_trip_ns == pytest.approx(min(points)[0], abs=2000)


@pytest.mark.parametrize("since_boot_s", [0, 5_000, 100_000])
def test_the_offset_is_told_within_half_a_turn_however_long_the_host_runs(since_boot_s):
    line, clock = Line(2_500_000, 0), HandClock()
    for i in range(4):
        line.exchange(clock, (since_boot_s * 1000 + i * 200) * MS)
    assert clock.offset_ns == pytest.approx(2.5e9, abs=2 * MS)
