# SPDX-License-Identifier: GPL-3.0-or-later
"""Dual-site direct control: two sites a pair, and co-contractions that switch what it drives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from endplate.core import CoreError, ffi, lib
from endplate.core_decoder import Decoder

HOP_MS = 20


def side(site: int, threshold: float = 0.2, gain: float = 1.0) -> dict[str, Any]:
    return {"site": site, "threshold": threshold, "gain": gain}


def pair(positive: int = 0, negative: int = 1, dofs: int = 1) -> dict[str, Any]:
    return {"positive": side(positive), "negative": side(negative), "dofs": dofs}


def settings(*pairs: dict[str, Any], inputs: int = 4, dofs: int = 4, **changes: Any) -> dict:
    direct = {
        "pairs": len(pairs), "switch_level": 0.6, "switch_hops": 300 // HOP_MS, "pair": list(pairs),
    }  # fmt: skip
    return {"kind": lib.DECODER_DIRECT, "inputs": inputs, "dofs": dofs, "direct": direct | changes}


def intents(made: dict[str, Any], u: Any) -> np.ndarray:
    return Decoder(made).process(np.array(u, np.float32))


def test_each_pair_is_agonist_minus_antagonist():
    own = [pair(2, 0, 0b100), pair(1, 3, 0b1)]
    own[0]["positive"] |= {"threshold": 0.1, "gain": 1.7}
    own[1]["negative"] |= {"threshold": 0.5, "gain": 0.8}
    u = np.random.default_rng(0).uniform(0, 1.3, (300, 4)).astype(np.float32)

    def strength(site: int, threshold: float, gain: float) -> np.ndarray:
        return np.clip(gain * (u[:, site] - threshold), 0, 1)

    ours = intents(settings(*own), u)
    assert ours[:, 2] == pytest.approx(strength(2, 0.1, 1.7) - strength(0, 0.2, 1), abs=1e-6)
    assert ours[:, 0] == pytest.approx(strength(1, 0.2, 1) - strength(3, 0.5, 0.8), abs=1e-6)
    assert np.all(ours[:, [1, 3]] == 0)
    assert ours.max() == 1.0 and ours.min() < -0.7  # both ends are reached


def test_co_activation_cancels_to_nothing():
    assert np.all(intents(settings(pair()), [[u, u, 0, 0] for u in (0.1, 0.5, 0.9, 2.0)]) == 0)


def test_at_the_threshold_it_stands_still_and_below():
    own = pair()
    own["positive"]["threshold"] = 0.25
    assert intents(settings(own), [[u, 0, 0, 0] for u in (0.25, 0.1, 0.5)])[:, 0].tolist() == [
        0.0, 0.0, 0.25,
    ]  # fmt: skip


def test_a_side_may_be_without_a_site():
    u = [[0.7, 0.9, 0.0, 0.0]]
    assert intents(settings(pair(0, -1)), u)[0, 0] == pytest.approx(0.5)
    assert intents(settings(pair(-1, 1)), u)[0, 0] == pytest.approx(-0.7)


def test_what_is_no_number_does_not_move():
    u = [[math.nan, 0, 0, 0], [0, math.nan, 0, 0], [-math.inf, 0, 0, 0], [math.inf, 0, 0, 0]]
    assert intents(settings(pair()), u)[:, 0].tolist() == [0, 0, 0, 1]


def course(*steps: tuple[float, float, int]) -> np.ndarray:
    """(positive, negative, hops), one after another."""
    return np.array([[a, b, 0, 0] for a, b, hops in steps for _ in range(hops)], np.float32)


def driven(*steps: tuple[float, float, int], dofs: int = 0b1010, **changes: Any) -> list[int]:
    """Which DoF moves in each hop, -1: none."""
    y = intents(settings(pair(dofs=dofs), **changes), course(*steps))
    assert np.all(np.count_nonzero(y, axis=1) <= 1)
    return [int(np.flatnonzero(row)[0]) if row.any() else -1 for row in y]


RELAX, BOTH, BEND = (0.0, 0.0, 3), (0.9, 0.8, 3), (0.5, 0.0, 2)


def test_the_lowest_of_its_dofs_is_driven_first():
    assert driven(BEND) == [1, 1]
    assert driven(BEND, dofs=0b1100) == [2, 2]


def test_a_co_contraction_hands_over_to_the_next_and_from_the_last_to_the_first():
    moved = driven(*([BEND, RELAX, BOTH, RELAX] * 4), dofs=0b1101)
    assert [moved[k * 11] for k in range(4)] == [0, 2, 3, 0]


def test_it_is_still_until_both_sides_have_relaxed():
    moved = driven(BEND, BOTH, (0.9, 0.1, 4), (0.1, 0.9, 4), (0.3, 0.0, 4), (0.1, 0.1, 2), BEND)
    # after the co-contraction until both are below 0.2; then the second DoF
    assert moved == [1, 1] + [-1] * (3 + 4 + 4 + 4 + 2) + [3, 3]


@pytest.mark.parametrize("first", [0, 1])
def test_it_takes_both_sides_within_300_ms(first):
    alone = (0.9, 0.0) if first == 0 else (0.0, 0.9)
    for apart in range(1, 25):
        # one side rises and stays, the other follows `apart` hops later
        moved = driven((*alone, apart), (0.9, 0.85, 2), RELAX, BEND)
        switched = apart * HOP_MS <= 300
        assert moved[-1] == (3 if switched else 1), apart


def test_contractions_one_after_the_other_switch_nothing():
    moved = driven((0.9, 0.0, 5), (0.0, 0.9, 5), (0.9, 0.0, 5), RELAX, BEND)
    assert moved[-1] == 1 and moved[:15] == [1] * 15


def test_both_sides_below_the_level_switch_nothing():
    assert driven((0.59, 0.59, 5), RELAX, BEND)[-1] == 1
    assert driven((0.9, 0.59, 5), RELAX, BEND)[-1] == 1
    assert driven((0.61, 0.61, 1), RELAX, BEND)[-1] == 3


def test_a_held_co_contraction_switches_once():
    assert driven((0.9, 0.8, 200), RELAX, BEND)[-1] == 3


def test_a_pair_of_one_dof_never_switches_and_never_waits():
    assert driven(BEND, (0.9, 0.7, 2), BEND, dofs=0b10) == [1] * 6


def test_each_pair_switches_alone():
    made = settings(pair(0, 1, 0b0011), pair(2, 3, 0b1100))
    u = np.zeros((9, 4), np.float32)
    u[:3, :2] = 0.9  # the first pair co-contracts
    u[1:, 2] = 0.5  # the second bends all the time
    u[6:, 0] = 0.5
    y = intents(made, u)
    assert np.all(y[1:, 2] > 0) and np.all(y[:, 3] == 0)
    assert np.all(y[:6, :2] == 0) and np.all(y[6:, 1] > 0) and np.all(y[6:, 0] == 0)


def test_reset_drives_the_first_dof_again():
    decoder = Decoder(settings(pair(dofs=0b11)))
    decoder.process(course(BOTH, RELAX))
    assert decoder.process(course(BEND))[0].tolist() == pytest.approx([0, 0.3, 0, 0])
    decoder.reset()
    assert decoder.process(course(BEND))[0].tolist() == pytest.approx([0.3, 0, 0, 0])


def refused(made: dict[str, Any]) -> int:
    with pytest.raises(CoreError) as error:
        Decoder(made)
    return error.value.status


def test_check_refuses_sites_and_dofs_that_are_not_there():
    Decoder(settings(pair(3, -1, 0b1000)))
    wrong = [pair(4), pair(-2), pair(0, 4), pair(0, -2)]
    wrong += [pair(dofs=bits) for bits in (0, 0b10000, 1 << 31)]
    for one in wrong:
        assert refused(settings(one)) == lib.CORE_BAD_CONFIG, one
    assert refused(settings(pair(dofs=0b11), pair(2, 3, 0b10))) == lib.CORE_BAD_CONFIG
    assert refused(settings()) == refused(settings(pair(), pairs=9)) == lib.CORE_BAD_CONFIG
    assert refused(settings(pair(), pairs=-1)) == lib.CORE_BAD_CONFIG


def test_check_refuses_a_switch_that_could_not_work():
    both = pair(dofs=0b11)
    Decoder(settings(both, switch_level=0.21))
    for changes in ({"switch_level": 0.2}, {"switch_hops": 0}, {"switch_hops": 1001}):
        assert refused(settings(both, **changes)) == lib.CORE_BAD_CONFIG, changes
        Decoder(settings(pair(), **changes))  # nobody asks where there is but one
    for one in (pair(0, -1, 0b11), pair(-1, 0, 0b11)):
        assert refused(settings(one)) == lib.CORE_BAD_CONFIG


@pytest.mark.parametrize("which", ["positive", "negative"])
def test_check_refuses_thresholds_and_gains_that_no_calibration_makes(which):
    for name in ("threshold", "gain"):
        for value, status in (
            (-0.1, lib.CORE_BAD_CONFIG), (101.0, lib.CORE_BAD_CONFIG),
            (math.nan, lib.CORE_NOT_FINITE), (math.inf, lib.CORE_NOT_FINITE),
        ):  # fmt: skip
            wrong = pair()
            wrong[which] = wrong[which] | {name: value}
            assert refused(settings(wrong)) == status, (name, value)
    assert refused(settings(pair(), switch_level=math.nan)) == lib.CORE_NOT_FINITE


def test_check_counts_sides_of_every_pair():
    made = settings(pair(), pair(2, 3, 0b10))
    made["direct"]["pair"][1]["negative"]["site"] = 9
    config = ffi.new("decoder_config *", made)
    assert lib.decoder_check(config) == lib.CORE_BAD_CONFIG
