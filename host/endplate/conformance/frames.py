# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames that no honest host would send: a good frame, changed and given a right CRC again."""

from __future__ import annotations

import random

from endplate import core

_LONGEST = 256
_HEADER, _CRC = 8, 4  # bytes before and after the payload, SPEC.md
#: Offsets in the payload of COMMAND, SPEC.md.
MODE, GRIP, TARGET = 0, 2, 12


def changed(frame: bytes, offset: int, value: bytes) -> bytes:
    """The frame with `value` at this offset of its payload, delimited and with its own CRC."""
    return _rewritten(frame, _HEADER + offset, value)


def damaged(frame: bytes) -> bytes:
    """The frame with one byte of its middle changed, its CRC as it was: no 00 comes or goes."""
    at = len(frame) // 2
    return frame[:at] + bytes([frame[at] ^ 1 or 2]) + frame[at + 1 :]


def with_version(frame: bytes, version: int) -> bytes:
    """The frame as another version of the wire would send it."""
    return _rewritten(frame, 0, bytes([version << 4]))


def _rewritten(frame: bytes, at: int, value: bytes) -> bytes:
    body = bytearray(_cobs(core.lib.wire_cobs_decode, frame[:-1]))
    body[at : at + len(value)] = value
    crc = core.lib.wire_crc32c(0, bytes(body[:-_CRC]), len(body) - _CRC)
    body[-_CRC:] = crc.to_bytes(_CRC, "little")
    return _cobs(core.lib.wire_cobs_encode, bytes(body)) + b"\0"


def _cobs(turn: object, data: bytes) -> bytes:
    out = core.ffi.new("uint8_t[]", _LONGEST)
    n = core.check(turn(data, len(data), out, _LONGEST), "A crafted frame")  # type: ignore[operator]
    return bytes(core.ffi.buffer(out, n))


def garbage(n: int, seed: int) -> bytes:
    """Random bytes, the same for the same seed."""
    return random.Random(seed).randbytes(n)
