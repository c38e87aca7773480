# SPDX-License-Identifier: GPL-3.0-or-later
"""All statistics, their rows and the vector of them, against numpy."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from feature_rig import (
    ALL,
    DIFFERENCE,
    DIFFERENCE_PAIRS,
    PAIRS,
    POWER,
    RECENT,
    activation,
    config,
    run,
    vector,
)

from endplate.core import lib
from endplate.live.decoder import STATISTICS, inputs

HOP, WINDOW, RECENT_HOPS = 5, 8, 3
SOME = [POWER, POWER | DIFFERENCE, POWER | RECENT, POWER | PAIRS, POWER | RECENT | PAIRS]
SOME += [ALL & ~RECENT, ALL & ~PAIRS, ALL & ~DIFFERENCE_PAIRS, ALL]
# Sites, and those that are chosen.
CHOICES = [(8, [*range(8)]), (8, [3, 1, 6]), (8, [7, 0]), (3, [0, 1, 2]), (5, [4, 3, 2, 1, 0])]
CHOICES += [(11, [10, 2, 7, 0]), (9, [*range(8)]), (32, [0, 1, 2])]
CHOICES += [(32, [31, 4, 17, 0, 8, 30, 9, 16])]


def signal(sites: int, samples: int, seed: int = 0) -> np.ndarray:
    """Correlated noise of different sizes per site, on an offset of its own."""
    random = np.random.default_rng(seed + sites)
    mixed = random.normal(0, 30, (samples, sites)) @ random.normal(0, 1, (sites, sites))
    return (mixed / np.sqrt(sites) + random.normal(0, 5, sites)).astype(np.float32)


def expected(x: np.ndarray, chosen: list[int], statistics: int, hop: int) -> np.ndarray:
    """Rows when hop number `hop`, from 0, has closed."""
    x = x.astype(float)
    steps = np.diff(x, axis=0, prepend=x[:1])  # the first sample has none before it
    end = (hop + 1) * HOP
    window = slice(max(0, end - WINDOW * HOP), end)
    recent = slice(max(0, end - RECENT_HOPS * HOP), end)
    pairs = list(combinations(chosen, 2))
    rows = [np.mean(x[window] ** 2, axis=0)]
    if statistics & RECENT:
        rows.append(np.mean(x[recent][:, chosen] ** 2, axis=0))
    if statistics & DIFFERENCE:
        rows.append(np.mean(steps[window][:, chosen] ** 2, axis=0))
    if statistics & PAIRS:
        rows.append([np.mean(x[window, i] * x[window, j]) for i, j in pairs])
    if statistics & DIFFERENCE_PAIRS:
        rows.append([np.mean(steps[window, i] * steps[window, j]) for i, j in pairs])
    return np.concatenate(rows)


def setup_of(sites: int, chosen: list[int], statistics: int, form: int = 0, **changes):
    """Each site with numbers of its own, so that none can stand for another."""
    n = np.arange(sites)
    own = {"rest": 3.0 + n, "reference": 40.0 + 2 * n, "floor": 5.0 + 3 * n}
    own["difference_floor"] = 4.0 + 5 * n
    return config(
        sites, statistics=statistics, form=form, hop_samples=HOP, window_hops=WINDOW,
        recent_hops=RECENT_HOPS, chosen=len(chosen), chosen_site=chosen,
        **{name: values.tolist() for name, values in own.items()} | changes,
    )  # fmt: skip


@pytest.mark.parametrize(("sites", "chosen"), CHOICES, ids=str)
@pytest.mark.parametrize("statistics", SOME)
def test_rows_are_means_over_the_window(sites, chosen, statistics):
    x = signal(sites, HOP * 30 - 1)
    rows = run(setup_of(sites, chosen, statistics), x)
    assert len(rows) == 29
    size = np.mean(x.astype(float) ** 2)
    for hop, row in enumerate(rows):
        # Products that cancel leave the rounding of the largest of them.
        assert row == pytest.approx(expected(x, chosen, statistics, hop), rel=3e-6, abs=2e-6 * size)


@pytest.mark.parametrize("statistics", [POWER | DIFFERENCE, POWER | RECENT, ALL & ~12])
def test_without_pairs_any_number_of_sites_may_be_chosen(statistics):
    chosen = np.random.default_rng(4).permutation(32)[:21].tolist()
    x = signal(32, HOP * 12)
    rows = run(setup_of(32, chosen, statistics), x)
    for hop, row in enumerate(rows):
        assert row == pytest.approx(expected(x, chosen, statistics, hop), rel=3e-6)


def test_the_first_sample_makes_no_difference():
    x = np.full((HOP, 2), 1e4, np.float32)
    rows = run(setup_of(2, [0, 1], ALL), x)
    assert rows[0, :4] == pytest.approx(1e8) and rows[0, 6] == pytest.approx(1e8)
    assert np.all(rows[0, [4, 5, 7]] == 0)  # differences, and their pair
    x[2:] = 0.0
    assert run(setup_of(2, [0, 1], ALL), x)[0, 4] == pytest.approx(1e8 / HOP)


def test_a_difference_reaches_over_the_edges_of_hops():
    x = np.repeat([[0.0], [50.0]], HOP, axis=0).astype(np.float32)
    rows = run(setup_of(1, [0], POWER | DIFFERENCE), x)
    assert rows[:, 1] == pytest.approx([0.0, 50.0**2 / (2 * HOP)])


@pytest.mark.parametrize(("sites", "chosen"), [(8, [*range(8)]), (9, [8, 2, 5]), (32, [30, 1])])
def test_cuts_change_no_bit(sites, chosen):
    x = signal(sites, 431)
    for hop in (5, 40):
        setup = setup_of(sites, chosen, ALL)
        setup.hop_samples = hop
        whole = run(setup, x)
        assert len(whole) == 431 // hop
        for cut in (1, 2, 3, 7, 15, 16, 17, 33):
            assert run(setup, x, cut).tobytes() == whole.tobytes(), cut


def looked(rows: np.ndarray, setup, chosen: list[int], statistics: int) -> np.ndarray:
    """The vector by numpy, in float64."""
    v = rows.astype(float)
    sites, n, pairs = setup.sites, len(chosen), list(combinations(range(len(chosen)), 2))
    rest, reference, floor, step_floor = (
        np.array(list(getattr(setup, name)))[:sites]
        for name in ("rest", "reference", "floor", "difference_floor")
    )

    def loudness(power: np.ndarray) -> np.ndarray:
        if setup.form == 0:
            return np.sqrt(np.maximum(0, power - rest[chosen])) / reference[chosen]
        return np.log((power + floor[chosen]) / floor[chosen])

    def fisher(c: np.ndarray, power: np.ndarray) -> np.ndarray:
        size = [np.sqrt(power[i] * power[j]) for i, j in pairs]
        return np.arctanh(np.clip(c / size, -0.999, 0.999))

    at, parts = sites, [loudness(v[chosen])]
    if statistics & RECENT:
        parts.append(loudness(v[at : at + n]))
        at += n
    if statistics & DIFFERENCE:
        step = v[at : at + n]
        parts.append(np.log((step + step_floor[chosen]) / step_floor[chosen]))
        at += n
    if statistics & PAIRS:
        parts.append(fisher(v[at : at + len(pairs)], v[chosen] + floor[chosen]))
        at += len(pairs)
    if statistics & DIFFERENCE_PAIRS:
        parts.append(fisher(v[at : at + len(pairs)], step + step_floor[chosen]))
        at += len(pairs)
    assert at == len(v)
    return np.concatenate(parts)


@pytest.mark.parametrize(("sites", "chosen"), CHOICES, ids=str)
@pytest.mark.parametrize("statistics", SOME)
@pytest.mark.parametrize("form", [0, 1])
def test_the_vector_is_made_of_the_rows(sites, chosen, statistics, form):
    setup = setup_of(sites, chosen, statistics, form)
    for row in run(setup, signal(sites, HOP * 12)):
        ours = vector(setup, row)
        assert ours == pytest.approx(looked(row, setup, chosen, statistics), rel=1e-5, abs=5e-6)
        assert np.array_equal(ours[: len(chosen)], activation(setup, row[:sites])[chosen])


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_one_signal_on_two_sites_is_a_pair_of_size_3_8(sign):
    x = np.random.default_rng(1).normal(0, 3000, (40, 1)).astype(np.float32)
    setup = setup_of(2, [0, 1], POWER | PAIRS)
    ours = vector(setup, run(setup, np.concatenate([x, sign * x], axis=1))[-1])
    assert ours[2] == pytest.approx(sign * np.arctanh(0.999), abs=2e-4)


def test_nothing_at_all_has_a_vector_too():
    setup = setup_of(4, [0, 1, 2, 3], ALL, 1)
    assert np.all(vector(setup, run(setup, np.zeros((5, 4), np.float32))[0]) == 0)


def test_a_row_that_is_no_number_leaves_a_pair_finite():
    setup = setup_of(2, [0, 1], POWER | PAIRS)
    for value in (np.nan, np.inf, -np.inf):
        assert abs(vector(setup, np.array([100.0, 100.0, value]))[2]) < 3.81


def named(chosen: list[int], statistics: int) -> list[set[int]]:
    """Sites of each number of the vector, in its order."""
    own, pairs = [{site} for site in chosen], [set(pair) for pair in combinations(chosen, 2)]
    parts = {"power": own, "recent": own, "difference": own}
    parts |= {"covariance": pairs, "difference covariance": pairs}
    order = [name for name in STATISTICS if statistics & STATISTICS[name]]
    return [sites for name in order for sites in parts[name]]


@pytest.mark.parametrize(("sites", "chosen"), CHOICES, ids=str)
@pytest.mark.parametrize("statistics", SOME)
def test_doubted_sites_and_their_pairs_are_0_and_the_others_keep_their_bits(
    sites, chosen, statistics
):
    setup = setup_of(sites, chosen, statistics, 1)
    row, about = run(setup, signal(sites, HOP * 9))[-1], named(chosen, statistics)
    sure = vector(setup, row)
    assert np.all(sure != 0)
    for doubted in ({chosen[0]}, {chosen[-1], chosen[1]}, set(chosen), set(range(sites))):
        ours = vector(setup, row, sum(1 << site for site in doubted))
        keeps = np.array([not (of & doubted) for of in about])
        assert np.array_equal(ours[keeps], sure[keeps]) and np.all(ours[~keeps] == 0)


@pytest.mark.parametrize(("sites", "chosen"), CHOICES, ids=str)
@pytest.mark.parametrize("statistics", SOME)
def test_each_number_says_which_sites_it_is_made_of(sites, chosen, statistics):
    setup, about = setup_of(sites, chosen, statistics), named(chosen, statistics)
    assert lib.features_inputs(setup) == len(about) == inputs(statistics, len(chosen))
    assert lib.features_rows(setup) == sites + len(about) - len(chosen)
    for number, of in enumerate(about):
        assert lib.features_sites(setup, number) == sum(1 << site for site in of)


def test_a_site_moves_the_numbers_that_name_it_and_no_other():
    chosen = [6, 2, 5, 0]
    setup, x = setup_of(8, chosen, ALL, 1), signal(8, HOP * 9)
    before = vector(setup, run(setup, x)[-1])
    for site in range(8):
        other = x.copy()
        other[:, site] = signal(8, HOP * 9, seed=99)[:, site]
        moved = vector(setup, run(setup, other)[-1]) != before
        says = [lib.features_sites(setup, k) >> site & 1 == 1 for k in range(len(before))]
        assert moved.tolist() == says
