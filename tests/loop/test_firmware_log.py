# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hand tells a person (LOG): motors, faults, stops, the line; kept, bounded, never in
front of STATE."""

from __future__ import annotations

import random
import time

from endplate import core
from endplate.sim import firmware

from .wire_host import connected

KEPT = 8


def sentences(frames: list[core.Frame]) -> list[tuple[int, str]]:
    """(level, text), in the order in which they came."""
    return [
        (f.fields["level"], bytes(f.fields["text"]).rstrip(b"\0").decode())
        for f in frames
        if f.msg == "LOG" and b"fingertip" not in bytes(f.fields["text"])  # this bus has none
    ]


def told(host, words: str, timeout_s: float = 3.0) -> dict:
    return host.until(
        lambda f: f.msg == "LOG" and words in bytes(f.fields["text"]).decode(), timeout_s, words
    ).fields


def test_a_lost_motor_is_named_and_named_again_when_it_is_back(host, bus):
    host.activate()
    before = host.hand_us()
    bus.silent.add(4)
    lost = told(host, "No answer from the motor of middle.")
    assert 0 < (lost["hand_us"] - before) % 2**32 < 2_000_000 and lost["level"] == 2
    bus.silent.clear()
    assert told(host, "Answers again: the motor of middle.")["level"] == 0


def test_a_fault_is_said_when_it_comes_and_when_it_is_cleared(host, bus):
    host.activate()
    bus.silent |= set(bus.registers)
    assert told(host, "Fault: the hand holds until the fault is gone and cleared.")["level"] == 2
    bus.silent.clear()
    host.until(lambda f: f.msg == "STATE" and not f.fields["faults"], 6)
    host.send("CLEAR_FAULT", {"reason": 0})
    assert told(host, "The fault is cleared.")["level"] == 0


def test_a_motor_that_reports_an_error_is_named(host, bus):
    host.activate()
    bus.registers[5][70] = 32
    assert told(host, "An error is reported by the motor of ring.")["level"] == 2


def test_no_motor_at_all_is_one_sentence_and_an_emergency_stop_loses_none(host, bus):
    host.activate()
    host.send("ESTOP", {"reason": 0})
    told(host, "Emergency stop: the drive is off until the power is cut.")
    host.drive(0, seconds=1.0)
    assert not [text for _, text in sentences(host.frames) if "motor" in text]


def test_motors_that_are_missing_at_the_start(pc_firmware, bus, tmp_path):
    bus.silent |= set(bus.registers)
    with firmware.start("pc", bus.port, tmp_path) as hand, connected(hand.port) as host:
        host.hello()
        told(host, "No motor answers: check the battery and the motor cable.", 8.0)


def test_the_next_session_hears_the_last_eight_and_a_restart_begins_anew(hand, bus):
    with connected(hand.port) as host:
        host.activate()
        for _ in range(5):  # with the start, the fingertips and the motor eight sentences
            host.send("RELEASE", {"reason": 0})
            host.until_state("releasing")
            host.send("DISARM", {"reason": 0})
            host.until_state("disarmed")
        bus.silent.add(4)
        told(host, "No answer from the motor of middle.")
        host.drive(0, seconds=0.3)
        first = sentences(host.frames)
    assert len(first) == 7 and len({text for _, text in first}) == 3, "each once"
    with connected(hand.port, session=22) as host:
        host.hello()
        host.drive(0, seconds=0.6)
        assert sentences(host.frames) == first
        bus.silent.clear()
        told(host, "Answers again: the motor of middle.")
    with connected(hand.port, session=24) as host:
        host.hello()
        host.drive(0, seconds=0.6)
        assert sentences(host.frames)[:-1] == first[1:], "the oldest has given way"
        hand.reset()
        time.sleep(0.1)
    with connected(hand.port, session=23) as host:
        host.hello()
        host.drive(0, seconds=0.6)
        assert sentences(host.frames)[0] == (0, "Started by the reset pin.")


def test_a_noisy_line_is_said_once_in_ten_seconds(host):
    host.activate()
    noise = random.Random(3)
    end = time.monotonic() + 4.0
    while time.monotonic() < end:
        host.write(bytes([0, *noise.choices(range(1, 256), k=20), 0]))
        host.drive(0, seconds=0.02)
    said = [text for _, text in sentences(host.frames) if "damaged" in text]
    assert said == ["Many frames come damaged: check the cable to the host and its shield."]


def test_no_state_waits_for_a_sentence(pc_firmware, bus, tmp_path):
    """At 115200 a LOG takes 10 ms of the 20 between two STATE. So it goes where nothing else falls
    due: never into the gap of a TOUCH, STATE_FULL or LINK_STATS, which takes 3 to 7 ms more."""
    with (
        firmware.start("pc", bus.port, tmp_path, baud=115_200) as hand,
        connected(hand.port) as host,
    ):
        host.activate()
        for verb, state in (("RELEASE", "releasing"), ("DISARM", "disarmed")) * KEPT:
            host.send(verb, {"reason": 0})
            host.until_state(state)
        sentences_told = shared = 0
        for session in range(30, 42):  # each is told the eight again
            host.session = session
            host.hello()
            gap: list[str] = []
            for frame in host.quiet(0.45):
                if frame.msg == "STATE":
                    sentences_told += gap.count("LOG")
                    shared += "LOG" in gap and len(set(gap)) > 1
                    gap = []
                else:
                    gap.append(frame.msg)
        assert sentences_told >= 48, "four of eight in 0.45 s of a narrow line"
        assert shared <= 2, "but for a computer that stood still; 9 to 11 when it goes anywhere"


def test_a_board_that_a_low_supply_does_not_reset_says_so(pc_firmware, bus, tmp_path):
    for watched, count in ((True, 0), (False, 1)):
        with (
            firmware.start("pc", bus.port, tmp_path, brown_out=watched) as hand,
            connected(hand.port) as host,
        ):
            host.hello()
            host.quiet(0.3)
            warned = [text for level, text in sentences(host.frames) if level == 1]
            assert sum("low supply does not reset" in text for text in warned) == count, warned
