# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets of DYNAMIXEL Protocol 2.0, the slave's side: bytes in, instructions out, status back.

    FF FF FD 00  id  length u16  instruction  parameters  crc u16          little-endian

`length` counts from the instruction to the CRC. An FF FF FD inside is stuffed with one more FD. The
CRC is CRC-16, polynomial 0x8005, start 0, not reflected, over everything before it.
"""

from __future__ import annotations

from collections.abc import Iterator

HEADER = b"\xff\xff\xfd\x00"
STUFF, STUFFED = b"\xff\xff\xfd", b"\xff\xff\xfd\xfd"
BROADCAST = 0xFE
LONGEST = 1024  # bytes of one packet, as ROBOTIS's own client has it
PING, READ, WRITE, REBOOT, STATUS = 0x01, 0x02, 0x03, 0x08, 0x55
SYNC_READ, SYNC_WRITE = 0x82, 0x83


def _table() -> tuple[int, ...]:
    rows = []
    for byte in range(256):
        crc = byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x8005 if crc & 0x8000 else crc << 1) & 0xFFFF
        rows.append(crc)
    return tuple(rows)


_TABLE = _table()


def crc16(data: bytes | bytearray) -> int:
    """CRC of a whole packet but its last two bytes."""
    crc, table = 0, _TABLE
    for byte in data:
        crc = (crc << 8 & 0xFFFF) ^ table[crc >> 8 ^ byte]
    return crc


def packet(ident: int, instruction: int, parameters: bytes = b"") -> bytes:
    """One packet of any kind, stuffed and closed by its CRC."""
    body = bytes((instruction,)) + parameters
    if STUFF in body:
        body = body.replace(STUFF, STUFFED)
    head = HEADER + bytes((ident,)) + (len(body) + 2).to_bytes(2, "little") + body
    return head + crc16(head).to_bytes(2, "little")


def status(ident: int, error: int, parameters: bytes = b"") -> bytes:
    """A servo's answer."""
    return packet(ident, STATUS, bytes((error,)) + parameters)


class Parser:
    """Collects bytes; yields (id, instruction, parameters). What is wrong is counted and skipped.

    After a damaged packet the search for a header goes on one byte behind the damaged one's own, so
    that a whole packet inside garbage is not lost.
    """

    def __init__(self) -> None:
        """Nothing heard yet."""
        self._buffer = bytearray()
        self.bad_crc = self.bad_length = self.skipped = 0

    def clear(self) -> None:
        """Forgets half a packet: the line was silent for too long."""
        self._buffer.clear()

    @property
    def waiting(self) -> bool:
        """Half a packet is there."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Takes bytes in pieces of any size."""
        buffer = self._buffer
        buffer += data
        while True:
            start = buffer.find(HEADER)
            if start < 0:
                keep = min(len(buffer), len(HEADER) - 1)
                self.skipped += len(buffer) - keep
                del buffer[: len(buffer) - keep]
                return
            if start:
                self.skipped += start
                del buffer[:start]
            if len(buffer) < 7:
                return
            total = 7 + (buffer[5] | buffer[6] << 8)
            if not 10 <= total <= LONGEST:
                self.bad_length += 1
                del buffer[0]
                continue
            if len(buffer) < total:
                return
            if crc16(buffer[: total - 2]) != buffer[total - 2] | buffer[total - 1] << 8:
                self.bad_crc += 1
                del buffer[0]
                continue
            ident, body = buffer[4], bytes(buffer[7 : total - 2])
            del buffer[:total]
            if STUFFED in body:
                body = body.replace(STUFFED, STUFF)
            yield ident, body[0], body[1:]
