# SPDX-License-Identifier: GPL-3.0-or-later
"""What vectors.json holds: golden frames, frames to refuse, and lines with more than frames."""

from __future__ import annotations

import random
from typing import Any

import wire_oracle as oracle

U32 = 0xFFFFFFFF
NAME = list(b"test-hand".ljust(16, b"\0"))


def _command(**changes: Any) -> dict[str, Any]:
    fields = {
        "mode": 1, "valid_ms": 50, "grip": 2, "frozen": 0, "emg_us": 5_000_000, "sample": 1250,
        "target": [2500, -10000, 10000, 0, 0, 0, 0, 0], "force_cap": [255] * 8,
    }
    return fields | changes


def _hand(**changes: Any) -> dict[str, Any]:
    fields = {
        "schema_hash": 0x89ABCDEF, "hand_hash": 0x01234567, "param_hash": 0, "decoder_hash": 0,
        "boot_id": 0xB0071D, "capabilities": 0b1111, "uid": list(range(1, 13)),
        "firmware": [0, 2, 1], "accepted": 1, "state": 2, "reset_cause": 1, "dofs": 4,
        "joints": 9, "grips": 6, "name": NAME,
    }
    return fields | changes


def _state(**changes: Any) -> dict[str, Any]:
    fields = {
        "hand_us": 5_020_000, "command_us": 5_012_345, "applied_us": 5_013_000,
        "applied_sample": 1250, "faults": 0, "state": 4, "grip": 2,
        "limit": [0, 0, 10, 0, 0, 0, 0, 0],
        "position": [1234, -1, 0, 9000, -9000, 256, -256, 45, -45, 0],
        "velocity": [300, -300, 0, 0, 1, -1, 0, 0, 0, 0],
        "current": [120, -120, 0, 0, 0, 0, 0, 0, 5, -5],
    }
    return fields | changes


def _text(words: str, room: int) -> list[int]:
    return list(words.encode().ljust(room, b"\0"))


def _value(**changes: Any) -> dict[str, Any]:
    fields = {
        "value": 250, "kept": 300, "param_hash": 0xFACADE01, "index": 4, "type": 0, "status": 0,
        "asked": 50, "store": 1, "count": 11,
    }
    return fields | changes


def _description(**changes: Any) -> dict[str, Any]:
    fields = {
        "low": 100, "high": 350, "factory": 300, "index": 4, "type": 0, "status": 0, "count": 11,
        "name": _text("link_lost_ms", 20), "unit": _text("ms", 8),
        "text": _text("without a fresh command for so long: link lost", 80),
    }
    return fields | changes


def _chunk(**changes: Any) -> dict[str, Any]:
    data = list(range(1, 101)) + [0] * 44
    return {"offset": 288, "kind": 1, "count": 100, "bytes": data} | changes


def _uploaded(**changes: Any) -> dict[str, Any]:
    fields = {
        "size": 1000, "hash": 0xCAFE0001, "result": 0x600D600D, "received": 1000, "room": 2048,
        "field": 0, "index": 0, "kind": 1, "status": 0, "asked": 58, "slot": 1,
    }
    return fields | changes


def _emg(**changes: Any) -> dict[str, Any]:
    counts = [(37 * i) % 256 for i in range(120)]
    fields = {
        "sample": 1250, "emg_us": 5_000_000, "missing": 0, "start": 1000, "sites": 8, "count": 5,
        "counts": counts,
    }
    return fields | changes


def _decoded(**changes: Any) -> dict[str, Any]:
    fields = {
        "sample": 1250, "hop_hash": 0x0BADF00D, "hand_us": 5_020_000, "start": 1000, "filled": 5,
        "drives": 0, "frozen": 2,
        "target": [2500, -10000, 0, 0, 0, 0, 0, 0], "host": [2500, -9999, 0, 0, 0, 0, 0, 0],
        "host_sample": 1245,
    }
    return fields | changes


def _extreme(msg: str, which: int) -> dict[str, Any]:
    """Every field at its type's lowest (0) or highest (1) value."""
    fields: dict[str, Any] = {}
    for name, code in oracle.LAYOUT[msg][1]:
        value = oracle.limits(code)[which]
        fields[name] = [value] * oracle.count_of(code) if oracle.count_of(code) > 1 else value
    return fields


def golden() -> list[dict[str, Any]]:
    """Every message in several states, the header's fields at their ends too."""
    full = {
        "hand_us": 6_000_000, "goal": [1200, 0, -1200, 9000, 0, 0, 0, 0, 0, 0],
        "temperature": [31, 32, 33, 34, 35, 36, 37, 38, 39, 0], "voltage": [50] * 9 + [0],
        "hardware_error": [0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0], "missing": [0x81, 0x02],
    }
    stats = {
        "hand_us": 7_000_000, "rx": list(range(100000, 100013)), "tx_frames": 51,
        "tx_dropped": 2, "bus_errors": 3, "bus_cycles": 1000,
    }
    wanted: list[tuple[str, str, int, int, int | None, dict[str, Any]]] = [
        ("hello", "HELLO", 0x1234, 0, None,
         {"schema_hash": 0x89ABCDEF, "host_us": 1_000_000, "hand_hash": 0x01234567}),
        ("hello, hand file not known", "HELLO", 1, 65535, None,
         {"schema_hash": 0x89ABCDEF, "host_us": 0, "hand_hash": 0}),
        ("hello, highest", "HELLO", 65535, 65535, 65535, _extreme("HELLO", 1)),
        ("hello accepted", "HELLO_ACK", 0x1234, 0, 0, _hand()),
        ("hello refused, other schema", "HELLO_ACK", 0x1234, 0, 0,
         _hand(schema_hash=0x89ABCDEE, accepted=0, reset_cause=4)),
        ("hello accepted, name fills its row", "HELLO_ACK", 0x1234, 9, 9,
         _hand(dofs=8, joints=10, name=list("Hand von Jörg A".encode()))),
        ("hello accepted, all zero", "HELLO_ACK", 0, 0, 0, _extreme("HELLO_ACK", 0)),
        ("heartbeat", "HEARTBEAT", 0x1234, 1, 0, {"host_us": 1_200_000}),
        ("heartbeat, zero everywhere", "HEARTBEAT", 0, 0, None, {"host_us": 0}),
        ("time asked", "TIME", 0x1234, 2, 1,
         {"host_us": 1_210_000, "hand_rx_us": 0, "hand_tx_us": 0}),
        ("time answered", "TIME", 0x1234, 1, 2,
         {"host_us": 1_210_000, "hand_rx_us": 4_100_000, "hand_tx_us": 4_100_150}),
        ("time about to wrap", "TIME", 0x1234, 3, 2,
         {"host_us": U32, "hand_rx_us": U32 - 1, "hand_tx_us": 1}),
        ("arm", "ARM", 0x1234, 3, 1, {"schema_hash": 0x89ABCDEF, "boot_id": 0xB0071D}),
        ("disarm, user", "DISARM", 0x1234, 4, 2, {"reason": 0}),
        ("disarm, host shuts down", "DISARM", 0x1234, 5, 2, {"reason": 1}),
        ("clear fault", "CLEAR_FAULT", 0x1234, 6, 2, {"reason": 0}),
        ("release, host saw a fault", "RELEASE", 0x1234, 7, 2, {"reason": 2}),
        ("release without a session", "RELEASE", 0, 0, None, {"reason": 0}),
        ("e-stop", "ESTOP", 0x1234, 8, 2, {"reason": 0}),
        ("e-stop without a session", "ESTOP", 0, 0, None, {"reason": 2}),
        ("command", "COMMAND", 0x1234, 0x0100, 0x00FF, _command()),
        ("command, neutral", "COMMAND", 0x1234, 0x0101, 0x00FF,
         _command(target=[0] * 8, sample=1255)),
        ("command, hold", "COMMAND", 0x1234, 0x0102, 0x00FF, _command(mode=0, valid_ms=255)),
        ("command, all at an end", "COMMAND", 0x1234, 0x0103, 0x00FF,
         _command(valid_ms=1, grip=255, frozen=255, emg_us=U32, sample=U32,
                  target=[10000, -10000] * 4, force_cap=[0] * 8)),
        ("command without a zero byte", "COMMAND", 0x1234, 0x0104, 0x0201,
         _command(grip=1, frozen=1, emg_us=0x01010101, sample=0x02020202, target=[257] * 8)),
        ("state", "STATE", 0x1234, 0x0200, 0x0100, _state()),
        ("state, e-stop", "STATE", 0x1234, 0x0201, 8, _state(state=10, faults=9, limit=[1] * 8)),
        ("state, lowest", "STATE", 0x1234, 0x0202, None, _extreme("STATE", 0)),
        ("state, highest", "STATE", 0x1234, 0x0203, 65535, _extreme("STATE", 1)),
        ("state, slow part", "STATE_FULL", 0x1234, 0x0204, 0x0100, full),
        ("state, slow part, all missing", "STATE_FULL", 0x1234, 0x0205, 0x0100,
         _extreme("STATE_FULL", 1) | {"missing": [0xFF, 0x03]}),
        ("link statistics", "LINK_STATS", 0x1234, 0x0206, 0x0100, stats),
        ("link statistics, highest", "LINK_STATS", 0x1234, 0x0207, 0x0100,
         _extreme("LINK_STATS", 1)),
        ("which parameter is it", "PARAM_INFO", 0x1234, 0x0300, 0x0200, {"index": 4}),
        ("parameter asked", "PARAM_GET", 0x1234, 0x0301, 0x0200, {"index": 0}),
        ("parameter set", "PARAM_SET", 0x1234, 0x0302, 0x0200,
         {"value": 250, "index": 4, "type": 0}),
        ("parameter set, negative, thousandths", "PARAM_SET", 0x1234, 0x0303, 0x0200,
         {"value": -1500, "index": 7, "type": 1}),
        ("parameter set, lowest", "PARAM_SET", 0, 0, None, _extreme("PARAM_SET", 0)),
        ("parameter set, highest", "PARAM_SET", 65535, 65535, 65535, _extreme("PARAM_SET", 1)),
        ("parameters saved", "PARAM_SAVE", 0x1234, 0x0304, 0x0200, {"index": 255}),
        ("parameters reset", "PARAM_RESET", 0x1234, 0x0305, 0x0200, {"index": 255}),
        ("value in force", "PARAM_VALUE", 0x1234, 0x0210, 0x0302, _value()),
        ("value refused, not disarmed", "PARAM_VALUE", 0x1234, 0x0211, 0x0303,
         _value(value=300, param_hash=0, status=5)),
        ("value lowest, of a damaged store", "PARAM_VALUE", 0, 0, None,
         _extreme("PARAM_VALUE", 0) | {"asked": 49, "store": 3}),
        ("value highest", "PARAM_VALUE", 0x1234, 0x0212, 65535,
         _extreme("PARAM_VALUE", 1) | {"type": 2, "status": 6, "asked": 52, "store": 4}),
        ("parameter described", "PARAM_DESCRIPTION", 0x1234, 0x0213, 0x0300, _description()),
        ("parameter unknown", "PARAM_DESCRIPTION", 0x1234, 0x0214, 0x0300,
         _extreme("PARAM_DESCRIPTION", 0) | {"index": 200, "status": 1, "count": 11}),
        ("parameter described, texts fill their rows", "PARAM_DESCRIPTION", 0x1234, 0x0215, 0x0300,
         _extreme("PARAM_DESCRIPTION", 1) | {"type": 2, "status": 0}),
        ("restart", "RESTART", 0x1234, 9, 2, {"boot_id": 0xB0071D}),
        ("command, position", "COMMAND", 0x1234, 0x0105, 0x00FF, _command(mode=2)),
        ("touch", "TOUCH", 0x1234, 0x0220, 0x0100,
         {"hand_us": 5_020_000, "force": [0, 250, 1234, 0, 65535], "contact": 0b10110,
          "slip": 0b00100, "tactor": 127}),
        ("a sentence", "LOG", 0x1234, 0x0221, 0x0100,
         {"hand_us": 5_020_000, "level": 2, "text": _text("thumb: does not answer", 96)}),
        ("a sentence that fills its row", "LOG", 0x1234, 0x0222, None,
         _extreme("LOG", 1) | {"level": 0}),
        ("upload begins", "BLOB_BEGIN", 0x1234, 0x0400, 0x0220,
         {"size": 1000, "hash": 0xCAFE0001, "kind": 1}),
        ("upload of firmware begins", "BLOB_BEGIN", 0x1234, 0x0401, 0x0220,
         {"size": U32, "hash": U32, "kind": 4}),
        ("a piece", "BLOB_CHUNK", 0x1234, 0x0402, 0x0220, _chunk()),
        ("the largest piece", "BLOB_CHUNK", 0x1234, 0x0403, 0x0220,
         _chunk(offset=U32, kind=4, count=144, bytes=[255] * 144)),
        ("upload ends", "BLOB_COMMIT", 0x1234, 0x0404, 0x0220, {"hash": 0xCAFE0001, "kind": 1}),
        ("what is in force", "BLOB_GET", 0x1234, 0x0405, 0x0220, {"hash": 0, "kind": 4}),
        ("uploaded", "BLOB_STATUS", 0x1234, 0x0230, 0x0404, _uploaded()),
        ("upload refused for a value", "BLOB_STATUS", 0x1234, 0x0231, 0x0404,
         _uploaded(kind=3, status=8, field=7, index=0x0102)),
        ("upload, highest", "BLOB_STATUS", 65535, 65535, 65535,
         _extreme("BLOB_STATUS", 1) | {"kind": 4, "status": 13, "asked": 59}),
        ("upload, lowest", "BLOB_STATUS", 0, 0, None,
         _extreme("BLOB_STATUS", 0) | {"kind": 1, "asked": 56}),
        ("EMG of 8 sites", "EMG", 0x1234, 0x0500, 0x0230, _emg()),
        ("EMG of 32 sites", "EMG", 0x1234, 0x0501, 0x0230,
         _emg(sites=32, count=1, sample=U32, emg_us=U32, missing=U32, start=U32)),
        ("EMG of one site, 40 samples", "EMG", 0x1234, 0x0502, 0x0230, _emg(sites=1, count=40)),
        ("decoded", "DECODED", 0x1234, 0x0240, 0x0500, _decoded()),
        ("decoded, at the ends", "DECODED", 0x1234, 0x0241, 0x0500,
         _decoded(drives=1, frozen=255, target=[10000, -10000] * 4, host=[-10000, 10000] * 4)),
    ]
    return [
        {"name": name, "msg": msg, "session": session, "seq": seq, "ack": ack, "fields": fields,
         "hex": oracle.frame(msg, fields, session, seq, ack).hex()}
        for name, msg, session, seq, ack, fields in wanted
    ]


def _raw(number: int, data: bytes, **header: Any) -> bytes:
    values = {"session": 0x1234, "seq": 5, "ack": 4} | header
    return oracle.line(oracle.body(number, data, **values))


def _flipped(data: bytes, at: int, bit: int = 1) -> bytes:
    return data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]


def refusals(frames: dict[str, bytes]) -> list[tuple[str, bytes, str]]:
    """(name, bytes, the one counter that they raise), several on either side of each boundary."""
    command = oracle.payload("COMMAND", _command())
    whole = frames["command"]
    ranges: list[tuple[str, str, dict[str, Any]]] = [
        ("mode 3", "COMMAND", _command(mode=3)),
        ("valid for 0 ms", "COMMAND", _command(valid_ms=0)),
        ("target 10001", "COMMAND", _command(target=[10001] + [0] * 7)),
        ("target -10001", "COMMAND", _command(target=[0] * 7 + [-10001])),
        ("target -32768", "COMMAND", _command(target=[0, 0, 0, -32768, 0, 0, 0, 0])),
        ("disarm for reason 3", "DISARM", {"reason": 3}),
        ("clear fault for reason 255", "CLEAR_FAULT", {"reason": 255}),
        ("release for reason 3", "RELEASE", {"reason": 3}),
        ("e-stop for reason 3", "ESTOP", {"reason": 3}),
        ("accepted 2", "HELLO_ACK", _hand(accepted=2)),
        ("9 DoF", "HELLO_ACK", _hand(dofs=9)),
        ("11 joints", "HELLO_ACK", _hand(joints=11)),
        ("name goes on after its end", "HELLO_ACK", _hand(name=NAME[:12] + [1, 0, 0, 0])),
        ("name begins with its end", "HELLO_ACK", _hand(name=[0] * 15 + [65])),
        ("eleventh actuator missing", "STATE_FULL",
         _extreme("STATE_FULL", 0) | {"missing": [0, 4]}),
        ("log of level 3", "LOG", _extreme("LOG", 0) | {"level": 3}),
        ("a sentence goes on", "LOG", _extreme("LOG", 0) | {"text": [0] * 95 + [65]}),
        ("upload of kind 0", "BLOB_BEGIN", {"size": 9, "hash": 1, "kind": 0}),
        ("upload of kind 5", "BLOB_BEGIN", {"size": 9, "hash": 1, "kind": 5}),
        ("piece of kind 5", "BLOB_CHUNK", _chunk(kind=5)),
        ("piece of 0 bytes", "BLOB_CHUNK", _chunk(count=0)),
        ("piece of 145 bytes", "BLOB_CHUNK", _chunk(count=145)),
        ("upload of kind 0 ended", "BLOB_COMMIT", {"hash": 1, "kind": 0}),
        ("kind 5 asked for", "BLOB_GET", {"hash": 0, "kind": 5}),
        ("upload of kind 5 answered", "BLOB_STATUS", _uploaded(kind=5)),
        ("upload answered with status 14", "BLOB_STATUS", _uploaded(status=14)),
        ("upload answers message 55", "BLOB_STATUS", _uploaded(asked=55)),
        ("upload answers message 60", "BLOB_STATUS", _uploaded(asked=60)),
        ("EMG of no site", "EMG", _emg(sites=0)),
        ("EMG of 33 sites", "EMG", _emg(sites=33, count=1)),
        ("EMG of no sample", "EMG", _emg(count=0)),
        ("EMG of 41 samples of one site", "EMG", _emg(sites=1, count=41)),
        ("EMG of 6 samples of 8 sites", "EMG", _emg(count=6)),
        ("decoded target 10001", "DECODED", _decoded(target=[0] * 7 + [10001])),
        ("decoded target -10001", "DECODED", _decoded(target=[-10001] + [0] * 7)),
        ("the host's target 10001", "DECODED", _decoded(host=[10001] + [0] * 7)),
        ("the host's target -10001", "DECODED", _decoded(host=[0] * 7 + [-10001])),
        ("decoded, drives 2", "DECODED", _decoded(drives=2)),
        ("value of type 3", "PARAM_VALUE", _value(type=3)),
        ("value with status 7", "PARAM_VALUE", _value(status=7)),
        ("value answers message 48", "PARAM_VALUE", _value(asked=48)),
        ("value answers message 53", "PARAM_VALUE", _value(asked=53)),
        ("value of store 5", "PARAM_VALUE", _value(store=5)),
        ("described as type 3", "PARAM_DESCRIPTION", _description(type=3)),
        ("described with status 2", "PARAM_DESCRIPTION", _description(status=2)),
        ("a parameter's name goes on", "PARAM_DESCRIPTION",
         _description(name=[0] * 19 + [65])),
        ("a parameter's unit goes on", "PARAM_DESCRIPTION",
         _description(unit=[65, 0, 65, 0, 0, 0, 0, 0])),
        ("a parameter's text goes on", "PARAM_DESCRIPTION",
         _description(text=[65] * 78 + [0, 65])),
    ]
    head = oracle.body(16, command, 0x1234, 5, 4)
    return [
        ("a code byte past the end", b"\x05\x11\x22\x00", "bad_cobs"),
        ("a code byte that points one past the end", b"\x02\x00", "bad_cobs"),
        ("code byte 255 in a short run", b"\xff" + bytes([7]) * 172 + b"\0", "bad_cobs"),
        ("one byte", b"\x01\x00", "bad_short"),
        ("11 bytes", oracle.line(bytes(11)), "bad_short"),
        ("header and 3 bytes", oracle.line(oracle.body(3, b"", 1, 1, None)[:11]), "bad_short"),
        ("12 zeros", oracle.line(bytes(12)), "bad_crc"),
        ("172 bytes, the longest body", oracle.line(bytes([7]) * 172), "bad_crc"),
        ("173 bytes, one more than the longest body", oracle.line(bytes([7]) * 173), "bad_long"),
        ("600 bytes without an end", bytes([7]) * 600 + b"\0", "bad_long"),
        ("a bit of the header", _flipped(whole, 2), "bad_crc"),
        ("a bit of the payload", _flipped(whole, 10, 0x80), "bad_crc"),
        ("a bit of the CRC", _flipped(whole, len(whole) - 2), "bad_crc"),
        ("CRC in the other byte order", oracle.line(head[:-4] + head[:-5:-1]), "bad_crc"),
        ("CRC of the payload alone",
         oracle.line(head[:-4] + oracle.crc(command)), "bad_crc"),
        ("version 0", _raw(16, command, version=0), "bad_version"),
        ("version 2", _raw(16, command, version=2), "bad_version"),
        ("version 15", _raw(16, command, version=15), "bad_version"),
        ("message 0", _raw(0, b""), "bad_message"),
        ("message 10", _raw(10, b"\x00"), "bad_message"),
        ("message 17 with a command's payload", _raw(17, command), "bad_message"),
        ("message 255, 160 bytes", _raw(255, bytes([9]) * 160), "bad_message"),
        ("command, one byte short", _raw(16, command[:-1]), "bad_length"),
        ("command, one byte long", _raw(16, command + b"\0"), "bad_length"),
        ("command without payload", _raw(16, b""), "bad_length"),
        ("e-stop with 160 bytes", _raw(9, bytes(160)), "bad_length"),
        *(
            (name, oracle.frame(msg, fields, 0x1234, 5, 4), "bad_value")
            for name, msg, fields in ranges
        ),
    ]


def streams(frames: dict[str, bytes]) -> list[tuple[str, bytes]]:
    """Lines that carry more than frames."""
    command, state, beat = frames["command"], frames["state"], frames["heartbeat"]
    chance = random.Random(20)
    noise = bytes(chance.randrange(256) for _ in range(400))
    loud = bytes(chance.randrange(1, 256) for _ in range(300))
    flagged = bytearray(oracle.cobs.decode(beat[:-1]))
    flagged[0] |= 0x0E
    flagged[-4:] = oracle.crc(bytes(flagged[:-4]))
    return [
        ("nothing", b""),
        ("idle line", bytes(20)),
        ("three frames", command + state + beat),
        ("idle between frames", b"\0" + command + bytes(3) + state + b"\0"),
        ("a frame cut short, then a whole one, then another", command[:20] + command + state),
        ("a frame cut short, ended, then a whole one", command[:20] + b"\0" + command),
        ("the end of a frame, then a whole one", state[30:] + command),
        ("delimiter lost between two frames", command[:-1] + beat + state),
        ("a zero in the middle of a frame", command[:25] + b"\0" + command[25:] + beat),
        ("one byte lost", command[:9] + command[10:] + beat),
        ("one byte doubled", command[:9] + command[8:] + beat),
        ("text of a boot loader", b"boot 1.2\r\nready\r\n\0" + command),
        ("noise", noise + b"\0" + command + noise + b"\0" + state),
        ("300 bytes without a zero run into a frame", loud + command + state),
        ("longest that fits, one more, then a frame",
         bytes([7]) * 173 + b"\0" + bytes([7]) * 174 + b"\0" + command),
        ("too long and not ended", command + bytes([7]) * 500),
        ("not ended", command + state[:-1]),
        ("flags of a later version change nothing", oracle.line(bytes(flagged)) + command),
    ]
