# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole Fitts test as it is played, and what is kept of it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from endplate.clinic.trials.fitts import Rules
from endplate.clinic.trials.run import PAUSE_S, FittsRun

STEP_S = 0.02


def play(run, aim=1.0):
    """A user who goes straight for the target, `aim` of the way; seconds that it took."""
    seconds = 0.0
    while not run.over:
        velocity = np.zeros(len(run.dofs))
        if run.trial is not None:
            away = aim * np.array(run.trial.target.centre) - run.trial.position
            velocity = np.clip(away * 4, -1, 1)
        run.step(velocity, STEP_S)
        seconds += STEP_S
        assert seconds < 600
    return seconds


def test_who_goes_straight_completes_all():
    run = FittsRun(("hand", "elbow"), 8, seed=3)
    assert run.waiting and not run.over
    play(run)
    kept = json.loads(json.dumps(run.record(direct=False), allow_nan=False))
    assert kept["figures"]["completion"] == 1.0 and kept["figures"]["trials"] == 8
    assert kept["figures"]["path_efficiency"] > 0.95 and len(kept["outcomes"]) == 8
    assert kept["dofs"] == ["hand", "elbow"] and kept["direct"] is False


def test_who_never_gets_there_has_no_throughput():
    run = FittsRun(("hand",), 3, rules=Rules(limit_s=2.0))
    took = play(run, aim=0.0)
    assert took == pytest.approx(3 * (2.0 + PAUSE_S), abs=0.2)
    figures = run.record()["figures"]
    assert figures["completion"] == 0.0 and figures["throughput"] is None


def test_the_same_seed_asks_for_the_same_targets():
    first, again, other = (FittsRun(("hand", "elbow"), 6, seed=s) for s in (1, 1, 2))
    for run in (first, again, other):
        play(run)
    centres = [[o.target.centre for o in run.outcomes] for run in (first, again, other)]
    assert centres[0] == centres[1] != centres[2]


def test_nothing_moves_in_the_pause():
    run = FittsRun(("hand",), 1)
    run.step([1.0], PAUSE_S / 2)
    assert run.trial is None
    run.step([1.0], PAUSE_S / 2 + STEP_S)
    assert run.trial is not None and run.trial.position[0] == 0.0
