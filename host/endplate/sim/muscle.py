# SPDX-License-Identifier: GPL-3.0-or-later
"""From a spike to microvolts at the sites: motor-unit potentials and cross-talk.

Shape: a Rosenfalck action potential starts in the end-plate zone, runs both ways along the fibres
and dies at their ends (so end effects are in it); a bipolar pair 20 mm apart listens through 4 mm
of fat. Size over the skin: the empirical cross-talk m(d) = 0.256 (d / 25 mm)^-1.1 (Winter,
Fuglevand and Archer 1994, J Electromyogr Kinesiol 4:15), which replaces the volume conductor's own
fall-off. The limb is a cylinder, distances are along its skin.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from endplate.sim.motor_units import Pool

RATE_HZ = 2000.0  # internal rate of the muscle signal
TEMPLATE_SAMPLES = 64  # 32 ms
FAT_MM = 4.0
PAIR_MM = 20.0  # between the two electrodes of a site
LIMB_RADIUS_MM = 45.0
ANISOTROPY = 5.0  # conductivity of muscle along over across its fibres (Rosenfalck 1969)
CROSS_TALK_25MM = 0.256
CROSS_TALK_POWER = 1.1
HOME_MM = 25.0 * CROSS_TALK_25MM ** (
    1 / CROSS_TALK_POWER
)  # nearer than this the pair hears all of it (7.2 mm)
SPIKE_LEAD_MS = 1.0  # template time before the spike reaches the end plate
STEP_MM = 1.0
REACH_MM = 95.0
FAR_MM = 25.0  # shapes change no further with distance


@dataclass(frozen=True)
class Tissue:
    """What makes a muscle's potentials short or long.

    half_length_mm: end plate to tendon; velocity_mps: conduction; scatter_mm: of end plates and
    fibre ends in a unit; territory_mm: half width of the area its units lie in; depth_mm: deepest
    unit under the fat; zone_mm: distance from the end-plate zone to the sites' centre line.
    """

    half_length_mm: float = 50.0
    velocity_mps: float = 4.0
    scatter_mm: float = 3.0
    territory_mm: float = 10.0
    depth_mm: float = 6.0
    zone_mm: float = 22.0


#: Reinnervated muscle: shorter potentials (10.9 against 14.0 ms, Kapelner 2016), smaller
#: territories.
REINNERVATED = Tissue(half_length_mm=37.0, territory_mm=6.0, depth_mm=5.0, zone_mm=18.0)


def cross_talk(distance_mm: np.ndarray) -> np.ndarray:
    """Share of a source's amplitude heard `distance_mm` away along the skin; 1 above it."""
    near = np.asarray(distance_mm, float) / HOME_MM
    return (1.0 + near**4) ** (-CROSS_TALK_POWER / 4.0)


def skin_distance(a_mm: np.ndarray, b_mm: np.ndarray, around_mm: float) -> np.ndarray:
    """Distance along the skin from `a` to `b`; `around_mm`: girth, or inf on flat skin."""
    gap = np.abs(np.asarray(a_mm, float) - np.asarray(b_mm, float))
    if not np.isfinite(around_mm):
        return gap
    gap = np.mod(gap, around_mm)
    return np.minimum(gap, around_mm - gap)


@lru_cache
def _wave(scatter_mm: float) -> tuple[np.ndarray, np.ndarray]:
    """Axial current of the action potential, d/dz of Rosenfalck's 96 z^3 exp(-z) (mV, mm).

    Returns distance behind the front and current, smeared over the end plates of a unit.
    """
    z = np.arange(-15.0, 40.0, 0.1)
    behind = np.maximum(z, 0.0)
    wave = 96.0 * (3.0 * behind**2 - behind**3) * np.exp(-behind)
    kernel = np.exp(-0.5 * (np.arange(-15.0, 15.05, 0.1) / scatter_mm) ** 2)
    return z, np.convolve(wave, kernel / kernel.sum(), "same")


def _step(x: np.ndarray, scatter_mm: float) -> np.ndarray:
    """From 0 to 1, nearly as the normal distribution's integral."""
    return 0.5 * (1.0 + np.tanh(0.8 * x / scatter_mm))


def potential(
    tissue: Tissue,
    radial_mm: np.ndarray,
    zone_mm: float,
    half_mm: tuple[float, float],
    velocity_mps: float,
) -> np.ndarray:
    """One unit's potential at the sites, float64 [samples, sites], arbitrary unit.

    `radial_mm` [sites]: distance across the fibres.
    `zone_mm`: end plate to the pair's middle along the fibres; `half_mm`: end plate to both fibre
    ends.
    """
    z = np.arange(-REACH_MM, REACH_MM + STEP_MM, STEP_MM)
    time_ms = np.arange(TEMPLATE_SAMPLES) / RATE_HZ * 1000.0 - SPIKE_LEAD_MS
    grid, wave = _wave(tissue.scatter_mm)
    front = velocity_mps * time_ms[:, None]  # m/s = mm/ms
    alive = _step(z, tissue.scatter_mm)
    away = alive * _step(half_mm[0] - z, tissue.scatter_mm)
    back = (1.0 - alive) * _step(half_mm[1] + z, tissue.scatter_mm)
    running = np.interp(front - z, grid, wave, 0.0, 0.0)
    current = running[:, ::-1] * back - running * away  # the grid is symmetric
    across = np.asarray(radial_mm, float)[None, :] ** 2
    pair = np.zeros((len(z), across.shape[1]))
    for sign, at in ((1.0, zone_mm - PAIR_MM / 2), (-1.0, zone_mm + PAIR_MM / 2)):
        ahead = (z - at)[:, None]
        pair += sign * ahead / (ahead**2 + across) ** 1.5
    return current @ pair * STEP_MM


@dataclass(frozen=True)
class Pose:
    """How muscle and electrodes stand to each other, against the day when the person was made.

    round_mm, along_mm: pairs moved round the limb and along the fibres; deeper_mm: muscle further
    under the skin; slower: conduction velocity over the fresh one.
    """

    round_mm: float = 0.0
    along_mm: float = 0.0
    deeper_mm: float = 0.0
    slower: float = 1.0


HOME = Pose()
SHALLOWEST_MM = 0.3


@dataclass(frozen=True)
class Units:
    """Where the units of a pool lie and how they conduct: a person's anatomy, float64 [n].

    `halves_mm` [n, 2]; `depth_mm` under the fat; `place_mm` along the skin, across the fibres.
    """

    tissue: Tissue
    twitch: np.ndarray
    place_mm: np.ndarray
    depth_mm: np.ndarray
    zone_mm: np.ndarray
    halves_mm: np.ndarray
    velocity_mps: np.ndarray

    @classmethod
    def drawn(cls, tissue: Tissue, pool: Pool, centre_mm: float, rng: np.random.Generator) -> Units:
        """The units of `pool` around `centre_mm`."""
        n = len(pool.threshold)
        return cls(
            tissue,
            pool.twitch,
            place_mm=centre_mm + tissue.territory_mm * rng.uniform(-1.0, 1.0, n),
            depth_mm=rng.uniform(0.5, tissue.depth_mm, n),
            zone_mm=tissue.zone_mm + tissue.scatter_mm * rng.standard_normal(n),
            halves_mm=tissue.half_length_mm * (1.0 + 0.05 * rng.standard_normal((n, 2))),
            velocity_mps=tissue.velocity_mps
            * (1.0 + 0.08 * (2.0 * np.arange(n) / n - 1.0)),  # larger units conduct faster
        )

    def template(
        self, unit: int, sites_mm: np.ndarray, around_mm: float, pose: Pose = HOME
    ) -> np.ndarray:
        """One unit's potential at all sites, float64 [samples, sites].

        Relative sizes are right within the pool (as the twitches, fainter when deep) and between
        sites (cross-talk); the scale is arbitrary, see `scale`. What a pose changes along the
        fibres and by velocity is the volume conductor's; across the fibres it is the cross-talk.
        """
        distance = skin_distance(self.place_mm[unit], sites_mm + pose.round_mm, around_mm)
        depth = max(self.depth_mm[unit] + pose.deeper_mm, SHALLOWEST_MM)
        below = FAT_MM + np.sqrt(ANISOTROPY) * depth
        radial = np.hypot(below, np.minimum(distance, FAR_MM))
        halves = (self.halves_mm[unit, 0], self.halves_mm[unit, 1])
        zone, velocity = self.zone_mm[unit], self.velocity_mps[unit]
        fresh = potential(self.tissue, radial, zone, halves, velocity)
        shape = fresh
        if pose.along_mm or pose.slower != 1.0:
            shape = potential(
                self.tissue, radial, zone + pose.along_mm, halves, velocity * pose.slower
            )
        shape = shape / np.sqrt(np.mean(fresh**2, axis=0))
        deepest = FAT_MM + np.sqrt(ANISOTROPY) * self.tissue.depth_mm
        return shape * self.twitch[unit] * np.sqrt(deepest / below) * cross_talk(distance)

    def templates(self, sites_mm: np.ndarray, around_mm: float, pose: Pose = HOME) -> np.ndarray:
        """Potentials of all units, float64 [units, samples, sites]."""
        return np.stack(
            [self.template(unit, sites_mm, around_mm, pose) for unit in range(len(self.twitch))]
        )


def unit_templates(
    tissue: Tissue,
    pool: Pool,
    centre_mm: float,
    sites_mm: np.ndarray,
    around_mm: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Potentials of the units of a pool drawn anew, float64 [units, samples, sites]; see Units."""
    return Units.drawn(tissue, pool, centre_mm, rng).templates(sites_mm, around_mm)


def expected_rms(templates: np.ndarray, rates_hz: np.ndarray) -> np.ndarray:
    """RMS at each site when units fire independently at `rates_hz` [units] (Campbell's theorem)."""
    return np.sqrt(np.tensordot(rates_hz, np.sum(templates**2, axis=1), 1) / RATE_HZ)


def scale(templates: np.ndarray, pool: Pool, maximum_uv: float) -> float:
    """Microvolts per unit of `templates`, so that the loudest site has `maximum_uv` RMS at maximal
    excitation."""
    return float(maximum_uv / expected_rms(templates, pool.rates_hz(1.0)).max())


def scale_to(templates: np.ndarray, pool: Pool, maximum_uv: float) -> np.ndarray:
    """`templates` in microvolts, float32."""
    return (templates * scale(templates, pool, maximum_uv)).astype(np.float32)


class Sum:
    """Adds the potentials of spikes into a running signal, block by block."""

    def __init__(self, templates: np.ndarray) -> None:
        self.templates = templates  # float32 [units, samples, sites]; rows may be exchanged
        self._tail = np.zeros((TEMPLATE_SAMPLES, templates.shape[2]), np.float32)

    def block(self, unit: np.ndarray, offset: np.ndarray, samples: int) -> np.ndarray:
        """Signal of the next `samples` samples, float32 [samples, sites]."""
        out = np.zeros((samples + TEMPLATE_SAMPLES, self._tail.shape[1]), np.float32)
        out[:TEMPLATE_SAMPLES] = self._tail
        templates = self.templates
        for number, at in zip(unit.tolist(), offset.tolist(), strict=True):
            out[at : at + TEMPLATE_SAMPLES] += templates[number]
        self._tail = out[samples:]
        return out[:samples]
