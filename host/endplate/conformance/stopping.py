# SPDX-License-Identifier: GPL-3.0-or-later
"""Requirements on RELEASE and ESTOP, which need no session."""

from __future__ import annotations

from collections.abc import Callable

from endplate import core
from endplate.conformance.line import ESTOP_BYTES, Heard, apart_ms
from endplate.conformance.motion import (
    STILL_DEG,
    know_moves,
    moved_deg,
    positions,
    states,
    words_of,
)
from endplate.conformance.subject import DRIVE, DRIVE_S, GUARD, Subject
from endplate.conformance.verdict import Finding, NotMeasurableError, Reading, holds, in_time

ESTOP_MS = 5
_SETTLE_S = 0.12
_OPEN_S = 0.3


def releases_without_a_session(subject: Subject) -> Finding:
    """From LINK LOST, with no session open, under session 0."""
    moves = know_moves(subject)
    subject.activate()
    subject.drive(DRIVE, DRIVE_S)  # closing, so that there is room to open
    if not subject.wait(_in("link lost"), 1.0, beat=False):
        raise NotMeasurableError("the hand did not come to LINK LOST")
    subject.hello(schema_hash=core.SCHEMA_HASH ^ 0xFFFFFFFF)  # refused: no session is open
    del subject.heard[:]
    subject.send("RELEASE", {"reason": 0}, session=0, seq=3)
    answer = subject.wait(_answers(3), 0.5, beat=False)
    if answer is None or answer.fields["state"] != GUARD["releasing"]:
        word = words_of([answer])[0] if answer else "silent"
        return holds(False, f"{word} after RELEASE", "releasing, opens")
    subject.hello()
    subject.listen(_OPEN_S, beat=True)
    told = states(subject.heard)
    went = positions(told[-1])[moves.joint] - positions(answer)[moves.joint]
    opened = -went if moves.speed_dps > 0 else went
    subject.disarm()
    return holds(
        opened >= 2 * STILL_DEG and words_of(told) == ["releasing"],
        f"{' > '.join(words_of(told))}, opened {opened:.1f} degrees",
        "releasing, opens",
    )


def disarm_ends_a_release(subject: Subject) -> Finding:
    """DISARM while it opens."""
    subject.begin()
    subject.send("RELEASE", {"reason": 0})
    if not subject.wait_state("releasing", 0.5):
        return holds(False, "RELEASE was not obeyed", "releasing, then disarmed")
    subject.listen(_SETTLE_S)
    subject.send("DISARM", {"reason": 0})
    answer = subject.wait(_answers(subject.seq), 0.5)
    subject.listen(_SETTLE_S)
    del subject.heard[:]
    subject.listen(3 * _SETTLE_S, beat=True)
    words, moved = words_of(subject.heard), moved_deg(subject.heard)
    return holds(
        answer is not None
        and answer.fields["state"] == GUARD["disarmed"]
        and words == ["disarmed"]
        and moved <= STILL_DEG,
        f"{' > '.join(words)}, then moved {moved:.2f} degrees",
        f"disarmed, {STILL_DEG} degrees",
    )


def estop_answers(subject: Subject) -> Finding:
    """ESTOP under session 0 while the hand is ACTIVE."""
    subject.activate()
    subject.drive(0.0, 0.06)
    sent = subject.send("ESTOP", {"reason": 0}, session=0, seq=9)
    answer = subject.wait(_answers(9), 1.0)
    if answer is None or answer.fields["state"] != GUARD["estop"]:
        return holds(False, "no STATE with e-stop answers", f"{ESTOP_MS} ms")
    took = apart_ms(answer.fields["hand_us"], subject.hand_us(sent))
    earliest = max(0.0, took - subject.line_ms(ESTOP_BYTES))
    reading = Reading(earliest, took, subject.error_ms())
    return in_time(
        reading, ESTOP_MS, note="until the hand's own STATE; the torque is not seen on the wire"
    )


def estop_stays(subject: Subject) -> Finding:
    """Nothing on the wire leaves it."""
    subject.send("ESTOP", {"reason": 0}, session=0, seq=10)
    subject.listen(0.05)
    del subject.heard[:]
    for _ in range(2):
        subject.send("CLEAR_FAULT", {"reason": 0})
        subject.send("RELEASE", {"reason": 0})
        subject.arm()
        subject.listen(_SETTLE_S)
        subject.hello()
    subject.arm()
    subject.listen(2 * _SETTLE_S, beat=True)
    words = words_of(subject.heard)
    return holds(words == ["estop"], " > ".join(words) or "silent", "e-stop until a power cycle")


def _in(name: str) -> Callable[[Heard], bool]:
    return lambda h: h.frame.msg == "STATE" and h.fields["state"] == GUARD[name]


def _answers(seq: int) -> Callable[[Heard], bool]:
    def answers(one: Heard) -> bool:
        return one.frame.msg == "STATE" and one.frame.ack == seq

    return answers
