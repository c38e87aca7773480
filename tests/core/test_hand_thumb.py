# SPDX-License-Identifier: GPL-3.0-or-later
"""Thumb and fingers do not meet in the wrong order, in any grip of any hand file, both ways.

Reference: the hand file alone. A thumb that ends over the fingers (both bend by more than half of a
fist, and it starts later) may at no moment be further on its way than a finger below it is: else
that finger would close onto its back, or open against it. A thumb that starts with the fingers
meets their tips at the end: until then it is as far as they are. One that waits for the fingers to
be done (key) finds them where they stay."""

import pytest

from endplate.core import ffi, lib
from endplate.hardware import core_table, hand_names, load_hand

CASES = [(name, grip.name) for name in hand_names() for grip in load_hand(name).grips]
DT = 0.01
LATE_SHARE = 0.02  # of the way: rounding, and one cycle


class Free:
    """Joints that follow their goals at once."""

    def __init__(self, hand, grip):
        self.hand, self.names = hand, [joint.name for joint in hand.joints]
        self.grip = next(each for each in hand.grips if each.name == grip)
        self.config = ffi.new("hand_config *", core_table(hand))
        self.state = ffi.new("hand_state *")
        at = [self.grip.open_deg.get(name, 0.0) for name in self.names]
        self.at = ffi.new("float[10]", at)
        assert lib.hand_init(self.state, self.config, self.at) == 0
        index = [each.name for each in hand.grips].index(grip)
        assert lib.hand_select_grip(self.state, self.config, index) == 0
        self.state.closure = 0.0

    def shares(self):
        """How far each joint that the grip bends is on its way, 0..1."""
        found = {}
        for name, begin in self.grip.open_deg.items():
            span = self.grip.closed_deg[name] - begin
            if abs(span) >= 10.0 and name != "thumb_rotation":
                found[name] = (self.state.goal_deg[self.names.index(name)] - begin) / span
        return found

    def run(self, velocity, cycles):
        wanted = ffi.new("float[8]", [velocity])
        for _ in range(cycles):
            assert lib.hand_process(self.state, self.config, wanted, self.at, DT) == 0
            for i in range(len(self.names)):
                self.at[i] = self.state.goal_deg[i]
            yield self.shares()


def ordered(shares, grip):
    """Whether the thumb is where it may be."""
    thumb = shares.pop("thumb_flexion", None)
    if thumb is None or not shares:
        return True
    fingers = min(shares.values())
    if grip.start["thumb_flexion"] > 0.0:
        if grip.start["thumb_flexion"] >= max(grip.stop[name] for name in shares):
            return thumb <= LATE_SHARE or fingers >= 1.0 - LATE_SHARE
        return thumb <= fingers + LATE_SHARE
    return abs(thumb - fingers) <= LATE_SHARE


@pytest.mark.parametrize(("hand", "grip"), CASES)
@pytest.mark.parametrize("velocity", [1.0, 0.3])
def test_closing_opening_and_turning_round_keep_the_order(hand, grip, velocity):
    free = Free(load_hand(hand), grip)
    whole = round(free.grip.close_s / velocity / DT) + 20
    seen = []
    for way, cycles in ((1, whole), (-1, whole), (1, whole // 2), (-1, whole // 4), (1, whole),
                        (-1, whole // 2), (1, whole // 4), (-1, whole)):
        for shares in free.run(way * velocity, cycles):
            seen.append(dict(shares))
            assert ordered(shares, free.grip), (way, seen[-1])
    ends = {name for name in seen[0]}
    assert all(max(row[name] for row in seen) == pytest.approx(1.0, abs=1e-3) for name in ends)
    assert all(abs(seen[-1][name]) < 1e-3 for name in ends), "and open again"


@pytest.mark.parametrize(("hand", "grip"), CASES)
def test_every_thumb_that_ends_over_fingers_waits_for_them(hand, grip):
    """What the order above rests on is in the file: no thumb of a fist starts at once."""
    each = next(one for one in load_hand(hand).grips if one.name == grip)
    bent = [name for name in each.closed_deg
            if not name.startswith("thumb") and each.closed_deg[name] - each.open_deg[name] > 45]
    fist = {"index", "middle", "ring", "little"} & set(bent)
    if len(fist) >= 3 and each.closed_deg["thumb_flexion"] - each.open_deg["thumb_flexion"] > 35:
        assert each.start["thumb_flexion"] >= 0.3


def test_the_order_can_be_seen_to_be_wrong():
    free = Free(load_hand("test-hand"), "power")
    free.config.grip[0].start[0] = 0.0  # the thumb does not wait
    free.config.grip[0].stop[0] = 0.5
    assert not all(ordered(shares, free.grip) for shares in free.run(1.0, 80))
