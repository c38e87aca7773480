# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that hangs is restarted by the pc board's watchdog, whichever part of it hangs, and the
hand that comes back moves nothing by itself."""

from __future__ import annotations

import os
import signal
import time

import numpy as np
import pytest

from endplate.errors import HandError
from endplate.sim import firmware

from .grasping import grasping_hand
from .servo_standin import BROADCAST, TORQUE, WRITE
from .wire_host import STATE, connected, goals

INDEX = 3  # actuator id
FINGERS = slice(0, 6)
WATCHDOG, HAS_WATCHDOG = 4, 16  # SPEC.md, HELLO_ACK: reset_cause, capabilities
WATCHDOG_MS, TICK_MS = 100, 10  # pc/reset.h, reset.c


def torque_off_ns(bus, since_ns: int) -> list[int]:
    """When torque off was broadcast."""
    off = bytes([TORQUE, 0, 0])
    return [t for t, ident, what, given in list(bus.log)
            if t > since_ns and (ident, what, given) == (BROADCAST, WRITE, off)]  # fmt: skip


def stands(bus, since_ns: int) -> bool:
    return len({ticks for t, ticks in goals(bus, INDEX) if t > since_ns}) <= 1


@pytest.mark.parametrize("part", ["loop", "link", "bus", "clock"])
def test_a_part_that_hangs_leads_to_a_reset_and_nothing_moves_before_arm_and_neutral(
    pc_firmware, bus, tmp_path, part
):
    with (
        firmware.start("pc", bus.port, tmp_path, hang=part) as hand,
        connected(hand.port) as host,
    ):
        host.activate()
        before = host.info
        assert before["reset_cause"] == 1 and before["capabilities"] & HAS_WATCHDOG
        host.drive(0.6, seconds=0.4)
        assert not stands(bus, time.monotonic_ns() - 200_000_000)
        hung = time.monotonic_ns()
        hand.hang()
        host.drive(0.6, seconds=0.3)
        off_ms = (torque_off_ns(bus, hung)[0] - hung) / 1e6
        print(f"\n{part}: torque off after {off_ms:.0f} ms")
        # 20 ms: between the last feed and the hang the watchdog may have waited already
        assert WATCHDOG_MS - 2 * TICK_MS - 20 < off_ms < 250
        late = [ticks for t, ticks in goals(bus, INDEX) if t > hung + 50_000_000]
        held = [ticks for t, ticks in goals(bus, INDEX) if t <= hung + 50_000_000][-1]
        assert np.abs(np.array([held, *late]) - held).max() <= 1, "no goal goes anywhere any more"

        told = host.hello().fields
        assert told["reset_cause"] == WATCHDOG and told["boot_id"] != before["boot_id"]
        assert hand.process.poll() is None and hand.pid == hand.ready["pid"]
        host.compare_clocks()
        host.until_state("disarmed")
        assert [table[TORQUE] for table in bus.registers.values()] == [1] * 9, "set up, holds"
        back = time.monotonic_ns()
        host.drive(0.8, seconds=0.2)
        host.arm(boot_id=before["boot_id"])
        host.drive(0.8, seconds=0.1)
        host.arm()
        host.until_state("armed")
        host.drive(0.8, seconds=0.2)
        assert stands(bus, back), "armed, not relaxed"
        host.drive_until("active", 0.0)
        host.drive(0.8, seconds=0.3)
        assert not stands(bus, back)


def test_an_estop_outlives_the_watchdog(host, hand, bus):
    host.hello()
    host.until_state("disarmed")
    host.send("ESTOP", {"reason": 0})
    host.until_state("estop")
    hand.hang()
    host.quiet(0.3)
    told = host.hello().fields
    assert told["reset_cause"] == WATCHDOG
    host.until_state("estop")
    host.arm()
    shown = {f.fields["state"] for f in host.quiet(0.3) if f.msg == "STATE"}
    assert shown == {STATE["estop"]}
    assert [table[TORQUE] for table in bus.registers.values()] == [0] * 9


def test_a_hand_that_is_kept_waiting_is_not_reset(host, hand):
    host.activate()
    os.kill(hand.pid, signal.SIGSTOP)
    time.sleep(0.25)
    os.kill(hand.pid, signal.SIGCONT)
    host.until_state("link lost")
    assert host.hello().fields["boot_id"] == host.info["boot_id"]
    assert host.info["reset_cause"] == 1


@pytest.mark.parametrize("how", ["hang", "stop"])
def test_the_fingers_stop_when_the_program_does(pc_firmware, tmp_path, how):
    """Its watchdog ends a hang. Of a processor that is dead for good the actuators hear nothing any
    more: they run to their last goals, which are near, and their own watchdogs end the rest."""
    with grasping_hand(tmp_path, grasped=False) as hand:
        hand.host.activate()
        hand.host.drive(0.5, seconds=0.4)
        began = hand.mark()
        if how == "hang":
            hand.program.hang()
        else:
            os.kill(hand.program.pid, signal.SIGSTOP)
        time.sleep(1.0)
        rows = hand.motion(began)
        moving = (np.abs(rows["velocity_dps"][:, FINGERS]) > 0.5).any(1)
        assert moving[0] and len(rows) > 100
        still_ms = (rows["t_ns"][np.flatnonzero(moving)[-1]] - began) / 1e6
        print(f"\n{how}: still after {still_ms:.0f} ms")
        assert still_ms < 200
        os.kill(hand.program.pid, signal.SIGCONT)
        hand.host.quiet(0.5)
        assert hand.host.hello().fields["reset_cause"] == (WATCHDOG if how == "hang" else 1)


def test_only_a_pc_hand_hangs_and_only_in_a_way_it_knows(pc_firmware, bus, tmp_path):
    with pytest.raises(HandError, match="--hang takes loop, link, bus or clock, not knot"):
        firmware.start("pc", bus.port, tmp_path, hang="knot")
    hand = firmware.start("pc", bus.port, tmp_path)
    hand.stop()
    with pytest.raises(HandError, match="running hand"):
        hand.hang()
