# SPDX-License-Identifier: GPL-3.0-or-later
"""The TAC test: postures by hand, a whole test played on screen and on a hand, and run again."""

from __future__ import annotations

import json

import numpy as np
import pytest

from endplate.clinic.trials import kinds, posture
from endplate.clinic.trials.posture import Axis, axes, moved
from endplate.clinic.trials.tac import HAND, Rules, TacRun, TacTrial, aim
from endplate.errors import HandError
from endplate.hardware import load_hand

STEP_S = 0.02
RULES = Rules()
ALONG = (Axis("hand", "index", 0.0, 90.0, 112.5), Axis("elbow", "elbow", 0.0, 135.0, 60.0))


def place(trial, degrees, seconds):
    for _ in range(round(seconds / STEP_S)):
        trial.place(np.array(degrees, float), STEP_S)


# ---- the posture ----


def test_axes_are_those_of_the_hands_table():
    hand = load_hand("test-hand")
    found = axes(hand, ("hand", "elbow", "wrist_rotation"))
    assert found[:2] == ALONG, "90 degrees in 0.8 s; 60 degrees a second"
    assert found[2].neutral == 0.0 and found[2].way == 180.0
    assert axes(hand, ("hand",), "pinch")[0].most == 62.0
    with pytest.raises(HandError, match="has no DoF tail"):
        axes(hand, ("tail",))


def test_velocities_drive_it_to_the_ends_and_no_further():
    start = np.array([axis.neutral for axis in ALONG])
    assert moved(start, np.array([0.5, -1.0]), 0.1, ALONG) == pytest.approx([50.625, 61.5])
    assert moved(start, np.array([1.0, -1.0]), 60.0, ALONG).tolist() == [90.0, 0.0]


def test_what_is_drawn_is_the_grip_at_that_closure():
    hand = load_hand("test-hand")
    drawn = posture.joints(hand, {"hand": 45.0, "elbow": 30.0})
    assert drawn["index"] == drawn["little"] == 45.0 and drawn["elbow"] == 30.0
    assert drawn["thumb_flexion"] == pytest.approx(55 * (0.5 - 0.35) / 0.65)
    assert drawn["thumb_rotation"] == 80.0 and drawn["wrist_flexion"] == 5.0
    assert posture.joints(hand, {"hand": 0.0})["thumb_flexion"] == 0.0


# ---- one trial ----


def test_every_dof_has_to_be_there_and_stay_for_the_dwell():
    trial = TacTrial(np.array([45.0, 67.0]), np.array([81.0, 67.0]), RULES)
    place(trial, (45, 67), 0.5)
    place(trial, (81, 72.5), 2.5)  # the elbow has moved away
    assert not trial.inside and trial.near == [True, False] and trial.dwell.overshoots == 0
    place(trial, (77, 71), 1.0)  # within 5 degrees each
    place(trial, (75.9, 71), 0.2)  # left it
    place(trial, (81, 67), 2.1)
    made = trial.outcome()
    assert trial.over and made.completed and made.overshoots == 1
    assert made.movement_s == pytest.approx(0.5 + 2.5 + 1.0 + 0.2, abs=2 * STEP_S)
    way = np.hypot(36, 5.5) + np.hypot(4, 1.5) + 1.1 + np.hypot(5.1, 4)
    assert made.path == pytest.approx(way)
    assert made.path_efficiency == pytest.approx(36 / way)


def test_a_joint_that_trembles_has_not_gone_far():
    trial = TacTrial(np.array([45.0]), np.array([81.0]), RULES)
    for number in range(200):
        trial.place(np.array([45.0 + 0.2 * (number % 2)]), STEP_S)
    assert trial.path == 0.0
    place(trial, (81,), 2.1)
    assert trial.outcome().path_efficiency == pytest.approx(1.0)


def test_time_runs_out():
    trial = TacTrial(np.array([45.0]), np.array([81.0]), RULES)
    place(trial, (45,), 13.5)
    place(trial, (81,), 3.0)
    made = trial.outcome()
    assert trial.dwell.elapsed_s == pytest.approx(15.0) and not made.completed
    assert made.movement_s == 15.0


def test_a_target_turns_round_where_there_is_no_room():
    assert aim(np.array([45.0, 67.5]), (1, -1), ALONG, RULES) == pytest.approx([81.0, 13.5])
    assert aim(np.array([80.0, 67.5]), (1, 0), ALONG, RULES) == pytest.approx([44.0, 67.5])
    with pytest.raises(ValueError, match="half of the way"):
        TacRun(("hand",), rules=Rules(distance=0.6), axes=ALONG[:1])
    with pytest.raises(ValueError, match="its axis"):
        TacRun(("hand", "elbow"), axes=ALONG[:1])


# ---- a whole test ----


def towards(run):
    if run.trial is None:
        return np.zeros(len(run.dofs))
    speed = np.array([axis.speed_dps for axis in run.axes])
    return np.round(np.clip((run.trial.target - run.posture) / speed * 2, -1, 1), 4)


def test_who_goes_straight_completes_all_and_it_runs_again():
    run = TacRun(("hand", "elbow"), 6, 3, axes=ALONG)
    said = []
    while not run.over:
        said.append(towards(run))
        run.step(said[-1], STEP_S)
        assert len(said) < 10_000
    kept = json.loads(json.dumps(run.record(), allow_nan=False))
    assert kept["figures"]["completion"] == 1.0 and kept["figures"]["overshoots"] == 0.0
    assert len({tuple(one["target"]) for one in kept["outcomes"]}) == 6
    assert all(one["start"] == [45.0, 67.5] for one in kept["outcomes"])
    assert kinds.again("tac", kept, np.array(said), STEP_S) == kept["figures"]
    again = kinds.again("tac", kept, np.array(said) * 0.7, STEP_S)
    assert again["movement_s"] is None or again != kept["figures"]
    # another way to the same: positions by a running sum, which no end stops here
    first = np.array(said)[50:]
    there = np.array(kept["outcomes"][0]["target"])
    way = [45.0, 67.5] + np.cumsum(first * [112.5, 60.0] * STEP_S, axis=0)
    inside = (np.abs(way - there) <= 5.0).all(axis=1)
    assert kept["outcomes"][0]["movement_s"] == pytest.approx((np.argmax(inside) + 1) * STEP_S)


def test_on_the_hand_its_own_joints_are_judged_and_kept():
    """A hand that follows late: told at 25 Hz, from wherever it is."""
    run = TacRun(("hand", "elbow"), 4, 3, Rules(on=HAND), axes=ALONG)
    real = np.array([20.0, 100.0])
    while not run.over:
        if run.hops % 2 == 0:
            run.place(real)
        wanted = towards(run)
        real = moved(real, wanted, STEP_S, ALONG)
        run.step(np.zeros(2), STEP_S)  # velocities are not what counts
        assert run.hops < 5_000
    kept = json.loads(json.dumps(run.record(), allow_nan=False))
    assert kept["figures"]["completion"] == 1.0
    assert kept["outcomes"][0]["start"] == [20.0, 100.0]
    assert kept["outcomes"][1]["start"] != [45.0, 67.5]
    assert kinds.again("tac", kept, np.zeros((kept["hops"], 2)), STEP_S) == kept["figures"]
    kept["measured"] = kept["measured"][: len(kept["measured"]) // 2]
    assert kinds.again("tac", kept, np.zeros((kept["hops"], 2)), STEP_S) != kept["figures"]
