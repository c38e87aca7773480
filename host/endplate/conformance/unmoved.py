# SPDX-License-Identifier: GPL-3.0-or-later
"""Requirements on what an armed hand takes no notice of: restarts, uploads, EMG, damaged frames and
commands for a DoF whose site is bad do not move it and do not end what it does."""

from __future__ import annotations

import time
from collections.abc import Callable

from endplate import core
from endplate.conformance import frames
from endplate.conformance.motion import (
    STILL_DEG,
    comes_to_rest,
    know_moves,
    moved_deg,
    positions,
    ready_still,
    states,
    words_of,
)
from endplate.conformance.subject import DRIVE_S, HOP_S, LIMIT, Subject
from endplate.conformance.verdict import Finding, NotMeasurableError, holds

_SHOWS_S = 0.3  # a restart takes effect 20 ms after its answer; STATE_FULL comes every 100 ms
_SHADOW_BIT = 8  # of the capabilities: decodes EMG beside the host
_DAMAGED = 25  # frames; more than 20 in a second are to be told
_TOLD_S = 0.2
_CALM_S = 1.5  # the second that is looked at, and the next STATE
_NOISE = core.lib.GUARD_FAULT_LINK_NOISE
_KINDS = (1, 2, 3, 4)  # decoder, calibration, grips, firmware
_SITES, _FRAMES = 8, 5
_TRY_S, _NEUTRAL_S = 0.25, 0.1
_VALID_MS = 100  # the longest: these frames delay the commands behind them


def restart(subject: Subject) -> Finding:
    """RESTART with the right boot_id while armed, then while active."""
    know_moves(subject)
    subject.begin()
    boot_id = subject.info["boot_id"]
    subject.arm()
    if not subject.wait_state("armed", 1.0) or not comes_to_rest(subject, driven=False):
        raise NotMeasurableError("the hand does not rest after ARM")
    subject.send("RESTART", {"boot_id": boot_id})
    subject.listen(_SHOWS_S, beat=True)
    words = words_of(subject.heard)
    active = words == ["armed"] and subject.drive_until("active", 0.0)
    if active:
        subject.send("RESTART", {"boot_id": boot_id})
        subject.drive(0.0, _SHOWS_S, valid_ms=_VALID_MS)
        words = words_of(subject.heard)
    shown = " > ".join(words) or "silent"
    allowed = f"armed > active, no restart; {STILL_DEG} degrees"
    if subject.hello().fields["boot_id"] != boot_id:
        return holds(False, f"{shown}, restarted", allowed)
    _not_late(words)
    if words == ["armed"]:
        raise NotMeasurableError("the hand does not become active after ARM and neutral")
    if words != ["armed", "active"]:
        return holds(False, shown, allowed)
    moved = moved_deg(subject.heard)
    return holds(moved <= STILL_DEG, f"{shown}, moved {moved:.2f} degrees", allowed)


def upload(subject: Subject) -> Finding:
    """BEGIN, CHUNK and COMMIT of every kind of blob."""
    sent = [
        (msg, {"kind": kind} | fields)
        for kind in _KINDS
        for msg, fields in (
            ("BLOB_BEGIN", {"size": 64, "hash": 1}),
            ("BLOB_CHUNK", {"offset": 0, "count": 64}),
            ("BLOB_COMMIT", {"hash": 1}),
        )
    ]

    def refused(counted: int) -> int:
        answers = [one.fields for one in subject.heard if one.frame.msg == "BLOB_STATUS"]
        return counted + sum(one["status"] != 0 for one in answers)

    return _while_active(subject, sent, refused)


def emg(subject: Subject) -> Finding:
    """EMG of a full contraction, while the host's commands want nothing. A hand that decodes beside
    the host may take it."""
    count = 4
    wave = [0x3F, 0x40, 0xC1]  # large values with both signs, as bytes
    fields = {"sites": _SITES, "count": count, "counts": [*wave] * (_SITES * count)}

    sent = [("EMG", fields | {"sample": number * count}) for number in range(_FRAMES)]

    def refused(counted: int) -> int:
        return len(sent) if subject.info["capabilities"] >> _SHADOW_BIT & 1 else counted

    return _while_active(subject, sent, refused)


def _not_late(words: list[str]) -> None:
    """NotMeasurableError when the hand stopped as it does for commands that come late: a slow line
    or computer may be why."""
    if "stale" in words and set(words) <= {"armed", "active", "stale", "link lost"}:
        raise NotMeasurableError(f"commands came late among these frames: {' > '.join(words)}")


def _stayed_active(subject: Subject) -> tuple[bool, str]:
    """Whether the hand was active all the while, and what it went through."""
    words = words_of(subject.heard)
    _not_late(words)
    return words == ["active"], " > ".join(words) or "silent"


def _while_active(
    subject: Subject, sent: list[tuple[str, dict]], refused: Callable[[int], int]
) -> Finding:
    """Frames between neutral commands to an active hand that stands. `refused` is told how many of
    them were counted, and says how many were not taken."""
    before = subject.baseline()
    ready_still(subject)
    for msg, fields in sent:
        taken = {"emg_us": subject.hand_us(time.monotonic_ns())} if msg == "EMG" else {}
        subject.send(msg, fields | taken)
        subject.drive(0.0, HOP_S, valid_ms=_VALID_MS)
    subject.drive(0.0, _SHOWS_S, valid_ms=_VALID_MS)
    active, words = _stayed_active(subject)
    moved = moved_deg(subject.heard)
    after = subject.counters()
    counted = sum((after[name] - before[name]) % (1 << 32) for name in ("bad_value", "bad_stale"))
    not_taken = refused(counted)
    return holds(
        active and moved <= STILL_DEG and not_taken == len(sent),
        f"{words}, moved {moved:.2f} degrees; {not_taken} of {len(sent)} not taken",
        f"active; {STILL_DEG} degrees; all",
    )


def noise(subject: Subject) -> Finding:
    """Commands with one byte changed, among neutral ones; then whether it still follows."""
    moves = know_moves(subject)
    target = ready_still(subject)
    if any(one.fields["faults"] & _NOISE for one in states(subject.heard)):
        raise NotMeasurableError("the link is noisy already")
    for _ in range(_DAMAGED):
        good = subject.frame("COMMAND", subject.command_fields(target, valid_ms=100))
        subject.write(frames.damaged(good))
        subject.drive(0.0, HOP_S, valid_ms=_VALID_MS)
    told = states(subject.drive(0.0, _TOLD_S, valid_ms=_VALID_MS)[1])
    active, words = _stayed_active(subject)
    moved = moved_deg(subject.heard)
    if not active or moved > STILL_DEG:
        return holds(False, f"{words}, moved {moved:.2f} degrees", f"active; {STILL_DEG} degrees")
    if not any(one.fields["faults"] & _NOISE for one in told):
        return holds(False, f"{_DAMAGED} damaged frames are not told", "link noise in STATE")
    told = states(subject.drive(target, DRIVE_S)[1])
    if not told or {one.fields["limit"][0] for one in told} != {LIMIT["none"]}:
        raise NotMeasurableError("something limited the hand when it was to follow again")
    went = abs(positions(told[-1])[moves.joint] - positions(told[0])[moves.joint])
    told = states(subject.drive(0.0, _CALM_S)[1])
    calm = bool(told) and not told[-1].fields["faults"] & _NOISE
    return holds(
        went >= 2 * STILL_DEG and calm,
        f"told; then followed by {went:.1f} degrees; {'over' if calm else 'not over'} after "
        f"{DRIVE_S + _CALM_S:g} s",
        "told; active; follows; over",
    )


def bad_site(subject: Subject) -> Finding:
    """Commands that say that a site of the DoF is bad, then the same without: only after a neutral
    one does it move."""
    moves = know_moves(subject)
    target = ready_still(subject)
    limits = []
    for fields in ({"frozen": 1}, {}):
        told = states(subject.drive(target, _TRY_S, valid_ms=_VALID_MS, **fields)[1])
        limits += [core.GUARD_LIMITS.get(one.fields["limit"][0], "unknown") for one in told[-1:]]
    active, words = _stayed_active(subject)
    moved = moved_deg(subject.heard)
    shown = f"{words}, limits {', then '.join(limits)}, moved {moved:.2f} degrees"
    if not active or moved > STILL_DEG or limits != ["site", "neutral"]:
        return holds(False, shown, f"active; limits site, then neutral; {STILL_DEG} degrees")
    subject.drive(0.0, _NEUTRAL_S, valid_ms=_VALID_MS)
    told = states(subject.drive(target, DRIVE_S)[1])
    if len(told) < 2:
        raise NotMeasurableError("the hand does not tell where it stands")
    went = abs(positions(told[-1])[moves.joint] - positions(told[0])[moves.joint])
    return holds(
        went >= 2 * STILL_DEG, f"stood; then followed by {went:.1f} degrees", "stands; follows"
    )
