# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cues were followed: nothing is learned from a movement that was not made.

A label says that the person meant something; where the signal says otherwise, a decoder would learn
it wrong without anybody seeing. Such a repetition is made void and named. When too few are left, or
most of them do not fit their cues, the recording is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from endplate.errors import CalibrationError
from endplate.fit.guided.protocol import counted, words
from endplate.fit.guided.repetition import (
    Measured,
    Verdict,
    measure,
    outliers,
    unheard,
    verdict,
)
from endplate.fit.recorded.labels import LONGEST_REACTION_S, StartedCue

LEAST_CORRELATION = 0.4  # below it a cue was not followed; weak signals of a difficult patient: 0.9
MOST_ASTRAY = 1 / 3  # of all cues: more, and cues and signal do not belong together
LEAST_DEAF = 4  # movements in a row that a site does not hear above its noise
AROUND_S = 0.6  # before a cue, looked at
KINDS = ("reference", "trapezoid", "combination")


def measured(
    cues: Sequence[StartedCue], power: np.ndarray, bad: np.ndarray, time_s: np.ndarray,
    window_s: float, rest: np.ndarray, rate_hz: float,
) -> dict[int, Measured]:  # fmt: skip
    """Each cue that asks for a movement, by its index in `cues`. `power` [hops, sites]."""
    found: dict[int, Measured] = {}
    counted: dict[tuple, int] = {}
    for index, (start, cue) in enumerate(cues):
        if cue.kind not in KINDS:
            continue
        since = time_s - start / rate_hz
        near = (since > -AROUND_S) & (since < cue.duration_s + window_s)
        number = counted.get((cue.kind, cue.label), 0) + 1
        counted[cue.kind, cue.label] = number
        if near.sum() >= 5:
            found[index] = measure(
                cue, number, power[near], bad[near], since[near], window_s, rest
            )
    return found


def lost(done: dict[int, Measured], sites: int) -> dict[int, int]:
    """Sites (indices) that heard nothing above their noise from some cue on until the end, with the
    index of that cue: the electrode came off and stayed off."""
    order = sorted(done)
    found = {}
    for site in range(sites):
        deaf = [bool(unheard(done[index])[site]) for index in order]
        since = next((k for k in range(len(deaf)) if all(deaf[k:])), len(deaf))
        if len(deaf) - since >= LEAST_DEAF:
            found[site] = order[since]
    return found


def astray(done: dict[int, Measured], sites: Sequence[Any]) -> dict[int, Verdict]:
    """Cues whose label would be wrong, and why. Raises CalibrationError when too many were not
    followed."""
    labels = [site.label for site in sites]
    wrong = {index: said for index in done
             if (said := _astray(index, done, labels)) is not None}  # fmt: skip
    heard = [index for index, said in wrong.items() if said.fault != "silent"]
    if len(heard) > MOST_ASTRAY * len(done):
        raise CalibrationError(
            f"{len(heard)} of {len(done)} movements do not follow their cues: cues and signal do "
            "not belong together, or are of different rates; check the recording, or calibrate "
            "again and move with the bar."
        )
    return wrong


def without(
    cues: Sequence[StartedCue], done: dict[int, Measured], wrong: dict[int, Verdict], least: int,
    says: list[str],
) -> list[StartedCue]:  # fmt: skip
    """The cues, void where they are `wrong`; says which, and which others are unlike the rest.
    Raises CalibrationError when fewer than `least` of a direction are left."""
    _enough(done, wrong, least)
    out = list(cues)
    for index, said in wrong.items():
        start, cue = out[index]
        out[index] = start, cue.void()
        says.append(f"'{done[index].cue.label}', number {done[index].number}, is left out: "
                    f"{said.sentence}.")  # fmt: skip
    good = [one for index, one in done.items() if index not in wrong and not one.cue.posture]
    for k, far in outliers(good).items():
        says.append(
            f"'{good[k].cue.label}', number {good[k].number}, is unlike the others of it (by "
            f"{100 * far:.0f} % of their size): if it was done otherwise, calibrate again."
        )
    return out


def _astray(index: int, done: dict[int, Measured], labels: Sequence[str]) -> Verdict | None:
    """Why the label of this cue would be wrong, or None."""
    one = done[index]
    others = [other for k, other in done.items() if k != index]
    said = verdict(one, others, labels)
    if said.fault == "silent":
        return Verdict("silent", "no muscle signal came")
    shaped = one.cue.rise_s + one.cue.fall_s + one.cue.rest_s > 0  # else nothing rises in it
    if shaped and one.correlation < LEAST_CORRELATION:
        return Verdict("unsteady", "the signal does not follow its cue")
    if said.fault == "other":
        return Verdict("other", said.sentence.split(":")[0].replace("This was", "it was"))
    if shaped and one.reaction_s > LONGEST_REACTION_S:
        return Verdict("late", f"it came {one.reaction_s:.1f} s late")
    return None


def _enough(done: dict[int, Measured], wrong: dict[int, Verdict], least: int) -> None:
    """Refuses when a direction has fewer than `least` repetitions left."""
    left: dict[tuple[str, float], list[int]] = {}
    for index, one in done.items():
        if one.cue.kind == "trapezoid" and len(one.key) == 1:
            left.setdefault(one.key[0], []).append(index)
    for (dof, sign), mine in left.items():
        astray = [index for index in mine if index in wrong]
        if astray and len(mine) - len(astray) < least:
            raise CalibrationError(
                f"'{words(dof, sign)}' followed its cue in {len(mine) - len(astray)} of "
                f"{counted(len(mine), 'repetition')}, and {least} are needed (number "
                f"{done[astray[0]].number}: {wrong[astray[0]].sentence}): do it again, with the "
                "bar."
            )
