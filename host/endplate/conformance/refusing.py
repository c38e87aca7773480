# SPDX-License-Identifier: GPL-3.0-or-later
"""Requirements on frames that must be refused, counted, and move nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

from endplate import core
from endplate.conformance import frames
from endplate.conformance.line import COMMAND_BYTES
from endplate.conformance.motion import (
    STILL_DEG,
    moved_deg,
    ready_still,
    states,
    watch_after_driving,
)
from endplate.conformance.silence import LOST_MS, STANDS_MS
from endplate.conformance.subject import GUARD, Subject
from endplate.conformance.verdict import Finding, NotMeasurableError, Verdict, holds, in_time
from endplate.errors import HandError
from endplate.live.hand_port import PortGoneError

POSITION_BIT = 13  # of the capabilities: mode 2 is one
_VALID_MS = 100  # the longest: a command obeyed wrongly moves as far as it can
_SHOWS_S = 0.12  # what was obeyed wrongly has moved the hand by then
_ATTACK_MS = 250  # without a fresh command the hand is in LINK LOST after 300
_BURST_READ_MS = 260  # the last fresh command left a hop before the burst's time begins
_FORGIVEN_MS = 20  # of the future
_COUNT = 5
_FREEZE_S, _BURST_MS, _HOP_MS = 0.15, 300, 20
_OLD_MS, _FUTURE_MS = 160.0, 40.0
_LATE_MS = 10.0  # for the errors of the clocks and a computer that does other things, too
_FLOOD_S, _SLICE_S, _SEED = 1.0, 0.01, 5
_RECOVERY_S = 6.0


def refused(
    subject: Subject, counter: str, attack: Callable[[float], int], most_ms: float = _ATTACK_MS
) -> Finding:
    """An attack on a hand that is ACTIVE and stands; it returns how many frames it sent. Says
    nothing when the hand had not read all of it after `most_ms`: a TIME behind it tells."""
    before = subject.baseline()
    target = ready_still(subject)
    began = time.monotonic_ns()
    sent = attack(target)
    _read_in_time(subject, began, most_ms)
    subject.listen(_SHOWS_S, beat=True)
    counted = (subject.counters()[counter] - before[counter]) % (1 << 32)
    moved = moved_deg(subject.heard)
    return holds(
        counted == sent and moved <= STILL_DEG,
        f"{counted} of {sent} in {counter}, moved {moved:.2f} degrees",
        f"all {sent}; {STILL_DEG} degrees",
    )


def old_emg(subject: Subject) -> Finding:
    """EMG of 160 ms ago."""

    def attack(target: float) -> int:
        for _ in range(_COUNT):
            subject.command(target, age_ms=_OLD_MS + subject.error_ms(), valid_ms=_VALID_MS)
        return _COUNT

    return refused(subject, "bad_stale", attack)


def future_emg(subject: Subject) -> Finding:
    """EMG that is to come in 40 ms, still of the future when the hand reads the command."""
    ahead_ms = _FUTURE_MS + _LATE_MS + subject.line_ms(COMMAND_BYTES)

    def attack(target: float) -> int:
        for _ in range(_COUNT):
            sent = subject.command(target, age_ms=-ahead_ms, valid_ms=_VALID_MS)
            _read_in_time(subject, sent, _FUTURE_MS + _LATE_MS - _FORGIVEN_MS)
        return _COUNT

    return refused(subject, "bad_stale", attack)


def _read_in_time(subject: Subject, sent_ns: int, most_ms: float) -> None:
    read_ms = subject.read_ms(sent_ns)
    if read_ms + subject.error_ms() > most_ms:
        raise NotMeasurableError(
            f"the hand had read what was sent after {read_ms:.0f} ms, which is late for a verdict"
        )


def stale_burst(subject: Subject) -> Finding:
    """The host stood still; what it had queued comes at once, every command too old."""

    def burst(target: float) -> int:
        subject.listen(_FREEZE_S)
        ages = range(_BURST_MS + int(_OLD_MS), int(_OLD_MS) - 1, -_HOP_MS)
        late = subject.error_ms()
        queued = [
            subject.frame(
                "COMMAND", subject.command_fields(target, age_ms=age + late, valid_ms=_VALID_MS)
            )
            for age in ages
        ]
        for frame in queued:
            subject.write(frame)
        return len(queued)

    return refused(subject, "bad_stale", burst, _BURST_READ_MS)


def bad_values(subject: Subject) -> Finding:
    """Targets beyond full speed, modes and grips that do not exist, with a right CRC."""

    def attack(target: float) -> int:
        closing = target > 0
        wrong = [
            (frames.TARGET, (10_001 if closing else -10_001).to_bytes(2, "little", signed=True)),
            (frames.TARGET, (32_767 if closing else -32_768).to_bytes(2, "little", signed=True)),
            (frames.MODE, b"\x03" if subject.info["capabilities"] >> POSITION_BIT & 1 else b"\x02"),
            (frames.MODE, b"\xff"),
            (frames.GRIP, bytes([subject.info["grips"]])),
        ]
        for offset, value in wrong:
            good = subject.frame("COMMAND", subject.command_fields(target, valid_ms=_VALID_MS))
            subject.write(frames.changed(good, offset, value))
        return len(wrong)

    return refused(subject, "bad_value", attack)


def wrong_session(subject: Subject) -> Finding:
    """Commands of another session than the open one."""

    def attack(target: float) -> int:
        other = subject.session ^ 0x5A5A or 1
        for _ in range(_COUNT):
            subject.command_as(other, target, valid_ms=_VALID_MS)
        return _COUNT

    return refused(subject, "bad_session", attack)


def old_sequence(subject: Subject) -> Finding:
    """A command's number again, and older ones."""

    def attack(target: float) -> int:
        newest = subject.seq
        for back in (0, 0, 1, 5, 1000):
            frame = subject.frame(
                "COMMAND",
                subject.command_fields(target, valid_ms=_VALID_MS),
                seq=(newest - back) & 0xFFFF,
            )
            subject.write(frame)
        return 5

    return refused(subject, "bad_sequence", attack)


def flood(subject: Subject) -> Finding:
    """Random bytes as fast as the line carries them, in the place of commands."""
    sent = 0

    def pour(one: Subject) -> None:
        nonlocal sent
        slice_bytes = max(16, int(one.port.baud / 10 * _SLICE_S))
        began = time.monotonic()
        for turn in range(int(_FLOOD_S / _SLICE_S)):
            one.write(frames.garbage(slice_bytes, _SEED + turn))
            sent += slice_bytes
            one.listen(max(0.0, began + (turn + 1) * _SLICE_S - time.monotonic()))
            if time.monotonic() > began + _FLOOD_S:
                break
        one.write(b"\0")

    before = subject.baseline()
    watched = watch_after_driving(subject, pour)
    stood = in_time(watched.standing(), STANDS_MS)
    lost = in_time(watched.state("link lost"), LOST_MS)
    for found in (stood, lost):
        if found.verdict is Verdict.FAILED:
            return found
    if states(watched.heard)[-1].fields["state"] != GUARD["link lost"]:
        return holds(False, "left LINK LOST during the flood", "LINK LOST")
    try:
        subject.hello(seconds=_RECOVERY_S)
    except PortGoneError:
        raise
    except HandError:
        return holds(False, "no answer to HELLO after the flood", "HELLO answered")
    after = subject.counters()
    grown = {name: (after[name] - before[name]) % (1 << 32) for name in core.COUNTERS}
    refused = sum(grown[name] for name in core.REFUSALS)
    return holds(
        grown["bytes"] >= sent // 2 and refused > 0,
        f"stood after {stood.measured}; counted {refused} refusals, "
        f"{grown['bytes']} of {sent} bytes",
        f"{stood.allowed}; HELLO answered, counted",
    )
