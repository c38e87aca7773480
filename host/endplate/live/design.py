# SPDX-License-Identifier: GPL-3.0-or-later
"""Design of the chain's filters: sections for `filter_config` in firmware/core/filter.h.

The C core only runs sections; which frequencies they take is decided here, from the board's sample
rate and the mains. Closed forms, since loading scipy's general ones would keep a person waiting for
a second and a half at every start; a test holds them against scipy's.
"""

from __future__ import annotations

import math
from typing import Any

from endplate.errors import EndplateError

#: Surface EMG below 20 Hz is mostly motion of the electrodes (De Luca 2010).
HIGH_PASS_HZ = 20.0
#: Surface EMG ends near 450 Hz; below 1000 samples/s the Nyquist frequency ends it earlier.
LOW_PASS_HZ = 450.0
LOW_PASS_SHARE = 0.45
#: -3 dB width of each notch.
NOTCH_WIDTH_HZ = 2.0
#: Lowest rate that leaves a band above the high-pass, and the highest that the tests try.
LOWEST_RATE_HZ = 100.0
HIGHEST_RATE_HZ = 10_000.0
#: What moves an electrode is between these (drift is slower); QRS complexes are below
#: the third.
MOTION_HZ = (3.0, 20.0)
HEART_HZ = 40.0
#: Current of the ADS1299 that looks for leads that are off.
LEAD_OFF_HZ, LEAD_OFF_HALF_WIDTH_HZ = 31.25, 3.0
#: FILTER_MAX_SECTIONS of filter.h (a test compares them); band and notch each have this many.
MAX_SECTIONS = 12

Section = dict[str, float]


def low_pass_hz(rate_hz: float) -> float:
    """Upper edge of the band in hertz. Raises EndplateError for a rate that cannot be used."""
    if not math.isfinite(rate_hz) or not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
        raise EndplateError(
            f"A sample rate of {rate_hz:g} per second cannot be used; choose a board or a setting "
            f"between {LOWEST_RATE_HZ:g} and {HIGHEST_RATE_HZ:g} samples per second."
        )
    return min(LOW_PASS_HZ, LOW_PASS_SHARE * rate_hz)


def band_sections(rate_hz: float) -> list[Section]:
    """Butterworth high-pass 20 Hz, then low-pass min(450, 0.45 rate) Hz, both of 2nd order.

    The low-pass only trims what the board's own filter let through. Returns sections {b0, b1, b2,
    a1, a2} with a0 = 1, the high-pass first. Raises EndplateError for a rate that cannot be used.
    """
    edge = low_pass_hz(rate_hz)
    return [_butterworth(HIGH_PASS_HZ, rate_hz, high=True), _butterworth(edge, rate_hz, high=False)]


def notch_hz(rate_hz: float, mains_hz: float) -> list[float]:
    """Frequencies that the notch takes: the mains and its harmonics below the low-pass edge.

    The mains itself is taken wherever it lies below the Nyquist frequency (at 125 samples/s, 60 Hz
    lies above the edge). Raises EndplateError for a rate or a mains frequency that cannot be used.
    """
    edge = low_pass_hz(rate_hz)
    if not math.isfinite(mains_hz) or not 45.0 <= mains_hz <= 65.0:
        raise EndplateError(
            f"A mains frequency of {mains_hz:g} Hz is not known; choose 50 or 60 Hz."
        )
    lines = [mains_hz] if mains_hz + NOTCH_WIDTH_HZ / 2 < rate_hz / 2 else []
    lines += [mains_hz * k for k in range(2, MAX_SECTIONS + 1) if mains_hz * k < edge]
    return lines[:MAX_SECTIONS]


def notch_sections(rate_hz: float, mains_hz: float) -> list[Section]:
    """Notches 2 Hz wide at the mains and the harmonics that fit, at most MAX_SECTIONS.

    Raises EndplateError like `notch_hz`.
    """
    sections = []
    for frequency in notch_hz(rate_hz, mains_hz):
        gain = 1.0 / (1.0 + math.tan(math.pi * NOTCH_WIDTH_HZ / rate_hz))
        middle = -2.0 * gain * math.cos(2.0 * math.pi * frequency / rate_hz)
        sections.append(
            {"b0": gain, "b1": middle, "b2": gain, "a1": middle, "a2": 2.0 * gain - 1.0}
        )
    return sections


def meter_sections(rate_hz: float) -> dict[str, Any]:
    """Sections `slow`, `heart` and `lead_off` of `meter_config` in firmware/core/meter.h.

    Raises EndplateError for a rate that cannot be used.
    """
    low_pass_hz(rate_hz)
    return {
        "slow": [_butterworth(edge, rate_hz, high=edge == MOTION_HZ[0]) for edge in MOTION_HZ],
        "heart": _butterworth(HEART_HZ, rate_hz, high=False),
        "lead_off": _band_pass(LEAD_OFF_HZ, 2 * LEAD_OFF_HALF_WIDTH_HZ, rate_hz),
    }


def _band_pass(middle_hz: float, width_hz: float, rate_hz: float) -> Section:
    """2nd order, 1 at `middle_hz` and -3 dB at the ends of `width_hz`: what such a notch takes
    out."""
    k = math.tan(math.pi * width_hz / rate_hz)
    gain = k / (1.0 + k)
    a1 = -2.0 * math.cos(2.0 * math.pi * middle_hz / rate_hz) / (1.0 + k)
    return {"b0": gain, "b1": 0.0, "b2": -gain, "a1": a1, "a2": (1.0 - k) / (1.0 + k)}


def _butterworth(edge_hz: float, rate_hz: float, high: bool) -> Section:
    """2nd order, -3 dB at `edge_hz`: the bilinear transform of 1 / (s^2 + sqrt(2) s + 1), or of
    s^2 over that, with the edge pre-warped (Oppenheim and Schafer, Discrete-Time Signal
    Processing, 7.2)."""
    k = math.tan(math.pi * edge_hz / rate_hz)
    a0 = 1.0 + math.sqrt(2.0) * k + k * k
    b = (1.0 if high else k * k) / a0
    return {
        "b0": b,
        "b1": -2.0 * b if high else 2.0 * b,
        "b2": b,
        "a1": 2.0 * (k * k - 1.0) / a0,
        "a2": (1.0 - math.sqrt(2.0) * k + k * k) / a0,
    }
