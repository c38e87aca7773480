# SPDX-License-Identifier: GPL-3.0-or-later
"""COMMANDs of a position against the simulated mechanics, through the real loop: step responses,
bracketed above and below, and the guard's rules, which hold as for velocities."""

from __future__ import annotations

import time

import numpy as np
import pytest

from endplate.hardware import load_hand

from .grasping import grasping_hand
from .wire_host import LIMIT, STATE

HAND = load_hand("test-hand")
NAMES = [joint.name for joint in HAND.joints]
DOFS = [dof.name for dof in HAND.dofs]
POSITION = 2
SPEED = 0.5  # parameter position_velocity as compiled
SOFT_S = 0.06


def deg(name: str, position: float) -> float:
    joint = HAND.joint(name)
    return (joint.min_deg + joint.max_deg) / 2 + position * (joint.max_deg - joint.min_deg) / 2


class Aiming:
    """Position commands at 50 Hz; what the mechanics did."""

    def __init__(self, grasping) -> None:
        self.grasping, self.host = grasping, grasping.host
        self.where: dict[str, float] = {}

    def to(self, seconds: float, **positions: float) -> list:
        self.where |= positions
        end, got = time.monotonic() + seconds, []
        while (start := time.monotonic()) < end:
            self.host.command(*(self.where[name] for name in DOFS), mode=POSITION)
            while (left := start + 0.02 - time.monotonic()) > 0:
                got += self.host.take(left)
        return got

    def armed(self) -> None:
        host = self.host
        assert host.hello().fields["capabilities"] >> 13 & 1
        host.compare_clocks()
        there = host.until_state("disarmed")["position"]
        self.where = {"hand": 0.0}
        for name in DOFS[1:]:
            joint, now = HAND.joint(name), there[NAMES.index(name)] / 100
            low, high = joint.min_deg, joint.max_deg
            self.where[name] = (2 * now - low - high) / (high - low)
        host.arm()
        host.until_state("armed")

    def state(self, frames: list) -> int:
        return [f.fields["state"] for f in frames if f.msg == "STATE"][-1]

    def step(self, joint: str, seconds: float, **positions: float) -> tuple[np.ndarray, np.ndarray]:
        """Seconds since the first such command, and the joint's angle."""
        began = self.grasping.mark()
        self.to(seconds, **positions)
        rows = self.grasping.motion(began)
        return (rows["t_ns"] - began) / 1e9, rows["position_deg"][:, NAMES.index(joint)]


@pytest.fixture
def aiming(pc_firmware, tmp_path):
    with grasping_hand(tmp_path, grasped=False) as running:
        yield Aiming(running)


def response(at_s: np.ndarray, angle: np.ndarray, end: float) -> tuple[float, float, float]:
    """Rise time 10 to 90 %, overshoot in degrees, settling into 2 %."""
    begin = angle[0]
    share = (angle - begin) / (end - begin)
    rise = at_s[np.argmax(share > 0.9)] - at_s[np.argmax(share > 0.1)]
    over = float((share.max() - 1) * abs(end - begin))
    outside = np.flatnonzero(np.abs(share - 1) > 0.02)
    return float(rise), over, float(at_s[outside[-1]])


@pytest.mark.parametrize(("dof", "joint", "position"), [
    ("wrist_rotation", "wrist_rotation", 0.5), ("wrist_rotation", "wrist_rotation", -1.0),
    ("wrist_flexion", "wrist_flexion", 0.6), ("elbow", "elbow", 0.2), ("elbow", "elbow", -1.0),
    ("hand", "index", 0.7), ("hand", "index", 1.0)])
def test_step_responses(aiming, dof, joint, position):
    aiming.armed()
    told = {f.fields["state"] for f in aiming.to(0.3) if f.msg == "STATE"}
    assert STATE["active"] in told, "where it is, is neutral"
    grip = HAND.grips[0]
    end = position * grip.closed_deg["index"] if dof == "hand" else deg(joint, position)
    speed = HAND.joint(joint).speed_dps
    if dof == "hand":
        speed = grip.closed_deg["index"] / grip.close_s
    begin = 0.0 if dof == "hand" else deg(joint, aiming.where[dof])
    straight = abs(end - begin) / (speed * SPEED)
    at_s, angle = aiming.step(joint, straight + 0.6, **{dof: position})
    rise, over, settled = response(at_s, angle, end)
    print(f"\n{dof} to {position}: rise {rise:.3f} s, over {over:.2f} degrees, "
          f"settled {settled:.3f} s; {straight:.3f} s at constant speed; "
          f"ends {angle[-1] - end:+.2f} degrees off")
    assert 0.8 * straight - 0.03 < rise < 0.8 * straight + 0.08
    assert 0.98 * straight - 0.02 < settled < straight + 3 * SOFT_S + 0.06
    assert -0.4 < over < 0.4
    assert abs(angle[-1] - end) < 0.4


def test_without_commands_it_stops_on_its_way(aiming):
    aiming.armed()
    aiming.to(0.3)
    aiming.to(0.4, wrist_rotation=1.0)
    last = aiming.grasping.mark()
    aiming.host.quiet(0.6)
    rows = aiming.grasping.motion(last)
    speed = np.abs(rows["velocity_dps"][:, NAMES.index("wrist_rotation")])
    moving = (rows["t_ns"][speed > 1.0] - last) / 1e6
    print(f"\nmoved for {moving[-1]:.0f} ms after the last command")
    assert 40 < moving[-1] < 150
    assert rows["position_deg"][-1, NAMES.index("wrist_rotation")] < 60, "far from its aim"
    aiming.host.until_state("link lost")
    assert aiming.state(aiming.to(0.3)) == STATE["link lost"]


def test_a_first_position_far_from_here_starts_nothing(aiming):
    aiming.armed()
    began = aiming.grasping.mark()
    assert aiming.state(aiming.to(0.5, wrist_rotation=0.5)) == STATE["armed"]
    assert np.ptp(aiming.grasping.motion(began)["goal_deg"], axis=0).max() < 0.1
    assert aiming.state(aiming.to(0.3, wrist_rotation=0.0)) == STATE["active"]


def test_a_frozen_dof_stands(aiming):
    aiming.armed()
    aiming.to(0.3)
    began, there = aiming.grasping.mark(), (aiming.where["wrist_flexion"], aiming.where["elbow"])
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        aiming.host.command(0.5, 0.5, *there, mode=POSITION, frozen=2)
        aiming.host.quiet(0.02)
    rows = aiming.grasping.motion(began)
    assert np.ptp(rows["position_deg"][:, NAMES.index("wrist_rotation")]) < 0.1
    assert np.ptp(rows["position_deg"][:, NAMES.index("index")]) > 20


def test_release_goes_past_an_aim(aiming):
    aiming.armed()
    aiming.to(0.3)
    aiming.to(1.6, hand=0.7)
    aiming.host.send("RELEASE", {"reason": 0})
    aiming.host.until_state("releasing")
    aiming.host.quiet(3.0)
    assert aiming.grasping.motion()["position_deg"][-1, NAMES.index("index")] < 1.0


def elbow_limit(frames: list) -> int:
    return [f.fields["limit"][3] for f in frames if f.msg == "STATE"][-1]


def test_after_an_actuator_is_back_a_position_near_by_is_its_neutral(aiming):
    """The elbow gives way while it is lost; the host goes on asking for where it was."""
    aiming.armed()
    aiming.to(0.3)
    aiming.to(2.5, elbow=0.0)
    aiming.grasping.part.tell(fault={"missing": ["elbow"]})
    assert elbow_limit(aiming.to(0.6)) == LIMIT["actuator"]
    aiming.grasping.part.tell(fault={"missing": []})
    whole = HAND.joint("elbow").max_deg - HAND.joint("elbow").min_deg
    there = aiming.grasping.motion()["position_deg"][-1, NAMES.index("elbow")]
    far = (2 * there - HAND.joint("elbow").max_deg - HAND.joint("elbow").min_deg) / whole + 0.2
    assert elbow_limit(aiming.to(1.5, elbow=far)) == LIMIT["neutral"], "a tenth of its way is none"
    near = far - 0.2 + 0.06
    assert elbow_limit(aiming.to(0.5, elbow=near)) == LIMIT["none"]
    aiming.to(1.0)
    end = aiming.grasping.motion()["position_deg"][-1, NAMES.index("elbow")]
    assert end == pytest.approx(deg("elbow", near), abs=1.0), "and goes there"


def test_a_grip_less_than_open_is_refused_whole(aiming):
    aiming.armed()
    aiming.to(0.3)
    before = aiming.host.counters()["bad_value"]
    began = aiming.grasping.mark()
    for _ in range(3):
        aiming.host.command(-0.01, 0.9, mode=POSITION)
        aiming.host.quiet(0.02)
    assert aiming.host.counters()["bad_value"] == before + 3
    assert np.ptp(aiming.grasping.motion(began)["goal_deg"], axis=0).max() < 0.1
