# SPDX-License-Identifier: GPL-3.0-or-later
"""A chain and a recording that take every branch: for the replay of bits and the count of
instructions."""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np

from endplate.hardware import load_hand
from endplate.live import hand_blobs
from endplate.live.decoder import Pool, finished, fourier, inputs, linear
from endplate.live.decoder import settings as decoder_settings
from endplate.live.design import band_sections, notch_sections

HAND = load_hand("test-hand")
SITES, RATE = 8, 250
UV_PER_COUNT = 0.02235174


#: Kinds of decoder whose bits and instructions are looked at: of no person, full of numbers.
DECODERS = ("linear", "direct", "fourier", "classes", "mean")


def settings(form: int, decoder: str = "linear") -> dict[str, Any]:
    """Four DoF with every branch of the shape switched on; linear: each from its own pair of
    sites."""
    band, notch = band_sections(RATE), notch_sections(RATE, 50)
    shape = {
        "dead_band": 0.08,
        "slew_per_s": 6.0,
        "positive": {"gain": 1.1, "exponent": 1.4},
        "negative": {"gain": 0.9, "exponent": 1.0},
    }
    statistics = {"linear": 1, "direct": 1, "fourier": 19, "classes": 23, "mean": 31}[decoder]
    made, gate = decoders(decoder, inputs(statistics, SITES))
    pairs, linear_ = decoder in ("linear", "direct"), decoder == "linear"
    return {
        "sites": SITES,
        "rate_hz": RATE,
        "uv_per_count": UV_PER_COUNT,
        "thaw_hops": 25,
        "place": [0, 1, 2, 3],
        "needs": [0b11, 0b1100, 0b110000, 0b11000000 if linear_ else 0b11] if pairs else [255] * 4,
        "band": {"sites": SITES, "sections": len(band), "section": band},
        "notch": {"sites": SITES, "sections": len(notch), "section": notch},
        "features": {
            "sites": SITES,
            "statistics": statistics,
            "hop_samples": 5,
            "window_hops": 10,
            "recent_hops": 5,
            "form": form,
            "chosen": SITES,
            "chosen_site": list(range(SITES)),
            "rest": [9.0] * SITES,
            "reference": [60.0] * SITES,
            "floor": [12.0] * SITES,
            "difference_floor": [15.0] * SITES,
        },
        "gate": gate,
        "decoder": decoder_settings(made),
        "shape": {"dofs": 4, "release_ratio": 0.7, "norm_cap": 1.2, "dof": [shape] * 4},
        "quality": {
            "sites": SITES,
            "frame_samples": 10,
            "frames_per_second": 25,
            "full_scale_uv": 187500.0,
            "mains_warn_db": -10.0,
        },
    }


def decoders(kind: str, numbers: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A decoder of a kind for four DoF, and a gate; as large as a person's with three DoF and their
    pairs."""
    chance = np.random.default_rng(5)
    pool = Pool()
    parts: dict[str, Any] = {}
    if kind == "linear":
        weight = np.zeros((4, SITES))
        for d in range(4):
            weight[d, 2 * d : 2 * d + 2] = (0.9, -1.1)
        parts["linear"] = linear(pool, weight, [0.01] * 4)
    if kind == "direct":
        sides = [{"site": n, "threshold": 0.1 + 0.02 * n, "gain": 1.3} for n in range(SITES)]
        pairs = [{"positive": sides[0], "negative": sides[1], "dofs": 0b1001}]
        pairs += [{"positive": sides[2 * d], "negative": sides[2 * d + 1], "dofs": 1 << d}
                  for d in (1, 2)]  # fmt: skip
        parts["direct"] = {"pairs": 3, "switch_level": 0.5, "switch_hops": 15, "pair": pairs}
    if kind in ("classes", "mean"):
        count = 19
        signs = np.zeros((count - 1, 4))
        for k in range(count - 1):
            signs[k, k % 4] = (-1.0) ** (k // 4)
        parts["classes"] = {
            "classes": count,
            "score": linear(pool, chance.normal(0, 0.06, (count, numbers)), np.zeros(count)),
            "stay": 0.98,
            "to_rest": 0.015,
            "amplitude": 2 * SITES,
            "sign_at": pool.add(signs),
            "amplitude_at": pool.add(chance.normal(0.02, 0.05, (count - 1, 4, 2 * SITES + 1))),
        }
    if kind in ("fourier", "classes", "mean"):
        outputs = {"fourier": 4, "classes": 19, "mean": 23}[kind]
        size = 320 if kind == "fourier" else 192
        parts["fourier"] = random_features(pool, chance, 3 * SITES, size, outputs)
    gate = {
        "inputs": SITES, "centres": 40, "wake": 0.1, "limit": 40.0,
        "rest_at": pool.add([*np.full(SITES, 0.3), -0.2]),
        "whiten_at": pool.add(np.triu(chance.normal(0, 0.3, (SITES, SITES))) + np.eye(SITES)),
        "centre_at": pool.add(chance.uniform(0, 6, (40, SITES))),
    }  # fmt: skip
    made = finished(kind, inputs=numbers, dofs=4, pool=pool, share=0.3, quiet=0.05, **parts)
    return made, gate


def random_features(
    pool: Pool, chance: np.random.Generator, used: int, features: int, outputs: int
) -> dict[str, Any]:
    """`fourier_config` on the first `used` numbers."""
    width = 1 << math.ceil(math.log2(used))
    blocks = -(-features // width)
    return fourier(
        pool, chance.uniform(0, 3, used), chance.uniform(0.5, 1.5, used), width=width,
        blocks=blocks, seed=0x9E3779B9, scale=0.3 / width,
        weight=chance.normal(0, 0.1, (outputs, width * blocks)), bias=chance.normal(0, 0.1,
        outputs),
    )  # fmt: skip


def chain_bin(made: dict[str, Any]) -> bytes:
    """The chain as tests/c/replay_chain.h reads it."""
    calibration = hand_blobs.calibration_blob(made, HAND.hash32)
    blobs = calibration, hand_blobs.decoder_blob(made, HAND.hash32, calibration)
    return b"".join(struct.pack("<I", len(blob)) + blob for blob in blobs)


def recording(seconds: int) -> np.ndarray:
    """Bursts per site, offsets, mains, rest down to nothing, a railed and a flat stretch."""
    rng = np.random.default_rng(11)
    n = seconds * RATE
    t = np.arange(n)[:, None] / RATE
    effort = np.clip(np.sin(2 * np.pi * t * (0.15 + 0.03 * np.arange(SITES))), 0, 1) ** 2
    uv = rng.normal(size=(n, SITES)) * (3 + 90 * effort)
    uv += 20 * np.sin(2 * np.pi * 50 * t) + rng.normal(size=SITES) * 8000
    uv[n // 3 : n // 3 + RATE, 1] = 187_500
    uv[n // 2 : n // 2 + 2 * RATE, 4] = 37.0
    uv[-2 * RATE :] = 0.0  # states decay towards the smallest floats
    return np.clip(np.rint(uv / UV_PER_COUNT), -(2**23), 2**23 - 1).astype(np.int32)
