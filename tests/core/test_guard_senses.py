# SPDX-License-Identifier: GPL-3.0-or-later
"""What motors and supply forbid, as the guard obeys it."""

from __future__ import annotations

import pytest
from guard_bench import LIMIT, LINK_NOISE, Bench, everywhere


def test_a_way_that_waits_stands_and_the_other_way_goes():
    bench = Bench().active(0.8, 0.5)
    bench.sense(no_positive=1, stalled=1)
    out = bench.tick()
    assert out.velocity == pytest.approx([0, 0.5, 0, 0])
    assert out.limit == [LIMIT["STALL"], LIMIT["NONE"], LIMIT["NONE"], LIMIT["NONE"]]
    out = bench.stream(20, -0.6, 0.5)
    assert out.velocity == pytest.approx([-0.6, 0.5, 0, 0])
    assert out.limit[0] == LIMIT["NONE"]


def test_a_negative_way_waits_as_well():
    bench = Bench().active(0.2, -0.5)
    bench.sense(no_negative=2, stalled=2)
    assert bench.tick().velocity == pytest.approx([0.2, 0, 0, 0])


def test_a_hot_motor_is_slower_and_said():
    bench = Bench().active(0.8, -0.5)
    bench.sense(0.5, hot=2)
    out = bench.tick()
    assert out.velocity == pytest.approx([0.4, -0.25, 0, 0])
    assert out.limit[:2] == [LIMIT["NONE"], LIMIT["HOT"]]


def test_a_frozen_site_is_said_before_the_motors():
    bench = Bench().active(0.8)
    bench.sense(0.5, hot=1, no_positive=1, stalled=1)
    bench.now += 1
    bench.command(0.8, frozen=1)
    assert bench.tick().limit[0] == LIMIT["SITE"]


def test_a_low_supply_opens_only_and_slowly():
    bench = Bench().active(0.8, 0.5)
    bench.sense(supply_low=1)
    out = bench.tick()
    assert (out.state, out.velocity) == ("OPEN_ONLY", [0, 0, 0, 0])
    assert set(out.limit) == {LIMIT["SUPPLY"]}
    assert bench.stream(40, 0.8, 0.5).velocity == [0, 0, 0, 0]
    out = bench.stream(40, -0.8, -0.5)
    assert out.velocity == pytest.approx([-0.24, 0, 0, 0])


def test_open_only_goes_stale_and_is_lost_like_active():
    bench = Bench().active(-0.8)
    bench.sense(supply_low=1)
    bench.stream(40, -0.8)
    assert bench.name == "OPEN_ONLY"
    bench.wait(60)
    assert bench.name == "STALE"
    bench.command(-0.8)
    assert bench.tick().state == "OPEN_ONLY", "never active in between"
    out = bench.wait(360)
    assert (out.state, out.drive) == ("LINK_LOST", False)


def test_a_supply_that_is_back_asks_for_rest_first():
    bench = Bench().active(0.8)
    bench.sense(supply_low=1)
    bench.stream(40, 0.8)
    bench.sense()
    out = bench.stream(60, 0.8)
    assert (out.state, out.velocity) == ("ARMED", [0, 0, 0, 0])
    assert bench.stream(21, 0.0).state == "ACTIVE"


def test_a_supply_that_comes_back_in_a_gap_of_the_commands_asks_for_rest_too():
    bench = Bench().active(-0.8)
    bench.sense(supply_low=1)
    bench.stream(40, -0.8)
    bench.wait(60)
    assert bench.name == "STALE"
    bench.sense()
    assert bench.stream(60, 0.8).state == "ARMED"
    bench.command(0.0)
    assert bench.stream(40, 0.8).velocity == pytest.approx([0.8, 0, 0, 0])


def test_arming_with_a_low_supply_opens_only():
    bench = Bench().ready()
    bench.sense(supply_low=1)
    bench.raise_("ARM")
    out = bench.stream(60, 0.0)
    assert out.state == "OPEN_ONLY"


@pytest.mark.parametrize("scale", [float("nan"), -0.1, 1.1, float("inf")])
def test_a_scale_that_is_none_means_standing(scale):
    bench = Bench().active(0.8)
    bench.sense(scale)
    assert bench.tick().velocity == [0, 0, 0, 0]


def test_release_is_bound_by_none_of_it():
    bench = Bench().active(0.8)
    bench.sense(0.0, no_positive=15, no_negative=15, hot=15, stalled=15, supply_low=1)
    bench.raise_("RELEASE")
    assert bench.tick().velocity == pytest.approx([-0.3, 0, 0, 0])


# ---- actuators that are lost ----

def test_a_lost_actuator_stops_its_dof_and_no_other():
    bench = Bench().active(0.8, 0.5)
    bench.sense(absent=1)
    out = bench.tick()
    assert (out.state, out.velocity) == ("ACTIVE", pytest.approx([0, 0.5, 0, 0]))
    assert out.limit == [LIMIT["ACTUATOR"], LIMIT["NONE"], LIMIT["NONE"], LIMIT["NONE"]]
    assert bench.stream(1000, -0.8, 0.5).velocity == pytest.approx([0, 0.5, 0, 0])


def test_a_dof_whose_actuator_is_good_again_moves_after_its_own_neutral():
    bench = Bench().active(0.8, 0.5)
    bench.sense(absent=1)
    bench.stream(40, 0.0, 0.5)
    bench.sense()
    out = bench.stream(100, 0.8, 0.5)
    assert out.velocity == pytest.approx([0, 0.5, 0, 0]), "the neutral was before it was good"
    assert out.limit[0] == LIMIT["NEUTRAL"]
    out = bench.stream(100, 0.06, 0.5)
    assert out.velocity[0] == 0, "nearly neutral"
    bench.stream(20, 0.04, 0.5)
    assert bench.stream(20, 0.8, 0.5).velocity == pytest.approx([0.8, 0.5, 0, 0])


def test_a_zero_that_the_host_sends_for_a_bad_site_is_no_neutral():
    bench = Bench().active(0.8)
    bench.sense(absent=1)
    bench.tick()
    bench.sense()
    bench.stream(40, 0.0, frozen=1)
    assert bench.stream(40, 0.8).velocity[0] == 0
    bench.stream(20, 0.0)
    assert bench.stream(20, 0.8).velocity[0] == pytest.approx(0.8)


def test_an_actuator_lost_in_the_ramp_ends_it():
    bench = Bench().active(0.8, 0.5)
    bench.wait(60)
    assert bench.tick().velocity[0] > 0.5
    bench.sense(absent=1)
    out = bench.tick()
    assert out.velocity[0] == 0 and out.velocity[1] > 0.3


def test_a_hand_may_be_armed_with_an_actuator_lost():
    bench = Bench().ready()
    bench.sense(absent=2)
    bench.raise_("ARM")
    bench.stream(40, 0.0)
    assert bench.stream(40, 0.8, 0.5).velocity == pytest.approx([0.8, 0, 0, 0])


# ---- link noise ----

def test_a_noisy_link_bounds_the_speed_and_no_slow_movement():
    bench = Bench().active(0.8, -0.9, 0.3, -0.5)
    bench.faults(LINK_NOISE)
    assert bench.tick().velocity == pytest.approx([0.5, -0.5, 0.3, -0.5])
    bench.faults(0)
    assert bench.tick().velocity == pytest.approx([0.8, -0.9, 0.3, -0.5])


def test_a_noisy_link_bounds_an_opening_with_a_low_supply_once_more():
    bench = Bench().active(-1.0)
    bench.faults(LINK_NOISE)
    bench.sense(supply_low=1)
    assert bench.stream(40, -1.0).velocity[0] == pytest.approx(-0.15)


# ---- armed and forgotten ----

@everywhere
def test_nobody_who_relaxes_within_the_time_is_disarmed(origin):
    bench = Bench(origin).ready()
    bench.raise_("ARM")
    out = bench.stream(29_999, 0.5)
    assert out.state == "ARMED"
    assert bench.wait(1).state == "DISARMED"
    assert bench.stream(40, 0.0).state == "DISARMED", "only ARM leads back"


def test_a_supply_that_is_back_waits_no_longer_than_armed_does():
    bench = Bench(armed_ms=1000).active(-0.8)
    bench.sense(supply_low=1)
    bench.stream(40, -0.8)
    bench.sense()
    assert bench.stream(990, -0.8).state == "ARMED"
    assert bench.stream(30, -0.8).state == "DISARMED"
