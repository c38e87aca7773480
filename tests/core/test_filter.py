# SPDX-License-Identifier: GPL-3.0-or-later
"""The cascade against scipy's float64, from the first sample on, however the samples are cut."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from endplate.core import ffi, lib
from endplate.live.design import band_sections, notch_sections

LANES = lib.CORE_LANES


class Filter:
    """`filter` over numpy blocks [samples, sites]."""

    def __init__(self, sections: list[dict[str, float]], sites: int) -> None:
        fields = {"sites": sites, "sections": len(sections), "section": sections}
        self.config = ffi.new("filter_config *", fields)
        self.state = ffi.new("filter_state *")
        assert lib.filter_init(self.state, self.config) == 0
        self.sites, self.stride = sites, -(-sites // LANES) * LANES

    def __call__(self, x: np.ndarray, in_place: bool = False) -> np.ndarray:
        padded = np.zeros((len(x), self.stride), np.float32)
        padded[:, : self.sites] = x
        out = padded if in_place else np.full_like(padded, np.nan)
        pointers = ffi.from_buffer("float[]", padded), ffi.from_buffer("float[]", out)
        assert lib.filter_process(self.state, self.config, pointers[0], len(x), pointers[1]) == 0
        return out[:, : self.sites].copy()


def as_sos(sections: list[dict[str, float]]) -> np.ndarray:
    """The float32 coefficients that C sees, in scipy's layout."""
    rows = [[row["b0"], row["b1"], row["b2"], 1.0, row["a1"], row["a2"]] for row in sections]
    return np.array(rows, np.float32).astype(np.float64)


def settled(sos: np.ndarray, first: np.ndarray) -> np.ndarray:
    """scipy's state after a constant input `first` for ever, [sections, 2, sites]."""
    return signal.sosfilt_zi(sos)[:, :, None] * first


def emg(seed: int, samples: int, sites: int, offset: float = 0.0) -> np.ndarray:
    random = np.random.default_rng(seed)
    t = np.arange(samples)[:, None]
    return (
        offset
        + 50 * random.standard_normal((samples, sites))
        + 20 * np.sin(0.4 * t + np.arange(sites))
    ).astype(np.float32)


@pytest.mark.parametrize("rate_hz", [125, 200, 250, 512, 1000, 2000])
def test_band_and_notch_follow_scipy(rate_hz):
    designs = [band_sections(rate_hz), notch_sections(rate_hz, 50), notch_sections(rate_hz, 60)]
    for sections, sites in itertools.product(designs, (1, 8, 13, 32)):
        x = emg(rate_hz + sites, 3000, sites)
        sos = as_sos(sections)
        true, _ = signal.sosfilt(sos, x.astype(float), axis=0, zi=settled(sos, x[0].astype(float)))
        assert np.max(np.abs(Filter(sections, sites)(x) - true)) < 0.01  # of 50 microvolts


def shapes(rate_hz: int) -> list[list[dict[str, float]]]:
    """Sections of every form in every order in which filter.c takes them together."""
    high, low = band_sections(rate_hz)
    peak = {"b0": 0.7, "b1": -0.3, "b2": 0.2, "a1": -1.1, "a2": 0.6}
    flat = {"b0": 1.0, "b1": 0.0, "b2": 1.0, "a1": 0.0, "a2": 0.5}  # nearly a notch
    notches = notch_sections(rate_hz, 50)
    alone = [[one] for one in (high, low, peak, flat, notches[0])]
    mixed = [[low, high], [high, high], [peak, notches[0], high], [peak, peak, peak], [flat, high]]
    return [*alone, *mixed, *(notches[:n] for n in range(2, 9)), [*notches, high, low, notches[0]]]


@pytest.mark.parametrize("sections", shapes(1000))
def test_every_form_of_a_section_follows_scipy(sections):
    x = emg(len(sections), 3000, 5)
    sos = as_sos(sections)
    true, _ = signal.sosfilt(sos, x.astype(float), axis=0, zi=settled(sos, x[0].astype(float)))
    assert np.max(np.abs(Filter(sections, 5)(x) - true)) < 0.005  # of 50 microvolts


def test_an_electrode_offset_costs_no_precision():
    sections = [*band_sections(1000), *notch_sections(1000, 50)]
    x = emg(4, 4000, 3, offset=20_000.0)
    sos = as_sos(sections)
    true, _ = signal.sosfilt(sos, x.astype(float), axis=0, zi=settled(sos, x[0].astype(float)))
    assert np.sqrt(np.mean((Filter(sections, 3)(x) - true) ** 2)) < 0.003  # microvolts


def test_an_electrode_offset_makes_no_start_up_step():
    sections = band_sections(1000)
    out = Filter(sections, 4)(np.full((2000, 4), 30_000.0, np.float32))
    assert np.max(np.abs(out)) < 0.5  # microvolts; the offset is 30 millivolts
    passed = Filter(notch_sections(1000, 50), 4)(np.full((2000, 4), 1000.0, np.float32))
    assert np.max(np.abs(passed - 1000)) < 0.05  # the notch lets a constant through, at once


def test_no_sections_pass_everything_through():
    x = emg(5, 100, 5)
    assert np.array_equal(Filter([], 5)(x), x)
    assert np.array_equal(Filter([], 5)(x, in_place=True), x)


@pytest.mark.parametrize("sections", [band_sections(250), notch_sections(250, 60)])
def test_in_place_gives_the_same_bits(sections):
    x = emg(6, 500, 9)
    assert np.array_equal(Filter(sections, 9)(x), Filter(sections, 9)(x, in_place=True))


@given(cuts=st.lists(st.integers(0, 400), max_size=12), odd=st.booleans())
@settings(max_examples=40, deadline=None)
def test_cuts_change_no_bit(cuts, odd):
    sections = notch_sections(1000, 50)[: 7 if odd else 8]
    x = emg(7, 400, 8)
    whole = Filter(sections, 8)(x)
    pieces = Filter(sections, 8)
    edges = [0, *sorted(cuts), len(x)]
    parts = [pieces(x[a:b]) for a, b in zip(edges, edges[1:], strict=False)]
    assert np.array_equal(np.concatenate(parts), whole)


def test_each_site_is_filtered_alone():
    sections = band_sections(250)
    x = emg(8, 300, 32)
    together = Filter(sections, 32)(x)
    for site in (0, 3, 4, 7, 8, 31):
        assert np.array_equal(Filter(sections, 1)(x[:, [site]])[:, 0], together[:, site])


def states(one: Filter) -> np.ndarray:
    count = lib.FILTER_MAX_SECTIONS * lib.CORE_MAX_SITES
    rows = [ffi.buffer(ffi.addressof(one.state, name), 4 * count) for name in ("s1", "s2")]
    return np.concatenate([np.frombuffer(row, np.float32) for row in rows])


def test_no_state_stays_subnormal_after_the_signal_has_ended():
    run = Filter(notch_sections(250, 50), 8)
    run(emg(9, 100, 8))
    for _ in range(400):
        run(np.zeros((64, 8), np.float32))
        held = np.abs(states(run))
        tiny = (held > 0) & (held < np.finfo(np.float32).tiny)
        assert not tiny.any()
    assert np.all(states(run) == 0)


def test_a_state_that_is_not_finite_heals_within_64_samples():
    run = Filter(band_sections(250), 8)
    run(emg(10, 32, 8))
    for poison in (math.nan, math.inf, -math.inf):
        run.state.s1[0][2] = poison
        run(np.zeros((128, 8), np.float32))
        assert np.all(np.isfinite(states(run)))
    assert np.all(np.isfinite(run(emg(11, 100, 8))))


def config(**changes: Any) -> Any:
    fields = {"sites": 8, "sections": 2, "section": band_sections(250)[:2]} | changes
    return ffi.new("filter_config *", fields)


def section(**changes: float) -> list[dict[str, float]]:
    return [{"b0": 1.0, "b1": 0.0, "b2": 0.0, "a1": 0.0, "a2": 0.0} | changes]


def test_check_refuses_sizes():
    for sites in (0, -1, lib.CORE_MAX_SITES + 1):
        assert lib.filter_check(config(sites=sites)) == lib.CORE_BAD_CONFIG
    for sections in (-1, 13):
        assert lib.filter_check(config(sections=sections)) == lib.CORE_BAD_CONFIG


def test_check_refuses_what_is_not_finite():
    values = (math.nan, math.inf, -math.inf)
    for name, value in itertools.product(("b0", "b1", "b2", "a1", "a2"), values):
        bad = config(sections=1, section=section(**{name: value}))
        assert lib.filter_check(bad) == lib.CORE_NOT_FINITE
        assert lib.filter_init(ffi.new("filter_state *"), bad) == lib.CORE_NOT_FINITE


def test_check_knows_the_triangle_of_stability():
    inside = [(0.0, 0.999), (0.0, -0.999), (1.9, 0.95), (-1.9, 0.95)]
    outside = [(0.0, 1.0), (0.0, 1.5), (0.0, -1.0), (1.951, 0.95), (-1.951, 0.95), (2.0, 1.0)]
    for a1, a2 in inside + outside:
        stable = bool(np.all(np.abs(np.roots([1, a1, a2])) < 1))
        assert stable == ((a1, a2) in inside)
        status = lib.filter_check(config(sections=1, section=section(a1=a1, a2=a2)))
        assert status == (0 if stable else lib.CORE_BAD_CONFIG), (a1, a2)
