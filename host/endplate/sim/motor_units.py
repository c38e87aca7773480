# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools of motor units: who fires when, at a given excitation, and what force that makes.

The model is Fuglevand, Winter and Patla (1993, J Neurophysiol 70:2470): exponentially spread
recruitment thresholds and twitch sizes, firing rates rising with excitation from a minimum to a
cap, Gaussian intervals. Excitation is given as a share 0..1 of the maximum, at which the last unit
reaches its highest rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

THRESHOLD_RANGE = 30.0  # last threshold over the first
TWITCH_RANGE = 100.0  # largest twitch over the smallest
MINIMUM_HZ = 8.0  # rate at recruitment
PEAK_HZ = 35.0  # cap of the first unit
PEAK_DROP_HZ = 10.0  # the last unit's cap is lower by this
INTERVAL_CV = 0.2
GAIN_HZ = 1.0  # rate per unit of excitation (the first threshold is about 1)
MAXIMAL = THRESHOLD_RANGE + (PEAK_HZ - PEAK_DROP_HZ - MINIMUM_HZ) / GAIN_HZ
CONTRACTION_S = 0.090  # of the smallest unit; larger ones are faster
CONTRACTION_ROOT = 4.2  # the slowest unit is 3 times slower than the fastest
SHORTEST_INTERVAL = 0.4  # of the mean; keeps the Gaussian's tail from making doublets


@dataclass(frozen=True)
class Pool:
    """Units of one pool, in order of recruitment.

    threshold: excitation at recruitment; peak_hz: highest rate; twitch: size of one twitch (1 for
    the smallest); contraction_s: time to the twitch's peak. All float64 [n].
    """

    threshold: np.ndarray
    peak_hz: np.ndarray
    twitch: np.ndarray
    contraction_s: np.ndarray

    @classmethod
    def of(cls, n: int = 120) -> Pool:
        """A pool of `n` units."""
        rank = np.arange(1, n + 1) / n
        threshold = np.exp(np.log(THRESHOLD_RANGE) * rank)
        twitch = np.exp(np.log(TWITCH_RANGE) * rank)
        return cls(
            threshold=threshold,
            peak_hz=PEAK_HZ - PEAK_DROP_HZ * threshold / threshold[-1],
            twitch=twitch,
            contraction_s=CONTRACTION_S * twitch ** (-1.0 / CONTRACTION_ROOT),
        )

    def rates_hz(self, excitation: float | np.ndarray) -> np.ndarray:
        """Mean firing rates at `excitation` 0..1 (or an array that broadcasts against [n])."""
        drive = np.asarray(excitation) * MAXIMAL
        rate = np.minimum(MINIMUM_HZ + GAIN_HZ * (drive - self.threshold), self.peak_hz)
        return np.where(drive >= self.threshold, rate, 0.0)

    def force(self, rates_hz: np.ndarray) -> np.ndarray:
        """Mean force of all units at `rates_hz` [..., n], in twitch units."""
        return _force(self.twitch, self.contraction_s, rates_hz).sum(axis=-1)

    def excitation_for(self, force_share: np.ndarray) -> np.ndarray:
        """Excitation 0..1 at which the pool makes `force_share` of its maximal force."""
        grid = np.linspace(0.0, 1.0, 1024)
        force = self.force(self.rates_hz(grid[:, None]))
        return np.interp(force_share, force / force[-1], grid)


def _force(twitch: np.ndarray, contraction_s: np.ndarray, rates_hz: np.ndarray) -> np.ndarray:
    """Twitch area times rate, times the gain by which fast twitches grow and then fuse."""
    pace = np.maximum(contraction_s * rates_hz, 1e-9)
    fused = (1.0 - np.exp(-2.0 * pace**3)) / pace
    gain = np.where(pace > 0.4, fused / ((1.0 - np.exp(-2.0 * 0.4**3)) / 0.4), 1.0)
    return twitch * contraction_s * np.e * rates_hz * gain


class Discharge:
    """Streaming spike trains of several pools at once, deterministic.

    Time is counted in samples, chance comes from `rng`.
    pools: their units; each pool has its own excitation.
    """

    def __init__(self, pools: list[Pool], rate_hz: float, rng: np.random.Generator) -> None:
        self._rng = rng
        self._dt = 1.0 / rate_hz
        self._pool = np.repeat(np.arange(len(pools)), [len(pool.threshold) for pool in pools])
        self._threshold = np.concatenate([pool.threshold for pool in pools])
        self._peak_hz = np.concatenate([pool.peak_hz for pool in pools])
        n = len(self._pool)
        self._phase = np.zeros(n)  # intervals since the last spike
        self._due = self._interval(n)  # the phase of the next spike
        self._active = np.zeros(n, bool)

    def _interval(self, n: int) -> np.ndarray:
        return np.maximum(SHORTEST_INTERVAL, 1.0 + INTERVAL_CV * self._rng.standard_normal(n))

    def block(self, excitation: np.ndarray, samples: int) -> tuple[np.ndarray, np.ndarray]:
        """Spikes of the next `samples` samples at `excitation` [pools], held over the block.

        Returns unit numbers and sample offsets in the block, both int [spikes], in no order.
        """
        drive = excitation[self._pool] * MAXIMAL
        active = drive >= self._threshold
        joining = active & ~self._active
        count = int(np.count_nonzero(joining))
        if count:  # a newly recruited unit fires anywhere within its first interval
            self._phase[joining] = self._rng.random(count)
            self._due[joining] = self._interval(count)
        self._active = active
        on = np.flatnonzero(active)
        rate = np.minimum(
            MINIMUM_HZ + GAIN_HZ * (drive[on] - self._threshold[on]), self._peak_hz[on]
        )
        step = rate * self._dt
        start, due = self._phase[on], self._due[on]
        end = start + step * samples
        units, offsets = [], []
        while True:
            fired = np.flatnonzero(end >= due)
            if not len(fired):
                break
            at = np.ceil((due[fired] - start[fired]) / step[fired]) - 1
            units.append(on[fired])
            offsets.append(np.clip(at, 0, samples - 1).astype(np.int64))
            start[fired] -= due[fired]
            end[fired] -= due[fired]
            due[fired] = self._interval(len(fired))
        self._phase[on], self._due[on] = end, due
        if not units:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        return np.concatenate(units), np.concatenate(offsets)
