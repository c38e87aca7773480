# SPDX-License-Identifier: GPL-3.0-or-later
"""What a sample and a control tick cost the hand's processor: instructions, counted by the
emulator, the same on every machine."""

from __future__ import annotations

import pytest

from . import budget
from .builds import built
from .chain_case import DECODERS

ARMED, ACTIVE, STALE, LINK_LOST, RELEASING = 3, 4, 5, 6, 8
DECODER_STEP = 5000  # decoder.h: instructions that a step is meant to take, about


@pytest.fixture(scope="module", params=budget.FORMS)
def cost(request, arm_tools) -> dict:
    built("budget")
    return budget.measure(form=request.param)


def test_the_emulator_counts_instructions(cost):
    assert abs(cost["counts_per_instruction"] - budget.COUNTS_PER_INSTRUCTION) < 0.1
    for state in (ARMED, ACTIVE, STALE, LINK_LOST, RELEASING):
        assert cost["states"] >> state & 1, f"no tick was measured in state {state}"


def test_a_sample_of_eight_sites_is_within_its_budget(cost):
    within_a_samples(cost)


def within_a_samples(cost: dict) -> None:
    """A sample, and a step of the work on the hop that it may have closed: never both in a tick."""
    chain, work = cost["chain"], cost["work"]
    print(f"\nchain: {chain['mean']} instructions a sample, worst {chain['worst']}; "
          f"{cost['steps']} steps a hop, {work['mean']} each, worst {work['worst']}")  # fmt: skip
    assert 1000 < chain["mean"] <= budget.SAMPLE_MOST
    hops, uneven = divmod(work["runs"], cost["steps"])
    assert not uneven and chain["runs"] == 5 * hops > 0, "every hop takes as many"
    assert chain["worst"] <= budget.SAMPLE_WORST_MOST
    assert work["worst"] <= cost["emg"]["worst"], "no step is dearer than a frame of EMG"


def within_a_ticks(cost: dict) -> None:
    print(f"\ntick: worst {cost['tick']['worst']}, worst of all parts {cost['worst_tick']}")
    assert cost["tick"]["worst"] <= cost["worst_tick"] <= budget.TICK_MOST
    assert cost["tick"]["worst"] > max(cost["chain"]["worst"], cost["work"]["worst"])


def test_the_worst_control_tick_is_within_its_budget(cost):
    within_a_ticks(cost)


@pytest.mark.parametrize("decoder", DECODERS)
def test_every_kind_of_decoder_is_within_the_same_budget(arm_tools, decoder):
    built("budget")
    cost = budget.measure(decoder=decoder)
    print(f"\n{decoder}:", end="")
    within_a_samples(cost)
    within_a_ticks(cost)
    large = decoder in ("fourier", "classes", "mean")
    assert (cost["steps"] > 8) == large, "only these spread their work over more than a few steps"
    assert cost["work"]["worst"] > (0.5 if large else 0.0) * DECODER_STEP, "its steps were measured"


def test_the_lines_are_within_theirs_and_all_of_it_within_the_millisecond(cost):
    print(f"\nlines: {cost['lines']}, in all {cost['worst_lines']}")
    assert min(cost["lines"].values()) > 100 and cost["worst_lines"] <= budget.LINES_MOST
    assert 3 * (cost["worst_tick"] + cost["worst_lines"]) < 168_000, "cycles, three an instruction"


def test_the_count_is_exact(cost):
    again = budget.measure(form="log"), budget.measure(form="log")
    assert again[0] == again[1]
