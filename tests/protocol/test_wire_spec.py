# SPDX-License-Identifier: GPL-3.0-or-later
"""SPEC.md against the codec: every table row, the ranges, the counters, the words of the state."""

import hashlib
import json
import re

import pytest
import wire_oracle as oracle
from make_vectors import SPEC, USUAL

from endplate import core
from endplate.core import ffi, lib

TEXT = SPEC.read_text()
C_TYPES = {"u8": "uint8_t", "u16": "uint16_t", "u32": "uint32_t", "i16": "int16_t",
           "i32": "int32_t"}
WIDTHS = {"u8": 1, "u16": 2, "u32": 4, "i16": 2, "i32": 4}
#: Fields that 0 is not good enough for, and rows in which nothing may follow a 00.
VALID = {
    "COMMAND": {"valid_ms": 1}, "PARAM_VALUE": {"asked": 49}, "EMG": {"sites": 1, "count": 1},
    "BLOB_BEGIN": {"kind": 1}, "BLOB_CHUNK": {"kind": 1, "count": 1}, "BLOB_COMMIT": {"kind": 1},
    "BLOB_GET": {"kind": 1}, "BLOB_STATUS": {"kind": 1, "asked": 56},
}  # fmt: skip
TEXTS = ("name", "unit", "text")
ROW = re.compile(r"^\| (\d+) \| (\w+) \| (\w+)(?:\[(\d+)\])? \| (.*) \|$", re.MULTILINE)


def table(msg: str) -> list[tuple[int, str, str, int, str]]:
    """(offset, field, type, count, text) of a message's byte table."""
    heading = re.search(rf"^### (?:[A-Z_, ]*, )?{msg}(?:,[A-Z_, ]*)?$", TEXT, re.MULTILINE)
    assert heading, f"SPEC.md has no section {msg}"
    section = TEXT[heading.end() :].split("\n#")[0].split("Capabilities")[0]
    return [
        (int(at), name, kind, int(count or 1), text)
        for at, name, kind, count, text in ROW.findall(section)
    ]


@pytest.mark.parametrize("msg", core.MESSAGES)
def test_byte_table_has_the_messages_length_and_no_holes(msg):
    at = 0
    for offset, name, kind, count, _ in table(msg):
        assert offset == at, f"{msg}.{name} begins at {at}"
        at += WIDTHS[kind] * count
    assert at == lib.wire_payload_length(core.MESSAGES[msg][0])


@pytest.mark.parametrize("msg", core.MESSAGES)
def test_byte_table_has_the_structs_fields_in_order(msg):
    fields = []
    for name, member in ffi.typeof(f"wire_{core.MESSAGES[msg][1]}").fields:
        kind, count = member.type, 1
        if kind.kind == "array":
            kind, count = kind.item, kind.length
        if kind.kind == "struct":
            kind, count = ffi.typeof("uint32_t"), len(kind.fields)
        fields.append((name, kind.cname, count))
    assert [(name, C_TYPES[kind], n) for _, name, kind, n, _ in table(msg)] == fields


@pytest.mark.parametrize("msg", core.MESSAGES)
def test_each_field_lies_where_the_table_says(msg):
    """Bytes of two frames that differ in one field differ there and nowhere else."""
    struct = core.MESSAGES[msg][1]
    base = VALID.get(msg, {})

    def payload(**changes):
        values = ffi.new(f"wire_{struct} *", base | changes)
        frame = ffi.new("wire_frame *")
        pack = getattr(lib, f"wire_pack_{struct}")
        number = (core.MESSAGES[msg][0],) if struct in core.SHARED else ()
        assert pack(*number, values, frame) > 0
        return bytes(frame.payload[0 : frame.length])

    plain = payload()
    for offset, name, kind, count, _ in table(msg):
        width = WIDTHS[kind]
        for i in range(count if name not in TEXTS else 1):
            value = base.get(name, 0) + 1
            if name == "rx":
                changed = payload(rx={core.COUNTERS[i]: 1})
            elif count > 1:
                changed = payload(**{name: [0] * i + [value]})
            else:
                changed = payload(**{name: value})
            different = [at for at, pair in enumerate(zip(plain, changed, strict=True))
                         if pair[0] != pair[1]]
            assert different == [offset + i * width], f"{msg}.{name}[{i}], low byte first"


def test_list_of_messages_is_that_of_the_codec():
    rows = re.findall(r"^\| (\d+) \| ([A-Z_]+) \| [a-z ]+ \| (\d+) \|", TEXT, re.MULTILINE)
    listed = {name: (int(number), int(length)) for number, name, length in rows}
    assert listed == {
        name: (number, lib.wire_payload_length(number))
        for name, (number, _) in core.MESSAGES.items()
    }
    unknown = set(range(256)) - {number for number, _ in listed.values()}
    assert {lib.wire_payload_length(number) for number in unknown} == {lib.WIRE_BAD_MESSAGE}


def test_every_stated_range_is_checked_at_both_ends():
    found = 0
    for msg, (number, struct) in core.MESSAGES.items():
        for offset, name, kind, count, text in table(msg):
            stated = re.search(r"range:? (-?\d+)\.\.(-?\d+)", text)
            if not stated:
                continue
            found += 1
            low, high = map(int, stated.groups())
            size = WIDTHS[kind]
            for i in range(count):
                for value, fits in ((low, 1), (high, 1), (low - 1, 0), (high + 1, 0)):
                    lowest, highest = oracle.limits("h" if kind == "i16" else "B")
                    if not lowest <= value <= highest:
                        continue
                    data = bytearray(lib.wire_payload_length(number))
                    for field, given in VALID.get(msg, {}).items():
                        data[next(at for at, name, *_ in table(msg) if name == field)] = given
                    at = offset + i * size
                    data[at : at + size] = value.to_bytes(size, "little", signed=kind == "i16")
                    frame = ffi.new("wire_frame *", {"msg": number, "length": len(data)})
                    ffi.memmove(frame.payload, bytes(data), len(data))
                    status = getattr(lib, f"wire_unpack_{struct}")(
                        frame, ffi.new(f"wire_{struct} *")
                    )
                    wanted = lib.WIRE_OK if fits else lib.WIRE_BAD_VALUE
                    assert status == wanted, f"{msg}.{name} = {value}"
    assert found == 30


def test_counters_are_listed_in_the_order_in_which_they_are_looked_at():
    listed = re.findall(r"^\| `(bad_\w+)` \|", TEXT, re.MULTILINE)
    assert sorted(listed) == sorted(core.REFUSALS)
    rx = next(text for _, name, _, _, text in table("LINK_STATS") if name == "rx")
    assert rx.endswith(", ".join(core.COUNTERS))


def test_sizes_of_a_frame_are_those_of_the_codec():
    assert "at most 160 bytes" in TEXT and lib.WIRE_MAX_PAYLOAD == 160
    assert "at most 172 bytes" in TEXT and lib.WIRE_MAX_BODY == 172
    assert "at most 174" in TEXT and lib.WIRE_MAX_FRAME == 174
    assert "payload + 14 bytes" in TEXT
    assert max(lib.wire_payload_length(n) for n, _ in core.MESSAGES.values()) <= 160
    assert lib.WIRE_VERSION == 1 and "wire between host and hand, version 1" in TEXT


def test_reset_causes_are_those_of_the_boards(root):
    board = root / "firmware" / "app" / "board.h"
    causes = re.findall(r"BOARD_RESET_(\w+) = (\d+)", board.read_text())
    section = TEXT.split("Reset causes:")[1].split("###")[0]
    listed = {int(code): words for code, words in re.findall(r"^\| (\d+) \| (.+) \|$", section,
                                                             re.MULTILINE)}
    assert len(causes) == len(listed)
    for name, code in causes:
        assert name.split("_")[0].lower() in listed[int(code)].replace("-", " ").lower()


def test_hand_hash_is_what_the_specification_says():
    hardware = pytest.importorskip("endplate.hardware")
    hand = hardware.load_hand("test-hand")
    section = TEXT.split("- **hand_hash**")[1].split("##")[0]
    keys = {
        what: re.findall(r"`(\w+)`", words)
        for what, words in re.findall(r"- of (?:the|a) (\w+): ((?:.|\n)*?)(?=\n  - |\n\n)", section)
    }

    def listed(thing, what):
        return {key: getattr(thing, key) for key in keys[what]}

    values = listed(hand, "hand") | {
        "joints": [listed(joint, "joint") for joint in hand.joints],
        "dofs": [listed(dof, "DoF") for dof in hand.dofs],
        "grips": [listed(grip, "grip") for grip in hand.grips],
        "digits": [listed(digit, "digit") for digit in hand.digits],
    }
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode("ascii")).digest()
    assert hand.hash32 == int.from_bytes(digest[:4], "big")


def test_usual_rates_are_those_of_the_firmware(root):
    times = dict(re.findall(r"LINK_(\w+)_US = (\d+)", (root / "firmware/app/link.h").read_text()))
    usual = {"STATE": "STATE", "STATE_FULL": "FULL", "LINK_STATS": "STATS", "TOUCH": "TOUCH"}
    for msg, name in usual.items():
        assert USUAL[msg] == 1_000_000 // int(times[name]), msg


def test_capabilities_are_those_of_the_firmware(root):
    source = (root / "firmware" / "app" / "link_send.c").read_text()
    bits = {name.lower(): int(bit) for name, bit in re.findall(r"HAS_(\w+) = (\d+)", source)}
    section = TEXT.split("Capabilities:")[1].split("Reset causes")[0]
    listed = re.findall(r"^\| (\d+) \| (.+) \|$", section, re.MULTILINE)
    assert len(listed) == len(bits)
    for bit, words in listed:
        name = next(name for name, value in bits.items() if value == 1 << int(bit))
        assert name.replace("_", " ") in words.replace("force_cap", "force cap"), (bit, name)
