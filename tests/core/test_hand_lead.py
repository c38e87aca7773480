# SPDX-License-Identifier: GPL-3.0-or-later
"""What blocks a joint does not wind its goal up, and what opens the hand closes no finger."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endplate.core import ffi, lib
from endplate.hardware import core_table, load_hand

HAND = load_hand("test-hand")
JOINTS = [joint.name for joint in HAND.joints]
FINGERS = JOINTS[:6]
DOFS = [dof.name for dof in HAND.dofs]
GRIPS = [grip.name for grip in HAND.grips]
DT = 0.01
DRIVE_LEAD_S = 0.06  # hand.h
HOLD = {j.name: min(max(0.017 * j.current_ma / j.gear, 2.0), 8.0) for j in HAND.joints}
GRASP = {"thumb_flexion": 30.0, "index": 50.0, "middle": 50.0, "ring": 50.0, "little": 55.0}
CLOSED = {"thumb_flexion": 55.0, "thumb_rotation": 80.0} | dict.fromkeys(JOINTS[2:6], 90.0)


class Blocked:
    """A hand whose joints follow their goals a cycle late, but not beyond what blocks them."""

    def __init__(self, start=None, low=None, high=None):
        self.table, self.state = core_table(HAND), ffi.new("hand_state *")
        self.config = ffi.new("hand_config *", self.table)
        self.low, self.high = low or {}, high or {}
        self.at = {**dict.fromkeys(JOINTS, 0.0), "thumb_rotation": 80.0, **(start or {})}
        assert lib.hand_init(self.state, self.config, self.measured()) == 0

    def measured(self):
        return ffi.new("float[10]", list(self.at.values()))

    @property
    def goals(self):
        return dict(zip(JOINTS, self.state.goal_deg, strict=False))

    def grip(self, name):
        assert lib.hand_select_grip(self.state, self.config, GRIPS.index(name)) == 0
        return self

    def move(self, times=1, dt=DT, **velocity):
        wanted = ffi.new("float[8]", [velocity.get(name, 0.0) for name in DOFS])
        for _ in range(times):
            before = self.goals
            assert lib.hand_process(self.state, self.config, wanted, self.measured(), dt) == 0
            for name, goal in before.items():
                low, high = self.low.get(name, -math.inf), self.high.get(name, math.inf)
                self.at[name] = min(max(goal, low), high)
        return self

    def lead(self, name):
        return self.goals[name] - self.at[name]


def driving_lead(name, velocity=1.0):
    return HOLD[name] + abs(velocity) * HAND.joint(name).speed_dps * DRIVE_LEAD_S


def test_the_lead_of_holding_is_what_the_header_says():
    assert HOLD["index"] == pytest.approx(4.25)
    assert max(HOLD.values()) < 8.0


@pytest.mark.parametrize("velocity", [1.0, 0.3, 0.05])
def test_closing_on_an_object_leads_by_no_more_than_the_bound(velocity):
    hand = Blocked(high=GRASP)
    for _ in range(round(150 / velocity)):
        hand.move(hand=velocity)
        for name in GRASP:
            assert hand.lead(name) <= driving_lead(name, velocity) + 1e-3
    assert hand.lead("index") == pytest.approx(driving_lead("index", velocity), abs=1e-3)


def test_holding_leaves_the_grip_its_force_and_no_more():
    hand = Blocked(high=GRASP).move(200, hand=1.0).move(20)
    for name in GRASP:
        assert hand.lead(name) == pytest.approx(HOLD[name], abs=1e-3)
    hand.high = {}
    before = dict(hand.at)
    hand.move(500)
    for name, was in before.items():
        assert hand.at[name] - was <= HOLD[name] + 1e-3
    assert hand.goals == pytest.approx(hand.at)


def test_a_grasp_opens_at_once():
    hand = Blocked(high=GRASP).move(200, hand=1.0).move(20)
    assert hand.state.closure == 1.0
    steps = 0
    while any(hand.at[name] >= GRASP[name] for name in GRASP):
        hand.move(hand=-1.0)
        steps += 1
        assert steps * DT <= 0.2, "the last finger; the first ones are earlier"
    assert hand.move(100, hand=-1.0).goals["index"] == 0.0


@pytest.mark.parametrize(("name", "sign"), [("elbow", 1), ("elbow", -1), ("wrist_rotation", 1)])
def test_a_blocked_joint_does_not_wind_up_either(name, sign):
    hand = Blocked({name: 40.0}, {name: 30.0}, {name: 50.0}).move(400, **{name: float(sign)})
    assert sign * hand.lead(name) == pytest.approx(driving_lead(name), abs=1e-3)
    hand.move(50)
    assert sign * hand.lead(name) == pytest.approx(HOLD[name], abs=1e-3)


def test_free_motion_is_not_held_up():
    hand = Blocked().move(70, hand=1.0)
    assert hand.goals["index"] == pytest.approx(78.75, abs=0.05)


def test_where_a_joint_is_not_known_its_goal_stays_or_follows_the_command():
    hand = Blocked(high=GRASP)
    nowhere = ffi.new("float[10]", [math.nan] * 10)
    wanted = ffi.new("float[8]", [1.0])
    for _ in range(100):
        assert lib.hand_process(hand.state, hand.config, wanted, nowhere, DT) == 0
    assert hand.goals["index"] == pytest.approx(90.0)
    for _ in range(100):
        assert lib.hand_process(hand.state, hand.config, ffi.new("float[8]"), nowhere, DT) == 0
    assert hand.goals["index"] == pytest.approx(90.0)
    assert lib.hand_process(hand.state, hand.config, wanted, ffi.NULL, DT) == lib.CORE_BAD_ARGUMENT


def opens_only(hand, times, velocity):
    """Moves; no finger may go towards closed on the way."""
    for _ in range(times):
        before = hand.goals
        hand.move(hand=velocity)
        for name in FINGERS:
            assert hand.goals[name] <= before[name], name
    return hand


@pytest.mark.parametrize("velocity", [-0.3, -1.0])
def test_release_from_a_closed_point_in_power_closes_no_finger(velocity):
    hand = Blocked().grip("point").move(150, hand=1.0).grip("power")
    hand.state.goal_deg[JOINTS.index("thumb_rotation")] = 60.0
    hand.at["thumb_rotation"] = 60.0
    assert (hand.goals["index"], hand.goals["middle"]) == (0.0, 90.0)
    opens_only(hand, 600, velocity)
    assert {hand.goals[name] for name in FINGERS if name != "thumb_rotation"} == {0.0}


def test_power_up_in_a_mixed_posture_opens_no_finger_shut():
    hand = Blocked({"index": 5.0, "middle": 80.0, "ring": 88.0, "little": 20.0})
    opens_only(hand, 600, -0.3)
    assert {hand.goals[name] for name in FINGERS if name != "thumb_rotation"} == {0.0}


def test_a_waiting_finger_opens_when_the_path_has_come_to_it():
    hand = Blocked({**CLOSED, "index": 40.0})
    while hand.goals["middle"] > 45.0:
        hand.move(hand=-0.5)
    assert hand.goals["index"] == 40.0
    hand.move(30, hand=-0.5)
    assert hand.goals["index"] == pytest.approx(hand.goals["middle"], abs=1e-3) != 40.0


def test_a_grip_that_holds_fingers_bent_does_not_bend_them_by_opening():
    hand = opens_only(Blocked().grip("tripod"), 300, -1.0)
    assert hand.goals["ring"] == 0.0
    assert hand.move(200, hand=1.0).goals["ring"] == pytest.approx(75.0)


fingers = st.lists(st.floats(0, 90, width=32), min_size=6, max_size=6)
moves = st.lists(st.tuples(st.sampled_from(GRIPS), st.floats(-1, 1, width=32)), max_size=30)


@settings(max_examples=100, deadline=None)
@given(fingers, fingers, moves)
def test_in_whatever_posture_opening_closes_nothing_and_leads_stay_bounded(start, block, wanted):
    start = dict(zip(FINGERS, start, strict=True))
    hand = Blocked(start, high={
        name: max(start[name], high) for name, high in zip(FINGERS, block, strict=True)})
    for grip, velocity in wanted:
        hand.grip(grip)
        if velocity < 0:
            opens_only(hand, 3, velocity)
        else:
            hand.move(3, hand=velocity)
        for name in FINGERS:
            # at most a cycle of the joint's motion more: it had not been measured then
            assert hand.lead(name) <= driving_lead(name) + HAND.joint(name).speed_dps * DT + 1e-3
