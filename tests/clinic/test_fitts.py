# SPDX-License-Identifier: GPL-3.0-or-later
"""The Fitts test's engine: each figure by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from endplate.clinic.trials.dwell import Dwell
from endplate.clinic.trials.fitts import Outcome, Rules, Target, Trial, figures, targets

RULES = Rules(limit_s=15.0, dwell_s=1.0, speed_per_s=0.5)
STEP_S = 0.02
FAR = Target((0.6, 0.0), 0.2)


def drive(trial: Trial, velocity: tuple[float, ...], seconds: float) -> None:
    for _ in range(round(seconds / STEP_S)):
        trial.step(velocity, STEP_S)


def test_index_of_difficulty():
    assert FAR.bits == pytest.approx(math.log2(0.6 / 0.2 + 1)) == pytest.approx(2.0)
    assert Target((0.3, 0.4), 0.1).distance == pytest.approx(0.5)


def test_a_straight_way_is_completed_after_the_dwell_which_does_not_count():
    trial = Trial(FAR, RULES)
    drive(trial, (0.0, 0.0), 0.3)  # the reaction counts
    drive(trial, (1.0, 0.0), 1.2)
    assert trial.position == pytest.approx([0.6, 0.0]) and trial.inside
    drive(trial, (0.0, 0.0), 5.0)
    made = trial.outcome()
    assert trial.over and made.completed
    assert made.movement_s == pytest.approx(0.3 + 0.5 / 0.5, abs=STEP_S)  # it enters at 0.5
    assert trial.dwell.elapsed_s == pytest.approx(made.movement_s + 1.0, abs=STEP_S)
    assert made.path == pytest.approx(0.6) and made.path_efficiency == pytest.approx(1.0)
    assert made.overshoots == 0


def test_leaving_the_target_is_an_overshoot_and_the_last_entry_counts():
    trial = Trial(FAR, RULES)
    drive(trial, (1.0, 0.0), 1.6)  # through it, to 0.8
    assert not trial.inside and trial.dwell.overshoots == 1
    drive(trial, (-1.0, 0.0), 0.4)
    drive(trial, (0.0, 0.0), 2.0)
    made = trial.outcome()
    assert made.completed and made.overshoots == 1
    assert made.movement_s == pytest.approx(1.6 + 0.2, abs=2 * STEP_S)
    assert made.path == pytest.approx(1.0)
    assert made.path_efficiency == pytest.approx(0.6)


def test_a_detour_costs_efficiency():
    trial = Trial(FAR, RULES)
    drive(trial, (0.0, 1.0), 0.8)
    drive(trial, (0.0, -1.0), 0.8)
    drive(trial, (1.0, 0.0), 1.2)
    drive(trial, (0.0, 0.0), 1.0)
    assert trial.outcome().path_efficiency == pytest.approx(0.6 / 1.4)


def test_time_runs_out_and_nothing_moves_after_the_end():
    trial = Trial(FAR, RULES)
    drive(trial, (0.02, 0.0), 20.0)
    assert trial.over and trial.dwell.elapsed_s == pytest.approx(15.0)
    made = trial.outcome()
    assert not made.completed and made.movement_s == 15.0
    before = trial.position.copy()
    trial.step((1.0, 1.0), 1.0)
    assert np.array_equal(trial.position, before)


def test_a_dwell_that_the_limit_cuts_is_no_completion():
    trial = Trial(FAR, RULES)
    drive(trial, (0.0, 0.0), 13.2)
    drive(trial, (1.0, 0.0), 1.2)  # inside from 14.2 s on
    drive(trial, (0.0, 0.0), 2.0)
    assert trial.inside and not trial.outcome().completed


def test_the_cursor_stays_on_the_screen_and_the_edge_is_no_way():
    trial = Trial(FAR, RULES)
    drive(trial, (-1.0, 0.0), 4.0)
    assert trial.position == pytest.approx([-1.0, 0.0]) and trial.path == pytest.approx(1.0)


@pytest.mark.parametrize("velocity", [(1.0,), (1.0, 0.0, 0.0), (float("nan"), 0.0)])
def test_a_velocity_of_another_kind_is_refused(velocity):
    with pytest.raises(ValueError, match="2 numbers"):
        Trial(FAR, RULES).step(velocity, STEP_S)


@pytest.mark.parametrize(
    ("centre", "width"), [((), 0.1), ((1.2,), 0.1), ((0.4, 0.0), 0.8), ((0.4, 0.0), 0.0)]
)
def test_senseless_targets_are_refused(centre, width):
    with pytest.raises(ValueError):
        Target(centre, width)


def test_figures_are_of_what_they_say():
    done = Outcome(FAR, True, 2.0, 0.7, 0.8, 1)
    quick = Outcome(FAR, True, 1.0, 0.6, 1.0, 0)
    missed = Outcome(FAR, False, 15.0, 9.0, 0.1, 5)
    made = figures([done, quick, missed])
    assert made.trials == 3 and made.timeouts == 1
    assert made.completion == pytest.approx(2 / 3)
    assert made.throughput == pytest.approx((2.0 / 2 + 2.0 / 1) / 2)
    assert made.movement_s == pytest.approx(1.5)
    assert made.path_efficiency == pytest.approx(0.9)
    assert made.overshoots == pytest.approx(2.0)  # those that were missed, too
    assert math.isnan(figures([missed]).throughput) and figures([missed]).completion == 0.0
    with pytest.raises(ValueError, match="without trials"):
        figures([])


@pytest.mark.parametrize("dofs", [1, 2, 3])
def test_targets_lie_in_every_direction_before_any_comes_again(dofs):
    directions = 3**dofs - 1
    made = targets(dofs, 2 * directions, seed=5)
    assert made == targets(dofs, 2 * directions, seed=5) != targets(dofs, 2 * directions, seed=6)
    for half in (made[:directions], made[directions:]):
        signs = {tuple(np.sign(np.round(each.centre, 6))) for each in half}
        assert len(signs) == directions
    assert {round(each.distance, 6) for each in made} == {0.4, 0.8}
    assert {each.width for each in made} == {0.3, 0.16}
    assert len({(round(each.distance, 6), each.width) for each in made}) == 4


def test_who_leaves_begins_the_dwell_anew_and_the_last_entry_counts():
    """Of Fitts and TAC alike."""
    dwell = Dwell(1.0, 5.0)
    for inside, steps in ((False, 10), (True, 40), (False, 5), (True, 49)):
        for _ in range(steps):
            dwell.step(inside, STEP_S)
    assert not dwell.over and not dwell.completed and dwell.movement_s == 5.0
    dwell.step(True, STEP_S)
    dwell.step(True, STEP_S)
    assert dwell.over and dwell.completed and dwell.overshoots == 1
    assert dwell.movement_s == pytest.approx(56 * STEP_S)
    late = Dwell(1.0, 0.5)
    late.step(True, 0.5)
    assert late.over and not late.completed and late.movement_s == 0.5
