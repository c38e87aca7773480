# SPDX-License-Identifier: GPL-3.0-or-later
"""Power over a sliding window and its two forms, against numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from feature_rig import activation, config, run

from endplate.core import ffi, lib


@pytest.mark.parametrize(("hop", "window"), [(5, 8), (3, 8), (20, 8), (50, 3), (1, 32), (7, 1)])
@pytest.mark.parametrize("sites", [8, 11])
def test_power_is_the_mean_square_over_the_window(hop, window, sites):
    x = np.random.default_rng(hop + sites).normal(0, 40, (hop * 61 - 1, sites)).astype(np.float32)
    power = run(config(sites, hop_samples=hop, window_hops=window), x)
    assert len(power) == 60
    for h in range(60):
        span = x[max(0, (h + 1 - window) * hop) : (h + 1) * hop].astype(float)
        assert power[h] == pytest.approx(np.mean(span**2, axis=0), rel=2e-6)


def test_rounding_never_accumulates():
    loud, quiet = np.full((5000, 1), 1e5, np.float32), np.full((200, 1), 0.5, np.float32)
    power = run(config(1), np.concatenate([loud, quiet]))
    assert power[-1, 0] == 0.25  # exactly: nothing of the loud part is left in the sums


def test_cuts_change_no_bit():
    x = np.random.default_rng(1).normal(0, 40, (500, 9)).astype(np.float32)
    whole = run(config(9), x)
    for cut in (1, 2, 3, 4, 7):
        assert np.array_equal(whole, run(config(9), x, cut))


def test_rms_is_normalised_by_rest_and_reference():
    power = [0.0, 9.0, 9.0 + 3600.0, 9.0 + 900.0, 8.99, 1e6]
    expected = np.sqrt(np.maximum(0, np.array(power) - 9)) / 60
    assert activation(config(6), power) == pytest.approx(expected, rel=1e-6)
    assert activation(config(6), power)[2] == 1.0  # a comfortable contraction


def test_log_has_its_floor_at_rest():
    power = np.array([0.0, 0.001, 9.0, 100.0, 3600.0, 1e6])
    ours = activation(config(6, form=1), power.tolist())
    assert ours[0] == 0.0
    assert ours[1:] == pytest.approx(np.log1p(power[1:] / 9), rel=3e-3)  # (v + f) / f rounds
    assert ours[2:] == pytest.approx(np.log1p(power[2:] / 9), rel=1e-6)


def test_the_activation_of_a_doubted_site_is_0_and_that_of_others_as_ever():
    for form in (0, 1):
        power = [100.0, 200.0, 400.0, 800.0]
        sure, doubted = (activation(config(4, form=form), power, bits) for bits in (0, 0b1010))
        assert np.all(sure > 0.1)
        assert np.array_equal(doubted, sure * np.array([1, 0, 1, 0], np.float32))


def test_the_activation_is_that_of_every_site_whichever_are_chosen():
    power = [100.0, 200.0, 400.0, 800.0]
    few = config(4, chosen=1, chosen_site=[2])
    assert np.array_equal(activation(few, power), activation(config(4), power))


def test_a_hop_that_is_not_full_is_not_closed():
    setup, state = config(), ffi.new("features_state *")
    assert lib.features_init(state, setup) == 0
    power = ffi.new("float[32]")
    assert lib.features_hop(state, setup, power) == lib.CORE_BAD_ARGUMENT
    assert lib.features_add(state, setup, ffi.new("float[80]"), -1) == lib.CORE_BAD_ARGUMENT
    assert lib.features_add(state, setup, ffi.new("float[80]"), 9) == 5
    assert lib.features_add(state, setup, ffi.new("float[80]"), 9) == 0


REFUSED = [
    {"sites": 0}, {"sites": lib.CORE_MAX_SITES + 1}, {"sites": -1}, {"statistics": 0},
    {"statistics": 32}, {"statistics": 2}, {"statistics": 30}, {"statistics": 9},
    {"statistics": 13},
    {"hop_samples": 0}, {"hop_samples": -5}, {"hop_samples": 4097},
    {"window_hops": 0}, {"window_hops": 33}, {"form": 2}, {"form": -1},
    {"rest": [-1.0] * 8}, {"reference": [0.0] * 8}, {"reference": [-60.0] * 8},
    {"form": 1, "floor": [0.0] * 8}, {"form": 1, "floor": [-9.0] * 8},
    {"statistics": 5, "floor": [0.0] * 8}, {"statistics": 11, "floor": [0.0] * 8},
    {"statistics": 3, "difference_floor": [9.0] * 7 + [0.0]},
    {"statistics": 17, "recent_hops": 0}, {"statistics": 17, "recent_hops": 9},
    {"statistics": 17, "recent_hops": -1},
    {"chosen": 0}, {"chosen": -1}, {"chosen": 9}, {"chosen": 1 << 30},
    {"chosen_site": [0, 1, 2, 3, 4, 5, 6, 8]}, {"chosen_site": [0, 1, 2, -1, 4, 5, 6, 7]},
    {"chosen_site": [0, 1, 2, 3, 4, 5, 6, 0]},
    {"statistics": 5, "chosen": 1}, {"statistics": 11, "chosen": 1},
]  # fmt: skip
#: As near to those as may be.
TAKEN = [
    {"statistics": 3}, {"statistics": 7}, {"statistics": 11}, {"statistics": 5},
    {"hop_samples": 4096}, {"hop_samples": 1}, {"window_hops": 32}, {"window_hops": 1},
    {"floor": [0.0] * 8}, {"form": 1, "reference": [0.0] * 8}, {"difference_floor": [0.0] * 8},
    {"statistics": 17, "recent_hops": 1}, {"statistics": 17, "recent_hops": 8},
    {"statistics": 5, "chosen": 2}, {"chosen": 1, "chosen_site": [7, 7, 7]},
    {"statistics": 1, "recent_hops": 99},
]  # fmt: skip


def test_check_refuses():
    for changes in REFUSED:
        setup = config(**changes)
        assert lib.features_check(setup) == lib.CORE_BAD_CONFIG, changes
        assert lib.features_init(ffi.new("features_state *"), setup) == lib.CORE_BAD_CONFIG


def test_check_takes_what_is_just_within():
    for changes in TAKEN:
        assert lib.features_check(config(**changes)) == 0, changes


def test_pairs_are_of_eight_sites_at_most():
    for chosen, statistics in ((9, 5), (9, 11), (32, 15)):
        setup = config(32, statistics=statistics, chosen=chosen)
        assert lib.features_check(setup) == lib.CORE_BAD_CONFIG
        assert lib.features_check(config(32, statistics=statistics, chosen=8)) == 0
        assert lib.features_check(config(32, statistics=3, chosen=chosen)) == 0


def test_check_refuses_what_is_not_finite():
    for name in ("rest", "reference", "floor", "difference_floor"):
        for value in (math.nan, math.inf):
            setup = config(**{name: [9.0] * 7 + [value]})
            assert lib.features_check(setup) == lib.CORE_NOT_FINITE, (name, value)
