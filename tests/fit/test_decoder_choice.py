# SPDX-License-Identifier: GPL-3.0-or-later
"""How decoders are judged and chosen: honestly, on what they have not seen."""

from __future__ import annotations

import numpy as np
import pytest

from endplate.errors import CalibrationError
from endplate.fit import auto
from endplate.fit.decoders import BY_KIND, linear
from endplate.fit.features import Look, Statistics, pairs_of
from endplate.fit.frames import Frames, with_combinations
from endplate.live.decoder import KINDS

SITES, DOFS, REPETITIONS = 4, 2, 3
REST_UV2 = 16.0


def white(power: np.ndarray, chance: np.random.Generator) -> Statistics:
    """Statistics of independent white noise of these powers [hops, sites], as a window measures."""
    seen = [power * chance.gamma(40, 1 / 40, power.shape) for _ in range(2)]
    step = 2 * power * chance.gamma(40, 1 / 40, power.shape)
    pairs = np.array([np.sqrt(power[:, i] * power[:, j]) for i, j in pairs_of(SITES)]).T
    noise = [0.16 * pairs * chance.standard_normal(pairs.shape) for _ in range(2)]
    return Statistics(*seen, step, noise[0], 2 * noise[1])


def session(seed: int = 1, labels_are_noise: bool = False, repetitions: int = REPETITIONS):
    """Four movements, each its own site, in cues of 40 hops and rests of 20."""
    chance = np.random.default_rng(seed)
    y, repetition, cue = [], [], []
    for number in range(repetitions):
        for k in range(4):
            rise = np.clip(np.arange(40) / 8, 0, 1) * np.clip((39 - np.arange(40)) / 8, 0, 1)
            part = np.zeros((60, DOFS))
            part[:40, k // 2] = rise * (1, -1)[k % 2]
            y.append(part)
            repetition += [number] * 60
            cue += [len(y) - 1] * 60
    y = np.concatenate(y)
    pushed = np.stack([np.maximum(s * y[:, d], 0) for d in (0, 1) for s in (1, -1)], 1)
    statistics = white(REST_UV2 + (60 * pushed) ** 2, chance)
    if labels_are_noise:
        y = y[chance.permutation(len(y))]
    calm = np.abs(y).max(1) == 0
    frames = Frames.of(
        y, calm, np.zeros(len(y), bool), np.ones(len(y), bool), np.array(repetition), np.array(cue)
    )
    floor = np.full(SITES, REST_UV2)
    return statistics, frames, Look(floor, np.full(SITES, 60.0), floor, 2 * floor)


def data(combined: bool = False, **more) -> auto.Data:
    statistics, frames, look = session(**more)
    if combined:
        statistics, frames = with_combinations(statistics, frames)
    return auto.Data(statistics, frames, look, 8, 0.02, ("hand", "elbow"), combined)


def test_every_kind_of_the_core_can_be_trained_and_is_a_candidate():
    assert set(BY_KIND) == set(KINDS)
    assert {candidate.kind for candidate in auto.CANDIDATES} == set(KINDS)
    assert len(auto.BY_NAME) == len(auto.CANDIDATES)


@pytest.mark.parametrize("name", list(auto.BY_NAME))
def test_each_candidate_follows_what_it_has_not_seen(name):
    row = auto.judge(data(), auto.BY_NAME[name])
    print(name, row.figures)
    assert row.figures["r2"] > 0.8
    assert row.figures["leakage"] < 0.06
    assert np.isnan(row.figures["combined_r2"])


@pytest.mark.parametrize("name", [c.name for c in auto.CANDIDATES if c.kind in ("mean", "linear")])
def test_labels_that_are_noise_are_not_learned(name):
    """With labels that mean nothing honest held-out figures must be bad."""
    row = auto.judge(data(labels_are_noise=True), auto.BY_NAME[name])
    assert row.figures["r2"] < 0.05


def test_a_repetition_is_judged_by_a_decoder_that_has_not_seen_it():
    made = data()
    candidate = auto.BY_NAME["ridge on RMS"]
    options = candidate.tried[0]
    held = auto.held_out(made, candidate, options)
    for number in range(REPETITIONS):
        mine = made.frames.repetition == number
        without = auto.train(made, candidate, options, number)
        expected = auto.run(without, made.seen(candidate), made.frames.sequence)
        assert np.array_equal(held[mine], expected[mine])
    whole = auto.run(auto.train(made, candidate, options), made.seen(candidate),
                     made.frames.sequence)  # fmt: skip
    assert not np.array_equal(held, whole)


def test_frames_of_no_repetition_are_always_trained_on_and_never_judged():
    made = data()
    made.frames.repetition[:50] = -1
    candidate = auto.BY_NAME["ridge on RMS"]
    held = auto.held_out(made, candidate, candidate.tried[0])
    assert np.isnan(held[:50]).all() and np.isfinite(held[50:]).all()
    assert made.frames.training(0)[:50].all()


def test_combinations_are_sums_with_the_rest_in_them_once():
    statistics, frames, _ = session()
    both, added = with_combinations(statistics, frames)
    assert len(both) == len(added) == len(frames) + REPETITIONS * 4 * 60
    new = np.flatnonzero(added.added)
    assert new[0] == len(frames)
    assert (np.abs(added.y[new]).max(0) > 0.9).all()
    held = new[(np.abs(added.y[new]) > 0.99).all(1)]
    site = np.where(added.y[held][:, 0] > 0, 0, 1), np.where(added.y[held][:, 1] > 0, 2, 3)
    rows = np.arange(len(held))
    loud = np.median([both.power[held][rows, s] for s in site])
    assert loud == pytest.approx(3600 + REST_UV2, rel=0.1)
    still = np.ones((len(held), SITES), bool)
    still[rows, site[0]] = still[rows, site[1]] = False
    assert np.median(both.power[held][still]) == pytest.approx(REST_UV2, rel=0.1)
    # One repetition's movements are never laid over another's.
    assert set(np.unique(added.sequence[new])) == set(range(1, 13))
    for number in np.unique(added.sequence[new]):
        assert len(set(added.repetition[added.sequence == number])) == 1


def test_combinations_are_judged_where_they_are_wanted():
    row = auto.judge(data(combined=True), auto.BY_NAME["mean on COV"])
    print(row.figures)
    assert row.figures["combined_r2"] > 0.8 and row.figures["r2"] > 0.8
    single = auto.judge(data(), auto.BY_NAME["mean on COV"])
    combined = data(combined=True)
    decoder = auto.train(data(), single.candidate, single.options)
    out = auto.run(decoder, combined.seen(single.candidate), combined.frames.sequence)
    never_seen = auto.score(out, combined.frames)["combined_r2"]
    assert never_seen < row.figures["combined_r2"] - 0.2  # what was not learned is not known


def test_the_merit_weighs_leakage_and_rest_motion():
    good = {
        "even_r2": 0.9, "leakage": 0.0, "rest_motion_share": 0.0, "even_combined_r2": 0.5,
    }  # fmt: skip
    assert auto.merit(good, combined=False) == pytest.approx(0.9)
    assert auto.merit(good, combined=True) == pytest.approx(0.7)
    assert auto.merit(good | {"leakage": 0.1}, combined=False) == pytest.approx(0.8)
    assert auto.merit(good | {"rest_motion_share": 0.1}, combined=False) == pytest.approx(0.87)


def test_every_level_of_effort_counts_alike():
    """Who errs at half the effort errs as much, however short it was held."""
    y = np.zeros((1000, 1))
    y[200:900, 0], y[900:, 0] = 1.0, 0.5
    none = np.zeros(1000, bool)
    frames = Frames.of(y, y[:, 0] == 0, none, ~none, np.zeros(1000, int))
    wrong = y.copy()
    wrong[900:] += 0.2
    found = auto.score(wrong, frames)
    # three levels of one third each: 1/3 (0.25 + 0 + 0.25) of spread, 1/3 of 0.04 of error
    assert found["even_r2"] == pytest.approx(1 - 0.04 / 0.5)
    assert found["r2"] > 0.97 and np.isnan(found["even_combined_r2"])


def test_the_score_knows_what_moves_and_what_leaks():
    y = np.zeros((400, 2))
    y[100:200, 0], y[300:400, 1] = 1.0, -1.0
    calm = np.abs(y).max(1) == 0
    frames = Frames.of(y, calm, calm & False, ~(calm & False), np.zeros(400, int))
    perfect = auto.score(y, frames)
    assert perfect["r2"] == 1.0 and perfect["leakage"] == perfect["rest_motion_share"] == 0.0
    leaks = y.copy()
    leaks[100:200, 1] = 0.3
    leaks[:50, 0] = 0.2
    found = auto.score(leaks, frames)
    assert found["leakage"] == pytest.approx(0.15)
    assert found["rest_motion_share"] == pytest.approx(50 / 200)


def test_among_equals_the_first_is_taken_and_the_table_says_all():
    row, table = auto.choose(data())
    assert [r.candidate for r in table] == list(auto.CANDIDATES)
    best = max(r.merit for r in table)
    first = next(r for r in table if auto.as_good(r.candidate, r.merit, best))
    assert row is first
    told = row.told()
    assert told["decoder"] == row.candidate.name and told["r2"] > 0.8


def test_what_is_as_good_depends_on_what_is_missing_to_a_whole():
    mean = auto.BY_NAME["mean on TD2"]
    assert auto.as_good(mean, 0.9, 0.9) and auto.as_good(mean, 0.896, 0.9)
    assert not auto.as_good(mean, 0.894, 0.9)
    assert auto.as_good(mean, 0.979, 0.98) and not auto.as_good(mean, 0.978, 0.98)


def test_a_linear_decoder_is_preferred_unless_another_is_clearly_better():
    ridge = auto.BY_NAME["ridge on TD2"]
    assert auto.as_good(ridge, 0.876, 0.9) and not auto.as_good(ridge, 0.874, 0.9)


def test_one_repetition_is_not_enough():
    with pytest.raises(CalibrationError, match="two repetitions or more"):
        auto.choose(data(repetitions=1))


def test_an_unknown_decoder_is_named_with_those_that_there_are():
    with pytest.raises(CalibrationError, match="no decoder 'magic': choose auto, or one of ridge"):
        auto.candidates("magic")


def test_sites_that_give_a_dof_next_to_nothing_are_left_out_of_it():
    made = data()
    lesson = made.lesson(auto.BY_NAME["ridge on RMS"])
    weight, _ = linear.weights(lesson, 1e-3)
    assert (weight != 0).tolist() == [[True, True, False, False], [False, False, True, True]]


def test_more_sites_than_pairs_can_be_made_of_leave_those_candidates_out():
    statistics, frames, look = session()
    none = np.zeros((len(frames), 0))
    without = Statistics(*statistics.parts[:3], none, none)
    few = auto.Data(without, frames, look, 8, 0.02, ("hand", "elbow"))
    _, table = auto.choose(few)
    names = [row.candidate.name for row in table]
    assert "mean on TD2" in names and not any("COV" in name for name in names)
