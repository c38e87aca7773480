# SPDX-License-Identifier: GPL-3.0-or-later
"""vectors.json comes from the oracle; C and Python replay it."""

import make_vectors
import pytest
import wire_build
import wire_oracle as oracle

from endplate import core

VECTORS = wire_build.vectors()
FRAMES = VECTORS["frames"]


def ids(entry):
    return entry["name"]


def as_core(fields: dict) -> dict:
    """Fields as endplate.core returns them."""
    made = {name: tuple(v) if isinstance(v, list) else v for name, v in fields.items()}
    if "rx" in made:
        made["rx"] = dict(zip(oracle.COUNTERS, made["rx"], strict=True))
    return made


def as_frame(entry: dict) -> core.Frame:
    return core.Frame(
        entry["msg"], entry["session"], entry["seq"], entry["ack"], as_core(entry["fields"])
    )


def test_vectors_and_spec_are_what_the_oracle_makes():
    assert make_vectors.main(["--check"]) == 0, "run tests/protocol/make_vectors.py"


def test_vectors_are_those_of_the_compiled_codec():
    assert int(VECTORS["schema_hash"], 16) == core.SCHEMA_HASH


def test_vectors_have_every_message_and_every_refusal_of_the_codec():
    assert {frame["msg"] for frame in FRAMES} == set(core.MESSAGES) == set(oracle.LAYOUT)
    receivers = {"bad_session", "bad_sequence", "bad_stale"}
    assert {case["counter"] for case in VECTORS["refused"]} == set(core.REFUSALS) - receivers


@pytest.mark.parametrize("flags", [("-O0",), ("-O3",), wire_build.SANITIZED], ids=str)
def test_c_replays_the_vectors(tmp_path, flags):
    program = wire_build.program(tmp_path, "wire_vectors_main", "wire_vectors", flags=flags)
    passed = int(wire_build.output(program).split()[-1])
    assert passed > len(FRAMES) + 5 * (len(FRAMES) + len(VECTORS["refused"]))


def test_c_refuses_wrong_arguments_and_small_buffers(tmp_path):
    program = wire_build.program(tmp_path, "wire_edges", flags=wire_build.SANITIZED)
    assert wire_build.output(program) == "passed\n"


@pytest.mark.parametrize("entry", FRAMES, ids=ids)
def test_python_encodes_and_decodes(entry):
    wanted = bytes.fromhex(entry["hex"])
    fields = as_core(entry["fields"])
    made = core.encode(
        entry["msg"], fields, session=entry["session"], seq=entry["seq"], ack=entry["ack"]
    )
    assert made.hex() == wanted.hex()
    decoder = core.FrameDecoder()
    assert decoder.feed(wanted) == [as_frame(entry)]
    assert decoder.counters["frames"] == 1 and decoder.counters["bytes"] == len(wanted)


@pytest.mark.parametrize("case", VECTORS["refused"], ids=ids)
def test_python_counts_the_refusal(case):
    decoder = core.FrameDecoder()
    data = bytes.fromhex(case["hex"])
    assert decoder.feed(data) == []
    raised = {name: n for name, n in decoder.counters.items() if n and name.startswith("bad_")}
    assert raised == {case["counter"]: 1}
    good = FRAMES[0]
    assert decoder.feed(bytes.fromhex(good["hex"])) == [as_frame(good)]


@pytest.mark.parametrize("step", [1, 2, 7, 64, 10_000])
@pytest.mark.parametrize("case", VECTORS["streams"], ids=ids)
def test_python_hears_the_stream_in_any_portions(case, step):
    decoder = core.FrameDecoder()
    data = bytes.fromhex(case["hex"])
    heard = [f for i in range(0, len(data), step) for f in decoder.feed(data[i : i + step])]
    assert heard == [as_frame(FRAMES[i]) for i in case["frames"]]
    assert {name: n for name, n in decoder.counters.items() if n} == case["counters"]
