# SPDX-License-Identifier: GPL-3.0-or-later
"""The joints' physics: speeds, currents, rest, stops, objects, heat. Bracketed both ways."""

import math
import time

import pytest

from endplate.hardware import load_hand
from endplate.sim.mechanics import CATCH_UP_NS, GRASPED, Grasped, Mechanics

HAND = load_hand("test-hand")
INDEX, ELBOW = 2, 8


def driven(**start: float) -> Mechanics:
    """Torque on, limits and profile as the firmware sets them, resting where it stands."""
    middle = {joint.name: (joint.min_deg + joint.max_deg) / 2 for joint in HAND.joints}
    mechanics = Mechanics(HAND, {**middle, **start})
    for index, joint in enumerate(HAND.joints):
        mechanics.set_current_limit(index, joint.current_ma / 1000)
        mechanics.set_profile(index, joint.speed_dps * 1.25, 0)
        mechanics.set_torque(index, True)
    mechanics.step(100)
    return mechanics


def stream(mechanics: Mechanics, velocity: float, ms: int) -> list[list[float]]:
    """Goals every 10 ms at a share of each joint's speed; speeds at every ms."""
    goals, speeds = mechanics.goal_deg, []
    for passed in range(ms):
        if passed % 10 == 0:
            for index, joint in enumerate(HAND.joints):
                goals[index] += velocity * joint.speed_dps * 0.01
                mechanics.set_goal_deg(index, goals[index])
        mechanics.step()
        speeds.append(mechanics.velocity_dps)
    return speeds


@pytest.mark.parametrize("velocity", [1.0, -1.0, 0.5, 0.2, -0.05])
def test_it_follows_and_rests_within_25_ms_of_the_last_goal(velocity):
    mechanics = driven()
    speeds = stream(mechanics, velocity, 250)
    for index, joint in enumerate(HAND.joints):
        mean = sum(row[index] for row in speeds[-100:]) / 100
        assert mean == pytest.approx(velocity * joint.speed_dps, rel=0.03)
    after = []
    for _ in range(100):
        mechanics.step()
        after.append(max(map(abs, mechanics.velocity_dps)))
    moving = [ms for ms, speed in enumerate(after, 1) if speed >= 1.0]
    assert max(moving, default=0) + 10 <= 25, "the last goal was written 10 ms before"
    assert velocity < 1.0 or max(moving) >= 3, "suspiciously quick"
    assert after[-1] == 0.0, "at rest means exactly 0"
    for goal, position in zip(mechanics.goal_deg, mechanics.position_deg, strict=True):
        assert position == pytest.approx(goal, abs=0.1)


def test_a_joint_has_inertia():
    mechanics = driven()
    mechanics.set_goal_deg(INDEX, mechanics.goal_deg[INDEX] + 10)
    mechanics.step()
    assert 0 < mechanics.velocity_dps[INDEX] < 20, "no speed from nothing in a millisecond"
    mechanics.step(4)
    assert mechanics.velocity_dps[INDEX] > 20


def test_current_stays_within_its_limit_and_so_does_the_pull():
    mechanics = driven()
    peaks = [0.0, 0.0]
    for round_, limit in enumerate((0.5, 0.1)):
        mechanics.set_current_limit(INDEX, limit)
        mechanics.set_goal_deg(INDEX, 10.0 if round_ else 90.0)
        for _ in range(1000):
            mechanics.step()
            peaks[round_] = max(peaks[round_], abs(mechanics.axes[INDEX].current))
    assert peaks == pytest.approx([0.5, 0.1])


def test_without_profile_it_is_no_faster_than_the_motor():
    mechanics = driven()
    mechanics.set_profile(INDEX, 0, 0)
    mechanics.set_current_limit(INDEX, 1.47)
    mechanics.set_goal_deg(INDEX, 95.0)
    fastest = 0.0
    for _ in range(300):
        mechanics.step()
        fastest = max(fastest, mechanics.velocity_dps[INDEX])
    assert 200 < fastest <= 618 / 2


def test_a_profile_with_acceleration_eases_in_and_out():
    mechanics = driven(index=10.0)
    mechanics.set_profile(INDEX, 100.0, 500.0)
    mechanics.set_goal_deg(INDEX, 60.0)
    speeds = []
    for _ in range(900):
        mechanics.step()
        speeds.append(mechanics.velocity_dps[INDEX])
    assert max(speeds) == pytest.approx(100.0, rel=0.05)
    assert speeds[99] == pytest.approx(50.0, rel=0.25)  # 500 degrees/s^2 after 0.1 s
    assert mechanics.position_deg[INDEX] == pytest.approx(60.0, abs=0.1)
    assert speeds[-1] == 0.0


def test_torque_off_lets_the_elbow_sink_and_the_fingers_be():
    mechanics = driven(elbow=90.0)
    assert mechanics.position_deg[ELBOW] == pytest.approx(90.0, abs=0.5)
    holding = mechanics.axes[ELBOW].current
    assert 0.1 < holding < 1.0
    for index in range(9):
        mechanics.set_torque(index, False)
    fingers = mechanics.position_deg[:6]
    mechanics.step(3000)
    assert mechanics.position_deg[ELBOW] < 60.0
    assert mechanics.position_deg[:6] == fingers


def test_stops_hold():
    mechanics = driven()
    for index in range(9):
        mechanics.set_goal_deg(index, 400.0)
    mechanics.step(4000)
    for joint, deg in zip(HAND.joints, mechanics.position_deg, strict=True):
        assert joint.max_deg < deg <= joint.max_deg + 3.0001
    assert max(map(abs, mechanics.velocity_dps)) == 0.0


def test_fingers_stop_at_an_object_and_press_by_their_current():
    mechanics = driven(**dict.fromkeys(GRASPED, 0.0))
    mechanics.grasp(Grasped(GRASPED))
    for index in range(2, 6):
        mechanics.set_goal_deg(index, 90.0)
    mechanics.step(1500)
    for index, name in enumerate(mechanics.names[2:6], 2):
        pressed = mechanics.position_deg[index] - GRASPED[name]
        assert 1.0 < pressed < 6.0
        assert mechanics.axes[index].current == pytest.approx(0.5)
    mechanics.set_current_limit(2, 0.2)
    mechanics.step(1000)
    assert mechanics.position_deg[2] < mechanics.position_deg[3] - 0.5
    mechanics.grasp(None)
    mechanics.step(1500)
    assert mechanics.position_deg[3] == pytest.approx(90.0, abs=0.1)


def test_a_jammed_joint_pulls_and_stands():
    mechanics = driven()
    mechanics.lock(INDEX, True)
    before = mechanics.position_deg[INDEX]
    mechanics.set_goal_deg(INDEX, before + 30)
    mechanics.step(500)
    assert mechanics.position_deg[INDEX] == before
    assert mechanics.axes[INDEX].current == pytest.approx(0.5)
    mechanics.lock(INDEX, False)
    mechanics.step(500)
    assert mechanics.position_deg[INDEX] == pytest.approx(before + 30, abs=0.1)


def test_work_makes_heat_and_rest_takes_it_away():
    mechanics = driven()
    mechanics.lock(INDEX, True)
    mechanics.set_goal_deg(INDEX, 95.0)
    mechanics.step(10)
    for _ in range(4 * 600):
        mechanics.warm(0.25)
    hot = mechanics.axes[INDEX].temperature_c
    assert 35 < hot < 60
    mechanics.set_torque(INDEX, False)
    mechanics.step(10)
    for _ in range(4 * 600):
        mechanics.warm(0.25)
    assert mechanics.axes[INDEX].temperature_c < hot - 10


def test_time_is_real_and_a_long_sleep_is_not_caught_up():
    mechanics = driven()
    mechanics.advance(1_000_000_000)
    mechanics.set_goal_deg(INDEX, mechanics.goal_deg[INDEX] + 40)
    before = mechanics.position_deg[INDEX]
    mechanics.advance(1_100_000_000)
    moved = mechanics.position_deg[INDEX] - before
    assert 10 < moved < 150 * 1.25 * 0.1
    mechanics.advance(1_100_999_999)
    assert mechanics.position_deg[INDEX] - before == moved, "less than a step is no step"
    mechanics.advance(90_000_000_000)
    assert mechanics.time_ns <= 90_000_000_000 < mechanics.time_ns + CATCH_UP_NS


def test_a_hand_at_rest_costs_nothing():
    mechanics = driven()
    began = time.perf_counter()
    mechanics.step(10_000_000)
    assert time.perf_counter() - began < 0.1
    assert all(math.isfinite(deg) for deg in mechanics.position_deg)
