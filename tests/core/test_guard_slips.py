# SPDX-License-Identifier: GPL-3.0-or-later
"""What mutation testing found that no other test of the guard noticed (`make mutants`)."""

import pytest
from guard_bench import LIMIT, Bench

from endplate.core import ffi, lib


@pytest.mark.parametrize("origin", [0, 77])
def test_init_leaves_nothing_of_what_was_there(origin):
    bench = Bench(origin)
    used = ffi.new("guard_state *")
    ffi.memmove(used, b"\xa5" * ffi.sizeof("guard_state"), ffi.sizeof("guard_state"))
    assert lib.guard_init(used, bench.config, bench.clock) == 0
    assert bytes(ffi.buffer(used)) == bytes(ffi.buffer(bench.state))
    assert used.entered_ms == bench.clock


@pytest.mark.parametrize("dofs", [1, lib.CORE_MAX_DOF])
def test_the_fewest_and_the_most_dofs_are_driven(dofs):
    bench = Bench(dofs=dofs).active(0.5)
    assert bench.tick().velocity[0] == pytest.approx(0.5)


def test_a_hand_without_a_dof_is_refused_even_when_none_closes():
    bench = Bench()
    bench.config.dofs = bench.config.closing_dofs_mask = bench.config.closing[0] = 0
    assert lib.guard_check(bench.config) == lib.CORE_BAD_CONFIG


def test_disarmed_is_what_limits_a_disarmed_hand():
    assert Bench().ready().tick().limit == [LIMIT["DISARMED"]] * 4


def test_a_way_that_waits_leaves_the_other_way_at_any_speed():
    bench = Bench().active(0.5, -0.5)
    bench.sense(no_negative=1, no_positive=2)
    assert bench.tick().velocity == pytest.approx([0.5, -0.5, 0, 0])


def test_a_lost_actuator_is_said_of_its_own_dof():
    bench = Bench().active(0.5, 0.5)
    bench.sense(absent=2)
    limit = bench.tick().limit
    assert limit[1] == LIMIT["ACTUATOR"] and LIMIT["ACTUATOR"] not in (limit[0], *limit[2:])


def test_hold_is_neutral_whatever_its_targets():
    bench = Bench().ready()
    bench.raise_("ARM")
    assert bench.command(0.9, mode=0) == 0
    assert bench.tick().state == "ACTIVE"
    bench = Bench().active(0.5, 0.5)
    bench.sense(absent=2)
    bench.tick()
    bench.sense()
    bench.command(0.5, 0.5)
    assert bench.tick().velocity[1] == 0, "not relaxed yet"
    bench.command(0.5, 0.5, mode=0)
    bench.command(0.5, 0.5)
    assert bench.tick().velocity[:2] == pytest.approx([0.5, 0.5])


def test_a_guard_begins_in_boot_and_refuses_what_the_check_refuses():
    bench = Bench()
    assert bench.name == "BOOT"
    bench.config.dofs = 0
    assert lib.guard_init(bench.state, bench.config, 0) == lib.CORE_BAD_CONFIG


def test_defaults_leave_nothing_of_what_was_there():
    fresh, used = ffi.new("guard_config *"), ffi.new("guard_config *")
    ffi.memmove(used, b"\xa5" * ffi.sizeof("guard_config"), ffi.sizeof("guard_config"))
    for config in (fresh, used):
        lib.guard_defaults(config, 4)
    assert bytes(ffi.buffer(used)) == bytes(ffi.buffer(fresh))


def test_every_value_of_a_low_supply_but_0_is_one():
    bench = Bench().active(0.8)
    bench.sense(supply_low=-1)
    assert bench.tick().state == "OPEN_ONLY"


def test_a_state_below_all_is_refused():
    bench = Bench()
    bench.state.state = -5
    assert bench.raise_("ESTOP") == lib.CORE_BAD_ARGUMENT


@pytest.mark.parametrize("faults", [0, 4])
def test_faults_without_a_configuration_are_not_taken(faults):
    bench = Bench()
    bench.state.faults = 8
    assert lib.guard_set_faults(bench.state, ffi.NULL, faults, 0) == lib.CORE_BAD_ARGUMENT
    assert bench.state.faults == 8


def test_a_command_of_one_millisecond_ends_stale():
    bench = Bench().active(0.8)
    bench.wait(60)
    assert bench.name == "STALE"
    assert bench.command(0.8, valid=0) == 0 and bench.name == "STALE"
    assert bench.command(0.8, valid=1) == 0 and bench.name == "ACTIVE"


def test_a_tick_returns_the_state_and_says_nothing_of_dofs_that_there_are_none_of():
    bench = Bench().active(0.8, 0.8, 0.8, 0.8)
    out = ffi.new("guard_output *")
    assert lib.guard_tick(bench.state, bench.config, 0, bench.clock, out) == lib.GUARD_ACTIVE
    bench.raise_("ESTOP")
    lib.guard_tick(bench.state, bench.config, 0, bench.clock, out)
    assert list(out.limit) == [LIMIT["ESTOP"]] * 4 + [0] * 4


@pytest.mark.parametrize("way", ["no_positive", "no_negative"])
def test_a_way_that_waits_is_that_of_its_own_dof_and_limits_no_rest(way):
    sign = 1 if way == "no_positive" else -1
    bench = Bench().active(0.5 * sign, 0.5 * sign)
    bench.sense(**{way: 2, "stalled": 2})
    out = bench.tick()
    assert out.velocity[:2] == pytest.approx([0.5 * sign, 0])
    assert out.limit[:2] == [LIMIT["NONE"], LIMIT["STALL"]]
    bench.command(0.0, 0.0)
    assert bench.tick().limit[:2] == [LIMIT["NONE"]] * 2


def test_a_way_that_waits_for_heat_is_no_stall():
    bench = Bench().active(0.5)
    bench.sense(no_positive=1, hot=1)
    assert bench.tick().limit[0] == LIMIT["HOT"]


def test_a_dof_that_was_frozen_is_said_to_wait_for_its_own_neutral():
    bench = Bench().active(0.5, 0.5)
    bench.stream(20, 0.5, 0.0, frozen=2)
    out = bench.stream(20, 0.5, 0.5)
    assert out.limit[:2] == [LIMIT["NONE"], LIMIT["NEUTRAL"]]
