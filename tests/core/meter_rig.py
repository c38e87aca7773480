# SPDX-License-Identifier: GPL-3.0-or-later
"""Microvolts through chain and meters, block by block, as the control process does it."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import signal
from typical import UV_PER_COUNT, typical_settings

from endplate.core import Chain
from endplate.live.design import band_sections, notch_sections
from endplate.live.meters import SiteMeters


def metered(
    uv: np.ndarray, rate_hz: int = 250, block: int | None = None, injecting: int = 0
) -> tuple[np.ndarray, SiteMeters, Chain]:
    """Values (core_meter.SITE) after `uv` [samples, sites], the meters and the chain."""
    chain = Chain(typical_settings(rate_hz, uv.shape[1]))
    meters = SiteMeters(rate_hz, uv.shape[1], UV_PER_COUNT)
    counts = np.round(uv / UV_PER_COUNT).astype(np.int32)
    block = block or rate_hz // 25
    for start in range(0, len(counts), block):
        part = counts[start : start + block]
        clean = np.zeros(part.shape, np.float32)
        chain.process(part, 0, clean)
        meters.take(part, clean, chain, 0, injecting)
    return meters.meter.values, meters, chain


def conditioned(uv: np.ndarray, rate_hz: int, mains_hz: float = 50) -> np.ndarray:
    """Through the chain's filters, by scipy in float64."""
    rows: list[list[Any]] = [
        [s["b0"], s["b1"], s["b2"], 1.0, s["a1"], s["a2"]]
        for s in band_sections(rate_hz) + notch_sections(rate_hz, mains_hz)
    ]
    return signal.sosfilt(rows, uv, axis=0)


def contractions(
    rate_hz: int, snr_db: float, seed: int, seconds: int = 60, sites: int = 4
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rest noise of 5 microvolt, and for 3 of every 6 s a contraction whose power behind the
    chain's filters is `snr_db` over the noise's. Returns microvolts [n, sites], the same
    conditioned, and where it is contracted [n]."""
    random = np.random.default_rng([seed, rate_hz, round(snr_db)])
    n = seconds * rate_hz
    noise = 5.0 * random.standard_normal((n, sites))
    emg = random.standard_normal((n, sites))
    of_noise, of_emg = (np.mean(conditioned(x, rate_hz) ** 2, axis=0) for x in (noise, emg))
    on = np.arange(n) / rate_hz % 6 > 3
    uv = noise + emg * np.sqrt(of_noise / of_emg * 10 ** (snr_db / 10)) * on[:, None]
    return uv, conditioned(uv, rate_hz), on
