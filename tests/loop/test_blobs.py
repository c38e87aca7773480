# SPDX-License-Identifier: GPL-3.0-or-later
"""Uploads: what comes into force, and everything that must be refused. Power cuts and what the
flash keeps: test_blobs_power.py."""

from __future__ import annotations

import re
import struct
from functools import partial

import pytest

from endplate import core
from endplate.core import lib
from endplate.live import hand_blobs
from endplate.live.hand_blobs import CALIBRATION, DECODER, GRIPS

from . import params_asking
from .blobs_asking import (
    CHUNK,
    HAND,
    NOT_DISARMED,
    OK,
    UNKNOWN,
    ask,
    changed,
    decode_mode,
    get,
    kinds,
    of_settings,
    one_life,
    send_all,
    upload,
    without_hurry,
)
from .chain_case import DECODERS, UV_PER_COUNT, recording, settings
from .params_asking import set_named
from .test_decoding import streamed

BLOBS = kinds()


@pytest.fixture
def life(pc_firmware, bus, tmp_path):
    """One life of the hand, from power to power."""
    return partial(one_life, bus.port, tmp_path)


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
            again = ask(host, "BLOB_COMMIT", kind, hash=said["hash"])
            assert (again["status"], again["received"]) == (OK, 0), "no answer came: asked again"
            chunk = ask(host, "BLOB_CHUNK", kind, offset=0, count=4, bytes=[0] * CHUNK)
            assert chunk["status"] == lib.WIRE_BLOB_NOT_BEGUN, "the upload is over"
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


# ---- decoders of every kind ----


@pytest.mark.timeout(120)
@pytest.mark.parametrize("decoder", DECODERS)
def test_a_decoder_of_every_kind_computes_the_hosts_bits(life, decoder):
    made = without_hurry(settings(1, decoder))
    blobs, counts = of_settings(made), recording(8)[:1500]
    hops = {int(hop["samples"]): hop for hop in core.Chain(made).process(counts)}
    with life() as host:
        for kind in (CALIBRATION, DECODER):
            assert upload(host, kind, blobs[kind])["status"] == OK
        decode_mode(host, 1)
        host.compare_clocks()
        heard = streamed(host, 7000, counts)
        # its numbers stand elsewhere now, and where they stood is empty
        assert upload(host, GRIPS, blobs[GRIPS])["status"] == OK
        send_all(host, GRIPS, hand_blobs.grips_blob(HAND)[:-4])
        heard += streamed(host, 9000, counts)
    with life() as host:
        said = get(host, DECODER)
        assert said["hash"] == hand_blobs.crc(blobs[DECODER]), "the test vector, again at boot"
    print(f"\n{decoder}: {len(heard)} of {2 * len(hops)} hops heard of")
    assert len(heard) > 1.9 * len(hops) and len({told["hop_hash"] for told in heard}) > 100
    for told in heard:
        hop = hops[told["sample"] - told["start"] + 1]
        assert told["hop_hash"] == hand_blobs.hop_hash(hop, 8, 4), told
        assert list(told["target"]) == hop["target"].tolist()
    assert not heard[-1]["filled"] and any(any(told["target"]) for told in heard)


def test_a_decoder_whose_work_does_not_fit_into_a_hop_is_refused(host):
    made = settings(1, "mean")
    hurried = made | {"features": made["features"] | {"hop_samples": 4}, "thaw_hops": 32}
    blobs = of_settings(hurried)
    assert upload(host, CALIBRATION, blobs[CALIBRATION])["status"] == OK
    assert judged(host, DECODER, blobs[DECODER])["status"] == lib.WIRE_BLOB_CONTRADICTS
    slow = of_settings(without_hurry(made))
    assert upload(host, CALIBRATION, slow[CALIBRATION])["status"] == OK
    assert upload(host, DECODER, slow[DECODER])["status"] == OK, "it is the time alone"


@pytest.mark.parametrize(
    "name, index, value",
    [("linear", 0, 999), ("linear", 1, 5), ("linear", 2, 4000), ("linear", 2, 0x7FFFFFFF),
     ("linear", 3, 4000), ("kind", 0, 1), ("kind", 0, 2), ("kind", 0, 3), ("kind", 0, 4),
     ("place", 0, 1), ("gate", 1, 41), ("dofs", 0, 5)],
)  # fmt: skip
def test_parts_of_a_decoder_that_do_not_fit_together_are_refused(host, name, index, value):
    assert upload(host, CALIBRATION, BLOBS[CALIBRATION])["status"] == OK
    data = BLOBS[DECODER]
    number = 1 + [f.name for f in hand_blobs.FIELDS[DECODER]].index(name)
    at = next(at for n, i, at in offsets(DECODER) if (n, i) == (number, index))
    if name == "dofs":  # more than the weights are for
        data = data[: at + 4] + data[at + 8 :]
        value = 3
    said = judged(host, DECODER, changed(data, at, struct.pack("<I", value)))
    assert said["status"] == lib.WIRE_BLOB_CONTRADICTS


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
        "another version": (changed(decoder, 4, b"\3"), lib.WIRE_BLOB_WRONG_FORMAT),
        "another hand": (changed(decoder, 8, b"abcd"), lib.WIRE_BLOB_OTHER_HAND),
        "another calibration": (changed(decoder, 12, b"abcd"), lib.WIRE_BLOB_CONTRADICTS),
        "other bits": (changed(decoder, 16, b"abcd"), lib.WIRE_BLOB_OTHER_BITS),
        "cut short": (decoder[:-4], lib.WIRE_BLOB_WRONG_SIZE),
        "cut to nothing": (decoder[:4], lib.WIRE_BLOB_WRONG_SIZE),
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
    for size in (0, room + 4, 0xFFFFFFFC, 0xFFFFFFFF, 6):
        said = ask(host, "BLOB_BEGIN", CALIBRATION, size=size, hash=1)
        assert (said["status"], said["room"]) == (lib.WIRE_BLOB_WRONG_SIZE, room)
    said = ask(host, "BLOB_BEGIN", lib.WIRE_BLOB_FIRMWARE, size=4, hash=1)
    assert said["status"] in (UNKNOWN, lib.WIRE_BLOB_WRONG_SIZE), "can it check signatures?"
    begin = {"size": len(data), "hash": full}
    assert ask(host, "BLOB_BEGIN", CALIBRATION, **begin)["status"] == OK
    later = chunk | {"offset": 1}
    assert ask(host, "BLOB_CHUNK", CALIBRATION, **later)["status"] == lib.WIRE_BLOB_WRONG_OFFSET
    assert ask(host, "BLOB_CHUNK", DECODER, **chunk)["status"] == lib.WIRE_BLOB_NOT_BEGUN
    odd = chunk | {"count": CHUNK - 1}
    assert ask(host, "BLOB_CHUNK", CALIBRATION, **odd)["status"] == lib.WIRE_BLOB_WRONG_SIZE
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
    over = ask(host, "BLOB_CHUNK", CALIBRATION, offset=len(data), count=4, bytes=[0] * CHUNK)
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


# ---- no calibration undoes what keeps a bad electrode from moving the hand ----

POOL = 1 + [f.name for f in hand_blobs.FIELDS[DECODER]].index("pool")


@pytest.mark.parametrize(
    "field, least_or_most, past",
    [("frame_samples", 12, 13), ("thaw_hops", 25, 24), ("thaw_hops", 25, 0),
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
    assert told == (lib.WIRE_BLOB_WRONG_VALUE, POOL, 2)


# ---- every field, at its ends and past them ----


def test_the_fields_are_those_of_the_document(root):
    spec = (root / "protocol" / "SPEC.md").read_text()
    for kind, name in ((DECODER, "decoder"), (CALIBRATION, "calibration"), (GRIPS, "grips")):
        table = spec.split(f"<!-- blob: {name} -->")[1].split("\n\n")[0]
        rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in table.splitlines()[3:]]
        assert [int(row[0]) for row in rows] == list(range(1, len(rows) + 1))
        for row, field in zip(rows, hand_blobs.FIELDS[kind], strict=True):
            assert row[1] == field.name
            told = {"name": "u8", "words": "word"}.get(field.type, field.type)
            assert row[2].split("[")[0] == told
            ends = re.match(r"([-\d.]+)\.\.([-\d.]+)", row[3])
            if ends and not field.allowed.startswith("as"):
                assert (float(ends[1]), float(ends[2])) == (field.low, field.high), field


#: Words of a decoder's parts (protocol/SPEC.md).
PARTS = {"linear": 4, "fourier": 11, "classes": 10, "gate": 7, "direct": 59}


def offsets(kind: int) -> list[tuple[int, int, int]]:
    """(field number, index, offset in BLOBS[kind]) of every value."""
    sites, dofs, joints, grips = 8, 4, len(HAND.joints), len(HAND.grips)
    by_site = ("chosen_site", "rest", "reference", "floor", "difference_floor")
    by_dof = ("needs", "dead_band", "slew_per_s", "positive_gain", "positive_exponent",
              "negative_gain", "negative_exponent")  # fmt: skip
    by_joint = dict.fromkeys(("open_deg", "closed_deg", "start", "stop"), grips * joints)
    counts = {
        DECODER: {"place": dofs, **PARTS},
        CALIBRATION: dict.fromkeys(by_site, sites) | dict.fromkeys(by_dof, dofs),
        GRIPS: {"name": grips, "close_s": grips, "force_cap": grips, **by_joint},
    }[kind]
    #: What the field before says, times so many.
    counted = {"pool": ("floats", 1), "band": ("band_sections", 5), "notch": ("notch_sections", 5)}
    found, at, said = [], 12, {}
    for number, field in enumerate(hand_blobs.FIELDS[kind], 1):
        count = counts.get(field.name, 1)
        if field.name in counted:
            by, times = counted[field.name]
            count = said[by] * times
        said[field.name] = struct.unpack_from("<I", BLOBS[kind], at)[0]
        for index in range(count):
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
        if field.name == "direct" and index == 1:
            continue  # the level at which it switches: any, of a decoder that does not
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
    if field.type == "words":  # the first two of each part are counts or places
        return [struct.pack("<I", 0xFFFFFFFF), struct.pack("<I", 0x80000000)]
    if field.type == "u32":
        return [struct.pack("<I", 0xFFFFFFFF)] + (
            [struct.pack("<I", int(field.high) + 1)] if field.high < 0xFFFFFFFF else []
        )
    ends = [] if "limits" in field.allowed else [field.low - 1, field.high * 1.01 + 1]
    nan = [] if "limits" in field.allowed else [float("nan")]
    wide = [1e30, float("inf"), float("-inf")]
    return [struct.pack("<f", value) for value in ends + nan + wide]
