# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing that was damaged on the way is taken, and the next good frame always is."""

import json
import os
import random

import pytest
import wire_build

from endplate import core

FRAMES = wire_build.vectors()["frames"]
SECONDS = float(os.environ.get("ENDPLATE_FUZZ_SECONDS", "2"))
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
    return wire_build.program(folder, "wire_campaign", "wire_vectors")


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


@pytest.mark.parametrize("seed", [1, 2])
def test_fuzz_half_a_million_damaged_frames(campaign, seed):
    frames = int(500_000 * max(1.0, SECONDS / 2))
    count = json.loads(wire_build.output(campaign, "random", str(frames), str(seed)))
    assert count["tried"] == frames
    assert 0 < count["intact"] < frames / 50  # the damage is real, and not all of it is
    assert_clean(count)


def test_fuzz_with_coverage(tmp_path):
    wire_build.need_fuzzer(tmp_path)
    program = wire_build.program(
        tmp_path, "fuzz_wire", "wire_vectors", compiler="clang",
        flags=("-g", "-O1", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all"),
    )
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for i, entry in enumerate(FRAMES):
        data = bytes.fromhex(entry["hex"])
        (corpus / f"line{i}").write_bytes(b"\x06" + data + data)
        (corpus / f"body{i}").write_bytes(b"\x01" + data)
    done = wire_build.output(
        program, f"-max_total_time={max(1, int(SECONDS))}", "-max_len=600", "-seed=1",
        "-verbosity=0", "-print_final_stats=1", str(corpus), cwd=tmp_path,
    )
    executed = int(done.split("stat::number_of_executed_units:")[1].split()[0])
    assert executed > 500 * SECONDS
