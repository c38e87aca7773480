# SPDX-License-Identifier: GPL-3.0-or-later
"""Is a site fit for control? Offline verdicts with numbers, after SCIENCE section 2.

The live meters (quality.h) estimate the same things without cues; here rest and contraction are
known. Verdict words are good, usable, poor and unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from endplate.fit.sites.welch import welch

MAD_TO_SIGMA = 1.4826  # of a Gaussian
LINE_HALF_WIDTH_HZ = 1.0
BAND_LOW_HZ = 20.0
MAINS_WARN_DB = -10.0
LEAST_SPECTRAL_RATE_HZ = 500.0
ONSET_DB = 6.0  # power over rest, middle site: above it somebody contracts
LONGEST_GAP_S, SHORTEST_S = 0.5, 1.0  # bursts nearer than the gap are one contraction


@dataclass(frozen=True)
class SiteQuality:
    """One site: rest noise in microvolt, SNR and mains ratio in dB (NaN: unknown), verdicts."""

    rest_uv: float
    snr_db: float
    mains_db: float
    noise_verdict: str
    snr_verdict: str
    sentences: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """One word for the site: that of its SNR, and never good while a sentence says what to do
        about it."""
        return "usable" if self.sentences and self.snr_verdict == "good" else self.snr_verdict


def rest_noise_uv(rest_uv: np.ndarray) -> float:
    """Robust RMS of the conditioned signal at rest, microvolt [n] -> microvolt."""
    return float(MAD_TO_SIGMA * np.median(np.abs(rest_uv - np.median(rest_uv))))


def snr_db(active_rms_uv: float, rest_rms_uv: float) -> float:
    """10 log10((RMS_a^2 - RMS_r^2) / RMS_r^2); -inf when the contraction is not above rest."""
    rest = max(rest_rms_uv**2, 1e-12)
    above = active_rms_uv**2 - rest
    return float(10 * np.log10(above / rest)) if above > 0 else float("-inf")


def mains_db(raw_uv: np.ndarray, rate_hz: float, mains_hz: float, high_hz: float = 450.0) -> float:
    """Power within 1 Hz of the mains lines over that of the rest of the band, dB, from Welch.

    `raw_uv` [n]: before any notch. The band is 20 Hz to `high_hz` or 0.45 of the rate. NaN for
    fewer than 8 samples.
    """
    raw_uv = np.asarray(raw_uv, float)
    frequency, density = welch(raw_uv, rate_hz, min(len(raw_uv), int(2 * rate_hz)))
    if not len(density):  # a few samples have no spectrum
        return float("nan")
    band = (frequency >= BAND_LOW_HZ) & (frequency <= min(high_hz, 0.45 * rate_hz))
    nearest = np.round(frequency / mains_hz)
    line = band & (nearest >= 1) & (np.abs(frequency - nearest * mains_hz) <= LINE_HALF_WIDTH_HZ)
    other = density[band & ~line].sum()
    return float(10 * np.log10(max(density[line].sum(), 1e-30) / max(other, 1e-30)))


def noise_verdict(rest_uv: float) -> str:
    """Word for the rest noise: good up to 5 microvolt, usable up to 20, poor above."""
    if not np.isfinite(rest_uv):
        return "unknown"
    return "good" if rest_uv <= 5 else "usable" if rest_uv <= 20 else "poor"


def snr_verdict(value_db: float) -> str:
    """Word for the SNR: good from 20 dB, usable from 12, poor below."""
    if np.isnan(value_db):
        return "unknown"
    return "good" if value_db >= 20 else "usable" if value_db >= 12 else "poor"


def judge(
    rest_uv: np.ndarray,
    active_uv: np.ndarray | None,
    raw_rest_uv: np.ndarray,
    rate_hz: float,
    mains_hz: float,
) -> SiteQuality:
    """Judges one site from its conditioned signal at rest and (or None) in contraction.

    `raw_rest_uv` is the unfiltered signal of the rest segment; all in microvolt, [n].
    """
    noise = rest_noise_uv(rest_uv)
    snr = float("nan")
    if active_uv is not None and len(active_uv):
        snr = snr_db(float(np.sqrt(np.mean(np.square(active_uv)))), noise)
    mains = mains_db(raw_rest_uv, rate_hz, mains_hz)
    says = []
    if noise_verdict(noise) == "poor":
        says.append("Rest noise is above 20 microvolt: clean the skin or press the electrode.")
    if snr_verdict(snr) == "poor":
        says.append("Contraction hardly rises above rest: move the electrode along the muscle.")
    if mains > MAINS_WARN_DB:
        says.append("Mains hum is strong: check the reference electrode and move cables away.")
    return SiteQuality(noise, snr, mains, noise_verdict(noise), snr_verdict(snr), tuple(says))


@dataclass(frozen=True)
class Contraction:
    """A stretch of activity, seconds from the start, with the SNR of each site in dB."""

    start_s: float
    stop_s: float
    snr_db: np.ndarray


def find_contractions(power: np.ndarray, time_s: np.ndarray) -> list[Contraction]:
    """Contractions in a recording without cues, from power [hops, sites] at `time_s` [hops].

    Rest is the median power of each site, so the person must rest for more than half of the time. A
    contraction is where the median site is ONSET_DB above its rest for SHORTEST_S, gaps closed.
    """
    rest = np.maximum(np.median(power, axis=0), 1e-9)
    over = np.median(10 * np.log10(np.maximum(power, 1e-12) / rest), axis=1) > ONSET_DB
    edges = np.flatnonzero(np.diff(np.concatenate([[0], over.astype(int), [0]])))
    merged: list[list[int]] = []
    for first, last in zip(edges[::2], edges[1::2] - 1, strict=True):
        if merged and time_s[first] - time_s[merged[-1][1]] <= LONGEST_GAP_S:
            merged[-1][1] = last
        else:
            merged.append([first, last])
    found = []
    for first, last in merged:
        if time_s[last] - time_s[first] < SHORTEST_S:
            continue
        rms = np.sqrt(power[first : last + 1].mean(0))
        snr = [snr_db(a, r) for a, r in zip(rms, np.sqrt(rest), strict=True)]
        found.append(Contraction(float(time_s[first]), float(time_s[last]), np.array(snr)))
    return found


def rate_sentence(rate_hz: float) -> str:
    """What a low rate means for the site test, or nothing."""
    if rate_hz >= LEAST_SPECTRAL_RATE_HZ:
        return ""
    return f"At {rate_hz:g} samples/s only amplitude features are meaningful, not spectral ones."
