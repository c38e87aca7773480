# SPDX-License-Identifier: GPL-3.0-or-later
"""What each kind of test can be set to, and the test as it is set: of the window's forms and of the
command line's options alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from endplate.clinic.trials import fitts, motion, tac, timed, watch
from endplate.clinic.trials.motion import MotionRun
from endplate.clinic.trials.posture import axes
from endplate.clinic.trials.run import USUAL_TARGETS, FittsRun, Run
from endplate.clinic.trials.tac import TacRun
from endplate.clinic.trials.watch import WatchRun
from endplate.hardware import Hand

USUAL_DOFS = ("hand", "elbow")
MOST_DOFS = {"fitts": 3, "tac": 3}  # what can be shown
OF_DOFS = ("motion", "tac", "fitts")  # others take every DoF, or none


@dataclass(frozen=True)
class Number:
    """A number to set."""

    key: str
    label: str
    least: float
    most: float
    usual: float
    step: float = 1.0
    suffix: str = ""
    digits: int = 0

    def value(self, given: float) -> float | int:
        """As the rules take it: whole numbers are ints."""
        return float(given) if self.digits else int(given)


@dataclass(frozen=True)
class Choice:
    """One of several: (value, words)."""

    key: str
    label: str
    options: tuple[tuple[Any, str], ...]


def _seconds(key: str, label: str, least: float, most: float, usual: float) -> Number:
    return Number(key, label, least, most, usual, 0.5 if most <= 30 else 5.0, " s",
                  1 if most <= 30 else 0)  # fmt: skip


_TARGETS = Number("count", "Targets", 4, 60, USUAL_TARGETS)
_HANDS = Choice("hand", "With", tuple((one, one) for one in timed.HANDS))
FORMS: dict[str, tuple[Number | Choice, ...]] = {
    "motion": (
        Number("repetitions", "Each movement", 1, 10, motion.USUAL.repetitions, suffix=" ×"),
        Choice("pairs", "Two DoF at once", ((False, "no"), (True, "as well"))),
        _seconds("limit_s", "Time limit", 2, 30, motion.USUAL.limit_s),
        _seconds("full_range_s", "Full range at full speed", 0.5, 3, motion.USUAL.full_range_s),
    ),
    "tac": (
        Choice("on", "On", ((tac.SCREEN, "the screen"), (tac.HAND, "the hand, armed"))),
        _TARGETS,
        Number("tolerance_deg", "Within", 2, 15, tac.USUAL.tolerance_deg, 1.0, "°"),
        _seconds("dwell_s", "Keep it for", 0.5, 5, tac.USUAL.dwell_s),
        _seconds("limit_s", "Time limit", 5, 30, tac.USUAL.limit_s),
    ),
    "fitts": (
        _TARGETS,
        _seconds("dwell_s", "Keep it for", 0.5, 5, fitts.USUAL.dwell_s),
        _seconds("limit_s", "Time limit", 5, 30, fitts.USUAL.limit_s),
    ),
    "activations": (
        _seconds("rest_s", "At rest", 0, 600, watch.USUAL.rest_s),
        _seconds("arm_motion_s", "In arm motion", 0, 600, watch.USUAL.arm_motion_s),
    ),
    "box-and-blocks": (_HANDS,),
    "clothespin": (_HANDS,),
}


def made(
    kind: str, dofs: Sequence[str], values: Mapping[str, Any], seed: int, hand: Hand, grip: str
) -> Run:
    """The test of `values` (by key of its form), of any kind but the timed ones. Raises HandError
    for a DoF that the hand does not have."""
    given, of = dict(values), tuple(dofs)
    if kind == "motion":
        return MotionRun(of, seed=seed, rules=motion.Rules(**given))
    if kind == "activations":
        return WatchRun(of, seed=seed, rules=watch.Rules(**given))
    count = given.pop("count")
    if kind == "fitts":
        return FittsRun(of, count, seed, fitts.Rules(**given))
    return TacRun(of, count, seed, tac.Rules(**given), axes=axes(hand, of, grip))
