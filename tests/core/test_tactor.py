# SPDX-License-Identifier: GPL-3.0-or-later
"""The drive of the tactor: off as delivered, a burst at contact, then force, within its bound."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endplate.core import ffi, lib

STEP_MS = 10
FULL_MS, LASTS = 10_000, 51  # tactor.h


class Tactor:
    """`run` gives the drive of each 10 ms."""

    def __init__(self, now_ms=5000):
        self.state, self.now_ms = ffi.new("tactor_state *"), now_ms
        lib.tactor_init(self.state, now_ms)

    def run(self, ms, contact=0, newton=0.0, strength=1000):
        out = []
        for _ in range(ms // STEP_MS):
            self.now_ms = (self.now_ms + STEP_MS) & 0xFFFFFFFF
            out.append(lib.tactor_process(self.state, contact, newton, strength, self.now_ms))
        return out


@pytest.mark.parametrize("strength", [0, -5])
def test_off_is_off(strength):
    assert set(Tactor().run(2000, contact=31, newton=50.0, strength=strength)) == {0}


@pytest.mark.parametrize("strength", [200, 500, 1000, 5000])
def test_a_touch_is_60_ms_then_the_force(strength):
    tactor, whole = Tactor(), 255 * min(strength, 1000) // 1000
    assert set(tactor.run(500, strength=strength)) == {0}
    touched = tactor.run(300, contact=2, newton=1.0, strength=strength)
    assert touched[:6] == [whole] * 6 and touched[6:] == [whole // 10] * 24
    for newton in (2.0, 5.0, 9.0, 10.0, 40.0):
        level = tactor.run(10, contact=2, newton=newton, strength=strength)[0]
        assert level == pytest.approx(whole * min(newton / 10, 1), abs=1)
    assert set(tactor.run(100, strength=strength)) == {0}, "let go"


def test_it_is_silent_when_the_clock_comes_round_again():
    tactor = Tactor()
    tactor.run(200)
    for now_ms in range(5000 - 300, 5000 + 300, STEP_MS):  # as it began, 49.7 days later
        assert lib.tactor_process(tactor.state, 0, 0.0, 1000, now_ms) == 0, now_ms


def test_digits_that_touch_together_are_one_burst():
    tactor = Tactor()
    assert tactor.run(30, contact=1) == [255] * 3
    assert tactor.run(60, contact=31) == [255] * 3 + [0] * 3, "no longer for the others"
    tactor.run(100)
    assert tactor.run(60, contact=4) == [255] * 6


@pytest.mark.parametrize("newton", [math.nan, math.inf, -3.0])
def test_a_force_that_is_none_is_none(newton):
    tactor = Tactor()
    tactor.run(100, contact=1)
    assert set(tactor.run(100, contact=1, newton=newton)) == {0}


def test_ten_seconds_at_full_drive_then_a_fifth():
    tactor = Tactor()
    drive = tactor.run(120_000, contact=1, newton=20.0)
    full_ms = drive.index(LASTS) * STEP_MS
    print(f"\nfull drive for {full_ms} ms, then {LASTS} of 255")
    assert FULL_MS <= full_ms <= FULL_MS + 50
    assert set(drive[full_ms // STEP_MS :]) == {LASTS}, "and no more as long as it lasts"
    again = Tactor()
    again.run(11_000, contact=1, newton=20.0)
    rested = again.run(25_000)
    assert set(rested) == {0}
    assert again.run(100, contact=1, newton=20.0)[0] == 255, "made good"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.tuples(
    st.integers(0, 30_000), st.integers(0, 31), st.floats(0, 30), st.integers(0, 1000)),
    max_size=20))
def test_no_minute_has_more_than_the_bound(start_ms, parts):
    tactor, drive = Tactor(start_ms), []
    for ms, contact, newton, strength in parts:
        drive += tactor.run(ms, contact, newton, strength)
    window, total = 60_000 // STEP_MS, 0
    for i, level in enumerate(drive):
        total += level - (drive[i - window] if i >= window else 0)
        most = (255 - LASTS) * FULL_MS + LASTS * 60_000 + 255 * 50
        assert total * STEP_MS <= most
