# SPDX-License-Identifier: GPL-3.0-or-later
"""What the digits feel: force, contact, slip; broken sensors; how the firmer hold is bound."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endplate.core import ffi, lib
from endplate.hardware import core_table, load_hand

HAND = load_hand("test-hand")
DIGITS = [digit.name for digit in HAND.digits]
INDEX = 1
ZERO, SCALE = HAND.digits[INDEX].zero_counts, HAND.digits[INDEX].n_per_count
CYCLE_MS = 10


class Digits:
    """Five digits at rest; `step` a motor cycle."""

    def __init__(self, hand=HAND, start_ms=1000):
        self.config = ffi.new("hand_config *", core_table(hand))
        self.state = ffi.new("touch_state *")
        self.now_ms = start_ms
        lib.touch_init(self.state, self.config, self.now_ms)
        self.newton, self.deg, self.ma = [0.0] * 5, [30.0] * 5, [0.0] * 5
        self.dps, self.raw, self.known = [0.0] * 5, [None] * 5, 31
        self.holds, self.moves, self.noise = 0, 0, 0

    def measured(self):
        self.noise = 1 - self.noise
        counts = [
            round(ZERO + n / SCALE) + self.noise if raw is None else raw
            for n, raw in zip(self.newton, self.raw, strict=True)
        ]
        return ffi.new("touch_measured *", {
            "counts": counts, "position_deg": self.deg, "velocity_dps": self.dps,
            "current_ma": self.ma, "limit_ma": [500.0] * 5, "known": self.known})

    def step(self, cycles=1):
        for _ in range(cycles):
            self.now_ms = (self.now_ms + CYCLE_MS) & 0xFFFFFFFF
            assert lib.touch_process(
                self.state, self.config, self.measured(), self.holds, self.moves, self.now_ms) == 0
        return self

    @property
    def contact(self):
        return self.state.contact

    @property
    def slip(self):
        return self.state.slip

    @property
    def broken(self):
        return self.state.broken


@pytest.mark.parametrize("digit", range(5))
def test_force_is_what_the_sensor_says_and_contact_has_a_way_back(digit):
    hand = Digits().step(5)
    assert hand.contact == 0
    for newton, touches in ((0.28, 0), (0.33, 1), (0.2, 1), (0.12, 0), (0.28, 0), (5.0, 1)):
        hand.newton[digit] = newton
        hand.step()
        assert hand.state.digit[digit].force_n == pytest.approx(newton, abs=2 * SCALE)
        assert hand.contact == touches << digit


def test_a_motor_that_pushes_and_stands_is_contact_after_40_ms():
    hand = Digits()
    hand.raw[INDEX] = 0  # no sensor helps
    hand.step(5)
    hand.ma[INDEX] = 210.0
    hand.step(3)
    assert hand.contact == 0
    hand.step(1)
    assert hand.contact == 1 << INDEX
    hand.ma[INDEX] = 130.0
    assert hand.step().contact == 1 << INDEX
    hand.ma[INDEX] = 120.0
    assert hand.step().contact == 0


@pytest.mark.parametrize("change", [
    {"ma": -400.0}, {"dps": 6.0}, {"dps": -6.0}, {"known": 0}, {"ma": math.nan}, {"dps": math.nan}])
def test_who_opens_moves_or_is_not_there_touches_nothing(change):
    hand = Digits()
    hand.raw[INDEX] = 0
    hand.ma[INDEX] = 400.0
    for name, value in change.items():
        if name == "known":
            hand.known = value
        else:
            getattr(hand, name)[INDEX] = value
    assert hand.step(30).contact == 0


@pytest.mark.parametrize("raw", [-1, 0, 99, 4001, 4095])
def test_a_reading_out_of_range_is_broken_at_once_and_well_after_a_second(raw):
    hand = Digits().step(5)
    hand.raw[INDEX] = raw
    assert hand.step().broken == 1 << INDEX
    assert hand.state.digit[INDEX].force_n == 0.0 and hand.contact == 0
    hand.raw[INDEX] = None
    hand.newton[INDEX] = 3.0
    assert hand.step(99).broken == 1 << INDEX
    assert hand.contact == 0, "not trusted yet"
    assert hand.step(1).broken == 0
    assert hand.contact == 1 << INDEX


@pytest.mark.parametrize("raw", [100, 620, 1500, 4000])
def test_one_that_stands_still_is_broken_after_a_second(raw):
    hand = Digits().step(5)
    hand.raw[INDEX] = raw
    hand.step(100)
    assert hand.broken == 0
    assert hand.step(1).broken == 1 << INDEX
    assert hand.step(500).broken == 1 << INDEX
    assert hand.state.digit[INDEX].force_n == 0.0


def held(newton=4.0):
    hand = Digits().step(5)
    hand.newton = [newton] * 5
    hand.holds = 1
    return hand.step(20)


@pytest.mark.parametrize("creep_deg", [0.5, 0.0, -0.1])
def test_slip_is_force_that_falls_though_nothing_opens_the_finger(creep_deg):
    hand = held()
    assert (hand.contact, hand.slip) == (31, 0)
    hand.deg[INDEX] += creep_deg
    assert hand.step(3).slip == 0, "it squeezes: the force did not fall"
    hand.newton[INDEX] = 3.4
    assert hand.step(1).slip == 1 << INDEX
    assert hand.step(19).slip == 1 << INDEX, "shown for 200 ms"
    assert hand.step(2).slip == 0, "held anew"


@pytest.mark.parametrize("how", ["opens", "moves", "broken", "drives", "unknown"])
def test_what_is_no_slip(how):
    hand = held()
    if how == "drives":
        hand.holds = 0
    if how == "unknown":
        hand.known = 31 & ~(1 << INDEX)
    hand.deg[INDEX] += {"opens": -2.0}.get(how, 2.0)
    if how != "moves":
        hand.newton[INDEX] = 2.0
    if how == "broken":
        hand.raw[INDEX] = 4095
    assert hand.step(5).slip == 0
    assert lib.touch_press(hand.state, 1000, hand.now_ms) == 0


def creep(hand, cycles):
    """Slips all the time; the presses that are allowed, with their times."""
    found = []
    for _ in range(cycles):
        hand.deg[INDEX] += 0.5
        hand.newton[INDEX] = max(hand.newton[INDEX] * 0.85 - 0.05, 0.6)
        if hand.newton[INDEX] < 0.7:
            hand.newton[INDEX] = 6.0
        hand.step()
        digits = lib.touch_press(hand.state, hand.most, hand.now_ms)
        if digits:
            found.append((hand.now_ms, digits))
    return found


@pytest.mark.parametrize(("most", "steps"), [(0, 0), (99, 0), (100, 1), (350, 3), (1000, 10)])
def test_pressing_harder_is_bound_in_size_and_rate(most, steps):
    hand = held()
    hand.most = most
    found = creep(hand, 400)
    assert len(found) == steps, "and no more, however long it slips"
    times = [at for at, _ in found]
    assert all(b - a >= 100 for a, b in zip(times, times[1:], strict=False))
    assert all(digits == 31 for _, digits in found), "all that hold it, together"
    hand.holds = 0
    hand.step(30)
    hand.holds = 1
    hand.step(5)
    assert creep(hand, 400) == [], "a gap of the commands gives none: the goals stay moved"
    hand.holds, hand.moves = 0, 1
    hand.step(1)
    hand.holds, hand.moves = 1, 0
    hand.step(5)
    assert len(creep(hand, 400)) == steps, "anew when it has moved and is held anew"


def test_a_digit_without_sensor_or_joint_is_left_alone():
    fields = core_table(HAND)
    fields["digit"][4] = {"joint": -1, "channel": -1, "zero_counts": 0.0, "n_per_count": 0.0}
    fields["digit"][3]["channel"] = -1
    hand = Digits()
    hand.config = ffi.new("hand_config *", fields)
    assert lib.hand_check(hand.config) == 0
    lib.touch_init(hand.state, hand.config, hand.now_ms)
    hand.newton, hand.ma = [4.0] * 5, [0.0, 0.0, 0.0, 400.0, 400.0]
    assert hand.step(10).contact == 0b01111
    assert hand.broken == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.tuples(
    st.lists(st.integers(-1, 4095), min_size=5, max_size=5), st.floats(width=32),
    st.floats(width=32), st.sampled_from([(0, 0), (0, 1), (1, 0)])), max_size=40))
def test_whatever_the_sensors_say_no_press_is_too_many(start_ms, readings):
    hand = Digits(start_ms=start_ms)
    pressed = 0
    for raw, deg, ma, (hand.holds, hand.moves) in readings:
        hand.raw, hand.deg, hand.ma = list(raw), [deg] * 5, [ma] * 5
        hand.step()
        pressed = 0 if hand.moves else pressed
        pressed += bool(lib.touch_press(hand.state, 300, hand.now_ms))
        assert pressed <= 3
        for k in range(5):
            assert 0.0 <= hand.state.digit[k].force_n <= 30.0


# ---- what pressing does to the goals ----


def pressing(share, times=1, digits=31, dt=0.01):
    config, state = ffi.new("hand_config *", core_table(HAND)), ffi.new("hand_state *")
    start = [20.0, 80.0, 40.0, 40.0, 40.0, 40.0, 0.0, 0.0, 45.0, 0.0]
    assert lib.hand_init(state, config, ffi.new("float[10]", start)) == 0
    for _ in range(times):
        assert lib.hand_press(state, config, digits, share, dt) == 0
    return config, state, [now - was for now, was in zip(state.goal_deg, start, strict=True)]


def test_a_press_is_a_tenth_of_the_lead_and_of_those_digits_alone():
    _, _, moved = pressing(0.1)
    assert moved[:6] == pytest.approx([0.425, 0, 0.425, 0.425, 0.425, 0.425], abs=1e-3)
    assert moved[6:] == [0.0] * 4
    _, _, moved = pressing(0.1, digits=1 << INDEX)
    assert [i for i, each in enumerate(moved) if each] == [2]


def test_presses_end_at_the_lead_and_at_the_limits():
    config, state, _ = pressing(1.0, times=30, dt=0.1)
    assert state.goal_deg[2] <= HAND.joint("index").max_deg
    measured = ffi.new("float[10]", [20.0, 80.0, 40.0, 40.0, 40.0, 40.0, 0.0, 0.0, 45.0, 0.0])
    for _ in range(100):
        lib.hand_process(state, config, ffi.new("float[8]"), measured, 0.01)
    assert state.goal_deg[2] <= 40.0 + 4.25 + 1e-3, "no more than asks for all its current"


def test_what_was_pressed_is_not_taken_back_when_the_user_closes_on():
    config, state, _ = pressing(0.3, times=1)
    before = list(state.goal_deg)
    measured = ffi.new("float[10]", [20.0, 80.0, 40.0, 40.0, 40.0, 40.0, 0.0, 0.0, 45.0, 0.0])
    for _ in range(20):
        lib.hand_process(state, config, ffi.new("float[8]", [0.3]), measured, 0.01)
        assert state.goal_deg[2] >= before[2] - 1e-3


@pytest.mark.parametrize(("share", "dt"), [(-0.1, 0.01), (1.1, 0.01), (math.nan, 0.01),
                                           (0.1, -1.0), (0.1, math.nan), (0.1, 1.0)])
def test_a_press_that_is_none_moves_nothing(share, dt):
    config, state, _ = pressing(0.0)
    before = list(state.goal_deg)
    assert lib.hand_press(state, config, 31, share, dt) == lib.CORE_BAD_ARGUMENT
    assert list(state.goal_deg) == before


def test_nothing_slips_or_is_whole_again_when_the_clock_comes_round():
    digits, start_ms = Digits(), 1000
    digits.raw[INDEX] = 1600  # stuck
    digits.step(200)
    assert digits.broken >> INDEX & 1
    digits.holds = 1
    for digits.now_ms in range(start_ms - 500, start_ms + 2500, CYCLE_MS):  # 49.7 days later
        digits.step()
        assert digits.slip == 0 and digits.broken >> INDEX & 1, digits.now_ms
