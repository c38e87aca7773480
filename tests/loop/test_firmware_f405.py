# SPDX-License-Identifier: GPL-3.0-or-later
"""The STM32F405 image in QEMU, over the same link and bus as the Linux program. What it does is
asserted, not how fast: the emulated serial lines know no baud."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from endplate import core
from endplate.errors import HandError
from endplate.live import hand_blobs
from endplate.sim import firmware

from . import blobs_asking
from .builds import built
from .params_asking import ALL, NOT_KEPT, OK, ask, at_rest, set_named
from .test_firmware_stack import worst
from .wire_host import STATE, goals

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
INDEX = 3
RAM, STACK_BYTES, PAINT = 0x20000000, 16384, 0x5AA55AA5  # f405.ld, start.c


@pytest.fixture(scope="module")
def image(arm_tools) -> Path:
    built("f405")
    return FIRMWARE / "build" / "f405" / "endplate-hand.elf"


@pytest.fixture
def hand(image, bus, tmp_path):
    with firmware.start("f405", bus.port, tmp_path) as running:
        yield running


def states(frames) -> set[int]:
    return {f.fields["state"] for f in frames if f.msg == "STATE"}


def test_it_arms_moves_and_stops(host, bus):
    told = host.hello().fields
    assert told["accepted"] == 1 and told["schema_hash"] == core.SCHEMA_HASH
    # The emulator lets go of what comes before the image has switched its port on: a HELLO whose
    # head is lost is counted, rightly.
    before = host.counters()
    host.activate()
    host.drive(0.8, seconds=0.6)
    moved = [ticks for _, ticks in goals(bus, INDEX)]
    assert moved[-1] > moved[0] + 200
    host.until_state("link lost")
    stands = goals(bus, INDEX)[-1][1]
    host.quiet(0.2)
    assert goals(bus, INDEX)[-1][1] == stands
    counted = host.counters()
    assert [counted[name] - before[name] for name in core.REFUSALS] == [0] * len(core.REFUSALS)
    host.send("RELEASE", {"reason": 0})
    host.until_state("releasing")
    host.send("ESTOP", {"reason": 0})
    host.until_state("estop")
    host.quiet(0.3)
    assert all(table[64] == 0 for table in bus.registers.values())


def test_the_stack_keeps_half_of_its_room(host, hand, tmp_path):
    at_rest(host)
    assert set_named(host, "ramp_ms", 60)["status"] == OK
    assert ask(host, "PARAM_SAVE", index=ALL)["status"] == NOT_KEPT  # QEMU writes no flash
    data = blobs_asking.kinds()[hand_blobs.CALIBRATION]
    begun = blobs_asking.ask(host, "BLOB_BEGIN", hand_blobs.CALIBRATION, size=len(data),
                             hash=hand_blobs.crc(data))  # fmt: skip
    assert begun["status"] == OK
    chunk = {"offset": 0, "count": blobs_asking.CHUNK, "bytes": list(data[: blobs_asking.CHUNK])}
    refused = blobs_asking.ask(host, "BLOB_CHUNK", hand_blobs.CALIBRATION, **chunk)["status"]
    assert refused == core.lib.WIRE_BLOB_NOT_KEPT
    host.activate()
    host.drive(0.5, -0.5, 0.3, 0.1, seconds=0.4)
    host.send("HELLO", {"schema_hash": 1})  # a refusal is the deepest way through link.c
    host.write(bytes(200))
    host.quiet(0.3)
    path = tmp_path / "stack"
    firmware.ask_qemu(hand.control, "pmemsave", val=RAM, size=STACK_BYTES, filename=str(path))
    words = np.frombuffer(path.read_bytes(), "<u4")
    used = STACK_BYTES - 4 * int(np.argmax(words != PAINT))
    at_most = worst("stack-json")["bytes"]
    print(f"\nstack: {used} of {STACK_BYTES} bytes used, {at_most} at worst")
    assert 200 < used <= at_most <= STACK_BYTES / 2


def test_a_reset_gives_another_boot_id_and_leaves_nothing_armed(host, hand):
    host.activate()
    before = host.info["boot_id"]
    hand.reset()
    told = host.hello(5.0).fields
    assert told["accepted"] == 1 and told["boot_id"] != before
    host.until_state("disarmed")
    host.compare_clocks()
    assert states(host.drive(0.5, seconds=0.2)) == {STATE["disarmed"]}


def test_an_estop_outlives_a_reset(host, hand, bus):
    host.activate()
    host.send("ESTOP", {"reason": 0})
    host.until_state("estop")
    before = host.info["boot_id"]
    hand.reset()
    assert host.hello(5.0).fields["boot_id"] != before, "it did restart"
    host.arm()
    frames = host.quiet(1.5)
    assert states(frames) == {STATE["estop"]}
    assert all(table[64] == 0 for table in bus.registers.values()), "torque is off"


def test_garbage_on_the_link_is_passed_over(host):
    host.hello()
    host.write(bytes(range(256)) * 8 + b"\0")
    host.until_state("disarmed", 5.0)
    assert host.counters()["bytes"] > 2048


def test_without_the_emulator_the_reason_is_one_sentence(image, bus, tmp_path, monkeypatch):
    there = shutil.which
    monkeypatch.setattr(
        firmware.shutil, "which", lambda tool: None if tool.startswith("qemu") else there(tool)
    )
    with pytest.raises(HandError, match="qemu-system-arm, which is missing; install it"):
        firmware.start("f405", bus.port, tmp_path)
    with pytest.raises(HandError, match="knobs of the pc hand"):
        firmware.start("f405", bus.port, tmp_path, baud=9600)
