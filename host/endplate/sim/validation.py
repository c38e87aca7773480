# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the simulated EMG like a person's? Every criterion as a pure function of spikes and signals.

The ranges are those of the literature on the model and on surface EMG (SCIENCE section 6). `bench`
makes what is needed: one pool of 120 units of a tissue under a row of pairs on flat skin, steady
contractions, and a second muscle under each further pair; `criteria` holds it against the ranges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfilt, welch

from endplate.sim.electrodes import HEART_LIMITS_S
from endplate.sim.motor_units import Discharge, Pool
from endplate.sim.muscle import RATE_HZ, REINNERVATED, Sum, Tissue, scale_to, unit_templates
from endplate.sim.patient import Patient, simulate
from endplate.sim.prompts import Prompt

TISSUES = {"native": Tissue(), "reinnervated": REINNERVATED}
SITES_MM = np.array([0.0, 25.0, 50.0, 75.0])
MAXIMUM_UV = 450.0
SETTLE_S, SECONDS = 1.0, 6.0
LONG_S = 31.0  # for what is estimated from many windows or intervals
SHARES = (0.05, 0.1, 0.2, 0.4, 0.5, 0.6, 0.8, 1.0)  # of the maximal force
BLOCK = 40
WINDOW_S = 0.2
STEADY = (0.2, 0.5, 1.0)  # shares at which the RMS must be neither smooth nor wild

MEDIAN_HZ = (60.0, 120.0)
SLOPE = (0.9, 1.5)
LOUDEST_UV = (100.0, 800.0)
DURATION_MS = (8.0, 18.0)
FIRING_HZ = (8.0, 35.0)
FIRING_LEEWAY = 0.03  # a mean over 30 s of irregular intervals scatters by 1 %
INTERVAL_CV = (0.15, 0.25)
RMS_CV = (0.08, 0.20)
NEIGHBOURS = {25.0: 0.48, 50.0: 0.24, 75.0: 0.14}  # Winter, Fuglevand and Archer 1994
NEIGHBOUR_LEEWAY = 0.1
MEAN_DURATION_MS = {"native": 14.0, "reinnervated": 10.9}  # Kapelner 2016
REST_UV = (3.0, 10.0)
MAINS_UV = (2.0, 50.0)


@dataclass(frozen=True)
class Criterion:
    """One row: what was found (least and most, equal for one number), and what is allowed."""

    name: str
    least: float
    most: float
    low: float
    high: float
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether all that was found lies in the range."""
        return bool(self.low <= self.least and self.most <= self.high)

    @property
    def verdict(self) -> str:
        """In words."""
        if self.met:
            return "as in people"
        return "too low" if self.least < self.low else "too high"


@dataclass(frozen=True)
class Contraction:
    """A steady one: uv [samples, sites] at 2 kHz after settling; each unit's spike times, s."""

    share: float
    seconds: float
    uv: np.ndarray
    trains: list[np.ndarray]

    def force(self) -> float:
        """Mean force of the spikes that were fired, in twitch units."""
        return float(Pool.of().force(np.array([len(t) / self.seconds for t in self.trains])))


@dataclass(frozen=True)
class Bench:
    """All that was made of one tissue: potentials [units, samples, sites] in microvolt, the
    contractions by share, and per distance a signal [samples, 2] over two active muscles."""

    tissue: str
    potentials: np.ndarray
    contractions: dict[float, Contraction]
    pairs: dict[float, np.ndarray]


# ---- what is made ----


def potentials(tissue: str, at_mm: float, seed: int) -> np.ndarray:
    """Of a muscle at `at_mm` under the row of pairs, microvolt."""
    pool = Pool.of()
    raw = unit_templates(
        TISSUES[tissue], pool, at_mm, SITES_MM, np.inf, np.random.default_rng(seed)
    )
    return scale_to(raw, pool, MAXIMUM_UV)


def contraction(made: np.ndarray, share: float, seed: int, seconds: float = SECONDS) -> Contraction:
    """`seconds` at a share of the maximal force."""
    discharge = Discharge([Pool.of()], RATE_HZ, np.random.default_rng([seed, 7]))
    running, drive = Sum(made), Pool.of().excitation_for(np.array([share]))
    blocks, units, times = [], [], []
    for block in range(int(seconds * RATE_HZ) // BLOCK):
        unit, offset = discharge.block(drive, BLOCK)
        blocks.append(running.block(unit, offset, BLOCK))
        units.append(unit)
        times.append((offset + block * BLOCK) / RATE_HZ)
    unit, time = np.concatenate(units), np.concatenate(times)
    trains = [np.sort(time[unit == number]) for number in range(len(made))]
    return Contraction(share, seconds, np.concatenate(blocks)[int(SETTLE_S * RATE_HZ) :], trains)


def bench(tissue: str, seed: int = 1) -> Bench:
    """Everything that the criteria of a tissue need."""
    made = potentials(tissue, 0.0, seed)
    held = {
        share: contraction(
            made, share, seed, LONG_S if share in STEADY or share == 0.1 else SECONDS
        )
        for share in SHARES
    }
    pairs = {}
    for number, distance in enumerate(NEIGHBOURS, start=1):
        other = contraction(potentials(tissue, distance, seed + number), 0.5, seed + number)
        both = held[0.5].uv[: len(other.uv)] + other.uv
        pairs[distance] = both[:, [0, number]]
    return Bench(tissue, made, held, pairs)


# ---- what is computed ----


def median_hz(uv: np.ndarray, rate_hz: float = RATE_HZ) -> float:
    """Frequency that halves the power of a signal [samples] (Welch, 1 s)."""
    frequency, power = welch(uv, rate_hz, nperseg=min(len(uv), round(rate_hz)))
    return float(frequency[np.searchsorted(np.cumsum(power), power.sum() / 2)])


def slope(force: Sequence[float] | np.ndarray, amplitude: Sequence[float] | np.ndarray) -> float:
    """Power by which amplitude grows with force: the fit of one logarithm by the other."""
    return float(np.polyfit(np.log(force), np.log(amplitude), 1)[0])


def duration_ms(potential: np.ndarray) -> float:
    """From the first to the last sample above 5 % of the peak to peak."""
    heard = np.flatnonzero(np.abs(potential) > 0.05 * np.ptp(potential))
    return float(heard[-1] - heard[0] + 1) / RATE_HZ * 1000.0


def firing(trains: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean rates in Hz, and coefficients of variation of the intervals, of units with 6 or more
    spikes."""
    intervals = [np.diff(train) for train in trains if len(train) > 5]
    rates = np.array([1.0 / each.mean() for each in intervals])
    return rates, np.array([each.std() / each.mean() for each in intervals])


def rms_cv(uv: np.ndarray, window_s: float = WINDOW_S) -> float:
    """Coefficient of variation of the RMS over windows, of a steady contraction [samples]."""
    window = int(window_s * RATE_HZ)
    whole = len(uv) // window * window
    rms = np.sqrt(np.mean(uv[:whole].reshape(-1, window) ** 2, axis=1))
    return float(rms.std() / rms.mean())


def correlation(pair: np.ndarray) -> float:
    """Of the two signals of [samples, 2]."""
    return float(np.corrcoef(pair.T)[0, 1])


def same_samples(preset: str, seed: int, seconds: float = 1.0) -> bool:
    """Whether two people of one seed are one person, and another seed is another."""
    script = [(0.2, Prompt((1.0, 0.0, 0.0, 1.0), 0.2, 2.0))]
    one, two, other = (
        simulate(Patient(preset, number), seconds, script).uv for number in (seed, seed, seed + 1)
    )
    return np.array_equal(one, two) and not np.array_equal(one, other)


def criteria(made: Bench) -> list[Criterion]:
    """Every criterion of one tissue."""
    held = made.contractions
    first = {share: each.uv[:, 0] for share, each in held.items()}
    at_half = median_hz(first[0.5])
    grows = slope([each.force() for each in held.values()], [uv.std() for uv in first.values()])
    loudest = float(first[1.0].std())
    durations = np.array([duration_ms(unit) for unit in made.potentials[:, :, 0]])
    # A mean rate needs many intervals: the long contractions.
    long = [each for each in held.values() if each.seconds == LONG_S]
    rates, variation = zip(*(firing(each.trains) for each in long), strict=True)
    rate = np.concatenate(rates)
    irregular = [float(each.mean()) for each in variation]
    unsteady = [rms_cv(first[share]) for share in STEADY]
    typical = MEAN_DURATION_MS[made.tissue]
    slow, fast = FIRING_HZ[0] * (1 - FIRING_LEEWAY), FIRING_HZ[1] * (1 + FIRING_LEEWAY)
    rows = [
        Criterion("median frequency at 50 % force", at_half, at_half, *MEDIAN_HZ, "Hz"),
        Criterion("slope of log amplitude on log force", grows, grows, *SLOPE),
        Criterion("amplitude at maximum", loudest, loudest, *LOUDEST_UV, "µV"),
        Criterion("potentials last", durations.min(), durations.max(), *DURATION_MS, "ms"),
        Criterion(
            "potentials last, mean", durations.mean(), durations.mean(),
            typical - 1.0, typical + 1.0, "ms",
        ),
        Criterion("firing rate of a unit", rate.min(), rate.max(), slow, fast, "Hz"),
        Criterion("CV of intervals", min(irregular), max(irregular), *INTERVAL_CV),
        Criterion("CV of RMS over 200 ms", min(unsteady), max(unsteady), *RMS_CV),
    ]  # fmt: skip
    for distance, expected in NEIGHBOURS.items():
        found = correlation(made.pairs[distance])
        low, high = expected - NEIGHBOUR_LEEWAY, expected + NEIGHBOUR_LEEWAY
        rows.append(Criterion(f"correlation at {distance:.0f} mm", found, found, low, high))
    return rows


# ---- people ----


def person(preset: str, seed: int = 1, seconds: float = 2.5) -> list[Criterion]:
    """What a preset's own sites hear: each muscle at its maximum, noise, mains, the heart."""
    patient = Patient(preset, seed)
    loudest = _maxima(preset, seed, seconds)
    noise = contact_noise_uv(preset, seed)
    mains = patient.electrodes.mains_uv
    same = float(same_samples(preset, seed))
    rows = [
        Criterion("each muscle's maximum, at its site", *_span(loudest), *LOUDEST_UV, "µV"),
        Criterion("noise of the contacts", *_span(noise), *REST_UV, "µV"),
        Criterion("mains", *_span(mains), *MAINS_UV, "µV"),
        Criterion("same seed, same samples (1: yes)", same, same, 1.0, 1.0),
    ]
    if patient.preset.heart_uv:
        beats = heart_intervals_s(preset, seed)
        rows.insert(3, Criterion("interval of heart beats", *_span(beats), *HEART_LIMITS_S, "s"))
    return rows


def contact_noise_uv(preset: str, seed: int) -> np.ndarray:
    """RMS above 20 Hz of each site's own noise, without muscles, mains and heart."""
    skin = Patient(preset, seed, knobs={"mains_uv": 0.0, "heart_uv": 0.0}).electrodes
    silent = np.zeros((BLOCK, len(skin.mains_uv)))
    uv = np.concatenate([skin.block(silent) for _ in range(150)])
    band = butter(2, 20.0, "highpass", fs=RATE_HZ, output="sos")
    return sosfilt(band, uv - uv[0], axis=0)[2000:].std(axis=0)


def heart_intervals_s(preset: str, seed: int, seconds: float = 20.0) -> np.ndarray:
    """Between the R waves at the site that hears the heart best, at rest."""
    patient = Patient(preset, seed, knobs={"mains_uv": 0.0})
    site = int(np.argmax(patient.preset.heart_uv))
    uv = simulate(patient, seconds).uv[:, site]
    band = butter(2, [8.0, 30.0], "bandpass", fs=patient.board_hz, output="sos")
    wave = sosfilt(band, uv - uv[0])
    over = wave > 0.6 * np.quantile(wave, 0.999)
    up = np.flatnonzero(np.diff(over.astype(int)) > 0)
    apart = np.diff(up, prepend=-patient.board_hz) > 0.3 * patient.board_hz
    return np.diff(up[apart]) / patient.board_hz


def _maxima(preset: str, seed: int, seconds: float) -> np.ndarray:
    """RMS of each muscle's first pool at maximal excitation, at the site that hears it best."""
    return np.array([
        uv.std(axis=0).max() for uv in Patient(preset, seed).muscles.maxima(round(seconds * 50))
    ])  # fmt: skip


def _span(values: np.ndarray) -> tuple[float, float]:
    return float(np.min(values)), float(np.max(values))
