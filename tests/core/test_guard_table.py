# SPDX-License-Identifier: GPL-3.0-or-later
"""Every state against every event, checked with a table written down a second time, by hand."""

import itertools

import pytest
from guard_bench import EVENTS, STATES, TABLE, Bench, placed

from endplate.core import ffi, lib

#: (state, event) -> next state; what is not here stays.
EXPECTED = {
    ("BOOT", "SELF_TEST_DONE"): "DISARMED",
    ("SELF_TEST", "SELF_TEST_DONE"): "DISARMED",
    ("DISARMED", "ARM"): "ARMED",
    ("LINK_LOST", "ARM"): "ARMED",
    ("ARMED", "SESSION"): "DISARMED",
    ("ACTIVE", "SESSION"): "DISARMED",
    ("STALE", "SESSION"): "DISARMED",
    ("OPEN_ONLY", "SESSION"): "DISARMED",
    ("ARMED", "DISARM"): "DISARMED",
    ("ACTIVE", "DISARM"): "DISARMED",
    ("STALE", "DISARM"): "DISARMED",
    ("LINK_LOST", "DISARM"): "DISARMED",
    ("OPEN_ONLY", "DISARM"): "DISARMED",
    ("RELEASING", "DISARM"): "DISARMED",
    ("FAULT", "CLEAR_FAULT"): "DISARMED",
}
for _state in ("DISARMED", "ARMED", "ACTIVE", "STALE", "LINK_LOST", "OPEN_ONLY", "FAULT"):
    EXPECTED[_state, "RELEASE"] = "RELEASING"
    EXPECTED[_state, "FAULT"] = "FAULT"
for _state in STATES:
    EXPECTED[_state, "ESTOP"] = "ESTOP"

#: Raised by the guard itself; from outside they are refused.
INTERNAL = {
    "NEUTRAL", "FRESH", "STALE", "LINK_LOST", "RELEASED", "SUPPLY_LOW", "SUPPLY_GOOD",
    "UNUSED",
}
#: States in which the first tick after them may drive.
MAY_DRIVE = {"ACTIVE", "OPEN_ONLY", "STALE", "RELEASING"}


def test_the_names_are_those_of_the_header():
    for index, name in enumerate(STATES):
        assert getattr(lib, f"GUARD_{name}") == index
    for index, name in enumerate(EVENTS):
        assert getattr(lib, f"GUARD_EV_{name}") == index
    assert (lib.GUARD_STATES, lib.GUARD_EVENTS) == (len(STATES), len(EVENTS))


@pytest.mark.parametrize("state", STATES)
def test_every_event_in_every_state(state):
    for event in EVENTS:
        bench = placed(state)
        before = bytes(ffi.buffer(bench.state))
        returned = bench.raise_(event)
        wanted = EXPECTED.get((state, event), state)
        assert bench.name == wanted, (state, event)
        assert returned == (lib.CORE_BAD_ARGUMENT if event in INTERNAL else STATES.index(wanted))
        if wanted == state:
            assert bytes(ffi.buffer(bench.state)) == before, "what is not listed changes nothing"


@pytest.mark.parametrize("event", sorted(set(EVENTS) - INTERNAL))
def test_leaving_motion_stops_at_once(event):
    bench = placed("ACTIVE")
    bench.raise_(event)
    if bench.name == "ACTIVE":
        return
    out = bench.tick()
    if bench.name == "RELEASING":
        assert out.velocity == pytest.approx([-0.3, 0, 0, 0])
    else:
        assert not out.drive
        assert out.velocity == [0, 0, 0, 0]


@pytest.mark.parametrize("state", STATES)
def test_pairs_of_events_never_leave_drive_on_elsewhere(state):
    for first, second in itertools.product(EVENTS, EVENTS):
        bench = placed(state)
        bench.raise_(first)
        bench.raise_(second)
        out = bench.tick()
        assert not out.drive or out.state in MAY_DRIVE, (state, first, second)
        assert out.drive or out.velocity == [0, 0, 0, 0]
        if out.state == "RELEASING":
            assert out.velocity[0] < 0 and out.velocity[1:] == [0, 0, 0]
        assert out.power == (out.state not in ("BOOT", "SELF_TEST", "ESTOP"))


def test_the_first_tick_leaves_boot():
    bench = Bench()
    assert bench.tick().state == "SELF_TEST"


def test_an_unknown_event_is_refused():
    bench = Bench().ready()
    for event in (-1, len(EVENTS), 1000, -(2**31)):
        assert lib.guard_raise(bench.state, bench.config, event, 0) == lib.CORE_BAD_ARGUMENT
    assert bench.name == "DISARMED"


@pytest.mark.parametrize("number", [-1, len(STATES), 2**31 - 1])
def test_a_state_that_does_not_exist_is_an_emergency_stop(number):
    bench = Bench().active(0.8)
    bench.state.state = number
    assert bench.raise_("ARM") == lib.CORE_BAD_ARGUMENT
    out = bench.tick()
    assert (out.state, out.drive, out.power) == ("ESTOP", False, False)


@pytest.mark.parametrize("state", [s for s in STATES if s not in ("BOOT", "SELF_TEST", "ESTOP")])
def test_release_opens_from_everywhere(state):
    bench = placed(state)
    bench.raise_("RELEASE")
    out = bench.tick()
    assert out.state == "RELEASING"
    assert out.drive
    assert out.velocity == pytest.approx([-0.3, 0, 0, 0])


@pytest.mark.parametrize("state", STATES)
def test_a_damaged_hand_table_is_never_driven_nor_powered(state):
    bench = placed(state)
    bench.faults(TABLE)
    for event in ("NONE", "ARM", "RELEASE", "CLEAR_FAULT"):
        bench.raise_(event)
        out = bench.tick()
        assert not out.drive and not out.power
