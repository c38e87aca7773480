# SPDX-License-Identifier: GPL-3.0-or-later
"""The hand's program over its real link and motor bus: sessions, arming, and how it stops."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from endplate import core
from endplate.hardware import load_hand
from endplate.sim import firmware

from .wire_host import LIMIT, STATE, connected, goals, now_us

HAND = load_hand("test-hand")
INDEX = 3  # actuator id
FASTEST_DPS = HAND.joints[INDEX - 1].speed_dps
TICKS_PER_DEG = HAND.joints[INDEX - 1].gear * 4096 / 360


def trace(hand) -> list[dict]:
    return [json.loads(line) for line in hand.trace.read_text().splitlines() if line.endswith("}")]


def test_hello_says_who_the_hand_is(host):
    ack = host.hello(hand_hash=HAND.hash32)
    assert (ack.session, ack.fields["accepted"]) == (host.session, 1)
    told = ack.fields
    assert (told["schema_hash"], told["hand_hash"]) == (core.SCHEMA_HASH, HAND.hash32)
    assert (told["dofs"], told["joints"], told["grips"]) == (4, 9, len(HAND.grips))
    assert told["firmware"] == (0, 1, 0) and told["boot_id"] != 0 and told["reset_cause"] == 1
    assert bytes(told["name"]).rstrip(b"\0") == b"test-hand"


def test_nothing_moves_before_arm_and_one_neutral_command(host, bus):
    assert host.hello().fields["accepted"] == 1
    host.compare_clocks()
    host.until_state("disarmed")
    host.drive(0.8, seconds=0.3)
    host.arm()
    host.until_state("armed")
    waiting = host.drive(0.8, seconds=0.3)
    assert len({ticks for _, ticks in goals(bus, INDEX)}) == 1, "armed, not relaxed: it stands"
    limits = {f.fields["limit"][0] for f in waiting if f.msg == "STATE"}
    assert limits == {LIMIT["neutral"]}
    host.drive(0.0, seconds=0.06)
    moving = host.drive(0.8, seconds=0.4)
    assert moving[-1].fields and STATE["active"] in {
        f.fields["state"] for f in moving if f.msg == "STATE"
    }
    assert len({ticks for _, ticks in goals(bus, INDEX)}) > 20


def test_goals_follow_the_command_and_keep_the_joints_speed(host, bus, hand):
    host.activate()
    frames = host.drive(1.0, seconds=0.6)
    rows = [row for row in trace(hand) if row["power"]]
    at_s = np.diff([row["us"] for row in rows]) / 1e6
    moved = np.abs(np.diff([row["goal"][INDEX - 1] for row in rows]))
    assert moved[1:].max() > 0.5, "it moves"
    assert (moved[1:] <= FASTEST_DPS * np.minimum(at_s[1:], 0.05) + 0.02).all(), "no jump"
    ticks = np.array([k for _, k in goals(bus, INDEX)], float)
    assert np.abs(np.diff(ticks)).max() < 1.05 * FASTEST_DPS * 0.05 * TICKS_PER_DEG
    newest = [f.fields for f in frames if f.msg == "STATE"][-1]
    assert host.sample - newest["applied_sample"] <= 50
    delay = (newest["applied_us"] - newest["command_us"] + 2**31) % 2**32 - 2**31
    assert -100_000 < delay < 100_000, "negative when the newest is not applied yet"
    first = {}
    for row in trace(hand):
        first.setdefault(row["applied_sample"], row["applied_us"])
    assert len(first) > 20, "each sample's goals have their own time"


def test_a_host_that_goes_silent_stops_the_hand_in_time(host, bus, hand):
    host.activate()
    host.drive(0.6, seconds=0.3)
    last_ns = time.monotonic_ns()
    host.until_state("stale", 1.0)
    host.until_state("link lost", 1.0)
    host.quiet(0.1)
    written = goals(bus, INDEX)
    moved = [b[0] for a, b in zip(written, written[1:], strict=False) if a[1] != b[1]]
    assert (moved[-1] - last_ns) / 1e6 < 150, "speed 0"
    rows = trace(hand)
    lost_us = next(r["us"] for r in rows if r["state"] == STATE["link lost"])
    assert (lost_us * 1000 - last_ns) / 1e6 < 350, "LINK LOST, on the hand's clock"
    # Latched: commands alone do not leave it, ARM and neutral do.
    host.drive(0.0, seconds=0.1)
    host.until_state("link lost")
    host.arm()
    host.until_state("armed")
    host.drive_until("active", 0.0)


def test_a_counter_that_stands_is_a_frozen_host(host):
    host.activate()
    host.drive(0.5, seconds=0.2)
    end, seen = time.monotonic() + 0.35, set()
    while time.monotonic() < end:
        host.sample -= 5  # the same sample again, in a new frame
        host.command(0.5)
        seen |= {
            f.fields["limit"][0] for f in host.take(0.02) if f.msg == "STATE" if f.fields["state"]
        }
    assert LIMIT["host frozen"] in seen
    assert host.counters()["bad_stale"] > 10


@pytest.mark.parametrize("age_ms", [160, -40, 100_000])
def test_old_and_future_emg_moves_nothing(host, bus, age_ms):
    host.activate()
    before = goals(bus, INDEX)[-1][1]
    for _ in range(5):  # at once: before the hand goes on to LINK LOST and refuses them for that
        host.command(0.7, age_ms=age_ms)
    host.quiet(0.1)
    assert goals(bus, INDEX)[-1][1] == before
    assert host.counters()["bad_stale"] == 5


def test_estop_switches_torque_off_at_once_and_stays(host, bus, hand):
    host.activate()
    host.drive(0.6, seconds=0.2)
    sent_ns = time.monotonic_ns()
    seq = host.send("ESTOP", {"reason": 0}, session=0, seq=9)
    answer = host.until(lambda f: f.msg == "STATE" and f.session == 0, what="the answer")
    assert (answer.ack, answer.fields["state"]) == (seq, STATE["estop"])
    host.quiet(0.1)
    rows = trace(hand)
    began = next(r["us"] for r in rows if r["state"] == STATE["estop"])
    off_us = rows[-1]["stopped_us"]
    assert 0 < off_us - began < 5000
    off_ns = next(e[0] for e in bus.writes(64) if e[0] > sent_ns and e[3][2:] == b"\0")
    assert (off_ns - sent_ns) / 1e6 < 30, "as the bus saw it, on a busy machine"
    assert all(table[64] == 0 for table in bus.registers.values())
    host.send("CLEAR_FAULT", {"reason": 0})
    host.send("RELEASE", {"reason": 0})
    host.arm()
    frames = host.quiet(0.3)
    assert {f.fields["state"] for f in frames if f.msg == "STATE"} == {STATE["estop"]}
    assert all(table[64] == 0 for table in bus.registers.values())


def test_an_estop_outlives_a_reset_and_ends_with_the_power(host, hand, bus, pc_firmware, tmp_path):
    host.activate()
    host.send("ESTOP", {"reason": 0})
    host.until_state("estop")
    hand.reset()
    before = host.info["boot_id"]
    assert host.hello(5.0).fields["boot_id"] != before, "it did restart"
    host.send("CLEAR_FAULT", {"reason": 0})
    host.send("RELEASE", {"reason": 0})
    host.arm()
    frames = host.quiet(1.5)  # its self-test would be over
    assert {f.fields["state"] for f in frames if f.msg == "STATE"} == {STATE["estop"]}
    assert all(table[64] == 0 for table in bus.registers.values()), "torque is off"
    hand.stop()
    with firmware.start("pc", bus.port, tmp_path) as again, connected(again.port) as other:
        other.hello()
        other.until_state("disarmed")


def test_release_opens_the_hand_from_link_lost_without_a_session(host, bus):
    host.activate()
    host.drive(1.0, seconds=0.4)
    host.until_state("link lost")
    closed = goals(bus, INDEX)[-1][1]
    host.send("RELEASE", {"reason": 0}, session=0, seq=3)
    host.until(lambda f: f.msg == "STATE" and f.session == 0, what="the answer")
    host.quiet(0.6)
    opening = goals(bus, INDEX)[-1][1]
    assert opening < closed - 100
    host.send("DISARM", {"reason": 0})
    host.until_state("disarmed")
    host.quiet(0.1)
    stands = goals(bus, INDEX)[-1][1]
    host.quiet(0.2)
    assert goals(bus, INDEX)[-1][1] == stands, "DISARM ends a release"


def test_another_session_disarms_and_the_old_one_is_refused(host, hand):
    host.activate()
    with connected(hand.port, session=99) as other:
        assert other.hello().fields["accepted"] == 1
        other.until_state("disarmed")
        host.command(0.5)
        assert other.counters()["bad_session"] == 1


def test_old_and_repeated_frames_are_dropped_and_counted(host):
    host.activate()
    host.drive(0.0, seconds=0.1)
    seq = host.seq - 1
    for old in (seq, seq, seq - 5):
        host.send("DISARM", {"reason": 0}, seq=old)
    frames = host.drive(0.0, seconds=0.2)
    assert {f.fields["state"] for f in frames if f.msg == "STATE"} == {STATE["active"]}
    assert host.counters()["bad_sequence"] == 3


def test_a_hand_that_restarts_has_another_boot_id_and_is_disarmed(host, hand):
    host.activate()
    before = host.info["boot_id"]
    hand.reset()
    host.quiet(0.4)  # the old session's frames are refused, nothing comes
    host.command(0.5)
    assert not [f for f in host.quiet(0.3) if f.msg in ("STATE", "HELLO_ACK")]
    told = host.hello().fields
    assert told["boot_id"] != before and told["reset_cause"] == 2
    host.until_state("disarmed")
    host.arm(boot_id=before)
    frames = host.quiet(0.2)
    assert {f.fields["state"] for f in frames if f.msg == "STATE"} == {STATE["disarmed"]}
    assert host.counters()["bad_value"] == 1


def test_clocks_that_wrap_and_run_apart_are_followed(pc_firmware, bus, tmp_path):
    wrap_us = 2**32
    offset = wrap_us - now_us() % wrap_us - 1_500_000  # wraps 1.5 s from now, in mid-drive
    with (
        firmware.start("pc", bus.port, tmp_path, clock_offset_us=offset, clock_ppm=200) as hand,
        connected(hand.port) as host,
    ):
        host.activate()
        frames = host.drive(0.2, seconds=1.5)
        shown = [f.fields["hand_us"] for f in frames if f.msg == "STATE"]
        assert min(shown) < 1_000_000 < 2**31 < max(shown), "it wrapped"
        # A host that is late itself (its machine stood still) makes the hand stale, rightly: what
        # the wrap must not do is to make a fresh command look old, or an old one fresh.
        states = {f.fields["state"] for f in frames if f.msg == "STATE"}
        assert STATE["active"] in states <= {STATE["active"], STATE["stale"]}
        assert host.counters()["bad_stale"] == 0
