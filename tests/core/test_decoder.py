# SPDX-License-Identifier: GPL-3.0-or-later
"""One interface over five kinds of decoder."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from decoder_rig import (
    AMPLITUDE,
    CLASSES,
    DOFS,
    FOURIER,
    INPUTS,
    LINEAR,
    NUMBER,
    SCORE,
    small,
    vectors,
)

from endplate.core import CoreError, ffi, lib
from endplate.core_decoder import Decoder
from endplate.live.decoder import KINDS, Pool, finished, linear, plain, settings


def of_weights(weight: np.ndarray, bias: np.ndarray, **changes: int) -> dict[str, Any]:
    return settings(plain(weight.tolist(), bias.tolist())) | changes


def status(made: dict[str, Any]) -> int:
    """What decoder_check says of it, by way of decoder_init."""
    try:
        Decoder(made)
    except CoreError as error:
        return error.status
    return 0


def test_the_numbers_of_the_kinds_are_those_of_the_header():
    names = [f"DECODER_{kind.upper()}" for kind in KINDS]
    assert [getattr(lib, name) for name in names] == list(range(5))


@pytest.mark.parametrize(("dofs", "sites"), [(1, 1), (2, 4), (3, 8), (8, 32)])
def test_the_product_and_the_bias(dofs, sites):
    random = np.random.default_rng(dofs * sites)
    weight, bias = random.normal(0, 1, (dofs, sites)), random.normal(0, 0.1, dofs)
    u = random.uniform(0, 2, (20, sites)).astype(np.float32)
    ours = Decoder(of_weights(weight, bias)).process(u)
    assert ours == pytest.approx(u @ weight.T + bias, abs=1e-5)


def test_check_refuses_sizes():
    inputs = (0, 3, -1, lib.CORE_MAX_INPUTS + 1, 2**31 - 1)
    wrong: list[dict[str, int]] = [{"inputs": n} for n in inputs]
    wrong += [{"dofs": n} for n in (0, 1, 3, 9, -1, 2**31 - 1)]
    wrong += [{"kind": n} for n in (-1, 5, 2**31 - 1)]
    for changes in wrong:
        made = of_weights(np.ones((2, 4)), np.zeros(2), **changes)
        assert status(made) == lib.CORE_BAD_CONFIG, changes
    assert status(of_weights(np.ones((2, 4)), np.zeros(2), inputs=lib.CORE_MAX_INPUTS)) == 0
    assert status(of_weights(np.ones((8, 4)), np.zeros(8))) == 0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_check_refuses_what_is_not_finite(value):
    weight = np.ones((2, 4))
    weight[1, 3] = value
    assert status(of_weights(weight, np.zeros(2))) == lib.CORE_NOT_FINITE
    assert status(of_weights(np.ones((2, 4)), np.array([0.0, value]))) == lib.CORE_NOT_FINITE
    for name in ("share", "quiet"):
        made = of_weights(np.ones((2, 4)), np.zeros(2)) | {name: value}
        assert status(made) == lib.CORE_NOT_FINITE


@pytest.mark.parametrize("kind", KINDS)
def test_check_refuses_numbers_that_no_calibration_makes_wherever_they_stand(kind):
    made = small(kind)
    assert status(made) == 0
    for at in {0, len(made["pool"]) // 2, len(made["pool"]) - 1}:
        for value, expected in ((1.01e6, -2), (-1.01e6, -2), (math.nan, -3), (math.inf, -3)):
            pool = list(made["pool"])
            pool[at] = value
            assert status(made | {"pool": pool}) == expected, (at, value)


def test_check_refuses_weights_that_no_calibration_makes():
    assert status(of_weights(np.full((2, 4), 1e7), np.zeros(2))) == lib.CORE_BAD_CONFIG
    assert status(of_weights(np.ones((2, 4)), np.full(2, -1e7))) == lib.CORE_BAD_CONFIG


def test_check_refuses_shares_and_quiets():
    for name, most in (("share", 1.0), ("quiet", 0.5)):
        assert status(small("mean", **{name: 0.0})) == status(small("mean", **{name: most})) == 0
        for value in (-0.01, most + 0.01):
            assert status(small("mean", **{name: value})) == lib.CORE_BAD_CONFIG


def test_check_refuses_a_pool_that_is_not_there():
    config = ffi.new("decoder_config *", {"kind": 1, "inputs": 4, "dofs": 1})
    config.direct = {"pairs": 1, "pair": [{"dofs": 1}]}
    assert lib.decoder_check(config) == 0
    for floats in (5, -1):
        config.floats = floats
        assert lib.decoder_check(config) == lib.CORE_BAD_CONFIG


def test_a_mean_and_a_regression_are_not_without_random_features():
    for kind in ("fourier", "mean", "classes"):
        made = small(kind)
        made["fourier"] = made["fourier"] | {"blocks": 0}
        assert status(made) == (0 if kind == "classes" else lib.CORE_BAD_CONFIG)


def test_random_features_have_the_outputs_that_their_kind_asks_for():
    for kind in ("fourier", "mean", "classes"):
        for other in {"fourier", "mean", "classes"} - {kind}:
            wrong = small(kind) | {"kind": NUMBER[other]}
            assert status(wrong) == lib.CORE_BAD_CONFIG, (kind, other)


def by_parts(made: dict[str, Any], f: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(classes alone with the scores of the random features, the features' own DoF) of a mean."""
    of_classes = dict(made) | {"kind": NUMBER["classes"]}
    part, pool = made["fourier"]["out"], np.array(made["pool"])
    stride = -(-part["outputs"] // 4) * 4
    weight = pool[part["weight"] :][: part["inputs"] * stride].reshape(-1, stride)
    bias = pool[part["bias"] :][: part["outputs"]]
    phi = Decoder(made).fourier_features(f).astype(float)
    together = Pool.of(made)
    fewer = linear(together, weight[:, :CLASSES].T, bias[:CLASSES])
    of_classes |= {"fourier": made["fourier"] | {"out": fewer}, "pool": together.floats()}
    regressed = phi @ weight[:, CLASSES : CLASSES + DOFS] + bias[CLASSES:]
    return Decoder(of_classes).process(f), regressed


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_mean_is_so_much_of_one_and_so_much_of_the_other(share):
    made, f = small("mean", share=share), vectors(80)
    classes, regressed = by_parts(made, f)
    expected = (1 - share) * classes + share * regressed
    assert Decoder(made).process(f) == pytest.approx(expected, abs=2e-5)
    assert np.mean(np.abs(classes - regressed)) > 0.1


def test_random_features_are_added_to_the_scores_class_by_class():
    made, f = small("classes"), vectors(60)
    without = made | {"fourier": made["fourier"] | {"blocks": 0}}
    assert np.max(np.abs(Decoder(made).process(f) - Decoder(without).process(f))) > 0.02
    # A bias of the features is as good as one of the scores.
    ours, scores = Decoder(made).process(f), np.array(made["pool"])
    first, other = made["classes"]["score"]["bias"], made["fourier"]["out"]["bias"]
    moved = scores.copy()
    moved[first : first + CLASSES] = scores[other : other + CLASSES]
    moved[other : other + CLASSES] = scores[first : first + CLASSES]
    assert Decoder(made | {"pool": moved}).process(f) == pytest.approx(ours, abs=1e-5)
    scores[other] += 2.0  # of the first class alone
    assert np.max(np.abs(Decoder(made | {"pool": scores}).process(f) - ours)) > 0.02


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("quiet", [0.05, 0.2, 0.5])
def test_quiet_takes_small_outputs_away_and_leaves_full_velocity(kind, quiet):
    f = vectors(80)
    loud = Decoder(small(kind)).process(f).astype(float)
    ours = Decoder(small(kind, quiet=quiet)).process(f)
    expected = np.sign(loud) * np.maximum(0, np.abs(loud) - quiet) / (1 - quiet)
    assert ours == pytest.approx(expected, abs=1e-6)
    assert np.any((ours == 0) & (loud != 0))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_silence_where_there_is_quiet(value):
    pool = Pool()
    part = linear(pool, [[1.0]], [0.0])
    made = settings(finished("linear", inputs=1, dofs=1, pool=pool, quiet=0.1, linear=part))
    y = Decoder(made).process(np.array([[value], [1.0]]))
    assert y[1, 0] == pytest.approx(1.0)
    assert y[0, 0] == (value if math.isinf(value) else 0.0)


HEARD = {
    "linear": LINEAR, "direct": 4, "fourier": FOURIER, "classes": SCORE, "mean": SCORE,
}  # fmt: skip


def hears_of(one: Decoder, number: int) -> list[bool]:
    """Which DoF hear a number of the vector."""
    config = one.config
    return [bool(lib.decoder_hears(config, dof, number)) for dof in range(config.dofs)]


def moved_by(made: dict[str, Any], number: int) -> np.ndarray:
    """Whether each DoF does otherwise, ever, when a number of the vector is another."""
    f = vectors(40, 5)
    f[:, :4] = np.clip(f[:, :4], 0, 0.75)  # no co-contraction: each pair drives its first DoF
    other, first, second = f.copy(), Decoder(made), Decoder(made)
    other[:, number] = np.clip(0.9 - f[:, number], 0, 0.75)
    return np.any(first.process(f) != second.process(other), axis=0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_dof_moves_otherwise_with_the_inputs_that_it_hears_and_no_other(kind):
    made = small(kind)
    one, heard = Decoder(made), set()
    for number in range(INPUTS):
        hears = hears_of(one, number)
        moved = moved_by(made, number).tolist()
        if kind == "direct":
            assert hears == [number in (0, 1), number in (2, 3), number in (0, 1)]
            hears[2] = False  # until it is switched to
        assert moved == hears, number
        heard |= {number} if any(hears) else set()
    assert heard == set(range(HEARD[kind]))


def deaf(kind: str, number: int) -> dict[str, Any]:
    """A decoder whose weights on one number are all 0."""
    made = small(kind)
    pool = np.array(made["pool"])
    if kind == "linear":
        at = made["linear"]["weight"] + 4 * number
        pool[at : at + 4] = 0
    if kind in ("classes", "mean"):
        part = made["classes"]
        at = part["score"]["weight"] + 8 * number
        pool[at : at + 8] = 0
        if number < AMPLITUDE:
            rows = (CLASSES - 1) * DOFS * (AMPLITUDE + 1)
            pool[part["amplitude_at"] :][:rows].reshape(-1, AMPLITUDE + 1)[:, number] = 0
    if kind != "linear" and number < FOURIER:
        pool[made["fourier"]["spread"] + number] = 0
    return made | {"pool": pool.tolist()}


@pytest.mark.parametrize("kind", ["linear", "fourier", "classes", "mean"])
@pytest.mark.parametrize("number", [0, 5, 7])
def test_where_all_weights_are_0_nothing_is_heard(kind, number):
    made = deaf(kind, number)
    one = Decoder(made)
    assert not any(hears_of(one, number))
    assert not np.any(moved_by(made, number))
    assert all(hears_of(one, number - 1 if number else 1))


def test_any_one_of_its_weights_is_enough_to_be_heard():
    for kind in ("linear", "classes", "mean"):
        made = deaf(kind, 5)
        part = made["linear"] if kind == "linear" else made["classes"]["score"]
        stride = 4 if kind == "linear" else 8
        places = [part["weight"] + stride * 5 + 1]
        if kind != "linear":
            places += [made["fourier"]["spread"] + 5]
            places += [made["classes"]["amplitude_at"] + 11 * (AMPLITUDE + 1) + 5]
        for at in places:
            pool = list(made["pool"])
            pool[at] = 0.7
            hears = hears_of(Decoder(made | {"pool": pool}), 5)
            assert hears == ([False, True, False] if kind == "linear" else [True] * 3), (kind, at)


def test_of_a_linear_decoder_each_dof_hears_its_own_weights():
    weight = np.array([[1.0, 0.0, 0.0, 2.0], [0.0, 0.0, -1.0, 1.0]])
    one = Decoder(of_weights(weight, np.zeros(2)))
    assert [hears_of(one, k) for k in range(4)] == (weight != 0).T.tolist()
