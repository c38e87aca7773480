# SPDX-License-Identifier: GPL-3.0-or-later
"""What one decoder is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from endplate.fit.frames import Frames


@dataclass(frozen=True)
class Lesson:
    """Vectors float [hops, inputs] (features.h), what was meant, and what may be learned from.

    `sites` of the vector come first in it, `powers` numbers of it are powers of any kind (the
    others are pairs), the first `amplitude` of these are of the signal itself; `training` is bool
    [hops], `overlap` says in how many hops one sample is seen (window over hop), `step_s` how long
    a hop is.
    """

    vectors: np.ndarray
    frames: Frames
    training: np.ndarray
    sites: int
    amplitude: int
    powers: int
    overlap: int
    step_s: float
    dofs: Sequence[str]

    @property
    def inputs(self) -> int:
        """Numbers in a vector."""
        return self.vectors.shape[1]

    def thinned(self, hops: np.ndarray) -> np.ndarray:
        """Every so many of these hops that a sample is still seen three times: neighbours whose
        windows overlap say nearly the same, and large regressions take as long as there are
        hops."""
        return hops[:: max(1, self.overlap // 3)]

    def standard(self, inputs: int) -> tuple[np.ndarray, np.ndarray]:
        """Mean and inverse spread of the first `inputs` over the training hops."""
        seen = self.vectors[self.training][:, :inputs].astype(float)
        spread = seen.std(0)
        return seen.mean(0), np.where(spread > 1e-6, 1.0 / np.maximum(spread, 1e-6), 0.0)
