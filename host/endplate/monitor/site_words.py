# SPDX-License-Identifier: GPL-3.0-or-later
"""What the feed says of a site, in the words of the clinic: verdict first, then what to do.

What is wrong comes before what only warns, and that before what is weak. Borders: SNR good from 20
dB, usable from 12; rest noise good up to 5 uV, poor above 20; contact good up to 50 kohm with gel,
usable up to 500 dry.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from endplate.fit.sites.warmup import NEEDED_S, SURE_S, Settling

SNR_GOOD_DB, SNR_USABLE_DB = 20.0, 12.0
NOISE_GOOD_UV, NOISE_POOR_UV = 5.0, 20.0
GEL_OHM, DRY_OHM = 50e3, 500e3
DRIFT_DB = 6.0  # rest twice, contraction half of what they were at calibration
_BITS = (
    (16, "poor", "No signal: the samples are missing"),
    (2, "poor", "Railed: press the electrode on"),
    (32, "poor", "Lifted: press the electrode on"),
    (1, "poor", "Flat: is it plugged in?"),
    (4, "poor", "Clipped: lower the gain"),
)
#: Bits that freeze the DoF that need the site.
_FREEZING = ((16, "missing"), (2, "railed"), (32, "lifted"), (1, "flat"))
#: Trend -> arrow; the words stand in the feed.
ARROWS = {"rising": "\u2197", "falling": "\u2198", "steady": "\u2192"}


def site_verdict(quality: Mapping[str, Any], meters: Mapping[str, Any]) -> tuple[str, str]:
    """(key of theme.VERDICTS, words) for one site, from the feed's `quality` and `meters`."""
    if meters.get("measured_now"):
        return "unknown", "Contact is being measured: rest"
    bits = int(quality.get("bits", 0))
    for bit, verdict, words in _BITS:
        if bits & bit:
            return verdict, words
    ohm = meters.get("impedance_ohm")
    if ohm is not None and ohm > DRY_OHM:
        return "poor", f"Contact {ohms(ohm)}: moisten or press it on"
    rest = float(meters.get("rest_uv", 0.0))
    if rest <= 0:
        return "unknown", "Listening"
    if rest > NOISE_POOR_UV:
        return "poor", "Noisy at rest: wait or clean the skin"
    return _warning(meters) or _strength(meters)


def _warning(meters: Mapping[str, Any]) -> tuple[str, str] | None:
    drift = meters.get("drift") or {}
    if "heart_bpm" in meters:
        return "usable", f"Heart {meters['heart_bpm']}/min: move it if it can be"
    if meters.get("motion"):
        return "usable", "Motion: fix the cable, hold still"
    if drift.get("rest", 0.0) > DRIFT_DB:
        return "usable", f"Rest {_times(drift['rest'])}x calibration's: press it on"
    if drift.get("effort", 0.0) < -DRIFT_DB:
        return "usable", "Weaker: full effort, else touch up"
    if "warming" in meters:
        return "usable", f"Settling, {meters['warming']} % a minute: wait"
    if meters.get("hum"):  # last: its number stands beside it
        return "usable", "Mains: check the reference electrode"
    return None


def _strength(meters: Mapping[str, Any]) -> tuple[str, str]:
    snr_db = meters.get("snr_db")
    if snr_db is None:  # nobody has contracted it yet
        return "unknown", "Contract and relax once"
    if snr_db >= SNR_GOOD_DB:
        return "good", "Good"
    if snr_db >= SNR_USABLE_DB:
        return "usable", "Usable: a stronger spot may be near"
    return "poor", "Weak: move it along the muscle"


def contact_verdict(ohm: float, dry: bool = False) -> tuple[str, str]:
    """(key of theme.VERDICTS, words) for one electrode's impedance."""
    if ohm <= (DRY_OHM if dry else GEL_OHM):
        return "good", "Good"
    if ohm <= DRY_OHM:
        return "usable", "more gel, or press it on (good for a dry one)"
    return "poor", "no contact: plug it in, moisten or press it on"


def arrow(meters: Mapping[str, Any], name: str) -> str:
    """Where a value goes, as an arrow; "" while that is not known."""
    return ARROWS.get((meters.get("trend") or {}).get(name, ""), "")


def ohms(ohm: float) -> str:
    """An impedance to read."""
    if not math.isfinite(ohm):
        return "open"
    return f"{ohm / 1e6:.1f} Mohm" if ohm >= 1e6 else f"{ohm / 1e3:.0f} kohm"


def contact(meters: Mapping[str, Any]) -> str:
    """A site's impedance when it was last measured, and where it goes; "" when it never was."""
    ohm = meters.get("impedance_ohm")
    return "" if ohm is None else f"{ohms(ohm)} {arrow(meters, 'impedance')}".rstrip()


def with_contact(words: str, meters: Mapping[str, Any]) -> str:
    """A verdict, and the contact behind it unless that is what it speaks of."""
    measured = contact(meters)
    return words if not measured or words.startswith("Contact") else f"{words} · {measured}"


def trends(meters: Mapping[str, Any]) -> str:
    """Where the values of a site go, in words; what is steady is not named."""
    named = {"rest": "rest noise", "snr": "SNR", "impedance": "contact"}
    found = (meters.get("trend") or {}).items()
    said = [f"{named.get(name, name)} {word}" for name, word in found if word != "steady"]
    return ", ".join(said)


def frozen(dof: str, status: Mapping[str, Any], labels: Sequence[str]) -> str:
    """Which site a frozen DoF waits for, and what to do; `labels` of all channels."""
    quality, doubted = status.get("quality") or [], int(status.get("doubted") or 0)
    known = min(len(quality), len(labels))
    needs = [c for c in (status.get("needs") or {}).get(dof, ()) if c < known]
    if not needs:
        return "frozen: a site it needs is bad"
    for channel in needs:
        for bit, word in _FREEZING:
            if int(quality[channel].get("bits", 0)) & bit:
                return f"frozen: {labels[channel]} {word}, press it on"
    back = [labels[channel] for channel in needs if doubted >> channel & 1]
    return f"frozen: {back[0]} comes back" if back else "frozen: all sites are good, relax once"


def settling(labels: Sequence[str], meters: Sequence[Mapping[str, Any]]) -> str:
    """What to do about skin that had not settled while somebody calibrated; "" when it had."""
    known = zip(labels, meters, strict=True)
    falling = {label: site["warming"] for label, site in known if "warming" in site}
    if not falling:
        return ""
    return (
        f"Rest noise was still falling by {max(falling.values())} % a minute "
        f"({', '.join(falling)}): wait two minutes, then touch up."
    )


def settled(found: Settling) -> str:
    """Whether the skin under the electrodes has settled, and what to do about it."""
    which = ", ".join(str(site + 1) for site in found.sites)
    which = f"site{'s' if len(found.sites) > 1 else ''} {which}"
    if found.state == "falling":
        return f"Rest noise still falling {found.percent} % a minute ({which}): wait a minute."
    if found.state == "slowing":
        return f"Rest noise has hardly stopped falling ({which}): wait half a minute."
    if found.state == "rising":
        return f"Rest noise rises ({which}): does the patient rest?"
    if found.state == "steady":
        return f"Rest noise steady: settled in {SURE_S - found.steady_s:.0f} s if it stays so."
    if found.state == "settled":
        minutes = int(found.steady_s / 60)
        return f"Warmed up: rest noise steady for {minutes} minute{'s' if minutes != 1 else ''}."
    return f"Whether rest noise falls is known after {NEEDED_S:.0f} s of rest."


def _times(db: float) -> str:
    return f"{10 ** (db / 20):.1f}"
