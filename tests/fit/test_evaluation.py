# SPDX-License-Identifier: GPL-3.0-or-later
"""The measures of tracking, on commands whose figures are known beforehand."""

import numpy as np
import pytest

from endplate.fit.evaluation import delay_samples, hold, tracking
from endplate.fit.shaping import output_matrix

RATE_HZ = 250


def trapezoids(count=6, rest_s=2.0):
    """Intent of two DoF, one after the other, with rests."""
    seconds = np.arange(round((4 + rest_s) * RATE_HZ)) / RATE_HZ
    shape = np.interp(seconds, [0, 1, 3, 4], [0, 1, 1, 0], right=0)
    parts = []
    for number in range(count):
        part = np.zeros((len(seconds), 2))
        part[:, number % 2] = shape * (1 if number % 4 < 2 else -1)
        parts.append(part)
    return np.concatenate(parts)


def test_a_perfect_command_scores_perfectly():
    intent = trapezoids()
    found = tracking(intent, intent, rate_hz=RATE_HZ)
    assert found["r2"] == [1.0, 1.0] and found["delay_ms"] == 0
    assert found["leakage"] == 0 and found["rest_motion_share"] == 0


def test_standing_still_scores_nothing():
    intent = trapezoids()
    found = tracking(intent, np.zeros_like(intent), rate_hz=RATE_HZ)
    assert found["r2"][0] == pytest.approx(0, abs=0.05)
    assert found["rest_motion_share"] == 0


def test_what_moves_beside_what_is_meant_stands_by_movement():
    intent = trapezoids()[: round(18 * RATE_HZ)]  # close, bend, open: never straighten
    command = intent.copy()
    command[:, 1] += 0.25 * np.abs(intent[:, 0])  # the elbow bends with the hand
    both = np.full((100, 2), 0.5)  # two at once say nothing of either
    found = output_matrix(
        np.concatenate([intent, both]), np.concatenate([command, both]), ("hand", "elbow")
    )
    mean = np.abs(intent[intent[:, 0] > 0, 0]).mean()
    assert list(found) == ["Close hand", "Open hand", "Bend elbow"]
    assert found["Close hand"] == {"hand": pytest.approx(mean, abs=1e-3),
                                   "elbow": pytest.approx(0.25 * mean, abs=1e-3)}  # fmt: skip
    assert found["Bend elbow"]["hand"] == 0


def test_a_delay_costs_and_is_measured_and_can_be_taken_out():
    intent = trapezoids()
    late = np.concatenate([np.zeros((30, 2)), intent[:-30]])
    found = tracking(intent, late, rate_hz=RATE_HZ)
    assert found["delay_ms"] == 120
    assert found["r2_undelayed"] == [1.0, 1.0]
    assert 0.93 < found["r2"][0] < 0.99


def test_the_delay_is_found_under_noise():
    intent = trapezoids()
    late = np.concatenate([np.zeros((20, 2)), intent[:-20]])
    late += 0.1 * np.random.default_rng(1).standard_normal(late.shape)
    assert abs(delay_samples(intent, late, 150) - 20) <= 1


def test_leakage_is_the_mean_command_beside_a_moving_dof():
    intent = trapezoids()
    command = intent.copy()
    still = (intent[:, 0] != 0) & (intent[:, 1] == 0)
    command[still, 1] = -0.2
    beside_0, beside_1 = still.sum(), (intent[:, 1] != 0).sum()
    found = tracking(intent, command, rate_hz=RATE_HZ)
    assert found["leakage"] == pytest.approx(0.2 * beside_0 / (beside_0 + beside_1))
    assert found["rest_motion_share"] == 0


def test_motion_at_rest_is_counted_once_whatever_moves():
    intent = np.concatenate([trapezoids(1), np.zeros((1000, 2))])
    command = intent.copy()
    command[-100:] = 0.3
    settled = len(intent) - 1000 - 125 + 1000  # the movement's end, half a second, the rest
    settled -= round(4 * RATE_HZ) - 1
    found = tracking(intent, command, rate_hz=RATE_HZ)
    assert found["rest_motion_share"] == pytest.approx(100 / settled, rel=0.02)


def test_a_late_stop_is_told_apart_from_motion_at_rest():
    intent = trapezoids()
    late = np.concatenate([np.zeros((30, 2)), intent[:-30]])
    found = tracking(intent, late, rate_hz=RATE_HZ)
    assert found["rest_motion_share"] == 0
    assert found["rest_motion_share_with_stops"] == pytest.approx(30 / (2 * RATE_HZ), abs=0.01)


def test_a_dof_that_never_moves_has_no_r2():
    intent = np.concatenate([trapezoids(), np.zeros((9000, 1))], axis=1)
    assert tracking(intent, intent, rate_hz=RATE_HZ)["r2"] == [1.0, 1.0, None]


def test_a_hop_holds_from_its_end_to_the_next():
    held = hold(np.array([5, 10]), np.array([[0.1], [0.2]]), 13)[:, 0]
    assert held.tolist() == [0] * 5 + [0.1] * 5 + [0.2] * 3
