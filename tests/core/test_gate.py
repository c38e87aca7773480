# SPDX-License-Identifier: GPL-3.0-or-later
"""When nothing shall move although a decoder says so: rest and what was never seen."""

from __future__ import annotations

import math

import numpy as np
import pytest

from endplate.core import ffi, lib
from endplate.live.decoder import Pool

REST, NOVEL = lib.GATE_REST, lib.GATE_NOVEL


class Gate:
    """A gate with a pool of its own; numbers of a vector in, bits out."""

    def __init__(self, rest, whiten=None, centres=(), *, wake=0.5, limit=1.0) -> None:
        pool = Pool()
        pool.add([99.0] * 3)
        n = len(rest) - 1
        fields = {"inputs": n, "centres": len(centres), "wake": wake, "limit": limit}
        fields["rest_at"] = pool.add(rest)
        if len(centres):
            fields |= {"whiten_at": pool.add(whiten), "centre_at": pool.add(centres)}
        self.config = ffi.new("gate_config *", fields)
        self.pool = ffi.new("float[]", pool.floats())
        self.state = ffi.new("gate_state *")
        assert lib.gate_check(self.config, n, len(self.pool)) == 0
        assert lib.gate_init(self.state) == 0

    def __call__(self, f) -> int:
        return lib.gate_process(self.state, self.config, self.pool, ffi.new("float[]", list(f)))


def test_rest_ends_above_wake_and_begins_below_0():
    gate = Gate([2.0, -1.0, -1.0])  # 2 f0 - f1 - 1
    above = [-0.5, 0.0, 0.4, 0.49, 0.51, 0.3, 0.01, -0.01, 0.3, 0.49, 0.7, 5.0, 0.1, 0.0, 0.2]
    rests = [1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1]
    for a, rest in zip(above, rests, strict=True):
        assert gate([(a + 1.0 + 3.0) / 2, 3.0]) == rest * REST, a


def test_it_begins_at_rest_and_so_it_does_again():
    gate = Gate([1.0, 0.0], wake=0.5)
    assert gate([0.3]) == REST
    assert gate([0.6]) == 0 and gate([0.3]) == 0
    lib.gate_init(gate.state)
    assert gate([0.3]) == REST


def test_only_its_inputs_count():
    gate = Gate([1.0, 1.0, 0.0], np.eye(2), [[1.0, 1.0]])
    assert gate([1.0, 1.0, 1e6, math.nan]) == 0


@pytest.mark.parametrize(("n", "centres"), [(1, 1), (4, 3), (8, 40), (32, 64)])
def test_novel_is_what_is_further_than_the_limit_from_every_centre(n, centres):
    random = np.random.default_rng(n)
    whiten = np.triu(random.normal(0, 0.5, (n, n))) + 2 * np.eye(n)
    seen = random.normal(0, 2, (centres, n))
    below = np.tril(np.full((n, n), 1e5), -1)  # never read
    answers = set()
    for limit in (0.5, 3.0, 2.0 * np.sqrt(n)):
        # Whether resting or not, which is another question.
        gate = Gate([*np.zeros(n), 1.0], whiten + below, seen @ whiten.T, limit=limit)
        for _ in range(60):
            away = random.normal(0, 1, n) * random.choice([0.1, 0.5, 1, 2, 4])
            f = (seen[random.integers(centres)] + away).astype(np.float32)
            nearest = np.min(np.linalg.norm((f - seen) @ whiten.T, axis=1))
            if abs(nearest / limit - 1) < 1e-4:
                continue
            assert gate(f) == (NOVEL if nearest > limit else 0), (nearest, limit)
            answers.add(nearest > limit)
    assert answers == {True, False}


def test_a_centre_itself_is_never_novel_and_a_limit_of_0_takes_nothing_else():
    gate = Gate([0.0, 0.0, 1.0], np.eye(2), [[1.0, 2.0], [5.0, 6.0]], limit=0.0)
    assert gate([1.0, 2.0]) == 0 and gate([5.0, 6.0]) == 0
    assert gate([1.0, 2.001]) == NOVEL


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_novel(value):
    gate = Gate([0.0, 0.0, 1.0], np.eye(2), [[1.0, 1.0]], limit=1e6)
    assert gate([1.0, 1.0]) == 0
    assert gate([value, 1.0]) & NOVEL and gate([1.0, value]) & NOVEL
    assert gate([1.0, 1.0]) == 0


def test_what_is_no_number_is_rest():
    gate = Gate([1.0, 0.0])
    assert gate([1.0]) == 0
    assert gate([math.nan]) == REST
    assert gate([0.3]) == REST  # and has to wake again


def test_both_may_hold_at_once():
    gate = Gate([1.0, 0.0], [[1.0]], [[2.0]], limit=0.5)
    assert [gate([u]) for u in (2.0, 3.0, -1.0, 2.0)] == [0, NOVEL, NOVEL | REST, 0]


def test_without_centres_nothing_is_novel():
    assert Gate([0.0, 1.0])([1e9]) == 0


def test_where_there_is_no_gate_nothing_is_read():
    config, state = ffi.new("gate_config *"), ffi.new("gate_state *")
    config.rest_at = config.whiten_at = config.centre_at = -5
    assert lib.gate_check(config, 8, 0) == 0
    assert lib.gate_process(state, config, ffi.NULL, ffi.NULL) == 0


FIELDS = {
    "inputs": 4, "centres": 3, "wake": 0.5, "limit": 2.0,
    "rest_at": 0, "whiten_at": 5, "centre_at": 21,
}  # fmt: skip
FLOATS = 33  # 5 + 16 + 12


def checked(floats: int = FLOATS, inputs: int = 8, **changes: float) -> int:
    return lib.gate_check(ffi.new("gate_config *", FIELDS | changes), inputs, floats)


def test_check_takes_what_fits_and_refuses_a_float_less():
    assert checked() == 0
    for changes in ({"rest_at": 28}, {"whiten_at": 17}, {"whiten_at": 0}, {"centre_at": 0}):
        assert checked(**changes) == 0, changes
    for name, last in (("rest_at", 28), ("whiten_at", 17), ("centre_at", 21)):
        for at in (-1, last + 1, 2**31 - 1, -(2**31)):
            assert checked(**{name: at}) == lib.CORE_BAD_CONFIG, (name, at)
    assert checked(FLOATS - 1) == lib.CORE_BAD_CONFIG
    assert checked(0) == checked(4, centres=0) == lib.CORE_BAD_CONFIG
    assert checked(5, centres=0, whiten_at=-1, centre_at=-1) == 0


def test_check_refuses_sizes():
    wrong = [{"inputs": -1}, {"inputs": lib.CORE_CHAIN_SITES + 1}, {"centres": -1}, {"centres": 65}]
    wrong += [{"wake": -0.1}, {"wake": 101.0}, {"limit": -1.0}, {"limit": 1.1e6}]
    for changes in wrong:
        setup = ffi.new("gate_config *", FIELDS | changes)
        assert lib.gate_check(setup, 40, 100_000) == lib.CORE_BAD_CONFIG, changes
    assert checked(inputs=4) == 0 and checked(inputs=3) == lib.CORE_BAD_CONFIG


def test_check_refuses_what_is_not_finite():
    for name in ("wake", "limit"):
        for value in (math.nan, math.inf, -math.inf):
            assert checked(**{name: value}) == lib.CORE_NOT_FINITE
