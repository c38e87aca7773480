# SPDX-License-Identifier: GPL-3.0-or-later
"""The firmware's own motor bus packets against ROBOTIS's client as the oracle."""

from __future__ import annotations

import ctypes
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from endplate.sim.servo_packets import packet

APP = Path(__file__).resolve().parents[2] / "firmware" / "app"
ROOM, MOST = 112, 64  # DXL_MAX_PACKET, DXL_MAX_PARAMETERS


class Status(ctypes.Structure):
    _fields_ = [
        ("id", ctypes.c_uint8),
        ("error", ctypes.c_uint8),
        ("length", ctypes.c_int32),
        ("parameters", ctypes.c_uint8 * MOST),
    ]


class Parser(ctypes.Structure):
    _fields_ = [
        ("bytes", ctypes.c_uint8 * ROOM),
        ("fill", ctypes.c_int32),
        ("bad_crc", ctypes.c_uint32),
        ("bad_length", ctypes.c_uint32),
        ("skipped", ctypes.c_uint32),
    ]


@pytest.fixture(scope="module")
def dxl(tmp_path_factory):
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    out = tmp_path_factory.mktemp("dxl") / "dxl.so"
    subprocess.run(
        ["gcc", "-std=c11", "-O2", "-shared", "-fPIC", str(APP / "dxl.c"), "-o", str(out)],
        check=True,
    )
    return ctypes.CDLL(str(out))


def made(dxl, ident: int, instruction: int, parameters: bytes) -> bytes:
    out = (ctypes.c_uint8 * ROOM)()
    n = dxl.dxl_packet(ident, instruction, parameters, len(parameters), out, ROOM)
    assert n > 0
    return bytes(out[:n])


def feed(dxl, parser: Parser, data: bytes, step: int = 1) -> list[tuple[int, int, bytes]]:
    got, used, status = [], ctypes.c_int32(), Status()
    for at in range(0, len(data), step):
        part = data[at : at + step]
        while part:
            if dxl.dxl_feed(
                ctypes.byref(parser), part, len(part), ctypes.byref(used), ctypes.byref(status)
            ):
                got.append((status.id, status.error, bytes(status.parameters[: status.length])))
            part = part[used.value :]
    return got


def rich(rng: random.Random, most: int) -> bytes:
    """Random bytes in which what needs stuffing is common."""
    parts = [b"\xff", b"\xff\xff\xfd", b"\xfd", b"\xff\xff\xfd\xfd", bytes([rng.randrange(256)])]
    return b"".join(rng.choice(parts) for _ in range(rng.randrange(24)))[:most]


def test_packets_are_the_ones_robotis_makes(dxl):
    sdk = pytest.importorskip("dynamixel_sdk.protocol2_packet_handler")
    handler = sdk.Protocol2PacketHandler()

    class Port:
        is_using = False
        sent = b""

        def clearPort(self):
            pass

        def writePort(self, packet):
            self.sent = bytes(packet)
            return len(packet)

    rng = random.Random(1)
    for _ in range(300):
        parameters = rng.randbytes(rng.randrange(40))  # the client in Python does not stuff
        ident, instruction = rng.randrange(253), rng.choice([1, 2, 3, 0x82, 0x83])
        frame = [0] * (10 + len(parameters))
        frame[4], frame[7] = ident, instruction
        frame[5:7] = (len(parameters) + 3).to_bytes(2, "little")
        frame[8 : 8 + len(parameters)] = list(parameters)
        port = Port()
        handler.txPacket(port, frame)
        assert made(dxl, ident, instruction, parameters) == port.sent


def test_stuffing_is_the_one_the_simulated_servos_undo(dxl):
    rng = random.Random(4)
    for _ in range(300):
        parameters = rich(rng, 40)
        assert made(dxl, 9, 3, parameters) == packet(9, 3, parameters)


def test_every_status_survives_stuffing_garbage_and_any_portions(dxl):
    rng = random.Random(2)
    for step in (1, 2, 7, 64):
        parser, line, sent = Parser(), b"", []
        for _ in range(200):
            ident, error, parameters = rng.randrange(253), rng.randrange(256), rich(rng, 40)
            if (bytes([error]) + parameters).startswith(b"\xff\xff\xfd"):
                continue
            sent.append((ident, error, parameters))
            line += made(dxl, ident, 0x55, bytes([error]) + parameters)
            line += rng.choice([b"", b"\x00", b"\xff\xff", b"\xff\xff\xfd\x01", b"\x12\x34"])
        assert feed(dxl, parser, line, step) == sent
        assert parser.bad_crc == 0


def test_damage_never_passes_and_costs_at_most_its_neighbour(dxl):
    rng = random.Random(3)
    good = made(dxl, 5, 0x55, bytes([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]))
    kept = 0
    for _ in range(2000):
        damaged = bytearray(good)
        damaged[rng.randrange(len(good))] ^= 1 << rng.randrange(8)
        got = feed(dxl, Parser(), bytes(damaged) + good * 12)
        assert set(got) == {(5, 0, bytes(range(1, 11)))}
        kept += len(got) == 12
    assert kept > 1800, "most damage costs its own packet only"


def test_what_does_not_fit_is_refused(dxl):
    out = (ctypes.c_uint8 * ROOM)()
    for n in (-1, 103, 200):
        assert dxl.dxl_packet(1, 3, bytes(max(n, 0)), n, out, ROOM) == -1
    full = b"\xff\xff\xfd" * 21
    assert dxl.dxl_packet(1, 3, full, len(full), out, ROOM) == len(full) + 10 + 21
    assert dxl.dxl_packet(1, 3, full, len(full), out, len(full) + 10 + 20) == -1
