# SPDX-License-Identifier: GPL-3.0-or-later
"""The hand's program and the mechanics with an object in the hand: what a grasp, its end, the
object's removal and a release do to the fingers."""

from __future__ import annotations

import time

import numpy as np
import pytest

from endplate.hardware import load_hand
from endplate.sim.mechanics import GRASPED

from .grasping import grasping_hand

HAND = load_hand("test-hand")
NAMES = [joint.name for joint in HAND.joints]
GRASPING = [NAMES.index(name) for name in GRASPED]
FINGERS = slice(0, 6)
INDEX, MIDDLE = NAMES.index("index"), NAMES.index("middle")
GRIPS = [grip.name for grip in HAND.grips]
HOLD_DEG = 4.25  # core/hand.h: the fingers' lead while nothing drives them
TRAVEL_DEG = 5.0  # that, and what the object's spring throws a finger beyond its goal
NOISE_DEG = 0.1  # two ticks of the actuator


@pytest.fixture
def grasping(pc_firmware, tmp_path):
    with grasping_hand(tmp_path) as running:
        yield running


@pytest.mark.parametrize("end", ["silence", "disarm"])
def test_a_grasp_that_ends_holds_firmly_and_does_not_close_when_the_object_goes(grasping, end):
    host = grasping.host
    grasping.close_on_object()
    gripped = grasping.motion()["position_deg"][-1]
    if end == "silence":
        host.until_state("link lost")
    else:
        host.send("DISARM", {"reason": 0})
        host.until_state("disarmed")
    host.quiet(0.5)
    held = grasping.motion()[-1]
    contact = np.array(list(GRASPED.values()))
    assert (held["position_deg"][GRASPING] > contact + 2.5).all(), "pressed in: full force"
    assert held["position_deg"][GRASPING] == pytest.approx(gripped[GRASPING], abs=0.2)
    lead = (held["goal_deg"] - held["position_deg"])[GRASPING]
    assert (lead <= HOLD_DEG + NOISE_DEG).all() and (lead > HOLD_DEG - 0.5).all()

    removed = grasping.mark()
    grasping.part.tell(object=None)
    host.quiet(1.0)
    after = grasping.motion(removed)
    travel = np.abs(after["position_deg"] - held["position_deg"]).max(0)
    assert (travel <= TRAVEL_DEG).all()
    assert (np.abs(after["position_deg"] - held["position_deg"])[-1] <= HOLD_DEG + NOISE_DEG).all()
    later = after[after["t_ns"] > removed + 200_000_000]
    assert len(later) > 100 and np.abs(later["velocity_dps"]).max() == 0.0
    assert (np.ptp(later["goal_deg"], axis=0) <= NOISE_DEG).all()


def test_a_grasp_opens_without_delay(grasping):
    grasping.close_on_object()
    began = grasping.mark()
    grasping.host.drive(-1.0, seconds=0.6)
    rows = grasping.motion(began)
    contact = np.array(list(GRASPED.values()))
    free = rows["position_deg"][:, GRASPING] < contact
    after_s = (rows["t_ns"] - began) / 1e9
    assert after_s[free.any(1)][0] < 0.25, "the first finger has let go"
    assert after_s[free.all(1)][0] < 0.40, "all have"


@pytest.mark.parametrize("how", ["release", "open"])
def test_opening_out_of_another_grip_closes_no_finger(grasping, how):
    host, point = grasping.host, GRIPS.index("point")
    grasping.part.tell(object=None)
    host.activate()
    for grip, velocity, seconds in ((point, 0.0, 0.1), (point, 1.0, 1.5), (0, 0.0, 0.3)):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            host.command(velocity, grip=grip)
            host.quiet(0.02)
    host.quiet(0.1)
    began = grasping.mark()
    before = grasping.motion()[-1]["position_deg"]
    assert before[INDEX] < 1.0 and before[MIDDLE] > 85.0
    if how == "release":
        host.send("RELEASE", {"reason": 0})
        host.until_state("releasing")
        host.quiet(4.0)
    else:
        host.drive(-1.0, seconds=1.3)
    rows = grasping.motion(began)
    assert (rows["position_deg"][:, FINGERS] <= before[FINGERS] + NOISE_DEG).all()
    assert (np.diff(rows["goal_deg"][:, FINGERS], axis=0) <= 0.01).all()
    assert rows["position_deg"][-1][MIDDLE] < 1.0, "and it opens"


def test_free_motion_is_as_fast_as_the_grip(grasping):
    """Closed in 0.8 s at full velocity: the bound of the lead does not hold the fingers up."""
    grasping.part.tell(object=None)
    grasping.host.activate()
    grasping.host.drive(1.0, seconds=1.2)
    rows = [row for row in grasping.trace() if row["velocity"][0] == 1.0]
    goal = np.array([row["goal"][INDEX] for row in rows])
    gone_s = np.diff([row["us"] for row in rows]) / 1e6
    under_way = (goal[1:] < 89.0) & (gone_s > 0.004) & (gone_s < 0.03)  # not what a computer froze
    speed = (np.diff(goal) / gone_s)[under_way]
    assert len(speed) > 20
    assert np.mean(np.abs(speed - 90.0 / 0.8) < 4.0) > 0.9
    assert grasping.motion()["position_deg"][-1][INDEX] == pytest.approx(90.0, abs=0.3)
