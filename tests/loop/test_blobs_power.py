# SPDX-License-Identifier: GPL-3.0-or-later
"""Uploads and the flash: power that goes at any moment, slots that are damaged or not empty, a hand
without flash, and what is kept but left out at boot. What is refused: test_blobs.py."""

from __future__ import annotations

import struct
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from endplate.core import lib
from endplate.live import hand_blobs
from endplate.live.decoder import Pool, finished, linear
from endplate.live.decoder import settings as decoder_settings
from endplate.live.hand_blobs import CALIBRATION, DECODER, GRIPS

from .blobs_asking import (
    CHUNK,
    OK,
    ask,
    changed,
    get,
    kinds,
    of_settings,
    one_life,
    send_all,
    upload,
)
from .chain_case import settings

POWER_GONE = 3
HEADER_WORDS = 12  # firmware/app/slot.h
SLOT = 65536  # bytes; flash_pc.c
BLOBS = kinds()


@pytest.fixture
def life(pc_firmware, bus, tmp_path):
    """One life of the hand, from power to power."""
    return partial(one_life, bus.port, tmp_path)


def operations(*parts: bytes) -> int:
    """Of the flash, in an upload: the erasure, the new part and the others, the header."""
    return 1 + sum(len(part) for part in parts) // 4 + HEADER_WORDS


def upload_without_power(host, kind: int, data: bytes) -> None:
    """BEGIN, CHUNKs, COMMIT, until the hand is gone. Fails when it stays."""
    with suppress(AssertionError, OSError):
        upload(host, kind, data)
    assert host.hand.process.wait(3) == POWER_GONE


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_power_that_goes_in_an_upload_leaves_the_old_or_the_new(life, share):
    other = kinds(0)
    with life() as host:
        for kind in (CALIBRATION, DECODER, GRIPS):
            assert upload(host, kind, other[kind])["status"] == OK
    old = hand_blobs.crc(other[CALIBRATION])
    total = operations(BLOBS[CALIBRATION], other[GRIPS])
    with life(1 + round(share * (total - 1))) as host:
        upload_without_power(host, CALIBRATION, BLOBS[CALIBRATION])
    with life() as host:
        assert get(host, CALIBRATION)["hash"] == old
        assert host.info["decoder_hash"] == hand_blobs.crc(other[DECODER])
        assert upload(host, CALIBRATION, BLOBS[CALIBRATION])["status"] == OK
        assert upload(host, DECODER, BLOBS[DECODER])["status"] == OK
    with life() as host:
        assert host.info["decoder_hash"] == hand_blobs.crc(BLOBS[DECODER])
        assert get(host, GRIPS)["hash"] == hand_blobs.crc(other[GRIPS])


def small(form: int) -> dict[int, bytes]:
    """Of one site, without filters: words by the dozen, so that each can be the last."""
    made = settings(form)
    pool = Pool()
    part = linear(pool, [[0.5]], [0.0])
    decoder = finished("linear", inputs=1, dofs=1, pool=pool, linear=part)
    one = {"sites": 1}
    none = one | {"sections": 0, "section": []}
    return of_settings(made | {
        **one, "place": [0], "needs": [1, 0, 0, 0], "gate": {},
        "decoder": decoder_settings(decoder), "band": none, "notch": none,
        "quality": made["quality"] | one,
        "features": made["features"] | one | {"chosen": 1, "chosen_site": [0]}
        | {name: made["features"][name][:1]
           for name in ("rest", "reference", "floor", "difference_floor")},
    })  # fmt: skip


@pytest.mark.timeout(300)
def test_power_may_go_at_every_operation_of_an_upload(life, tmp_path):
    old, new = small(0), small(1)
    with life() as host:
        for kind in (CALIBRATION, DECODER):
            assert upload(host, kind, old[kind])["status"] == OK
    before = (tmp_path / "flash").read_bytes()
    total = operations(new[CALIBRATION])
    assert total < 100, "each is two lives"
    for cut in range(1, total + 1):
        (tmp_path / "flash").write_bytes(before)
        with life(cut) as host:
            upload_without_power(host, CALIBRATION, new[CALIBRATION])
        with life() as host:
            assert get(host, CALIBRATION)["hash"] == hand_blobs.crc(old[CALIBRATION]), cut
            assert host.info["decoder_hash"] == hand_blobs.crc(old[DECODER]), cut
    (tmp_path / "flash").write_bytes(before)
    with life(total + 1) as host:  # so there was none that was not tried
        assert upload(host, CALIBRATION, new[CALIBRATION])["status"] == OK
    with life() as host:
        assert get(host, CALIBRATION)["hash"] == hand_blobs.crc(new[CALIBRATION])
        assert host.info["decoder_hash"] == 0


def test_a_damaged_slot_is_not_used(life, tmp_path):
    with life() as host:
        for kind in (CALIBRATION, DECODER):
            upload(host, kind, BLOBS[kind])
    flash = bytearray((tmp_path / "flash").read_bytes())
    weight = flash.rfind(BLOBS[DECODER]) + 40
    flash[weight] ^= 1
    (tmp_path / "flash").write_bytes(flash)
    with life() as host:
        assert host.info["decoder_hash"] == 0
        assert upload(host, DECODER, BLOBS[DECODER])["status"] == OK, "the calibration was kept"


def test_without_flash_nothing_comes_into_force(life):
    with life(flash=False) as host:
        data = BLOBS[CALIBRATION]
        begin = {"size": len(data), "hash": hand_blobs.crc(data)}
        said = ask(host, "BLOB_BEGIN", CALIBRATION, **begin)
        assert (said["status"], said["size"]) == (lib.WIRE_BLOB_NOT_KEPT, 0)
        said = ask(host, "BLOB_CHUNK", CALIBRATION, offset=0, count=4, bytes=[0] * CHUNK)
        assert (said["status"], said["received"]) == (lib.WIRE_BLOB_NOT_BEGUN, 0)
        said = ask(host, "BLOB_COMMIT", CALIBRATION, hash=begin["hash"])
        assert (said["status"], said["size"]) == (lib.WIRE_BLOB_NOT_BEGUN, 0)


def test_what_is_left_in_the_other_slot_goes_first(life, tmp_path):
    """An upload that was given up, cells that lost bits: BEGIN erases what is not empty."""
    other = kinds(0)
    with life() as host:
        assert upload(host, CALIBRATION, other[CALIBRATION])["status"] == OK
        send_all(host, GRIPS, BLOBS[GRIPS])
    flash = bytearray((tmp_path / "flash").read_bytes())
    first = flash.find(other[CALIBRATION])
    assert flash.find(BLOBS[GRIPS]) == first + SLOT, "it stands in the other slot already"
    flash[first + 2 * SLOT - 4 * HEADER_WORDS - 1] &= 0xFE  # its last byte
    (tmp_path / "flash").write_bytes(flash)
    with life() as host:
        assert get(host, CALIBRATION)["hash"] == hand_blobs.crc(other[CALIBRATION])
        assert get(host, GRIPS)["size"] == 0
        assert upload(host, DECODER, other[DECODER])["status"] == OK
    flash = (tmp_path / "flash").read_bytes()
    assert BLOBS[GRIPS] not in flash and flash[first + 2 * SLOT - 4 * HEADER_WORDS - 1] == 0xFF


# ---- what is kept, and left out at boot ----

OF_ANOTHER_HAND, OF_OTHER_BITS = 8, 16  # where a blob says whose it is and what it computes


def kept_otherwise(flash: Path, kind: int, what: int) -> None:
    """What a hand file, or a firmware, that has changed since makes of the blob that is kept: all
    sums fit."""
    data, blob = bytearray(flash.read_bytes()), BLOBS[kind]
    at = data.find(blob)  # the first slot is the newest, after three uploads
    other = changed(blob, what, b"abcd")
    data[at : at + len(blob)] = other
    begin = data.rfind(b"SLOT", 0, at)
    table = list(struct.unpack_from("<9I", data, begin + 12))  # size, hash, place of each
    assert begin + table[3 * kind - 1] == at
    table[3 * kind - 2] = hand_blobs.crc(other)
    struct.pack_into("<9I", data, begin + 12, *table)
    end = begin + 4 * HEADER_WORDS + sum(table[::3])
    covered = bytes(data[begin + 4 : begin + 8]) + bytes(data[begin + 12 : end])
    struct.pack_into("<I", data, begin + 8, hand_blobs.crc(covered))
    flash.write_bytes(data)


@pytest.mark.parametrize(
    "kind, what, words",
    [(DECODER, OF_ANOTHER_HAND, "decoder that was"), (DECODER, OF_OTHER_BITS, "decoder that was"),
     (CALIBRATION, OF_ANOTHER_HAND, "calibration that"),
     (GRIPS, OF_ANOTHER_HAND, "grips that were")],
)  # fmt: skip
def test_what_was_left_out_at_boot_is_not_in_force_and_is_told(life, tmp_path, kind, what, words):
    with life() as host:
        for each in (CALIBRATION, DECODER, GRIPS):
            assert upload(host, each, BLOBS[each])["status"] == OK
    kept_otherwise(tmp_path / "flash", kind, what)
    other = hand_blobs.crc(changed(BLOBS[kind], what, b"abcd"))
    with life() as host:
        host.quiet(0.3)
        log = [bytes(f.fields["text"]).decode() for f in host.frames if f.msg == "LOG"]
        assert sum(words in text for text in log) == 1, log
        said = get(host, kind)
        assert (said["size"], said["hash"]) == (0, 0)
        again = ask(host, "BLOB_COMMIT", kind, hash=other)
        assert again["status"] == lib.WIRE_BLOB_NOT_BEGUN, "that one is not in force"
        if kind == CALIBRATION:
            assert get(host, DECODER)["size"] == 0
            said = upload(host, DECODER, changed(BLOBS[DECODER], 12, struct.pack("<I", other)))
            assert said["status"] == lib.WIRE_BLOB_CONTRADICTS, "of a calibration left out"
        said = upload(host, kind, BLOBS[kind])
        assert (said["status"], said["hash"]) == (OK, hand_blobs.crc(BLOBS[kind]))
        if kind == CALIBRATION:
            assert upload(host, DECODER, BLOBS[DECODER])["status"] == OK
    with life() as host:
        assert all(get(host, each)["size"] == len(BLOBS[each]) for each in (1, 2, 3))
