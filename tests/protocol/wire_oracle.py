# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire a second time, from SPEC.md alone: struct, PyPI `cobs` and `google_crc32c`, no wire.c.

What both agree on is either right or the same misreading of SPEC.md; a typing error in one shows.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

import google_crc32c
from cobs import cobs

COUNTERS = (
    "bytes frames bad_cobs bad_short bad_long bad_crc bad_version bad_message bad_length"
    " bad_session bad_sequence bad_value bad_stale"
).split()

_REASON = (("reason", "B"),)
_PARAM = (("index", "B"),)
_BLOB = (("hash", "I"), ("kind", "B"))
#: Message -> (number, ((field, struct code with count), ...)), in the order of the bytes.
LAYOUT: dict[str, tuple[int, tuple[tuple[str, str], ...]]] = {
    "HELLO": (1, (("schema_hash", "I"), ("host_us", "I"), ("hand_hash", "I"))),
    "HELLO_ACK": (
        2,
        (
            ("schema_hash", "I"), ("hand_hash", "I"), ("param_hash", "I"), ("decoder_hash", "I"),
            ("boot_id", "I"), ("capabilities", "I"), ("uid", "12B"), ("firmware", "3B"),
            ("accepted", "B"), ("state", "B"), ("reset_cause", "B"), ("dofs", "B"),
            ("joints", "B"), ("grips", "B"), ("name", "16B"),
        ),
    ),
    "HEARTBEAT": (3, (("host_us", "I"),)),
    "TIME": (4, (("host_us", "I"), ("hand_rx_us", "I"), ("hand_tx_us", "I"))),
    "ARM": (5, (("schema_hash", "I"), ("boot_id", "I"))),
    "DISARM": (6, _REASON),
    "CLEAR_FAULT": (7, _REASON),
    "RELEASE": (8, _REASON),
    "ESTOP": (9, _REASON),
    "RESTART": (11, (("boot_id", "I"),)),
    "COMMAND": (
        16,
        (
            ("mode", "B"), ("valid_ms", "B"), ("grip", "B"), ("frozen", "B"), ("emg_us", "I"),
            ("sample", "I"), ("target", "8h"), ("force_cap", "8B"),
        ),
    ),
    "STATE": (
        32,
        (
            ("hand_us", "I"), ("command_us", "I"), ("applied_us", "I"), ("applied_sample", "I"),
            ("faults", "H"), ("state", "B"), ("grip", "B"), ("limit", "8B"),
            ("position", "10h"), ("velocity", "10h"), ("current", "10h"),
        ),
    ),
    "STATE_FULL": (
        33,
        (
            ("hand_us", "I"), ("goal", "10h"), ("temperature", "10B"), ("voltage", "10B"),
            ("hardware_error", "10B"), ("missing", "2B"),
        ),
    ),
    "LINK_STATS": (
        34,
        (
            ("hand_us", "I"), ("rx", "13I"), ("tx_frames", "I"), ("tx_dropped", "I"),
            ("bus_errors", "I"), ("bus_cycles", "I"),
        ),
    ),
    "TOUCH": (
        35,
        (("hand_us", "I"), ("force", "5H"), ("contact", "B"), ("slip", "B"), ("tactor", "B")),
    ),
    "LOG": (36, (("hand_us", "I"), ("level", "B"), ("text", "96B"))),
    "PARAM_INFO": (48, _PARAM),
    "PARAM_GET": (49, _PARAM),
    "PARAM_SET": (50, (("value", "i"), ("index", "B"), ("type", "B"))),
    "PARAM_SAVE": (51, _PARAM),
    "PARAM_RESET": (52, _PARAM),
    "PARAM_VALUE": (
        53,
        (
            ("value", "i"), ("kept", "i"), ("param_hash", "I"), ("index", "B"), ("type", "B"),
            ("status", "B"), ("asked", "B"), ("store", "B"), ("count", "B"),
        ),
    ),
    "PARAM_DESCRIPTION": (
        54,
        (
            ("low", "i"), ("high", "i"), ("factory", "i"), ("index", "B"), ("type", "B"),
            ("status", "B"), ("count", "B"), ("name", "20B"), ("unit", "8B"), ("text", "80B"),
        ),
    ),
    "BLOB_BEGIN": (56, (("size", "I"), ("hash", "I"), ("kind", "B"))),
    "BLOB_CHUNK": (57, (("offset", "I"), ("kind", "B"), ("count", "B"), ("bytes", "144B"))),
    "BLOB_COMMIT": (58, _BLOB),
    "BLOB_GET": (59, _BLOB),
    "BLOB_STATUS": (
        60,
        (
            ("size", "I"), ("hash", "I"), ("result", "I"), ("received", "I"), ("room", "I"),
            ("field", "H"), ("index", "H"), ("kind", "B"), ("status", "B"), ("asked", "B"),
            ("slot", "B"),
        ),
    ),
    "EMG": (
        64,
        (
            ("sample", "I"), ("emg_us", "I"), ("missing", "I"), ("start", "I"),
            ("sites", "B"), ("count", "B"), ("counts", "120B"),
        ),
    ),
    "DECODED": (
        65,
        (
            ("sample", "I"), ("hop_hash", "I"), ("hand_us", "I"), ("start", "I"),
            ("filled", "I"), ("drives", "B"), ("frozen", "B"), ("target", "8h"),
            ("host", "8h"), ("host_sample", "I"),
        ),
    ),
}
NAMES = {number: name for name, (number, _) in LAYOUT.items()}


def count_of(code: str) -> int:
    """Elements of a field; 1 for a plain number."""
    return int(code[:-1] or 1)


def limits(code: str) -> tuple[int, int]:
    """Smallest and largest value of one element."""
    bits = 8 * struct.calcsize("<" + code[-1])
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if code[-1] in "hi" else (0, (1 << bits) - 1)


def length(msg: str) -> int:
    return sum(struct.calcsize("<" + code) for _, code in LAYOUT[msg][1])


def payload(msg: str, fields: dict[str, Any]) -> bytes:
    """Payload bytes; `rx` may be a dict of counters."""
    out = b""
    for name, code in LAYOUT[msg][1]:
        value = fields[name]
        if isinstance(value, dict):
            value = [value[counter] for counter in COUNTERS]
        out += struct.pack("<" + code, *(value if count_of(code) > 1 else [value]))
    return out


def fields_of(msg: str, data: bytes) -> dict[str, Any]:
    """The reverse of `payload`, `rx` as a dict, rows as tuples."""
    fields, at = {}, 0
    for name, code in LAYOUT[msg][1]:
        values = struct.unpack_from("<" + code, data, at)
        at += struct.calcsize("<" + code)
        fields[name] = values if count_of(code) > 1 else values[0]
        if name == "rx":
            fields[name] = dict(zip(COUNTERS, values, strict=True))
    return fields


def _is_text(row: Any) -> bool:
    """Whether nothing comes after the first 00."""
    return b"\0" not in bytes(row).rstrip(b"\0")


def in_range(msg: str, fields: dict[str, Any]) -> bool:
    """The ranges that SPEC.md states."""
    if msg in ("DISARM", "CLEAR_FAULT", "RELEASE", "ESTOP"):
        return fields["reason"] in (0, 1, 2)
    if msg == "COMMAND":
        steady = all(abs(value) <= 10000 for value in fields["target"])
        return steady and fields["mode"] in (0, 1, 2) and fields["valid_ms"] != 0
    if msg == "HELLO_ACK":
        sizes = fields["dofs"] <= 8 and fields["joints"] <= 10
        return sizes and fields["accepted"] in (0, 1) and _is_text(fields["name"])
    if msg == "STATE_FULL":
        return int.from_bytes(bytes(fields["missing"]), "little") < 1 << 10
    if msg == "PARAM_VALUE":
        kinds = fields["type"] <= 2 and fields["status"] <= 6 and fields["store"] <= 4
        return kinds and 49 <= fields["asked"] <= 52
    if msg == "PARAM_DESCRIPTION":
        texts = all(_is_text(fields[name]) for name in ("name", "unit", "text"))
        return texts and fields["type"] <= 2 and fields["status"] <= 1
    if msg == "LOG":
        return fields["level"] <= 2 and _is_text(fields["text"])
    if msg == "BLOB_CHUNK" and not 1 <= fields["count"] <= 144:
        return False
    if msg == "BLOB_STATUS" and not (fields["status"] <= 13 and 56 <= fields["asked"] <= 59):
        return False
    if msg.startswith("BLOB"):
        return 1 <= fields["kind"] <= 4
    if msg == "EMG":
        used = 3 * fields["sites"] * fields["count"]
        return fields["sites"] <= 32 and 0 < used <= 120
    if msg == "DECODED":
        both = [*fields["target"], *fields["host"]]
        return fields["drives"] <= 1 and all(abs(value) <= 10000 for value in both)
    return True


def crc(data: bytes) -> bytes:
    """CRC-32C as it stands in a frame."""
    return struct.pack("<I", google_crc32c.value(data))


def body(
    number: int, data: bytes, session: int, seq: int, ack: int | None, version: int = 1
) -> bytes:
    """Header, payload and CRC."""
    flags = 0 if ack is None else 1
    head = struct.pack("<BBHHH", version << 4 | flags, number, session, seq, ack or 0)
    return head + data + crc(head + data)


def line(content: bytes) -> bytes:
    """A body as it stands on the line, with its delimiter."""
    return cobs.encode(content) + b"\0"


def frame(msg: str, fields: dict[str, Any], session: int, seq: int, ack: int | None) -> bytes:
    """The bytes on the line of one message."""
    return line(body(LAYOUT[msg][0], payload(msg, fields), session, seq, ack))


@dataclass
class Heard:
    """What a receiver makes of a stream; a frame is (msg, session, seq, ack, fields)."""

    frames: list[tuple[str, int, int, int | None, dict[str, Any]]] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTERS, 0))


def _verdict(chunk: bytes, heard: Heard) -> str:
    """The counter that a chunk between two delimiters raises, "" when it is a frame."""
    try:
        content = cobs.decode(chunk)
    except cobs.DecodeError:
        return "bad_cobs"
    if len(content) < 12:
        return "bad_short"
    if content[-4:] != crc(content[:-4]):
        return "bad_crc"
    first, number, session, seq, ack = struct.unpack_from("<BBHHH", content)
    if first >> 4 != 1:
        return "bad_version"
    if number not in NAMES:
        return "bad_message"
    msg = NAMES[number]
    if len(content) != 12 + length(msg):
        return "bad_length"
    heard.counters["frames"] += 1
    fields = fields_of(msg, content[8:-4])
    if not in_range(msg, fields):
        return "bad_value"
    heard.frames.append((msg, session, seq, ack if first & 1 else None, fields))
    return ""


def listen(stream: bytes) -> Heard:
    """Decodes a whole stream at once."""
    heard = Heard()
    heard.counters["bytes"] = len(stream)
    chunks = stream.split(b"\0")
    for i, chunk in enumerate(chunks):
        if len(chunk) > 173:
            heard.counters["bad_long"] += 1
        elif chunk and i < len(chunks) - 1:
            reason = _verdict(chunk, heard)
            if reason:
                heard.counters[reason] += 1
    return heard
