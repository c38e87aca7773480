# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to a person and to their electrodes, as knobs: off unless turned, at any block.

`Patient.turn(name, value)`, and by name as a fault of the simulated board. The same knobs turned at
the same blocks give the same samples; each draws its chance from a stream that nothing else uses.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Knob:
    """Range of a knob, the value at which it does nothing (None: the preset's), what it does."""

    low: float
    high: float
    off: float | None
    says: str


KNOBS: dict[str, Knob] = {
    "fatigue": Knob(0, 20, 0, "how fast muscles tire: 1 as people do, 0 not at all (fatigue.py)"),
    "shift_mm": Knob(-60, 60, 0, "all pairs of electrodes moved so far round the limb, mm"),
    "shift_along_mm": Knob(-40, 40, 0, "all pairs moved so far along the fibres, mm"),
    "posture": Knob(-1, 1, 0, "arm posture: 0 as hanging, 1 raised; muscles slide under the skin"),
    "sweat": Knob(0, 1, 0, "wet skin: less impedance, less EMG, bridges, drift, noise"),
    "dry": Knob(0, 1, 0, "dried contacts: more impedance, more noise, more mains"),
    "heart_uv": Knob(0, 2000, None, "R wave at the site that hears the heart best, microvolt"),
    "beat_s": Knob(0.4, 1.25, 0.83, "mean interval between heart beats, s"),
    "bursts_per_min": Knob(0, 120, 0, "bursts of motion artefact below 15 Hz, a minute"),
    "motion_uv": Knob(0, 5000, None, "RMS of the motion artefact while it lasts, microvolt"),
    "mains_uv": Knob(0, 5000, None, "RMS of the mains at all sites, microvolt"),
}


def checked(name: str, value: object) -> float:
    """The value of a knob. Raises ValueError with one sentence."""
    knob = KNOBS.get(name)
    if knob is None:
        raise ValueError(f"There is no knob {name!r}; there are {', '.join(KNOBS)}.")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"The knob {name} needs a number, not {value!r}.")
    if not knob.low <= value <= knob.high:
        raise ValueError(
            f"The knob {name} must lie between {knob.low:g} and {knob.high:g}, not {value:g}."
        )
    return float(value)


def parsed(item: str) -> tuple[str, float]:
    """NAME and VALUE of "NAME=VALUE". Raises ValueError with one sentence."""
    name, _, text = item.partition("=")
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{item!r} is no NAME=NUMBER, as sweat=0.5 is.") from None
    return name, checked(name, value)
