# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing that was damaged on the way is taken, and the next good frame always is."""

import json
import os
import random
from concurrent.futures import ThreadPoolExecutor

import pytest
import wire_build
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns import codec
from endplate import core

FRAMES = wire_build.vectors()["frames"]
GOOD = bytes.fromhex(FRAMES[0]["hex"])


def ids(entry):
    return entry["name"]


def hears(damaged: bytes) -> int:
    """Frames taken from damaged bytes that are followed by a delimiter; then a good one must be."""
    decoder = core.FrameDecoder()
    taken = len(decoder.feed(damaged)) + len(decoder.feed(b"\0"))
    assert len(decoder.feed(GOOD)) == 1, "deaf after the damage"
    refused = sum(decoder.counters[reason] for reason in core.REFUSALS)
    assert taken or refused or not damaged.strip(b"\0"), "refused without a counter"
    return taken


@pytest.mark.parametrize("entry", FRAMES, ids=ids)
def test_every_truncation_is_refused(entry):
    data = bytes.fromhex(entry["hex"])[:-1]
    for n in range(len(data)):
        assert hears(data[:n]) == 0, f"first {n} bytes"
        if n:
            assert hears(data[n:]) == 0, f"without the first {n} bytes"


@pytest.mark.parametrize("entry", FRAMES, ids=ids)
def test_every_single_bit_is_refused(entry):
    data = bytearray.fromhex(entry["hex"])
    for bit in range(8 * len(data)):
        data[bit // 8] ^= 1 << bit % 8
        assert hears(bytes(data)) == 0, f"bit {bit}"
        data[bit // 8] ^= 1 << bit % 8


@pytest.mark.parametrize("entry", FRAMES[::3], ids=ids)
def test_bytes_lost_doubled_or_put_in_are_refused(entry):
    data = bytes.fromhex(entry["hex"])[:-1]
    for i in range(len(data)):
        assert hears(data[:i] + data[i + 1 :]) == 0, f"byte {i} lost"
        assert hears(data[:i] + data[i : i + 1] + data[i:]) == 0, f"byte {i} doubled"
        for byte in (1, 0x7F, 0xFF):
            assert hears(data[:i] + bytes([byte]) + data[i:]) == 0, f"{byte} before byte {i}"
        if i:  # at the very start it is idle line
            assert hears(data[:i] + b"\0" + data[i:]) == 0, f"a zero before byte {i}"


@pytest.mark.parametrize("entry", FRAMES[::3], ids=ids)
def test_bursts_are_refused(entry):
    data = bytes.fromhex(entry["hex"])
    chance = random.Random(entry["name"])
    for length in (2, 8, 17, 32, 33, 64):
        for _ in range(60):
            first = chance.randrange(8 * len(data) - length)
            burst = chance.getrandbits(length) | 1 | 1 << length - 1
            whole = int.from_bytes(data, "little") ^ burst << first
            assert hears(whole.to_bytes(len(data), "little")) == 0, (first, length)


def test_two_frames_that_lost_their_delimiter_are_both_refused():
    for entry in FRAMES:
        data = bytes.fromhex(entry["hex"])
        decoder = core.FrameDecoder()
        assert decoder.feed(data[:-1] + GOOD) == []
        assert len(decoder.feed(data)) == 1


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    folder = tmp_path_factory.mktemp("campaign")
    return codec.build(folder)


def assert_clean(count: dict) -> None:
    assert count["accepted"] == 0, "a damaged frame was taken"
    assert count["deaf"] == 0, "a good frame behind the damage was lost"
    assert count["uncounted"] == 0, "a refusal without a counter"
    assert count["refused"] + count["intact"] == count["tried"]


def test_every_single_bit_and_every_pair_of_bits_is_refused_in_c(campaign):
    for what, least in (("singles", 10_000), ("pairs", 1_000_000)):
        count = json.loads(wire_build.output(campaign, what))
        assert count["tried"] > least and count["intact"] == 0
        assert_clean(count)


def test_millions_of_damaged_frames_of_every_kind(campaign):
    """The short form of `make fuzz`'s campaign: other seeds than the long one starts with."""
    total: dict = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for count in pool.map(lambda n: codec.run_portion(campaign, 77, n), range(2)):
            codec.add(total, count)
    print(f"\n{codec.report(total)}")
    assert total["tried"] == 4_000_000 and total["frames"] > 800_000
    assert min(total["kinds"]) > 400_000 and total["crc"] > 200_000
    assert 0 < total["intact"] < total["tried"] / 50  # the damage is real, and not all of it is
    assert_clean(total)


@pytest.mark.parametrize(("right", "wrong", "what"), [
    ("if (crc != wire_crc32c", "if ((crc ^ wire_crc32c(0, body, n - WIRE_CRC)) & 0xfffu && crc "
     "!= wire_crc32c", "accepted"),
    ("decoder->skipping = 0;\n", "\n", "deaf"),
    ("return refuse(&count->bad_crc);", "return 0;", "uncounted"),
])  # fmt: skip
def test_the_campaign_notices_a_codec_that_takes_damage(tmp_path, right, wrong, what):
    text = (wire_build.PROTOCOL / "wire.c").read_text()
    assert text.count(right) == 1, "wire.c changed: state the slip anew"
    mutant = tmp_path / "wire.c"
    mutant.write_text(text.replace(right, wrong))
    program = wire_build.program(
        tmp_path, "wire_campaign", "wire_vectors", wire=mutant,
        flags=("-O2", "-iquote", str(wire_build.PROTOCOL)),
    )  # fmt: skip
    assert codec.run_portion(program, 1, 0, frames=400_000)[what] > 0


# ---- a line full of anything ----


@settings(max_examples=400, deadline=None)
@given(
    line=st.lists(
        st.one_of(
            st.binary(max_size=400),
            st.sampled_from([bytes.fromhex(entry["hex"]) for entry in FRAMES]).flatmap(
                lambda frame: st.builds(
                    lambda a, b: frame[min(a, b) : max(a, b)],
                    st.integers(0, len(frame)), st.integers(0, len(frame)),
                )
            ),
            st.sampled_from([b"\0", b"\0" * 9, b"\xff" * 300, b"\x01" * 300, b"\x02" * 173]),
        ),
        max_size=8,
    ),
    portions=st.lists(st.integers(1, 200), min_size=1, max_size=5),
    data=st.data(),
)  # fmt: skip
def test_behind_any_garbage_the_next_good_frame_is_heard(line, portions, data):
    """Behind a delimiter at once; without one at the latest the frame after the next."""
    good = [data.draw(st.sampled_from(FRAMES)) for _ in range(3)]
    frames = [bytes.fromhex(entry["hex"]) for entry in good]
    decoder = core.FrameDecoder()
    garbage = b"".join(line)
    at = 0
    while at < len(garbage):
        step = portions[at % len(portions)]
        decoder.feed(garbage[at : at + step])
        at += step
    glued = decoder.feed(frames[0])  # lost when the garbage ran into it
    assert len(glued) <= 1
    assert [len(decoder.feed(frame)) for frame in frames[1:]] == [1, 1]
    decoder.feed(garbage + b"\0")
    heard = [frame for data in frames for frame in decoder.feed(data)]
    assert [(frame.msg, frame.seq) for frame in heard] == [(e["msg"], e["seq"]) for e in good]
