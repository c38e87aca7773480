# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot loader of the STM32F405 in QEMU: which slot it begins. The emulator ignores all writing
to flash, so what stands there is loaded before the start, and nothing that follows from a write is
shown (counting a start, confirming, an update): test_update.py here and in core do that."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest

from endplate import hand_image
from endplate.core import lib
from endplate.sim import firmware

from .builds import built
from .test_update import blob
from .updating import BUILD, journal, signer
from .wire_host import connected

SLOT = (0x08010000, 0x08040000)  # flash_f405.h
JOURNAL = 0x08004000
KEPT = 0x2001FFC0  # f405.ld


@pytest.fixture(scope="module")
def images(arm_tools) -> list[hand_image.Image]:
    built("f405")
    signer()
    return hand_image.read(BUILD / "f405" / "endplate-hand.epfw")


def patched(elf: bytes, address: int, data: bytes) -> bytes:
    """The program with other bytes in its flash."""
    first, size, count = struct.unpack_from("<28xI10xHH", elf)
    for header in range(first, first + count * size, size):
        kind, offset, _, physical, length = struct.unpack_from("<5I", elf, header)
        if kind == 1 and physical <= address < physical + length:
            at = offset + address - physical
            return elf[:at] + data + elf[at + len(data) :]
    raise ValueError(f"nothing is loaded at {address:#x}")


@pytest.fixture
def begun(bus, tmp_path, images):
    """What BLOB_GET says of the image that starts, with this in slot B, and what in place of slot A
    and of the journal."""

    def starting(b: bytes, kept: bytes = b"", a: bytes = b""):
        elf = (BUILD / "f405" / "endplate-hand.elf").read_bytes()
        (tmp_path / "hand.elf").write_bytes(patched(patched(elf, JOURNAL, kept), SLOT[0], a))
        (tmp_path / "b").write_bytes(b)
        with (
            firmware.start(
                "f405", bus.port, tmp_path, program=tmp_path / "hand.elf",
                loaded=[(tmp_path / "b", SLOT[1])],
            ) as running,
            connected(running.port) as host,
        ):  # fmt: skip
            assert host.hello().fields["accepted"] == 1
            return blob(host, "BLOB_GET", hash=0)

    return starting


def damaged(image: hand_image.Image) -> bytes:
    at = hand_image.HEADER + 1000
    return image.data[:at] + bytes([image.data[at] ^ 1]) + image.data[at + 1 :]


def test_slot_a_when_no_journal_says_otherwise(begun, images):
    a, b = images
    told = begun(b.data)
    assert (told["slot"], told["size"], told["hash"]) == (0, len(a.data), hand_image.crc32c(a.data))
    assert (told["status"], told["room"]) == (lib.WIRE_BLOB_OK, hand_image.ROOM)


def test_slot_b_when_the_journal_has_it_confirmed(begun, images):
    told = begun(images[1].data, journal(1))
    assert (told["slot"], told["hash"]) == (1, hand_image.crc32c(images[1].data))


def test_slot_a_when_b_is_damaged_and_b_when_a_is(begun, images):
    assert begun(damaged(images[1]), journal(1))["slot"] == 0
    assert begun(images[1].data, a=damaged(images[0])[:2000])["slot"] == 1


def test_trial_whose_start_cannot_be_counted_is_not_begun(begun, images):
    assert begun(images[1].data, journal(0, trial=1))["slot"] == 0


def test_image_linked_for_the_other_slot_is_none(begun, images):
    assert begun(images[0].data, journal(1))["slot"] == 0  # whole, but it would not run there


def test_both_links_are_one_program(images):
    a, b = images
    assert (a.version, a.hand_hash, len(a.data)) == (b.version, b.hand_hash, len(b.data))
    for image in images:
        first = Path(BUILD / "f405" / ("endplate-hand.bin", "endplate-hand-b.bin")[image.slot])
        assert image.data[hand_image.HEADER :] == first.read_bytes()
        entry = int.from_bytes(image.data[hand_image.HEADER + 4 :][:4], "little")
        assert SLOT[image.slot] <= entry < SLOT[image.slot] + hand_image.ROOM


def test_estop_is_kept_at_one_address_in_both_images(images):
    for name in ("endplate-hand.elf", "endplate-hand-b.elf"):
        told = subprocess.run(
            ["arm-none-eabi-objdump", "-h", str(BUILD / "f405" / name)],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        kept = next(line.split() for line in told.splitlines() if " .noinit " in line)
        assert int(kept[3], 16) == KEPT and int(kept[2], 16) >= 12
    boot = ["arm-none-eabi-objdump", "-h", str(BUILD / "f405" / "boot.elf")]
    told = subprocess.run(boot, check=True, capture_output=True, text=True).stdout
    assert not any(" .noinit " in line and int(line.split()[2], 16) for line in told.splitlines())
