# SPDX-License-Identifier: GPL-3.0-or-later
"""The meters of every site, live and offline alike: values, their trends, warm-up and drift.

The C core measures (meter.h, quality.h); here its values are looked at once a second, and two
minutes of them say where each is going. Trends are in the words of the feed: "rising", "falling",
"steady", "" while there is not enough of it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from endplate.core import lib
from endplate.core_meter import HEART, MOTION, Meter
from endplate.live.design import meter_sections

if TYPE_CHECKING:
    from endplate.core import Chain
    from endplate.live.profile import Profile

FRAME_S = 0.08
MOTION_WARN_DB, MOTION_WARN_UV = 3.0, 40.0
RESTS = 2.0  # times its quiet level: above it a site contracts
LOOK_S = 1.0
ROWS_A_CALL = 4
TREND_LOOKS, LEAST_LOOKS = 90, 45  # seconds that a trend is taken from
BEGIN_S = 20.0  # before that too little has been heard
#: What is followed, and the change over a minute from which it is a change: rest noise in dB (1 dB
#: is 12 %), the rest in their own units.
FOLLOWED = {"rest": 1.0, "snr": 2.0, "mains": 3.0, "motion": 3.0}
#: Rest noise that falls by more than 8 % a minute, and still half as fast in the last 40 s, is a
#: skin that settles.
WARM_DB_A_MINUTE, STILL_LOOKS = -0.7, 40
WARM_UNTIL_S = 600.0


def settings(rate_hz: float, sites: int, uv_per_count: float) -> dict[str, Any]:
    """`meter_config` for a board."""
    return {
        "sites": sites,
        "frame_samples": max(2, round(FRAME_S * rate_hz)),
        "rate_hz": rate_hz,
        "uv_per_count": uv_per_count,
        "motion_warn_db": MOTION_WARN_DB,
        "motion_warn_uv": MOTION_WARN_UV,
        **meter_sections(rate_hz),
    }


class SiteMeters:
    """Meters of all sites of a board, streaming.

    `take` every block of samples; `rows` are renewed once a second. The clock is that of the
    samples, so a recording gives what the session gave that made it.
    """

    def __init__(self, rate_hz: float, sites: int, uv_per_count: float) -> None:
        self.meter = Meter(settings(rate_hz, sites, uv_per_count))
        self.rate_hz = rate_hz
        self.samples = 0
        self.rows: list[dict[str, Any]] = [{} for _ in range(sites)]
        self._due = LOOK_S * rate_hz
        self._past = np.full((len(FOLLOWED), TREND_LOOKS, sites), np.nan)
        self._values, self._left = self.meter.values, 0  # of the newest second; rows not yet made
        self._hums = np.zeros(sites, bool)  # when last at rest: a contraction drowns it
        self._contacts: dict[int, tuple[float, str]] = {}  # site -> ohm, where it goes
        self._then = np.zeros((2, sites))  # rest power and reference RMS of the calibration

    def compare_with(self, profile: Profile | None) -> None:
        """Counts drift from this profile's calibration."""
        self._then[:] = 0.0
        if profile is not None:
            for channel, *then in zip(
                profile.channels, profile.rest_uv2, profile.reference_uv, strict=True
            ):
                if channel <= self._then.shape[1]:
                    self._then[:, channel - 1] = then
        self._left = len(self.rows) if self.samples >= self.rate_hz else 0

    def take(
        self, counts: np.ndarray, clean: np.ndarray, chain: Chain, missing: int, injecting: int = 0
    ) -> None:
        """Counts int32 [n, sites] and what `chain` has made of them, float32; `missing` and
        `injecting` have a bit per site. Never more than a few sites' rows are made in a call."""
        doubted = chain.unfit | missing
        while len(counts):
            now = min(len(counts), math.ceil(self._due - self.samples))
            self.meter.process(counts[:now], clean[:now], doubted, injecting)
            self.samples += now
            counts, clean = counts[now:], clean[now:]
            if self.samples >= self._due:
                self._renew(len(self.rows))  # of the second before, if any are left
                self._due += LOOK_S * self.rate_hz
                self._remember(chain.quality)
        self._renew(ROWS_A_CALL)

    def contact(self, site: int, ohm: float, goes: str) -> None:
        """The impedance of a site was measured: its worse electrode; `goes` is a trend's word."""
        self._contacts[site] = ohm, goes

    def finish(self) -> None:
        """Makes the rows that are left of the newest second."""
        self._renew(len(self.rows))

    def _remember(self, quality: np.ndarray) -> None:
        self._values = values = self.meter.values
        rests = quality["rms_uv"] <= RESTS * quality["quiet_uv"]
        self._hums = np.where(rests, (quality["bits"] & lib.QUALITY_MAINS) > 0, self._hums)
        with np.errstate(divide="ignore", invalid="ignore"):
            now = (
                20 * np.log10(values["quiet_uv"]),
                values["snr_db"],
                quality["mains_db"],
                values["motion_db"],
            )
        self._past[:, :-1] = self._past[:, 1:]
        begun = self.samples >= BEGIN_S * self.rate_hz
        for row, value in enumerate(now):
            self._past[row, -1] = np.where(np.isfinite(value) & begun, value, np.nan)
        self._left = len(values)

    def _renew(self, most: int) -> None:
        """Makes the next rows of the newest second."""
        if not self._left:
            return
        first = len(self.rows) - self._left
        sites = slice(first, first + min(most, self._left))
        slopes, still = self.slopes(sites), self.slopes(sites, STILL_LOOKS, slice(1))[0]
        for n, site in enumerate(self._values[sites]):
            self.rows[first + n] = self._row(first + n, site, slopes[:, n], float(still[n]))
        self._left -= len(slopes[0])

    def slopes(
        self, sites: slice = slice(None), looks: int = TREND_LOOKS, which: slice = slice(None)
    ) -> np.ndarray:
        """Change over a minute of those FOLLOWED [which, sites], NaN while unknown: the line of
        least squares through the last `looks` seconds, LEAST_LOOKS of them or all."""
        past = self._past[which, -looks:, sites]
        known = np.isfinite(past)
        n = known.sum(axis=1)
        t = np.arange(looks)[None, :, None] * (LOOK_S / 60.0)
        y = np.where(known, past, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.where(known, t - (t * known).sum(1, keepdims=True) / n[:, None], 0.0)
            slope = (t * y).sum(axis=1) / (t * t).sum(axis=1)
        return np.where(n >= min(looks, LEAST_LOOKS), slope, np.nan)

    def _row(self, i: int, site: np.void, slopes: np.ndarray, still: float) -> dict[str, Any]:
        """One site for the feed; what is unknown is left out.

        rest_uv motion_uv motion_db snr_db active_uv duty   as in meter.h
        impedance_ohm  of the worse electrode, when last measured; infinite: open
        motion      true: an alarm
        heart_bpm   where there is a heart
        hum         true: the mains were strong when the site was last at rest
        trend       {"rest" "snr" "mains" "motion" "impedance": "rising" "falling" "steady"}
        warming     per cent a minute by which the rest noise still falls since it began
        snr_rest_db SNR over the calibration's rest
        drift       {"rest", "effort"}: dB against the calibration
        """
        rest = float(site["quiet_uv"])
        row: dict[str, Any] = {"rest_uv": _short(rest), "motion_uv": _short(site["motion_uv"])}
        for name in ("motion_db", "snr_db"):
            if math.isfinite(site[name]):
                row[name] = _short(site[name])
        ohm, goes = self._contacts.get(i, (math.nan, ""))
        if not math.isnan(ohm):
            row["impedance_ohm"] = _short(ohm)
        if math.isfinite(site["snr_db"]):
            row |= {"active_uv": _short(site["active_uv"]), "duty": _short(site["duty"], 2)}
        if site["bits"] & MOTION:
            row["motion"] = True
        if site["bits"] & HEART:
            row["heart_bpm"] = round(float(site["heart_bpm"]))
        if self._hums[i]:
            row["hum"] = True
        row["trend"] = {
            name: word
            for (name, least), slope in zip(FOLLOWED.items(), slopes, strict=True)
            if (word := trend_word(slope, least))
        }
        if goes:
            row["trend"]["impedance"] = goes
        if self._warming(slopes[0], still):
            row["warming"] = round(100 * (1 - 10 ** (float(slopes[0]) / 20)))
        return row | self._drift(i, rest, site)

    def _warming(self, slope_db: float, still_db: float) -> bool:
        falls = slope_db < WARM_DB_A_MINUTE and still_db < 0.5 * WARM_DB_A_MINUTE
        return bool(falls and self.samples <= WARM_UNTIL_S * self.rate_hz)

    def _drift(self, i: int, rest: float, site: np.void) -> dict[str, Any]:
        rest2, reference = self._then[:, i]
        if not rest2 > 0:
            return {}
        made: dict[str, Any] = {}
        drift: dict[str, float] = {}
        if rest > 0:
            drift["rest"] = _short(10 * math.log10(rest**2 / rest2))
        active2 = float(site["active_uv"]) ** 2
        if active2 > 0 and reference > 0:
            drift["effort"] = _short(10 * math.log10(active2 / reference**2))
        if active2 > rest2:
            made["snr_rest_db"] = _short(10 * math.log10((active2 - rest2) / rest2))
        return made | {"drift": drift}


def trend_word(slope: float, least: float) -> str:
    """In the words of the feed; `least` is the smallest change, in the slope's unit."""
    if not math.isfinite(slope):
        return ""
    return "rising" if slope > least else "falling" if slope < -least else "steady"


def _short(value: float, digits: int = 1) -> float:
    return round(float(value), digits)
