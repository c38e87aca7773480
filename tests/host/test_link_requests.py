# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to the hand on a line that loses frames: a stop is never displaced by something else."""

from __future__ import annotations

import time

import pytest
from hand_stand_in import HandStandIn

from endplate import core
from endplate.live.hand_request import HandRequest
from endplate.live.link import HandLink

MS = 1_000_000
lib = core.lib


class Lossy(HandStandIn):
    """Loses the next `lose[msg]` frames of a kind."""

    def __init__(self, **knobs) -> None:
        self.lose: dict[str, int] = {}
        super().__init__(**knobs)

    def _take(self, frame: core.Frame) -> None:
        if self.lose.get(frame.msg, 0) > 0:
            self.lose[frame.msg] -= 1
            return
        super()._take(frame)


@pytest.fixture
def hand():
    with Lossy(hand_hash=0x1234) as hand:
        yield hand


@pytest.fixture
def link(hand):
    link = HandLink(hand.port, hand_hash=0x1234)
    link.open()
    yield link
    link.close()


def until(condition, link, seconds: float = 4.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        link.service()
        time.sleep(0.001)


def activate(hand, link) -> None:
    until(lambda: link.clock.synchronised and link.at_rest, link)
    link.arm()
    until(lambda: link.armed, link)
    sample = iter(range(1, 10**6))
    command(link, 0, next(sample))
    until(lambda: hand.state == lib.GUARD_ACTIVE, link)


def command(link, target: int, sample: int) -> None:
    link.command([target] * 8, 0, 0, time.monotonic_ns() - 5 * MS, sample)


def test_arm_waits_for_a_lost_disarm_and_the_hand_for_a_neutral_command(hand, link):
    activate(hand, link)
    hand.lose["DISARM"] = 1
    said = []
    link.disarm(lambda sentence: said.append(("disarm", sentence)))
    link.arm(lambda sentence: said.append(("arm", sentence)))
    until(lambda: len(said) == 2, link)
    assert said == [("disarm", None), ("arm", None)]
    states = [state for _, state in hand.states if state != lib.GUARD_STALE]
    assert states[-3:] == [lib.GUARD_ACTIVE, lib.GUARD_DISARMED, lib.GUARD_ARMED]
    for i in range(10):
        command(link, 8000, 100 + i)
        link.service()
        time.sleep(0.005)
    assert hand.state == lib.GUARD_ARMED


def test_arm_fails_with_a_stop_that_failed():
    request, said = HandRequest(), []
    request.begin("DISARM", {}, 1, 0, said.append)
    request.begin("ARM", {}, 2, 0, said.append)
    assert request.msg == "DISARM" and not request.answered(9, lib.GUARD_ACTIVE)
    request.end("not heard")
    request.next(3, 5)
    assert said == ["not heard", "not heard"] and request.msg == ""


def test_release_and_estop_go_first(hand, link):
    activate(hand, link)
    hand.lose["DISARM"] = 1000
    said = {}
    link.disarm(lambda sentence: said.setdefault("disarm", sentence))
    link.arm(lambda sentence: said.setdefault("arm", sentence))
    link.release(lambda sentence: said.setdefault("release", sentence))
    until(lambda: "release" in said, link)
    assert said == {
        "arm": "Release took its place.", "disarm": "Release took its place.", "release": None,
    }  # fmt: skip
    hand.lose["RELEASE"] = 1000
    link.release()
    link.estop(lambda sentence: said.setdefault("estop", sentence))
    until(lambda: "estop" in said, link)
    assert said["estop"] is None and hand.state == lib.GUARD_ESTOP


def test_a_stop_that_waits_is_not_displaced_either():
    request, said = HandRequest(), []
    request.begin("RELEASE", {}, 1, 0, lambda s: said.append(("release", s)))
    request.begin("ARM", {}, 2, 0, lambda s: said.append(("arm", s)))
    request.begin("DISARM", {}, 2, 0, lambda s: said.append(("disarm", s)))
    assert said == [("arm", "Disarm took its place.")]
    request.begin("DISARM", {}, 2, 0, lambda s: said.append(("again", s)))
    request.begin("ARM", {}, 2, 0, lambda s: said.append(("later", s)))
    assert said[1][0] == "later" and "asked to stop" in said[1][1]
    request.end("not heard")  # of RELEASE: the DISARM is sent all the same
    request.next(3, 5)
    assert request.msg == "DISARM" and said[2:] == [("release", "not heard")]
    assert request.answered(3, lib.GUARD_DISARMED)
    request.end(None)
    assert said[3:] == [("disarm", None), ("again", None)]


def test_a_stop_asked_for_twice_is_confirmed_twice(hand, link):
    activate(hand, link)
    hand.lose["DISARM"] = 1
    said = []
    link.disarm(said.append)
    link.disarm(said.append)
    until(lambda: said, link)
    assert said == [None, None] and hand.messages.count("DISARM") == 1
