# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do with each site, in one sentence with the reason: keep, move, swap or drop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from endplate.fit.guided.protocol import words
from endplate.fit.sites.choice import Cover, Intent, Matrix

LEAST_SNR_DB, GOOD_SNR_DB = 12.0, 20.0  # SCIENCE section 2
ISOLATED_DB = 6.0  # twice the amplitude of the next intent
MIXED_DB = 3.0
STRONG = 0.5  # of a site's loudest intent: heard as well


@dataclass(frozen=True)
class Advice:
    """What to do with a site: keep, move, swap or drop, and why, in one sentence.

    `about` is what it is about: contact, untried, weak, alike, mixed, meant, own, spare, needed.
    """

    site: int
    action: str
    sentence: str
    about: str


def advise(
    found: Matrix, labels: Sequence[str], functions: Sequence[str] = (), bad: Sequence[str] = ()
) -> list[Advice]:
    """One piece of advice a site, for direct control. `functions` are what the montage means each
    site for, in the words of protocol.words; `bad` what is wrong with its contact, or ""."""
    said = []
    for site in range(len(labels)):
        wrong = bad[site] if site < len(bad) else ""
        function = functions[site] if site < len(functions) else ""
        action, about, sentence = _one(found, site, labels, function, wrong)
        said.append(Advice(site, action, f"{labels[site]} {sentence}", about))
    return said


def _one(
    found: Matrix, site: int, labels: Sequence[str], function: str, wrong: str
) -> tuple[str, str, str]:
    """Action, what it is about, and the sentence after the site's name."""
    if wrong:
        return "drop", "contact", f"is {wrong}: check its electrode, or leave it out."
    if not found.intents:
        return "keep", "untried", "has not been tried yet: let the patient move."
    snr, isolation = float(found.snr_db()[site]), float(found.isolation_db()[site])
    best = int(found.best[site])
    loud = words(*found.intents[best]).lower()
    if snr < LEAST_SNR_DB:
        return "move", "weak", (
            f"hardly hears any movement ({max(snr, 0.0):.0f} dB over rest): move it along the "
            "muscle, or press it on."
        )  # fmt: skip
    rival = int(found.uv[best].argmax())
    if rival != site and isolation < MIXED_DB and found.share[:, site].min() > STRONG:
        return "drop", "alike", (
            f"hears every movement alike, and {labels[rival]} hears {loud} better: leave it out."
        )  # fmt: skip
    if isolation < MIXED_DB:
        return "move", "mixed", (
            f"hears {loud} and {second(found, site)} ({isolation:.0f} dB apart): move it 1-2 cm "
            "away from the other muscle."
        )  # fmt: skip
    if function and function.lower() != loud:
        return "swap", "meant", (
            f"is meant for {function.lower()} and hears {loud}: swap the cables, or name the "
            "site anew."
        )  # fmt: skip
    verdict = "alone" if isolation >= ISOLATED_DB else "most"
    return "keep", "own", (
        f"hears {loud} {verdict} ({snr:.0f} dB over rest, next {isolation:.0f} dB below): keep it."
    )  # fmt: skip


def second(found: Matrix, site: int) -> str:
    """The movement that a site hears second best, in words."""
    return words(*found.intents[int(np.argsort(found.uv[:, site])[-2])]).lower()


def for_isolate(
    advice: Sequence[Advice], found: Matrix, own: dict[Intent, int], labels: Sequence[str]
) -> list[Advice]:
    """The same for one site a movement: what is not one of them need be neither moved nor kept
    once each movement has a site that hears it alone."""
    isolation = found.isolation_db()
    complete = len(own) == len(found.intents) and all(
        isolation[site] >= ISOLATED_DB and found.best[site] == found.intents.index(intent)
        for intent, site in own.items()
    )
    said = []
    for one in advice:
        idle = one.site not in own.values() and one.about not in ("contact", "untried")
        if idle and found.intents:
            best = found.intents[int(found.best[one.site])]
            its = labels[own[best]] if best in own else ""
            loud = words(*best).lower()
            if one.about in ("own", "meant") and its:
                why = f"{labels[one.site]} hears {loud}, for which {its} is the better: "
                why += "leave it out, or keep it as a spare."
                one = Advice(one.site, "drop", why, "spare")
            elif complete:
                one = Advice(one.site, "drop", f"{labels[one.site]} is not needed: each movement "
                             "has a site that hears it alone.", "spare")  # fmt: skip
        said.append(one)
    return said


def for_cover(
    advice: Sequence[Advice], found: Matrix, covering: Cover, labels: Sequence[str]
) -> list[Advice]:
    """The same for a decoder that looks at all sites at once: a site that hears several movements
    is worth its place when the others cannot replace it, and one that is not missed goes."""
    enough = ", ".join(labels[site] for site in covering.chosen)
    said = []
    for one in advice:
        label = labels[one.site]
        if one.about in ("contact", "untried", "weak", "meant"):
            pass
        elif one.site not in covering.chosen and _only_one(found, one.site, covering.chosen):
            loud = words(*found.intents[int(found.best[one.site])]).lower()
            one = Advice(one.site, "keep", f"{label} hears {loud} alone: keep it. A decoder would "
                         f"do with {enough}, where other movements are louder.",
                         "needed")  # fmt: skip
        elif one.site not in covering.chosen:
            one = Advice(one.site, "drop", f"{label} adds nothing to {enough}: leave it out, or "
                         "keep it as a spare.", "spare")  # fmt: skip
        elif one.about in ("alike", "mixed"):
            loud = words(*found.intents[int(found.best[one.site])]).lower()
            one = Advice(one.site, "keep", f"{label} hears {loud} and {second(found, one.site)}, "
                         "and the others cannot replace it: keep it.", "needed")  # fmt: skip
        said.append(one)
    return said


def _only_one(found: Matrix, site: int, others: Sequence[int]) -> bool:
    """Whether a movement is heard alone here, and best at none of the others: two repetitions may
    say that a decoder makes it out all the same; a day with dry skin says otherwise."""
    alone = bool(found.isolation_db()[site] >= ISOLATED_DB)
    return alone and all(found.best[other] != found.best[site] for other in others)


def heard(found: Matrix, site: int) -> str:
    """What a site hears, in a few words."""
    snr, apart = float(found.snr_db()[site]), float(found.isolation_db()[site])
    if snr < LEAST_SNR_DB:
        return "hardly anything"
    loud = words(*found.intents[int(found.best[site])]).lower()
    how = " alone" if apart >= ISOLATED_DB else " most"
    if apart < MIXED_DB:
        how = f" + {second(found, site)}"
    return f"{loud}{how}{'' if snr >= GOOD_SNR_DB else ', weakly'}"
