# SPDX-License-Identifier: GPL-3.0-or-later
"""A small decoder of every kind, of random numbers: all it has counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from endplate.live.decoder import KINDS, Pool, finished, fourier, linear, settings

INPUTS, DOFS, CLASSES = 14, 3, 5
#: The front of the vector that each part looks at.
LINEAR, FOURIER, SCORE, AMPLITUDE = 11, 8, 12, 6
NUMBER = {kind: number for number, kind in enumerate(KINDS)}


def small(kind: str, seed: int = 0, inputs: int = INPUTS, **changes: Any) -> dict[str, Any]:
    """Settings for core.Chain and core_decoder.Decoder."""
    random, pool = np.random.default_rng(seed), Pool()
    parts: dict[str, Any] = {}
    pool.add([3.0] * 2)
    if kind == "linear":
        weight = random.normal(0, 0.5, (DOFS, LINEAR))
        parts["linear"] = linear(pool, weight, random.normal(0, 0.2, DOFS))
    if kind == "direct":
        sides = [{"site": n, "threshold": 0.1, "gain": 0.7} for n in range(4)]
        parts["direct"] = {
            "pairs": 2, "switch_level": 0.8, "switch_hops": 15,
            "pair": [{"positive": sides[0], "negative": sides[1], "dofs": 0b101},
                     {"positive": sides[2], "negative": sides[3], "dofs": 0b010}],
        }  # fmt: skip
    if kind in ("classes", "mean"):
        signs = random.choice([-1.0, 1.0], (CLASSES - 1, DOFS))
        size = random.uniform(0.02, 0.2, (CLASSES - 1, DOFS, AMPLITUDE + 1))
        parts["classes"] = {
            "classes": CLASSES,
            "score": linear(
                pool, random.normal(0, 0.6, (CLASSES, SCORE)), random.normal(0, 1, CLASSES)
            ),
            "stay": 0.8, "to_rest": 0.1, "amplitude": AMPLITUDE,
            "sign_at": pool.add(signs), "amplitude_at": pool.add(size),
        }  # fmt: skip
    if kind in ("fourier", "classes", "mean"):
        outputs = {"fourier": DOFS, "classes": CLASSES, "mean": CLASSES + DOFS}[kind]
        parts["fourier"] = fourier(
            pool, random.normal(0.5, 0.2, FOURIER), random.uniform(0.5, 1.5, FOURIER), width=8,
            blocks=3, seed=77, scale=0.02, weight=random.normal(0, 0.5, (outputs, 24)),
            bias=random.normal(0, 0.2, outputs),
        )  # fmt: skip
    share = 0.3 if kind == "mean" else 0.0
    made = finished(kind, inputs=inputs, dofs=DOFS, pool=pool, share=share, **parts)
    return settings(made) | changes


def vectors(hops: int, seed: int = 0, inputs: int = INPUTS) -> np.ndarray:
    """Vectors like a person's."""
    return np.random.default_rng(seed).uniform(0, 1.2, (hops, inputs)).astype(np.float32)
