# SPDX-License-Identifier: GPL-3.0-or-later
"""The Motion test: each figure by hand, and a whole test played and run again."""

from __future__ import annotations

import json
import math
from collections import Counter

import numpy as np
import pytest

from endplate.clinic.trials import kinds, motion
from endplate.clinic.trials.motion import MotionRun, MotionTrial, Rules, figures, movements
from endplate.clinic.trials.output import movement

STEP_S = 0.02
CLOSE, OPEN = (1, 0), (-1, 0)


def drive(trial, velocity, seconds):
    for _ in range(round(seconds / STEP_S)):
        trial.step(np.array(velocity, float), STEP_S)


@pytest.mark.parametrize(
    ("velocity", "put_out"),
    [((0.0, 0.0), (0, 0)), ((0.019, -0.019), (0, 0)), ((0.02, 0.0), (1, 0)), ((-1, 0.41), (-1, 0)),
     ((-1, 0.42), (-1, 1)), ((0.3, 0.3), (1, 1)), ((0.01, -0.5), (0, -1))],
)  # fmt: skip
def test_what_is_put_out_is_the_nearest_direction(velocity, put_out):
    assert movement(velocity) == put_out


def test_selection_counts_from_the_onset_and_completion_needs_the_whole_range():
    trial = MotionTrial(CLOSE)
    drive(trial, (0.0, 0.0), 0.4)  # reaction
    drive(trial, (0.0, 0.6), 0.2)  # the elbow first: an onset, but not what was asked for
    drive(trial, (0.5, 0.1), 1.0)  # half the range
    drive(trial, (-0.8, 0.0), 0.3)  # back: neither adds nor takes away
    assert not trial.over and trial.share == pytest.approx(0.5)
    drive(trial, (1.0, 0.0), 0.5)
    made = trial.outcome()
    assert trial.over and made.completed
    assert made.reaction_s == pytest.approx(0.4)
    assert made.selection_s == pytest.approx(0.2)
    assert made.completion_s == pytest.approx(0.2 + 1.0 + 0.3 + 0.5)


def test_the_limit_counts_from_the_onset():
    late = MotionTrial(CLOSE)
    drive(late, (0.0, 0.0), 4.9)
    assert not late.over
    drive(late, (0.2, 0.0), 4.98)
    assert not late.over and late.share == pytest.approx(0.996)
    drive(late, (0.2, 0.0), 0.02)
    assert late.outcome().completed, "full range and limit in the same hop: it is done"
    wrong = MotionTrial(CLOSE)
    drive(wrong, (-1.0, 0.0), 6.0)
    made = wrong.outcome()
    assert wrong.over and not made.completed and math.isnan(made.selection_s)
    assert made.reaction_s == 0.0 and math.isnan(made.completion_s)
    nothing = MotionTrial(CLOSE)
    drive(nothing, (0.0, 0.0), 5.0)
    assert nothing.over and math.isnan(nothing.outcome().reaction_s)


def test_figures_are_means_over_those_that_have_them():
    outcomes = [
        motion.Outcome(CLOSE, True, 0.3, 0.0, 1.2, 1.0),
        motion.Outcome(OPEN, False, 0.5, 0.4, math.nan, 0.6),
        motion.Outcome(CLOSE, False, math.nan, math.nan, math.nan, 0.0),
        motion.Outcome(OPEN, False, 0.7, math.nan, math.nan, 0.0),
    ]
    found = figures(outcomes)
    assert (found.trials, found.completion, found.selected) == (4, 0.25, 0.5)
    assert found.reaction_s == pytest.approx(0.5) and found.selection_s == pytest.approx(0.2)
    assert found.completion_s == pytest.approx(1.2)
    with pytest.raises(ValueError):
        figures([])


def test_every_movement_comes_as_often_and_before_any_comes_again():
    assert movements(2, False) == [(1, 0), (-1, 0), (0, 1), (0, -1)]
    assert len(movements(3, True)) == 6 + 3 * 4
    run = MotionRun(("hand", "elbow"), seed=5, rules=Rules(repetitions=3, pairs=True))
    assert run.count == 24 and set(Counter(run.tasks).values()) == {3}
    assert all(len(set(run.tasks[k : k + 8])) == 8 for k in (0, 8, 16))
    assert run.tasks != MotionRun(("hand", "elbow"), seed=6, rules=run.rules).tasks
    assert kinds.asked(("hand", "elbow"), (-1, 1)) == "Open hand + bend elbow"


def play(run, react_s=0.3, clumsy=0.2):
    """Someone who begins with the wrong movement now and then, and trembles; velocities as a
    recording has them."""
    chance, said, since = np.random.default_rng(7), [], 0.0
    while not run.over:
        velocity = np.zeros(len(run.dofs))
        since = since + STEP_S if run.trial is not None else 0.0
        if run.trial is not None and since > react_s:
            velocity = 0.7 * np.array(run.trial.asked) + chance.normal(0, 0.1, len(run.dofs))
            if since < react_s + clumsy and run.number % 3 == 0:
                velocity = -velocity
        said.append(np.round(np.clip(velocity, -1, 1), 3))
        run.step(said[-1], STEP_S)
        assert len(said) < 20_000
    return np.array(said)


def test_a_whole_test_runs_again_to_the_same_figures():
    run = MotionRun(("hand", "elbow"), seed=3, rules=Rules(repetitions=2))
    velocities = play(run)
    kept = json.loads(json.dumps(run.record(direct=False), allow_nan=False))
    assert kept["hops"] == len(velocities) and kept["targets"] == 8
    assert kept["figures"]["completion"] == 1.0
    assert kept["figures"]["selection_s"] > 0.0
    assert kinds.again("motion", kept, velocities, STEP_S) == kept["figures"]
    assert kinds.again("motion", kept, velocities * 0.5, STEP_S) != kept["figures"]


def test_a_recomputation_from_the_velocities_alone_agrees():
    """Without the classes: the hops of each trial found by the pauses, figures by array."""
    run = MotionRun(("hand", "elbow"), seed=4, rules=Rules(repetitions=2))
    velocities, began, spans = [], None, []
    chance = np.random.default_rng(2)
    while not run.over:
        was = run.trial
        velocity = np.zeros(2)
        if was is not None and chance.random() < 0.8:
            velocity = np.array(was.asked) * 0.5
        velocities.append(velocity)
        run.step(velocity, STEP_S)
        if was is None and run.trial is not None:
            began = len(velocities)
        if was is not None and run.trial is None:
            spans.append((was.asked, np.array(velocities[began:])))
    selected, completed = [], []
    for asked, hops in spans:
        right = (np.sign(hops) == asked).all(axis=1)
        onset = int(np.argmax(np.abs(hops).max(axis=1) > 0))
        selected.append((int(np.argmax(right)) - onset) * STEP_S)
        done = np.cumsum(right * np.abs(hops).max(axis=1)) * STEP_S
        completed.append((int(np.argmax(done >= 1.0 - 1e-9)) + 1 - onset) * STEP_S)
    found = run.figures()
    assert found["selection_s"] == pytest.approx(np.mean(selected), abs=1e-9)
    assert found["completion_s"] == pytest.approx(np.mean(completed), abs=1e-9)


def test_the_prompt_waits_for_rest_but_not_for_ever():
    run = MotionRun(("hand",), rules=Rules(repetitions=1))
    for _ in range(round(3.0 / STEP_S)):
        run.step([0.5], STEP_S)
    assert run.waiting, "the hand still moves"
    for _ in range(round(0.5 / STEP_S)):
        run.step([0.0], STEP_S)
    assert not run.waiting
    restless = MotionRun(("hand",), rules=Rules(repetitions=1))
    for _ in range(round(5.1 / STEP_S)):
        restless.step([0.5], STEP_S)
    assert not restless.waiting
