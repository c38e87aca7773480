# SPDX-License-Identifier: GPL-3.0-or-later
"""Uploads: what comes into force, what is kept, and everything that must be refused."""

from __future__ import annotations

import re
import struct
from contextlib import contextmanager
from pathlib import Path

import pytest

from endplate.core import lib
from endplate.live import hand_blobs
from endplate.live.hand_blobs import CALIBRATION, DECODER, GRIPS
from endplate.sim import firmware

from . import params_asking
from .blobs_asking import (
    CHUNK,
    HAND,
    NOT_DISARMED,
    OK,
    UNKNOWN,
    ask,
    changed,
    get,
    kinds,
    send_all,
    upload,
)
from .chain_case import UV_PER_COUNT, settings
from .params_asking import at_rest, set_named
from .wire_host import connected

POWER_GONE = 3
BLOBS = kinds()


@pytest.fixture
def life(pc_firmware, bus, tmp_path):
    """One life of the hand, from power to power."""

    @contextmanager
    def living(cut: int = 0, flash: bool = True):
        path = tmp_path / "flash" if flash else None
        with (
            firmware.start("pc", bus.port, tmp_path, flash=path, power_cut=cut) as running,
            connected(running.port) as host,
        ):
            host.hand = running
            yield at_rest(host)

    return living


@pytest.fixture
def host(life):
    with life() as talking:
        yield talking


def test_a_decoder_comes_into_force_and_is_kept(life):
    with life() as host:
        assert host.info["decoder_hash"] == 0 and get(host, DECODER)["size"] == 0
        for kind in (CALIBRATION, DECODER, GRIPS):
            said = upload(host, kind, BLOBS[kind])
            assert (said["status"], said["size"]) == (OK, len(BLOBS[kind]))
            assert said["hash"] == hand_blobs.crc(BLOBS[kind])
        result = struct.unpack_from("<I", BLOBS[DECODER], 16)[0]
        assert get(host, DECODER)["result"] == result != 0
        assert host.hello().fields["decoder_hash"] == hand_blobs.crc(BLOBS[DECODER])
    with life() as host:
        assert host.info["decoder_hash"] == hand_blobs.crc(BLOBS[DECODER])
        assert get(host, DECODER)["result"] == result, "the test vector, again at boot"
        before = get(host, DECODER)["slot"]
        again = ask(host, "BLOB_COMMIT", DECODER, hash=hand_blobs.crc(BLOBS[DECODER]))
        assert again["status"] == OK
        assert get(host, DECODER)["slot"] == before, "it is kept: nothing is written"
        other = kinds(0)
        assert upload(host, CALIBRATION, other[CALIBRATION])["status"] == OK
        assert get(host, DECODER)["size"] == 0, "a decoder of another calibration decodes nothing"
        assert host.hello().fields["decoder_hash"] == 0
        assert upload(host, DECODER, BLOBS[DECODER])["status"] == lib.WIRE_BLOB_CONTRADICTS
        assert upload(host, DECODER, other[DECODER])["status"] == OK


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_power_that_goes_in_a_commit_leaves_the_old_or_the_new(life, share):
    other = kinds(0)
    with life() as host:
        for kind in (CALIBRATION, DECODER):
            assert upload(host, kind, other[kind])["status"] == OK
    old = hand_blobs.crc(other[CALIBRATION])
    total = 9 + len(BLOBS[CALIBRATION]) // 4 + 1  # an erasure comes first
    cut = 1 + round(share * (total - 1))
    with life(cut) as host:
        send_all(host, CALIBRATION, BLOBS[CALIBRATION])
        host.send("BLOB_COMMIT", {"kind": CALIBRATION, "hash": hand_blobs.crc(BLOBS[CALIBRATION])})
        assert host.hand.process.wait(3) == POWER_GONE
    with life() as host:
        assert get(host, CALIBRATION)["hash"] == old
        assert host.info["decoder_hash"] == hand_blobs.crc(other[DECODER])
        assert upload(host, CALIBRATION, BLOBS[CALIBRATION])["status"] == OK
        assert upload(host, DECODER, BLOBS[DECODER])["status"] == OK
    with life() as host:
        assert host.info["decoder_hash"] == hand_blobs.crc(BLOBS[DECODER])


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
        said = upload(host, CALIBRATION, BLOBS[CALIBRATION])
        assert (said["status"], said["size"]) == (lib.WIRE_BLOB_NOT_KEPT, 0)


def test_other_grips_are_in_force_at_once(life):
    few = HAND.__class__(**{**HAND.__dict__, "grips": HAND.grips[:4]})
    blob = hand_blobs.grips_blob(few, HAND.hash32)
    with life() as host:
        assert set_named(host, "rest_grip", 4)["status"] == params_asking.OK
        assert upload(host, GRIPS, blob)["status"] == lib.WIRE_BLOB_CONTRADICTS
        assert set_named(host, "rest_grip", 3)["status"] == params_asking.OK
        assert upload(host, GRIPS, blob)["status"] == OK
        told = host.hello().fields
        assert (told["grips"], told["hand_hash"]) == (4, HAND.hash32)
        assert params_asking.index_of(host, "rest_grip")["high"] == 3
        host.activate()
        before = host.counters()["bad_value"]
        host.command(0.1, grip=3)
        host.command(0.1, grip=4)
        assert host.counters()["bad_value"] == before + 1
    with life() as host:
        assert host.info["grips"] == 4


# ---- what is refused ----


def judged(host, kind: int, data: bytes) -> dict:
    """The verdict on a COMMIT; what was in force is still."""
    before = {k: (get(host, k)["size"], get(host, k)["hash"]) for k in (1, 2, 3)}
    said = upload(host, kind, data)
    assert {k: (get(host, k)["size"], get(host, k)["hash"]) for k in (1, 2, 3)} == before
    return said


def test_the_form_of_a_blob_is_looked_at(host):
    assert upload(host, CALIBRATION, BLOBS[CALIBRATION])["status"] == OK
    assert upload(host, DECODER, BLOBS[DECODER])["status"] == OK
    decoder = BLOBS[DECODER]
    cases = {
        "another kind": (BLOBS[CALIBRATION], lib.WIRE_BLOB_WRONG_FORMAT),
        "another version": (changed(decoder, 4, b"\2"), lib.WIRE_BLOB_WRONG_FORMAT),
        "another hand": (changed(decoder, 8, b"abcd"), lib.WIRE_BLOB_OTHER_HAND),
        "another calibration": (changed(decoder, 12, b"abcd"), lib.WIRE_BLOB_CONTRADICTS),
        "other bits": (changed(decoder, 16, b"abcd"), lib.WIRE_BLOB_OTHER_BITS),
        "cut short": (decoder[:-4], lib.WIRE_BLOB_WRONG_SIZE),
        "cut to nothing": (decoder[:1], lib.WIRE_BLOB_WRONG_SIZE),
        "a word more": (decoder + b"\0" * 4, lib.WIRE_BLOB_WRONG_SIZE),
    }
    for what, (data, verdict) in cases.items():
        assert judged(host, DECODER, data)["status"] == verdict, what


def test_uploads_out_of_order_are_refused(host):
    data, full = BLOBS[CALIBRATION], hand_blobs.crc(BLOBS[CALIBRATION])
    part = list(data[:CHUNK])
    chunk = {"offset": 0, "count": CHUNK, "bytes": part}
    assert ask(host, "BLOB_CHUNK", CALIBRATION, **chunk)["status"] == lib.WIRE_BLOB_NOT_BEGUN
    assert ask(host, "BLOB_COMMIT", CALIBRATION, hash=1)["status"] == lib.WIRE_BLOB_NOT_BEGUN
    room = get(host, CALIBRATION)["room"]
    for size in (0, room + 1, 0xFFFFFFFF):
        said = ask(host, "BLOB_BEGIN", CALIBRATION, size=size, hash=1)
        assert (said["status"], said["room"]) == (lib.WIRE_BLOB_WRONG_SIZE, room)
    said = ask(host, "BLOB_BEGIN", lib.WIRE_BLOB_FIRMWARE, size=4, hash=1)
    assert said["status"] in (UNKNOWN, lib.WIRE_BLOB_WRONG_SIZE), "can it check signatures?"
    begin = {"size": len(data), "hash": full}
    assert ask(host, "BLOB_BEGIN", CALIBRATION, **begin)["status"] == OK
    later = chunk | {"offset": 1}
    assert ask(host, "BLOB_CHUNK", CALIBRATION, **later)["status"] == lib.WIRE_BLOB_WRONG_OFFSET
    assert ask(host, "BLOB_CHUNK", DECODER, **chunk)["status"] == lib.WIRE_BLOB_NOT_BEGUN
    for _ in range(2):  # asked twice
        said = ask(host, "BLOB_CHUNK", CALIBRATION, **chunk)
        assert (said["status"], said["received"]) == (OK, CHUNK)
    assert ask(host, "BLOB_BEGIN", CALIBRATION, **begin)["received"] == CHUNK, "asked twice, late"
    assert ask(host, "BLOB_COMMIT", CALIBRATION, hash=full)["status"] == lib.WIRE_BLOB_WRONG_SIZE
    send_all_but_one_byte(host, data, full)


def send_all_but_one_byte(host, data: bytes, full: int) -> None:
    """What came is not what was announced."""
    for at in range(CHUNK, len(data), CHUNK):
        piece = data[at : at + CHUNK]
        piece = changed(piece, 0, bytes([piece[0] ^ 1]))
        rest = list(piece.ljust(CHUNK, b"\0"))
        said = ask(host, "BLOB_CHUNK", CALIBRATION, offset=at, count=len(piece), bytes=rest)
        assert said["status"] == OK
    over = ask(host, "BLOB_CHUNK", CALIBRATION, offset=len(data), count=1, bytes=[0] * CHUNK)
    assert over["status"] == lib.WIRE_BLOB_WRONG_SIZE
    assert ask(host, "BLOB_COMMIT", CALIBRATION, hash=full)["status"] == lib.WIRE_BLOB_WRONG_HASH


def test_an_armed_hand_takes_nothing_and_arming_ends_an_upload(host):
    send_all(host, CALIBRATION, BLOBS[CALIBRATION])
    host.compare_clocks()
    host.activate()
    full = hand_blobs.crc(BLOBS[CALIBRATION])
    host.drive(0.0, seconds=0.1)
    for msg, fields in (
        ("BLOB_BEGIN", {"size": 4, "hash": 1}),
        ("BLOB_CHUNK", {"offset": 0, "count": 1, "bytes": [0] * CHUNK}),
        ("BLOB_COMMIT", {"hash": full}),
    ):
        assert ask(host, msg, CALIBRATION, **fields)["status"] == NOT_DISARMED, msg
        host.drive(0.0, seconds=0.04)
    assert get(host, CALIBRATION)["status"] == OK
    host.send("DISARM", {"reason": 0})
    host.until_state("disarmed")
    said = ask(host, "BLOB_COMMIT", CALIBRATION, hash=full)
    assert (said["status"], said["size"]) == (lib.WIRE_BLOB_NOT_BEGUN, 0)


OF_ANOTHER_HAND, OF_OTHER_BITS = 8, 16  # where a blob says whose it is and what it computes


def kept_otherwise(flash: Path, kind: int, what: int) -> None:
    """What a hand file, or a firmware, that has changed since makes of the blob that is kept: all
    sums fit."""
    data, blob = bytearray(flash.read_bytes()), BLOBS[kind]
    at = data.find(blob)  # the first slot is the newest, after three uploads
    other = changed(blob, what, b"abcd")
    data[at : at + len(blob)] = other
    begin = data.rfind(b"SLOT", 0, at)
    table = list(struct.unpack_from("<6I", data, begin + 12))
    table[2 * kind - 1] = hand_blobs.crc(other)
    struct.pack_into("<6I", data, begin + 12, *table)
    end = begin + 36 + sum(size + 3 & ~3 for size in table[::2])
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


# ---- no calibration undoes what keeps a bad electrode from moving the hand ----


@pytest.mark.parametrize(
    "field, least_or_most, past",
    [("frame_samples", 27, 28), ("thaw_hops", 25, 24), ("thaw_hops", 25, 0),
     ("full_scale_uv", 8.399e6 * UV_PER_COUNT, 8.401e6 * UV_PER_COUNT)],
)  # fmt: skip
def test_a_bad_site_is_found_in_time_and_believed_again_late(host, field, least_or_most, past):
    number = 1 + [f.name for f in hand_blobs.FIELDS[CALIBRATION]].index(field)
    at = next(at for n, _, at in offsets(CALIBRATION) if n == number)
    form = {"u32": "<I", "f32": "<f"}[hand_blobs.FIELDS[CALIBRATION][number - 1].type]
    good = changed(BLOBS[CALIBRATION], at, struct.pack(form, least_or_most))
    assert upload(host, CALIBRATION, good)["status"] == OK
    said = judged(host, CALIBRATION, changed(BLOBS[CALIBRATION], at, struct.pack(form, past)))
    assert (said["status"], said["field"]) == (lib.WIRE_BLOB_WRONG_VALUE, number)


def test_a_dof_needs_every_site_that_has_a_weight_in_it(host):
    own = settings(1)
    own["needs"][2] &= ~(1 << 5)
    calibration = hand_blobs.calibration_blob(own, HAND.hash32)
    assert upload(host, CALIBRATION, calibration)["status"] == OK
    said = judged(host, DECODER, hand_blobs.decoder_blob(own, HAND.hash32, calibration))
    told = (said["status"], said["field"], said["index"])
    assert told == (lib.WIRE_BLOB_WRONG_VALUE, 5, 2 * 8 + 5)


# ---- every field, at its ends and past them ----


def test_the_fields_are_those_of_the_document(root):
    spec = (root / "protocol" / "SPEC.md").read_text()
    for kind, name in ((DECODER, "decoder"), (CALIBRATION, "calibration"), (GRIPS, "grips")):
        table = spec.split(f"<!-- blob: {name} -->")[1].split("\n\n")[0]
        rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in table.splitlines()[3:]]
        assert [int(row[0]) for row in rows] == list(range(1, len(rows) + 1))
        for row, field in zip(rows, hand_blobs.FIELDS[kind], strict=True):
            assert row[1] == field.name
            assert row[2].split("[")[0] == {"name": "u8"}.get(field.type, field.type)
            ends = re.match(r"([-\d.]+)\.\.([-\d.]+)", row[3])
            if ends and not field.allowed.startswith("as"):
                assert (float(ends[1]), float(ends[2])) == (field.low, field.high), field


def offsets(kind: int) -> list[tuple[int, int, int]]:
    """(field number, index, offset in BLOBS[kind]) of every value."""
    sites, dofs, joints, grips = 8, 4, len(HAND.joints), len(HAND.grips)
    calibration = {"needs": dofs, "rest": sites, "reference": sites, "floor": sites}
    sections = struct.unpack_from("<I", BLOBS[CALIBRATION], 12 + 4 * (14 + 4 + 24 + 24))[0]
    for number in range(19, 25):
        calibration[hand_blobs.FIELDS[CALIBRATION][number - 1].name] = dofs
    calibration["band"] = 5 * sections
    notches = (len(BLOBS[CALIBRATION]) - 12 - 4 * (14 + 4 + 24 + 24 + 2 + 5 * sections)) // 20
    calibration["notch"] = 5 * notches
    by_joint = dict.fromkeys(("open_deg", "closed_deg", "start", "stop"), grips * joints)
    counts = {
        DECODER: {"weight": dofs * sites, "bias": dofs},
        CALIBRATION: calibration,
        GRIPS: {"name": grips, "close_s": grips, "force_cap": grips, **by_joint},
    }[kind]
    found, at = [], 12
    for number, field in enumerate(hand_blobs.FIELDS[kind], 1):
        for index in range(counts.get(field.name, 1)):
            found.append((number, index, at))
            at += 16 if field.type == "name" else 4
    assert at == len(BLOBS[kind])
    return found


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", [DECODER, CALIBRATION, GRIPS])
def test_every_value_out_of_its_range_is_told_by_field_and_index(host, kind):
    if kind == DECODER:
        assert upload(host, CALIBRATION, BLOBS[CALIBRATION])["status"] == OK
    seen = set()
    for number, index, at in offsets(kind):
        field = hand_blobs.FIELDS[kind][number - 1]
        if (number, min(index, 1)) in seen or field.name in ("calibration", "result"):
            continue  # the first two of every field
        seen.add((number, min(index, 1)))
        for bad in bad_values(field):
            said = judged(host, kind, changed(BLOBS[kind], at, bad))
            assert said["status"] == lib.WIRE_BLOB_WRONG_VALUE, (field, index, bad)
            # a section with another coefficient is unstable: its index is that of a1
            near = (said["field"], said["index"] // 5 if "band" == field.name else said["index"])
            wanted = (number, index // 5 if field.name == "band" else index)
            assert near == wanted or field.name in ("open_deg", "notch"), (field, said)
    assert len(seen) >= 6


def bad_values(field) -> list[bytes]:
    if field.type == "name":
        return [b"\0" * 16, b"Power" + b"\0" * 11, b"a" * 16, b"a\0b" + b"\0" * 13]
    if field.type == "u32":
        return [struct.pack("<I", 0xFFFFFFFF)] + (
            [struct.pack("<I", int(field.high) + 1)] if field.high < 0xFFFFFFFF else []
        )
    ends = [] if "limits" in field.allowed else [field.low - 1, field.high * 1.01 + 1]
    nan = [] if "limits" in field.allowed else [float("nan")]
    wide = [1e30, float("inf"), float("-inf")]
    return [struct.pack("<f", value) for value in ends + nan + wide]
