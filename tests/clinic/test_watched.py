# SPDX-License-Identifier: GPL-3.0-or-later
"""False activations, timed tasks, and how every kind reads: by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime

import numpy as np
import pytest
from scipy.stats import chi2, poisson

from endplate.clinic.records.visits import Result
from endplate.clinic.report.tested import tests as reported
from endplate.clinic.trials import kinds, watch
from endplate.clinic.trials.run import FittsRun
from endplate.clinic.trials.timed import OTHER, PROSTHESIS, TASKS, Timing
from endplate.clinic.trials.watch import Rules, Watched, WatchRun, interval

STEP_S = 0.02


def watched(*parts, rules=None):
    one = Watched("rest", rules or Rules(rest_s=10.0))
    for velocity, seconds in parts:
        for _ in range(round(seconds / STEP_S)):
            one.step(np.array([0.0, velocity]), STEP_S)
    return one.outcome()


def test_an_activation_needs_a_pause_before_it():
    made = watched((0, 1), (0.3, 0.5), (0, 0.18), (-0.3, 0.5), (0, 0.2), (0.02, 0.1), (0.019, 2))
    assert made.activations == 2, "0.18 s is no pause, 0.2 s is one; 1.9 % of full speed is still"
    assert made.moving_s == pytest.approx(0.5 + 0.5 + 0.1)
    assert watched((0.5, 1)).activations == 1, "who moves from the first hop on has moved once"
    assert watched((0, 20)).seconds == pytest.approx(10.0)


@pytest.mark.parametrize("count", [1, 2, 7, 60, 1000])
def test_the_interval_is_the_exact_one(count):
    """By its definition: the rates that leave 2.5 % for as many or more, as few or fewer."""
    low, high = interval(count, 3600.0)
    assert poisson.sf(count - 1, low) == pytest.approx(0.025)
    assert poisson.cdf(count, high) == pytest.approx(0.025)
    ends = chi2.ppf(0.025, 2 * count) / 2, chi2.ppf(0.975, 2 * count + 2) / 2
    assert (low, high) == pytest.approx(ends, rel=1e-9)


def test_no_window_waits_for_scipy_at_the_end_of_a_watch():
    told = "import sys; from endplate.clinic.trials import watch; watch.interval(2, 60.0); "
    told += "sys.exit(any(name.startswith('scipy.stats') for name in sys.modules))"
    subprocess.run([sys.executable, "-c", told], check=True, timeout=60)


def test_none_in_a_minute_is_not_none_an_hour():
    assert interval(0, 60.0) == (0.0, pytest.approx(180.0))
    assert poisson.pmf(0, 3.0) == pytest.approx(0.05, abs=0.001), "three in the watched time"
    found = watch.counted(watch.Outcome("rest", 60.0, 0, 0.0))
    assert watch.said(found) == "none in 60 s (below 180/h)"
    found = watch.counted(watch.Outcome("rest", 60.0, 2, 3.0))
    assert found["per_hour"] == 120.0 and found["share"] == 0.05
    assert watch.said(found) == "2 in 60 s (15 to 433/h)"


def test_a_whole_watch_runs_again_to_the_same_figures():
    run = WatchRun(("hand",), rules=Rules(rest_s=5.0, arm_motion_s=4.0))
    assert run.tasks == ["rest", "arm motion"]
    chance, said = np.random.default_rng(1), []
    while not run.over:
        said.append(chance.choice([0.0, 0.3], 1, p=[0.95, 0.05]))
        run.step(said[-1], STEP_S)
    kept = json.loads(json.dumps(run.record(), allow_nan=False))
    assert kept["figures"]["rest"]["activations"] > 0
    assert kinds.again("activations", kept, np.array(said), STEP_S) == kept["figures"]
    assert kinds.again("activations", kept, np.zeros((len(said), 1)), STEP_S) != kept["figures"]
    # counted otherwise: starts in the hops of the rest, which begin after the pause
    moves = np.array(said)[50:300, 0] > 0
    starts = [k for k in np.flatnonzero(moves) if not moves[max(0, k - 10) : k].any()]
    assert kept["figures"]["rest"]["activations"] == len(starts)
    assert kept["figures"]["rest"]["share"] == pytest.approx(moves.mean())
    only = WatchRun(("hand",), rules=Rules(rest_s=0.0, arm_motion_s=4.0))
    assert only.tasks == ["arm motion"]


# ---- timed tasks ----


def test_blocks_are_counted_for_a_minute_of_samples():
    timing = Timing(TASKS["box-and-blocks"], 250.0, 1000)
    assert timing.elapsed_s(1500) == 2.0 and not timing.time_is_up(15_999)
    assert timing.time_is_up(16_000)
    timing.end(16_010)
    assert timing.over and timing.elapsed_s(99_999) == pytest.approx(60.04)
    kept = json.loads(json.dumps(timing.record(PROSTHESIS, 19)))
    assert kept["figures"] == {"score": 19, "seconds": 60.04, "parts_s": [60.04]}
    assert (kept["first_sample"], kept["last_sample"]) == (1000, 16_010)
    assert kinds.again("box-and-blocks", kept, np.zeros((0, 0)), 0.02) == kept["figures"]
    said = kinds.TESTS["box-and-blocks"].said(kept)
    assert said == "19 blocks in 60.0 s with the prosthesis"


def test_three_pins_count_up():
    timing = Timing(TASKS["clothespin"], 250.0, 0)
    assert timing.part == "pin 1" and not timing.time_is_up(10**6)
    timing.end(1000)
    with pytest.raises(ValueError):
        timing.end(900)
    timing.end(2000)
    assert timing.part == "pin 3" and not timing.over
    timing.end(3500)
    assert timing.over and timing.part == ""
    with pytest.raises(ValueError):
        timing.end(4000)
    kept = timing.record(OTHER)
    assert kept["figures"] == {"score": 14.0, "seconds": 14.0, "parts_s": [4.0, 8.0, 14.0]}
    assert kinds.TESTS["clothespin"].rows(kept)[0][2:] == ["14.0", "4.0 / 8.0 / 14.0"]
    assert kinds.what(kept) == "other hand"


@pytest.mark.parametrize(("hand", "more", "control", "ends"), [
    (PROSTHESIS, {"direct": False, "profile": "anna"}, "decoder", "with the prosthesis (decoder)."),
    (PROSTHESIS, {"direct": True, "profile": "anna"}, "direct", "with the prosthesis (direct)."),
    (PROSTHESIS, {"direct": False, "profile": ""}, "none",
     "with the prosthesis (no decoder was loaded)."),
    (OTHER, {"direct": False, "profile": "anna"}, "–", "with the other hand."),
    (OTHER, {"direct": True, "profile": "anna"}, "–", "with the other hand."),
])  # fmt: skip
def test_only_what_was_controlled_by_a_decoder_is_said_to_be(hand, more, control, ends):
    timing = Timing(TASKS["clothespin"], 250.0, 0, [1000, 2000, 3550])
    kept, kind = timing.record(hand, **more), kinds.TESTS["clothespin"]
    assert kind.rows(kept)[0][0] == kinds.control(kept) == control
    assert kinds.own(kept) is (control == "decoder")
    assert kinds.sentence(kind, kept) == f"three pins in 14.2 s {ends}"
    (row,) = reported(
        [Result("1", "1", "clothespin", datetime(2026, 1, 2), json.loads(json.dumps(kept)))]
    ).rows
    assert row[1] == {"direct": "direct control"}.get(control, control)


# ---- how they read ----


def test_a_fitts_test_runs_again_too_and_each_kind_has_as_many_cells_as_columns():
    run, said = FittsRun(("hand", "elbow"), 4, 2), []
    while not run.over:
        velocity = np.zeros(2)
        if run.trial is not None:
            away = np.array(run.trial.target.centre) - run.trial.position
            velocity = np.round(np.clip(away * 4, -1, 1), 4)
        said.append(velocity)
        run.step(velocity, STEP_S)
    kept = json.loads(json.dumps(run.record(), allow_nan=False))
    assert kinds.again("fitts", kept, np.array(said), STEP_S) == kept["figures"]
    kind = kinds.TESTS["fitts"]
    (row,) = kind.rows(kept)
    assert row[:3] == ["decoder", "hand, elbow", "100 %"] and len(row) == 2 + len(kind.columns)
    assert "100 % of 4 completed" in kind.said(kept) and "within 15 s" in kind.rules(kept)
    with pytest.raises(ValueError):
        run.__class__(("hand",), 1).step([0.1, 0.2], STEP_S)
