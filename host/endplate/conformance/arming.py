# SPDX-License-Identifier: GPL-3.0-or-later
"""Requirements on what has to come before the hand moves, and what ends it."""

from __future__ import annotations

import time

from endplate import core
from endplate.conformance.line import Heard, apart_ms
from endplate.conformance.motion import (
    STILL_DEG,
    comes_to_rest,
    know_moves,
    moved_deg,
    next_drive,
    states,
    watch_after_driving,
    words_of,
)
from endplate.conformance.setting import lowered
from endplate.conformance.subject import DRIVE, HOP_S, LIMIT, Subject
from endplate.conformance.verdict import Finding, LackingError, NotMeasurableError, holds
from endplate.live.hand_words import DRIVING

_REST = f"not armed; {STILL_DEG} degrees"
_TRY_S = 0.25
_GONE_S = 0.4
FORGOTTEN_MS = 30_000
_CLOCKS_SHARE = 0.01  # clocks of host and hand agree to much better
_SLOW_STATE_S = 1.2  # a hand that hears nothing tells its state twice a second


def nothing_while_disarmed(subject: Subject) -> Finding:
    """Neutral, then drive commands."""
    know_moves(subject)
    subject.begin()
    if not comes_to_rest(subject, driven=True):
        return holds(False, "moves while disarmed", _REST)
    subject.drive(next_drive(subject, subject.heard), _TRY_S)
    return _nothing(subject, ["disarmed"])


def nothing_before_neutral(subject: Subject) -> Finding:
    """ARM, then drive commands without a neutral one."""
    know_moves(subject)
    subject.begin()
    subject.arm()
    if not subject.wait_state("armed", 1.0):
        raise NotMeasurableError("the hand did not arm")
    if not comes_to_rest(subject, driven=False):
        return holds(False, "moves while armed, without a command", _REST)
    target = next_drive(subject, subject.heard)
    got = states(subject.drive(target, _TRY_S)[1])
    limits = {one.fields["limit"][0] for one in got}
    if limits != {LIMIT["neutral"]}:
        shown = ", ".join(core.GUARD_LIMITS.get(code, "unknown") for code in sorted(limits))
        return holds(False, f"limit: {shown}", "limit: neutral")
    return _nothing(subject, ["armed"], f"armed; {STILL_DEG} degrees")


def moves_after_neutral(subject: Subject) -> Finding:
    """The counterpart of all that must not move."""
    speed = know_moves(subject).speed_dps
    return holds(True, f"{abs(speed):.0f} degrees/s at {DRIVE:.0%} of full speed", "it moves")


def ends_when_forgotten(subject: Subject) -> Finding:
    """ARM, then nothing but heartbeats. The time is made short where it is a parameter, unless all
    of it is asked for."""
    with lowered(subject, "armed_ms", keep=subject.patient) as set_ms:
        if set_ms is None and not subject.patient:
            raise LackingError("takes half a minute; asked for with --long")
        return _forgotten(subject, FORGOTTEN_MS if set_ms is None else set_ms)


def _forgotten(subject: Subject, after_ms: int) -> Finding:
    sent = subject.arm()
    if not subject.wait_state("armed", 1.0):
        raise NotMeasurableError("the hand did not arm")
    late_ms = after_ms * (1 + _CLOCKS_SHARE) + _SLOW_STATE_S * 1000
    allowed = f"disarmed in {after_ms / 1000:g} s"
    left = subject.wait(
        lambda h: h.frame.msg == "STATE" and h.fields["state"] not in DRIVING, late_ms / 1000
    )
    if left is None:
        return holds(False, f"armed after {late_ms / 1000:.1f} s", allowed)
    word = words_of([left])[0]
    return holds(word == "disarmed", f"{word} after {(left.ns - sent) / 1e9:.2f} s", allowed)


def another_session_disarms(subject: Subject) -> Finding:
    """A second host says HELLO while the first one drives, and commands without ARM."""
    watch_after_driving(subject, lambda one: one.hello())
    return _unarmed_stands(subject, ["disarmed"])


def replug_disarms(subject: Subject) -> Finding:
    """The port closes while the hand is driven, opens again, and commands come without ARM."""
    told: list[Heard] = []

    def replug(one: Subject) -> None:
        one.port.close()
        time.sleep(_GONE_S)
        opened_us = one.hand_us(time.monotonic_ns())
        one.open()
        state = one.wait(
            lambda h: h.frame.msg == "STATE" and apart_ms(h.fields["hand_us"], opened_us) > 0,
            _SLOW_STATE_S,
            beat=False,
        )
        told.extend([state] if state else [])
        one.hello()

    watch_after_driving(subject, replug)
    if any(state.fields["state"] in DRIVING for state in told):
        return holds(False, f"{words_of(told)[0]} when the port opened again", _REST)
    return _unarmed_stands(subject, ["disarmed", "link lost"])


def _unarmed_stands(subject: Subject, allowed: list[str]) -> Finding:
    """Drives in a session that has not armed."""
    first = subject.wait(lambda h: h.frame.msg == "STATE" and h.frame.session == subject.session)
    word = words_of([first])[0] if first else "silent"
    if word not in allowed:
        return holds(False, f"{word} after it", _REST)
    subject.compare_clocks()
    if not comes_to_rest(subject, driven=False):
        return holds(False, f"{word}, goes on moving", _REST)
    subject.drive(DRIVE * know_moves(subject).room, _TRY_S)
    return _nothing(subject, [word])


def _nothing(subject: Subject, wanted: list[str], allowed: str = _REST) -> Finding:
    """Judges what was heard while commands tried to move it."""
    subject.listen(HOP_S + 0.1)
    words, moved = words_of(subject.heard), moved_deg(subject.heard)
    return holds(
        words == wanted and moved <= STILL_DEG,
        f"{' > '.join(words)}, moved {moved:.2f} degrees",
        allowed,
    )
