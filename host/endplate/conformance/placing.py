# SPDX-License-Identifier: GPL-3.0-or-later
"""Requirements on position mode: a target that is a place has to keep every rule of a velocity."""

from __future__ import annotations

from typing import Any

from endplate import core
from endplate.conformance import frames
from endplate.conformance.line import Heard
from endplate.conformance.motion import (
    STILL_DEG,
    comes_to_rest,
    know_moves,
    moved_deg,
    positions,
    ready_still,
    states,
    watch_after_driving,
    words_of,
)
from endplate.conformance.moving import closure_of
from endplate.conformance.refusing import refused
from endplate.conformance.silence import LOST_MS, STANDS_MS
from endplate.conformance.subject import HOP_S, LIMIT, Subject
from endplate.conformance.verdict import (
    Finding,
    LackingError,
    NotMeasurableError,
    Verdict,
    holds,
    in_time,
)
from endplate.hardware import Hand

POSITION = 2
_BLOBS_BIT = 7  # of the capabilities
_FAR = 0.4  # of the way from the middle, or of a grip's closure
_STEP = 0.12
_THERE_DEG = 2.0
_TRY_S = 0.25
_GO_S = 0.8  # at a tenth of full speed it is there by then
_LOOK_S = 0.12
_WATCH_S = 0.4
_CELL = 0.08  # a grip within 0.05 of its place is there; what of it is seen is less exact


class Places:
    """Where the first DoF of a hand is and may go, as COMMAND's mode position counts: of a grip 0
    open, 1 closed; of a joint -1..1."""

    def __init__(self, subject: Subject) -> None:
        if subject.hand is None:
            raise LackingError(
                "the hand's file is none of those here: its joints' ways are unknown"
            )
        if _own_grips(subject):
            raise LackingError("other grips than its hand file's were uploaded to the hand")
        self.hand: Hand = subject.hand
        self.grips = self.hand.dofs[0].kind == "grip"
        self.low = 0.0 if self.grips else -1.0

    def now(self, one: Heard) -> list[float]:
        """Of every DoF, by a STATE."""
        degrees = positions(one)
        return [
            closure_of(self.hand, self.hand.grips[0], degrees)
            if dof.joint is None
            else self._share(dof.joint, degrees)
            for dof in self.hand.dofs
        ]

    def _share(self, name: str, degrees: list[float]) -> float:
        joint = self.hand.joint(name)
        now = degrees[self.hand.joints.index(joint)]
        share = (2 * now - joint.min_deg - joint.max_deg) / (joint.max_deg - joint.min_deg)
        return min(1.0, max(-1.0, share))

    def degrees(self, joint: int, place: float) -> float:
        """Where the first DoF's `place` puts a joint."""
        one = self.hand.joints[joint]
        if not self.grips:
            return (one.min_deg + one.max_deg + place * (one.max_deg - one.min_deg)) / 2
        grip = self.hand.grips[0]
        start, stop = grip.start[one.name], grip.stop[one.name]
        share = min(1.0, max(0.0, (place - start) / (stop - start)))
        return grip.open_deg[one.name] + share * (
            grip.closed_deg[one.name] - grip.open_deg[one.name]
        )

    def away(self, place: float, by: float) -> float:
        """So far from there, on the side where there is room."""
        return place + by if place + by <= 0.9 else place - by


def _own_grips(subject: Subject) -> bool:
    """Whether its grip table was uploaded, so that its hand file does not tell its ways."""
    if not subject.info["capabilities"] >> _BLOBS_BIT & 1:
        return False
    subject.hello()
    subject.send("BLOB_GET", {"kind": core.lib.WIRE_BLOB_GRIPS})
    told = subject.wait(lambda h: h.frame.msg == "BLOB_STATUS", 0.5)
    if told is None:
        raise NotMeasurableError("BLOB_GET is not answered, so it is not known which grips it has")
    return told.fields["size"] != 0


def _command(places: list[float], **fields: Any) -> dict[str, Any]:
    """Fields of a COMMAND that asks for these places."""
    target = [round(core.TARGET_UNIT * place) for place in places]
    return {"mode": POSITION, "target": target + [0] * (core.MAX_DOF - len(target))} | fields


def _stood(subject: Subject) -> Heard:
    told = states(subject.heard)
    if not told:
        raise NotMeasurableError("the hand does not tell where it stands")
    return told[-1]


def begins_where_it_is(subject: Subject) -> Finding:
    """ARM, then places far from here; then the one where it is."""
    at = Places(subject)
    know_moves(subject)
    subject.begin()
    subject.arm()
    if not subject.wait_state("armed", 1.0) or not comes_to_rest(subject, driven=False):
        raise NotMeasurableError("the hand does not rest after ARM")
    now = at.now(_stood(subject))
    subject.drive(0.0, _TRY_S, **_command([at.away(now[0], _FAR), *now[1:]]))
    words = words_of(subject.heard)
    limits = {one.fields["limit"][0] for one in states(subject.heard)}
    moved = moved_deg(subject.heard)
    if words != ["armed"] or limits != {LIMIT["neutral"]} or moved > STILL_DEG:
        return holds(
            False, f"{' > '.join(words)}, moved {moved:.2f} degrees", f"armed; {STILL_DEG} degrees"
        )
    began = _activates(subject, at, now)
    return holds(
        began,
        "armed, stood; then ACTIVE where it is" if began else "not ACTIVE where it is",
        f"armed; {STILL_DEG} degrees; then ACTIVE",
    )


def _activates(subject: Subject, at: Places, now: list[float]) -> bool:
    """Tries the place that is seen, then those beside it: a finger in the way of its grip's path
    shows less than the hand knows. Nothing moves before the hand takes one."""
    cells = range(-13, 14) if at.grips else range(1)
    tries = sorted((now[0] + cell * _CELL for cell in cells), key=lambda p: abs(p - now[0]))
    for place in tries:
        if at.low <= place <= 1.0:
            subject.drive(0.0, HOP_S, **_command([place, *now[1:]]))
            if subject.wait_state("active", HOP_S):
                return True
    return False


def goes_there(subject: Subject) -> Finding:
    """A small step of the first DoF; the others are where they are."""
    at, moves = Places(subject), know_moves(subject)
    ready_still(subject)
    now = at.now(_stood(subject))
    place = at.away(now[0], _STEP)
    end = at.degrees(moves.joint, place)
    wanted = _command([place, *now[1:]], frozen=0xFE, valid_ms=100)
    told = states(subject.drive(0.0, _GO_S, **wanted)[1])
    rest = states(subject.drive(0.0, _LOOK_S, **wanted)[1])
    if not rest or words_of(told + rest) != ["active"]:
        raise NotMeasurableError("the hand did not stay active on its way")
    went = [positions(one)[moves.joint] for one in told + rest]
    side = 1 if end > went[0] else -1
    over = max(side * (one - end) for one in went)
    off = went[-1] - end
    span = max(went[-len(rest) :]) - min(went[-len(rest) :])
    return holds(
        abs(off) <= _THERE_DEG and over <= _THERE_DEG and span <= STILL_DEG,
        f"{abs(went[-1] - went[0]):.1f} degrees, ends {off:+.2f} off, {max(over, 0.0):.2f} over",
        f"{_THERE_DEG:g} degrees, stands",
    )


def stops_without_commands(subject: Subject) -> Finding:
    """Commands for a place that it has not reached cease."""
    at = Places(subject)
    ready_still(subject)
    now = at.now(_stood(subject))
    far = at.away(now[0], _FAR)
    watched = watch_after_driving(
        subject,
        lambda one: one.listen(_WATCH_S),
        seconds=0.15,
        **_command([far, *now[1:]], frozen=0xFE),
    )
    stood = in_time(watched.standing(), STANDS_MS)
    lost = in_time(watched.state("link lost"), LOST_MS)
    if stood.verdict is Verdict.PASSED and lost.verdict is Verdict.FAILED:
        return lost
    return Finding(stood.verdict, stood.measured, stood.allowed, f"LINK LOST: {lost.measured}")


def refuses_no_place(subject: Subject) -> Finding:
    """Places beyond the ends; of a grip also less than open."""

    def attack(_: float) -> int:
        beyond = [10_001, -10_001, 32_767, -32_768] + ([-5_000, -1_000] if at.grips else [])
        for value in beyond:
            good = subject.frame(
                "COMMAND", subject.command_fields(0.0, valid_ms=100, mode=POSITION, frozen=0xFE)
            )
            wrong = value.to_bytes(2, "little", signed=True)
            subject.write(frames.changed(good, frames.TARGET, wrong))
        return len(beyond)

    at = Places(subject)
    return refused(subject, "bad_value", attack)
