# SPDX-License-Identifier: GPL-3.0-or-later
"""Servos on the bus, without a process: packets, the control table's rules, watchdog, faults."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endplate.hardware import load_hand
from endplate.sim import servo_packets as wire
from endplate.sim import servo_table as table
from endplate.sim.mechanics import Mechanics
from endplate.sim.servo_bus import (
    ACCESS_ERROR,
    ALERT,
    INSTRUCTION_ERROR,
    LENGTH_ERROR,
    LIMIT_ERROR,
    RANGE_ERROR,
    RESULT_FAIL,
    ServoBus,
)

HAND = load_hand("test-hand")
MS = 1_000_000


class Master:
    """Asks and takes apart what comes back; time goes on by 1 ms with each packet."""

    def __init__(self):
        self.mechanics = Mechanics(HAND)
        self.bus = ServoBus(HAND, self.mechanics)
        self.now = 1_000 * MS

    def raw(self, data: bytes) -> list[tuple[int, int, bytes]]:
        """(id, error, parameters) of each answer."""
        self.now += MS
        parser = wire.Parser()
        answers = list(parser.feed(self.bus.receive(data, self.now)))
        assert parser.bad_crc == 0
        return [(ident, body[0], body[1:]) for ident, kind, body in answers if kind == wire.STATUS]

    def ask(self, ident: int, instruction: int, parameters: bytes = b""):
        return self.raw(wire.packet(ident, instruction, parameters))

    def write(self, ident: int, address: int, value: int, size: int) -> int | None:
        data = (value & (1 << 8 * size) - 1).to_bytes(size, "little")
        answers = self.ask(ident, wire.WRITE, struct.pack("<H", address) + data)
        return answers[0][1] if answers else None

    def read(self, ident: int, address: int, size: int) -> int:
        [(_, error, data)] = self.ask(ident, wire.READ, struct.pack("<HH", address, size))
        assert error & ~ALERT == 0
        return int.from_bytes(data, "little", signed=size > 1)

    def sync_read(self, address: int, size: int, idents) -> dict[int, bytes]:
        answers = self.ask(wire.BROADCAST, wire.SYNC_READ,
                           struct.pack("<HH", address, size) + bytes(idents))
        return {ident: data for ident, _, data in answers}

    def wait(self, ms: int) -> None:
        for _ in range(ms):
            self.now += MS
            self.bus.tick(self.now)


@pytest.fixture
def master():
    return Master()


# ---- packets ----

def test_the_crc_of_the_manual():
    # ROBOTIS e-manual, "CRC calculation": read of two bytes at 0 from id 1; ping of id 1.
    assert wire.packet(1, wire.PING).hex(" ") == "ff ff fd 00 01 03 00 01 19 4e"
    assert wire.packet(1, wire.READ, struct.pack("<HH", 132, 4)).hex(" ") == (
        "ff ff fd 00 01 07 00 02 84 00 04 00 1d 15")


packets = st.lists(st.tuples(st.integers(0, 252), st.sampled_from([1, 2, 3, 0x82, 0x83]), st.one_of(
    st.binary(max_size=60), st.lists(st.sampled_from([b"\xff", b"\xfd", b"\0"])).map(b"".join))))


@given(packets, st.integers(1, 50))
def test_packets_survive_stuffing_and_any_cut(sent, cut):
    stream = b"".join(wire.packet(*each) for each in sent)
    parser, heard = wire.Parser(), []
    for at in range(0, len(stream), cut):
        heard += parser.feed(stream[at : at + cut])
    assert heard == sent


@given(st.binary(max_size=40).filter(lambda noise: b"\xff\xff\xfd\0" not in noise))
def test_a_packet_after_noise_is_heard(noise):
    parser = wire.Parser()
    heard = list(parser.feed(noise + wire.packet(3, wire.PING)))
    assert heard[-1] == (3, wire.PING, b"")


def test_every_flipped_bit_is_noticed():
    whole = wire.packet(5, wire.WRITE, struct.pack("<HI", 116, 2048))
    for bit in range(len(whole) * 8):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        assert list(wire.Parser().feed(bytes(damaged))) == []


def test_garbage_and_foreign_packets_get_no_answer(master):
    assert master.raw(bytes(range(256)) * 8) == []
    master.wait(100)
    assert master.ask(77, wire.PING) == []
    assert master.raw(wire.status(3, 0, b"\1\2")) == [], "another's status is not an instruction"
    assert [ident for ident, _, _ in master.ask(3, wire.PING)] == [3]


def test_half_a_packet_is_forgotten_when_the_line_falls_silent(master):
    master.raw(wire.packet(1, wire.WRITE, bytes(40))[:20])
    assert master.ask(2, wire.PING) == [], "still inside the first"
    master.raw(wire.packet(1, wire.WRITE, bytes(200))[:20])
    master.wait(60)
    assert len(master.ask(2, wire.PING)) == 1


# ---- instructions ----

def test_ping_one_and_all(master):
    assert master.ask(4, wire.PING) == [(4, 0, struct.pack("<HB", 1200, 52))]
    assert [each[0] for each in master.ask(wire.BROADCAST, wire.PING)] == list(range(1, 10))


def test_an_unknown_instruction(master):
    assert master.ask(4, 0x92, b"") == [(4, INSTRUCTION_ERROR, b"")]
    assert master.ask(4, wire.READ, b"\0") == [(4, INSTRUCTION_ERROR, b"")]


def test_torque_on_moves_nothing_and_goals_move(master):
    before = master.mechanics.position_deg
    for ident in range(1, 10):
        assert master.write(ident, table.TORQUE_ENABLE, 1, 1) == 0
    master.wait(300)
    assert master.mechanics.position_deg == pytest.approx(before, abs=0.5)
    goals = struct.pack("<HH", table.GOAL_POSITION, 4)
    for joint in HAND.joints[2:6]:  # the fingers to 45 degrees
        ticks = round((joint.zero_deg + joint.direction * joint.gear * 45) * table.TICKS_PER_DEG)
        goals += struct.pack("<Bi", joint.actuator, ticks)
    assert master.ask(wire.BROADCAST, wire.SYNC_WRITE, goals) == [], "nobody answers a sync write"
    master.wait(600)
    assert master.mechanics.position_deg[2:6] == pytest.approx([45] * 4, abs=0.1)
    seen = master.sync_read(table.PRESENT_CURRENT, 10, [3, 4, 5, 6])
    for ident, joint in zip((3, 4, 5, 6), HAND.joints[2:6], strict=True):
        _, velocity, ticks = struct.unpack("<hii", seen[ident])
        assert velocity == 0
        assert ticks / table.TICKS_PER_DEG == pytest.approx(joint.zero_deg + 2 * 45, abs=0.2)


def test_signs_follow_the_direction_of_the_actuator(master):
    rotation = HAND.joint("thumb_rotation")
    assert rotation.direction == -1
    ident = rotation.actuator
    master.write(ident, table.TORQUE_ENABLE, 1, 1)
    master.write(ident, table.PROFILE_VELOCITY, 50, 4)
    at = master.read(ident, table.PRESENT_POSITION, 4)
    master.write(ident, table.GOAL_POSITION, at + 600, 4)
    master.wait(150)
    assert master.mechanics.velocity_dps[1] < 0
    assert master.read(ident, table.PRESENT_VELOCITY, 4) == pytest.approx(50, abs=2)
    assert master.read(ident, table.PRESENT_CURRENT, 2) > 0
    assert master.read(ident, table.MOVING, 1) == 1


def test_a_silent_servo_silences_those_asked_after_it(master):
    master.bus.servo("middle").missing = True
    assert list(master.sync_read(table.PRESENT_POSITION, 4, range(1, 10))) == [1, 2, 3]
    assert list(master.sync_read(table.PRESENT_POSITION, 4, range(9, 0, -1))) == [9, 8, 7, 6, 5]
    assert master.ask(4, wire.PING) == []


def test_status_return_level(master):
    master.write(5, table.STATUS_RETURN_LEVEL, 1, 1)
    assert master.write(5, 65, 1, 1) is None
    assert master.read(5, 65, 1) == 1
    master.write(5, table.STATUS_RETURN_LEVEL, 0, 1)
    assert master.ask(5, wire.READ, struct.pack("<HH", 65, 1)) == []
    assert len(master.ask(5, wire.PING)) == 1


def test_a_new_id_is_heard_at_once(master):
    assert master.write(5, table.ID, 42, 1) == 0
    assert master.ask(5, wire.PING) == []
    assert master.read(42, 0, 2) == 1200


# ---- the control table's rules ----

@pytest.mark.parametrize(("address", "value", "size", "error"), [
    (0, 1, 2, ACCESS_ERROR),                              # read only
    (table.PRESENT_POSITION, 1, 4, ACCESS_ERROR),
    (66, 1, 1, ACCESS_ERROR),                             # no such register
    (500, 1, 1, ACCESS_ERROR),
    (117, 1, 1, ACCESS_ERROR),                            # the middle of one
    (table.GOAL_POSITION, 1, 2, LENGTH_ERROR),            # half of one
    (table.OPERATING_MODE, 17, 1, RANGE_ERROR),
    (table.OPERATING_MODE, 1, 1, RANGE_ERROR),            # velocity control is not simulated
    (table.TORQUE_ENABLE, 2, 1, RANGE_ERROR),
    (table.BUS_WATCHDOG, 200, 1, RANGE_ERROR),
    (table.GOAL_POSITION, 4096, 4, LIMIT_ERROR),
    (table.GOAL_POSITION, -1, 4, LIMIT_ERROR),
    (table.GOAL_CURRENT, 1751, 2, RANGE_ERROR),
    (table.GOAL_POSITION, 4095, 4, 0),
    (table.OPERATING_MODE, 5, 1, 0),
])
def test_what_may_be_written(master, address, value, size, error):
    before = bytes(master.bus.servos[2].memory)
    assert master.write(3, address, value, size) == error
    if error:
        assert bytes(master.bus.servos[2].memory) == before


def test_eeprom_is_locked_while_torque_is_on(master):
    assert master.write(3, table.TORQUE_ENABLE, 1, 1) == 0
    assert master.write(3, table.OPERATING_MODE, 5, 1) == ACCESS_ERROR
    assert master.write(3, table.TORQUE_ENABLE, 0, 1) == 0
    assert master.write(3, table.OPERATING_MODE, 5, 1) == 0


def test_current_based_position_bounds_the_current(master):
    master.write(3, table.OPERATING_MODE, 5, 1)
    assert master.write(3, table.CURRENT_LIMIT, 300, 2) == 0
    assert master.write(3, table.GOAL_CURRENT, 301, 2) == LIMIT_ERROR
    assert master.write(3, table.GOAL_CURRENT, 200, 2) == 0
    master.write(3, table.TORQUE_ENABLE, 1, 1)
    master.mechanics.lock(2, True)
    master.write(3, table.GOAL_POSITION, master.read(3, table.PRESENT_POSITION, 4) + 900, 4)
    master.wait(50)
    assert master.read(3, table.PRESENT_CURRENT, 2) == 200


def test_several_registers_in_one_write(master):
    answer = master.ask(3, wire.WRITE, struct.pack("<Hii", table.PROFILE_ACCELERATION, 0, 77))
    assert answer == [(3, 0, b"")]
    assert master.read(3, table.PROFILE_VELOCITY, 4) == 77


# ---- watchdog, reboot, hardware errors ----

def moving(master, units):
    """Servo 3 on its way, watched."""
    master.write(3, table.PROFILE_VELOCITY, 30, 4)
    master.write(3, table.TORQUE_ENABLE, 1, 1)
    master.write(3, table.BUS_WATCHDOG, units, 1)
    master.write(3, table.GOAL_POSITION, master.read(3, table.PRESENT_POSITION, 4) + 1000, 4)


@pytest.mark.parametrize("units", [1, 10])
def test_the_bus_watchdog_stops_motion_and_locks_goals(master, units):
    moving(master, units)
    master.wait(units * 20)
    speed = master.mechanics.velocity_dps[2]
    assert units < 5 or speed > 10
    master.wait(60)
    assert master.mechanics.velocity_dps[2] == 0
    stood = master.mechanics.position_deg[2]
    assert master.read(3, table.BUS_WATCHDOG, 1) == 0xFF
    for address, size in ((table.GOAL_POSITION, 4), (table.GOAL_CURRENT, 2),
                          (table.PROFILE_VELOCITY, 4)):
        assert master.write(3, address, 100, size) == RANGE_ERROR
    master.wait(100)
    assert master.mechanics.position_deg[2] == stood
    assert master.read(3, table.TORQUE_ENABLE, 1) == 1, "it holds"
    assert master.write(3, table.BUS_WATCHDOG, 0, 1) == 0
    assert master.write(3, table.GOAL_POSITION, 2000, 4) == 0
    master.wait(200)
    assert master.mechanics.position_deg[2] > stood + 1


def test_any_instruction_on_the_bus_feeds_the_watchdog(master):
    moving(master, 2)
    for _ in range(20):
        master.wait(30)
        master.ask(9, wire.PING)
    assert master.read(3, table.BUS_WATCHDOG, 1) == 2
    master.bus.silent = True
    for _ in range(3):
        master.wait(30)
        master.ask(9, wire.PING)
    master.bus.silent = False
    assert master.read(3, table.BUS_WATCHDOG, 1) == 0xFF


def test_a_watchdog_without_torque_watches_nothing(master):
    master.write(3, table.BUS_WATCHDOG, 1, 1)
    master.wait(500)
    assert master.read(3, table.BUS_WATCHDOG, 1) == 1


def test_a_reboot_forgets_ram_keeps_eeprom_and_is_silent_for_a_while(master):
    master.write(3, table.OPERATING_MODE, 5, 1)
    moving(master, 10)
    assert master.ask(3, wire.REBOOT) == [(3, 0, b"")]
    assert master.ask(3, wire.PING) == []
    master.wait(400)
    assert master.read(3, table.TORQUE_ENABLE, 1) == 0
    assert master.read(3, table.BUS_WATCHDOG, 1) == 0
    assert master.read(3, table.OPERATING_MODE, 1) == 5
    assert master.read(3, table.ID, 1) == 3


def test_a_hardware_error_shuts_down_until_a_reboot(master):
    master.write(3, table.TORQUE_ENABLE, 1, 1)
    master.bus.servo("index").fail(32)
    assert master.ask(3, wire.PING)[0][1] == ALERT
    assert master.read(3, table.TORQUE_ENABLE, 1) == 0
    assert master.write(3, table.TORQUE_ENABLE, 1, 1) == ALERT | RESULT_FAIL
    master.ask(3, wire.REBOOT)
    master.wait(400)
    assert master.write(3, table.TORQUE_ENABLE, 1, 1) == 0


def test_a_servo_that_is_too_hot_shuts_down(master):
    master.write(3, table.TORQUE_ENABLE, 1, 1)
    master.bus.servo(3).heat_c = 70.0
    master.wait(5)
    assert master.read(3, table.HARDWARE_ERROR, 1) == 0
    assert master.read(3, table.PRESENT_TEMPERATURE, 1) == 70
    master.bus.servo(3).heat_c = 71.0
    master.wait(5)
    assert master.read(3, table.HARDWARE_ERROR, 1) == 4
    assert master.read(3, table.TORQUE_ENABLE, 1) == 0


def test_a_jammed_servo_at_full_current_overloads_and_at_its_limit_does_not(master):
    for ident, index in ((3, 2), (4, 3)):
        master.write(ident, table.CURRENT_LIMIT, 1750 if ident == 3 else 500, 2)
        master.write(ident, table.TORQUE_ENABLE, 1, 1)
        master.mechanics.lock(index, True)
        master.write(ident, table.GOAL_POSITION, 3000, 4)
    master.wait(1900)
    assert master.read(3, table.HARDWARE_ERROR, 1) == 0
    master.wait(300)
    assert master.read(3, table.HARDWARE_ERROR, 1) == 32
    assert master.read(4, table.HARDWARE_ERROR, 1) == 0


def test_damaged_answers_are_damaged(master):
    master.bus.garbage = 1.0
    parser = wire.Parser()
    answer = master.bus.receive(wire.packet(3, wire.PING), master.now)
    assert len(answer) == len(wire.status(3, 0, b"123"))
    assert list(parser.feed(answer)) == []
