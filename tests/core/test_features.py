# SPDX-License-Identifier: GPL-3.0-or-later
"""Power over a sliding window and its two forms, against numpy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from endplate.core import ffi, lib

LANES = lib.CORE_LANES


def config(sites: int = 8, **changes: Any) -> Any:
    fields = {
        "sites": sites, "statistics": 1, "hop_samples": 5, "window_hops": 8, "form": 0,
        "rest": [9.0] * min(sites, 32), "reference": [60.0] * min(sites, 32),
        "floor": [9.0] * min(sites, 32),
    } | changes
    return ffi.new("features_config *", fields)


def run(setup: Any, x: np.ndarray, cut: int = 1_000_000) -> np.ndarray:
    """Power per hop, [hops, sites]."""
    state = ffi.new("features_state *")
    assert lib.features_init(state, setup) == 0
    sites, stride = x.shape[1], -(-x.shape[1] // LANES) * LANES
    padded = np.zeros((len(x), stride), np.float32)
    padded[:, :sites] = x
    power, hops, start = np.zeros(sites, np.float32), [], 0
    while start < len(x):
        block = ffi.from_buffer("float[]", padded[start : start + cut])
        taken = lib.features_add(state, setup, block, min(cut, len(x) - start))
        assert 0 < taken <= setup.hop_samples
        start += taken
        if lib.features_ready(state, setup):
            assert lib.features_hop(state, setup, ffi.from_buffer("float[]", power)) == 0
            hops.append(power.copy())
    return np.array(hops)


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


def activation(setup: Any, power: list[float]) -> np.ndarray:
    out = np.zeros(len(power), np.float32)
    given = np.array(power, np.float32)
    pointers = ffi.from_buffer("float[]", given), ffi.from_buffer("float[]", out)
    assert lib.features_activation(setup, *pointers) == 0
    return out


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


def test_a_hop_that_is_not_full_is_not_closed():
    setup, state = config(), ffi.new("features_state *")
    assert lib.features_init(state, setup) == 0
    power = ffi.new("float[32]")
    assert lib.features_hop(state, setup, power) == lib.CORE_BAD_ARGUMENT
    assert lib.features_add(state, setup, ffi.new("float[80]"), -1) == lib.CORE_BAD_ARGUMENT
    assert lib.features_add(state, setup, ffi.new("float[80]"), 9) == 5
    assert lib.features_add(state, setup, ffi.new("float[80]"), 9) == 0


REFUSED = [{"sites": 0}, {"sites": 33}, {"statistics": 0}, {"statistics": 3}, {"hop_samples": 0}]
REFUSED += [{"hop_samples": -5}, {"window_hops": 0}, {"window_hops": 33}, {"form": 2}, {"form": -1}]
REFUSED += [{"rest": [-1.0] * 8}, {"reference": [0.0] * 8}, {"reference": [-60.0] * 8}]
REFUSED += [{"form": 1, "floor": [0.0] * 8}, {"form": 1, "floor": [-9.0] * 8}]


def test_check_refuses():
    for changes in REFUSED:
        setup = config(**changes)
        assert lib.features_check(setup) == lib.CORE_BAD_CONFIG, changes
        assert lib.features_init(ffi.new("features_state *"), setup) == lib.CORE_BAD_CONFIG


def test_check_refuses_what_is_not_finite():
    for name in ("rest", "reference", "floor"):
        for value in (math.nan, math.inf):
            setup = config(**{name: [9.0] * 7 + [value]})
            assert lib.features_check(setup) == lib.CORE_NOT_FINITE, (name, value)
