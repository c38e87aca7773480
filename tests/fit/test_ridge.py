# SPDX-License-Identifier: GPL-3.0-or-later
"""The ridge against an independent solution, and its weights."""

import numpy as np
import pytest

from endplate.fit import ridge


@pytest.fixture
def chance():
    return np.random.default_rng(7)


def data(chance, frames=400, sites=4, noise=0.05):
    u = np.abs(chance.standard_normal((frames, sites)))
    u[: frames // 2] *= 0.02
    true = np.array([[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0]])[:, :sites]
    y = u @ true.T + noise * chance.standard_normal((frames, 2))
    resting = np.arange(frames) < frames // 2
    y[resting] = 0.0
    return u, y, resting, true


def test_the_solution_is_that_of_augmented_least_squares(chance):
    u, y, resting, _ = data(chance)
    weight = ridge.frame_weights(resting)
    w, _ = ridge.fit(u, y, weight, 0.03, resting)
    # The same problem without normal equations: rows scaled, one extra row per penalised weight.
    phi = np.column_stack([u, np.ones(len(u))]) * np.sqrt(weight)[:, None]
    extra = np.sqrt(0.03) * np.eye(u.shape[1], u.shape[1] + 1)
    both = np.concatenate([phi, extra])
    right = np.concatenate([y * np.sqrt(weight)[:, None], np.zeros((u.shape[1], 2))])
    expected = np.linalg.lstsq(both, right, rcond=None)[0]
    assert w == pytest.approx(expected[:-1].T, abs=1e-9)


def test_rest_frames_share_thirty_percent_of_the_weight(chance):
    _, _, resting, _ = data(chance)
    weight = ridge.frame_weights(resting)
    assert weight.sum() == pytest.approx(1)
    assert weight[resting].sum() == pytest.approx(0.30)
    used = np.arange(len(resting)) % 2 == 0
    weight = ridge.frame_weights(resting, used)
    assert not weight[~used].any() and weight[resting].sum() == pytest.approx(0.30)


def test_mean_output_at_rest_is_zero(chance):
    u, y, resting, _ = data(chance)
    u += 0.3  # a floor that never goes away
    w, bias = ridge.fit(u, y, ridge.frame_weights(resting), 0.01, resting)
    assert ridge.predict(u, w, bias)[resting].mean(0) == pytest.approx([0, 0], abs=1e-12)


def test_more_lambda_means_smaller_weights(chance):
    u, y, resting, _ = data(chance)
    weight = ridge.frame_weights(resting)
    sizes = [np.abs(ridge.fit(u, y, weight, x, resting)[0]).sum() for x in (1e-4, 1e-2, 1.0)]
    assert sizes[0] > sizes[1] > sizes[2]


def test_a_dead_site_gets_no_weight_and_does_no_harm(chance):
    u, y, resting, true = data(chance)
    u[:, 3] = 0.0
    w, bias = ridge.fit(u, y, ridge.frame_weights(resting), 1e-4, resting)
    assert not w[:, 3].any()
    assert np.isfinite(bias).all()
    assert w[0] == pytest.approx(true[0], abs=0.05)

