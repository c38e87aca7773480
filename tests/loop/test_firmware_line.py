# SPDX-License-Identifier: GPL-3.0-or-later
"""The hand's program on lines that are wrong, noisy or narrow, with actuators that fail, and how it
is started and ended."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from endplate import core
from endplate.errors import HandError
from endplate.live import hand_words
from endplate.sim import firmware

from .wire_host import LIMIT, STATE, connected, goals

ACTUATOR, BUS = core.lib.GUARD_FAULT_ACTUATOR, core.lib.GUARD_FAULT_BUS


# ---- who is refused ----


def test_another_schema_is_answered_and_never_armed(pc_firmware, bus, tmp_path):
    with (
        firmware.start("pc", bus.port, tmp_path, schema=0x0BADCAFE) as hand,
        connected(hand.port) as host,
    ):
        ack = host.hello()
        assert (ack.fields["accepted"], ack.fields["schema_hash"]) == (0, 0x0BADCAFE)
        host.arm()
        host.command(0.0)
        assert not [f for f in host.quiet(0.3) if f.msg == "STATE"], "no session, no telemetry"
        assert len({ticks for _, ticks in goals(bus, 3)}) == 1, "held, not moved"


def test_another_hand_file_is_refused_and_ends_the_session(host):
    host.activate()
    assert host.hello(hand_hash=0x12345678).fields["accepted"] == 0
    assert not [f for f in host.quiet(0.2) if f.msg == "STATE"]
    assert host.hello().fields["accepted"] == 1
    host.until_state("disarmed")


def test_another_version_of_the_wire_is_shown_ours(host):
    frame = bytearray(core.encode("HEARTBEAT", {"host_us": 1}, session=1, seq=1))
    body = decoded(bytes(frame[:-1]))
    body[0] = 2 << 4
    crc = core.lib.wire_crc32c(0, bytes(body[:-4]), len(body) - 4)
    body[-4:] = crc.to_bytes(4, "little")
    host.write(encoded(bytes(body)) + b"\0")
    ack = host.until(lambda f: f.msg == "HELLO_ACK")
    assert (ack.session, ack.fields["accepted"]) == (0, 0)


def decoded(cobs: bytes) -> bytearray:
    out = core.ffi.new("uint8_t[]", 256)
    n = core.lib.wire_cobs_decode(cobs, len(cobs), out, 256)
    return bytearray(core.ffi.buffer(out, n))


def encoded(body: bytes) -> bytes:
    out = core.ffi.new("uint8_t[]", 256)
    return bytes(core.ffi.buffer(out, core.lib.wire_cobs_encode(body, len(body), out, 256)))


# ---- the line ----


def test_a_flood_of_garbage_stops_the_hand_and_nothing_else(host, bus):
    host.activate()
    host.drive(0.5, seconds=0.2)
    noise = random.Random(5)
    end = time.monotonic() + 0.5
    while time.monotonic() < end:  # about as fast as the line carries
        host.write(bytes(noise.randrange(256) for _ in range(1000)))
        host.take(0.008)
    host.write(b"\0")
    host.until_state("link lost")
    assert host.hello().fields["accepted"] == 1
    counted = host.counters()
    assert counted["bytes"] > 20_000
    assert sum(counted[name] for name in core.REFUSALS) > 50
    host.arm()
    host.until_state("armed")
    host.drive_until("active", 0.0)


def test_telemetry_keeps_its_rates(host):
    host.hello()
    host.until_state("disarmed")
    end, frames = time.monotonic() + 2.0, []
    while time.monotonic() < end:
        host.send("HEARTBEAT", {"host_us": 0})
        frames += host.quiet(0.2)
    count = {m: sum(f.msg == m for f in frames) for m in ("STATE", "STATE_FULL", "LINK_STATS")}
    assert 85 <= count["STATE"] <= 115 and 17 <= count["STATE_FULL"] <= 23
    assert 1 <= count["LINK_STATS"] <= 3
    full = [f.fields for f in frames if f.msg == "STATE_FULL"][-1]
    assert full["temperature"][:9] == (31,) * 9 and full["voltage"][:9] == (50,) * 9
    assert full["missing"] == (0, 0)


def test_a_silent_host_is_not_talked_to_for_ever(host):
    host.hello()
    host.quiet(0.8)
    assert 1 <= len(host.quiet(1.2)) <= 4, "two STATE a second"
    host.send("HEARTBEAT", {"host_us": 0})
    assert len(host.quiet(0.3)) > 8, "and at once again when the host is back"


def test_a_narrow_line_is_paced_and_drops_telemetry(pc_firmware, bus, tmp_path):
    with (
        firmware.start("pc", bus.port, tmp_path, baud=38_400) as hand,
        connected(hand.port) as host,
    ):
        host.hello()
        host.compare_clocks(6)
        line_us = 2 * 26 * 10 / 38_400 * 1e6  # question and answer, 26 bytes each
        assert min(host.round_trips_us) > 0.95 * line_us
        bytes_seen = host.decoder.counters["bytes"]
        began, frames = time.monotonic(), []
        for _ in range(12):
            host.send("HEARTBEAT", {"host_us": 0})
            frames += host.quiet(0.1)
        rate = (host.decoder.counters["bytes"] - bytes_seen) / (time.monotonic() - began)
        assert rate < 1.1 * 3840
        newest = [f.fields for f in frames if f.msg == "STATE"][-1]
        age_us = (host.hand_us() - newest["hand_us"]) % 2**32
        assert age_us < 300_000, "what comes is new"
        assert host.counters()["tx_dropped"] > 10


# ---- the motor bus ----


def test_actuators_are_set_up_before_torque_comes_on(host, bus):
    host.hello()
    host.until_state("disarmed")
    host.quiet(0.1)
    for ident in bus.registers:
        assert bus.register(ident, 11, 1) == 5, "current-based position control"
        assert bus.register(ident, 9, 1) == 0 and bus.register(ident, 98, 1) == 20
        assert bus.register(ident, 64, 1) == 1
        assert 0 < bus.register(ident, 102, 2) <= 1000 and bus.register(ident, 112, 4) > 0
        assert bus.register(ident, 116, 4) == 2048, "its goal is where it stood"


def until_limit(host, name: str, *targets: float, timeout_s: float = 3.0) -> dict:
    """Commands until the hand DoF is limited by that; the STATE that says so."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        for frame in host.drive(*targets, seconds=0.02):
            if frame.msg == "STATE" and frame.fields["limit"][0] == LIMIT[name]:
                return frame.fields
    raise AssertionError(f"limit {name}: not within {timeout_s:g} s")


def test_a_silent_actuator_stops_its_dof_only_and_comes_back(host, bus):
    host.activate()
    host.drive(0.4, 0.0, 0.0, 0.1, seconds=0.2)
    bus.silent.add(4)
    began = time.monotonic()
    state = until_limit(host, "actuator", 0.4, 0.0, 0.0, 0.1)
    took_s = time.monotonic() - began
    assert (state["faults"], state["state"]) == (ACTUATOR, STATE["active"])
    assert state["limit"][3] == LIMIT["none"]
    print(f"\nstopped after {took_s:.2f} s")
    assert took_s < 0.6  # MOTOR_SILENT_US times the patience of pc, and a STATE
    full = host.until(lambda f: f.msg == "STATE_FULL" and any(f.fields["missing"])).fields
    assert full["missing"] == (1 << 3, 0)
    still, elbow = goals(bus, 3)[-1][1], goals(bus, 9)[-1][1]
    host.activate()
    host.drive(0.4, 0.0, 0.0, 0.1, seconds=0.3)
    assert abs(goals(bus, 3)[-1][1] - still) <= 1, "no finger goes on"
    assert abs(goals(bus, 9)[-1][1] - elbow) > 20, "the elbow does"
    bus.registers[4][64] = 0
    bus.registers[4][132:136] = bus.registers[4][116:120] = (1900).to_bytes(4, "little")
    bus.silent.clear()
    until_limit(host, "neutral", 0.4)
    assert bus.register(4, 64, 1) == 1 and bus.register(4, 116, 4) == 1900, "as it was found"
    assert abs(goals(bus, 3)[-1][1] - still) <= 1, "and nothing moves before a neutral"
    host.drive(0.0, seconds=0.1)
    host.drive(0.4, seconds=0.3)
    assert goals(bus, 3)[-1][1] > still + 100


@pytest.mark.parametrize("address, value", [(64, 0), (98, 0xFF)], ids=["torque", "watchdog"])
def test_an_actuator_that_dropped_out_by_itself_is_found(host, bus, address, value):
    host.activate()
    bus.registers[2][address] = value
    began = time.monotonic()
    assert until_limit(host, "actuator", 0.3)["state"] == STATE["active"]
    took_s = time.monotonic() - began
    until_limit(host, "neutral", 0.3)
    print(f"\nfound after {took_s:.2f} s")
    assert took_s < 0.4  # a turn of the slow reads
    assert bus.register(2, 64, 1) == 1 and bus.register(2, 98, 1) == 20


def test_an_actuator_whose_clock_stands_is_not_believed(host, bus):
    host.activate()
    bus.frozen.add(6)
    began = time.monotonic()
    until_limit(host, "actuator", 0.3)
    took_s = time.monotonic() - began
    print(f"\nfound after {took_s:.2f} s")
    assert took_s < 0.5  # two turns of the slow reads
    bus.frozen.clear()
    until_limit(host, "neutral", 0.3)


@pytest.mark.parametrize("ticks", [-(2**31), 2**31 - 1, 0, 4096, -1], ids=str)
def test_a_position_the_joint_cannot_have_is_neither_believed_nor_shown(host, bus, ticks):
    host.activate()
    bus.lies[3] = ticks
    began = time.monotonic()
    state = until_limit(host, "actuator", 0.3)
    assert time.monotonic() - began < 0.15
    assert 4000 < state["position"][2] < 6000, "the last that was believed"
    assert len(host.drive(0.3, seconds=0.8)) > 20
    until_limit(host, "actuator", 0.3)
    bus.lies.clear()
    bus.registers[3][132:136] = bus.registers[3][116:120]
    until_limit(host, "neutral", 0.3)


def test_a_missing_actuator_does_not_slow_the_others_down(host, bus):
    host.activate()
    bus.silent.add(4)
    until_limit(host, "actuator", 0.0)
    before, began = len(goals(bus, 3)), time.monotonic()
    host.drive(0.0, 0.0, 0.0, 0.2, seconds=1.0)
    rate = (len(goals(bus, 3)) - before) / (time.monotonic() - began)
    print(f"\n{rate:.0f} goals a second")
    assert rate > 75


def test_without_any_actuator_there_is_no_arming(host, bus):
    bus.silent.update(bus.registers)
    host.hello()
    state = host.until_state("fault")
    assert state["faults"] == BUS
    host.arm()
    frames = host.quiet(0.2)
    assert {f.fields["state"] for f in frames if f.msg == "STATE"} == {STATE["fault"]}


def test_bad_replies_are_counted_and_passed_over(host, bus):
    host.activate()
    bus.corrupt = 5
    frames = host.drive(0.3, seconds=0.5)
    assert {f.fields["state"] for f in frames if f.msg == "STATE"} == {STATE["active"]}
    assert host.counters()["bus_errors"] >= 5


# ---- starting and ending ----


def test_what_cannot_start_says_so_in_one_sentence(pc_firmware, tmp_path):
    with pytest.raises(HandError, match="kinds are pc, f405"):
        firmware.start("esp32", "/dev/null", tmp_path)
    with pytest.raises(HandError, match="make firmware"):
        firmware.start("pc", "/dev/null", tmp_path, program=tmp_path / "nothing")
    with pytest.raises(HandError, match="motor bus cannot be opened"):
        firmware.start("pc", tmp_path / "no-bus", tmp_path)


def test_it_ends_with_the_process_that_started_it(pc_firmware, bus, tmp_path):
    code = (
        "import sys, time; from endplate.sim import firmware;"
        f"hand = firmware.start('pc', {bus.port!r}, {str(tmp_path)!r});"
        "print(hand.pid, flush=True); time.sleep(60)"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(firmware.__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment
    ) as parent:
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    end = time.monotonic() + 3
    while time.monotonic() < end and running(pid):
        time.sleep(0.01)
    assert not running(pid)


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("cause", [3, 4], ids=["brown-out", "watchdog"])
def test_a_hand_that_lost_its_supply_or_hung_says_so_and_waits_to_be_armed(
    pc_firmware, bus, tmp_path, cause
):
    with (
        firmware.start("pc", bus.port, tmp_path, reset_cause=cause) as hand,
        connected(hand.port) as host,
    ):
        told = host.hello().fields
        assert told["reset_cause"] == cause
        assert hand_words.reset_cause(cause) in ("brown-out", "watchdog")
        host.until_state("disarmed")
        host.drive(0.9, seconds=0.2)
        host.until_state("disarmed")
        assert len({ticks for _, ticks in goals(bus, 3)}) == 1
        hand.reset()
        assert host.hello().fields["reset_cause"] == 2, "the next time it was the reset pin"
