# SPDX-License-Identifier: GPL-3.0-or-later
"""The separation task: what is a hit, how far the sites are apart, in which order they come."""

from __future__ import annotations

import json
import math

import pytest

from endplate.clinic.trials.separation import Rules, SeparationRun, Trial, order, said

STEP_S = 0.05


def play(trial: Trial, efforts, seconds: float) -> None:
    for _ in range(round(seconds / STEP_S)):
        trial.step(efforts, STEP_S)


def test_a_hit_needs_a_second_in_the_band_with_the_others_below_their_line():
    trial = Trial(0, 2)
    play(trial, (0.6, 0.1), 0.9)
    assert not trial.over and trial.in_band and trial.held_s == pytest.approx(0.9)
    play(trial, (0.6, 0.1), 0.1)
    assert trial.over and trial.hit
    found = trial.outcome()
    assert found.seconds == pytest.approx(1.0)
    assert found.apart_db == pytest.approx(20 * math.log10(6), abs=0.01)


@pytest.mark.parametrize("efforts", [(0.6, 0.3), (0.39, 0.1), (0.81, 0.1), (0.1, 0.6)])
def test_outside_the_band_or_with_another_too_loud_it_is_missed(efforts):
    trial = Trial(0, 2)
    play(trial, efforts, 11)
    assert trial.over and not trial.hit and trial.outcome().seconds == 10.0


@pytest.mark.parametrize(
    ("efforts", "held"), [((0.4, 0.25), True), ((0.8, 0.25), True), ((0.4, 0.26), False)]
)
def test_borders_belong_to_what_is_right(efforts, held):
    trial = Trial(0, 2)
    trial.step(efforts, STEP_S)
    assert (trial.held_s > 0) is held


def test_a_break_begins_the_second_anew():
    trial = Trial(1, 2)
    play(trial, (0.1, 0.6), 0.9)
    trial.step((0.4, 0.6), STEP_S)
    assert trial.held_s == 0 and trial.loud == (0,)
    play(trial, (0.1, 0.6), 0.9)
    assert not trial.over


def test_apart_is_measured_in_the_band_alone_and_has_no_figure_without():
    trial = Trial(0, 3)
    play(trial, (0.1, 1.0, 1.0), 2)  # on the way: does not count
    play(trial, (0.6, 0.6, 0.0), 1)
    assert trial.outcome().others == pytest.approx(0.3)
    assert trial.outcome().apart_db == pytest.approx(6.02, abs=0.01)
    never = Trial(0, 2)
    play(never, (0.1, 0.9), 11)
    assert math.isnan(never.outcome().apart_db)


def test_silent_others_are_forty_decibels_below_at_most():
    trial = Trial(0, 2)
    play(trial, (0.6, 0.0), 1)
    assert trial.outcome().apart_db == pytest.approx(40)


def test_without_contact_time_stands_still_and_what_was_held_is_lost():
    trial = Trial(0, 2)
    play(trial, (0.6, 0.1), 0.9)
    play(trial, (0.6, math.nan), 60)
    assert not trial.over and trial.elapsed_s == pytest.approx(0.9) and trial.held_s == 0
    assert not trial.loud


def test_every_site_comes_before_any_again_and_none_twice_in_a_row():
    for seed in range(50):
        made = order(3, 12, seed)
        assert len(made) == 12 and all(a != b for a, b in zip(made, made[1:], strict=False))
        assert all(sorted(made[k : k + 3]) == [0, 1, 2] for k in range(0, 12, 3))
    assert order(3, 12, 1) == order(3, 12, 1) != order(3, 12, 2)
    assert [order(2, 4, seed)[0] for seed in range(20)].count(0) not in (0, 20)


def test_a_run_is_kept_with_its_settings_and_marks_each_target():
    run, marks = SeparationRun(("2 biceps", "5 triceps"), 4, seed=7), []
    while not run.over:
        aim = run.trial.site if run.trial else None
        able = len(run.outcomes) < 3  # the last one is missed
        efforts = [0.6 if k == aim and able else 0.06 for k in (0, 1)]
        if mark := run.step(efforts, STEP_S):
            marks.append(mark)
    first = run.labels[order(2, 4, 7)[0]]
    assert marks[:2] == [f"separation: raise {first}", f"separation: hit {first}"]
    assert len(marks) == 8 and marks[-1].startswith("separation: missed")
    kept = json.loads(json.dumps(run.record(profile="anna"), allow_nan=False))
    assert kept["seed"] == 7 and kept["targets"] == 4 and kept["profile"] == "anna"
    assert kept["rules"]["dwell_s"] == 1.0 and kept["sites"] == ["2 biceps", "5 triceps"]
    found = kept["figures"]
    assert (found["n"], found["hits"], found["in_band"]) == (4, 3, 3)
    assert found["seconds"] == pytest.approx(1.0) and found["apart_db"] == pytest.approx(20.0)
    assert said(kept) == "3 of 4 hit, 1.0 s each, others 20 dB below"
    assert run.step((0, 0), 1.0) == "", "nothing after its end"


def test_between_targets_there_is_a_pause():
    run = SeparationRun(("a", "b"), 1)
    run.step((0, 0), SeparationRun.pause_s - 0.1)
    assert run.trial is None
    run.step((0, 0), 0.2)
    assert run.trial is not None


def test_what_cannot_be_played_is_refused():
    with pytest.raises(ValueError, match="one site"):
        SeparationRun(("a",))
    with pytest.raises(ValueError, match="2 numbers"):
        Trial(0, 2, Rules()).step((1.0,), 0.1)
    with pytest.raises(ValueError, match="without targets"):
        SeparationRun(("a", "b")).record()
