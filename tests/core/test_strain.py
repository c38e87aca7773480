# SPDX-License-Identifier: GPL-3.0-or-later
"""Stall, heat and supply, with measurements written by hand, on the test hand's own table."""

from __future__ import annotations

import pytest

from endplate.core import ffi, lib
from endplate.hardware import core_table, load_hand

HAND = load_hand("test-hand")
JOINTS = [joint.name for joint in HAND.joints]
FINGERS = JOINTS[:6]
HAND_DOF, ROTATION, FLEXION, ELBOW = 0, 1, 2, 3
ALL = (1 << len(JOINTS)) - 1


def table():
    """The hand as firmware/hand_table.py compiles it in."""
    config = ffi.new("hand_config *", core_table(HAND))
    assert lib.hand_check(config) == 0
    return config


class Feeling:
    """strain on a clock that the test turns; joints stand at half of their way by default."""

    def __init__(self, origin: int = 0) -> None:
        self.config, self.hand = ffi.new("strain_config *"), table()
        lib.strain_defaults(self.config)
        self.state, self.out = ffi.new("strain_state *"), ffi.new("guard_senses *")
        lib.strain_init(self.state)
        self.grip, self.now = self.hand.rest_grip, origin
        self.measured = ffi.new("strain_measured *", {"known": ALL})
        for i, joint in enumerate(HAND.joints):
            self.measured.position_deg[i] = 80.0 if joint.name == "thumb_rotation" else 30.0
            self.measured.limit_ma[i] = joint.current_ma
            self.measured.temperature_c[i], self.measured.supply_v[i] = 30.0, 5.0

    def push(self, names, share: float, dps: float = 0.0) -> None:
        """These joints push with that share of their limit and turn so fast."""
        for name in names:
            i = JOINTS.index(name)
            self.measured.current_ma[i] = share * self.measured.limit_ma[i]
            self.measured.velocity_dps[i] = dps

    def step(self, ms: int, wanted: dict[int, float], every: int = 10):
        """Readings every 10 ms; what is forbidden is not driven, as the guard does it."""
        for _ in range(max(1, ms // every)):
            self.now = (self.now + every) % 2**32
            asked = [wanted.get(d, 0.0) for d in range(8)]
            driven = [
                0.0 if (v > 0 and self.out.no_positive >> d & 1)
                or (v < 0 and self.out.no_negative >> d & 1) else v
                for d, v in enumerate(asked)
            ]  # fmt: skip
            assert lib.strain_process(
                self.state, self.config, self.hand, self.grip, self.measured, asked, driven,
                self.now, self.out,
            ) == 0  # fmt: skip
        return self.out


@pytest.mark.parametrize("origin", [0, 2**32 - 100])
def test_all_fingers_stuck_for_150_ms_is_a_stall_of_closing(origin):
    feeling = Feeling(origin)
    feeling.push(FINGERS, 0.95)
    assert not feeling.step(150, {HAND_DOF: 0.7}).stalled
    out = feeling.step(20, {HAND_DOF: 0.7})
    assert (out.stalled, out.no_positive, out.no_negative) == (1, 1, 0)
    assert list(out.scale)[:4] == [1.0] * 4


def test_opening_gets_300_ms():
    feeling = Feeling()
    feeling.push(FINGERS, -0.95)
    assert not feeling.step(300, {HAND_DOF: -0.7}).stalled
    out = feeling.step(20, {HAND_DOF: -0.7})
    assert (out.no_positive, out.no_negative) == (0, 1)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda f: f.push(["index"], 0.95, dps=20.0),  # one finger still moves
        lambda f: f.push(["ring"], 0.5),  # one does not push yet
        lambda f: f.push(FINGERS, -0.95),  # they are pulled the other way
    ],
)
def test_a_hand_that_still_closes_is_not_stalled(spoil):
    feeling = Feeling()
    feeling.push(FINGERS, 0.95)
    spoil(feeling)
    assert not feeling.step(600, {HAND_DOF: 0.7}).stalled


def test_fingers_that_have_arrived_do_not_hide_the_one_that_is_stuck():
    feeling = Feeling()
    for name in ("thumb_flexion", "middle", "ring", "little"):
        i = JOINTS.index(name)
        feeling.measured.position_deg[i] = feeling.hand.grip[feeling.grip].closed_deg[i]
    feeling.push(["index"], 0.95)
    assert feeling.step(170, {HAND_DOF: 0.7}).stalled == 1


def test_nothing_is_stalled_that_is_not_driven_or_not_known():
    feeling = Feeling()
    feeling.push(JOINTS, 1.0)
    assert not feeling.step(500, {}).stalled
    feeling.measured.known = 0
    assert not feeling.step(500, {HAND_DOF: 0.7, ELBOW: 0.7}).stalled


def test_a_joint_of_its_own_stalls_alone():
    feeling = Feeling()
    feeling.push(["elbow"], 0.9)
    out = feeling.step(320, {ELBOW: 0.5, HAND_DOF: 0.5})
    assert (out.stalled, out.no_positive) == (1 << ELBOW, 1 << ELBOW)


def stalled() -> Feeling:
    feeling = Feeling()
    feeling.push(FINGERS, 0.95)
    assert feeling.step(200, {HAND_DOF: 0.7}).no_positive == 1
    return feeling


def test_a_stall_lasts_while_the_effort_lasts():
    feeling = stalled()
    feeling.push(FINGERS, 0.0)
    assert feeling.step(3000, {HAND_DOF: 0.7}).no_positive == 1


def test_a_new_squeeze_is_obeyed_after_the_effort_fell():
    feeling = stalled()
    assert feeling.step(100, {HAND_DOF: 0.29}).no_positive == 1, "falling alone drives nothing"
    assert feeling.step(10, {HAND_DOF: 0.31}).no_positive == 0
    assert feeling.step(200, {HAND_DOF: 0.7}).no_positive == 1, "and is stuck again"


def test_the_other_way_ends_it():
    feeling = stalled()
    assert feeling.step(10, {HAND_DOF: -0.1}).stalled == 0


def test_heat_slows_its_dof_and_leaves_opening_at_last():
    feeling = Feeling()
    i = JOINTS.index("index")
    feeling.measured.temperature_c[i] = 54.9
    assert not feeling.step(10, {}).hot
    feeling.measured.temperature_c[i] = 60.0
    out = feeling.step(10, {})
    assert (out.hot, out.no_positive, out.no_negative) == (1, 0, 0)
    assert list(out.scale)[:2] == pytest.approx([0.65, 1.0])
    feeling.measured.temperature_c[i] = 65.0
    out = feeling.step(10, {})
    assert (out.no_positive, out.no_negative) == (1, 0), "closing waits, opening stays"
    assert out.scale[0] == pytest.approx(0.3)
    feeling.measured.temperature_c[i] = 56.0
    assert feeling.step(10, {}).no_positive == 1, "ten degrees cooler first"
    feeling.measured.temperature_c[i] = 54.9
    out = feeling.step(10, {})
    assert (out.hot, out.no_positive, out.scale[0]) == (0, 0, 1.0)


@pytest.mark.parametrize("how", ["lost", "not read", "nan"])
def test_a_hot_motor_that_is_lost_is_still_hot_when_it_is_back(how):
    feeling = Feeling()
    i = JOINTS.index("index")
    feeling.measured.temperature_c[i] = 65.0
    feeling.step(10, {})
    if how == "lost":
        feeling.measured.known = ALL & ~(1 << i)
    feeling.measured.temperature_c[i] = {"not read": 0.0, "nan": float("nan")}.get(how, 65.0)
    out = feeling.step(500, {})
    assert (out.no_positive, out.no_negative) == (1, 0), "opening stays"
    feeling.measured.known, feeling.measured.temperature_c[i] = ALL, 60.0
    assert feeling.step(10, {}).no_positive == 1, "it has not cooled by ten degrees"
    feeling.measured.temperature_c[i] = 54.9
    assert feeling.step(10, {}).no_positive == 0


def test_a_hot_wrist_goes_neither_way():
    feeling = Feeling()
    feeling.measured.temperature_c[JOINTS.index("wrist_rotation")] = 66.0
    out = feeling.step(10, {})
    assert out.no_positive == out.no_negative == 1 << ROTATION


def test_a_supply_is_low_after_a_second_and_good_after_another():
    feeling = Feeling()
    feeling.measured.supply_v[3] = 4.1
    assert not feeling.step(1000, {}).supply_low
    assert feeling.step(20, {}).supply_low
    feeling.measured.supply_v[3] = 4.4
    assert feeling.step(3000, {}).supply_low, "between the two borders nothing changes"
    feeling.measured.supply_v[3] = 4.6
    assert feeling.step(900, {}).supply_low
    assert not feeling.step(200, {}).supply_low


def test_a_dip_of_the_supply_is_forgiven():
    feeling = Feeling()
    for _ in range(20):
        feeling.measured.supply_v[3] = 4.0
        assert not feeling.step(900, {}).supply_low
        feeling.measured.supply_v[3] = 4.9
        feeling.step(10, {})


def test_what_has_not_been_read_says_nothing():
    feeling = Feeling()
    for i in range(len(JOINTS)):
        feeling.measured.supply_v[i] = feeling.measured.temperature_c[i] = 0.0
    out = feeling.step(2000, {})
    assert not out.supply_low and not out.hot


def test_nan_is_no_stall_and_no_heat():
    feeling = Feeling()
    feeling.push(FINGERS, float("nan"), dps=float("nan"))
    feeling.measured.temperature_c[2] = feeling.measured.supply_v[2] = float("nan")
    out = feeling.step(2000, {HAND_DOF: 0.7})
    assert not out.stalled and not out.hot and not out.supply_low


def process(feeling, **other):
    """strain_process with one argument, or one number of the hand, another."""
    zeros = [0.0] * 8
    given = {
        "state": feeling.state, "config": feeling.config, "hand": feeling.hand,
        "grip": feeling.grip, "measured": feeling.measured, "wanted": zeros, "driven": zeros,
        "now_ms": 0, "out": feeling.out,
    } | other  # fmt: skip
    return lib.strain_process(*given.values())


def test_arguments():
    feeling = Feeling()
    assert process(feeling) == 0
    for name in ("state", "config", "hand", "measured", "wanted", "driven", "out"):
        assert process(feeling, **{name: ffi.NULL}) == lib.CORE_BAD_ARGUMENT, name
    for grip in (-1, feeling.hand.grips):
        assert process(feeling, grip=grip) == lib.CORE_BAD_ARGUMENT
    for name, values in (("dofs", (0, 9)), ("joints", (0, 11))):
        for value in values:
            hand = ffi.new("hand_config *", feeling.hand[0])
            setattr(hand, name, value)
            assert process(feeling, hand=hand) == lib.CORE_BAD_ARGUMENT, (name, value)


def test_bounds():
    assert lib.strain_check(ffi.NULL) == lib.CORE_BAD_ARGUMENT
    assert lib.strain_check(Feeling().config) == 0
    for name, value in (
        ("stall_share", 0.0), ("stall_dps", float("nan")), ("stall_closing_ms", 19),
        ("stall_closing_ms", 2001), ("stall_opening_ms", 19), ("stall_opening_ms", 2001),
        ("regrip", 1.0), ("hot_c", 29.0), ("too_hot_c", 55.5), ("cooler_c", 0.0),
        ("hot_scale", 0.0), ("low_v", 0.5), ("good_v", 4.0), ("low_ms", 10001),
    ):  # fmt: skip
        config = ffi.new("strain_config *")
        lib.strain_defaults(config)
        setattr(config, name, value)
        assert lib.strain_check(config) == lib.CORE_BAD_CONFIG, name


def test_a_joint_of_its_own_stalls_in_its_negative_way_too():
    feeling = Feeling()
    feeling.push(["elbow"], -0.9)
    out = feeling.step(320, {ELBOW: -0.5})
    assert (out.stalled, out.no_negative) == (1 << ELBOW, 1 << ELBOW)


def test_a_grip_that_closes_by_the_negative_way():
    feeling = Feeling()
    feeling.hand.dof[HAND_DOF].closing = -1
    feeling.push(FINGERS, 0.95)
    assert feeling.step(170, {HAND_DOF: -0.7}).no_negative == 1
    feeling.measured.temperature_c[JOINTS.index("index")] = 66.0
    out = feeling.step(10, {})
    assert (out.no_positive, out.no_negative) == (0, 1), "opening stays"


def test_a_motor_without_current_to_speak_of_says_nothing():
    feeling = Feeling()
    for i in range(len(JOINTS)):
        feeling.measured.limit_ma[i] = 19.0
    feeling.push(FINGERS, 1.0)
    assert not feeling.step(500, {HAND_DOF: 0.7}).stalled


def test_it_is_hot_as_long_as_closing_waits():
    feeling = Feeling()
    i = JOINTS.index("index")
    feeling.measured.temperature_c[i] = 65.0
    feeling.step(10, {})
    feeling.measured.temperature_c[i] = 55.0
    out = feeling.step(10, {})
    assert (out.hot, out.no_positive) == (1, 1)


def test_a_joint_that_is_not_known_makes_its_dof_absent_and_no_other():
    feeling = Feeling()
    assert feeling.step(10, {}).absent == 0
    feeling.measured.known = ALL & ~(1 << JOINTS.index("ring"))
    assert feeling.step(10, {}).absent == 1 << HAND_DOF
    feeling.measured.known = ALL & ~(1 << JOINTS.index("elbow"))
    assert feeling.step(10, {}).absent == 1 << ELBOW
    feeling.measured.known = 0
    assert feeling.step(10, {}).absent == 0b1111
