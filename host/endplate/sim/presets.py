# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated people: muscles, who drives them, and where the sites are.

Positions are millimetres along the skin, across the fibres. Sites come in the order of the montage
of the same level, so site 1 is board channel 1. Amputation levels, nerves and muscles: SCIENCE
section 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from endplate.sim.muscle import LIMB_RADIUS_MM, REINNERVATED, Tissue

GIRTH_MM = 2.0 * np.pi * LIMB_RADIUS_MM
NATIVE = Tissue()

#: A task is a DoF and a direction.
Task = tuple[str, int]


@dataclass(frozen=True)
class PoolPlan:
    """Motor units of one task: how many, how far from the muscle's middle, how strong."""

    task: Task
    units: int = 120
    shift_mm: float = 0.0
    strength: float = 1.0


@dataclass(frozen=True)
class MusclePlan:
    """A muscle under the skin.

    `maximum_uv`: RMS of its first pool at the loudest site at maximal excitation.
    """

    name: str
    at_mm: float
    pools: tuple[PoolPlan, ...]
    maximum_uv: float = 450.0
    tissue: Tissue = REINNERVATED


@dataclass(frozen=True)
class Preset:
    """One simulated person. Pairs of numbers are ranges from which the seed draws."""

    name: str
    title: str
    muscles: tuple[MusclePlan, ...]
    sites_mm: tuple[float, ...]
    around_mm: float = GIRTH_MM
    #: Share of its own effort that a pool passes on: to the other pool of its muscle, to its
    #: antagonist, to all others.
    shared: tuple[float, float] = (0.2, 0.4)
    antagonist: tuple[float, float] = (0.05, 0.12)
    spread: tuple[float, float] = (0.0, 0.08)
    rest_tone: float = 0.0
    noise_uv: tuple[float, float] = (4.0, 5.5)
    mains_uv: tuple[float, float] = (3.0, 10.0)
    offset_uv: tuple[float, float] = (-25_000.0, 25_000.0)
    heart_uv: tuple[float, ...] = ()
    #: The montage whose sites these are, and the DoF that they carry, the surest first.
    montage: str = ""
    dofs: tuple[str, ...] = ()


def _around(*degrees: float) -> tuple[float, ...]:
    return tuple(d / 360.0 * GIRTH_MM for d in degrees)


def _reinnervated(
    name: str, at_mm: float, first: Task, second: Task, maximum_uv: float
) -> MusclePlan:
    """A muscle whose nerve carries two tasks: the second has a smaller pool beside the first's."""
    pools = (PoolPlan(first, 80, -4.0), PoolPlan(second, 40, 7.0, 0.6))
    return MusclePlan(name, at_mm, pools, maximum_uv)


def _native(name: str, at_mm: float, task: Task, maximum_uv: float) -> MusclePlan:
    return MusclePlan(name, at_mm, (PoolPlan(task),), maximum_uv, NATIVE)


_BICEPS_LATERAL, _BICEPS_MEDIAL, _TRICEPS_LONG, _TRICEPS_LATERAL = _around(60, 115, 215, 300)
_UPPER_ARM = (
    _reinnervated("lateral biceps", _BICEPS_LATERAL, ("elbow", 1), ("wrist_rotation", -1), 520.0),
    _reinnervated("medial biceps", _BICEPS_MEDIAL, ("hand", 1), ("wrist_rotation", 1), 480.0),
    _reinnervated("long triceps", _TRICEPS_LONG, ("elbow", -1), ("wrist_flexion", 1), 500.0),
    _reinnervated("lateral triceps", _TRICEPS_LATERAL, ("hand", -1), ("wrist_flexion", -1), 460.0),
)
_UPPER_ARM_SITES = (
    _BICEPS_LATERAL,
    _BICEPS_MEDIAL,
    _TRICEPS_LONG,
    _TRICEPS_LATERAL,
    *_around(87, 165, 257, 0),
)


def _forearm(maximum_uv: float) -> tuple[MusclePlan, ...]:
    places = _around(35, 85, 125, 185, 245, 310)
    tasks: tuple[tuple[str, Task], ...] = (
        ("finger flexors", ("hand", 1)),
        ("wrist flexors", ("wrist_flexion", 1)),
        ("pronator", ("wrist_rotation", 1)),
        ("wrist extensors", ("wrist_flexion", -1)),
        ("finger extensors", ("hand", -1)),
        ("supinator", ("wrist_rotation", -1)),
    )
    return tuple(
        _native(name, at, task, maximum_uv) for at, (name, task) in zip(places, tasks, strict=True)
    )


_CHEST = (
    _reinnervated("clavicular pectoralis", 0.0, ("elbow", 1), ("wrist_rotation", -1), 420.0),
    _reinnervated("upper sternal pectoralis", 45.0, ("hand", 1), ("wrist_rotation", 1), 380.0),
    _reinnervated("lower sternal pectoralis", 90.0, ("wrist_rotation", 1), ("hand", 1), 320.0),
    _reinnervated("lateral pectoralis", 140.0, ("wrist_flexion", 1), ("hand", 1), 320.0),
    _reinnervated("latissimus", 210.0, ("hand", -1), ("wrist_flexion", -1), 400.0),
    _native("serratus", 260.0, ("elbow", -1), 300.0),
)
# In the order of the montage transradial-8: the six muscles, then the two sites between the
# flexors.
_FOREARM_SITES = _around(35, 245, 125, 310, 85, 185, 60, 355)

PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "tmr-transhumeral",
            "TMR after transhumeral amputation, four reinnervated heads",
            _UPPER_ARM,
            _UPPER_ARM_SITES,
            montage="free-8",
            dofs=("hand", "elbow", "wrist_rotation"),
        ),
        Preset(
            "tmr-shoulder",
            "TMR after shoulder disarticulation, the heart in its pectoral sites",
            _CHEST,
            (0.0, 45.0, 90.0, 140.0, 210.0, 260.0),
            around_mm=np.inf,
            heart_uv=(60.0, 150.0, 180.0, 120.0, 20.0, 30.0),
            montage="shoulder-6",
            dofs=("hand", "elbow", "wrist_rotation"),
        ),
        Preset(
            "transradial",
            "transradial amputation, eight sites around the forearm",
            _forearm(420.0),
            _FOREARM_SITES,
            shared=(0.0, 0.0),
            antagonist=(0.05, 0.12),
            spread=(0.0, 0.05),
            montage="transradial-8",
            dofs=("hand", "wrist_rotation", "wrist_flexion"),
        ),
        Preset(
            "able-bodied",
            "an intact forearm, strong and well separated, good contacts",
            _forearm(700.0),
            _FOREARM_SITES,
            shared=(0.0, 0.0),
            antagonist=(0.02, 0.04),
            spread=(0.0, 0.01),
            noise_uv=(3.4, 4.0),
            mains_uv=(2.0, 4.0),
            montage="transradial-8",
            dofs=("hand", "wrist_rotation", "wrist_flexion"),
        ),
        Preset(
            "difficult",
            "weak, overlapping transhumeral TMR signals, tone at rest, poor contacts",
            tuple(
                MusclePlan(m.name, m.at_mm, m.pools, 0.4 * m.maximum_uv, m.tissue)
                for m in _UPPER_ARM
            ),
            _UPPER_ARM_SITES,
            shared=(0.4, 0.4),
            antagonist=(0.10, 0.25),
            spread=(0.05, 0.15),
            rest_tone=0.02,
            noise_uv=(8.0, 9.5),
            mains_uv=(25.0, 50.0),
            offset_uv=(-60_000.0, 60_000.0),
            montage="free-8",
            dofs=("hand", "elbow", "wrist_rotation"),
        ),
    )
}
DEFAULT = "tmr-transhumeral"
#: Short names, by the level of the amputation.
LEVELS = {"transhumeral": "tmr-transhumeral", "shoulder": "tmr-shoulder"}
