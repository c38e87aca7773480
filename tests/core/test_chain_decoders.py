# SPDX-License-Identifier: GPL-3.0-or-later
"""The chain with every kind of decoder: gate, places, rows, and its work in pieces."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from feature_rig import run, vector
from typical import typical_counts, typical_settings, typical_shape

from endplate.core import HOP, MAX_ROWS, Chain, ffi, lib
from endplate.core_decoder import Decoder
from endplate.live.decoder import Pool

sys.path.append(str(Path(__file__).resolve().parents[1]))
from loop.chain_case import DECODERS, RATE, SITES, recording, settings

SECONDS = 16


@cache
def made(kind: str) -> tuple[dict[str, Any], np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(settings, counts, hops, clean, rows) of a recording that takes every branch."""
    setup, counts = settings(1, kind), recording(SECONDS)
    hops_at_most = len(counts) // 5 + 1
    clean, rows = np.zeros((len(counts), SITES), np.float32), np.zeros((hops_at_most, MAX_ROWS))
    rows = rows.astype(np.float32)
    hops = Chain(setup).process(counts, clean=clean, rows=rows)
    assert len(hops) == SECONDS * RATE // 5 > Chain.HOPS_PER_CALL
    assert np.all(rows[len(hops) :] == 0)
    return setup, counts, hops, clean, rows[: len(hops)]


@pytest.mark.parametrize("kind", DECODERS)
def test_rows_are_those_of_the_features_of_the_clean_signal(kind):
    setup, _, hops, clean, rows = made(kind)
    features = ffi.new("features_config *", setup["features"])
    n = lib.features_rows(features)
    assert rows[:, :n].tobytes() == run(features, clean).tobytes()
    assert np.all(rows[:, n:] == 0)
    assert np.array_equal(rows[:, :SITES], hops["power"][:, :SITES])


def doubted(setup: dict[str, Any], hops: np.ndarray) -> list[int]:
    """Bits of the sites that are bad in each hop or have been lately."""
    found, left = [], [0] * SITES
    for bad in hops["bad_sites"].tolist():
        for site in range(SITES):
            left[site] = setup["thaw_hops"] + 1 if bad >> site & 1 else max(0, left[site] - 1)
        found.append(sum(1 << site for site in range(SITES) if left[site] > 0))
    return found


@pytest.mark.parametrize("kind", DECODERS)
def test_intents_are_what_its_decoder_and_gate_make_of_the_vectors(kind):
    setup, _, hops, _, rows = made(kind)
    features = ffi.new("features_config *", setup["features"])
    about = doubted(setup, hops)
    vectors = [vector(features, row, bits) for row, bits in zip(rows, about, strict=True)]
    decoded = Decoder(setup["decoder"]).process(np.array(vectors))
    state, gate = ffi.new("gate_state *"), ffi.new("gate_config *", setup["gate"])
    pool = ffi.new("float[]", setup["decoder"]["pool"])
    bits = [
        lib.gate_process(state, gate, pool, ffi.from_buffer("float[]", f)) for f in vectors
    ]
    assert hops["gate"].tolist() == bits
    decoded[hops["gate"] != 0] = 0
    assert hops["intent"][:, :4].tobytes() == decoded.tobytes()
    assert {0, lib.GATE_REST} <= set(bits) and any(about)
    assert np.sum(np.max(np.abs(decoded), axis=0) > 0.1) >= 2


@pytest.mark.parametrize("kind", DECODERS)
def test_samples_one_by_one_and_work_in_pieces_give_the_same_bits(kind):
    setup, counts, hops, _, rows = made(kind)
    chain, made_hops, made_rows = Chain(setup), [], []
    steps = Decoder(setup["decoder"]).steps()
    state, config = chain._state, chain.config
    hop = ffi.new("chain_hop *")
    at = ffi.from_buffer("int32_t[]", counts)
    for n in range(len(counts)):
        closed = lib.chain_take(state, config, at + n * SITES, 0)
        assert closed == ((n + 1) % 5 == 0)
        if not closed:
            continue
        pieces = 1
        while not lib.chain_work(state, config, hop):
            pieces += 1
        assert pieces == lib.CHAIN_PIECES + steps
        made_hops.append(bytes(ffi.buffer(hop)))
        made_rows.append(bytes(ffi.buffer(state.rows)))
    assert b"".join(made_hops) == hops.tobytes()
    assert b"".join(made_rows) == rows.tobytes()


@pytest.mark.parametrize("kind", DECODERS)
def test_cuts_change_no_bit(kind):
    setup, counts, hops, clean, rows = made(kind)
    chain, at, done = Chain(setup), 0, 0
    parts, looked = np.zeros_like(clean), np.zeros_like(rows)
    random, cut = np.random.default_rng(1), []
    while at < len(counts):
        n = int(random.choice([1, 4, 5, 6, 16, 23, 400]))
        cut.append(chain.process(counts[at : at + n], clean=parts[at : at + n], rows=looked[done:]))
        at, done = at + n, done + len(cut[-1])
    assert np.concatenate(cut).tobytes() == hops.tobytes()
    assert parts.tobytes() == clean.tobytes() and looked.tobytes() == rows.tobytes()


@pytest.mark.parametrize("kind", ["linear", "mean"])
def test_work_that_is_due_comes_before_the_next_sample(kind):
    chain, counts = Chain(settings(1, kind)), recording(1)
    state, config, null = chain._state, chain.config, ffi.NULL
    at, hops = ffi.from_buffer("int32_t[]", counts), ffi.new("chain_hop[2]")
    assert lib.chain_work(state, config, hops) == lib.CORE_BAD_ARGUMENT
    assert [lib.chain_take(state, config, at + n * SITES, 0) for n in range(5)] == [0, 0, 0, 0, 1]
    done = 0
    while not done:
        assert lib.chain_take(state, config, at, 0) == lib.CORE_BAD_ARGUMENT
        refused = lib.chain_process(state, config, at, 5, 0, hops, 2, null, null)
        assert refused == lib.CORE_BAD_ARGUMENT
        done = lib.chain_work(state, config, hops)
    assert lib.chain_work(state, config, hops) == lib.CORE_BAD_ARGUMENT
    assert state.samples == 5 == hops[0].samples
    assert lib.chain_process(state, config, at, 5, 0, hops, 2, null, null) == 1


def gated(setup: dict[str, Any], rest: list[float], limit: float = 0.0, wake: float = 0.2) -> dict:
    """With a gate on its powers; novel is what is further than `limit` from nothing at all."""
    n, pool = len(rest) - 1, Pool.of(setup["decoder"])
    gate = {"inputs": n, "wake": wake, "limit": limit, "rest_at": pool.add(rest)}
    if limit:
        gate |= {"centres": 1, "whiten_at": pool.add(np.eye(n)), "centre_at": pool.add([0.0] * n)}
    return setup | {"gate": gate, "decoder": setup["decoder"] | {"pool": pool.floats()}}


def test_the_gate_makes_every_intent_0_in_the_same_hop_and_changes_no_other():
    counts = typical_counts(31, 5000, 8)
    plain = Chain(typical_settings()).process(counts)
    # rest: the first four sites together; novel: the eight of them in all
    ours = Chain(gated(typical_settings(), [1.0] * 4 + [0.0] * 4 + [-1.2], 1.6)).process(counts)
    awake, expected = False, []
    for u in ours["activation"][:, :8].astype(float):
        awake = u[:4].sum() - 1.2 > (0.0 if awake else 0.2)
        novel = np.linalg.norm(u) > 1.6
        expected.append((0 if awake else lib.GATE_REST) | (lib.GATE_NOVEL if novel else 0))
    assert ours["gate"].tolist() == expected
    shut = ours["gate"] != 0
    assert np.mean(shut) > 0.1 and np.mean(~shut) > 0.1 and set(expected) == {0, 1, 2, 3}
    assert np.all(ours["intent"][shut] == 0) and np.all(ours["velocity"][shut] == 0)
    assert np.all(ours["target"][shut] == 0)
    assert np.any(plain["velocity"][shut] != 0)  # it would have moved
    assert np.array_equal(ours["intent"][~shut], plain["intent"][~shut])
    assert np.array_equal(ours["activation"], plain["activation"])
    assert np.all(ours["frozen"] == 0) and np.all(plain["gate"] == 0)


def courses() -> tuple[np.ndarray, np.ndarray]:
    """(quiet, quiet but for site 5, which no DoF looks at), counts of 4 s."""
    random = np.random.default_rng(32)
    quiet = random.normal(0, 100, (1000, 8)).astype(np.int32)
    loud = quiet.copy()
    loud[:, 5] += random.normal(0, 6000, 1000).astype(np.int32)
    return quiet, loud


def test_a_frozen_dof_does_not_come_back_while_the_hop_is_novel():
    quiet, loud = courses()
    chain = Chain(gated(typical_settings(), [0.0] * 8 + [1.0], 0.8))  # thaw_hops 10
    chain.process(quiet[:250])
    assert chain.process(quiet[250:255], 0b01)["frozen"][-1] == 0b01
    novel = chain.process(loud[255:505])
    assert np.all(novel["gate"][5:] == lib.GATE_NOVEL) and np.all(novel["intent"][5:] == 0)
    assert np.all(novel["frozen"] == 0b01)  # for 50 hops, and the site is good again after 10
    assert np.all(novel["activation"][12:, 0] >= 0) and np.all(novel["bad_sites"] == 0)
    after = chain.process(quiet[505:755])
    assert after["gate"][-1] == 0 and after["frozen"][-1] == 0
    assert np.array_equal(after["frozen"] == 1, after["gate"] == lib.GATE_NOVEL)


def test_a_frozen_dof_comes_back_at_rest():
    quiet, _ = courses()
    chain = Chain(gated(typical_settings(), [0.0] * 8 + [-1.0]))  # always at rest
    chain.process(quiet[:250])
    assert chain.process(quiet[250:255], 0b01)["frozen"][-1] == 0b01
    after = chain.process(quiet[255:400])
    assert np.all(after["gate"] == lib.GATE_REST)
    assert np.all(after["frozen"][:10] == 1) and np.all(after["frozen"][10:] == 0)


def placed(place: list[int], dofs: int, needs: list[int]) -> dict[str, Any]:
    setup = typical_settings()
    own = setup["shape"]["dof"]
    others = [typical_shape(dead_band=0.3) for _ in range(dofs)]
    for at, dof in zip(place, own, strict=True):
        others[at] = dof
    shape = setup["shape"] | {"dofs": dofs, "dof": others}
    return setup | {"place": place, "needs": needs, "shape": shape}


@pytest.mark.parametrize(("place", "dofs"), [([1, 0], 2), ([3, 1], 5), ([0, 7], 8), ([6, 5], 7)])
def test_each_of_the_decoders_dof_stands_where_the_hand_has_it(place, dofs):
    counts = typical_counts(33, 2500, 8)
    plain = Chain(typical_settings()).process(counts)
    needs = [0] * dofs
    needs[place[0]], needs[place[1]] = 0b0011, 0b1100
    chain = Chain(placed(place, dofs, needs))
    assert chain.dofs == dofs
    ours = chain.process(counts)
    others = [d for d in range(8) if d not in place]
    for name in ("intent", "velocity", "target"):
        assert np.array_equal(ours[name][:, place], plain[name][:, :2])
        assert np.all(ours[name][:, others] == 0) and np.any(ours[name][:, place] != 0)
    frozen = chain.process(counts[:5], missing=0b0100)["frozen"][0]
    assert frozen == 1 << place[1]


def test_the_hop_is_whole_only_when_the_work_is_done():
    """What is written before is the hop's own: nothing of the hop before shines through."""
    setup = settings(1, "mean")
    chain, counts = Chain(setup), recording(2)
    state, config = chain._state, chain.config
    at, hop = ffi.from_buffer("int32_t[]", counts), ffi.new("chain_hop *")
    for n in range(len(counts)):
        if not lib.chain_take(state, config, at + n * SITES, 0):
            continue
        ffi.buffer(hop)[:] = b"\xff" * HOP.itemsize
        lib.chain_work(state, config, hop)
        first = np.frombuffer(bytes(ffi.buffer(hop)), HOP)[0]
        assert first["samples"] == n + 1 and np.all(first["intent"] == 0)
        while not lib.chain_work(state, config, hop):
            continue
