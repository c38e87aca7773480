# SPDX-License-Identifier: GPL-3.0-or-later
"""The short form of `make fuzz`'s libFuzzer part: the corpora that are kept are replayed, each
target runs for a moment, and the parameters' harness notices a slip; so do the kept inputs
of uploads and of the firmware's update."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import wire_build

from slips import one_in

from . import fuzz, fuzz_seeds

SECONDS = 1

# The steps of fuzz_params.c.
ASK, STATE, BOOT, CUT_AT, FLIP, STUCK = range(6)
INFO, GET, SET, SAVE, RESET = ([ASK, n] for n in range(5))
ALL, LINK_LOST, RAMP, REST_GRIP, ARMED = 255, 4, 5, 10, 3
OTHER_RAMP = [*SET, RAMP, 0, 0, 20, *SAVE, ALL]
SEEDS = {
    "out of range": [*SET, REST_GRIP, 2, 0, 5, *SET, RAMP, 0, 0, 101, *SET, RAMP, 128, 255, 255],
    "contradiction": [*SET, LINK_LOST, 0, 0, 100],
    "no such parameter": [*INFO, 200, *GET, 200, *SET, 200, 0, 0, 1, *RESET, 200, *SAVE, 3],
    "while it moves": [STATE, ARMED, *SET, RAMP, 0, 0, 20, *SAVE, ALL, *RESET, ALL],
    "kept": [*OTHER_RAMP, BOOT, *GET, RAMP, *RESET, ALL, *SAVE, ALL, BOOT],
    **{
        f"cut at {n}": [*OTHER_RAMP, *SET, RAMP, 0, 0, 30, CUT_AT, n, *SAVE, ALL, BOOT]
        for n in (1, 2, 10, 30, 62, 63, 64)
    },
    "cell that is stuck": [STUCK, 3, 2, *OTHER_RAMP, BOOT],
    "damaged": [*OTHER_RAMP, FLIP, 0, 140, BOOT, *RESET, ALL, *SAVE, ALL, BOOT],
}
#: What stands in a source and what a slip makes of it; the seeds alone have to notice.
SLIPS = {
    "a set value is not judged": (
        "params.c", "if (verdict == PARAMS_OK) {\n        memcpy", "if (1) {\n        memcpy"),
    "a range has no upper end": (
        "params.c", "values[i] < info.low || values[i] > info.high", "values[i] < info.low"),
    "the guard is not asked": (
        "params.c", "guard_check(&config) == CORE_OK &&", "guard_check(&config) != 99 &&"),
    "set while it moves": (
        "link_param.c", "app->guard.state != GUARD_DISARMED && app->guard.state != GUARD_FAULT",
        "app->guard.state == 99"),
    "a record that does not check is taken": (
        "store.c", "&& one->word[CRC] == crc_of(one)", "&& crc_of(one) != 1"),
    "the old record goes before the new one stands": (
        "store.c", "const int32_t anew = store->sector < 0;",
        "(void)board_flash_erase(0);\n    const int32_t anew = store->sector < 0;"),
}  # fmt: skip
#: The same of the targets whose kept inputs alone have to notice.
KEPT_SLIPS = {
    "a chunk may go past the end": (
        "blobs", "blob.c", "if (count > left || count % 4u != 0u) {",
        "if (count % 4u != 0u) {"),
    "any size may be announced": ("blobs", "blob.c", " || size > (uint32_t)BLOB_ROOM", ""),
    "what came is not hashed": (
        "blobs", "blob.c",
        " || hash != store_crc(0, slot_new(&blob->slots), (int32_t)blob->size)", ""),
    "sizes are any": ("blobs", "blob.c", " || size % 4u != 0u", ""),
    "the decoder's numbers are looked for where they stood": (
        "blobs", "blob.c", "    if (decode->ready) { /* the decoder's numbers",
        "    if (0) { /* the decoder's numbers"),
    "an upload goes on after a word that did not take": (
        "blobs", "blob.c", "            blob_forget(blob); /* a cell", "            /* a cell"),
    "the decoder of another calibration stays": (
        "blobs", "blob.c", "keep(blob, BLOB_CALIBRATION, BLOB_DECODER - 1, decode)",
        "keep(blob, BLOB_CALIBRATION, -1, decode)"),
    "a part may lie anywhere": (
        "blobs", "slot.c", "board_flash_at(FIRST + slots->slot) + slots->place[part]",
        "board_flash_at(FIRST + slots->slot) + SLOT_HEADER"),
    "what follows the last field is let through": (
        "blobs", "blob_words.c", "if (from->at != from->size) {", "if (0) {"),
    "a blob is read past its end": (
        "blobs", "blob_words.c", "if (from->size - from->at < 4u) {",
        "if (0) {"),
    "uploads while armed": (
        "blobs", "link_blob.c", "} else if (app_may_change(app)) {",
        "} else if (1) {"),
    "left out, yet said to be in force": (
        "blobs", "blob.c", " || (blob->refused >> (unsigned)kind & 1u) != 0u",
        ""),
    "the slot in use is written over": (
        "blobs", "slot.c", "slots->slot == 0 ? 1 : 0;",
        "slots->slot == 1 ? 1 : 0;"),
    "the queue has no end": (
        "blobs", "decode.c", "gap >= (uint32_t)(DECODE_QUEUE - state->waiting)",
        "gap > 1000u"),
    "a chain begins while it drives": (
        "blobs", "link_emg.c",
        "decode->start : app_decoding(app) == DECODE_HAND", "decode->start : 0"),
    "a hop is of now, however old": (
        "blobs", "app_decode.c",
        "app_ms(app) - link_age_ms((uint32_t)app->now_us, app->decode.hop_emg_us)",
        "app_ms(app)"),
    "nobody has to sign": (
        "update", "update.c", "if (!signature_good(",
        "if (0 && !signature_good("),
    "the signature leaves the header out": (
        "update", "update.c", "sha512_add(&update->digest, bytes, IMAGE_SIGNATURE);",
        ""),
    "more than was announced": (
        "update", "update.c", "count > update->announced - update->received",
        "count > 999"),
    "the fall-back is given up": (
        "update", "update.c", "if (update_on_trial(update)) {",
        "if (0) {"),
    "tried for ever": ("update", "boot.c", "boot->tries >= BOOT_TRIES", "boot->tries >= 99"),
    "a start is not counted": (
        "update", "boot.c", "boot->tries + 1, BOOT_NONE)) {",
        "boot->tries, BOOT_NONE)) {"),
    "firmware while armed": (
        "update", "link_blob.c", "kind = chunk.kind;\n        if (app_may_change(app)) {",
        "kind = chunk.kind;\n        if (1) {"),
}  # fmt: skip

SEEN_BY_ADDRESS = {"a blob is read past its end"}


def replayed(program: Path, files: list[Path]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(program), *map(str, files)], capture_output=True, text=True)


@pytest.fixture(scope="module")
def seeds(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("seeds")
    for name, steps in SEEDS.items():
        (folder / name).write_bytes(bytes([0, *steps]))
    return sorted(folder.iterdir())


def test_every_harness_is_in_the_table_and_every_target_has_a_corpus():
    harnesses = {path.stem.removeprefix("fuzz_") for path in fuzz.PROGRAMS.glob("fuzz_*.c")}
    assert harnesses - {"replay"} == set(fuzz.TARGETS)
    assert {path.name for path in fuzz.CORPUS.iterdir()} == set(fuzz.TARGETS)
    for name, target in fuzz.TARGETS.items():
        assert 10 < len(fuzz.corpus(name)) <= fuzz.KEPT_FILES, name
        assert all(path.exists() for path in target.sources)


@pytest.mark.parametrize("name", fuzz.TARGETS)
def test_fuzz_kept_inputs_and_a_moment_more_find_nothing(tmp_path, monkeypatch, name):
    try:
        wire_build.need_fuzzer(tmp_path)
    except pytest.skip.Exception:  # then without the moment
        done = replayed(fuzz.build(name, tmp_path, fuzz.SANITIZED), fuzz.corpus(name))
        assert done.returncode == 0, done.stderr[-2000:]
        assert f"{len(fuzz.corpus(name))} files" in done.stdout
        return
    monkeypatch.setattr(fuzz, "FINDINGS", tmp_path / "findings")
    clean, said = fuzz.run(name, SECONDS, tmp_path)
    print(said)
    assert clean, said


def test_right_parameters_pass_the_seeds(tmp_path, seeds):
    done = replayed(fuzz.build("params", tmp_path, ""), seeds)
    assert done.returncode == 0, done.stderr
    assert f"{len(seeds)} files" in done.stdout


@pytest.mark.parametrize("name", one_in(4, KEPT_SLIPS))
def test_uploads_and_updates_that_break_their_promise_are_found(tmp_path, name):
    target, source, right, wrong = KEPT_SLIPS[name]
    sanitize = "address" if name in SEEN_BY_ADDRESS else ""
    mutant = fuzz.mutant_of(tmp_path, target, source, right, wrong, sanitize)
    done = replayed(mutant, fuzz.corpus(target))
    # the harness, not the loader
    said = rf"/fuzz_{target}(_rig|_checks)?\.[ch]:\d+: |AddressSanitizer"
    assert done.returncode != 0 and re.search(said, done.stderr), "nothing noticed it"


def test_kept_uploads_and_updates_are_those_that_the_seeds_write():
    for target, inputs in fuzz_seeds.every().items():
        assert {path.name: path.read_bytes() for path in fuzz.corpus(target)} == inputs


@pytest.mark.parametrize("name", one_in(2, SLIPS))
def test_parameters_that_break_their_promise_are_found(tmp_path, name, seeds):
    source, right, wrong = SLIPS[name]
    done = replayed(fuzz.mutant_of(tmp_path, "params", source, right, wrong), seeds)
    assert done.returncode != 0 and "fuzz_params.c:" in done.stderr, "nothing noticed it"
