# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole chain: against its scipy twin, however it is cut, and when sites go bad."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typical import FULL_SCALE_UV, UV_PER_COUNT, few_sites, typical_counts, typical_settings

from endplate.core import HOP, Chain, CoreError, ffi, lib, pooled

sys.path.append(str(Path(__file__).resolve().parents[1] / "bench"))
from chain import agree

FULL = round(FULL_SCALE_UV / UV_PER_COUNT)


@pytest.mark.parametrize("sites", [8, 32])
def test_velocities_are_those_of_the_same_chain_in_scipy(sites):
    counts = typical_counts(2, 5000, sites, 1000)
    assert agree(typical_settings(1000, sites, 50, 3), counts) < 5e-5


def test_it_moves_at_all():
    hops = Chain(typical_settings()).process(typical_counts(3, 2500, 8))
    assert len(hops) == 500
    assert np.array_equal(hops["samples"], np.arange(1, 501) * 5)
    for d in (0, 1):
        assert hops["velocity"][:, d].max() > 0.3 and hops["velocity"][:, d].min() < -0.3
        assert np.mean(hops["velocity"][:, d] == 0) > 0.1
    assert np.all(hops["frozen"] == 0) and np.all(hops["bad_sites"] == 0)
    scaled = np.round(hops["velocity"].astype(float) * 10000)
    assert np.max(np.abs(scaled - hops["target"])) <= 1
    assert np.all(hops["power"][:, 4:8] > 0) and np.all(hops["power"][:, 8:] == 0)


@given(cuts=st.lists(st.integers(0, 700), max_size=20), sites=st.sampled_from([1, 8, 13, 32]))
@settings(max_examples=40, deadline=None)
def test_cuts_change_no_bit(cuts, sites):
    setup = typical_settings(250, 8) if sites == 8 else few_sites(sites)
    counts = typical_counts(4, 700, sites)
    counts[300:360, 0] = FULL
    whole, pieces = Chain(setup), Chain(setup)
    clean, parts = np.zeros((700, sites), np.float32), np.zeros((700, sites), np.float32)
    hops = whole.process(counts, clean=clean)
    edges = [0, *sorted(cuts), 700]
    cut = [pieces.process(counts[a:b], clean=parts[a:b]) for a, b in pairs(edges)]
    assert np.concatenate(cut).tobytes() == hops.tobytes()
    assert parts.tobytes() == clean.tobytes()
    assert pieces.quality.tobytes() == whole.quality.tobytes()


def pairs(edges: list[int]) -> list[tuple[int, int]]:
    return [(a, b) for a, b in zip(edges, edges[1:], strict=False) if b > a]


def test_an_electrode_offset_changes_next_to_nothing():
    counts = typical_counts(5, 2500, 8)
    plain = Chain(typical_settings()).process(counts)
    moved = Chain(typical_settings()).process(counts + np.int32(5_000_000))  # 112 millivolts
    assert np.array_equal(plain["velocity"], moved["velocity"])


def test_reset_forgets_all():
    chain, counts = Chain(typical_settings()), typical_counts(6, 500, 8)
    first = chain.process(counts)
    assert chain.process(counts).tobytes() != first.tobytes()
    chain.reset()
    assert chain.process(counts).tobytes() == first.tobytes()


def hop_of(chain: Chain, counts: np.ndarray, missing: int = 0) -> np.void:
    return chain.process(counts, missing)[-1]


def test_a_missing_site_freezes_the_dofs_that_need_it_and_no_other():
    chain, counts = Chain(typical_settings()), typical_counts(7, 5000, 8)
    chain.process(counts[:500])
    hop = hop_of(chain, counts[500:505], missing=0b10)
    assert hop["frozen"] == 0b01 and hop["bad_sites"] == 0b10
    assert hop["velocity"][0] == 0 and hop["target"][0] == 0
    assert hop["activation"][1] == 0 and hop["power"][1] > 0


def test_a_frozen_dof_thaws_after_its_hops_and_only_at_rest():
    chain = Chain(typical_settings())  # thaw_hops 10
    rest = typical_counts(8, 250, 8) * 0 + 1000
    random = np.random.default_rng(8)
    quiet = rest + random.normal(0, 100, rest.shape).astype(np.int32)
    loud = quiet.copy()
    loud[:, 0] += random.normal(0, 5000, 250).astype(np.int32)
    chain.process(quiet)
    chain.process(loud[:50])
    assert hop_of(chain, loud[50:55], missing=0b01)["frozen"] == 0b01
    hops = chain.process(loud[55:205])  # 30 hops of effort: the site is long good again
    assert np.all(hops["frozen"] == 0b01) and np.all(hops["velocity"][:, 0] == 0)
    assert np.all(hops["bad_sites"] == 0)
    assert np.all(hops["activation"][:10, 0] == 0) and np.all(hops["activation"][10:, 0] > 0.5)
    hops = chain.process(quiet[:200])  # the notch rings on for some 100 ms
    assert hops["frozen"][-1] == 0
    assert chain.process(loud)["velocity"][-1, 0] > 0.3


def test_at_rest_it_thaws_after_exactly_thaw_hops():
    chain = Chain(typical_settings())
    quiet = np.random.default_rng(9).normal(0, 100, (500, 8)).astype(np.int32)
    chain.process(quiet[:250])
    assert hop_of(chain, quiet[250:255], missing=0b01)["frozen"] == 0b01
    frozen = chain.process(quiet[255:400])["frozen"]
    assert np.all(frozen[:10] == 1) and np.all(frozen[10:] == 0)


def test_a_lone_missing_sample_freezes_nothing():
    chain, counts = Chain(typical_settings()), typical_counts(10, 500, 8)
    chain.process(counts[:250])
    chain.process(counts[250:252], missing=0xFF)  # 2 of 5
    assert hop_of(chain, counts[252:255])["frozen"] == 0
    chain.process(counts[255:258], missing=0xFF)  # 3 of 5
    assert hop_of(chain, counts[258:260])["frozen"] == 0b11


@pytest.mark.parametrize("level", [FULL, -FULL])
def test_a_railed_site_freezes_within_100_ms(level):
    chain, counts = Chain(typical_settings()), typical_counts(11, 1000, 8)
    counts[500:, 2] = level
    chain.process(counts[:500])
    frozen = chain.process(counts[500:525])["frozen"]
    assert frozen[-1] == 0b10


def test_a_dead_site_freezes_after_a_frame():
    chain, counts = Chain(typical_settings()), typical_counts(12, 1000, 8)
    counts[500:, 0] = counts[500, 0]
    chain.process(counts[:500])
    frozen = chain.process(counts[500:])["frozen"]
    assert frozen[-1] == 0b01
    assert np.argmax(frozen) == 2  # hops of 20 ms; the frame of 40 ms that begins with it


def test_no_input_upsets_it_for_ever():
    chain, twin = Chain(typical_settings()), Chain(typical_settings())
    counts = typical_counts(13, 8000, 8)
    twin.process(counts)
    worst = counts.copy()
    extremes = np.array([2**31 - 1, -(2**31)], np.int64).astype(np.int32)
    worst[1000:1500] = extremes[np.arange(500) // 7 % 2][:, None]
    hops = chain.process(worst)
    assert np.all(np.isfinite(hops["power"])) and np.all(np.isfinite(hops["intent"]))
    assert np.all(np.abs(hops["velocity"]) <= 1)
    good = Chain(typical_settings()).process(counts)
    late = slice(-200, None)
    assert hops["activation"][late] == pytest.approx(good["activation"][late], rel=1e-3, abs=1e-3)


def test_too_many_hops_for_the_callers_buffer_are_refused_whole():
    chain, counts = Chain(typical_settings()), typical_counts(14, 100, 8)
    block, hops = ffi.from_buffer("int32_t[]", counts), ffi.new("chain_hop[4]")
    state, config, null = chain._state, chain.config, ffi.NULL
    take = lib.chain_process
    assert take(state, config, block, 25, 0, hops, 4, null, null) == lib.CORE_TOO_SMALL
    assert state.samples == 0
    assert take(state, config, block, 24, 0, hops, 4, null, null) == 4
    assert take(state, config, block, 1, 0, hops, 0, null, null) == lib.CORE_TOO_SMALL
    assert take(state, config, block, 1, 0, hops, 1, null, null) == 1
    assert take(state, config, block, -1, 0, hops, 4, null, null) == lib.CORE_BAD_ARGUMENT
    assert take(state, config, block, 0, 0, hops, 0, null, null) == 0


def test_a_hop_is_written_whole():
    raw = np.full(4, 0xAA, np.uint8)
    hops = np.frombuffer(np.repeat(raw, HOP.itemsize).tobytes(), HOP).copy()
    chain, counts = Chain(typical_settings()), typical_counts(15, 20, 8)
    target = ffi.from_buffer("chain_hop[]", hops)
    block = ffi.from_buffer("int32_t[]", counts)
    lib.chain_process(chain._state, chain.config, block, 20, 0, target, 4, ffi.NULL, ffi.NULL)
    assert np.all(hops["power"][:, 8:] == 0) and np.all(hops["target"][:, 2:] == 0)


CONTRADICTIONS = [
    {"sites": 0}, {"sites": 65}, {"sites": 7}, {"rate_hz": 0.0}, {"rate_hz": -250.0},
    {"uv_per_count": 0.0}, {"uv_per_count": -1.0}, {"uv_per_count": 1e4}, {"thaw_hops": -1},
    {"needs": [0x100, 0]}, {"needs": [0, 0xFFFFFFFF]},
    {"place": [0, 0]}, {"place": [0, 2]}, {"place": [-1, 1]}, {"place": [1, 8]},
    {"gate": {"inputs": 9}}, {"gate": {"inputs": 4, "rest_at": -1}},
    {"gate": {"inputs": 4, "rest_at": 1 << 30}}, {"gate": {"inputs": -1}},
]  # fmt: skip


def refused(setup: dict) -> int:
    pool, decoder = pooled(setup["decoder"])
    config = ffi.new("chain_config *", setup | {"decoder": decoder})
    assert len(pool) == config.decoder.floats
    status = lib.chain_check(config)
    assert lib.chain_init(ffi.new("chain_state *"), config) == status
    with pytest.raises(CoreError, match=r"The chain's configuration cannot be used: .*\."):
        Chain(setup)
    return status


def test_check_refuses_contradictions():
    for changes in CONTRADICTIONS:
        assert refused(typical_settings() | changes) == lib.CORE_BAD_CONFIG, changes
    for name, changes in (
        ("band", {"sites": 4}), ("notch", {"sites": 4}), ("features", {"sites": 4}),
        ("features", {"chosen": 4}), ("features", {"statistics": 3}),
        ("features", {"chosen": 1 << 30, "statistics": 31}),
        ("quality", {"sites": 4}), ("decoder", {"inputs": 4}), ("decoder", {"inputs": 9}),
        ("shape", {"dofs": 1}),
    ):  # fmt: skip
        setup = typical_settings()
        setup[name] = setup[name] | changes
        assert refused(setup) == lib.CORE_BAD_CONFIG, name


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_check_refuses_what_is_not_finite_in_any_stage(value):
    for name in ("rate_hz", "uv_per_count"):
        assert refused(typical_settings() | {name: value}) == lib.CORE_NOT_FINITE
    for stage, changes in {
        "band": {"section": [{"b0": value}]}, "notch": {"section": [{"a1": value}]},
        "features": {"rest": [value] * 8}, "decoder": {"share": value},
        "gate": {"inputs": 4, "wake": value}, "shape": {"norm_cap": value},
        "quality": {"full_scale_uv": value},
    }.items():  # fmt: skip
        setup = typical_settings()
        setup[stage] = setup.get(stage, {}) | changes
        assert refused(setup) == lib.CORE_NOT_FINITE, stage
    setup = typical_settings()
    for at in (0, len(setup["decoder"]["pool"]) - 1):  # a weight and a bias
        pool = list(setup["decoder"]["pool"])
        pool[at] = value
        damaged = setup | {"decoder": setup["decoder"] | {"pool": pool}}
        assert refused(damaged) == lib.CORE_NOT_FINITE, at
