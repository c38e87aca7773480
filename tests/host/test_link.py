# SPDX-License-Identifier: GPL-3.0-or-later
"""The link against a hand that runs the real codec and the real guard, and its bad days."""

from __future__ import annotations

import os
import pty
import time
import tty

import pytest
from hand_stand_in import HandStandIn

from endplate import core
from endplate.errors import HandError
from endplate.live.link import HandLink

MS = 1_000_000
lib = core.lib
STILL = [0] * 8


def until(condition, link=None, seconds: float = 3.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        if link is not None:
            link.service()
        time.sleep(0.001)


@pytest.fixture
def hand():
    with HandStandIn() as hand:
        yield hand


@pytest.fixture
def link(hand):
    link = HandLink(hand.port, hand_hash=0x1234)
    link.open()
    yield link
    link.close()


def arm(link) -> None:
    said = []
    until(lambda: link.clock.synchronised, link)
    link.arm(said.append)
    until(lambda: said, link)
    assert said == [None] and link.armed


def drive(link, seconds: float, sample: int = 1, target: int = 0) -> int:
    """Commands at 50 Hz with fresh EMG; the next sample number."""
    end = time.monotonic() + seconds
    due = 0.0
    while time.monotonic() < end:
        link.service()
        if time.monotonic() >= due:
            due = time.monotonic() + 0.02
            link.command([target] * 8, 0, 0, time.monotonic_ns() - 5 * MS, sample)
            sample += 5
        time.sleep(0.001)
    return sample


def test_opens_synchronises_arms_and_moves(hand, link):
    assert link.phase == "up" and link.info["name"] == "stand-in" and link.info["dofs"] == 4
    assert link.command(STILL, 0, 0, time.monotonic_ns(), 1) is None
    assert link.counters["not_armed"] == 1
    arm(link)
    sample = drive(link, 0.3)
    assert hand.state == lib.GUARD_ACTIVE
    before = time.monotonic_ns()
    sent = link.command([5000, -10000, 0, 0, 0, 0, 0, 0], 2, 0b10, before, sample, 60)
    assert before < sent <= time.monotonic_ns()
    until(lambda: hand.commands[-1]["sample"] == sample, link)
    got = hand.commands[-1]
    assert got["target"][:2] == (5000, -10000) and got["grip"] == 2 and got["frozen"] == 2
    assert got["valid_ms"] == 60 and got["verdict"] == 0
    assert hand.refused == 0 and -2 < got["age_ms"] < 50 + hand.worst_gap_ms
    until(lambda: link.state["word"] == "active" and link.state["limits"][0] == "none", link)
    until(lambda: link.applied and link.applied[-1][0] == sample, link)
    _, applied_ns, error_ns = link.applied[-1]
    assert abs(applied_ns - got["at_ns"]) < error_ns + (2 + hand.worst_gap_ms) * MS
    assert error_ns < (5 + hand.worst_gap_ms) * MS
    assert link.refused == {}


def test_no_command_with_old_emg_and_none_before_the_clock_is_known(hand, link):
    arm(link)
    link.clock.reset()
    assert link.command(STILL, 0, 0, time.monotonic_ns(), 1) is None
    assert link.counters["not_synchronised"] == 1
    until(lambda: link.clock.synchronised, link)
    assert link.command(STILL, 0, 0, time.monotonic_ns() - 151 * MS, 1) is None
    assert link.counters["emg_too_old"] == 1
    assert link.command(STILL, 0, 0, time.monotonic_ns() - 80 * MS, 1)
    until(lambda: hand.commands, link)
    assert 79 < hand.commands[0]["age_ms"] < 120 + hand.worst_gap_ms and len(hand.commands) == 1


def test_nothing_is_sent_without_a_new_command(hand, link):
    arm(link)
    drive(link, 0.2)
    n = link.counters["commands"]
    until(lambda: hand.state == lib.GUARD_LINK_LOST, link)
    assert len(hand.commands) == n
    until(lambda: link.state["word"] == "link lost", link)
    assert not link.armed
    assert link.command(STILL, 0, 0, time.monotonic_ns(), 10**6) is None
    arm(link)  # the way back: ARM and one neutral command
    drive(link, 0.1, sample=10**6)
    assert hand.state == lib.GUARD_ACTIVE


def test_disarm_stops_commands_at_once_and_release_and_estop_arrive(hand, link):
    arm(link)
    sample = drive(link, 0.1)
    said = []
    link.disarm(said.append)
    assert link.command(STILL, 0, 0, time.monotonic_ns(), sample) is None
    until(lambda: said, link)
    assert said == [None] and hand.state == lib.GUARD_DISARMED
    link.release(said.append)
    until(lambda: len(said) == 2, link)
    assert said[1] is None and hand.state == lib.GUARD_RELEASING
    link.estop(said.append)
    until(lambda: len(said) == 3, link)
    assert said[2] is None and hand.state == lib.GUARD_ESTOP
    link.arm(said.append)
    until(lambda: len(said) == 4, link)
    assert "emergency stop" in said[3] and "power" in said[3]


def test_a_hand_that_refuses_to_arm_says_why(hand, link):
    hand.faults = lib.GUARD_FAULT_BUS
    until(lambda: link.state.get("word") == "fault", link)
    said = []
    link.arm(said.append)
    until(lambda: said, link)
    assert "did not arm" in said[0] and "battery" in said[0] and not link.armed
    hand.faults = 0
    link.clear_fault(said.append)
    until(lambda: len(said) == 2, link)
    assert said[1] is None
    hand.deny_arm = True
    link.arm(said.append)
    until(lambda: len(said) == 3, link)
    assert "did not arm" in said[2] and "disarmed" in said[2]


def test_a_restarted_hand_is_noticed_and_stays_disarmed(hand, link):
    arm(link)
    drive(link, 0.1)
    hand.reboot()
    until(lambda: link.phase != "up", link)
    assert not link.armed
    until(lambda: link.phase == "up", link)
    assert "restarted" in link.sentence and link.counters["reboots"] == 1
    drive(link, 0.2, sample=1000)
    assert hand.state == lib.GUARD_DISARMED and not link.armed
    arm(link)


def test_a_silent_hand_is_noticed_within_a_second_and_comes_back_disarmed(hand, link):
    arm(link)
    hand.silent = True
    started = time.monotonic()
    until(lambda: link.phase == "hello", link)
    assert 0.4 < time.monotonic() - started < 1.0
    assert "switched on" in link.sentence and not link.armed
    hand.silent = False
    until(lambda: link.phase == "up", link)
    assert not link.armed and link.counters["reboots"] == 0


def test_unplugged_and_plugged_again(tmp_path):
    with HandStandIn() as hand:
        link = HandLink(hand.link_as(tmp_path / "port"))
        link.open()
        arm(link)
        said = []
        hand.unplug()
        until(lambda: link.phase == "closed", link)
        assert "plug it in" in link.sentence and not link.armed
        assert link.command(STILL, 0, 0, time.monotonic_ns(), 1) is None
        with pytest.raises(HandError, match="plug"):
            link.release(said.append)
        until(lambda: "no port" in link.sentence, link)
        hand.plug()
        until(lambda: link.phase == "up", link)
        assert not link.armed
        arm(link)
        link.close()


def test_another_schema_is_refused_with_both_hashes(hand):
    hand.schema = 0xDEADBEEF
    link = HandLink(hand.port)
    with pytest.raises(HandError) as error:
        link.open()
    assert "deadbeef" in str(error.value) and f"{core.SCHEMA_HASH:08x}" in str(error.value)
    assert "flash" in str(error.value) and "0.1.0" in str(error.value)


def test_another_hand_file_is_refused(hand):
    with pytest.raises(HandError, match="another hand file .stand-in, 00001234"):
        HandLink(hand.port, hand_hash=0x9999).open()


def test_no_answer_missing_port_and_port_in_use_are_sentences(hand, tmp_path):
    hand.silent = True
    with pytest.raises(HandError, match="does not answer: is it switched on"):
        HandLink(hand.port).open(timeout_s=0.4)
    with pytest.raises(HandError, match="There is no port"):
        HandLink(str(tmp_path / "ttyUSB7")).open()
    (tmp_path / "file").write_text("")
    with pytest.raises(HandError, match="cannot be opened"):
        HandLink(str(tmp_path / "file")).open()
    hand.silent = False
    first = HandLink(hand.port)
    first.open()
    with pytest.raises(HandError, match="in use"):
        HandLink(hand.port).open()
    first.close()


def test_noise_is_told_from_silence():
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    try:
        link = HandLink(os.ttyname(slave))
        link.port.open()
        link._begin_hello("")
        for _ in range(20):
            os.write(master, os.urandom(50) + b"\0")
            link.service()
        assert "not as a hand" in link._no_answer()
        link.close()
    finally:
        os.close(master)
        os.close(slave)


def test_a_full_line_drops_commands_and_never_blocks(hand, link):
    arm(link)
    sample = drive(link, 0.1)
    hand.deaf = True
    longest, sent, end = 0.0, 0, time.monotonic() + 0.35
    while time.monotonic() < end:  # far more than a pty holds, while the hand still counts as heard
        started = time.perf_counter()
        if link.command([100] * 8, 0, 0, time.monotonic_ns(), sample):
            sent += 1
        longest = max(longest, time.perf_counter() - started)
        sample += 1
    assert link.counters["line_full"] > 0
    assert longest < 0.1
    before = len(hand.commands)
    hand.deaf = False
    until(lambda: len(hand.commands) == before + sent, link)
    late = hand.commands[before:]
    assert any(c["age_ms"] > 150 for c in late)  # they waited in the line: the guard refuses them
    assert all(c["verdict"] < 0 for c in late if c["age_ms"] > 150)


def test_garbage_from_the_hand_is_counted_and_survived(hand, link):
    for _ in range(50):
        os.write(hand._master, os.urandom(37))
        link.service()
    os.write(hand._master, b"\0")
    arm(link)
    assert sum(link.refused.values()) > 0


def test_frames_of_another_session_and_repeated_ones_are_refused(hand, link):
    link.service()
    os.write(hand._master, core.encode("STATE", {"state": 4}, session=link._session ^ 1, seq=9000))
    until(lambda: link.refused.get("bad_session"), link)
    assert link.state.get("word") != "active"
    old = core.encode("STATE", {"state": 4}, session=link._session, seq=(hand._seq - 50) & 0xFFFF)
    os.write(hand._master, old)
    until(lambda: link.refused.get("bad_sequence"), link)
    assert link.state["word"] == "disarmed"


def test_service_and_command_cost_little(hand, link):
    arm(link)
    times = []
    for i in range(300):
        started = time.perf_counter()
        link.service()
        link.command(STILL, 0, 0, time.monotonic_ns(), i + 1)
        times.append(time.perf_counter() - started)
        time.sleep(0.001)
    assert sorted(times)[150] < 1e-3
