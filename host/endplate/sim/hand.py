# SPDX-License-Identifier: GPL-3.0-or-later
"""The hand's mechanics behind a DYNAMIXEL bus on a pty: the stand-in for nine real servos.

    python -m endplate.sim.hand --hand test-hand --directory DIR [--object]

First line on stdout: {"bus": "/dev/pts/N", "log": "DIR/hand.bin", "touch": "DIR/touch.bin"}. The
log grows by one record every 4 ms (RECORD: CLOCK_MONOTONIC nanoseconds; goal, position, velocity,
motor current and tip force of each joint, zeros behind the last joint), written out at least ten
times a second; touch.bin is the converter of the fingertips' force sensors, 8 x u16 counts, for the
hand's program to read. Requests are JSON lines on stdin;
joints go by name or by actuator id:

    {"fault": {"missing": ["index", 4]}}           these do not answer; [] = all are back
    {"fault": {"silent": true}}                    nothing answers, nothing is heard
    {"fault": {"stall": ["index"]}}                these are jammed; [] = all are free
    {"fault": {"hot": {"index": 85}}}              temperature in Celsius; null = its own again
    {"fault": {"hardware_error": {"index": 32}}}   bits of register 70; reboot clears them
    {"fault": {"jump": {"index": 20}}}             its encoder slips by so many degrees of the joint
    {"fault": {"position": {"index": -1}}}         ticks it tells as its position; null = its own
    {"fault": {"frozen": ["index"]}}               these repeat what they last measured; [] = none
    {"fault": {"power_cycle": ["index"]}}          its supply failed for a moment
    {"fault": {"battery_v": 4.0}}                  what the supply gives; null = 5 V
    {"fault": {"sensor": {"index": 0}}}            its tip's sensor stands at 0 counts; null = well
    {"fault": {"garbage": 0.01}}                   share of answers with one bit turned over
    {"object": {"contact_deg": {"index": 45}, "stiffness_nm_deg": 0.1}}   {}: a bottle; null: none
    {"quit": true}

A request that cannot be met is answered by {"error": sentence} on stdout. Ends with its stdin.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import struct
import sys
import time
import tty
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

from endplate.errors import EndplateError
from endplate.hardware import load_hand
from endplate.sim import scheduling
from endplate.sim.fingertips import Fingertips
from endplate.sim.mechanics import GRASPED, SUPPLY_V, Grasped, Mechanics
from endplate.sim.servo_bus import Servo, ServoBus

JOINTS = 10
RECORD = struct.Struct(f"<q{5 * JOINTS}f")
LOG_NS = 4_000_000
FLUSH_NS = 100_000_000
WARM_NS = 250_000_000


class HandProcess:
    """One loop over the bus, the requests and the clock."""

    def __init__(self, hand_name: str, directory: Path, with_object: bool) -> None:
        """Opens the pty and the log."""
        hand = load_hand(hand_name)
        self._mechanics = Mechanics(hand)
        self._bus = ServoBus(hand, self._mechanics)
        if with_object:
            self._mechanics.grasp(Grasped(GRASPED))
        self._master, self._slave = os.openpty()  # the slave stays open: a client may come and go
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.port = os.ttyname(self._slave)
        directory.mkdir(parents=True, exist_ok=True)
        self.log_path = directory / "hand.bin"
        self._log: BinaryIO = self.log_path.open("wb", buffering=1 << 16)
        self._padding = [0.0] * (JOINTS - len(hand.joints))
        self._line = b""
        self.touch_path = directory / "touch.bin"
        self._touch = Fingertips(hand, self.touch_path)

    def run(self) -> None:
        """Until {"quit": true} or the end of stdin."""
        requests = sys.stdin.fileno()
        poll = select.poll()
        poll.register(self._master, select.POLLIN)
        poll.register(requests, select.POLLIN)
        log_ns = flush_ns = warm_ns = time.monotonic_ns()
        while True:
            wait_ns = log_ns + LOG_NS - time.monotonic_ns()
            ready = poll.poll(max(wait_ns, 0) / 1e6)
            now_ns = time.monotonic_ns()
            for descriptor, _ in ready:
                if descriptor == self._master:
                    self._serve(now_ns)
                elif not self._read_requests(requests, now_ns):
                    return
            if now_ns - log_ns >= LOG_NS:
                log_ns = max(log_ns + LOG_NS, now_ns - LOG_NS)
                self._bus.tick(now_ns)
                self._write_record(now_ns)
            if now_ns - flush_ns >= FLUSH_NS:
                flush_ns = now_ns
                self._log.flush()
            if now_ns - warm_ns >= WARM_NS:
                self._mechanics.warm((now_ns - warm_ns) / 1e9)
                warm_ns = now_ns

    def close(self) -> None:
        """Writes out the log and gives the pty back."""
        self._log.close()
        os.close(self._master)
        os.close(self._slave)

    def _serve(self, now_ns: int) -> None:
        try:
            answer = self._bus.receive(os.read(self._master, 4096), now_ns)
            if answer:
                os.write(self._master, answer)
        except BlockingIOError:
            pass  # nobody reads the answers: they are lost, as on a real line

    def _write_record(self, now_ns: int) -> None:
        mechanics, padding = self._mechanics, self._padding
        self._touch.write(mechanics.tip_n)
        self._log.write(RECORD.pack(
            now_ns, *mechanics.goal_deg, *padding, *mechanics.position_deg, *padding,
            *mechanics.velocity_dps, *padding, *mechanics.current_a, *padding,
            *mechanics.tip_n, *padding))

    def _read_requests(self, descriptor: int, now_ns: int) -> bool:
        data = os.read(descriptor, 4096)
        if not data:
            return False
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            try:
                if self._obey(json.loads(line), now_ns):
                    return False
            except (ValueError, TypeError, AttributeError, EndplateError) as error:
                text = line.decode(errors="replace")
                say({"error": f"The simulated hand cannot do {text}: {error}."})
        return True

    def _obey(self, request: dict[str, Any], now_ns: int) -> bool:
        self._mechanics.advance(now_ns)
        for name, value in request.items():
            if name == "quit":
                return True
            if name == "fault":
                for fault, setting in value.items():
                    self._fault(fault, setting, now_ns)
            elif name == "object":
                self._mechanics.grasp(self._grasped(value))
            else:
                raise EndplateError(f"there is no request {name}")
        return False

    def _fault(self, fault: str, setting: Any, now_ns: int) -> None:
        bus = self._bus
        if fault == "missing":
            chosen = self._servos(setting)
            for servo in bus.servos:
                servo.missing = servo in chosen
        elif fault == "silent":
            bus.silent = bool(setting)
        elif fault == "stall":
            chosen = self._servos(setting)
            for index, servo in enumerate(bus.servos):
                self._mechanics.lock(index, servo in chosen)
        elif fault == "hot":
            for name, celsius in setting.items():
                self._servos([name])[0].heat_c = None if celsius is None else float(celsius)
        elif fault == "hardware_error":
            for name, bits in setting.items():
                self._servos([name])[0].fail(int(bits))
        elif fault == "jump":
            for name, degrees in setting.items():
                self._servos([name])[0].jump(float(degrees))
        elif fault == "position":
            for name, ticks in setting.items():
                self._servos([name])[0].lie_ticks = None if ticks is None else int(ticks)
        elif fault == "frozen":
            chosen = self._servos(setting)
            for servo in bus.servos:
                servo.frozen = servo in chosen
        elif fault == "power_cycle":
            for servo in self._servos(setting):
                servo.reboot(now_ns)
        elif fault == "battery_v":
            self._mechanics.battery_v = SUPPLY_V if setting is None else float(setting)
        elif fault == "sensor":
            for name, counts in setting.items():
                self._servos([name])
                self._touch.stands[name] = None if counts is None else int(counts)
        elif fault == "garbage":
            bus.garbage = float(setting)
        else:
            raise EndplateError(f"there is no fault {fault}")

    def _servos(self, names: Iterable[str | int]) -> list[Servo]:
        found = {name: self._bus.servo(name) for name in names}
        for name, servo in found.items():
            if servo is None:
                raise EndplateError(f"the hand has no joint {name}")
        return [servo for servo in found.values() if servo is not None]

    def _grasped(self, value: dict[str, Any] | None) -> Grasped | None:
        if value is None:
            return None
        grasped = Grasped(**{"contact_deg": GRASPED, **value})
        self._servos(grasped.contact_deg)
        return grasped


def say(message: dict[str, Any]) -> None:
    """One JSON line on stdout."""
    print(json.dumps(message), flush=True)


def main() -> int:
    """The process."""
    parser = argparse.ArgumentParser(prog="endplate.sim.hand", description="A hand on a motor bus.")
    parser.add_argument("--hand", default="test-hand", help="name or path of a hand file")
    parser.add_argument("--directory", type=Path, required=True, help="where hand.bin goes")
    parser.add_argument("--object", action="store_true", help="a bottle between the fingers")
    arguments = parser.parse_args()
    try:
        process = HandProcess(arguments.hand, arguments.directory, arguments.object)
    except (EndplateError, OSError) as error:
        say({"error": str(error)})
        return 2
    scheduling.come_first(scheduling.MOTORS)
    say({"bus": process.port, "log": str(process.log_path), "touch": str(process.touch_path)})
    try:
        process.run()
    except KeyboardInterrupt:
        pass
    finally:
        process.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
