# SPDX-License-Identifier: GPL-3.0-or-later
"""Today's donning against the one that the profile was made with: what each site hears now, and the
least that has to be done.

A short cued recording (that of the touch-up: a rest, each direction once) gives the site x intent
matrix of today; the profile keeps that of then. A site whose pattern over the intents is the same
is the same, louder or fainter; one that hears what another did has been swapped with it, or the
band was turned; one that resembles none is elsewhere. What each remedy would give is measured, not
guessed: remedies.py makes it from one half of the recording and judges it on the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from endplate.errors import CalibrationError
from endplate.fit.donning import patterns, remedies
from endplate.fit.donning.remedies import Remedy
from endplate.fit.donning.touch_up import heard
from endplate.fit.guided.protocol import words
from endplate.fit.recorded.cued import Recorded
from endplate.live.profile import Profile

LOST_DB = 6.0  # of its signal over rest: a site that hears nothing now and did then
GAIN = 1.3  # times louder or fainter than that is another gain
ENOUGH = 0.04  # of R^2: a remedy that is worse by less than this than the best is as good
WORTH_WEARING = 0.60  # mean R^2 below which half a minute does not do


@dataclass(frozen=True)
class Site:
    """One site today. `verdict`: same, gain, moved, different or silent. `gain`: amplitude today
    over that of then; `likeness`: cosine with its own pattern; `heard_as`: the site of then whose
    pattern it has now."""

    label: str
    verdict: str
    gain: float
    likeness: float
    heard_as: str
    sentence: str


@dataclass(frozen=True)
class Comparison:
    """What was found and what to do. `remedies` in the order of effort, `recommended` one of their
    names, or "calibrate"."""

    sites: tuple[Site, ...]
    remedies: tuple[Remedy, ...]
    recommended: str
    reason: str

    def remedy(self, name: str) -> Remedy:
        """By its name. Raises CalibrationError for one that does not apply."""
        for each in self.remedies:
            if each.name == name and each.profile is not None:
                return each
        why = next((each.why_not for each in self.remedies if each.name == name), "")
        raise CalibrationError(
            f"This donning cannot be helped by {name}{f' ({why})' if why else ''}: "
            f"{_there_are(self.remedies)}."
        )


def _there_are(made: Sequence[Remedy]) -> str:
    names = [each.name for each in made if each.profile is not None and each.name != "nothing"]
    return f"apply {' or '.join(names)}, or calibrate again" if names else "calibrate again"


def compare(profile: Profile, recorded: Recorded, *, montage: Any, hand: Any) -> Comparison:
    """Of a profile and a short cued recording of today. Raises CalibrationError."""
    then = patterns.of_profile(profile)
    cued = heard(profile, recorded, montage, hand)
    today = patterns.of_cued(cued)
    order = patterns.assigned(then, today)
    over_db = patterns.over_rest_db(cued)
    lost_db = patterns.over_rest_then_db(profile) - over_db
    sites = tuple(
        _site(k, profile, then, today, (over_db[k], lost_db[k]), order) for k in range(len(then))
    )
    made = remedies.all_of(profile, cued, then, montage=montage, hand=hand)
    recommended, reason = _recommended(sites, made, patterns.turned(order))
    return Comparison(sites, tuple(made), recommended, reason)


def touched_up(profile: Profile, recorded: Recorded, *, montage: Any, hand: Any) -> Profile:
    """touch_up.touch_up, judged beforehand as compare() does. Raises CalibrationError."""
    cued = heard(profile, recorded, montage, hand)
    made = remedies.touch_up(profile, cued, montage=montage, hand=hand).profile
    assert made is not None
    return made


def _site(
    k: int, profile: Profile, then: np.ndarray, today: np.ndarray,
    over_rest: tuple[float, float], order: np.ndarray,
) -> Site:  # fmt: skip
    """Verdict and sentence of today's site k."""
    labels, alike = profile.site_labels, patterns.cosines(then, today)
    heard = int(np.flatnonzero(order == k)[0])
    gain = float(patterns.gains(then[[heard]], today[[k]])[0])
    loud = _intent(profile, today[k])
    label, own, (over_db, lost_db) = labels[k], float(alike[k, k]), over_rest
    if over_db < patterns.LEAST_SIGNAL_DB and lost_db > LOST_DB:
        verdict, says = "silent", (
            f"{label} hears nothing ({over_db:.0f} dB over rest, {over_db + lost_db:.0f} then): "
            "press it on, or move it."
        )  # fmt: skip
    elif over_db < patterns.LEAST_SIGNAL_DB and heard == k:
        verdict, says = "same", f"{label} hardly hears a movement, as then ({over_db:.0f} dB)."
    elif heard != k:
        verdict = "moved"
        says = f"{label} hears what {labels[heard]} did ({loud}), x {gain:.2f}."
    elif own < patterns.ALIKE:
        verdict = "different"
        was = _intent(profile, then[k])
        says = f"{label} hears {loud} most, then it was {was}: it is elsewhere."
        if loud == was:
            says = f"{label} still hears {loud} most, and others otherwise than then."
    elif not 1 / GAIN <= gain <= GAIN:
        louder = "louder" if gain > 1 else "fainter"
        verdict, says = "gain", f"{label} hears the same, {louder} (x {gain:.2f})."
    else:
        verdict, says = "same", f"{label} hears the same (x {gain:.2f})."
    return Site(label, verdict, gain, own, labels[heard], says)


def _intent(profile: Profile, row: np.ndarray) -> str:
    k = int(row.argmax())
    return words(profile.dofs[k // 2], 1.0 if k % 2 == 0 else -1.0).lower()


def _recommended(
    sites: Sequence[Site], made: Sequence[Remedy], turned: int
) -> tuple[str, str]:
    """The least that is as good as the best, and why."""
    silent = [site.label for site in sites if site.verdict == "silent"]
    hear, it = ("hears", "it") if len(silent) == 1 else ("hear", "them")
    first = f"{', '.join(silent)} {hear} nothing: press {it} on and compare again. "
    first = first if silent else ""
    there = [each for each in made if each.profile is not None]
    best = max(there, key=lambda each: each.mean)
    if best.mean < WORTH_WEARING:
        return "calibrate", f"{first}Even {best.inside} would follow with R² {best.mean:.2f} only."
    chosen = next(each for each in there if each.mean >= best.mean - ENOUGH)
    if chosen.name == "nothing":
        at_best = f"the best remedy, {best.inside}, would give {best.mean:.2f}"
        at_best = "nothing would do better" if best is chosen else at_best
        return "nothing", f"{first}The profile still follows (R² {chosen.mean:.2f}; {at_best})."
    why = _cause(sites, chosen.name, turned)
    return chosen.name, (
        f"{first}{why}: {chosen.inside} brings R² from {made[0].mean:.2f} to {chosen.mean:.2f}."
    )


def _cause(sites: Sequence[Site], chosen: str, turned: int) -> str:
    by: dict[str, list[str]] = {}
    for site in sites:
        by.setdefault(site.verdict, []).append(site.label)
    if turned:
        places = "place" if abs(turned) == 1 else "places"
        return f"The sites are turned by {abs(turned)} {places}"
    if "moved" in by:
        return f"{', '.join(by['moved'])} are swapped"
    if "different" in by and not (chosen == "rescale" and "gain" in by):
        one = len(by["different"]) == 1
        return f"{', '.join(by['different'])} hear{'s' if one else ''} other movements than then"
    if "gain" in by:
        return f"Other gain at {', '.join(by['gain'])}"
    return "Small changes add up"
