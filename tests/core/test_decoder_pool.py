# SPDX-License-Identifier: GPL-3.0-or-later
"""No config makes a decoder or a gate read beyond its pool: whatever stands in its fields, it is
refused or stays inside."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from decoder_rig import DOFS, INPUTS, small, vectors
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from endplate.core import ffi, lib
from endplate.live.decoder import KINDS

AROUND = 30_000  # floats on either side that may be read without a crash
HOPS = 4
SMALLEST, LARGEST = -(2**31), 2**31 - 1


def fields_of(kind: str) -> list[tuple[str, ...]]:
    """Every field that says where something begins or how much of it there is."""
    found = [("inputs",), ("dofs",), ("floats",)]
    linear = ("inputs", "outputs", "weight", "bias")
    if kind == "linear":
        found += [("linear", name) for name in linear]
    if kind == "direct":
        found += [("direct", "pairs"), ("direct", "switch_hops")]
    if kind in ("fourier", "classes", "mean"):
        found += [("fourier", name) for name in ("inputs", "width", "blocks", "centre", "spread")]
        found += [("fourier", "out", name) for name in linear]
    if kind in ("classes", "mean"):
        found += [("classes", n) for n in ("classes", "amplitude", "sign_at", "amplitude_at")]
        found += [("classes", "score", name) for name in linear]
    return found


class Surrounded:
    """A decoder whose pool stands among other numbers, of one kind or of another."""

    def __init__(self, made: dict[str, Any], outside: float) -> None:
        fields = dict(made)
        pool = fields.pop("pool")
        self.size = len(pool)
        whole = np.full(self.size + 2 * AROUND, outside, np.float32)
        whole[AROUND : AROUND + self.size] = pool
        self._keeps = ffi.from_buffer("float[]", whole)
        self.config = ffi.new(
            "decoder_config *", fields | {"floats": self.size, "pool": self._keeps + AROUND}
        )
        self.state = ffi.new("decoder_state *")

    def put(self, path: tuple[str, ...], value: int) -> None:
        at = self.config
        for name in path[:-1]:
            at = getattr(at, name)
        setattr(at, path[-1], value)

    def get(self, path: tuple[str, ...]) -> int:
        at: Any = self.config
        for name in path:
            at = getattr(at, name)
        return at

    def run(self) -> bytes:
        """Some hops; what they make, and a mark behind it."""
        config = self.config
        f = np.zeros((HOPS, lib.CORE_MAX_INPUTS), np.float32)
        f[:, :INPUTS] = vectors(HOPS)
        intents = np.full(HOPS * lib.CORE_MAX_DOF + 1, 12345.0, np.float32)
        given, to = ffi.from_buffer("float[]", f), ffi.from_buffer("float[]", intents)
        assert lib.decoder_init(self.state, config) == 0
        for hop in range(HOPS):
            at = given + hop * lib.CORE_MAX_INPUTS, to + hop * config.dofs
            assert lib.decoder_process(self.state, config, *at) == 0
        assert np.all(intents[HOPS * config.dofs :] == 12345.0)
        hears = [
            lib.decoder_hears(config, dof, number)
            for dof in range(config.dofs)
            for number in range(config.inputs)
        ]
        return intents.tobytes() + bytes(hears)


def judged(kind: str, changes: list[tuple[tuple[str, ...], int]], unit: int = 0) -> bool:
    """Whether it is taken; when it is, nothing of what lies around the pool may matter."""
    # 1 is a sign too; and a number that is none would be absorbed on its way.
    made = small(kind)
    pair = [Surrounded(made, outside) for outside in (1.0, -1.0)]
    for one in pair:
        for path, value in changes:
            one.put(path, value)
        if one.config.floats > one.size:  # a lie: no check can see it
            one.config.floats = one.size
    status = {lib.decoder_check(one.config) for one in pair}
    assert len(status) == 1
    if status != {0}:
        assert status <= {lib.CORE_BAD_CONFIG, lib.CORE_NOT_FINITE}
        return False
    assert pair[0].run() == pair[1].run(), changes
    return True


def near(size: int, value: int) -> st.SearchStrategy[int]:
    """What may stand in a field: around what is right, around both ends of the pool, anything."""
    edges = [0, 1, value, size, size - value, SMALLEST, LARGEST, 8, 24, 248, 4096]
    close = st.sampled_from(edges).flatmap(
        lambda at: st.integers(max(SMALLEST, at - 5), min(LARGEST, at + 5))
    )
    return st.one_of(close, st.integers(-5, size + 5), st.integers(SMALLEST, LARGEST))


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@effort(max_examples=250, deadline=None)
def test_what_is_taken_stays_in_its_pool_and_nothing_crashes(kind, data):
    plain = Surrounded(small(kind), 1.0)
    count = data.draw(st.integers(1, 4))
    paths = data.draw(st.permutations(fields_of(kind)))[:count]
    changes = [(path, data.draw(near(plain.size, plain.get(path)))) for path in paths]
    judged(kind, changes)


@pytest.mark.parametrize("kind", KINDS)
def test_every_place_is_taken_up_to_the_end_of_the_pool_and_not_beyond(kind):
    """Every offset, over the whole pool and a little more: it is taken in one stretch, and the
    stretch ends exactly where what begins there would no longer fit."""
    assert judged(kind, [])
    plain = Surrounded(small(kind), 1.0)
    for path in fields_of(kind):
        if path[-1] not in ("weight", "bias", "centre", "spread", "amplitude_at"):
            continue
        taken = [at for at in range(-3, plain.size + 3) if judged(kind, [(path, at)])]
        assert taken == [*range(plain.size - extent(plain, path) + 1)], path


def extent(one: Surrounded, path: tuple[str, ...]) -> int:
    """Floats that a part takes."""
    part, name = path[:-1], path[-1]
    if name in ("weight", "bias"):
        outputs = one.get((*part, "outputs"))
        return outputs if name == "bias" else one.get((*part, "inputs")) * (-(-outputs // 4) * 4)
    if name in ("centre", "spread"):
        return one.get((*part, "inputs"))
    return (one.get((*part, "classes")) - 1) * DOFS * (one.get((*part, "amplitude")) + 1)


@pytest.mark.parametrize("kind", ["linear", "fourier", "classes", "mean"])
def test_a_pool_that_is_a_float_too_short_is_refused(kind):
    size = Surrounded(small(kind), 1.0).size
    sizes = [*range(0, size, 7), size - 1, size]
    assert [judged(kind, [(("floats",), n)]) for n in sizes] == [n == size for n in sizes]
    assert all(a < b for a, b in pairwise(sizes))


def test_a_read_beyond_the_pool_would_be_seen():
    """The eye itself: a weight outside changes what comes out."""
    pair = [Surrounded(small("linear"), outside) for outside in (1.0, -1.0)]
    for one in pair:
        one.config.floats += 1  # a lie
        one.put(("linear", "bias"), one.size - 2)
    assert pair[0].run() != pair[1].run()


@given(data=st.data(), n=st.integers(-2, 67), centres=st.integers(-2, 70))
@effort(max_examples=400, deadline=None)
def test_a_gate_that_is_taken_stays_in_its_pool(data, n, centres):
    fields = {"inputs": n, "centres": centres, "wake": 0.0, "limit": 3.0}
    sizes = {"rest_at": n + 1, "whiten_at": n * n, "centre_at": n * centres}
    most = max(0, *sizes.values())
    size = data.draw(st.sampled_from([0, most, most + 1, most + 40]))
    for name, part in sizes.items():
        edge = max(0, size - part)
        ends = st.sampled_from([0, edge, edge, edge, edge + 1, -1])
        fields[name] = data.draw(st.one_of(ends, near(size, max(0, part))))
    config = ffi.new("gate_config *", fields)
    status = lib.gate_check(config, lib.CORE_MAX_INPUTS, size)
    fits = all(0 <= fields[name] <= size - part for name, part in sizes.items())
    if n == 0 or not 0 < n <= lib.CORE_CHAIN_SITES or not 0 <= centres <= 64:
        assert (status == 0) == (n == 0)
        return
    if centres > 0:
        assert (status == 0) == fits
    if status != 0:
        return
    found = []
    for outside in (1.0, -1.0):
        whole = np.full(size + 2 * AROUND, outside, np.float32)
        whole[AROUND : AROUND + size] = np.random.default_rng(n).normal(0, 1, size)
        pool, f = ffi.from_buffer("float[]", whole), ffi.new("float[]", [0.3] * 80)
        found.append(lib.gate_process(ffi.new("gate_state *"), config, pool + AROUND, f))
    assert found[0] == found[1]


@pytest.mark.parametrize(("n", "centres"), [(1, 1), (3, 5), (8, 40), (8, 2), (5, 0)])
def test_every_place_of_a_gate_is_taken_up_to_the_end_of_the_pool_and_not_beyond(n, centres):
    sizes = {"rest_at": n + 1, "whiten_at": n * n, "centre_at": n * centres}
    size = max(sizes.values()) + 9
    for name, part in sizes.items():
        if name != "rest_at" and centres == 0:
            continue  # nothing is read there
        config = ffi.new("gate_config *", {"inputs": n, "centres": centres})
        taken = []
        for at in range(-2, size + 2):
            setattr(config, name, at)
            if lib.gate_check(config, n, size) == 0:
                taken.append(at)
        assert taken == [*range(size - part + 1)], name
