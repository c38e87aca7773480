# SPDX-License-Identifier: GPL-3.0-or-later
"""The features alone: settings for them, and samples in, rows and vectors out."""

from __future__ import annotations

from typing import Any

import numpy as np

from endplate.core import ffi, lib

LANES = lib.CORE_LANES
POWER, DIFFERENCE, RECENT = lib.FEATURES_POWER, lib.FEATURES_DIFFERENCE, lib.FEATURES_RECENT
PAIRS, DIFFERENCE_PAIRS = lib.FEATURES_COVARIANCE, lib.FEATURES_DIFFERENCE_COVARIANCE
ALL = POWER | DIFFERENCE | RECENT | PAIRS | DIFFERENCE_PAIRS


def fields(sites: int = 8, **changes: Any) -> dict[str, Any]:
    """`features_config`: power of all sites over 8 hops of 5 samples, unless told otherwise."""
    some = max(1, min(sites, 32))
    return {
        "sites": sites, "statistics": 1, "hop_samples": 5, "window_hops": 8, "form": 0,
        "rest": [9.0] * some, "reference": [60.0] * some, "floor": [9.0] * some,
        "difference_floor": [9.0] * some, "chosen": some, "chosen_site": list(range(some)),
    } | changes  # fmt: skip


def config(sites: int = 8, **changes: Any) -> Any:
    """The same as C has it."""
    return ffi.new("features_config *", fields(sites, **changes))


def run(setup: Any, x: np.ndarray, cut: int = 1_000_000) -> np.ndarray:
    """Rows per hop, [hops, rows]; `cut` samples at a time."""
    state = ffi.new("features_state *")
    assert lib.features_init(state, setup) == 0
    sites, stride = x.shape[1], -(-x.shape[1] // LANES) * LANES
    padded = np.zeros((len(x), stride), np.float32)
    padded[:, :sites] = x
    rows, hops, start = np.zeros(lib.features_rows(setup) + 1, np.float32), [], 0
    rows[-1] = 12345.0
    while start < len(x):
        block = ffi.from_buffer("float[]", padded[start : start + cut])
        taken = lib.features_add(state, setup, block, min(cut, len(x) - start))
        assert 0 < taken <= setup.hop_samples
        start += taken
        if lib.features_ready(state, setup):
            assert lib.features_hop(state, setup, ffi.from_buffer("float[]", rows)) == 0
            assert rows[-1] == 12345.0  # nothing is written past the rows
            hops.append(rows[:-1].copy())
    return np.array(hops)


def vector(setup: Any, rows: np.ndarray, doubted: int = 0) -> np.ndarray:
    """The decoder's vector of one hop's rows."""
    out = np.full(lib.features_inputs(setup) + 1, 12345.0, np.float32)
    given = np.ascontiguousarray(rows, np.float32)
    pointers = ffi.from_buffer("float[]", given), doubted, ffi.from_buffer("float[]", out)
    assert lib.features_vector(setup, *pointers) == 0
    assert out[-1] == 12345.0
    return out[:-1]


def activation(setup: Any, power: Any, doubted: int = 0) -> np.ndarray:
    """Activation of every site from its power."""
    given = np.array(power, np.float32)
    out = np.zeros(len(given), np.float32)
    pointers = ffi.from_buffer("float[]", given), doubted, ffi.from_buffer("float[]", out)
    assert lib.features_activation(setup, *pointers) == 0
    return out
