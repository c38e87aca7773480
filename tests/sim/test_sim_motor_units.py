# SPDX-License-Identifier: GPL-3.0-or-later
"""Motor units and their potentials, one by one; the criteria of validation.py: its own tests."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from endplate.sim.motor_units import Discharge, Pool
from endplate.sim.muscle import (
    RATE_HZ,
    REINNERVATED,
    Sum,
    Tissue,
    cross_talk,
    scale_to,
    skin_distance,
    unit_templates,
)
from endplate.sim.validation import duration_ms

BLOCK = 40
SECONDS = 6.0
SETTLE_S = 1.0
SITES_MM = np.array([0.0, 25.0, 50.0, 75.0])
TISSUES = {"native": Tissue(), "reinnervated": REINNERVATED}
MAXIMUM_UV = 450.0
TMR_POTENTIAL_MS, CONTROL_POTENTIAL_MS = 10.9, 14.0  # Kapelner 2016


@lru_cache
def templates(tissue: str, at_mm: float, seed: int) -> np.ndarray:
    pool, chance = Pool.of(), np.random.default_rng(seed)
    raw = unit_templates(TISSUES[tissue], pool, at_mm, SITES_MM, np.inf, chance)
    return scale_to(raw, pool, MAXIMUM_UV)


@lru_cache
def contraction(tissue: str, excitation: float, at_mm: float = 0.0, seed: int = 1):
    """Signal [samples, sites] after settling, and the time of each unit's spikes."""
    chance = np.random.default_rng([seed, 7])
    discharge = Discharge([Pool.of()], RATE_HZ, chance)
    potentials = Sum(templates(tissue, at_mm, seed))
    blocks, units, times = [], [], []
    for block in range(int(SECONDS * RATE_HZ) // BLOCK):
        unit, offset = discharge.block(np.array([excitation]), BLOCK)
        blocks.append(potentials.block(unit, offset, BLOCK))
        units.append(unit)
        times.append((offset + block * BLOCK) / RATE_HZ)
    unit, time = np.concatenate(units), np.concatenate(times)
    trains = [np.sort(time[unit == number]) for number in range(120)]
    return np.concatenate(blocks)[int(SETTLE_S * RATE_HZ) :], trains


def at_force(share: float) -> float:
    return float(Pool.of().excitation_for(np.array(share)))


@pytest.mark.parametrize(
    ("tissue", "mean_ms"), [("native", CONTROL_POTENTIAL_MS), ("reinnervated", TMR_POTENTIAL_MS)]
)
def test_potentials_last_as_long_as_measured_in_people(tissue, mean_ms):
    durations = [duration_ms(unit) for unit in templates(tissue, 0.0, 1)[:, :, 0]]
    assert min(durations) >= 8.0 and max(durations) <= 18.0
    assert np.mean(durations) == pytest.approx(mean_ms, abs=1.0)


def test_potentials_start_and_end_quietly_inside_their_template():
    for tissue in TISSUES:
        potential = templates(tissue, 0.0, 1)[:, :, 0]
        peak = np.ptp(potential, axis=1)
        assert np.all(np.abs(potential[:, 0]) < 0.04 * peak)
        assert np.all(np.abs(potential[:, -1]) < 0.01 * peak)


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_firing_rates_and_their_irregularity(share):
    excitation = at_force(share)
    _, trains = contraction("native", excitation)
    firing = [np.diff(train) for train in trains if len(train) > 5]
    assert len(firing) > 20
    rate = np.array([1.0 / interval.mean() for interval in firing])
    irregularity = np.array([interval.std() / interval.mean() for interval in firing])
    assert rate.min() >= 8.0 * 0.95 and rate.max() <= 35.0 * 1.05  # means of 6 s scatter by 3 %
    assert 0.15 <= irregularity.mean() <= 0.25
    assert np.mean((irregularity > 0.15) & (irregularity < 0.25)) > 0.9
    assert all(interval.min() > 0.35 / 35.0 for interval in firing)


def test_small_units_fire_first_and_fastest():
    pool = Pool.of()
    rates = pool.rates_hz(0.3)
    recruited = rates > 0
    assert recruited[: recruited.sum()].all() and 0 < recruited.sum() < 120
    assert np.all(np.diff(rates[recruited]) <= 0)
    assert pool.rates_hz(0.0).sum() == 0
    assert pool.rates_hz(1.0).min() == pytest.approx(25.0, abs=0.01)


def test_cross_talk_follows_the_law_and_saturates():
    assert cross_talk(np.array([25.0, 50.0, 75.0])) == pytest.approx(
        0.256 * np.array([1.0, 2.0, 3.0]) ** -1.1, rel=0.01
    )
    assert cross_talk(np.array(0.0)) == 1.0


def test_distance_goes_the_short_way_round_the_limb():
    assert skin_distance(np.array(270.0), np.array([10.0]), 280.0) == pytest.approx([20.0])
    assert skin_distance(np.array(270.0), np.array([10.0]), np.inf) == pytest.approx([260.0])


def test_excitation_gives_the_force_asked_for():
    pool = Pool.of()
    shares = np.linspace(0.02, 1.0, 20)
    made = pool.force(pool.rates_hz(pool.excitation_for(shares)[:, None]))
    assert made / pool.force(pool.rates_hz(1.0)) == pytest.approx(shares, abs=0.01)


def test_rates_do_not_depend_on_the_length_of_a_block():
    counts = []
    for samples in (8, 40, 200):
        discharge = Discharge([Pool.of()], RATE_HZ, np.random.default_rng(3))
        blocks = int(10 * RATE_HZ) // samples
        counts.append(sum(len(discharge.block(np.array([0.5]), samples)[0]) for _ in range(blocks)))
    assert np.ptp(counts) < 0.02 * np.mean(counts)
