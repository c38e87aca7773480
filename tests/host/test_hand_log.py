# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences of the hand's log get the wall's time, once each."""

from __future__ import annotations

import time

import pytest

from endplate.live.hand_clock import HandClock
from endplate.live.hand_log import HandLog

MS = 1_000_000


def said(hand_us: int, text: str, level: int = 1) -> dict:
    padded = tuple(text.encode().ljust(96, b"\0"))
    return {"hand_us": hand_us % 2**32, "level": level, "text": padded}


def clock(offset_us: int) -> HandClock:
    """Of a hand whose clock stands so much ahead, known to 50 us."""
    made, now = HandClock(), time.monotonic_ns()
    for i in range(5):
        at = now - i * MS
        us = (at // 1000 + offset_us) % 2**32
        made.add(at - 50_000, us, us, at + 50_000)
    return made


@pytest.mark.parametrize("offset_us", [0, 2**32 - 5_000_000, -(10**9)])
@pytest.mark.parametrize("ago_s", [0.0, 1790.0])
def test_when_it_happened_on_the_walls_clock(offset_us, ago_s):
    log, now = HandLog(), time.monotonic_ns()
    log.take(said(now // 1000 + offset_us - int(ago_s * 1e6), "A motor was lost.", 2), now)
    (line,) = log.fresh(clock(offset_us))
    assert abs(line.wall_s - (time.time() - ago_s)) < 0.2
    assert abs(line.host_ns - (now - ago_s * 1e9)) < 200 * MS
    assert (line.level, line.text) == ("error", "A motor was lost.")
    assert time.strftime("%H:%M:", time.localtime(line.wall_s)) in str(line)


def test_it_waits_for_the_clock_and_is_told_once():
    log, now = HandLog(), time.monotonic_ns()
    for text in ("One.", "Two.", "One."):  # another session is told the kept ones again
        log.take(said(now // 1000, text), now)
    assert log.fresh(HandClock()) == []
    assert [line.text for line in log.fresh(clock(0))] == ["One.", "Two."]
    assert log.fresh(clock(0)) == []
    log.take(said(now // 1000, "Two."), now)
    assert log.fresh(clock(0)) == []
    log.reset()  # the hand has restarted
    log.take(said(now // 1000, "Two."), now)
    assert [line.text for line in log.fresh(clock(0))] == ["Two."]


def test_a_flood_is_bounded():
    log, now = HandLog(), time.monotonic_ns()
    for i in range(1000):
        log.take(said(now // 1000 + i, f"Number {i}."), now)
    kept = log.fresh(clock(0))
    assert len(kept) == 64 and kept[-1].text == "Number 999."
