# SPDX-License-Identifier: GPL-3.0-or-later
"""What a sample and a control tick cost the hand's processor: instructions, counted by the
emulator, the same on every machine."""

from __future__ import annotations

import pytest

from . import budget
from .builds import built

ARMED, ACTIVE, STALE, LINK_LOST, RELEASING = 3, 4, 5, 6, 8


@pytest.fixture(scope="module", params=budget.FORMS)
def cost(request, arm_tools) -> dict:
    built("budget")
    return budget.measure(form=request.param)


def test_the_emulator_counts_instructions(cost):
    assert abs(cost["counts_per_instruction"] - budget.COUNTS_PER_INSTRUCTION) < 0.1
    for state in (ARMED, ACTIVE, STALE, LINK_LOST, RELEASING):
        assert cost["states"] >> state & 1, f"no tick was measured in state {state}"


def test_a_sample_of_eight_sites_is_within_its_budget(cost):
    chain, hop = cost["chain"], cost["hop"]
    print(f"\nchain: {chain['mean']} instructions a sample, worst {hop['worst']}")
    assert 1000 < chain["mean"] <= budget.SAMPLE_MOST
    assert chain["runs"] == 5 * hop["runs"] > 0
    assert hop["worst"] >= chain["worst"], "the dearest sample closes a hop"
    assert hop["worst"] <= budget.SAMPLE_WORST_MOST


def test_the_worst_control_tick_is_within_its_budget(cost):
    print(f"\ntick: worst {cost['tick']['worst']}, worst of all parts {cost['worst_tick']}")
    assert cost["tick"]["worst"] <= cost["worst_tick"] <= budget.TICK_MOST
    assert cost["tick"]["worst"] > cost["hop"]["worst"]


def test_the_lines_are_within_theirs_and_all_of_it_within_the_millisecond(cost):
    print(f"\nlines: {cost['lines']}, in all {cost['worst_lines']}")
    assert min(cost["lines"].values()) > 100 and cost["worst_lines"] <= budget.LINES_MOST
    assert 3 * (cost["worst_tick"] + cost["worst_lines"]) < 168_000, "cycles, three an instruction"


def test_the_count_is_exact(cost):
    again = budget.measure(form="log"), budget.measure(form="log")
    assert again[0] == again[1]
