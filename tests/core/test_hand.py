# SPDX-License-Identifier: GPL-3.0-or-later
"""The hand's path: closure, limits, speeds, change of grip, and standing still exactly."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endplate.core import ffi, lib
from endplate.hardware import core_table, load_hand

HAND = load_hand("test-hand")
JOINTS = [joint.name for joint in HAND.joints]
GRIPS = [grip.name for grip in HAND.grips]
FINGERS = JOINTS[:6]
DT = 0.01


def config():
    return ffi.new("hand_config *", core_table(HAND))


class Moving:
    """A hand_state, advanced by DT with velocities by DoF name."""

    def __init__(self, **start):
        self.config, self.state = config(), ffi.new("hand_state *")
        self.stands = None  # joint -> measured degrees; None: not known
        rest = next(grip for grip in HAND.grips if grip.name == HAND.rest_grip)
        posture = {**dict.fromkeys(JOINTS, 0.0), **rest.open_deg, **start}
        measured = ffi.new("float[10]", [posture[name] for name in JOINTS])
        assert lib.hand_init(self.state, self.config, measured) == 0

    @property
    def goals(self):
        return dict(zip(JOINTS, self.state.goal_deg, strict=False))

    def measured(self):
        where = self.stands or {}
        return ffi.new("float[10]", [where.get(name, math.nan) for name in JOINTS] + [math.nan])

    def move(self, times=1, dt=DT, **velocity):
        names = [dof.name for dof in HAND.dofs]
        wanted = ffi.new("float[8]", [velocity.get(name, 0.0) for name in names])
        for _ in range(times):
            assert lib.hand_process(self.state, self.config, wanted, self.measured(), dt) == 0
        return self

    def grip(self, name):
        assert lib.hand_select_grip(self.state, self.config, GRIPS.index(name)) == 0
        return self


def posture(grip, closure):
    """Where the hand file says the fingers are, worked out apart from the C."""
    grip = next(each for each in HAND.grips if each.name == grip)
    out = {}
    for name in grip.open_deg:
        along = (closure - grip.start[name]) / (grip.stop[name] - grip.start[name])
        along = min(max(along, 0.0), 1.0)
        out[name] = grip.open_deg[name] + (grip.closed_deg[name] - grip.open_deg[name]) * along
    return out


@pytest.mark.parametrize("grip", GRIPS)
@pytest.mark.parametrize("closure", [0.0, 0.2, 0.35, 0.5, 0.6, 0.9, 1.0])
def test_every_grip_follows_its_path(grip, closure):
    seconds = next(each.close_s for each in HAND.grips if each.name == grip)
    hand = Moving().grip(grip).move(400, hand=1.0).move(400, hand=-1.0)
    assert hand.goals == pytest.approx({**hand.goals, **posture(grip, 0.0)}, abs=1e-3)
    steps = round(closure * seconds / DT)
    hand.move(steps, hand=1.0)
    reached = min(steps * DT / seconds, 1.0)
    assert hand.state.closure == pytest.approx(reached, abs=1e-4)
    assert hand.goals == pytest.approx({**hand.goals, **posture(grip, reached)}, abs=0.02)


def test_the_thumb_comes_after_the_fingers_in_power():
    hand = Moving().move(28, hand=1.0)  # closure 0.35
    assert hand.goals["index"] == pytest.approx(31.5, abs=0.1)
    assert hand.goals["thumb_flexion"] == pytest.approx(0.0, abs=1e-3)
    hand.move(10, hand=1.0)
    assert hand.goals["thumb_flexion"] > 5


def test_half_the_velocity_takes_twice_as_long():
    fast, slow = Moving().move(30, hand=1.0), Moving().move(60, hand=0.5)
    assert slow.goals == pytest.approx(fast.goals, abs=0.01)


@pytest.mark.parametrize("name", ["wrist_rotation", "wrist_flexion", "elbow"])
@pytest.mark.parametrize("velocity", [1.0, -1.0, 0.37])
def test_a_joint_moves_at_its_speed_and_stops_at_its_limit(name, velocity):
    joint = HAND.joint(name)
    middle = (joint.min_deg + joint.max_deg) / 2
    hand = Moving(**{name: middle}).move(20, **{name: velocity})
    assert hand.goals[name] == pytest.approx(middle + velocity * joint.speed_dps * 0.2, abs=0.01)
    assert hand.state.at_limit == 0
    hand.move(2000, **{name: velocity})
    end = joint.max_deg if velocity > 0 else joint.min_deg
    assert hand.goals[name] == end
    dof = [each.name for each in HAND.dofs].index(name)
    assert hand.state.at_limit == 1 << dof
    hand.move(1)
    assert hand.state.at_limit == 0, "who wants nothing is held by nothing"
    hand.move(1, **{name: -velocity})
    assert hand.state.at_limit == 0
    assert hand.goals[name] != end


def test_the_grip_says_when_it_is_at_its_end():
    hand = Moving().move(80, hand=1.0)
    assert hand.state.at_limit == 0
    assert hand.move(5, hand=1.0).state.at_limit == 1
    assert hand.move(1, hand=-1.0).state.at_limit == 0
    assert hand.move(200, hand=-1.0).state.at_limit == 1


def test_several_dof_move_at_once():
    hand = Moving(elbow=60.0).move(10, hand=1.0, wrist_rotation=-0.5, elbow=1.0)
    assert hand.goals["elbow"] == pytest.approx(66.0, abs=0.01)
    assert hand.goals["wrist_rotation"] == pytest.approx(-6.0, abs=0.01)
    assert hand.goals["index"] == pytest.approx(11.25, abs=0.1)


def test_changing_the_grip_moves_nothing_by_itself():
    hand = Moving().move(60, hand=1.0)
    before = hand.goals
    hand.grip("key").move(500)
    assert hand.goals == before


def test_another_grip_is_reached_with_motion_no_faster_than_the_joints():
    hand = Moving().move(60, hand=1.0).grip("key")
    before = hand.goals
    for _ in range(300):
        hand.move(1, hand=0.5)
        for joint in HAND.joints:
            step = abs(hand.goals[joint.name] - before[joint.name])
            assert step <= 0.5 * joint.speed_dps * DT + 1e-4
        before = hand.goals
    assert before == pytest.approx({**before, **posture("key", 1.0)}, abs=1e-3)


def test_it_begins_where_it_stands_without_a_jump():
    where = {"thumb_flexion": 20.0, "thumb_rotation": 42.0, "index": 60.0, "middle": 3.0,
             "ring": 88.0, "little": 1.0, "wrist_rotation": -33.0, "elbow": 77.0}
    hand = Moving(**where)
    assert hand.goals == pytest.approx({**hand.goals, **where})
    before = hand.goals
    hand.move(1, hand=0.01)
    for joint in HAND.joints:
        moved = abs(hand.goals[joint.name] - before[joint.name])
        assert moved <= 0.01 * joint.speed_dps * DT + 1e-4


@pytest.mark.parametrize("closure", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_it_begins_at_the_closure_it_is_nearest_to(closure):
    hand = Moving(**posture("power", closure))
    assert hand.state.closure == pytest.approx(closure, abs=1 / 64)


def test_from_beyond_a_limit_it_only_comes_back():
    hand = Moving(wrist_rotation=97.0, elbow=-4.0)
    assert (hand.goals["wrist_rotation"], hand.goals["elbow"]) == (97.0, -4.0)
    hand.move(5, wrist_rotation=1.0, elbow=-1.0)
    assert (hand.goals["wrist_rotation"], hand.goals["elbow"]) == (97.0, -4.0)
    assert hand.state.at_limit == 0b1010
    hand.move(20, wrist_rotation=-1.0, elbow=1.0)
    assert hand.goals["wrist_rotation"] == pytest.approx(73.0, abs=0.01)
    hand.move(100, wrist_rotation=1.0)
    assert hand.goals["wrist_rotation"] == 90.0


def test_a_joint_that_a_grip_does_not_name_is_left_alone():
    table = core_table(HAND)
    table["grip"][0]["open_deg"][4] = table["grip"][0]["closed_deg"][4] = math.nan
    hand = Moving(ring=33.0)
    hand.config = ffi.new("hand_config *", table)
    assert lib.hand_check(hand.config) == 0
    hand.move(100, hand=1.0)
    assert hand.goals["ring"] == 33.0
    assert hand.goals["index"] == pytest.approx(90.0, abs=1e-3)


def test_a_long_pause_is_no_jump():
    hand = Moving(elbow=10.0).move(1, dt=5.0, elbow=1.0)
    assert hand.goals["elbow"] == pytest.approx(10.0 + 60.0 * 0.1)


@pytest.mark.parametrize("bad", [0.0, -0.01, math.nan])
def test_time_must_pass(bad):
    hand = Moving()
    wanted = ffi.new("float[8]", [1.0] * 8)
    done = lib.hand_process(hand.state, hand.config, wanted, hand.measured(), bad)
    assert done == lib.CORE_BAD_ARGUMENT


def test_a_nan_moves_nothing():
    hand = Moving(elbow=50.0)
    before = bytes(ffi.buffer(hand.state))
    for dof in range(4):
        wanted = ffi.new("float[8]", [1.0] * 8)
        wanted[dof] = math.nan
        done = lib.hand_process(hand.state, hand.config, wanted, hand.measured(), DT)
        assert done == lib.CORE_NOT_FINITE
        assert bytes(ffi.buffer(hand.state)) == before


@pytest.mark.parametrize("grip", [-1, 6, 12, 1000])
def test_an_unknown_grip_is_refused(grip):
    hand = Moving()
    assert lib.hand_select_grip(hand.state, hand.config, grip) == lib.CORE_BAD_ARGUMENT
    assert hand.state.grip == 0


def test_a_position_that_is_no_number_is_refused():
    state, measured = ffi.new("hand_state *"), ffi.new("float[10]")
    measured[3] = math.nan
    assert lib.hand_init(state, config(), measured) == lib.CORE_NOT_FINITE


@pytest.mark.parametrize(("where", "value"), [
    (("joints",), 0), (("joints",), 11), (("dofs",), 0), (("dofs",), 9), (("grips",), 0),
    (("grips",), 13), (("rest_grip",), -1), (("rest_grip",), 6),
    (("joint", 2, "min_deg"), 95.0), (("joint", 2, "max_deg"), math.nan),
    (("joint", 2, "actuator"), 1), (("joint", 2, "actuator"), 0), (("joint", 2, "direction"), 0),
    (("joint", 2, "gear"), 0.0), (("joint", 2, "speed_dps"), math.inf),
    (("joint", 2, "current_ma"), 0.0), (("joint", 2, "zero_deg"), math.nan),
    (("dof", 0, "kind"), 2), (("dof", 1, "kind"), 0), (("dof", 1, "joint"), 9),
    (("dof", 1, "joint"), 8), (("dof", 1, "joint"), -1), (("dof", 1, "closing"), 2),
    (("dof", 1, "joint"), 2), (("grip", 1, "close_s"), 0.0), (("grip", 1, "close_s"), math.nan),
    (("grip", 1, "open_deg", 0), -1.0), (("grip", 1, "closed_deg", 0), 96.0),
    (("grip", 1, "closed_deg", 0), math.nan), (("grip", 1, "start", 0), 1.0),
    (("grip", 1, "stop", 0), 0.0), (("grip", 1, "stop", 0), 1.1),
    (("grip", 1, "force_cap"), 0.0), (("grip", 1, "force_cap"), 1.01),
    (("grip", 1, "force_cap"), math.nan), (("supply_ma",), 2979.0), (("supply_ma",), math.nan),
    (("digit", 1, "joint"), 9), (("digit", 1, "joint"), -1), (("digit", 1, "joint"), -2),
    (("digit", 1, "channel"), 8), (("digit", 1, "channel"), -2),
    (("digit", 1, "zero_counts"), -1.0), (("digit", 1, "zero_counts"), math.nan),
    (("digit", 1, "n_per_count"), 0.0), (("digit", 1, "n_per_count"), math.nan),
])
def test_a_damaged_table_does_not_check(where, value):
    table = core_table(HAND)
    inner = table
    for key in where[:-1]:
        inner = inner[key]
    damaged = ffi.new("hand_config *", table)
    assert lib.hand_check(damaged) == 0
    inner[where[-1]] = value
    damaged = ffi.new("hand_config *", table)
    assert lib.hand_check(damaged) == lib.CORE_BAD_CONFIG
    state = ffi.new("hand_state *")
    assert lib.hand_init(state, damaged, ffi.new("float[10]")) == lib.CORE_BAD_CONFIG


steps = st.lists(st.tuples(
    st.lists(st.floats(-1.5, 1.5, width=32), min_size=4, max_size=4),
    st.sampled_from([0.001, 0.01, 0.02, 0.1, 0.3]), st.integers(0, 5)), max_size=40)
starts = st.lists(st.floats(-100, 150, width=32), min_size=9, max_size=9)


@settings(max_examples=80, deadline=None)
@given(starts, steps)
def test_whatever_is_wanted_no_goal_jumps_or_leaves_its_limits(start, wanted):
    hand = Moving(**dict(zip(JOINTS, start, strict=True)))
    beyond = dict(zip(JOINTS, start, strict=True))
    for velocity, dt, grip in wanted:
        before = hand.goals
        hand.grip(GRIPS[grip])
        assert hand.goals == before
        hand.move(1, dt=dt, **dict(zip([dof.name for dof in HAND.dofs], velocity, strict=True)))
        for joint in HAND.joints:
            now, was = hand.goals[joint.name], before[joint.name]
            assert abs(now - was) <= joint.speed_dps * min(dt, 0.1) * (1 + 1e-5) + 1e-4
            assert min(joint.min_deg, beyond[joint.name]) <= now
            assert now <= max(joint.max_deg, beyond[joint.name])
            if not velocity[0] and joint.name in FINGERS:
                assert now == was
            beyond[joint.name] = now
        assert 0 <= hand.state.closure <= 1
