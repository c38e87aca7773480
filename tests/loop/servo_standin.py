# SPDX-License-Identifier: GPL-3.0-or-later
"""A motor bus for tests of the firmware alone: as many actuators as wanted, without mechanics.

A goal is reached at once, every register can be read and written, and every packet is kept with the
time at which it came. `endplate.sim.hand` is the bus with physics; this one is for faults at the
level of bytes and registers.
"""

from __future__ import annotations

import os
import select
import threading
import time
import tty

from endplate.sim.scheduling import MOTORS, come_first
from endplate.sim.servo_packets import (
    BROADCAST,
    PING,
    READ,
    REBOOT,
    STATUS,
    SYNC_READ,
    SYNC_WRITE,
    WRITE,
    Parser,
    packet,
)

SILENCE_S = 0.05  # then half a packet is forgotten, as of a hand that was switched off within it
TORQUE, ERROR, GOAL, CLOCK, PRESENT = 64, 70, 116, 120, 126


class ServoStandin:
    """`with ServoStandin(ids) as bus:` answers on `bus.port` until the block ends."""

    def __init__(self, ids: range | list[int] = range(1, 10), centre_ticks: int = 2048) -> None:
        self.registers = {ident: bytearray(256) for ident in ids}
        for table in self.registers.values():
            table[0:2] = (1200).to_bytes(2, "little")
            table[9] = 250
            table[11] = 3
            table[144:147] = bytes([50, 0, 31])
            table[GOAL : GOAL + 4] = table[132:136] = centre_ticks.to_bytes(4, "little")
        self.silent: set[int] = set()
        self.frozen: set[int] = set()  # their clocks stand
        self.lies: dict[int, int] = {}  # the position they tell, ticks
        self.corrupt = 0  # flip a bit of this many of the next replies
        self.deaf: dict[int, int] = {}  # so many of the next sync writes of a register come damaged
        self.slow: dict[int, float] = {}  # seconds before it answers
        self.log: list[
            tuple[int, int, int, bytes]
        ] = []  # monotonic ns, id, instruction, parameters
        self._parser = Parser()
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> ServoStandin:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        os.close(self._master)
        os.close(self._slave)

    def register(self, ident: int, address: int, size: int) -> int:
        return int.from_bytes(
            self.registers[ident][address : address + size], "little", signed=size > 1
        )

    def writes(self, address: int) -> list[tuple[int, int, int, bytes]]:
        """Entries of the log that write this register, sync writes included."""
        return [
            entry
            for entry in list(self.log)
            if entry[2] in (WRITE, SYNC_WRITE) and int.from_bytes(entry[3][:2], "little") == address
        ]

    def _run(self) -> None:
        come_first(MOTORS)  # this thread alone
        while not self._stop.is_set():
            if not select.select([self._master], [], [], SILENCE_S)[0]:
                self._parser.clear()
                continue
            for ident, instruction, parameters in self._parser.feed(os.read(self._master, 4096)):
                self.log.append((time.monotonic_ns(), ident, instruction, parameters))
                self._act(ident, instruction, parameters)

    def _act(self, ident: int, instruction: int, parameters: bytes) -> None:
        address = int.from_bytes(parameters[:2], "little")
        now = (time.monotonic_ns() // 1_000_000 % 32768).to_bytes(2, "little")
        for one in self.registers.keys() - self.frozen:
            self.registers[one][CLOCK : CLOCK + 2] = now
        for one, ticks in list(self.lies.items()):
            self.registers[one][132:136] = ticks.to_bytes(4, "little", signed=True)
        if instruction == SYNC_WRITE:
            if self.deaf.get(address, 0):
                self.deaf[address] -= 1
                return
            size = parameters[2]
            for at in range(4, len(parameters), size + 1):
                self._write(parameters[at], address, parameters[at + 1 : at + 1 + size])
        elif instruction == SYNC_READ:
            for one in parameters[4:]:
                self._answer(one, bytes(self.registers[one][address : address + parameters[2]]))
        elif instruction == WRITE:
            for one in self.registers if ident == BROADCAST else [ident]:
                self._write(one, address, parameters[2:])
            if ident != BROADCAST:
                self._answer(ident, b"")
        elif instruction == READ:
            self._answer(ident, bytes(self.registers[ident][address : address + parameters[2]]))
        elif instruction == PING:
            self._answer(ident, bytes(self.registers[ident][0:2]) + b"\x34")
        elif instruction == REBOOT:
            self.registers[ident][TORQUE] = self.registers[ident][ERROR] = 0
            self._answer(ident, b"")

    def _write(self, ident: int, address: int, value: bytes) -> None:
        table = self.registers[ident]
        if ident in self.silent:
            return
        table[address : address + len(value)] = value
        if address == GOAL and table[TORQUE]:
            table[132:136] = value

    def _answer(self, ident: int, parameters: bytes) -> None:
        if ident in self.silent or ident not in self.registers:
            return
        alert = b"\x80" if self.registers[ident][ERROR] else b"\x00"
        time.sleep(self.slow.get(ident, 0.0))
        answer = bytearray(packet(ident, STATUS, alert + parameters))
        if self.corrupt:
            self.corrupt -= 1
            answer[-3] ^= 4
        os.write(self._master, answer)
