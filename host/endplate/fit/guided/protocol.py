# SPDX-License-Identifier: GPL-3.0-or-later
"""The calibration protocol: which cues a person follows, in order, and what the screen says.

Rest, arm motion without intent, one comfortable reference contraction per direction, then
repetitions of a trapezoid per direction with rests between (SCIENCE section 3). Two DoF with three
repetitions take 108 s, which leaves room to do two of them again within two minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations as pairs
from itertools import product
from typing import Any

import numpy as np

KINDS = ("rest", "motion", "reference", "trapezoid", "combination", "void")
RELAX_S = 1.5  # after a cue that was cut short
REST_S = 5.0
MOTION_S = 5.0
RISE_S, HOLD_S, FALL_S, PAUSE_S = 1.0, 2.0, 1.0, 2.0

TOUCH_UP_REST_S, TOUCH_UP_S = 3.0, (0.8, 1.5, 0.8, 1.4)  # rise, hold, fall, pause

POSTURES = ("Arm out in front", "Arm up")  # all else is done with the arm hanging
POSTURE_S, POSTURE_MOVE_S = 2.5, (0.8, 1.5, 0.8, 1.4)

#: What to say for the positive and the negative direction of a DoF.
WORDS = {
    "hand": ("Close hand", "Open hand"),
    "wrist_rotation": ("Turn palm down", "Turn palm up"),
    "wrist_flexion": ("Bend wrist", "Extend wrist"),
    "elbow": ("Bend elbow", "Straighten elbow"),
}


@dataclass(frozen=True)
class Cue:
    """One thing to do: rise to `target` (DoF -> -1..1), hold, fall, then rest; seconds each.

    `label` is what the screen says. A rest or a motion cue has an empty target and lasts `hold_s`.
    Nothing is made of what was recorded under a cue of the kind "void". `posture` is how the arm is
    held, "" when nobody said.
    """

    label: str
    target: dict[str, float] = field(default_factory=dict)
    rise_s: float = RISE_S
    hold_s: float = HOLD_S
    fall_s: float = FALL_S
    rest_s: float = PAUSE_S
    kind: str = "trapezoid"
    posture: str = ""

    def __post_init__(self) -> None:
        """Refuses a kind that nobody handles: a defect of the program, not of the user."""
        if self.kind not in KINDS:
            raise ValueError(f"cue kind {self.kind!r} is none of {KINDS}")

    @property
    def active_s(self) -> float:
        """From the cue's start to the end of its fall, seconds."""
        return self.rise_s + self.hold_s + self.fall_s

    @property
    def duration_s(self) -> float:
        """Seconds, the rest after it included."""
        return self.active_s + self.rest_s

    def level(self, seconds: np.ndarray) -> np.ndarray:
        """Height 0..1 of the trapezoid at these times after the cue's start; same shape."""
        if not self.target:
            return np.zeros_like(np.asarray(seconds, float))
        corners = np.cumsum([0.0, self.rise_s, self.hold_s, self.fall_s])
        return np.interp(seconds, corners, [0.0, 1.0, 1.0, 0.0], left=0.0, right=0.0)

    def void(self) -> Cue:
        """The same stretch of time, of which nothing is made."""
        return replace(self, target={}, kind="void")

    def prompt(self) -> dict[str, Any]:
        """The request that a simulated patient follows (endplate.sim.board)."""
        return {
            "target": dict(self.target),
            "rise_s": self.rise_s,
            "hold_s": self.hold_s,
            "fall_s": self.fall_s,
            "rest_s": self.rest_s,
            "label": self.label,
            "kind": self.kind,
            "posture": self.posture,
        }


def plain(dof: str) -> str:
    """A DoF's name as it is read: wrist_rotation without its line."""
    return dof.replace("_", " ")


def counted(count: float, word: str) -> str:
    """As many of something: 1 visit, 2 visits."""
    return f"{count:g} {word}{'s' if count != 1 else ''}"


def words(dof: str, value: float) -> str:
    """What to say for moving `dof` in the direction of `value`: "Close hand"."""
    if dof in WORDS:
        return WORDS[dof][value < 0]
    return f"{plain(dof).capitalize()} {'forward' if value > 0 else 'back'}"


def directions(dofs: Sequence[str]) -> list[tuple[str, float]]:
    """Every DoF's two directions: [("hand", 1.0), ("hand", -1.0), ...]."""
    return [(dof, sign) for dof in dofs for sign in (1.0, -1.0)]


def calibration_protocol(
    dofs: Sequence[str], repetitions: int = 3, combinations: bool = False, postures: bool = False
) -> list[Cue]:
    """The cues for `dofs`, in order. `combinations` adds each pair of directions once, `postures`
    each direction once in every posture of the arm."""
    cues = [
        Cue("Rest, let everything go loose", {}, 0, REST_S, 0, 0, "rest"),
        Cue("Move your arm about, hand relaxed", {}, 0, MOTION_S, 0, PAUSE_S, "motion"),
    ]
    for dof, sign in directions(dofs):
        label = f"{words(dof, sign)}: comfortable effort"
        cues.append(Cue(label, {dof: sign}, kind="reference"))
    for _ in range(repetitions):
        cues += [Cue(words(dof, sign), {dof: sign}) for dof, sign in directions(dofs)]
    if combinations:
        cues += combined_cues(dofs)
    if postures:
        cues += posture_cues(dofs)
    return cues


def posture_cues(dofs: Sequence[str]) -> list[Cue]:
    """Each posture of the arm: time to get there, held relaxed, then every direction once.

    Held relaxed counts as arm motion does: what the arm's own muscles say is nobody's intent.
    """
    cues = []
    for posture in POSTURES:
        cues.append(Cue(posture, {}, 0, POSTURE_S, 0, 0, "void", posture))
        cues.append(Cue(f"{posture}, hand relaxed", {}, 0, POSTURE_S, 0, 0, "motion", posture))
        for dof, sign in directions(dofs):
            label = f"{posture}: {words(dof, sign).lower()}"
            cues.append(Cue(label, {dof: sign}, *POSTURE_MOVE_S, "trapezoid", posture))
    return cues


def touch_up_protocol(dofs: Sequence[str]) -> list[Cue]:
    """Half a minute: a rest, and each direction once (2 DoF: 21 s, 3 DoF: 30 s)."""
    cues = [Cue("Rest, let everything go loose", {}, 0, TOUCH_UP_REST_S, 0, 0, "rest")]
    for dof, sign in directions(dofs):
        cues.append(Cue(words(dof, sign), {dof: sign}, *TOUCH_UP_S))
    return cues


def relax_cue() -> Cue:
    """A moment to let go, of which nothing is made."""
    return Cue("Let go", {}, 0, RELAX_S, 0, 0, "void")


def combined_cues(dofs: Sequence[str]) -> list[Cue]:
    """One cue for every pair of directions of two different DoF: "Close hand + Bend elbow"."""
    made = []
    for first, second in pairs(dofs, 2):
        for a, b in product((1.0, -1.0), repeat=2):
            label = f"{words(first, a)} + {words(second, b).lower()}"
            made.append(Cue(label, {first: a, second: b}, kind="combination"))
    return made
