# SPDX-License-Identifier: GPL-3.0-or-later
"""How well commands follow intents: R^2, leakage, motion at rest, delay; each defined once, here.

- r2: 1 - sum (command - intent)^2 / sum (intent - mean intent)^2 per DoF, sample by sample, delay
  included. `r2_undelayed` is the same after the measured delay has been taken out; stated apart.
- leakage: mean abs command on a DoF whose intent is 0 while another DoF's is not.
- rest_motion_share: share of rest time with any command. Rest begins SETTLE_S after the last
  intent, because the delay of the stop is a delay; `rest_motion_share_with_stops` counts from the
  very end of the intent.
"""

from __future__ import annotations

from typing import Any

import numpy as np

SETTLE_S = 0.5
LONGEST_DELAY_S = 0.6
LEVELS = 5  # of effort, between rest and a full one
STILL = 1e-6  # an intent below it is none


def r2(truth: np.ndarray, estimate: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Coefficient of determination of two vectors, weighted; NaN when the truth never changes."""
    if np.ptp(truth) <= 0:
        return float("nan")
    each = np.ones(len(truth)) if weight is None else weight
    spread = float(each @ (truth - np.average(truth, weights=each)) ** 2)
    return 1.0 - float(each @ (truth - estimate) ** 2) / spread


def even(effort: np.ndarray) -> np.ndarray:
    """Weights [n] with which every level of effort [n] counts alike, rest (0 and below) as one."""
    level = np.clip(np.ceil(effort * LEVELS), 0, LEVELS).astype(int)
    return 1.0 / np.bincount(level, minlength=LEVELS + 1)[level]


def delay_samples(intent: np.ndarray, command: np.ndarray, longest: int) -> int:
    """How many samples `command` [n, d] lags `intent` [n, d]: the best correlation over all DoF."""
    best, found = -np.inf, 0
    for lag in range(0, min(longest, len(intent) - 2) + 1):
        a, b = intent[: len(intent) - lag].ravel(), command[lag:].ravel()
        a, b = a - a.mean(), b - b.mean()
        size = float(np.linalg.norm(a) * np.linalg.norm(b))
        value = float(a @ b) / size if size > 0 else 0.0
        if value > best:
            best, found = value, lag
    return found


def leakage(intent: np.ndarray, command: np.ndarray) -> float:
    """Mean abs command [n, d] where this DoF's intent is 0 and another's is not; 0 if never."""
    moving = np.abs(intent) > STILL
    still_beside = ~moving & moving.any(1, keepdims=True)
    return float(np.abs(command[still_beside]).mean()) if still_beside.any() else 0.0


def rest_share(intent: np.ndarray, command: np.ndarray, settle: int) -> float:
    """Share of rest samples with any command; rest starts `settle` samples after the intent."""
    moving = (np.abs(intent) > STILL).any(1)
    index = np.arange(len(moving))
    last = np.maximum.accumulate(np.where(moving, index, -1))
    resting = ~moving & ((last < 0) | (index - last > settle))
    if not resting.any():
        return 0.0
    return float((np.abs(command[resting]) > STILL).any(1).mean())


def tracking(
    intent: np.ndarray,
    command: np.ndarray,
    *,
    rate_hz: float = 250.0,
) -> dict[str, Any]:
    """Compares commands [n, d] with intents [n, d], both at `rate_hz`; see the module for terms.

    Returns r2 and r2_undelayed (lists, one per DoF; None where the intent never moves), leakage,
    rest_motion_share, rest_motion_share_with_stops, delay_ms, seconds.
    """
    intent, command = np.asarray(intent, float), np.asarray(command, float)
    lag = delay_samples(intent, command, round(LONGEST_DELAY_S * rate_hz))
    early = intent[: len(intent) - lag]

    def per_dof(truth: np.ndarray, estimate: np.ndarray) -> list[float | None]:
        return [
            r2(t, e) if np.ptp(t) > 0 else None for t, e in zip(truth.T, estimate.T, strict=True)
        ]

    return {
        "r2": per_dof(intent, command),
        "r2_undelayed": per_dof(early, command[lag:]),
        "leakage": leakage(intent, command),
        "rest_motion_share": rest_share(intent, command, round(SETTLE_S * rate_hz)),
        "rest_motion_share_with_stops": rest_share(intent, command, 0),
        "delay_ms": 1000.0 * lag / rate_hz,
        "seconds": len(intent) / rate_hz,
    }


def hold(hop_end: np.ndarray, values: np.ndarray, samples: int) -> np.ndarray:
    """Hop values [hops, d] -> per sample [samples, d]: each holds from its hop's end, 0 before.

    `hop_end` [hops]: samples taken when the hop closed (`samples` of core.HOP), ascending; the
    value is in force from that sample on, as it is on the wire.
    """
    index = np.searchsorted(hop_end, np.arange(samples), side="right") - 1
    out = np.zeros((samples, values.shape[1]))
    out[index >= 0] = values[index[index >= 0]]
    return out
