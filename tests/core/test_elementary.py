# SPDX-License-Identifier: GPL-3.0-or-later
"""log2, exp2 and power against numpy's float64."""

from __future__ import annotations

import math

import numpy as np

from endplate.core import lib

SMALLEST = float(np.finfo(np.float32).tiny)
LARGEST = float(np.finfo(np.float32).max)


def floats(seed: int, n: int) -> np.ndarray:
    """Normal positive float32 spread evenly over the exponents, with those around powers of two."""
    random = np.random.default_rng(seed)
    bits = random.integers(0x00800000, 0x7F800000, n, dtype=np.uint32)
    near = (np.arange(1, 255, dtype=np.uint32) << 23)[:, None] + np.arange(-3, 4, dtype=np.int64)
    near = near[(near >= 0x00800000) & (near < 0x7F800000)].astype(np.uint32)
    return np.concatenate([bits, near, bits & 0x007FFFFF | 0x3F800000]).view(np.float32)


def test_log2_is_within_3e_7_relative_over_the_normal_floats():
    x = floats(1, 40_000)
    ours = np.array([lib.elementary_log2(float(value)) for value in x])
    true = np.log2(x.astype(np.float64))
    exact = true == 0
    assert np.all(ours[exact] == 0)
    error = np.abs(ours[~exact] / true[~exact] - 1)
    assert error.max() < 3e-7, x[~exact][error.argmax()]


def test_log2_of_a_power_of_two_is_exact():
    for exponent in range(-126, 128):
        assert lib.elementary_log2(2.0**exponent) == exponent


def test_log2_of_what_has_none_is_the_smallest():
    for x in (0.0, -0.0, -1.0, -math.inf, math.nan, SMALLEST / 2):
        assert lib.elementary_log2(x) == -126


def test_exp2_is_within_3e_7_relative():
    x = np.random.default_rng(2).uniform(-126, 126, 40_000).astype(np.float32)
    x = np.concatenate([x, np.arange(-126, 127) + np.float32(0.5), np.float32([-126, 0, 126])])
    x = x[np.abs(x) <= 126].astype(np.float32)
    ours = np.array([lib.elementary_exp2(float(value)) for value in x])
    error = np.abs(ours / np.exp2(x.astype(np.float64)) - 1)
    assert error.max() < 3e-7, x[error.argmax()]


def test_exp2_stays_within_the_normal_floats():
    assert lib.elementary_exp2(126.0) == 2.0**126 == lib.elementary_exp2(1e30)
    assert lib.elementary_exp2(-126.0) == 2.0**-126 == lib.elementary_exp2(-math.inf)
    assert lib.elementary_exp2(math.nan) == 2.0**-126
    assert lib.elementary_exp2(math.inf) == 2.0**126


def test_power_against_float64():
    random = np.random.default_rng(3)
    x, p = random.uniform(0, 1, 20_000), random.uniform(1, 2, 20_000)
    x, p = x.astype(np.float32), p.astype(np.float32)
    pairs = zip(x.tolist(), p.tolist(), strict=True)
    ours = np.array([lib.elementary_power(a, b) for a, b in pairs])
    assert np.max(np.abs(ours - x.astype(float) ** p.astype(float))) < 5e-7


def test_power_of_one_is_the_number_itself_and_zero_stays_zero():
    for x in floats(4, 2000)[:2000]:
        assert lib.elementary_power(float(x), 1.0) == float(x)
    assert lib.elementary_power(0.0, 1.7) == 0.0
    assert lib.elementary_power(0.3, 0.0) == 1.0
    assert lib.elementary_power(-0.3, 1.5) == 0.0
    assert lib.elementary_power(1.0, 1.37) == 1.0


def test_finite():
    for x in (0.0, -0.0, LARGEST, -LARGEST, 1e-45):
        assert lib.elementary_finite(x) == 1
    for x in (math.inf, -math.inf, math.nan):
        assert lib.elementary_finite(x) == 0
