# SPDX-License-Identifier: GPL-3.0-or-later
"""The codec against other implementations of the same things, on whatever hypothesis thinks of."""

import google_crc32c
import pytest
import wire_oracle as oracle
from cobs import cobs
from hypothesis import given, settings
from hypothesis import strategies as st

from endplate import core
from endplate.core import ffi, lib

U16 = st.integers(0, 0xFFFF)
#: Long runs without a zero and long runs of zeros, around COBS's 254.
RUNS = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.integers(0, 300).map(bytes),
        st.integers(250, 258).map(lambda n: b"\x07" * n),
    ),
    max_size=4,
).map(b"".join)


#: Ranges of fields that are free in other messages.
ANSWERS = {
    ("PARAM_VALUE", "type"): (0, 2), ("PARAM_VALUE", "status"): (0, 6),
    ("PARAM_VALUE", "asked"): (49, 52), ("PARAM_VALUE", "store"): (0, 4),
    ("PARAM_DESCRIPTION", "type"): (0, 2), ("PARAM_DESCRIPTION", "status"): (0, 1),
    ("LOG", "level"): (0, 2), ("BLOB_CHUNK", "count"): (1, 144), ("BLOB_STATUS", "status"): (0, 12),
    ("BLOB_STATUS", "asked"): (56, 59), ("DECODED", "drives"): (0, 1), ("EMG", "sites"): (1, 5),
    ("EMG", "count"): (1, 8),
}  # fmt: skip


def _text(room: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.binary(max_size=room).map(
        lambda b: tuple(b.replace(b"\0", b"x").ljust(room, b"\0"))
    )


def _values(msg: str) -> st.SearchStrategy[dict]:
    """Any fields that a message may carry, its ends often."""
    parts = {}
    for name, code in oracle.LAYOUT[msg][1]:
        low, high = oracle.limits(code)
        if name in ("target", "host"):
            low, high = -10000, 10000
        low, high = {"mode": (0, 2), "kind": (1, 4), "valid_ms": (1, 255), "reason": (0, 2),
                     "accepted": (0, 1), "dofs": (0, 8), "joints": (0, 10)}.get(name, (low, high))
        low, high = ANSWERS.get((msg, name), (low, high))
        number = st.one_of(st.integers(low, high), st.sampled_from([low, high]))
        count = oracle.count_of(code)
        parts[name] = number if count == 1 else st.tuples(*[number] * count)
    if msg in ("HELLO_ACK", "PARAM_DESCRIPTION", "LOG"):
        for name, code in oracle.LAYOUT[msg][1]:
            if name in ("name", "unit", "text"):
                parts[name] = _text(oracle.count_of(code))
    if msg == "STATE_FULL":
        parts["missing"] = st.tuples(st.integers(0, 255), st.integers(0, 3))
    if msg == "LINK_STATS":
        parts["rx"] = parts["rx"].map(lambda row: dict(zip(oracle.COUNTERS, row, strict=True)))
    return st.fixed_dictionaries(parts)


MESSAGES = st.sampled_from(sorted(oracle.LAYOUT)).flatmap(
    lambda msg: st.tuples(st.just(msg), U16, U16, st.none() | U16, _values(msg))
)


@given(MESSAGES)
@settings(max_examples=250, deadline=None)
def test_codec_and_oracle_make_the_same_bytes(message):
    msg, session, seq, ack, fields = message
    made = core.encode(msg, fields, session=session, seq=seq, ack=ack)
    assert made == oracle.frame(msg, fields, session, seq, ack)
    assert core.FrameDecoder().feed(made) == [core.Frame(msg, session, seq, ack, fields)]
    assert oracle.listen(made).frames == [(msg, session, seq, ack, fields)]


@given(st.sampled_from(sorted(oracle.LAYOUT)), st.data())
@settings(max_examples=250, deadline=None)
def test_codec_and_oracle_refuse_the_same_values(msg, data):
    payload = data.draw(st.binary(min_size=oracle.length(msg), max_size=oracle.length(msg)))
    fields = oracle.fields_of(msg, payload)
    decoder = core.FrameDecoder()
    heard = decoder.feed(oracle.line(oracle.body(oracle.LAYOUT[msg][0], payload, 1, 2, 3)))
    if oracle.in_range(msg, fields):
        assert heard == [core.Frame(msg, 1, 2, 3, fields)]
        assert core.encode(msg, fields, session=1, seq=2, ack=3)
    else:
        assert heard == [] and decoder.counters["bad_value"] == 1
        with pytest.raises(core.CoreError):
            core.encode(msg, fields, session=1, seq=2, ack=3)


#: Pieces of lines: noise, bodies with a right CRC, frames, cut and joined.
PIECES = st.one_of(
    st.binary(max_size=200),
    RUNS,
    st.builds(
        lambda number, data, version: oracle.line(oracle.body(number, data, 1, 2, 3, version)),
        st.one_of(st.sampled_from(sorted(oracle.NAMES)), st.integers(0, 255)),
        st.one_of(st.binary(max_size=170), st.sampled_from([4, 12, 36, 88]).map(bytes)),
        st.sampled_from([1, 1, 1, 0, 2]),
    ),
    MESSAGES.map(lambda m: oracle.frame(m[0], m[4], m[1], m[2], m[3])),
    MESSAGES.flatmap(
        lambda m: st.integers(0, 60).map(
            lambda n: oracle.frame(m[0], m[4], m[1], m[2], m[3])[:-n or None]
        )
    ),
    st.just(b"\0"),
)


@given(st.lists(PIECES, max_size=8).map(b"".join), st.integers(1, 300))
@settings(max_examples=200, deadline=None)
def test_codec_and_oracle_hear_the_same_on_any_line(stream, step):
    decoder = core.FrameDecoder()
    heard = [f for i in range(0, len(stream), step) for f in decoder.feed(stream[i : i + step])]
    wanted = oracle.listen(stream)
    assert [(f.msg, f.session, f.seq, f.ack, f.fields) for f in heard] == wanted.frames
    assert decoder.counters == wanted.counters


@given(RUNS)
@settings(max_examples=300, deadline=None)
def test_cobs_is_that_of_pypi(data):
    out = ffi.new("uint8_t[]", len(data) + len(data) // 254 + 1)
    n = lib.wire_cobs_encode(data, len(data), out, len(out))
    coded = bytes(ffi.buffer(out)[0:n])
    assert coded == cobs.encode(data)
    back = ffi.new("uint8_t[]", len(data) + 1)
    assert lib.wire_cobs_decode(coded, len(coded), back, len(data)) == len(data)
    assert bytes(ffi.buffer(back)[0 : len(data)]) == data


@given(st.binary(min_size=1, max_size=400).map(lambda data: data.replace(b"\0", b"\2")))
@settings(max_examples=300, deadline=None)
def test_cobs_refuses_what_pypi_refuses(coded):
    out = ffi.new("uint8_t[]", len(coded))
    n = lib.wire_cobs_decode(coded, len(coded), out, len(coded))
    try:
        wanted = cobs.decode(coded)
    except cobs.DecodeError:
        assert n == lib.WIRE_BAD_VALUE
    else:
        assert bytes(ffi.buffer(out)[0:n]) == wanted


@given(st.binary(max_size=400), st.integers(0, 400))
@settings(deadline=None)
def test_crc_is_that_of_google_also_in_parts(data, cut):
    wanted = google_crc32c.value(data)
    assert lib.wire_crc32c(0, data, len(data)) == wanted
    head, tail = data[:cut], data[cut:]
    assert lib.wire_crc32c(lib.wire_crc32c(0, head, len(head)), tail, len(tail)) == wanted


@given(U16, st.integers(0, 0xFFFF))
def test_newer_is_a_half_circle(last, ahead):
    assert core.newer(last + ahead, last) == (1 <= ahead <= 32767)
