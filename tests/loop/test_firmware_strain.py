# SPDX-License-Identifier: GPL-3.0-or-later
"""Stall, heat and a low supply on the hand's program with simulated actuators."""

from __future__ import annotations

import time

import numpy as np
import pytest

from endplate.hardware import load_hand
from endplate.sim.mechanics import GRASPED

from .grasping import Grasping, grasping_hand
from .wire_host import LIMIT, STATE

HAND = load_hand("test-hand")
NAMES = [joint.name for joint in HAND.joints]
GRASPING = [NAMES.index(name) for name in GRASPED]
INDEX = NAMES.index("index")


class Feeling(Grasping):
    def limits(self, *targets: float, seconds: float) -> list[int]:
        """Of the hand DoF, one per STATE, while these targets are sent."""
        frames = self.host.drive(*targets, seconds=seconds)
        return [f.fields["limit"][0] for f in frames if f.msg == "STATE"]

    def position(self) -> np.ndarray:
        return self.motion()[-1]["position_deg"]


@pytest.fixture
def feeling(pc_firmware, tmp_path):
    with grasping_hand(tmp_path, grasped=False, made=Feeling) as hand:
        hand.host.activate()
        yield hand


def test_a_firm_hold_is_said_kept_and_squeezed_again_on_request(feeling):
    feeling.part.tell(object={})
    seen = feeling.limits(0.8, seconds=1.6)
    assert seen[-1] == LIMIT["stall"], seen[-10:]
    rows = feeling.trace()
    stood = next(
        i for i, row in enumerate(rows)
        if row["velocity"][0] > 0
        and all(row["position"][j] > GRASPED[NAMES[j]] + 1.5 for j in GRASPING)
    )  # fmt: skip
    waits = next(i for i in range(stood, len(rows)) if rows[i]["velocity"][0] == 0)
    took_ms = (rows[waits]["us"] - rows[stood]["us"]) / 1000
    print(f"\nclosing waits {took_ms:.0f} ms after all fingers pressed")
    assert 100 < took_ms < 400
    feeling.limits(0.8, seconds=0.3)
    held = feeling.position()
    contact = np.array(list(GRASPED.values()))
    assert (held[GRASPING] > contact + 2.0).all(), "it holds with force"
    assert set(feeling.limits(0.2, seconds=0.2)[-3:]) == {LIMIT["stall"]}
    again = feeling.limits(0.8, seconds=0.12)
    assert LIMIT["stall"] not in again[2:], "a new squeeze is obeyed"
    assert feeling.limits(0.8, seconds=0.8)[-1] == LIMIT["stall"]
    feeling.limits(-0.8, seconds=0.8)
    assert feeling.position()[INDEX] < contact.min(), "and opens at once"


def test_one_jammed_finger_stops_no_other(feeling):
    feeling.fault(stall=["ring"])
    seen = feeling.limits(1.0, seconds=1.2)
    at = feeling.position()
    assert at[INDEX] > 80 and at[NAMES.index("ring")] < 5
    assert LIMIT["stall"] in seen[-10:], "only the jammed one is left, and it is said"


def test_a_hot_motor_is_slow_then_only_opens(feeling):
    feeling.fault(hot={"index": 60})
    feeling.limits(0.0, seconds=0.6)  # temperatures are read in turn
    assert feeling.limits(1.0, seconds=0.4)[-1] == LIMIT["hot"]
    moving = [row["velocity"][0] for row in feeling.trace() if row["velocity"][0] > 0]
    assert np.median(moving) == pytest.approx(0.65, abs=0.02)
    feeling.fault(hot={"index": 66})
    feeling.limits(0.0, seconds=0.6)
    before = feeling.position()
    feeling.host.activate()
    assert feeling.limits(1.0, seconds=0.4)[-1] == LIMIT["hot"]
    assert feeling.position()[INDEX] == pytest.approx(before[INDEX], abs=1.0), "closing waits"
    feeling.host.activate()
    feeling.limits(-1.0, seconds=0.6)
    assert feeling.position()[INDEX] < before[INDEX] - 5, "opening stays possible"


def test_a_low_supply_opens_only_and_asks_for_rest_when_it_is_back(feeling):
    feeling.limits(1.0, seconds=0.6)
    feeling.fault(battery_v=4.0)
    host, began = feeling.host, time.monotonic()
    host.drive_until("open only", 0.5, timeout_s=4.0)
    took_s = time.monotonic() - began
    print(f"\nopen only after {took_s:.2f} s")
    assert 1.0 < took_s < 2.5
    closed = feeling.position()
    host.activate("open only")
    host.drive(0.8, seconds=0.4)
    assert feeling.position()[INDEX] <= closed[INDEX] + 0.5, "no closing"
    host.activate("open only")
    frames = host.drive(-1.0, seconds=0.5)
    assert {f.fields["state"] for f in frames if f.msg == "STATE"} == {STATE["open only"]}
    opened = feeling.position()
    assert 2 < closed[INDEX] - opened[INDEX] < 40, "slowly"
    feeling.fault(battery_v=None)
    host.activate("open only")
    host.drive_until("armed", -0.5, timeout_s=4.0)
    stands = feeling.position()
    host.arm()
    host.drive(0.5, seconds=0.3)
    assert feeling.position()[INDEX] == pytest.approx(stands[INDEX], abs=0.5), "relax first"
