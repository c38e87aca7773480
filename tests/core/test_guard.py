# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard at its boundaries: each time and each limit just before, at, and after it."""

import math

import pytest
from guard_bench import ACTUATOR, BUS, HARDWARE, Bench

from endplate.core import ffi, lib

LIMIT = {name: getattr(lib, f"GUARD_LIMIT_{name}") for name in (
    "NONE", "ESTOP", "FAULT", "RELEASING", "DISARMED", "LINK_LOST", "HOST_FROZEN", "STALE",
    "NEUTRAL", "SITE", "POSITION")}
ORIGINS = (0, 1, 2**32 - 1, 2**32 - 60, 2**32 - 250, 2**31 - 70)
everywhere = pytest.mark.parametrize("origin", ORIGINS)


# ---- arming ----

@everywhere
def test_nothing_moves_between_reset_and_arm_with_neutral(origin):
    bench = Bench(origin)
    assert bench.tick().power is False
    assert bench.name == "SELF_TEST"
    assert bench.command(0.9) == lib.GUARD_REFUSED_STATE
    bench.raise_("ARM")
    assert bench.wait(10).state == "SELF_TEST"
    bench.raise_("SELF_TEST_DONE")
    assert bench.command(0.9) == lib.GUARD_REFUSED_STATE
    assert not bench.wait(10).drive
    bench.raise_("ARM")
    out = bench.stream(400, 0.9)
    assert (out.state, out.drive, out.limit) == ("ARMED", False, [LIMIT["NEUTRAL"]] * 4)
    bench.command(0.0)
    out = bench.stream(10, 0.9)
    assert (out.state, out.drive) == ("ACTIVE", True)
    assert out.velocity == pytest.approx([0.9, 0, 0, 0])


@pytest.mark.parametrize(("targets", "becomes"), [
    ((0.0499,), "ACTIVE"), ((-0.0499, 0.0499, 0.0499, -0.0499), "ACTIVE"), ((0.05,), "ARMED"),
    ((-0.05,), "ARMED"), ((0, 0, 0, 0.05), "ARMED"), ((0, 0, 0, 0, 0.9), "ACTIVE"),
])
def test_neutral_is_every_dof_below_its_threshold(targets, becomes):
    bench = Bench().ready()
    bench.raise_("ARM")
    assert bench.command(*targets) == 0
    assert bench.tick().state == becomes


def test_arming_forgets_the_counter_and_the_targets():
    bench = Bench().active(0.7)
    bench.raise_("DISARM")
    bench.raise_("ARM")
    assert bench.command(0, sample=3) == 0, "a host that began again counts from its own start"
    out = bench.tick()
    assert (out.state, out.velocity) == ("ACTIVE", [0, 0, 0, 0])


def test_no_velocity_of_before_comes_back_in_a_ramp():
    bench = Bench().active(0.8)
    bench.raise_("DISARM")
    bench.raise_("ARM")
    bench.command(0.0)
    bench.now += 51
    out = bench.tick()
    assert (out.state, out.velocity) == ("STALE", [0, 0, 0, 0])


def test_arming_again_while_active_changes_nothing():
    bench = Bench().active(0.7)
    bench.raise_("ARM")
    out = bench.tick()
    assert (out.state, out.velocity[0]) == ("ACTIVE", pytest.approx(0.7))


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


# ---- values ----

@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1.0001, -1.0001, 3e38])
@pytest.mark.parametrize("dof", range(4))
def test_a_value_out_of_range_is_refused_whole(bad, dof):
    bench = Bench().active(0.3)
    targets = [0.9] * 4
    targets[dof] = bad
    assert bench.command(*targets) == lib.GUARD_REFUSED_VALUE
    assert bench.tick().velocity == pytest.approx([0.3, 0, 0, 0])
    assert bench.state.refused_value == 1


@pytest.mark.parametrize("mode", [-1, 2, 255])
def test_an_unknown_mode_is_refused(mode):
    assert Bench().active(0.3).command(0.5, mode=mode) == lib.GUARD_REFUSED_VALUE


def test_hold_is_neutral_whatever_its_targets():
    bench = Bench().active(0.8)
    bench.command(0.9, mode=0)
    out = bench.tick()
    assert (out.state, out.velocity) == ("ACTIVE", [0, 0, 0, 0])


# ---- what limits a DoF ----

@pytest.mark.parametrize("frozen", range(16))
@pytest.mark.parametrize("at_limit", [0, 0b0101, 0b1111])
def test_frozen_dof_stand_and_say_so(frozen, at_limit):
    bench = Bench().active(0.2)
    bench.command(0.8, 0.8, 0.8, 0.8, frozen=frozen)
    out = bench.tick(at_limit)
    for dof in range(4):
        if frozen >> dof & 1:
            assert (out.velocity[dof], out.limit[dof]) == (0, LIMIT["SITE"])
        else:
            held = LIMIT["POSITION"] if at_limit >> dof & 1 else LIMIT["NONE"]
            assert (out.velocity[dof], out.limit[dof]) == (pytest.approx(0.8), held)


def test_a_frozen_dof_does_not_begin_to_move_in_the_ramp():
    bench = Bench().active(0.8)
    bench.command(0.8, 0.8, frozen=1)
    bench.tick()
    out = bench.wait(60)
    assert out.state == "STALE"
    assert out.velocity[0] == 0 and 0 < out.velocity[1] < 0.8


# ---- release, faults, emergency stop ----

@everywhere
def test_release_opens_slowly_and_ends_by_itself(origin):
    bench = Bench(origin).active(0.8, 0.8)
    bench.raise_("RELEASE")
    for _ in range(5):
        out = bench.wait(999, step=9)
        bench.raise_("RELEASE")
        assert out.velocity == pytest.approx([-0.3, 0, 0, 0])
        assert out.limit == [LIMIT["RELEASING"]] * 4
    assert bench.wait(4).state == "RELEASING"
    out = bench.wait(1)
    assert (out.state, out.drive) == ("DISARMED", False)


def test_commands_and_arm_do_not_disturb_a_release():
    bench = Bench().active(0.8)
    bench.raise_("RELEASE")
    bench.raise_("ARM")
    bench.raise_("SESSION")
    assert bench.command(0.8) == lib.GUARD_REFUSED_STATE
    assert bench.tick().velocity == pytest.approx([-0.3, 0, 0, 0])


def test_release_drives_against_the_closing_sign_of_each_dof():
    bench = Bench(closing_dofs_mask=0b101, closing=[-1, 0, 1, 0, 0, 0, 0, 0]).ready()
    bench.raise_("RELEASE")
    assert bench.tick().velocity == pytest.approx([0.3, 0, -0.3, 0])


@pytest.mark.parametrize("bits", [BUS, ACTUATOR, HARDWARE, ACTUATOR | HARDWARE])
def test_a_fault_is_latched_until_it_is_gone_and_cleared(bits):
    bench = Bench().active(0.8)
    bench.faults(bits)
    out = bench.tick()
    assert (out.state, out.drive, out.power) == ("FAULT", False, True)
    assert out.limit == [LIMIT["FAULT"]] * 4
    bench.raise_("CLEAR_FAULT")
    assert bench.name == "FAULT"
    bench.faults(0)
    assert bench.wait(1000).state == "FAULT"
    bench.raise_("CLEAR_FAULT")
    assert bench.wait(10).state == "DISARMED"


def test_a_fault_does_not_stop_an_opening_but_counts_after_it():
    bench = Bench().ready()
    bench.faults(ACTUATOR)
    assert bench.name == "FAULT"
    bench.raise_("RELEASE")
    bench.faults(ACTUATOR | HARDWARE)
    out = bench.wait(4999, step=7)
    assert (out.state, out.drive) == ("RELEASING", True)
    assert bench.wait(1).state == "FAULT"


def test_a_release_that_is_stopped_ends_in_the_fault_it_began_in():
    bench = Bench().ready()
    bench.faults(ACTUATOR)
    bench.raise_("RELEASE")
    bench.raise_("DISARM")
    assert bench.tick().state == "FAULT"


def test_faults_found_in_the_self_test_count_when_it_is_done():
    bench = Bench()
    bench.tick()
    bench.faults(BUS)
    assert bench.wait(100).state == "SELF_TEST"
    assert bench.raise_("SELF_TEST_DONE") == lib.GUARD_FAULT


def test_estop_is_latched_whatever_comes():
    bench = Bench().active(0.8)
    bench.raise_("ESTOP")
    for event in ("ARM", "DISARM", "RELEASE", "SESSION", "CLEAR_FAULT", "SELF_TEST_DONE", "FAULT"):
        bench.raise_(event)
        bench.faults(0)
        out = bench.stream(50, 0.0)
        assert (out.state, out.drive, out.power) == ("ESTOP", False, False)
        assert out.limit == [LIMIT["ESTOP"]] * 4


def test_stop_ends_a_release():
    bench = Bench().ready()
    bench.raise_("RELEASE")
    bench.raise_("DISARM")
    assert bench.tick().drive is False


# ---- the clock ----

@pytest.mark.parametrize(("back", "state"), [(1, "ACTIVE"), (20, "ACTIVE"), (21, "LINK_LOST"),
                                             (1000, "LINK_LOST")])
def test_a_clock_that_goes_back_far_makes_nothing_fresh(back, state):
    bench = Bench(5000).active(0.8)
    bench.now -= back
    out = bench.tick()
    assert out.state == state
    assert out.drive == (state == "ACTIVE")


# ---- parameters ----

@pytest.mark.parametrize(("name", "good", "bad"), [
    ("dofs", (1, 8), (0, 9, -1)),
    ("valid_max_ms", (1, 150), (0, 151, 2**32 - 1)),
    ("emg_age_max_ms", (1, 500), (0, 501)),
    ("emg_future_ms", (0, 50), (51,)),
    ("host_frozen_ms", (1, 250), (0, 251)),
    ("ramp_ms", (0, 100), (101,)),
    ("link_lost_ms", (150, 350), (149, 351, 2**32 - 1)),
    ("release_ms", (0, 20000), (20001,)),
    ("release_velocity", (0.01, 1.0), (0.0, 1.01, -0.3, math.nan, math.inf)),
    ("neutral", (0.001, 0.5), (0.0, 0.51, math.nan)),
    ("closing_dofs_mask", (1,), (0, 2, 3, 0x101, 0x100)),
])
def test_parameters_are_bounded(name, good, bad):
    for value in good + bad:
        config = ffi.new("guard_config *")
        lib.guard_defaults(config, 4)
        setattr(config, name, value)
        assert lib.guard_check(config) == (0 if value in good else lib.CORE_BAD_CONFIG), value


def test_defaults_are_those_of_the_header():
    config = ffi.new("guard_config *")
    lib.guard_defaults(config, 4)
    assert (config.valid_max_ms, config.emg_age_max_ms, config.emg_future_ms) == (100, 150, 20)
    assert (config.host_frozen_ms, config.link_lost_ms, config.ramp_ms) == (100, 300, 50)
    assert (config.release_ms, list(config.closing)) == (5000, [1, 0, 0, 0, 0, 0, 0, 0])
    assert config.release_velocity == pytest.approx(0.3)
    assert config.neutral == pytest.approx(0.05)


def test_no_ramp_stops_at_once():
    bench = Bench(ramp_ms=0).active(0.8)
    out = bench.wait(50)
    assert (out.state, out.drive, out.velocity[0]) == ("STALE", False, 0)


def test_missing_arguments_are_refused():
    bench = Bench()
    null = ffi.NULL
    out = ffi.new("guard_output *")
    out.drive = 1
    bad = lib.CORE_BAD_ARGUMENT
    assert lib.guard_init(null, bench.config, 0) == bad
    assert lib.guard_check(null) == bad
    assert lib.guard_raise(null, bench.config, 2, 0) == bad
    assert lib.guard_set_faults(bench.state, null, 1, 0) == bad
    assert lib.guard_command_take(bench.state, bench.config, null, 0) == bad
    assert lib.guard_tick(null, bench.config, 0, 0, out) == bad
    assert out.drive == 0, "even a refused tick leaves nothing driving"
    lib.guard_defaults(null, 4)
    bench.config.dofs = 9
    out.drive = 1
    assert lib.guard_tick(bench.state, bench.config, 0, 0, out) == lib.CORE_BAD_CONFIG
    assert out.drive == 0
