# SPDX-License-Identifier: GPL-3.0-or-later
"""The ridge against an independent solution, its weights, and the choice among candidates."""

import numpy as np
import pytest

from endplate.fit import ridge
from endplate.fit.selection import MATERIAL_SHARE, Frames, choose, dead_zone, fit_decoder, held_out


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


def frames_of(y, resting, repetitions=3):
    repetition = np.arange(len(y)) % repetitions
    nothing = np.zeros(len(y), bool)
    return Frames(y, resting, nothing, ~nothing, repetition)


def test_sites_that_give_a_dof_next_to_nothing_are_left_out_of_it(chance):
    u, y, resting, _ = data(chance)
    decoder = fit_decoder(u, frames_of(y, resting), 1e-3)
    assert (decoder.weights != 0).tolist() == [
        [True, True, False, False], [False, False, True, True],
    ]
    gives = np.abs(decoder.weights) * u.std(0)
    shares = gives / gives.sum(1, keepdims=True)
    assert shares[decoder.weights != 0].min() > MATERIAL_SHARE


def test_a_repetition_is_judged_by_a_decoder_that_has_not_seen_it(chance):
    """With labels that are noise, honest held-out figures must be bad and training ones good."""
    u = chance.standard_normal((60, 20))
    y = chance.standard_normal((60, 1))
    frames = frames_of(y, np.zeros(60, bool))
    unseen = held_out(u, frames, 1e-6)
    seen = fit_decoder(u, frames, 1e-6)(u)
    spread = np.var(y)
    assert np.mean((seen - y) ** 2) < 0.8 * spread
    assert np.mean((unseen - y) ** 2) > 1.1 * spread


def test_frames_of_no_repetition_are_always_trained_on_and_never_judged(chance):
    u, y, resting, _ = data(chance)
    frames = frames_of(y, resting)
    frames.repetition[:50] = -1
    unseen = held_out(u, frames, 0.01)
    assert np.isnan(unseen[:50]).all() and np.isfinite(unseen[50:]).all()
    assert frames.training(0)[:50].all()


def test_the_better_transform_wins_and_a_tie_goes_to_the_first(chance):
    u, y, resting, _ = data(chance)
    frames = frames_of(y, resting)
    assert choose({"rms": np.sqrt(u), "log": u}, frames)[0] == "log"
    form, lambda_, table = choose({"rms": u, "log": u}, frames)
    assert form == "rms" and len(table) == 12
    best = max(row["r2"] for row in table)
    chosen = next(row for row in table if row["form"] == form and row["lambda"] == lambda_)
    assert chosen["r2"] >= best - 0.0031


def test_the_dead_zone_starts_at_zero_and_ends_at_one():
    values = np.array([[-2.0], [-0.1], [0.1], [0.11], [0.55], [1.0]])
    assert dead_zone(values, 0.1)[:, 0] == pytest.approx([-1, 0, 0, 1 / 90, 0.5, 1])
