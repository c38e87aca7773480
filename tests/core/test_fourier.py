# SPDX-License-Identifier: GPL-3.0-or-later
"""Random Fourier features against numpy, from the formulas of fourier.h."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.linalg import hadamard

from endplate.core import CoreError, ffi, lib, pooled
from endplate.core_decoder import Decoder
from endplate.live.decoder import FOURIER_WIDTHS, Pool, finished, fourier, settings

SEED = 0x9E3779B9


def decoder(
    inputs: int, width: int, blocks: int, *, scale: float = 0.02, seed: int = SEED,
    outputs: int = 3, centre: Any = None, spread: Any = None, more: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """A decoder of random numbers; `more` inputs that it does not look at."""
    random, pool = np.random.default_rng(width + blocks), Pool()
    pool.add([7.0] * 3)
    part = fourier(
        pool, random.normal(0, 1, inputs) if centre is None else centre,
        random.uniform(0.5, 2, inputs) if spread is None else spread,
        width=width, blocks=blocks, seed=seed, scale=scale,
        weight=random.normal(0, 1, (outputs, width * blocks)), bias=random.normal(0, 1, outputs),
    )  # fmt: skip
    made = finished("fourier", inputs=inputs + more, dofs=outputs, pool=pool, fourier=part)
    return settings(made)


def xorshift32(seed: int):
    """Marsaglia's, with shifts of 13, 17 and 5: numbers without end."""
    x = seed
    while True:
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        yield x


def turns(made: dict[str, Any], vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """p and phase of every feature, float64, by matrices."""
    part, pool = made["fourier"], np.array(made["pool"])
    n, width = part["inputs"], part["width"]
    centre, spread = (pool[part[name] :][:n] for name in ("centre", "spread"))
    z = np.zeros((len(vectors), width))
    z[:, :n] = np.clip((vectors[:, :n].astype(float) - centre) * spread, -8, 8)
    chance, p, phase = xorshift32(part["seed"]), [], []
    for _ in range(part["blocks"]):
        x = z
        for _ in range(3):
            bits = [next(chance) for _ in range(-(-width // 32))]
            signs = [-1.0 if bits[i // 32] >> (31 - i % 32) & 1 else 1.0 for i in range(width)]
            x = x * signs @ hadamard(width)
        p.append(part["scale"] * x)
        phase.append(np.array([next(chance) for _ in range(width)]) / 2.0**32)
    return np.concatenate(p, axis=1), np.concatenate(phase)


def weights_of(made: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    out, pool = made["fourier"]["out"], np.array(made["pool"])
    stride = -(-out["outputs"] // 4) * 4
    rows = pool[out["weight"] :][: out["inputs"] * stride].reshape(-1, stride)
    return rows[:, : out["outputs"]], pool[out["bias"] :][: out["outputs"]]


SIZES = [(8, 8, 1), (5, 8, 3), (16, 16, 20), (17, 32, 2), (24, 32, 10), (128, 128, 8), (1, 64, 3)]


@pytest.mark.parametrize(("inputs", "width", "blocks"), SIZES)
def test_features_are_those_of_the_header(inputs, width, blocks):
    made = decoder(inputs, width, blocks, scale=0.3 / width)
    f = np.random.default_rng(1).normal(0, 2, (40, inputs)).astype(np.float32)
    p, phase = turns(made, f)
    ours = Decoder(made).fourier_features(f)
    assert ours.shape == (40, width * blocks)
    assert ours == pytest.approx(np.cos(2 * np.pi * (p + phase)), abs=1e-4)
    assert 0.4 < np.mean(ours**2) < 0.6 or width * blocks < 30


@pytest.mark.parametrize(("inputs", "width", "blocks"), SIZES)
def test_the_decoder_is_their_product(inputs, width, blocks):
    made = decoder(inputs, width, blocks, more=3)
    f = np.random.default_rng(2).normal(0, 2, (20, inputs + 3)).astype(np.float32)
    weight, bias = weights_of(made)
    phi = Decoder(made).fourier_features(f).astype(float)
    assert Decoder(made).process(f) == pytest.approx(phi @ weight + bias, abs=2e-4)


def test_another_seed_gives_other_features():
    f = np.ones((1, 8), np.float32)
    one, other = (Decoder(decoder(8, 8, 4, seed=seed)).fourier_features(f) for seed in (1, 2))
    assert np.mean(np.abs(one - other)) > 0.2


@pytest.mark.parametrize("width", FOURIER_WIDTHS)
@pytest.mark.parametrize("power", [0, 3, 8, 14, 22])
def test_the_cosine_is_within_1e_6_of_numpys_however_many_turns(width, power):
    # z of whole 64ths and a scale that is a power of two: all sums are exact in float32, and the
    # one rounding is that of p + phase, which numpy does alike.
    blocks, scale = 1024 // max(width, 16), 2.0**-power
    made = decoder(width, width, blocks, scale=scale, centre=[0.0] * width, spread=[1.0] * width)
    random = np.random.default_rng(power)
    f = (np.round(random.uniform(-8, 8, (30, width)) * 64) / 64).astype(np.float32)
    p, phase = turns(made, f)
    assert np.array_equal(p.astype(np.float32), p)
    rounded = phase.astype(np.float32)
    turned = (p.astype(np.float32) + rounded).astype(np.float32).astype(float)
    if width == 128 and power == 0:
        assert np.max(np.abs(turned)) > 1e4
    ours = Decoder(made).fourier_features(f)
    assert np.max(np.abs(ours - np.cos(2 * np.pi * (turned % 1.0)))) < 1e-6
    assert np.max(np.abs(ours)) <= 1.0 + 1e-6


@pytest.mark.parametrize(("inputs", "width"), [(16, 16), (24, 32), (32, 32), (100, 128)])
@pytest.mark.parametrize("gamma", [0.3, 1.0, 2.0])
def test_their_products_are_a_gaussian_kernel(inputs, width, gamma):
    scale = math.sqrt(2 * gamma / inputs) / (2 * math.pi * width)
    ones = {"centre": [0.0] * inputs, "spread": [1.0] * inputs}
    made = decoder(inputs, width, 1024 // width, scale=scale, **ones)
    f = np.random.default_rng(3).normal(0, 0.7, (60, inputs)).astype(np.float32)
    phi = Decoder(made).fourier_features(f).astype(float)
    away = np.sum((f[:, None].astype(float) - f[None]) ** 2, axis=2)
    kernel = np.exp(-gamma * away / inputs)
    error = np.abs(2 / 1024 * phi @ phi.T - kernel)
    assert np.mean(error) < (0.03 if width > 16 else 0.045)  # random phases alone leave 0.025
    # and not of another width
    for wrong in (0.5, 2.0):
        other = np.abs(2 / 1024 * phi @ phi.T - kernel**wrong)
        assert np.mean(other) > 2 * np.mean(error)


def test_inputs_further_than_8_are_as_those_at_8():
    made = decoder(4, 8, 3, centre=[1.0, -2.0, 0.0, 0.5], spread=[1.0, 2.0, 0.5, 4.0])
    at = {+1: [9.0, 2.0, 16.0, 2.5], -1: [-7.0, -6.0, -16.0, -1.5]}
    phi = Decoder(made).fourier_features
    for sign, edge in at.items():
        edges = np.array([edge], np.float32)
        for far in (edges + sign, edges + sign * 1e30, np.full((1, 4), sign * np.inf, np.float32)):
            assert phi(far).tobytes() == phi(edges).tobytes()
        assert phi(edges - 0.1 * sign).tobytes() != phi(edges).tobytes()


def test_what_is_no_number_is_as_far_away_as_can_be():
    made = decoder(4, 8, 3, centre=[0.0] * 4, spread=[1.0] * 4)
    one = Decoder(made)
    for k in range(4):
        f, far = np.full((1, 4), 0.5, np.float32), np.full((1, 4), 0.5, np.float32)
        f[0, k], far[0, k] = np.nan, -8.0
        assert np.all(np.isfinite(one.process(f)))
        assert one.process(f).tobytes() == one.process(far).tobytes()
    clean = np.full((1, 4), 0.5, np.float32)
    assert one.process(clean).tobytes() == Decoder(made).process(clean).tobytes()


@pytest.mark.parametrize(("inputs", "width", "blocks"), SIZES)
@pytest.mark.parametrize("outputs", [1, 4, 23])
def test_units_of_work_give_the_bits_of_the_whole(inputs, width, blocks, outputs):
    made = decoder(inputs, width, blocks, outputs=min(outputs, 8))
    if outputs > 8:  # more than a hand has DoF: the part alone, as with classes
        pool, random = Pool.of(made), np.random.default_rng(4)
        made["fourier"] = fourier(
            pool, np.zeros(inputs), np.ones(inputs), width=width, blocks=blocks, seed=5, scale=0.1,
            weight=random.normal(0, 1, (outputs, width * blocks)), bias=np.zeros(outputs),
        )  # fmt: skip
        made["pool"] = pool.floats()
    keep, fields = pooled(made)
    config = ffi.new("fourier_config *", fields["fourier"])
    assert lib.fourier_check(config, inputs, len(keep)) == 0
    f = np.random.default_rng(6).normal(0, 2, (1, inputs)).astype(np.float32)
    given = ffi.from_buffer("float[]", f)
    # The same sums in the same order, by hand: one feature after the other.
    phi = ffi.new("float[]", width * blocks)
    lib.fourier_features(ffi.new("fourier_state *"), config, keep, given, phi)
    weight, bias = weights_of(made)
    expected = bias.astype(np.float32)
    for k in range(width * blocks):
        expected = expected + np.float32(phi[k]) * weight[k].astype(np.float32)

    # What was there before does not matter, nor how often it begins anew.
    state = ffi.new("fourier_state *")
    ffi.buffer(state)[:] = b"\xa5" * ffi.sizeof("fourier_state")
    for units in (3, 5, 10**9):
        lib.fourier_begin(state, config, keep, given)
        costs = []
        while len(costs) < units and lib.fourier_left(state, config) > 0:
            costs.append(lib.fourier_left(state, config))
            assert lib.fourier_work(state, config, keep) == 0
    assert max(costs) <= 40 * width or max(costs) <= 6 * 16 * 24
    assert lib.fourier_left(state, config) == 0
    assert lib.fourier_work(state, config, keep) == lib.CORE_BAD_ARGUMENT
    ours = np.array([state.sum[k] for k in range(outputs)], np.float32)
    assert ours.tobytes() == expected.tobytes()
    if outputs <= 8:
        assert Decoder(made).process(f).tobytes() == ours.tobytes()


def refused(**changes: Any) -> int:
    made = decoder(5, 8, 2)
    out = changes.pop("out", {})
    part = made["fourier"] | changes
    made = made | {"fourier": part | {"out": part["out"] | out}}
    try:
        Decoder(made)
    except CoreError as error:
        return error.status
    return 0


def test_check_refuses_what_contradicts_itself():
    assert refused() == 0 and refused(scale=1.0) == 0 and refused(inputs=4) == 0
    wrong = [{"inputs": 0}, {"inputs": 6}, {"inputs": 9}, {"inputs": -1}, {"width": 4}]
    wrong += [{"width": width} for width in (0, -8, 12, 16, 256, -(2**31))]
    wrong += [{"blocks": blocks} for blocks in (0, -1, 1, 3, 65, 2**31 - 1)]
    wrong += [{"seed": 0}, {"scale": 0.0}, {"scale": -0.1}, {"scale": 1.01}]
    wrong += [{"out": {"inputs": 15}}, {"out": {"outputs": 2}}, {"out": {"outputs": 4}}]
    for changes in wrong:
        assert refused(**changes) == lib.CORE_BAD_CONFIG, changes
    for value in (math.nan, math.inf, -math.inf):
        assert refused(scale=value) == lib.CORE_NOT_FINITE


def test_check_keeps_centre_and_spread_in_the_pool():
    floats = len(decoder(5, 8, 2)["pool"])
    for name in ("centre", "spread"):
        assert refused(**{name: floats - 5}) == refused(**{name: 0}) == 0
        for at in (-1, floats - 4, floats, 2**31 - 1, -(2**31)):
            assert refused(**{name: at}) == lib.CORE_BAD_CONFIG, (name, at)


def test_there_are_1024_features_at_most():
    Decoder(decoder(16, 16, 64))
    Decoder(decoder(16, 128, 8))
    for width, blocks in ((32, 33), (128, 9), (8, 65)):
        with pytest.raises(CoreError):
            Decoder(decoder(8, width, blocks))


def test_a_block_wider_than_its_inputs_is_needed():
    with pytest.raises(CoreError):
        Decoder(decoder(9, 8, 1))
