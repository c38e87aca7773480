# SPDX-License-Identifier: GPL-3.0-or-later
"""Requirements on what the hand tells of itself: TOUCH and LOG."""

from __future__ import annotations

from endplate.conformance.line import apart_ms
from endplate.conformance.subject import Subject
from endplate.conformance.verdict import Finding, NotMeasurableError, holds
from endplate.live import hand_words

_RATE_HZ, _SHARE = 25.0, 0.2
_LISTEN_S = 1.2
_MOST_N = 100.0  # no fingertip bears more
_DIGITS = 0x1F  # bits of contact and slip
_HALF_HOUR_MS = 1_800_000
_LOG_S = 0.8  # eight sentences, each in a gap of the telemetry
_AHEAD_MS = 50.0  # error of the clocks, and the time on the line


def touch(subject: Subject) -> Finding:
    """Rate and bounds, while nothing moves."""
    subject.begin()
    told = [one for one in subject.listen(_LISTEN_S, beat=True) if one.frame.msg == "TOUCH"]
    if len(told) < 2:
        return holds(False, f"{len(told)} TOUCH in {_LISTEN_S:g} s", f"{_RATE_HZ:.0f} a second")
    gone_ms = apart_ms(told[-1].fields["hand_us"], told[0].fields["hand_us"])
    rate = (len(told) - 1) / gone_ms * 1000 if gone_ms > 0 else 0.0
    forces = [hand_words.touch(one.fields)["force_n"] for one in told]
    known = [force for row in forces for force in row if force is not None]
    most = max(known, default=0.0)
    strange = any((one.fields["contact"] | one.fields["slip"]) & ~_DIGITS for one in told)
    absent = sum(force is None for force in forces[-1])
    low, high = _RATE_HZ * (1 - _SHARE), _RATE_HZ * (1 + _SHARE)
    return holds(
        low <= rate <= high and most <= _MOST_N and not strange,
        f"{rate:.1f} a second, {most:.2f} N at most"
        + (", contact or slip of no digit" if strange else ""),
        f"{low:.0f} to {high:.0f} a second; {_MOST_N:.0f} N",
        f"{absent} of {len(forces[-1])} sensors broken or not there" if absent else "",
    )


def log(subject: Subject) -> Finding:
    """A new session is told what happened: here a RELEASE."""
    subject.begin()
    subject.send("RELEASE", {"reason": 0})
    if not subject.wait_state("releasing", 0.5):
        raise NotMeasurableError("RELEASE was not obeyed, so nothing happened that could be told")
    since_us = subject.hand_us(subject.hello_ns)
    subject.disarm()
    subject.begin()
    subject.listen(_LOG_S, beat=True)
    told = [
        one
        for one in subject.heard  # from the first frame of the session on
        if one.frame.msg == "LOG" and one.frame.session == subject.session
    ]
    if not told:
        return holds(False, "no LOG in a new session", "told")
    now_us = subject.hand_us(told[-1].ns)
    ages = [apart_ms(now_us, one.fields["hand_us"]) for one in told]
    texts = [bytes(one.fields["text"]).rstrip(b"\0") for one in told]
    readable = all(text and _is_text(text) for text in texts)
    in_order = ages == sorted(ages, reverse=True)
    in_time = all(-_AHEAD_MS < age < _HALF_HOUR_MS for age in ages)
    fresh = apart_ms(told[-1].fields["hand_us"], since_us) > 0
    wrong = [
        words
        for good, words in (
            (readable, "one is no text"),
            (in_order, "not in order"),
            (in_time, "a time that cannot be"),
            (fresh, "not what just happened"),
        )
        if not good
    ]
    return holds(
        not wrong,
        f"{len(told)} sentences" + "".join(f", {words}" for words in wrong),
        "oldest first, the newest event among them",
    )


def _is_text(data: bytes) -> bool:
    try:
        return data.decode().isprintable()
    except UnicodeDecodeError:
        return False
