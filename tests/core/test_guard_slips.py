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
