# SPDX-License-Identifier: GPL-3.0-or-later
"""The current each joint may take: the least of grip, host and parameter, and all of them within
the supply. Reference: worked out here from the hand file."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endplate.core import ffi, lib
from endplate.hardware import core_table, load_hand

HANDS = [load_hand("test-hand"), load_hand("transradial")]


def table(hand, supply_ma=None):
    fields = core_table(hand)
    if supply_ma is not None:
        fields["supply_ma"] = supply_ma
    config = ffi.new("hand_config *", fields)
    assert lib.hand_check(config) == 0
    return config


def shares(hand, grip, host=(255,) * 8, milli=1000, opens=0, supply_ma=None):
    """By joint name, 0..1."""
    out = ffi.new("uint8_t[10]")
    config = table(hand, supply_ma)
    index = [each.name for each in hand.grips].index(grip)
    assert lib.caps_process(config, index, bytes(host), milli, opens, out) == 0
    return {joint.name: out[i] / 254 for i, joint in enumerate(hand.joints)}


def own(hand):
    return {dof.joint for dof in hand.dofs if dof.joint}


@pytest.mark.parametrize("grip", [grip.name for grip in HANDS[0].grips])
def test_a_grip_takes_no_more_than_its_own_cap(grip):
    hand = HANDS[0]
    cap = next(each.force_cap for each in hand.grips if each.name == grip)
    for name, share in shares(hand, grip).items():
        assert share == pytest.approx(1.0 if name in own(hand) else cap, abs=1 / 254)


@pytest.mark.parametrize(("host", "milli", "expected"), [
    (255, 1000, 0.4), (102, 1000, 0.4), (51, 1000, 0.2), (255, 200, 0.2), (51, 300, 0.2),
    (0, 1000, 0.0), (200, 0, 0.0)])
def test_the_least_of_grip_host_and_parameter_counts(host, milli, expected):
    found = shares(HANDS[0], "pinch", host=[host] * 8, milli=milli)
    assert found["index"] == pytest.approx(expected, abs=1 / 254)
    assert found["elbow"] == pytest.approx(min(host / 254, milli / 1000, 1), abs=1 / 254)


def test_neither_grip_nor_host_binds_an_opening():
    found = shares(HANDS[0], "pinch", host=[0] * 8, milli=900, opens=1)
    assert min(found.values()) == max(found.values()) == pytest.approx(0.9, abs=1 / 254)


def test_the_arm_goes_first_and_the_digits_share_what_is_left():
    found = shares(HANDS[0], "power", supply_ma=4000.0)
    assert [found[name] for name in own(HANDS[0])] == [1.0] * 3
    assert found["index"] == found["thumb_rotation"] == pytest.approx(1600 / 2900, abs=1 / 254)
    assert shares(HANDS[1], "power")["index"] == pytest.approx(2100 / 2900, abs=1 / 254)
    assert shares(HANDS[1], "pinch")["index"] == pytest.approx(0.4, abs=1 / 254), "fits"


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(HANDS), st.floats(3000, 8000), st.integers(0, 5),
       st.lists(st.integers(0, 255), min_size=8, max_size=8), st.integers(0, 1000),
       st.booleans())
def test_the_sum_never_exceeds_the_supply(hand, supply_ma, grip, host, milli, opens):
    found = shares(hand, hand.grips[grip].name, host, milli, int(opens), supply_ma)
    total = sum(joint.current_ma * found[joint.name] for joint in hand.joints)
    assert total <= int(supply_ma)
    assert max(found.values()) <= milli / 1000 + 1e-9


@pytest.mark.parametrize("grip", [-1, 6, 12])
def test_an_unknown_grip_writes_nothing(grip):
    out = ffi.new("uint8_t[10]", b"\x07" * 10)
    done = lib.caps_process(table(HANDS[0]), grip, bytes([255] * 8), 1000, 0, out)
    assert done == lib.CORE_BAD_ARGUMENT
    assert bytes(out) == b"\x07" * 10
