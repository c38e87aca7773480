# SPDX-License-Identifier: GPL-3.0-or-later
"""How hard a grip squeezes, what all motors take from the supply, and a grip that waits."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from endplate.hardware import load_hand

from .grasping import grasping_hand

ROOT = Path(__file__).resolve().parents[2]
HAND = load_hand("test-hand")
NAMES = [joint.name for joint in HAND.joints]
GRIPS = [grip.name for grip in HAND.grips]
SUPPLY_MA = 3400.0
INDEX = NAMES.index("index")


def drive(host, *velocity: float, seconds: float, **fields) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        host.command(*velocity, **fields)
        host.quiet(0.02)


def grip_in_force(host) -> int:
    return host.until(lambda f: f.msg == "STATE", 1.0, "STATE").fields["grip"]


@pytest.fixture
def grasping(pc_firmware, tmp_path):
    with grasping_hand(tmp_path) as running:
        yield running


def squeeze(grasping, grip: str, **fields) -> float:
    """Most motor current of the index at the object, A."""
    host, number = grasping.host, GRIPS.index(grip)
    drive(host, -1.0, seconds=1.3, grip=number)
    drive(host, 0.0, seconds=0.1, grip=number)
    began = grasping.mark()
    drive(host, 1.0, seconds=1.6, grip=number, **fields)
    at_rest = grasping.motion(began)
    return float(np.abs(at_rest["current_a"][-100:, INDEX]).max())


def test_each_grip_squeezes_within_its_cap(grasping):
    grasping.host.activate()
    limit = HAND.joint("index").current_ma / 1000
    for grip in ("power", "key", "pinch"):
        cap = next(each.force_cap for each in HAND.grips if each.name == grip) * limit
        most = squeeze(grasping, grip)
        print(f"\n{grip}: {1000 * most:.0f} mA, cap {1000 * cap:.0f}")
        assert 0.9 * cap < most <= 1.01 * cap
    assert 0.45 * limit < squeeze(grasping, "power", force_cap=[127] * 8) <= 0.51 * limit
    assert squeeze(grasping, "pinch", force_cap=[127] * 8) <= 0.41 * limit, "the least of both"


def test_another_grip_waits_until_the_hand_stands_still(grasping):
    host, pinch = grasping.host, GRIPS.index("pinch")
    grasping.part.tell(object=None)
    host.activate()
    drive(host, 0.3, seconds=0.3)
    assert grip_in_force(host) == 0
    drive(host, 0.3, seconds=0.5, grip=pinch)
    assert grip_in_force(host) == 0, "it moves: the grip asked for waits, and STATE says so"
    drive(host, 0.0, seconds=0.1)
    before = grasping.motion()[-1]["goal_deg"]
    drive(host, 0.0, seconds=0.1, grip=pinch)
    assert grip_in_force(host) == pinch
    assert grasping.motion()[-1]["goal_deg"] == pytest.approx(before, abs=0.1), "and moves nothing"


@pytest.fixture(scope="module")
def weak(tmp_path_factory) -> tuple[Path, Path]:
    """A hand file whose supply is too small for all motors, and the program made for it."""
    folder = tmp_path_factory.mktemp("weak")
    text = (ROOT / "hw" / "hands" / "test-hand.toml").read_text()
    path = folder / "weak.toml"
    path.write_text(text.replace("supply_ma = 6000.0", f"supply_ma = {SUPPLY_MA}"))
    assert load_hand(path).supply_ma == SUPPLY_MA
    subprocess.run(
        ["make", "-s", "-C", str(ROOT / "firmware"), f"PYTHON={sys.executable}", f"HAND={path}",
         f"BUILD={folder}/build/", "pc"], check=True, capture_output=True,
    )  # fmt: skip
    return path, folder / "build" / "pc" / "endplate-hand"


def test_all_motors_together_stay_within_the_supply(weak, tmp_path):
    path, program = weak
    with grasping_hand(tmp_path, hand=str(path), program=program) as running:
        host = running.host
        host.activate()
        running.part.tell(fault={"stall": ["wrist_rotation", "wrist_flexion", "elbow"]})
        began = running.mark()
        drive(host, 1.0, 1.0, 1.0, 1.0, seconds=2.0)
        rows = running.motion(began)
    supply = np.abs(rows["current_a"]).sum(1)
    print(f"\nsupply: most {supply.max():.3f} A of {SUPPLY_MA / 1000} A; "
          f"index {np.abs(rows['current_a'][:, INDEX]).max():.3f} A")
    assert supply.max() <= 1.05 * SUPPLY_MA / 1000
    assert supply.max() > 0.8 * SUPPLY_MA / 1000, "all of them pushed at once"
    elbow = np.abs(rows["current_a"][:, NAMES.index("elbow")]).max()
    assert elbow == pytest.approx(HAND.joint("elbow").current_ma / 1000, rel=0.02), "the arm first"


def test_a_supply_that_is_large_enough_binds_nothing(grasping):
    """The test above can fail: with the hand's own supply the same motion takes more."""
    host = grasping.host
    host.activate()
    grasping.part.tell(fault={"stall": ["wrist_rotation", "wrist_flexion", "elbow"]})
    began = grasping.mark()
    drive(host, 1.0, 1.0, 1.0, 1.0, seconds=2.0)
    assert np.abs(grasping.motion(began)["current_a"]).sum(1).max() > 1.05 * SUPPLY_MA / 1000
