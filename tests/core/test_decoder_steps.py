# SPDX-License-Identifier: GPL-3.0-or-later
"""A hop's work in steps of bounded cost: the same bits, however large the decoder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from decoder_rig import INPUTS, small, vectors

from endplate.core import ffi, lib
from endplate.core_decoder import Decoder
from endplate.live.decoder import KINDS, inputs, settings

sys.path.append(str(Path(__file__).resolve().parents[1]))
from loop.chain_case import decoders


def large(kind: str) -> dict[str, Any]:
    """As large as a person's."""
    return settings(decoders(kind, inputs(31, 8))[0])


def stepped(one: Decoder, f: np.ndarray) -> tuple[bytes, list[int]]:
    """Intent of one hop as bytes, and what each of its steps cost, in units of the core's own."""
    state, config = one._state, one.config
    intent, given = ffi.new("float[]", config.dofs), ffi.from_buffer("float[]", f)
    twin = ffi.new("decoder_state *")
    costs = []
    while True:
        twin[0] = state[0]
        done = lib.decoder_step(state, config, given, intent)
        costs.append(spent(twin, state, config))
        if done:
            return bytes(ffi.buffer(intent)), costs


def spent(before: Any, after: Any, config: Any) -> int:
    """Cost of a step by the work that is done in between: signs and sums 30 a value and round,
    cosines 40, products 6 an output and number."""
    cost, part = 0, config.fourier
    if config.kind in (2, 3, 4) and part.blocks:
        piece = min(part.width, 16)
        pieces = part.width // piece
        stages = [30 * part.width] * 3 + [40 * part.width]
        stages += [6 * piece * (-(-part.out.outputs // 4) * 4)] * pieces

        def place(state: Any) -> int:
            return state.fourier.block * len(stages) + state.fourier.stage

        first = place(before) if before.begun else 0
        last = place(after) if after.begun else part.blocks * len(stages)
        cost += sum(stages[at % len(stages)] for at in range(first, last))
    if config.kind in (3, 4):
        first = before.classes.scored if before.begun else 0
        last = after.classes.scored if after.begun else config.classes.score.inputs
        cost += 6 * (last - first) * (-(-config.classes.classes // 4) * 4)
    return cost


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("make", [small, large])
def test_steps_give_the_bits_of_the_whole(kind, make):
    made = make(kind)
    whole, pieces = Decoder(made), Decoder(made)
    f = vectors(30, inputs=made["inputs"])
    expected = whole.process(f)
    for hop in range(30):
        assert stepped(pieces, f[hop])[0] == expected[hop].tobytes()
    assert np.any(expected != 0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("make", [small, large])
def test_no_step_costs_more_than_it_may(kind, make):
    made = make(kind)
    one = Decoder(made)
    f = vectors(3, inputs=made["inputs"])
    whole = 0
    if kind in ("fourier", "classes", "mean"):
        part, state = one.config.fourier, ffi.new("fourier_state *")
        at, given = ffi.addressof(one.config, "fourier"), ffi.from_buffer("float[]", f)
        lib.fourier_begin(state, at, one.config.pool, given)
        while lib.fourier_left(state, at):
            whole += lib.fourier_left(state, at)
            lib.fourier_work(state, at, one.config.pool)
        assert part.blocks > 0
    if kind in ("classes", "mean"):
        score = made["classes"]["score"]
        whole += 6 * score["inputs"] * (-(-score["outputs"] // 4) * 4)
    for hop in range(3):
        _, costs = stepped(one, f[hop])
        assert max(costs) <= lib.DECODER_STEP
        assert sum(costs) == whole
        # and none is idle: no two neighbours would have fitted into one, but for the end of classes
        assert len(costs) == one_more(costs, kind)
    assert Decoder(made).steps() == len(costs)


def one_more(costs: list[int], kind: str) -> int:
    """How many steps such a sum may take: each but the last is at least half full."""
    ends = kind in ("classes", "mean")
    if ends:
        assert costs[-1] == 0
    busy = costs[:-1] if ends else costs
    assert all(cost > lib.DECODER_STEP / 4 for cost in busy[:-1])
    return len(busy) + ends


def test_a_mean_of_a_person_takes_many_steps_and_a_linear_decoder_one():
    assert Decoder(large("linear")).steps() == Decoder(large("direct")).steps() == 1
    assert Decoder(large("mean")).steps() > 5


@pytest.mark.parametrize("kind", ["classes", "mean"])
def test_counting_the_steps_forgets_all_hops(kind):
    made, f = small(kind), vectors(20)
    one = Decoder(made)
    first = one.process(f)
    one.steps()
    one.reset()
    assert one.process(f).tobytes() == first.tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_function_of_the_hops_and_begins_where_they_do(kind):
    f = vectors(40)
    whole = Decoder(small(kind)).process(f)
    one = Decoder(small(kind))
    parts = [one.process(f[a:b]) for a, b in ((0, 1), (1, 7), (7, 40))]
    assert np.concatenate(parts).tobytes() == whole.tobytes()
    assert whole.shape == (40, 3) and f.shape == (40, INPUTS)
