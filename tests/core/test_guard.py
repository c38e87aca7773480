# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard at its boundaries: arming, values, limits, release, faults, parameters."""

import math

import pytest
from guard_bench import (
    ACTUATOR,
    BUS,
    HARDWARE,
    LIMIT,
    LINK_NOISE,
    PARAMETERS,
    Bench,
    everywhere,
)

from endplate.core import ffi, lib

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


def test_a_dof_whose_site_is_good_again_waits_for_its_own_neutral():
    bench = Bench().active(0.5, 0.5)
    bench.stream(40, 0.0, 0.5, frozen=1)
    out = bench.stream(40, 0.8, 0.5)
    assert out.velocity == pytest.approx([0, 0.5, 0, 0])
    assert out.limit[:2] == [LIMIT["NEUTRAL"], LIMIT["NONE"]]
    assert bench.stream(20, 0.06, 0.5).velocity[0] == 0, "nearly neutral"
    bench.stream(20, 0.04, 0.5)
    assert bench.stream(20, 0.8, 0.5).velocity == pytest.approx([0.8, 0.5, 0, 0])


def test_a_hand_armed_with_a_bad_site_moves_its_dof_after_a_neutral_of_its_own():
    bench = Bench().ready()
    bench.raise_("ARM")
    bench.command(frozen=1)
    out = bench.stream(20, 0.8, 0.5)
    assert out.velocity == pytest.approx([0, 0.5, 0, 0])
    bench.stream(20, 0.0, 0.5)
    assert bench.stream(20, 0.8, 0.5).velocity == pytest.approx([0.8, 0.5, 0, 0])


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


@pytest.mark.parametrize("bits", [BUS, PARAMETERS, BUS | ACTUATOR | HARDWARE])
def test_a_fault_is_latched_until_it_is_gone_and_cleared(bits):
    bench = Bench().active(0.8)
    bench.faults(bits)
    out = bench.tick()
    assert (out.state, out.drive, out.power) == ("FAULT", False, True)
    assert out.limit == [LIMIT["FAULT"]] * 4
    bench.raise_("CLEAR_FAULT")
    assert bench.name == "FAULT"
    bench.faults(ACTUATOR)
    assert bench.wait(1000).state == "FAULT"
    bench.raise_("CLEAR_FAULT")
    assert bench.wait(10).state == "DISARMED"


@pytest.mark.parametrize("bits", [ACTUATOR, HARDWARE, LINK_NOISE, ACTUATOR | HARDWARE | LINK_NOISE])
def test_what_only_tells_stops_nothing(bits):
    bench = Bench().active(0.4)
    bench.faults(bits)
    out = bench.stream(500, 0.4)
    assert (out.state, out.velocity[0], bench.state.faults) == ("ACTIVE", pytest.approx(0.4), bits)
    bench.raise_("DISARM")
    bench.raise_("ARM")
    assert bench.stream(40, 0.0).state == "ACTIVE", "nor does it keep from arming"


def test_a_fault_does_not_stop_an_opening_but_counts_after_it():
    bench = Bench().ready()
    bench.faults(BUS)
    assert bench.name == "FAULT"
    bench.raise_("RELEASE")
    bench.faults(BUS | HARDWARE)
    out = bench.wait(4999, step=7)
    assert (out.state, out.drive) == ("RELEASING", True)
    assert bench.wait(1).state == "FAULT"


def test_a_release_that_is_stopped_ends_in_the_fault_it_began_in():
    bench = Bench().ready()
    bench.faults(PARAMETERS)
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
    ("armed_ms", (1000, 120000), (0, 999, 120001)),
    ("noise_velocity", (0.01, 1.0), (0.0, 1.01, math.nan)),
    ("open_only_velocity", (0.01, 1.0), (0.0, 1.01, math.nan)),
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
    assert (config.armed_ms, config.noise_velocity) == (30000, 0.5)


@pytest.mark.parametrize("sign", [1, -1, 0, 2, -2])
def test_a_dof_closes_one_way_or_the_other(sign):
    config = ffi.new("guard_config *")
    lib.guard_defaults(config, 4)
    config.closing_dofs_mask = 0b11
    config.closing[1] = sign
    assert lib.guard_check(config) == (0 if sign in (1, -1) else lib.CORE_BAD_CONFIG)
    config.dofs = 1
    assert lib.guard_check(config) == lib.CORE_BAD_CONFIG, "there is no second DoF"


def test_a_dof_that_closes_by_the_negative_way_is_opened_by_the_positive():
    bench = Bench()
    bench.config.closing[0] = -1
    bench.active(0.8)
    bench.sense(supply_low=1)
    assert bench.stream(40, 0.8).velocity[0] == pytest.approx(0.24)
    assert bench.stream(40, -0.8).velocity[0] == 0
    bench.raise_("RELEASE")
    assert bench.tick().velocity[0] == pytest.approx(0.3)


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
    senses, command = ffi.new("guard_senses *"), ffi.new("guard_command *")
    for state, config in ((null, bench.config), (bench.state, null)):
        assert lib.guard_raise(state, config, 2, 0) == bad
        assert lib.guard_set_faults(state, config, 1, 0) == bad
        assert lib.guard_command_take(state, config, command, 0) == bad
        out.drive = 1
        assert lib.guard_tick(state, config, 0, 0, out) == bad
        assert out.drive == 0, "even a refused tick leaves nothing driving"
    assert lib.guard_sense(bench.state, null) == lib.guard_sense(null, senses) == bad
    assert lib.guard_command_take(bench.state, bench.config, null, 0) == bad
    assert lib.guard_tick(bench.state, bench.config, 0, 0, null) == bad
    lib.guard_defaults(null, 4)
    for dofs in (0, 9):
        bench.config.dofs = dofs
        out.drive = 1
        assert lib.guard_command_take(bench.state, bench.config, command, 0) == bad
        assert lib.guard_tick(bench.state, bench.config, 0, 0, out) == lib.CORE_BAD_CONFIG
        assert out.drive == 0
