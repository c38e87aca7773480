# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of the hand's firmware, and update files (`.epfw`): what firmware/app/image.h lays down.

An update file is the image linked for slot A, then the one for slot B, of the same program: the
hand runs one slot and takes what belongs to the other. The firmware's build writes them
(firmware/image.py, which needs no compiled core: hence the CRC here); `endplate hand update` reads
them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from endplate.errors import HandError

MAGIC = b"EPFW"
FORMAT = 1
HEADER = 512
SIGNATURE = 64  # stands from here
SIGNED_ON = 128  # to here
KEY_ID = 8
ROOM = 0x30000  # of a slot, header and all
SLOTS = "AB"


def _table() -> list[int]:
    rows = []
    for row in range(256):
        for _ in range(8):
            row = (row >> 1) ^ (0x82F63B78 if row & 1 else 0)
        rows.append(row)
    return rows


_CRC = _table()


def crc32c(data: bytes) -> int:
    """CRC-32C, as the wire's."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _CRC[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


@dataclass(frozen=True)
class Image:
    """One image: header and program."""

    data: bytes
    slot: int
    version: tuple[int, int, int]
    hand_hash: int  # 0: any hand
    key: bytes  # first bytes of the public key

    @property
    def words(self) -> str:
        """Its version for a person."""
        return ".".join(map(str, self.version))


def make(
    program: bytes,
    slot: int,
    version: tuple[int, int, int],
    hand_hash: int,
    key: bytes = bytes(KEY_ID),
    sign: Callable[[bytes], bytes] = lambda _message: bytes(64),
) -> bytes:
    """An image. `sign` gives the Ed25519 signature of a message; without, nobody signed it."""
    program += b"\xff" * (-len(program) % 4)
    front = struct.pack(
        "<BBxx3Bx2I8s32x", FORMAT, slot, *version, hand_hash, len(program), key[:KEY_ID]
    )
    rest = bytes(HEADER - SIGNED_ON) + program
    front = MAGIC + struct.pack("<I", crc32c(front + rest)) + front
    return front + sign(front + rest) + rest


def _read_one(data: bytes, at: int, name: str) -> Image:
    if data[at : at + 4] != MAGIC:
        raise HandError(f"{name} is no firmware for a hand: make it with `make firmware`.")
    if len(data) < at + HEADER:
        raise HandError(f"{name} ends in the middle of an image: fetch or copy it again.")
    crc, form, slot, *version, hand_hash, size, key = struct.unpack_from(
        "<4xIBBxx3Bx2I8s", data, at
    )
    if form != FORMAT:
        raise HandError(
            f"{name} has images of format {form}, this Endplate reads {FORMAT}: take the update "
            "that belongs to this version."
        )
    end = at + HEADER + size
    if len(data) < end:
        raise HandError(f"{name} ends in the middle of an image: fetch or copy it again.")
    if slot not in (0, 1) or size == 0 or size % 4 or HEADER + size > ROOM:
        raise HandError(f"{name} has an image that fits no slot of a hand: fetch or copy it again.")
    image = data[at:end]
    if crc32c(image[8:SIGNATURE] + image[SIGNED_ON:]) != crc:
        raise HandError(f"{name} is damaged, its checksum does not fit: fetch or copy it again.")
    return Image(image, slot, (version[0], version[1], version[2]), hand_hash, key)


def read(path: str | Path) -> list[Image]:
    """The images of an update file, checked but for their signature. Raises HandError."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise HandError(
            f"{path} cannot be read ({error.strerror or error}): copy it again, or name another."
        ) from None
    images: list[Image] = []
    name, at = Path(path).name, 0
    while at < len(data) or not images:
        images.append(_read_one(data, at, name))
        at += len(images[-1].data)
    if sorted(image.slot for image in images) != [0, 1]:
        raise HandError(
            f"{name} has not one image for each slot of a hand: fetch or copy it again."
        )
    if len({(image.version, image.hand_hash, image.key) for image in images}) != 1:
        raise HandError(f"{name} has two images that are not of one firmware: fetch it again.")
    return images
