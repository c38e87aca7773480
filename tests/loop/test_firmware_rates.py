# SPDX-License-Identifier: GPL-3.0-or-later
"""How often the motor bus is served while commands drive the hand: every 5 ms at 1 Mbaud on pc,
every 10 ms in QEMU.

The actuators' stand-in is a thread in Python: when the machine is busy it answers late, and the
hand waits for it. So the best of some seconds counts, and a machine that has no processor to spare
is held to less and said so. tests/run.py gives it what there is, `chrt -r 5 python -m pytest` takes
it from others; QEMU wants a whole processor.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from endplate.sim import firmware

from .builds import built
from .pressure import Pressure
from .wire_host import HOP_S, connected

ROOT = Path(__file__).resolve().parents[2]
WINDOWS = 14
GOAL, PRESENT, SYNC_READ = 116, 126, 0x82
AXES = 9


def drive(host, seconds: float) -> list[tuple[int, dict]]:
    """To and fro, so that goals change, by commands at 50 Hz that do not slip. The LINK_STATS that
    came: (monotonic ns, fields)."""
    begin, n, told = time.monotonic(), 0, []
    while n * HOP_S < seconds:
        host.command(0.4 if n // 25 % 2 else -0.4)
        n += 1
        while (left := begin + n * HOP_S - time.monotonic()) > 0:
            told += [(time.monotonic_ns(), f.fields) for f in host.take(left)
                     if f.msg == "LINK_STATS"]  # fmt: skip
    return told


def window(host, bus) -> dict:
    """What one second or two showed, between two LINK_STATS."""
    told = drive(host, 2.2)
    if len(told) < 2:
        return {"hz": 0.0, "errors": -1, "gaps_ms": np.zeros(1)}
    (began, first), (ended, last) = told[0], told[-1]
    at = [t for t, *_ in bus.writes(GOAL) if began <= t <= ended]
    gone_us = last["hand_us"] - first["hand_us"] & 0xFFFFFFFF
    return {
        "hz": (last["bus_cycles"] - first["bus_cycles"]) / gone_us * 1e6,
        "errors": last["bus_errors"] - first["bus_errors"],
        "gaps_ms": np.diff(at) / 1e6,
    }


def best(host, bus, enough_hz: float) -> dict:
    """The best window of a few; the first that is good enough ends it."""
    host.activate()
    drive(host, 0.3)
    found, pressure = {"hz": -1.0, "errors": -1}, Pressure()
    for _ in range(WINDOWS):
        found = max(found, window(host, bus), key=lambda one: (one["errors"] == 0, one["hz"]))
        if found["hz"] >= enough_hz and found["errors"] == 0:
            break
    gaps = np.percentile(found["gaps_ms"], [1, 50, 95, 100]).round(2)
    print(f"\n{found['hz']:.1f} Hz, {found['errors']} errors, ms p1 p50 p95 max {gaps}")
    return found | {"none_to_spare": pressure.none_to_spare()}


def held(found: dict, hz: float, least_hz: float) -> None:
    """The rate, or less where the machine has no processor to spare, and then said."""
    good = found["hz"] >= hz and found["errors"] == 0  # an answer that is late is an error, too
    if not good and (why := found["none_to_spare"]):
        assert found["hz"] > least_hz
        pytest.skip(f"{found['hz']:.0f} Hz, {found['errors']} errors, {why}")
    assert good, f"{found['hz']:.1f} Hz, {found['errors']} errors"


@pytest.mark.alone
def test_the_bus_is_served_at_200_hz(host, bus):
    found = best(host, bus, 196.0)
    held(found, 190.0, least_hz=120.0)
    gaps = found["gaps_ms"]
    assert 4.8 < np.median(gaps) < 5.2
    assert np.percentile(gaps, 95) < 7.5, "half a cycle, as far as one may wait for a command"


def test_a_third_of_the_actuators_is_read_a_cycle_and_a_slow_register_every_other(host, bus):
    host.activate()
    start = len(bus.log)
    drive(host, 1.0)
    log = bus.log[start:]
    asked = [p for _, _, what, p in log if what == SYNC_READ and p[0] == PRESENT]
    assert len(asked) > 100
    for three in zip(asked, asked[1:], asked[2:], strict=False):
        assert sorted(b"".join(p[4:] for p in three)) == list(range(1, AXES + 1))
    assert {p[4:] for p in asked} >= {bytes([1, 4, 7]), bytes([7, 4, 1])}, "forwards and backwards"
    slow = [p for _, _, what, p in log if what == SYNC_READ and p[0] != PRESENT]
    turn = [(p[0], bytes(sorted(p[4:]))) for p in slow]
    assert len(set(turn[:12])) == 12 and turn[12:24] == turn[:12], "12 of them are all there is"
    assert abs(len(asked) - 2 * len(slow)) <= 2


@pytest.mark.alone
def test_the_bus_is_served_at_100_hz_in_qemu(arm_tools, bus, tmp_path):
    built("f405")
    with (
        firmware.start("f405", bus.port, tmp_path) as hand,
        connected(hand.port) as host,
    ):
        found = best(host, bus, 95.0)
    held(found, 95.0, least_hz=10.0)
