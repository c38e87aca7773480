# SPDX-License-Identifier: GPL-3.0-or-later
"""The linear decoder against a matrix product."""

from __future__ import annotations

import math

import numpy as np
import pytest

from endplate.core import ffi, lib


def config(weight: np.ndarray, bias: np.ndarray, **changes: int):
    fields = {"inputs": weight.shape[1], "dofs": weight.shape[0]}
    fields |= {"weight": weight.tolist(), "bias": bias.tolist()} | changes
    return ffi.new("decoder_config *", fields)


@pytest.mark.parametrize(("dofs", "sites"), [(1, 1), (2, 4), (3, 8), (8, 32)])
def test_the_product_and_the_bias(dofs, sites):
    random = np.random.default_rng(dofs * sites)
    weight, bias = random.normal(0, 1, (dofs, sites)), random.normal(0, 0.1, dofs)
    setup = config(weight, bias)
    assert lib.decoder_check(setup) == 0
    intent = np.zeros(dofs, np.float32)
    for _ in range(20):
        u = random.uniform(0, 2, sites).astype(np.float32)
        pointers = ffi.from_buffer("float[]", u), ffi.from_buffer("float[]", intent)
        assert lib.decoder_process(setup, *pointers) == 0
        assert intent == pytest.approx(weight @ u + bias, abs=1e-5)


def test_check_refuses_sizes():
    for changes in ({"inputs": 0}, {"inputs": 33}, {"dofs": 0}, {"dofs": 9}, {"dofs": -1}):
        setup = config(np.ones((2, 4)), np.zeros(2), **changes)
        assert lib.decoder_check(setup) == lib.CORE_BAD_CONFIG, changes


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_check_refuses_what_is_not_finite(value):
    weight = np.ones((2, 4))
    weight[1, 3] = value
    assert lib.decoder_check(config(weight, np.zeros(2))) == lib.CORE_NOT_FINITE
    bias = np.array([0.0, value])
    assert lib.decoder_check(config(np.ones((2, 4)), bias)) == lib.CORE_NOT_FINITE


def test_check_refuses_weights_that_no_calibration_makes():
    assert lib.decoder_check(config(np.full((2, 4), 1e7), np.zeros(2))) == lib.CORE_BAD_CONFIG
    assert lib.decoder_check(config(np.ones((2, 4)), np.full(2, -1e7))) == lib.CORE_BAD_CONFIG
