# SPDX-License-Identifier: GPL-3.0-or-later
"""What the skin and the pairs of electrodes add to the muscles' signal, at 2 kHz and in microvolts.

Noise, mains and its third harmonic, the electrodes' half-cell offsets and their drift, the heart,
arm motion, and what goes wrong: a lifted pair, more mains, sweat, dried contacts, bursts of motion.

Sweat lowers the impedance and shunts each pair (Abdoli-Eramaki 2012: a smaller EMG), bridges
pairs over the wet skin, and its moving layer is noise and drift. A dried contact has more noise
and turns more of the mains into a difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from endplate.sim.muscle import RATE_HZ

NOISE_CORNER_HZ = 150.0  # skin noise is strongest at low frequencies
MOTION_HZ = 4.0  # two poles there: nearly all of the motion artefact below 15 Hz
MOTION_SCALE = float(np.sqrt(np.tanh(2.0 * np.pi * MOTION_HZ / RATE_HZ)))  # unit variance again
DRIFT_S = 30.0
THIRD_HARMONIC = 0.2
MAINS_WANDER = 2e-4  # slow relative deviation of the mains frequency
LIFTED_MAINS_UV = 400.0  # a lifted pair becomes an antenna ...
LIFTED_NOISE = 8.0  # ... is noisy ...
LIFTED_EMG = 0.02  # ... and hardly hears the muscle
LIFTED_OFFSET_UV = 60_000.0
HEART_S = (0.83, 0.04)  # mean and relative sd of the beat interval
WET_IMPEDANCE, DRY_IMPEDANCE = 0.2, 30.0  # of the gelled pair's, at sweat 1 and at dry 1
WET_SHUNT, WET_BRIDGE = 0.35, 0.15  # EMG lost; share of all pairs' mean that each pair hears
WET_NOISE, WET_DRIFT = 1.0, 4.0  # added, in shares of what there is
DRY_NOISE, DRY_MAINS = 2.0, 5.0
BURST_S = (0.3, 1.2)  # length of a burst of motion
HEART_LIMITS_S = (0.4, 1.25)


def impedance_share(sweat: float, dry: float) -> float:
    """Impedance of a contact over that of a fresh, gelled one."""
    return float(WET_IMPEDANCE**sweat * DRY_IMPEDANCE**dry)


class _OnePole:
    """Streaming low-pass of blocks of one length; white noise keeps its variance."""

    def __init__(self, corner_hz: float, sites: int) -> None:
        self._pole = float(np.exp(-2.0 * np.pi * corner_hz / RATE_HZ))
        self._gain = float(np.sqrt(1.0 - self._pole**2))
        self._state = np.zeros(sites)
        self._matrix = np.zeros((0, 0))

    def block(self, x: np.ndarray) -> np.ndarray:
        """`x` [samples, sites], filtered."""
        n = len(x)
        if len(self._matrix) != n:
            lag = np.arange(n)[:, None] - np.arange(n)
            self._matrix = np.where(lag >= 0, self._gain * self._pole ** np.maximum(lag, 0), 0.0)
            self._decay = self._pole ** np.arange(1, n + 1)[:, None]
        out = self._matrix @ x + self._decay * self._state
        self._state = out[-1].copy()  # the caller may scale what it was given
        return out


@dataclass(frozen=True)
class Contact:
    """How one site's pair sits on the skin. Microvolts; noise and mains as RMS."""

    noise_uv: float
    mains_uv: float
    offset_uv: float
    drift_uv: float = 500.0
    heart_uv: float = 0.0
    motion_uv: float = 150.0


class Electrodes:
    """Streaming: muscle signal in, what the amplifier's inputs see out."""

    def __init__(
        self,
        contacts: list[Contact],
        mains_hz: float,
        rng: np.random.Generator,
        events: np.random.Generator | None = None,
    ) -> None:
        self._rng = rng
        self._events = np.random.default_rng(0) if events is None else events
        self._sites = n = len(contacts)
        self._noise_uv = np.array([c.noise_uv for c in contacts])
        self.mains_uv = np.array([c.mains_uv for c in contacts])
        self._drift_uv = np.array([c.drift_uv for c in contacts])
        self._offset_uv = np.array([c.offset_uv for c in contacts])
        self._motion_uv = np.array([c.motion_uv for c in contacts])
        self._heart_uv = np.array([c.heart_uv for c in contacts])
        most = self._heart_uv.max()
        self._heart_pattern = self._heart_uv / most if most > 0 else np.ones(n)
        self.lifted = np.zeros(n, bool)
        self.sweat = self.dry = self.bursts_per_min = 0.0
        self._beat_s = HEART_S[0]
        self._burst: np.ndarray = np.zeros(0)  # what is left of one, 0..1 a sample
        self._bursting = _OnePole(MOTION_HZ, n), _OnePole(MOTION_HZ, n)
        self._mains_hz = mains_hz
        self._mains_phase = rng.uniform(0.0, 2.0 * np.pi)
        self._mains_deviation = 0.0
        self._site_phase = rng.normal(0.0, 0.3, n)
        self._noise = _OnePole(NOISE_CORNER_HZ, n)
        self._motion = _OnePole(MOTION_HZ, n), _OnePole(MOTION_HZ, n)
        self._drift = self._drift_uv * rng.standard_normal(n)
        self._beat = _beat()
        self._beat_tail = np.zeros(len(self._beat))
        self._next_beat = int(RATE_HZ * rng.uniform(0.1, 0.9))

    def turn(self, name: str, value: float) -> None:
        """Turns a knob of the electrodes (knobs.py); the value has been checked."""
        if name == "heart_uv":
            self._heart_uv = value * self._heart_pattern
        elif name == "mains_uv":
            self.mains_uv[:] = value
        elif name == "motion_uv":
            self._motion_uv[:] = value
        elif name == "beat_s":
            self._beat_s = value
        else:
            setattr(self, name, value)

    def block(self, muscle_uv: np.ndarray, motion: np.ndarray | float = 0.0) -> np.ndarray:
        """Adds everything to `muscle_uv` [samples, sites]; `motion` 0..1 per sample or for all.

        Returns float64.
        """
        samples = len(muscle_uv)
        white = self._rng.standard_normal((samples, self._sites))
        noise = self._noise.block(white)
        worse = (1.0 + WET_NOISE * self.sweat) * (1.0 + DRY_NOISE * self.dry)
        noise *= self._noise_uv * np.where(self.lifted, LIFTED_NOISE, worse)
        out = noise + self._tones(samples)
        out += self._through_skin(muscle_uv) * np.where(self.lifted, LIFTED_EMG, 1.0)
        if np.any(self._heart_uv):
            out += self._heart(samples)[:, None] * self._heart_uv
        if np.any(motion):
            white = self._rng.standard_normal((samples, self._sites))
            slow = self._motion[1].block(self._motion[0].block(white))
            slow *= MOTION_SCALE
            out += slow * np.reshape(motion, (-1, 1)) * self._motion_uv
        if self.bursts_per_min or len(self._burst):
            out += self._bursts(samples) * self._motion_uv
        return out

    def _through_skin(self, muscle_uv: np.ndarray) -> np.ndarray:
        """What a wet skin leaves of the muscles' signal."""
        if not self.sweat:
            return muscle_uv
        bridge = WET_BRIDGE * self.sweat * muscle_uv.mean(axis=1, keepdims=True)
        return muscle_uv * (1.0 - WET_SHUNT * self.sweat) + bridge

    def _bursts(self, samples: int) -> np.ndarray:
        """Bursts of motion artefact [samples, sites], of unit variance at their height."""
        chance = self._events
        begins = chance.random() < self.bursts_per_min / 60.0 * samples / RATE_HZ
        length = int(chance.uniform(*BURST_S) * RATE_HZ)
        white = chance.standard_normal((samples, self._sites))
        if begins and not len(self._burst):
            self._burst = np.sin(np.pi * np.arange(length) / length)
        now = np.zeros(samples)
        part = self._burst[:samples]
        now[: len(part)], self._burst = part, self._burst[samples:]
        slow = self._bursting[1].block(self._bursting[0].block(white))
        return MOTION_SCALE * slow * now[:, None]

    def _tones(self, samples: int) -> np.ndarray:
        """Mains and drifting offsets: few shapes, mixed into all sites at once."""
        jump = 0.14 * MAINS_WANDER * self._rng.standard_normal()
        self._mains_deviation = 0.99 * self._mains_deviation + jump
        step = 2.0 * np.pi * self._mains_hz * (1.0 + self._mains_deviation) / RATE_HZ
        phase = self._mains_phase + step * np.arange(samples)
        self._mains_phase = float(np.mod(phase[-1] + step, 2.0 * np.pi))
        keep = np.exp(-samples / RATE_HZ / DRIFT_S)
        fresh = self._drift_uv * (1.0 + WET_DRIFT * self.sweat) * np.sqrt(1.0 - keep**2)
        before = self._drift
        self._drift = keep * before + fresh * self._rng.standard_normal(self._sites)
        mains = self.mains_uv * (1.0 + DRY_MAINS * self.dry)
        level = np.sqrt(2.0) * np.where(self.lifted, np.maximum(mains, LIFTED_MAINS_UV), mains)
        third = level * THIRD_HARMONIC
        offset = before + np.where(self.lifted, LIFTED_OFFSET_UV, self._offset_uv)
        site = self._site_phase
        shapes = np.stack(
            [
                np.sin(phase),
                np.cos(phase),
                np.sin(3.0 * phase),
                np.cos(3.0 * phase),
                np.ones(samples),
                np.arange(1, samples + 1) / samples,
            ]
        )
        mix = np.stack(
            [
                level * np.cos(site),
                level * np.sin(site),
                third * np.cos(3.0 * site),
                third * np.sin(3.0 * site),
                offset,
                self._drift - before,
            ]
        )
        return shapes.T @ mix

    def _heart(self, samples: int) -> np.ndarray:
        out = np.zeros(samples + len(self._beat))
        out[: len(self._beat)] = self._beat_tail
        while self._next_beat < samples:
            out[self._next_beat : self._next_beat + len(self._beat)] += self._beat
            mean, spread = self._beat_s, HEART_S[1]
            pause = np.clip(mean * (1.0 + spread * self._rng.standard_normal()), *HEART_LIMITS_S)
            self._next_beat += int(pause * RATE_HZ)
        self._next_beat -= samples
        self._beat_tail = out[samples : samples + len(self._beat)]
        return out[:samples]


def _beat() -> np.ndarray:
    """One heart beat with an R wave of 1: Gaussians of centre s, height, width s."""
    t = np.arange(0.0, 0.7, 1.0 / RATE_HZ) - 0.22
    waves = (
        (-0.18, 0.10, 0.025),
        (-0.03, -0.15, 0.008),
        (0.0, 1.0, 0.010),
        (0.03, -0.25, 0.009),
        (0.26, 0.25, 0.05),
    )
    return sum((h * np.exp(-0.5 * ((t - c) / w) ** 2) for c, h, w in waves), np.zeros_like(t))
