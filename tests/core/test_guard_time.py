# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard's times: stale, link lost, frozen host, each just before, at, and after its limit."""

import pytest
from guard_bench import LIMIT, Bench, everywhere

from endplate.core import lib

# ---- staleness ----

@everywhere
@pytest.mark.parametrize(("valid", "in_force"), [(0, 0), (1, 1), (50, 50), (100, 100), (101, 100),
                                                 (255, 100)])
def test_a_command_lives_as_long_as_it_says_and_no_longer_than_the_cap(origin, valid, in_force):
    bench = Bench(origin).active(0.4)
    bench.command(0.8, valid=valid, age=0)
    for passed in range(in_force):
        out = bench.tick()
        assert (out.state, out.velocity[0]) == ("ACTIVE", pytest.approx(0.8)), passed
        bench.now += 1
    assert bench.tick().state == "STALE"


@everywhere
def test_the_ramp_is_linear_from_the_velocity_at_the_time(origin):
    bench = Bench(origin).active(0.8, -0.4)
    bench.wait(50)
    for passed in range(50):
        out = bench.tick()
        assert out.state == "STALE" and out.drive
        share = 1 - passed / 50
        assert out.velocity == pytest.approx([0.8 * share, -0.4 * share, 0, 0], abs=1e-6)
        assert out.limit == [LIMIT["STALE"]] * 4
        bench.now += 1
    out = bench.tick()
    assert (out.state, out.velocity, out.drive, out.power) == ("STALE", [0, 0, 0, 0], False, True)


@pytest.mark.parametrize("late", [60, 75, 99, 100, 180, 299, 300, 5000])
def test_a_late_tick_does_not_ramp_late(late):
    bench = Bench().active(0.8)
    bench.now += late
    out = bench.tick()
    assert out.velocity[0] == pytest.approx(max(0.8 * (1 - (late - 50) / 50), 0), abs=1e-6)
    assert out.state == ("STALE" if late < 300 else "LINK_LOST")


def test_a_fresh_command_heals_a_gap():
    bench = Bench().active(0.8)
    bench.wait(80)
    assert bench.name == "STALE"
    bench.command(0.5)
    out = bench.tick()
    assert (out.state, out.velocity[0]) == ("ACTIVE", pytest.approx(0.5))


@pytest.mark.parametrize(("age", "taken"), [(0, True), (150, True), (151, False), (10_000, False),
                                            (-20, True), (-21, False), (-10_000, False)])
@everywhere
def test_the_age_of_the_emg(origin, age, taken):
    bench = Bench(origin).active(0.4)
    before = bench.state.refused_age
    assert bench.command(0.8, age=age) == (0 if taken else lib.GUARD_REFUSED_AGE)
    assert bench.state.refused_age - before == (not taken)


@pytest.mark.parametrize("age", [100, 101, 120, 149, 150])
def test_emg_grows_too_old_while_its_command_is_valid(age):
    bench = Bench().active(0.4)
    bench.command(0.8, age=age, valid=100)
    for _ in range(min(50 + 100, 150 - age)):
        assert bench.tick().state == "ACTIVE"
        bench.now += 1
    assert bench.tick().state == "STALE"


def test_a_command_from_the_future_lives_no_longer_than_one_from_now():
    bench = Bench().active(0.4)
    bench.command(0.8, age=-20, valid=100)
    bench.wait(99)
    assert bench.name == "ACTIVE"
    bench.wait(1)
    assert bench.name == "STALE"


@everywhere
def test_link_lost_is_latched_and_left_by_arm_and_neutral_alone(origin):
    bench = Bench(origin).active(0.8)
    assert bench.wait(299).state == "STALE"
    assert bench.wait(1).state == "LINK_LOST"
    assert bench.tick().limit == [LIMIT["LINK_LOST"]] * 4
    assert bench.command(0.0) == lib.GUARD_REFUSED_STATE
    for event in ("SESSION", "CLEAR_FAULT", "SELF_TEST_DONE", "NONE"):
        bench.raise_(event)
        assert bench.stream(100, 0.0).state == "LINK_LOST"
    bench.raise_("ARM")
    out = bench.stream(100, 0.8)
    assert (out.state, out.drive) == ("ARMED", False)
    assert bench.stream(40, 0.0).state == "ACTIVE"


def test_old_samples_that_keep_coming_lose_the_link():
    bench = Bench().active(0.8)
    out = bench.stream(299, 0.8, age=400)
    assert (out.state, out.limit[0], out.drive) == ("STALE", LIMIT["STALE"], False)
    assert bench.stream(2, 0.8, age=400).state == "LINK_LOST"


# ---- a host that repeats itself ----

@everywhere
def test_a_counter_that_stands_is_a_frozen_host(origin):
    bench = Bench(origin).active(0.8)
    sample = bench.sample
    out = bench.stream(99, 0.8, sample=sample)
    assert (out.state, out.limit[0]) == ("STALE", LIMIT["STALE"])
    out = bench.stream(1, 0.8, sample=sample)
    assert (out.state, out.limit) == ("STALE", [LIMIT["HOST_FROZEN"]] * 4)
    out = bench.stream(199, 0.8, sample=sample)
    assert (out.state, out.drive) == ("STALE", False)
    assert bench.stream(1, 0.8, sample=sample).state == "LINK_LOST"


def test_a_frozen_host_is_left_when_the_counter_advances():
    bench = Bench().active(0.8)
    bench.stream(150, 0.8, sample=bench.sample)
    bench.command(0.6)
    out = bench.tick()
    assert (out.state, out.velocity[0], out.limit[0]) == ("ACTIVE", pytest.approx(0.6), 0)


@pytest.mark.parametrize(("step", "taken"), [(1, True), (0, False), (-1, False),
                                             (2**31 - 1, True), (2**31, False), (2**32 - 1, False)])
@pytest.mark.parametrize("start", [10, 2**32 - 1, 2**31 - 1])
def test_the_counter_goes_round(start, step, taken):
    bench = Bench().ready()
    bench.raise_("ARM")
    bench.command(0, sample=start)
    status = bench.command(0.5, sample=(start + step) % 2**32)
    assert status == (0 if taken else lib.GUARD_REFUSED_COUNTER)


def test_a_frozen_host_that_then_falls_silent_is_only_stale():
    bench = Bench().active(0.8)
    out = bench.stream(110, 0.8, sample=bench.sample)
    assert out.limit[0] == LIMIT["HOST_FROZEN"]
    out = bench.wait(100)
    assert (out.state, out.limit[0]) == ("STALE", LIMIT["STALE"])


def test_a_host_frozen_sooner_than_its_command_is_old():
    bench = Bench(host_frozen_ms=30).active(0.8)
    bench.command(0.8, valid=100)
    sample = bench.sample
    out = bench.stream(29, 0.8, sample=sample, valid=100, every=10)
    assert out.state == "ACTIVE"
    out = bench.stream(1, 0.8, sample=sample, valid=100)
    assert (out.state, out.limit[0]) == ("STALE", LIMIT["HOST_FROZEN"])


def test_a_late_tick_does_not_forgive_a_frozen_host():
    bench = Bench(host_frozen_ms=30).active(0.8)
    bench.command(0.8, valid=100)
    bench.stream(25, 0.8, sample=bench.sample, valid=100)
    bench.now += 20
    assert bench.tick().velocity[0] == pytest.approx(0.8 * (1 - 15 / 50), abs=1e-6)


def test_commands_valid_for_no_time_do_not_draw_out_a_ramp():
    bench = Bench().active(0.8)
    bench.wait(60)
    for _ in range(4):
        assert bench.command(0.8, valid=0) == 0
        out = bench.wait(10)
    assert (out.state, out.velocity[0]) == ("STALE", 0)


# ---- the clock ----

@pytest.mark.parametrize(("back", "state"), [(1, "ACTIVE"), (20, "ACTIVE"), (21, "LINK_LOST"),
                                             (1000, "LINK_LOST")])
def test_a_clock_that_goes_back_far_makes_nothing_fresh(back, state):
    bench = Bench(5000).active(0.8)
    bench.now -= back
    out = bench.tick()
    assert out.state == state
    assert out.drive == (state == "ACTIVE")


def test_a_host_that_falls_silent_is_not_called_frozen():
    bench = Bench(host_frozen_ms=40).active(0.8)
    bench.command(0.8, valid=100)
    out = bench.wait(60)
    assert out.state == "ACTIVE"
    out = bench.wait(45)
    assert (out.state, out.limit[0]) == ("STALE", LIMIT["STALE"])


def test_a_command_stamped_after_the_tick_that_made_it_stale_begins_no_new_ramp():
    bench = Bench().active(0.8)
    out = bench.wait(60)
    assert out.state == "STALE" and 0 < out.velocity[0] < 0.8
    bench.now -= 15
    out = bench.tick()
    assert out.state == "STALE" and out.velocity[0] == pytest.approx(0.8), "no more than before"
