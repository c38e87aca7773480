# SPDX-License-Identifier: GPL-3.0-or-later
"""Update files and boot journals for tests, signed with the key of this build tree."""

from __future__ import annotations

import struct
from pathlib import Path

import google_crc32c
import pytest

from endplate import hand_image
from endplate.hardware import load_hand

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "firmware" / "build"
HAND = load_hand("test-hand").hash32
PROGRAM = bytes(range(256)) * 2
FORMAT = 0x544F4F42  # boot.c
RECORD_WORDS = 64  # store.h


def signer():
    """The private key of this build; skips when it has none, or no curve to check with."""
    keys = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    if not (ROOT / ".venv" / "monocypher" / "monocypher.c").exists():
        pytest.skip("Monocypher is not there: make monocypher")
    return keys.load_pem_private_key((BUILD / "update.pem").read_bytes(), password=None)


def image(slot: int, version=(0, 2, 0), hand: int = HAND, key=None, named=None) -> bytes:
    """One image, signed with `key`; `named` is the key that its header names."""
    key = key or signer()
    public = (named or key).public_key().public_bytes_raw()
    return hand_image.make(PROGRAM, slot, version, hand, public, key.sign)


def update_file(path: Path, version=(0, 2, 0), **more) -> Path:
    path.write_bytes(image(0, version, **more) + image(1, version, **more))
    return path


def journal(confirmed: int, trial: int = -1, tries: int = 0) -> bytes:
    """A sector of the boot journal with one record."""
    words = [0x50415245, 1, FORMAT, 4, confirmed, trial & 0xFFFFFFFF, tries, 0xFFFFFFFF]
    body = struct.pack("<8I", *words).ljust(4 * (RECORD_WORDS - 2), b"\xff")
    crc = google_crc32c.value(body)
    return (body + struct.pack("<2I", crc, 0)).ljust(16384, b"\xff")
