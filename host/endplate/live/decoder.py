# SPDX-License-Identifier: GPL-3.0-or-later
"""A decoder's numbers, as a profile keeps them and the core takes them (firmware/core/decoder.h).

A decoder is a dict in the shape of `decoder_config` whose `kind` is a word and whose `pool` is a
list of floats; the functions here put weights into a pool in the core's own order and return the
part that says where they are. What they make is the same for every board and hand: a profile's
chosen sites and its own DoF.

    pool = Pool()
    decoder = finished("linear", inputs=4, dofs=2, pool=pool, linear=linear(pool, weight, bias))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

#: In the order of `enum decoder_kind`.
KINDS = ("linear", "direct", "fourier", "classes", "mean")
LINEAR_PAD = 4  # of linear.h; a test compares
FOURIER_WIDTHS = (8, 16, 32, 64, 128)

#: Bits of `enum features_statistic` in the order of the rows: name -> bit.
STATISTICS = {
    "power": 1, "recent": 16, "difference": 2, "covariance": 4, "difference covariance": 8,
}  # fmt: skip


def inputs(statistics: int, sites: int) -> int:
    """Numbers in the vector of features.h for these statistics of `sites` chosen sites."""
    pairs = sites * (sites - 1) // 2
    sizes = {1: sites, 2: sites, 4: pairs, 8: pairs, 16: sites}
    return sum(n for bit, n in sizes.items() if statistics & bit)


class Pool:
    """Floats in the order in which they were added."""

    def __init__(self) -> None:
        self._parts: list[np.ndarray] = []
        self._size = 0

    @classmethod
    def of(cls, decoder: dict[str, Any]) -> Pool:
        """The pool of a decoder, to add to it."""
        pool = cls()
        pool.add(decoder["pool"])
        return pool

    def add(self, values: Any) -> int:
        """Adds all of an array in C order; returns where it begins."""
        part = np.asarray(values, np.float32).ravel()
        at = self._size
        self._parts.append(part)
        self._size += len(part)
        return at

    def floats(self) -> list[float]:
        """All of them, each exactly a float32."""
        return np.concatenate(self._parts).astype(float).tolist() if self._parts else []


def linear(pool: Pool, weight: Any, bias: Any) -> dict[str, int]:
    """`linear_config` of weight [outputs, inputs] and bias [outputs]."""
    weight = np.atleast_2d(np.asarray(weight, float))
    outputs, inputs = weight.shape
    rows = np.zeros((inputs, -(-outputs // LINEAR_PAD) * LINEAR_PAD))
    rows[:, :outputs] = weight.T
    return {
        "inputs": inputs, "outputs": outputs, "weight": pool.add(rows), "bias": pool.add(bias),
    }  # fmt: skip


def fourier(
    pool: Pool,
    centre: Any,
    spread: Any,
    *,
    width: int,
    blocks: int,
    seed: int,
    scale: float,
    weight: Any,
    bias: Any,
) -> dict[str, Any]:
    """`fourier_config`; centre and spread [inputs], weight [outputs, width * blocks]."""
    return {
        "inputs": len(centre), "width": width, "blocks": blocks, "seed": seed,
        "scale": float(np.float32(scale)), "centre": pool.add(centre), "spread": pool.add(spread),
        "out": linear(pool, weight, bias),
    }  # fmt: skip


def finished(
    kind: str,
    *,
    inputs: int,
    dofs: int,
    pool: Pool,
    share: float = 0.0,
    quiet: float = 0.0,
    **parts: Any,
) -> dict[str, Any]:
    """The whole decoder; `parts` are those of its kind."""
    return {
        "kind": kind, "inputs": inputs, "dofs": dofs, "share": float(np.float32(share)),
        "quiet": float(np.float32(quiet)), **parts, "pool": pool.floats(),
    }  # fmt: skip


def settings(decoder: dict[str, Any]) -> dict[str, Any]:
    """What core.Chain and core.Decoder take."""
    return decoder | {"kind": KINDS.index(decoder["kind"])}


def plain(weight: Sequence[Sequence[float]], bias: Sequence[float]) -> dict[str, Any]:
    """A linear decoder of weight [dofs][inputs] and bias [dofs]."""
    pool = Pool()
    part = linear(pool, weight, bias)
    return finished("linear", inputs=part["inputs"], dofs=len(bias), pool=pool, linear=part)
