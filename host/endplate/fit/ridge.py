# SPDX-License-Identifier: GPL-3.0-or-later
"""Weighted linear ridge regression with bias: activations -> intent per DoF.

    W = argmin sum_k w_k |W' phi_k - y_k|^2 + lambda |W|^2,   phi = [u_1 .. u_n, 1], sum_k w_k = 1

The bias is not penalised, and refitted so that the mean output at rest is 0 (SCIENCE section 3).
"""

from __future__ import annotations

import numpy as np

REST_SHARE = 0.30  # of the weight goes to rest frames


def frame_weights(resting: np.ndarray, used: np.ndarray | None = None) -> np.ndarray:
    """Weight per frame, sum 1: rest frames share REST_SHARE, the others the remainder.

    `resting` bool [frames]; `used` bool [frames]: the others weigh nothing.
    """
    used = np.ones(len(resting), bool) if used is None else used
    weight = np.zeros(len(resting))
    at_rest, moving = resting & used, ~resting & used
    if at_rest.any():
        weight[at_rest] = REST_SHARE / at_rest.sum()
    if moving.any():
        weight[moving] = (1 - REST_SHARE) / moving.sum()
    total = weight.sum()
    return weight / total if total > 0 else weight


def fit(
    u: np.ndarray, y: np.ndarray, weight: np.ndarray, lambda_: float, resting: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns weights [dofs, sites] and bias [dofs].

    u [frames, sites], y [frames, dofs], weight [frames] of sum 1; `resting` bool [frames] are the
    frames whose mean output the bias brings to 0 (all of weight 0 when there are none: the bias of
    the regression stays). Sites that never change get weight 0.
    """
    mean_u, mean_y = weight @ u, weight @ y
    counts = weight > 0
    root = np.sqrt(weight[counts])[:, None]
    du, dy = root * (u[counts] - mean_u), root * (y[counts] - mean_y)
    gram = du.T @ du  # of one matrix with itself, which costs half of a product
    gram[np.diag_indices_from(gram)] += max(lambda_, 1e-9)
    w = np.linalg.solve(gram, du.T @ dy).T
    calm = resting & (weight > 0)
    bias = -(w @ u[calm].mean(0)) if calm.any() else mean_y - w @ mean_u
    return w, bias


def predict(u: np.ndarray, w: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Intent [frames, dofs]."""
    return u @ w.T + bias
