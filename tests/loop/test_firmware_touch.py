# SPDX-License-Identifier: GPL-3.0-or-later
"""Fingertips through the whole loop: the simulated sensors, TOUCH, slip and the firmer hold,
sensors that break, and the tactor."""

from __future__ import annotations

import time

import numpy as np
import pytest

from endplate.hardware import load_hand
from endplate.sim.mechanics import GRASPED

from .grasping import grasping_hand
from .params_asking import set_named

HAND = load_hand("test-hand")
NAMES = [joint.name for joint in HAND.joints]
TIPS = [NAMES.index(digit.joint) for digit in HAND.digits]
INDEX = 1  # the digit
NO_FORCE = 65535
STEP_DEG = 0.425  # core/touch.h: a tenth of a finger's lead


class Touching:
    """A hand at an object; commands go on at 50 Hz unless told otherwise."""

    def __init__(self, running) -> None:
        self.grasping, self.host, self.part = running, running.host, running.part

    def drive(self, velocity: float, seconds: float) -> list[dict]:
        """The TOUCH that come meanwhile."""
        frames = self.host.drive(velocity, seconds=seconds)
        return [frame.fields for frame in frames if frame.msg == "TOUCH"]

    def set(self, **parameters: int) -> None:
        for name, value in parameters.items():
            assert set_named(self.host, name, value)["status"] == 0

    def begin(self, **parameters: int) -> None:
        host = self.host
        host.hello()
        host.compare_clocks()
        host.until_state("disarmed")
        self.set(**parameters)
        host.arm()
        host.until_state("armed")
        host.drive_until("active", 0.0)

    def touch_gently(self, velocity: float = 0.3) -> None:
        """Closes slowly until three fingers touch, and holds."""
        end = time.monotonic() + 8
        while time.monotonic() < end:
            seen = self.drive(velocity, 0.06)
            if seen and bin(seen[-1]["contact"] & 0b01110).count("1") == 3:
                self.drive(velocity, 0.1)
                self.drive(0.0, 0.3)
                return
        raise AssertionError("no contact")

    def goals(self, since_ns: int) -> np.ndarray:
        return self.grasping.motion(since_ns)["goal_deg"]


@pytest.fixture
def touching(pc_firmware, tmp_path):
    with grasping_hand(tmp_path) as running:
        yield Touching(running)


def test_force_and_contact_come_25_times_a_second(touching):
    touching.begin()
    free = touching.drive(0.0, 1.0)
    assert 23 <= len(free) <= 27
    assert all(row["contact"] == row["slip"] == row["tactor"] == 0 for row in free)
    assert max(max(row["force"]) for row in free) < 15
    touching.drive(1.0, 1.5)
    said = touching.drive(0.0, 0.3)[-1]
    true_n = touching.grasping.motion()["tip_n"][-1][TIPS]
    print(f"\nforce {[f / 100 for f in said['force']]} N, true {np.round(true_n, 2)}")
    assert said["contact"] == 0b11111
    assert np.array(said["force"]) / 100 == pytest.approx(true_n, abs=0.1)
    assert true_n.min() > 1.0
    assert touching.drive(-1.0, 1.0)[-1]["contact"] == 0


def held_against(touching, taper_dps: float) -> dict:
    """The object is pulled at for 2.5 s while the hand holds, a little more than friction holds."""
    load_n = 0.5 * float(touching.grasping.motion()["tip_n"][-1][TIPS].sum()) + 0.4
    began = touching.grasping.mark()
    touching.part.tell(
        object={"contact_deg": GRASPED, "load_n": load_n, "taper_dps": taper_dps})
    seen = touching.drive(0.0, 2.5)
    rows = touching.grasping.motion(began)
    return {"rows": rows, "slip": any(row["slip"] for row in seen),
            "tips": rows["tip_n"][:, TIPS].sum(1)}


def test_without_the_firmer_hold_nothing_moves_and_the_object_is_lost(touching):
    touching.begin()
    touching.touch_gently()
    seen = held_against(touching, taper_dps=8.0)
    assert seen["slip"], "slip is told"
    assert np.ptp(seen["rows"]["goal_deg"], axis=0).max() < 0.1, "no goal moved by itself"
    assert seen["tips"][-1] < 0.1, "it fell"


def test_the_firmer_hold_keeps_it_in_bounded_steps(touching):
    touching.begin(hold_boost=800)
    touching.touch_gently()
    seen = held_against(touching, taper_dps=1.0)
    rows, index = seen["rows"], NAMES.index("index")
    goal = rows["goal_deg"][:, index].astype(float)
    steps = np.flatnonzero(np.diff(goal) > 0.1)
    apart_ms = np.diff(rows["t_ns"][steps]) / 1e6
    most = np.abs(rows["current_a"][:, TIPS]).max()
    print(f"\n{len(steps)} steps, {np.round(np.diff(goal)[steps], 2)} degrees, "
          f"{np.round(apart_ms)} ms apart; "
          f"tips {seen['tips'][0]:.1f} to {seen['tips'][-1]:.1f} N, {1000 * most:.0f} mA")
    assert seen["tips"][-1] > 0.8 * seen["tips"][0], "it is still held"
    assert 1 <= len(steps) <= 8
    assert (np.diff(goal)[steps] < STEP_DEG + 0.15).all()
    assert (apart_ms > 85).all()
    assert most <= 1.01 * HAND.joint("index").current_ma / 1000


def test_the_firmer_hold_ends_with_the_commands(touching):
    touching.begin(hold_boost=1000)
    touching.touch_gently()
    touching.host.until_state("link lost")
    began = touching.grasping.mark()
    touching.part.tell(object={"contact_deg": GRASPED, "load_n": 30.0, "taper_dps": 4.0})
    touching.host.quiet(1.5)
    assert np.ptp(touching.goals(began), axis=0).max() < 0.1


def test_gaps_of_the_commands_give_the_firmer_hold_no_new_steps(touching):
    touching.begin(hold_boost=100)
    touching.touch_gently()
    load_n = 0.5 * float(touching.grasping.motion()["tip_n"][-1][TIPS].sum()) + 0.4
    began = touching.grasping.mark()
    touching.part.tell(object={"contact_deg": GRASPED, "load_n": load_n, "taper_dps": 4.0})
    for _ in range(8):
        touching.drive(0.0, 0.3)
        touching.host.quiet(0.12)  # stale, not lost
    goal = touching.goals(began)[:, NAMES.index("index")].astype(float)
    steps = np.flatnonzero(np.diff(goal) > 0.1)
    assert touching.host.until_state("stale")
    assert len(steps) == 1, np.round(np.diff(goal)[steps], 2)


@pytest.mark.parametrize("counts", [0, 4095, 1600])
def test_a_broken_sensor_is_told_and_moves_nothing(touching, counts):
    touching.begin(hold_boost=1000)
    touching.touch_gently()
    began = touching.grasping.mark()
    touching.part.tell(fault={"sensor": {"index": counts}})
    seen = touching.drive(0.0, 1.6)
    broken = [row["hand_us"] for row in seen if row["force"][INDEX] == NO_FORCE]
    after_ms = (broken[0] - seen[0]["hand_us"]) / 1000
    print(f"\nsensor at {counts}: told {after_ms:.0f} ms after the first TOUCH")
    assert after_ms < (1150 if 100 <= counts <= 4000 else 100)
    assert seen[-1]["force"][INDEX] == NO_FORCE
    assert all(f != NO_FORCE for i, f in enumerate(seen[-1]["force"]) if i != INDEX)
    assert np.ptp(touching.goals(began), axis=0).max() < 0.1
    touching.part.tell(fault={"sensor": {"index": None}})
    assert touching.drive(0.0, 1.6)[-1]["force"][INDEX] != NO_FORCE, "well again"


def levels(touching) -> list[tuple[float, int, int]]:
    return [(row["us"] / 1000, row["tactor"], row["contact"]) for row in touching.grasping.trace()]


def test_the_tactor_is_off_until_it_is_set(touching):
    touching.begin()
    touching.drive(1.0, 1.5)
    assert {level for _, level, _ in levels(touching)} == {0}


def test_the_tactor_tells_contact_then_force(touching):
    touching.begin(tactor=1000)
    touching.touch_gently(0.1)
    said = touching.drive(1.0, 1.0)[-1]
    rows = levels(touching)
    touch_ms = next(at for at, _, contact in rows if contact)
    burst = [at for at, level, _ in rows if level == 255 and at < touch_ms + 90]
    newton = sum(said["force"]) / 100
    print(f"\nburst {burst[-1] - burst[0]:.0f} ms; later {said['tactor']} at {newton} N")
    assert burst[0] == touch_ms
    assert 40 <= burst[-1] - burst[0] <= 75
    force = sum(each for each in said["force"] if each != NO_FORCE) / 100
    assert said["tactor"] == pytest.approx(min(255 * force / 10, 255), abs=12)
    touching.drive(-1.0, 0.8)
    assert levels(touching)[-1][1] == 0
