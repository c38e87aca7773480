# SPDX-License-Identifier: GPL-3.0-or-later
"""XL330 servos on one DYNAMIXEL bus, as slaves of Protocol 2.0, moving the joints of `mechanics`.

ping, read, write, reboot, sync read, sync write; anything else answers "instruction error". As on a
real bus, a sync read's answers come in the order asked for, and one that stays silent keeps those
behind it silent too. The bus watchdog works as the manual says, which real 330s with firmware up to
51 do not: they set the register but do not stop (forum.robotis.com, topic 4814).
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable

from endplate.hardware import Hand, Joint
from endplate.sim import servo_packets as wire
from endplate.sim import servo_table as table
from endplate.sim.mechanics import DEG, STALL_A, SUPPLY_V, WINDING_OHM, Axis, Mechanics

RESULT_FAIL, INSTRUCTION_ERROR, RANGE_ERROR = 1, 2, 4
LENGTH_ERROR, LIMIT_ERROR, ACCESS_ERROR = 5, 6, 7
ALERT = 0x80
OVERHEATED, OVERLOADED = 4, 32  # bits of the hardware error register
REBOOT_NS = 300_000_000  # silent for so long after a reboot (estimate)
OVERLOAD_NS = 2_000_000_000  # nine tenths of the stall current for so long shut it down (estimate)
LINE_SILENT_NS = 50_000_000  # half a packet older than this is dropped


class Servo:
    """One actuator: its control table, and the joint it turns."""

    def __init__(self, joint: Joint, index: int, mechanics: Mechanics) -> None:
        """As shipped, but with its id set; power just came on."""
        self.name, self._index, self._mechanics = joint.name, index, mechanics
        self._axis: Axis = mechanics.axes[index]
        self._direction = joint.direction
        self._gear = joint.gear
        self._per_deg = joint.direction * joint.gear * table.TICKS_PER_DEG
        self._zero = joint.zero_deg * table.TICKS_PER_DEG
        self.memory = bytearray(table.SIZE)
        self.missing = False
        self.heat_c: float | None = None  # a fault's temperature instead of the motor's own
        self.lie_ticks: int | None = None  # a fault's position instead of the encoder's
        self.frozen = False  # answers what it last measured, its clock included
        self.quiet_until_ns = 0
        self._strained_since_ns = 0
        self._defaults(from_address=0)
        self.memory[table.ID] = joint.actuator
        self._apply()

    def _defaults(self, from_address: int) -> None:
        for register in table.REGISTERS:
            if register.address >= from_address:
                self._put(register, register.initial)
        goal = round(self._zero + self._axis.position * DEG * self._per_deg)
        self._put(table.BY_ADDRESS[table.GOAL_POSITION], goal)

    def _put(self, register: table.Register, value: int) -> None:
        start, size = register.address, register.size
        self.memory[start : start + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")

    def value(self, address: int) -> int:
        """A register, signed where it is wider than a byte."""
        size = table.BY_ADDRESS[address].size
        return int.from_bytes(self.memory[address : address + size], "little", signed=size > 1)

    @property
    def ident(self) -> int:
        """Its id on the bus."""
        return self.memory[table.ID]

    @property
    def error(self) -> int:
        """What every status says besides its own error: look at the hardware error register."""
        return ALERT if self.memory[table.HARDWARE_ERROR] else 0

    def answers(self, now_ns: int) -> bool:
        """Whether it hears and speaks now."""
        return not self.missing and now_ns >= self.quiet_until_ns

    # ---- time ----

    def watch(self, now_ns: int, heard_ns: int) -> None:
        """Bus watchdog, heat and overload. `heard_ns`: when the bus last carried an instruction."""
        memory = self.memory
        if not memory[table.TORQUE_ENABLE]:
            self._strained_since_ns = now_ns
            return
        units = memory[table.BUS_WATCHDOG]
        if 0 < units <= 127 and now_ns - heard_ns > units * table.WATCHDOG_UNIT_NS:
            memory[table.BUS_WATCHDOG] = 0xFF
            self._mechanics.halt(self._index)
        if abs(self._axis.current) < 0.9 * STALL_A:
            self._strained_since_ns = now_ns
        elif now_ns - self._strained_since_ns > OVERLOAD_NS:
            self.fail(OVERLOADED)
        if self._temperature() > memory[table.TEMPERATURE_LIMIT]:
            self.fail(OVERHEATED)

    def fail(self, bits: int) -> None:
        """Sets hardware error bits; those in the shutdown mask switch torque off until a reboot."""
        self.memory[table.HARDWARE_ERROR] |= bits
        if self._shut_down():
            self.memory[table.TORQUE_ENABLE] = 0
            self._apply()

    def jump(self, degrees: float) -> None:
        """The encoder slips by so many degrees of the joint: it measures that much more by now,
        and its position loop, which believes it, drives the joint back by as much."""
        self._zero += degrees * self._per_deg
        self._apply()

    def reboot(self, now_ns: int, quiet_ns: int = REBOOT_NS) -> None:
        """RAM back to its defaults, torque off, silent for a while."""
        self._defaults(from_address=table.RAM)
        self._apply()
        self.quiet_until_ns = now_ns + quiet_ns

    def _shut_down(self) -> bool:
        return bool(self.memory[table.HARDWARE_ERROR] & self.memory[table.SHUTDOWN])

    def _temperature(self) -> float:
        return self._axis.temperature_c if self.heat_c is None else self.heat_c

    # ---- access ----

    def read(self, address: int, count: int, now_ns: int) -> tuple[int, bytes]:
        """Error and bytes. Gaps between registers read as 0."""
        if count < 1 or address + count > table.SIZE:
            return ACCESS_ERROR, b""
        if address + count > table.REALTIME_TICK:
            self._measure(now_ns)
        return 0, bytes(self.memory[address : address + count])

    def _measure(self, now_ns: int) -> None:
        if self.frozen:
            return
        axis = self._axis
        units = axis.velocity * DEG * self._gear * self._direction / table.DPS_PER_UNIT
        ticks = self._zero + axis.position * DEG * self._per_deg
        if self.lie_ticks is not None:
            ticks = self.lie_ticks
        follow = self._zero + axis.trajectory * DEG * self._per_deg
        volts = axis.current * WINDING_OHM + axis.back_emf * axis.velocity
        moving = abs(units) > self.value(table.MOVING_THRESHOLD)
        struct.pack_into(
            "<HBBhhiiiiHB", self.memory, table.REALTIME_TICK,
            now_ns // 1_000_000 % 32768, moving, 0,
            round(volts / SUPPLY_V * 885.0 * self._direction),
            round(axis.current * 1000.0 * self._direction), round(units), round(ticks),
            round(units), round(follow), round(self._mechanics.supply_v * 10.0),
            min(round(self._temperature()), 255),
        )

    def write(self, address: int, data: bytes) -> int:
        """Checks all of it, then writes all of it, or nothing. Returns the error."""
        at, end = address, address + len(data)
        values: list[tuple[table.Register, int]] = []
        while at < end:
            register = table.BY_ADDRESS.get(at)
            if register is None or not register.writable:
                return ACCESS_ERROR
            if at + register.size > end:
                return LENGTH_ERROR
            value = int.from_bytes(
                data[at - address : at - address + register.size], "little",
                signed=register.size > 1)
            error = self._refusal(register, value)
            if error:
                return error
            values.append((register, value))
            at += register.size
        for register, value in values:
            self._put(register, value)
        if len(values) == 1 and address == table.GOAL_POSITION:
            self._goal(values[0][1])
        else:
            self._apply()
        return 0

    def _refusal(self, register: table.Register, value: int) -> int:
        address = register.address
        if address < table.RAM and self.memory[table.TORQUE_ENABLE]:
            return ACCESS_ERROR
        if self.memory[table.BUS_WATCHDOG] == 0xFF and address in table.GOALS:
            return RANGE_ERROR
        if register.low is not None and not register.low <= value <= (register.high or 0):
            return RANGE_ERROR
        if address == table.OPERATING_MODE and value not in table.POSITION_MODES:
            return RANGE_ERROR  # real servos have more; only position control is simulated
        if address == table.TORQUE_ENABLE and value and self._shut_down():
            return RESULT_FAIL
        if address == table.GOAL_POSITION and self.memory[table.OPERATING_MODE] == 3:
            low, high = self.value(table.MIN_POSITION), self.value(table.MAX_POSITION)
            return 0 if low <= value <= high else LIMIT_ERROR
        if address == table.GOAL_CURRENT and abs(value) > self.value(table.CURRENT_LIMIT):
            return LIMIT_ERROR
        return 0

    def _goal(self, ticks: int) -> None:
        self._mechanics.set_goal_deg(self._index, (ticks - self._zero) / self._per_deg)

    def _apply(self) -> None:
        """What the registers say becomes what the motor does."""
        limit = self.value(table.CURRENT_LIMIT)
        if self.memory[table.OPERATING_MODE] == 5:
            limit = min(limit, abs(self.value(table.GOAL_CURRENT)))
        self._mechanics.set_current_limit(self._index, limit / 1000.0)
        if self.memory[table.BUS_WATCHDOG] != 0xFF:
            self._mechanics.set_profile(
                self._index,
                self.value(table.PROFILE_VELOCITY) * table.DPS_PER_UNIT / self._gear,
                self.value(table.PROFILE_ACCELERATION) * table.DPS2_PER_UNIT / self._gear)
            self._goal(self.value(table.GOAL_POSITION))
        self._mechanics.set_torque(self._index, bool(self.memory[table.TORQUE_ENABLE]))


class ServoBus:
    """All servos of a hand on one line: bytes in, the answers' bytes out."""

    def __init__(self, hand: Hand, mechanics: Mechanics, seed: int = 0) -> None:
        """`seed`: of the damaged answers."""
        self.mechanics = mechanics
        self.servos = [Servo(joint, k, mechanics) for k, joint in enumerate(hand.joints)]
        self.parser = wire.Parser()
        self.silent = False
        self.garbage = 0.0  # share of answers with one bit turned over
        self.instructions = 0
        self._heard_ns = 0
        self._bytes_ns = 0
        self._random = random.Random(seed)
        self._index_ids()

    def _index_ids(self) -> None:
        self._by_id = {servo.ident: servo for servo in self.servos}

    def servo(self, name_or_id: str | int) -> Servo | None:
        """By the joint's name or the actuator's id; None when there is none."""
        for servo in self.servos:
            if str(name_or_id) in (servo.name, str(servo.ident)):
                return servo
        return None

    def tick(self, now_ns: int) -> None:
        """Time passes, with or without bytes."""
        self.mechanics.advance(now_ns)
        for servo in self.servos:
            servo.watch(now_ns, self._heard_ns)
        if self.parser.waiting and now_ns - self._bytes_ns > LINE_SILENT_NS:
            self.parser.clear()

    def receive(self, data: bytes, now_ns: int) -> bytes:
        """Takes what the master sent and gives what the servos answer."""
        self.tick(now_ns)
        self._bytes_ns = now_ns
        if self.silent:
            return b""
        out: list[bytes] = []
        for ident, instruction, parameters in self.parser.feed(data):
            if instruction == wire.STATUS:
                continue
            self._heard_ns = now_ns
            self.instructions += 1
            out += self._obey(ident, instruction, parameters, now_ns)
        if self.garbage:
            out = [self._damage(answer) for answer in out]
        return b"".join(out)

    def _obey(
        self, ident: int, instruction: int, parameters: bytes, now_ns: int
    ) -> Iterable[bytes]:
        if ident == wire.BROADCAST:
            if instruction == wire.SYNC_WRITE:
                self._sync_write(parameters, now_ns)
                return ()
            if instruction == wire.SYNC_READ:
                return self._sync_read(parameters, now_ns)
            answers = [self._one(self._by_id[each], instruction, parameters, now_ns)
                       for each in sorted(self._by_id)]
            return filter(None, answers) if instruction == wire.PING else ()
        servo = self._by_id.get(ident)
        answer = self._one(servo, instruction, parameters, now_ns) if servo else b""
        return (answer,) if answer else ()

    def _one(self, servo: Servo, instruction: int, parameters: bytes, now_ns: int) -> bytes:
        if not servo.answers(now_ns):
            return b""
        ident, level = servo.ident, servo.memory[table.STATUS_RETURN_LEVEL]
        error, data, needed = INSTRUCTION_ERROR, b"", 2
        if instruction == wire.PING:
            error, data, needed = 0, struct.pack("<HB", table.MODEL, table.FIRMWARE_VERSION), 0
        elif instruction == wire.READ and len(parameters) == 4:
            address, length = struct.unpack("<HH", parameters)
            error, data = servo.read(address, length, now_ns)
            needed = 1
        elif instruction == wire.WRITE and len(parameters) > 2:
            error = servo.write(int.from_bytes(parameters[:2], "little"), parameters[2:])
            self._index_ids()
        elif instruction == wire.REBOOT and not parameters:
            error = 0
            servo.reboot(now_ns)
        return wire.status(ident, error | servo.error, data) if level >= needed else b""

    def _sync_write(self, parameters: bytes, now_ns: int) -> None:
        address, size = struct.unpack_from("<HH", parameters) if len(parameters) >= 4 else (0, 0)
        if size == 0 or (len(parameters) - 4) % (size + 1):
            return
        for at in range(4, len(parameters), size + 1):
            servo = self._by_id.get(parameters[at])
            if servo is not None and servo.answers(now_ns):
                servo.write(address, parameters[at + 1 : at + 1 + size])

    def _sync_read(self, parameters: bytes, now_ns: int) -> Iterable[bytes]:
        if len(parameters) < 5:
            return
        address, size = struct.unpack_from("<HH", parameters)
        for ident in parameters[4:]:
            servo = self._by_id.get(ident)
            if servo is None or not servo.answers(now_ns):
                return  # the next one waits for this one's answer
            error, data = servo.read(address, size, now_ns)
            yield wire.status(ident, error | servo.error, data)

    def _damage(self, answer: bytes) -> bytes:
        if self._random.random() >= self.garbage:
            return answer
        bit = self._random.randrange(len(answer) * 8)
        damaged = bytearray(answer)
        damaged[bit // 8] ^= 1 << bit % 8
        return bytes(damaged)
