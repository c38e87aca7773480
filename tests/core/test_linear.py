# SPDX-License-Identifier: GPL-3.0-or-later
"""The product of weights and inputs in a pool, against numpy's."""

from __future__ import annotations

import numpy as np
import pytest

from endplate.core import ffi, lib
from endplate.live.decoder import LINEAR_PAD, Pool, linear

FAR = 2**31 - 1


def made(outputs: int, inputs: int, seed: int = 0):
    """(config, pool as C has it, weight, bias): it stands in the middle of other numbers."""
    random = np.random.default_rng(seed + 1000 * outputs + inputs)
    weight, bias = random.normal(0, 1, (outputs, inputs)), random.normal(0, 1, outputs)
    pool = Pool()
    pool.add(random.normal(0, 100, 7))
    setup = ffi.new("linear_config *", linear(pool, weight, bias))
    pool.add(random.normal(0, 100, 5))
    return setup, ffi.new("float[]", pool.floats()), weight, bias


def product(setup, pool, f: np.ndarray) -> np.ndarray:
    y = np.full(setup.outputs + 1, 12345.0, np.float32)
    given = ffi.from_buffer("float[]", f)
    assert lib.linear_process(setup, pool, given, ffi.from_buffer("float[]", y)) == 0
    assert y[-1] == 12345.0
    return y[:-1]


@pytest.mark.parametrize("outputs", range(1, 25))
@pytest.mark.parametrize("inputs", [1, 4, 37, 248])
def test_the_product_and_the_bias(outputs, inputs):
    setup, pool, weight, bias = made(outputs, inputs)
    assert lib.linear_check(setup, len(pool)) == 0
    for seed in range(3):
        f = np.random.default_rng(seed).uniform(-3, 3, inputs).astype(np.float32)
        assert product(setup, pool, f) == pytest.approx(weight @ f + bias, abs=1e-4)


def test_padding_is_to_whole_fours_and_holds_zeros():
    assert LINEAR_PAD == lib.LINEAR_PAD
    for outputs in range(1, 25):
        setup, pool, _, _ = made(outputs, 2)
        stride = lib.linear_stride(setup)
        assert stride == -(-outputs // 4) * 4
        for k in range(outputs, stride):
            assert pool[setup.weight + k] == pool[setup.weight + stride + k] == 0


@pytest.mark.parametrize("outputs", [1, 3, 4, 9, 19, 24])
@pytest.mark.parametrize("pieces", [[1] * 40, [16, 16, 8], [39, 1], [3, 7, 20, 10]])
def test_pieces_give_the_same_bits_as_the_whole(outputs, pieces):
    setup, pool, _, _ = made(outputs, 40)
    f = np.random.default_rng(2).normal(0, 2, 40).astype(np.float32)
    total = np.full(24, np.nan, np.float32)
    to, first = ffi.from_buffer("float[]", total), 0
    assert lib.linear_begin(setup, pool, to) == 0
    for n in pieces:
        piece = ffi.from_buffer("float[]", f[first : first + n])
        assert lib.linear_add(setup, pool, first, n, piece, to) == 0
        first += n
    assert total[:outputs].tobytes() == product(setup, pool, f).tobytes()
    stride = lib.linear_stride(setup)
    assert np.all(total[outputs:stride] == 0) and np.all(np.isnan(total[stride:]))


def checked(floats: int, **fields: int) -> int:
    setup = {"inputs": 5, "outputs": 6, "weight": 0, "bias": 0} | fields
    return lib.linear_check(ffi.new("linear_config *", setup), floats)


def test_weights_and_bias_lie_in_the_pool_whole():
    # 5 inputs x 8 = 40 weights, 6 numbers of bias, in 50 floats.
    for weight, bias in ((0, 0), (10, 0), (0, 44), (10, 44)):
        assert checked(50, weight=weight, bias=bias) == 0
    for weight in (-1, 11, 50, FAR, -FAR - 1):
        assert checked(50, weight=weight) == lib.CORE_BAD_CONFIG, weight
    for bias in (-1, 45, 50, FAR, -FAR - 1):
        assert checked(50, bias=bias) == lib.CORE_BAD_CONFIG, bias
    assert checked(40) == 0
    for floats in (39, 6, 5, 0, -1):
        assert checked(floats) == lib.CORE_BAD_CONFIG, floats


def test_check_refuses_sizes():
    for inputs in (0, -1, 4097, FAR, -FAR - 1):
        assert checked(200_000, inputs=inputs) == lib.CORE_BAD_CONFIG, inputs
    for outputs in (0, -1, 25, FAR, -FAR - 1):
        assert checked(200_000, outputs=outputs) == lib.CORE_BAD_CONFIG, outputs
    assert checked(200_000, inputs=4096, outputs=24) == 0
