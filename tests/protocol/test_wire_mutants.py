# SPDX-License-Identifier: GPL-3.0-or-later
"""The C checks notice when wire.c is wrong: every line runs, and each of these slips is caught."""

import re
import subprocess
from pathlib import Path

import pytest
import wire_build

from slips import one_in

#: With its tables and ranges in it, so that slips of all are tried alike.
SOURCE = (wire_build.PROTOCOL / "wire.c").read_text()
for part in ("wire_layout.h", "wire_ranges.h"):
    SOURCE = SOURCE.replace(f'#include "{part}"', (wire_build.PROTOCOL / part).read_text())
#: (what stands in wire.c, what a slip would make of it)
SLIPS = [
    ("0xf36e6f75u", "0xf36e6f74u"),
    ("return ~crc;", "return crc;"),
    ("to - code_at == 255", "to - code_at == 254"),
    ("to + full >= capacity", "to + full > capacity"),
    ("from + code - 1 > n", "from + code - 2 > n"),
    ("if (in[from] == 0) return WIRE_BAD_VALUE;", ""),
    ("if (code < 255 && from < n)", "if (from < n)"),
    ("if (code < 255 && from < n)", "if (code < 255)"),
    ("if (to >= capacity) return WIRE_TOO_SMALL;\n            out[to++] = 0;", "out[to++] = 0;"),
    ("at[1] = (uint8_t)(value >> 8);", "at[1] = (uint8_t)(value >> 7);"),
    ("at[0] | at[1] << 8", "at[1] | at[0] << 8"),
    ("U8(command, mode), U8(command, valid_ms)", "U8(command, valid_ms), U8(command, mode)"),
    ("U16(state, position), U16(state, velocity)", "U16(state, velocity), U16(state, position)"),
    ("U32(time, host_us), U32(time, hand_rx_us)", "U32(time, hand_rx_us), U32(time, host_us)"),
    ("frame->flags & WIRE_FLAG_ACK ? frame->ack : 0", "0"),
    ("out, capacity - 1);", "out, capacity);"),
    ("if (n < 0) return refuse(&count->bad_cobs);", "if (n < 0) return 0;"),
    ("n < WIRE_HEADER + WIRE_CRC", "n < WIRE_HEADER"),
    ("if (crc != wire_crc32c", "if (0 && crc != wire_crc32c"),
    ("wire_crc32c(0, body, n - WIRE_CRC)) return", "wire_crc32c(0, body, n - 5)) return"),
    ("body[0] >> 4 != WIRE_VERSION", "body[0] >> 4 < WIRE_VERSION"),
    ("if (n != WIRE_HEADER + length + WIRE_CRC)", "if (n < WIRE_HEADER + length + WIRE_CRC)"),
    ("frame->session = take16(body + 2);", "frame->session = take16(body + 4);"),
    ("count->frames++;", ""),
    ("decoder->counters.bytes++;", ""),
    ("decoder->fill > 0 && !decoder->skipping", "!decoder->skipping"),
    ("decoder->fill > 0 && !decoder->skipping", "decoder->fill > 0"),
    ("decoder->fill = 0;\n", "\n"),
    ("decoder->skipping = 0;\n", "\n"),
    ("decoder->fill < WIRE_MAX_FRAME - 1", "decoder->fill < WIRE_MAX_FRAME - 2"),
    ("decoder->fill < WIRE_MAX_FRAME - 1", "decoder->fill < WIRE_MAX_FRAME"),
    ("else if (!decoder->skipping) {", "else {"),
    ("ahead < 0x8000u", "ahead <= 0x8000u"),
    ("ahead > 0 &&", ""),
    ("->reason <= 2", "->reason <= 3"),
    ("target[i] > WIRE_TARGET_UNIT", "target[i] > WIRE_TARGET_UNIT + 1"),
    ("target[i] > WIRE_TARGET_UNIT", "target[i] >= WIRE_TARGET_UNIT"),
    ("target[i] < -WIRE_TARGET_UNIT", "target[i] < -WIRE_TARGET_UNIT - 1"),
    ("i < WIRE_MAX_DOF; i++) {\n            if (command", "i < 7; i++) {\n            if (command"),
    ("command->mode <= WIRE_MODE_POSITION", "command->mode <= 3"),
    (" && command->valid_ms > 0", ""),
    ("if (text[i] && !text[i - 1]) return 0;", ""),
    ("            && padded(hand->name, WIRE_NAME)", ""),
    ("U32(param_value, value), U32(param_value, kept)",
     "U32(param_value, kept), U32(param_value, value)"),
    ("U8(param_set, index), U8(param_set, type)", "U8(param_set, type), U8(param_set, index)"),
    ("answer->type <= WIRE_PARAM_GRIP", "answer->type <= 3"),
    ("answer->status <= WIRE_PARAM_NOT_KEPT", "answer->status <= 7"),
    ("answer->asked >= WIRE_PARAM_GET", "answer->asked >= 48"),
    ("answer->asked <= WIRE_PARAM_RESET", "answer->asked <= 53"),
    ("answer->store <= WIRE_STORE_OTHER", "answer->store <= 5"),
    ("told->type <= WIRE_PARAM_GRIP", "told->type <= 3"),
    ("told->status <= WIRE_PARAM_UNKNOWN", "told->status <= 2"),
    ("padded(told->name, WIRE_PARAM_NAME)", "padded(told->name, WIRE_PARAM_NAME - 1)"),
    ("padded(told->unit, WIRE_PARAM_UNIT)", "padded(told->unit, 2)"),
    ("padded(told->text, WIRE_PARAM_TEXT)", "padded(told->text, WIRE_PARAM_TEXT - 1)"),
    ("hand->accepted <= 1 && ", ""),
    ("hand->dofs <= WIRE_MAX_DOF", "hand->dofs <= 9"),
    ("hand->joints <= WIRE_MAX_JOINTS", "hand->joints <= 11"),
    (">> (WIRE_MAX_JOINTS - 8) == 0", ">> 3 == 0"),
    ("log->level <= 2", "log->level <= 3"),
    ("padded(log->text, WIRE_LOG_TEXT)", "padded(log->text, WIRE_LOG_TEXT - 1)"),
    ("kind >= WIRE_BLOB_DECODER", "kind >= 0"),
    ("kind <= WIRE_BLOB_FIRMWARE", "kind <= 5"),
    ("layout->field == BLOB_BEGIN", "layout->field == BLOB_STATUS"),
    ("if (layout->field == BLOB) return is_kind", "if (0) return is_kind"),
    ("is_kind(chunk->kind) && ", ""),
    ("chunk->count >= 1 && ", ""),
    ("chunk->count <= WIRE_BLOB_BYTES", "chunk->count <= 145"),
    ("is_kind(answer->kind) && ", ""),
    ("answer->status <= WIRE_BLOB_OTHER_BITS", "answer->status <= 14"),
    ("answer->asked >= WIRE_BLOB_BEGIN", "answer->asked >= 55"),
    ("answer->asked <= WIRE_BLOB_GET", "answer->asked <= 60"),
    ("emg->sites >= 1 && ", ""),
    ("emg->sites <= 32 && ", ""),
    ("emg->count >= 1", "1"),
    ("3 * emg->sites * emg->count <= WIRE_EMG_BYTES", "3 * emg->sites * emg->count <= 123"),
    ("decoded->target[i] > WIRE_TARGET_UNIT || ", ""),
    ("|| decoded->target[i] < -WIRE_TARGET_UNIT", ""),
    ("decoded->host[i] > WIRE_TARGET_UNIT || ", ""),
    ("|| decoded->host[i] < -WIRE_TARGET_UNIT", ""),
    ("decoded->drives <= 1", "decoded->drives <= 2"),
    ("U8(blob, kind)}", "U8(blob, kind), U8(blob, kind)}"),
    ("U16(touch, force), U8(touch, contact)", "U8(touch, contact), U16(touch, force)"),
    ("if (!layout || layout->field != fields) return WIRE_BAD_MESSAGE;\n    if (!in_range",
     "if (!in_range"),
    ("if (!layout || layout->field != fields) return WIRE_BAD_MESSAGE;\n    if (frame",
     "if (frame"),
    ("if (frame->length != bytes_of(layout)) return WIRE_BAD_LENGTH;", ""),
    ("if (!in_range(layout, &trial)) return WIRE_BAD_VALUE;", ""),
    ("if (!in_range(layout, in)) return WIRE_BAD_VALUE;", ""),
]


@pytest.fixture(scope="module")
def checks(tmp_path_factory):
    """Objects of both C programs, so that a slip costs one small compilation."""
    folder = tmp_path_factory.mktemp("mutants")
    gcc = wire_build.need("gcc")
    wire_build.table(folder)
    sources = [wire_build.PROGRAMS / f"{name}.c" for name in
               ("wire_vectors", "wire_vectors_main", "wire_edges")]
    subprocess.run(
        [gcc, "-std=c11", "-O0", "-iquote", str(wire_build.PROTOCOL), "-iquote",
         str(wire_build.PROGRAMS), "-c", *map(str, sources), str(folder / "wire_vectors_table.c")],
        check=True, cwd=folder,
    )
    return folder


def content(folder, text: str) -> bool:
    """Whether both programs are content with this text of wire.c."""
    source = folder / "wire.c"
    source.write_text(text)
    subprocess.run(
        ["gcc", "-w", "-std=c11", "-O0", "-iquote", str(wire_build.PROTOCOL), "-c", str(source),
         f"-DWIRE_SCHEMA_HASH=0x{wire_build.schema_hash():08x}u"],
        cwd=folder, check=True,
    )
    for parts in (("wire_vectors", "wire_vectors_main", "wire_vectors_table"), ("wire_edges",)):
        objects = [f"{part}.o" for part in ("wire", *parts)]
        subprocess.run(["gcc", *objects, "-o", "check"], cwd=folder, check=True)
        if subprocess.run([str(folder / "check")], capture_output=True, timeout=20).returncode:
            return False
    return True


def test_checks_are_content_with_the_codec_as_it_is(checks):
    assert content(checks, SOURCE)


@pytest.mark.parametrize(("stands", "slip"), one_in(3, SLIPS))
def test_slip_is_noticed(checks, stands, slip):
    assert SOURCE.count(stands) >= 1, "wire.c changed: state the slip anew"
    assert not content(checks, SOURCE.replace(stands, slip, 1)), "nothing noticed it"


def test_every_line_and_every_branch_of_the_codec_runs(checks, tmp_path):
    gcov = wire_build.need("gcov")
    subprocess.run(
        ["gcc", "-std=c11", "-O0", "--coverage", "-iquote", str(wire_build.PROTOCOL), "-c",
         str(wire_build.PROTOCOL / "wire.c"),
         f"-DWIRE_SCHEMA_HASH=0x{wire_build.schema_hash():08x}u"],
        cwd=tmp_path, check=True,
    )  # fmt: skip
    for names in (("wire_vectors_main", "wire_vectors", "wire_vectors_table"), ("wire_edges",)):
        objects = [str(checks / f"{name}.o") for name in names]
        subprocess.run(["gcc", "--coverage", "wire.o", *objects, "-o", "check"], cwd=tmp_path,
                       check=True)  # fmt: skip
        subprocess.run([str(tmp_path / "check")], cwd=tmp_path, check=True, capture_output=True)
    told = subprocess.run([gcov, "-b", "-t", "wire.gcda"], cwd=tmp_path, capture_output=True,
                          text=True, check=True).stdout  # fmt: skip
    lines, branches, missed, at = 0, 0, [], ""
    for row in told.splitlines():
        if source := re.match(r" *-: +0:Source:(.*)", row):
            file = Path(source[1]).name
        elif line := re.match(r" *(\S+): *([1-9]\d*):(.*)$", row):
            at = f"{file}:{line[2]}: {line[3].strip()}"
            lines += line[1].rstrip("*").isdigit()
            if line[1] in ("#####", "====="):
                missed.append(at)
        elif branch := re.match(r"branch +(\d+) (?:taken (\d+)%|never executed)", row):
            branches += 1
            if branch[2] in (None, "0"):
                missed.append(f"{at}   (branch {branch[1]})")
    print(f"\nwire.c: {lines} lines and {branches} branches run")
    assert lines > 150 and branches > 150, "gcov says nothing"
    assert not missed, "what no check of wire.c reaches:\n" + "\n".join(missed)
