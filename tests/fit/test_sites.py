# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sites say what, on mixtures that are known."""

from __future__ import annotations

import numpy as np
import pytest
from cued_emg import DOFS, EIGHT_UV, RIGHT_FOUR

from endplate.fit import auto
from endplate.fit.features import Look, Statistics, pairs_of
from endplate.fit.frames import Frames
from endplate.fit.sites import advice as site_advice
from endplate.fit.sites import choice as site_choice

INTENTS = (("hand", 1.0), ("hand", -1.0), ("elbow", 1.0), ("elbow", -1.0))
REST_UV2 = 16.0
MIX_UV, RIGHT = EIGHT_UV, RIGHT_FOUR
LABELS = [f"site {n + 1}" for n in range(8)]


def session(mix_uv: np.ndarray = MIX_UV, seed: int = 3, dofs=DOFS) -> auto.Data:
    """Three repetitions of each movement, and what a window of 40 independent samples measures."""
    chance = np.random.default_rng(seed)
    y, repetition, cue = [], [], []
    for number in range(3):
        for k in range(4):
            rise = np.clip(np.arange(40) / 8, 0, 1) * np.clip((39 - np.arange(40)) / 8, 0, 1)
            part = np.zeros((60, 2))
            part[:40, k // 2] = rise * (1, -1)[k % 2] * chance.uniform(0.9, 1.1)
            y.append(part)
            repetition += [number] * 60
            cue += [len(y) - 1] * 60
    y = np.concatenate(y)
    pushed = np.stack([np.maximum(s * y[:, d], 0) for d in (0, 1) for s in (1, -1)], 1)
    power = REST_UV2 + (pushed @ mix_uv.T) ** 2
    n = power.shape[1]
    seen = [power * chance.gamma(40, 1 / 40, power.shape) for _ in range(2)]
    pairs = np.zeros((len(power), len(pairs_of(n))))
    statistics = Statistics(*seen, 2 * power * chance.gamma(40, 1 / 40, power.shape), pairs, pairs)
    calm = np.abs(y).max(1) == 0
    frames = Frames.of(
        y, calm, calm & False, ~(calm & False), np.array(repetition), np.array(cue)
    )
    floor = np.full(n, REST_UV2)
    return auto.Data(statistics, frames, Look(floor, np.full(n, 80.0), floor, 2 * floor), 8, 0.02,
                     dofs)  # fmt: skip


@pytest.fixture(scope="module")
def data():
    return session()


def test_the_matrix_is_the_mixture(data):
    found = site_choice.matrix(data)
    assert found.intents == INTENTS
    assert found.uv.T == pytest.approx(MIX_UV, abs=6, rel=0.15)
    assert found.rest_uv == pytest.approx(np.full(8, 4.0), rel=0.1)
    assert found.best[list(RIGHT)].tolist() == [0, 1, 2, 3]


def test_isolation_and_snr_are_those_of_the_mixture(data):
    found = site_choice.matrix(data)
    assert found.snr_db()[0] == pytest.approx(20 * np.log10(80 / 4), abs=1.5)
    assert (found.isolation_db()[list(RIGHT)] > 15).all()
    assert found.isolation_db()[1] < 3


def test_the_right_four_of_eight_are_found_both_ways(data):
    assert set(site_choice.isolate(site_choice.matrix(data)).values()) == set(RIGHT)
    assert site_choice.isolate(site_choice.matrix(data)) == dict(zip(INTENTS, RIGHT, strict=True))
    heard = []
    cover = site_choice.cover(data, heard.append)
    assert heard == [8, 7, 6, 5, 4, 3, 2]
    assert [len(step.sites) for step in cover.steps] == [8, 7, 6, 5, 4, 3, 2, 1]
    assert next(step.sites for step in cover.steps if len(step.sites) == 4) == RIGHT
    print([(len(s.sites), round(s.error, 3)) for s in cover.steps])
    four, three = cover.steps[4].error, cover.steps[5].error
    assert four < 0.1 and three > four + 0.02  # the curve has its knee there
    assert cover.chosen == RIGHT or set(cover.chosen) > set(RIGHT)


def test_the_order_of_removal_begins_with_what_says_nothing(data):
    cover = site_choice.cover(data)
    first = [step.left for step in cover.steps[1:5]]
    assert set(first) == {1, 3, 4, 6}


def test_two_intents_that_sound_alike_are_inseparable(data):
    apart = site_choice.separability(data)
    assert len(apart) == 6 and min(apart.values()) > site_choice.SEPARATE
    same = MIX_UV.copy()
    same[:, 1] = same[:, 0]
    apart = site_choice.separability(session(same))
    assert apart[INTENTS[0], INTENTS[1]] < site_choice.BARELY
    assert apart[INTENTS[0], INTENTS[2]] > site_choice.SEPARATE


def test_advice_says_keep_move_swap_and_drop_with_the_reason(data):
    found = site_choice.matrix(data)
    functions = ["Close hand", "", "Open hand", "", "", "Straighten elbow", "", "Straighten elbow"]
    bad = ["", "", "", "", "", "", "", "lifted"]
    said = site_advice.advise(found, LABELS, functions, bad)
    assert [a.site for a in said] == list(range(8))
    assert [a.action for a in said] == [
        "keep", "move", "keep", "move", "move", "swap", "drop", "drop",
    ]
    assert "hears close hand alone" in said[0].sentence
    assert "hears close hand and open hand" in said[1].sentence
    assert "1-2 cm" in said[1].sentence
    assert "hardly hears any movement" in said[3].sentence
    assert "hears every movement alike" in said[6].sentence
    assert "is meant for straighten elbow and hears bend elbow: swap" in said[5].sentence
    assert "is lifted: check its electrode" in said[7].sentence
    for advice in said:
        assert advice.sentence.startswith(LABELS[advice.site]) and advice.sentence.endswith(".")


def test_the_dof_that_are_carried_are_counted_honestly(data):
    row = auto.judge(data, auto.BY_NAME["ridge on RMS"])
    assert set(site_choice.supported(site_choice.figures(row, data))) == set(DOFS)
    same = MIX_UV.copy()
    same[:, 1] = same[:, 0]
    poor = session(same)
    row = auto.judge(poor, auto.BY_NAME["ridge on RMS"])
    assert site_choice.supported(site_choice.figures(row, poor)) == ["elbow"]


def test_a_site_of_its_own_for_each_intent_even_when_two_like_the_same():
    mix = MIX_UV[[0, 2, 5, 7]].copy()
    mix[1] = [75, 60, 2, 2]  # the second hears closing louder still
    chosen = site_choice.isolate(site_choice.matrix(session(mix)))
    assert chosen[INTENTS[0]] == 0 and chosen[INTENTS[1]] == 1


def test_the_only_site_that_hears_a_movement_best_is_kept_although_it_is_not_needed():
    uv = np.full((4, 5), 10.0) + 90.0 * np.eye(4, 5)
    uv[0, 4] = 90.0  # the fifth hears what the first one hears
    found = site_choice.Matrix(INTENTS, uv, np.full(5, 4.0))
    labels = ("a", "b", "c", "d", "e")
    advice = site_advice.advise(found, labels)
    covering = site_choice.Cover((), (0, 2, 3))
    said = {one.site: one for one in site_advice.for_cover(advice, found, covering, labels)}
    assert said[1].action == "keep" and said[1].sentence == (
        "b hears open hand alone: keep it. A decoder would do with a, c, d, where other "
        "movements are louder."
    )
    assert said[4].action == "drop" and "adds nothing" in said[4].sentence
