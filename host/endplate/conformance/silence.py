# SPDX-License-Identifier: GPL-3.0-or-later
"""Requirements on what the hand does when fresh commands cease: silence, a frozen host, a host of
which only heartbeats are left."""

from __future__ import annotations

import time

from endplate.conformance.line import now_us
from endplate.conformance.motion import (
    STILL_DEG,
    Watched,
    moved_deg,
    states,
    watch_after_driving,
    words_of,
)
from endplate.conformance.subject import GUARD, HOP_S, LIMIT, Subject
from endplate.conformance.verdict import Finding, NotMeasurableError, Verdict, holds, in_time

STALE_MS, STANDS_MS, LOST_MS = 100, 150, 350
_VALID_MS = 50
_TOLD_MS = 25  # until the next STATE tells it, with the milliseconds of the guard and the line
_WATCH_S = 0.4


def _silence(subject: Subject) -> Watched:
    """One silence, looked at by three requirements."""
    if "silence" not in subject.memory:
        subject.memory["silence"] = watch_after_driving(subject, lambda s: s.listen(_WATCH_S))
    return subject.memory["silence"]


def goes_stale(subject: Subject) -> Finding:
    """STALE, or beyond it."""
    return in_time(_silence(subject).state("stale", "link lost"), STALE_MS, _VALID_MS)


def stands(subject: Subject) -> Finding:
    """The moving joint rests."""
    return in_time(_silence(subject).standing(), STANDS_MS)


def loses_the_link(subject: Subject) -> Finding:
    """LINK LOST."""
    return in_time(_silence(subject).state("link lost"), LOST_MS)


def caps_validity(subject: Subject) -> Finding:
    """A command may not ask to be obeyed for 255 ms. Its EMG is new: that does not end it first."""
    watched = watch_after_driving(subject, lambda s: s.listen(_WATCH_S), valid_ms=255, age_ms=0.0)
    note = "100 ms, and the next STATE tells it"
    return in_time(watched.state("stale", "link lost"), STALE_MS + _TOLD_MS, note=note)


def stays_lost(subject: Subject) -> Finding:
    """Commands, heartbeats and a new session do not leave LINK LOST; ARM and neutral do."""
    watch_after_driving(subject, lambda s: s.listen(_WATCH_S))
    if not subject.wait_state("link lost", 0.3):
        raise NotMeasurableError("the hand did not come to LINK LOST, from which it is to return")
    del subject.heard[:]
    subject.drive(0.0, 0.12)
    subject.drive(0.2, 0.12)
    subject.hello()
    subject.compare_clocks()
    subject.drive(0.0, 0.06)
    subject.drive(-0.2, 0.2)
    subject.listen(0.1)
    words, moved = words_of(subject.heard), moved_deg(subject.heard)
    if words != ["link lost"] or moved > STILL_DEG:
        return holds(False, f"went {' > '.join(words)}, moved {moved:.2f} degrees", "LINK LOST")
    subject.arm()
    back = bool(subject.wait_state("armed", 1.0)) and subject.drive_until("active", 0.0)
    return holds(
        back, "stayed, then ACTIVE" if back else "ARM and neutral did not lead back", "stays"
    )


def finds_a_frozen_host(subject: Subject) -> Finding:
    """Frames come, their sample counter stands."""

    def repeat(one: Subject) -> None:
        end = time.monotonic() + _WATCH_S
        while time.monotonic() < end:
            one.sample -= 5  # command() adds as much: the same sample again, in a new frame
            one.command(0.2)
            one.listen(HOP_S)

    watched = watch_after_driving(subject, repeat)
    said = in_time(
        watched.first(lambda fields: fields["limit"][0] == LIMIT["host frozen"]), STANDS_MS
    )
    stood = in_time(watched.standing(), STANDS_MS)
    if stood.verdict is Verdict.FAILED:
        return stood
    return Finding(said.verdict, said.measured, said.allowed, f"stood after {stood.measured}")


def beats_move_nothing(subject: Subject) -> Finding:
    """HEARTBEAT at the rate of commands in their place."""

    def beat(one: Subject) -> None:
        end = time.monotonic() + _WATCH_S
        while time.monotonic() < end:
            one.send("HEARTBEAT", {"host_us": now_us()})
            one.listen(HOP_S)

    watched = watch_after_driving(subject, beat)
    stale = in_time(watched.state("stale", "link lost"), STALE_MS)
    lost = in_time(watched.state("link lost"), LOST_MS)
    ended = states(watched.heard)[-1].fields["state"] == GUARD["link lost"]
    for late in (stale, lost):
        if late.verdict is Verdict.FAILED:
            return late
    return lost if ended else holds(False, "left LINK LOST again", "LINK LOST")
