# SPDX-License-Identifier: GPL-3.0-or-later
"""Position mode and soft stops: where it goes, that it never runs past, and how its speed falls.
Joints follow their goals at once here; with mechanics: tests/loop/test_firmware_position.py."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endplate.core import ffi, lib
from endplate.hardware import core_table, load_hand

HAND = load_hand("test-hand")
JOINTS = [joint.name for joint in HAND.joints]
DOFS = [dof.name for dof in HAND.dofs]
ARM = [dof.joint for dof in HAND.dofs if dof.joint]
SOFT_S = 0.06  # hand.h
DT = 0.01


class Aimed:
    """Commands of a position every 20 ms, motor cycles every 10 ms, and no guard between."""

    def __init__(self, closing=1, **start):
        table = core_table(HAND)
        table["dof"][0]["closing"] = closing
        self.config, self.state = ffi.new("hand_config *", table), ffi.new("hand_state *")
        self.at = {**dict.fromkeys(JOINTS, 0.0), "thumb_rotation": 80.0, **start}
        assert lib.hand_init(self.state, self.config, self.measured()) == 0

    def measured(self):
        return ffi.new("float[10]", list(self.at.values()))

    @property
    def goals(self):
        return dict(zip(JOINTS, self.state.goal_deg, strict=False))

    def here(self):
        """The positions at which it is."""
        found = [self.state.closure]
        for name in ARM:
            joint = HAND.joint(name)
            middle, half = (joint.min_deg + joint.max_deg) / 2, (joint.max_deg - joint.min_deg) / 2
            found.append((self.goals[name] - middle) / half)
        return found

    def wanted(self, most=1.0, near=0.0, waits=255, **position):
        where = dict(zip(DOFS, self.here(), strict=True)) | position
        asked = ffi.new("float[8]", [where[name] for name in DOFS])
        velocity = ffi.new("float[8]")
        assert lib.hand_toward(self.state, self.config, asked, most, near, waits, velocity) == 0
        return asked, velocity

    def go(self, commands=1, cycles=2, most=1.0, dt=DT, **position):
        """Goals after each cycle."""
        kept = []
        for _ in range(commands):
            asked, velocity = self.wanted(most, **position)
            assert lib.hand_aim(self.state, self.config, asked) == 0
            for _ in range(cycles):
                assert lib.hand_process(self.state, self.config, velocity, self.measured(), dt) == 0
                self.at = self.goals
                kept.append(self.goals | {"closure": self.state.closure})
        return kept


def place(name, position):
    joint = HAND.joint(name)
    return (joint.min_deg + joint.max_deg) / 2 + position * (joint.max_deg - joint.min_deg) / 2


@pytest.mark.parametrize("name", ARM)
@pytest.mark.parametrize("position", [-1.0, -0.4, 0.0, 0.33, 1.0])
def test_a_joint_goes_to_its_place_and_not_past(name, position):
    hand = Aimed(**{name: place(name, -0.7 if position > -0.7 else 0.5)})
    before, end = hand.goals[name], place(name, position)
    way = hand.go(300, **{name: position})
    found = [row[name] for row in way]
    assert found[-1] == pytest.approx(end, abs=0.03)
    low, high = sorted((before, end))
    assert min(found) >= low - 1e-4 and max(found) <= high + 1e-4, "never past, never back"
    steps = [abs(b - a) for a, b in zip([before, *found], found, strict=False)]
    assert max(steps) <= HAND.joint(name).speed_dps * DT * (1 + 1e-4)
    assert hand.state.at_limit == 0


@pytest.mark.parametrize("name", ARM)
def test_the_step_response_of_a_goal(name):
    """Full speed, then slower within the last 60 ms of way: settles (2 %) after the time of the way
    at full speed and three to five times 60 ms."""
    speed = HAND.joint(name).speed_dps
    hand = Aimed(**{name: place(name, 0.0)})
    away = place(name, 0.9) - place(name, 0.0)
    found = [row[name] - place(name, 0.0) for row in hand.go(200, **{name: 0.9})]
    settled = DT * next(i for i, x in enumerate(found, 1) if x > 0.98 * away)
    straight = 0.98 * away / speed
    assert straight + 0.02 < settled < straight + 3 * SOFT_S
    assert found[9] == pytest.approx(0.1 * speed, rel=0.01)


@pytest.mark.parametrize("closing", [1, -1])
@pytest.mark.parametrize("closure", [0.0, 0.25, 0.8, 1.0])
def test_the_grip_goes_to_its_closure_whatever_sign_closes(closing, closure):
    hand = Aimed(closing=closing)
    hand.go(100, hand=0.5)
    assert hand.state.closure == pytest.approx(0.5, abs=1e-3)
    way = [row["closure"] for row in hand.go(100, hand=closure)]
    assert way[-1] == pytest.approx(closure, abs=1e-3)
    assert min(way) >= min(0.5, closure) - 1e-3 and max(way) <= max(0.5, closure) + 1e-3
    grip = HAND.grips[0]
    assert hand.goals["index"] == pytest.approx(closure * grip.closed_deg["index"], abs=0.1)


@pytest.mark.parametrize("name", DOFS)
def test_near_is_a_share_of_the_whole_way(name):
    hand = Aimed()
    hand.go(100, **{dof: 0.5 for dof in DOFS})
    whole = 1.0 if name == "hand" else 2.0
    for off, stands in ((0.045, True), (-0.045, True), (0.055, False), (-0.055, False)):
        _, velocity = hand.wanted(near=0.05, **{name: 0.5 + off * whole})
        assert (velocity[DOFS.index(name)] == 0.0) == stands
        _, velocity = hand.wanted(
            near=0.05, waits=255 & ~(1 << DOFS.index(name)), **{name: 0.5 + off * whole})
        assert velocity[DOFS.index(name)] != 0.0, "only of a DoF that waits for neutral"


def test_a_smaller_closure_that_an_object_still_blocks_moves_no_finger():
    hand = Aimed()
    hand.go(100, hand=0.5)
    held = dict(hand.at)
    for closure in (1.0, 0.8):
        for _ in range(60):
            asked, velocity = hand.wanted(hand=closure)
            lib.hand_aim(hand.state, hand.config, asked)
            for _ in range(2):
                lib.hand_process(hand.state, hand.config, velocity, hand.measured(), DT)
            hand.at = held  # the fingers are at the object
            assert hand.state.goal_deg[2] >= held["index"] - 1e-3
        assert hand.state.closure == pytest.approx(closure, abs=1e-3)


def test_to_be_there_is_neutral_and_moves_nothing():
    hand = Aimed(elbow=45.0)
    _, velocity = hand.wanted()
    assert list(velocity)[: len(DOFS)] == [0.0] * len(DOFS)
    before = hand.goals
    hand.go(50)
    assert hand.goals == pytest.approx(before, abs=1e-3)


@pytest.mark.parametrize("cycles", [2, 5, 10, 15])
@pytest.mark.parametrize("dt", [0.01, 0.02, 0.1])
def test_commands_that_come_late_do_not_let_it_run_past(cycles, dt):
    hand = Aimed(wrist_rotation=-80.0)
    found = [row["wrist_rotation"]
             for row in hand.go(60, cycles=cycles, dt=dt, wrist_rotation=0.25)]
    assert max(found) <= 22.5 + 1e-4
    assert found[-1] == pytest.approx(22.5, abs=0.05)


def test_without_its_aim_it_would():
    """The test above can fail: velocities alone run past when the next one is late."""
    hand = Aimed(wrist_rotation=10.0)
    _, velocity = hand.wanted(wrist_rotation=0.25)
    for _ in range(15):
        lib.hand_process(hand.state, hand.config, velocity, hand.measured(), 0.02)
        hand.at = hand.goals
    assert hand.goals["wrist_rotation"] > 30.0


@pytest.mark.parametrize("position", [math.nan, 1.01, -1.01, math.inf, -math.inf])
def test_a_position_that_is_none_is_a_velocity_the_guard_refuses(position):
    hand = Aimed()
    for name in DOFS:
        _, velocity = hand.wanted(**{name: position})
        assert velocity[DOFS.index(name)] == 2.0
    _, velocity = hand.wanted(hand=-0.01)
    assert velocity[0] == 2.0, "closed less than open"


@pytest.mark.parametrize("most", [-0.1, 1.1, math.nan])
def test_the_speed_is_a_share(most):
    hand = Aimed()
    asked, velocity = hand.wanted()
    done = lib.hand_toward(hand.state, hand.config, asked, most, 0.0, 255, velocity)
    assert done == lib.CORE_BAD_ARGUMENT


@pytest.mark.parametrize("name", ARM)
@pytest.mark.parametrize("way", [1.0, -1.0])
def test_a_joint_slows_down_before_its_end_in_velocity_mode_too(name, way):
    joint = HAND.joint(name)
    hand = Aimed(**{name: (joint.min_deg + joint.max_deg) / 2})
    velocity = ffi.new("float[8]")
    velocity[DOFS.index(name)] = way
    end, found = joint.max_deg if way > 0 else joint.min_deg, []
    for _ in range(600):
        lib.hand_process(hand.state, hand.config, velocity, hand.measured(), DT)
        hand.at = hand.goals
        found.append(hand.goals[name])
    speeds = [abs(b - a) / DT for a, b in zip(found, found[1:], strict=False)]
    left = [abs(end - x) for x in found[:-1]]
    assert found[-1] == end
    for speed, room in zip(speeds, left, strict=True):
        assert speed <= max(room / SOFT_S, 0.05 * joint.speed_dps) + 0.05
    assert max(speeds) == pytest.approx(joint.speed_dps, rel=0.01), "free of it elsewhere"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1),
                          st.sampled_from([0.005, 0.01, 0.02, 0.1])), max_size=30),
       st.floats(0.05, 1.0))
def test_no_order_of_aims_jumps_or_leaves_the_limits(aims, most):
    hand = Aimed(elbow=30.0)
    for *where, dt in aims:
        before = hand.goals
        hand.go(1, cycles=1, most=most, dt=dt, **dict(zip(DOFS, where, strict=True)))
        for joint in HAND.joints:
            moved = abs(hand.goals[joint.name] - before[joint.name])
            assert moved <= most * joint.speed_dps * dt * (1 + 1e-4) + 1e-3
            assert joint.min_deg - 1e-4 <= hand.goals[joint.name] <= joint.max_deg + 1e-4
