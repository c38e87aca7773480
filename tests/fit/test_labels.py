# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels: the trapezoid, as late as the window and the person, whose reaction time is found."""

import numpy as np
import pytest
from cued_emg import RATE_HZ, started

from endplate.fit.guided.protocol import Cue, calibration_protocol
from endplate.fit.recorded import labels

WINDOW_S = 0.160
DOFS = ("hand", "elbow")


def hop_times(seconds):
    return np.arange(1, round(seconds * 50)) / 50


def activity(cues, reactions, time_s, chance=None, noise=0.0):
    """What sum(u) would be for a person with these reaction times."""
    total = np.zeros(len(time_s))
    for (start, cue), reaction in zip(cues, reactions, strict=True):
        total += labels.windowed_level(cue, time_s - start / RATE_HZ - reaction, WINDOW_S)
    return total if chance is None else total + noise * chance.standard_normal(len(time_s))


def test_the_label_of_a_window_is_the_mean_of_the_cue_over_it():
    cue = Cue("Close hand", {"hand": 1.0})
    assert labels.windowed_level(cue, np.array([0.5]), 0.2)[0] == pytest.approx(0.4)  # W/2 late
    assert labels.windowed_level(cue, np.array([2.0]), 0.2)[0] == pytest.approx(1.0)
    assert labels.windowed_level(cue, np.array([0.1]), 0.2)[0] == pytest.approx(0.025, abs=0.01)


def test_each_cues_own_reaction_time_is_found():
    cues = started(calibration_protocol(DOFS, 2))
    chance = np.random.default_rng(3)
    meant = np.array([chance.uniform(0.2, 0.6) if cue.target else 0.0 for _, cue in cues])
    time_s = hop_times(cues[-1][0] / RATE_HZ + 6)
    found = labels.reaction_s(
        activity(cues, meant, time_s, chance, 0.1), time_s, WINDOW_S, cues, RATE_HZ
    )
    assert np.abs(found - meant).max() <= 0.06
    assert np.abs(found - meant).mean() <= 0.02


def test_a_cue_that_was_slept_through_takes_the_median_of_the_others():
    cues = started([Cue("Close hand", {"hand": 1.0}) for _ in range(5)])
    meant = np.array([0.3, 0.3, 0.0, 0.4, 0.3])
    time_s = hop_times(30)
    chance = np.random.default_rng(1)
    total = activity(cues, meant, time_s)
    slept = (time_s > cues[2][0] / RATE_HZ) & (time_s < cues[3][0] / RATE_HZ + 0.3)
    total[slept] = 0.02 * chance.random(slept.sum())
    found = labels.reaction_s(total, time_s, WINDOW_S, cues, RATE_HZ)
    assert found[2] == pytest.approx(0.3, abs=0.021)


def test_silence_gives_the_usual_reaction_time():
    cues = started([Cue("Close hand", {"hand": 1.0})])
    time_s = hop_times(6)
    found = labels.reaction_s(np.zeros(len(time_s)), time_s, WINDOW_S, cues, RATE_HZ)
    assert found.tolist() == [labels.USUAL_REACTION_S]


def test_targets_have_the_sign_and_the_dof_of_the_cue():
    cues = started([Cue("Open hand", {"hand": -1.0}), Cue("both", {"hand": 1.0, "elbow": -0.5})])
    time_s = hop_times(12)
    y = labels.targets(cues, np.array([0.3, 0.3]), time_s, WINDOW_S, DOFS, RATE_HZ)
    at = {second: y[np.argmin(np.abs(time_s - second))].tolist() for second in (0.2, 2.5, 8.5)}
    assert at[0.2] == [0, 0]
    assert at[2.5] == pytest.approx([-1, 0])
    assert at[8.5] == pytest.approx([1, -0.5])


def test_repetitions_are_counted_per_movement():
    cues = started(calibration_protocol(DOFS, 3, combinations=True))
    numbers = labels.repetitions(cues)
    assert numbers[:6].tolist() == [-1] * 6
    assert numbers[6:18].tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert numbers[18:].tolist() == [0] * 4


def test_a_hop_belongs_to_the_cue_under_way_when_it_closed():
    cues = started([Cue("a", {"hand": 1.0}), Cue("b", {"hand": 1.0})])
    ends = np.array([1, 1500, 1501, 2000])
    assert labels.cue_of_hop(cues, ends).tolist() == [0, 0, 1, 1]
    assert labels.cue_of_hop([(100, cues[0][1])], np.array([50, 101])).tolist() == [-1, 0]
