# SPDX-License-Identifier: GPL-3.0-or-later
"""Dead-band, hysteresis, catching up, exponent, gain, cap and slew, dense at each edge."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typical import typical_shape

from endplate.core import ffi, lib

DT = 0.02


class Shape:
    """`shape` with plain numbers; `dofs` copies of one DoF unless given one by one."""

    def __init__(self, *dofs: dict[str, Any], release: float = 0.7, cap: float = 0.0) -> None:
        fields = {"dofs": len(dofs), "release_ratio": release, "norm_cap": cap, "dof": list(dofs)}
        self.config, self.state = ffi.new("shape_config *", fields), ffi.new("shape_state *")
        assert lib.shape_init(self.state, self.config) == 0
        self.dofs = len(dofs)

    def __call__(self, *intent: float) -> list[float]:
        out = ffi.new("float[8]")
        given_intent = ffi.new("float[8]", list(intent))
        assert lib.shape_process(self.state, self.config, given_intent, DT, out) == 0
        return [out[d] for d in range(self.dofs)]


def test_the_dead_band_is_left_at_0_1_and_entered_at_0_07():
    shape = Shape(typical_shape())
    for still in (0.0, 0.05, 0.0999, 0.1, -0.1, -0.0999):
        assert shape(still) == [0.0]
    assert 0 < shape(0.1001)[0] < 0.001  # starts at 0
    assert shape(0.09)[0] == pytest.approx(2 * (0.09 - 0.07))
    assert shape(0.0701)[0] == pytest.approx(0.0002, abs=1e-6)  # ends at 0
    assert shape(0.0699) == [0.0]
    assert shape(0.09) == [0.0]  # stopped: the whole dead-band again


def test_the_other_direction_must_pass_the_dead_band_anew():
    shape = Shape(typical_shape())
    shape(0.5)
    assert shape(-0.09) == [0.0]
    assert shape(0.5)[0] > 0
    assert shape(-0.2)[0] == pytest.approx(-0.2)
    assert shape(-0.09)[0] == pytest.approx(-2 * (0.09 - 0.07))


def test_well_above_the_dead_band_nothing_is_lost_to_it():
    for y in (0.1401, 0.15, 0.3, 0.77):  # 0.14 is twice the lower threshold
        shape = Shape(typical_shape())
        shape(0.5)
        assert shape(y)[0] == pytest.approx(y)
    first = Shape(typical_shape())
    assert first(0.15)[0] == pytest.approx(0.1)  # the hop that starts: the whole dead-band
    assert first(0.15)[0] == pytest.approx(0.15)


def test_it_never_jumps_and_never_falls_while_effort_rises():
    for dead_band in (0.0, 0.1, 0.3, 0.4999, 0.5, 0.7, 0.9):
        for release in (0.7, 1.0):
            shape = Shape(typical_shape(dead_band=dead_band), release=release)
            shape(1.0)
            last = 1.0
            steps = np.arange(1.0, release * dead_band, -0.001, dtype=np.float32)
            for y in steps.tolist():
                now = shape(y)[0]
                assert 0 <= last - now < 0.011, (dead_band, release, y)  # slope 10 at most
                last = now
            assert shape(1.0)[0] == 1.0


def test_full_intent_is_full_velocity():
    assert Shape(typical_shape())(1.0) == [1.0]
    assert Shape(typical_shape())(-1.0) == [-1.0]
    assert Shape(typical_shape())(50.0) == [1.0]
    assert Shape(typical_shape())(-math.inf) == [-1.0]


def test_gain_and_exponent_belong_to_a_direction():
    slow, fast = {"gain": 0.5, "exponent": 2.0}, {"gain": 3.0, "exponent": 1.0}
    shape = Shape(typical_shape(dead_band=0.0, positive=slow, negative=fast))
    assert shape(0.6)[0] == pytest.approx(0.5 * 0.36, rel=1e-5)
    assert shape(1.0)[0] == pytest.approx(0.5, rel=1e-6)
    assert shape(-0.2)[0] == pytest.approx(-0.6, rel=1e-6)
    assert shape(-0.5) == [-1.0]


def test_the_cap_shortens_a_combination_and_leaves_a_single_motion():
    shape = Shape(*[typical_shape(dead_band=0.0)] * 3, cap=1.0)
    assert shape(1.0, 0.0, 0.0) == [1.0, 0.0, 0.0]
    assert shape(0.6, -0.6, 0.0) == pytest.approx([0.6, -0.6, 0.0])
    together = shape(1.0, -1.0, 1.0)
    assert together == pytest.approx([3**-0.5, -(3**-0.5), 3**-0.5], rel=1e-6)
    assert Shape(*[typical_shape(dead_band=0.0)] * 2)(1.0, 1.0) == [1.0, 1.0]  # 0: no cap


def test_only_speeding_up_is_slewed():
    shape = Shape(typical_shape(dead_band=0.0, slew_per_s=5.0))
    assert [shape(1.0)[0] for _ in range(3)] == pytest.approx([0.1, 0.2, 0.3], rel=1e-5)
    assert shape(0.25)[0] == pytest.approx(0.25)  # slower at once
    assert shape(0.0) == [0.0]  # stops at once
    assert shape(1.0)[0] == pytest.approx(0.1)
    for _ in range(20):
        shape(1.0)
    assert shape(-1.0)[0] == pytest.approx(-0.1)  # a reversal starts from 0


def test_nan_is_rest_and_leaves_no_trace():
    shape = Shape(typical_shape(), typical_shape())
    shape(0.5, 0.5)
    assert shape(math.nan, 0.5)[0] == 0.0
    assert shape(0.09, 0.5)[0] == 0.0  # rest: the dead-band is whole again
    assert shape(0.5, math.nan) == [pytest.approx(0.5), 0.0]


@given(
    intents=st.lists(st.floats(width=32), min_size=1, max_size=60),
    dead_band=st.floats(0, 0.875, width=32),
    gain=st.floats(0, 8, width=32),
    exponent=st.floats(1, 2, width=32),
    slew=st.floats(0, 50, width=32),
    cap=st.sampled_from([0.0, 0.5, 1.0]),
)
def test_whatever_comes_the_velocity_is_bounded_and_stops_at_rest(
    intents, dead_band, gain, exponent, slew, cap
):
    side = {"gain": gain, "exponent": exponent}
    dof = typical_shape(dead_band=dead_band, slew_per_s=slew, positive=side, negative=side)
    shape = Shape(dof, dof, cap=cap)
    before = 0.0
    for y in intents:
        v, w = shape(y, -y)
        assert -1 <= v <= 1 and (v == 0 or v * y > 0)
        assert w == -v  # both directions are the same here
        if cap:
            assert math.hypot(v, w) <= cap * (1 + 1e-6)
        if slew:
            same = before if before * v > 0 else 0.0
            assert abs(v) <= abs(same) + np.float32(slew) * np.float32(DT) * (1 + 1e-5)
        before = v
        assert shape.state.velocity[0] == v
    assert shape(0.0, 0.0) == [0.0, 0.0]


def test_target_in_the_wires_unit():
    assert [lib.shape_target(v) for v in (0.0, -0.0, 1.0, -1.0)] == [0, 0, 10000, -10000]
    assert [lib.shape_target(v) for v in (2.0, -2.0, 1e30, -math.inf)] == [
        10000, -10000, 10000, -10000,
    ]
    assert lib.shape_target(math.nan) == 0
    assert [lib.shape_target(v) for v in (0.5, -0.5, 0.00004, 0.00006)] == [5000, -5000, 0, 1]
    assert lib.WIRE_TARGET_UNIT == 10000


BAD = [{"dofs": 0}, {"dofs": 9}, {"release_ratio": -0.1}, {"release_ratio": 1.1}]
BAD += [{"norm_cap": -1.0}]
BAD_DOF = [{"dead_band": -0.01}, {"dead_band": 0.91}, {"slew_per_s": -1.0}]
BAD_DOF += [{"positive": {"gain": -0.1, "exponent": 1}}, {"negative": {"gain": 8.1, "exponent": 1}}]
BAD_DOF += [{"positive": {"gain": 1, "exponent": 0.9}}, {"negative": {"gain": 1, "exponent": 2.1}}]


def checked(dof: dict[str, Any], **changes: Any) -> int:
    fields = {"dofs": 2, "release_ratio": 0.7, "norm_cap": 1.0, "dof": [typical_shape(), dof]}
    return lib.shape_check(ffi.new("shape_config *", fields | changes))


def test_check_refuses():
    assert checked(typical_shape()) == 0
    for changes in BAD:
        assert checked(typical_shape(), **changes) == lib.CORE_BAD_CONFIG, changes
    for changes in BAD_DOF:
        assert checked(typical_shape(**changes)) == lib.CORE_BAD_CONFIG, changes
    for value in (math.nan, math.inf):
        for name in ("dead_band", "slew_per_s"):
            assert checked(typical_shape(**{name: value})) == lib.CORE_NOT_FINITE
        for name in ("release_ratio", "norm_cap"):
            assert checked(typical_shape(), **{name: value}) == lib.CORE_NOT_FINITE
        side = {"gain": value, "exponent": 1.0}
        assert checked(typical_shape(negative=side)) == lib.CORE_NOT_FINITE


def test_a_time_that_is_none_is_refused():
    shape = Shape(typical_shape())
    out = ffi.new("float[8]")
    for dt in (math.nan, math.inf, -0.02):
        status = lib.shape_process(shape.state, shape.config, ffi.new("float[8]"), dt, out)
        assert status == lib.CORE_BAD_ARGUMENT
