# SPDX-License-Identifier: GPL-3.0-or-later
"""The hash changes with the schema, and with nothing else; both sides have the same."""

import subprocess
import sys

import google_crc32c
import pytest
from cffi import FFI
from hypothesis import given
from hypothesis import strategies as st
from make_vectors import ROOT, schema_hash, schema_module
from wire_build import need

from endplate import core

SCRIPT = ROOT / "protocol" / "schema_hash.py"
HEADER = ROOT / "protocol" / "wire.h"


MODULE = schema_module()


@given(st.binary(max_size=300))
def test_pure_crc_is_that_of_google(data):
    assert MODULE.crc32c(data) == google_crc32c.value(data)


def test_script_prints_what_the_codec_was_compiled_with():
    done = subprocess.run([sys.executable, str(SCRIPT)], check=True, capture_output=True, text=True)
    assert done.stdout == f"0x{schema_hash():08x}\n"
    assert int(done.stdout, 16) == core.SCHEMA_HASH, "run host/build/ffi.py"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("int32_t", "int32_t  \t\n "),
        ("/*", "/* another word"),
        ("#include <stdint.h>", "#include <stdint.h> // which types\n"),
    ],
)
def test_comments_and_white_space_do_not_count(tmp_path, old, new):
    path = tmp_path / "wire.h"
    path.write_text(HEADER.read_text().replace(old, new))
    assert path.read_text() != HEADER.read_text()
    assert MODULE.schema_hash(path) == MODULE.schema_hash(HEADER)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("uint8_t grip;", "uint16_t grip;"),
        ("WIRE_VERSION = 1", "WIRE_VERSION = 2"),
        ("uint32_t emg_us;", "uint32_t emg_ms;"),
        ("WIRE_TARGET_UNIT = 10000", "WIRE_TARGET_UNIT = 1000"),
        ("uint8_t mode;\n    uint8_t valid_ms;", "uint8_t valid_ms;\n    uint8_t mode;"),
        ("int16_t current[WIRE_MAX_JOINTS];", ""),
    ],
)
def test_every_declaration_counts(tmp_path, old, new):
    path = tmp_path / "wire.h"
    text = HEADER.read_text()
    if "\n" in old:  # the members carry comments
        text = MODULE._COMMENT.sub("", text)
        text = "\n".join(line.rstrip() for line in text.splitlines())
    assert old in text
    path.write_text(text.replace(old, new))
    assert MODULE.schema_hash(path) != MODULE.schema_hash(HEADER)


def test_codec_does_not_compile_without_the_hash(tmp_path):
    source = ROOT / "protocol" / "wire.c"
    done = subprocess.run(
        [need("gcc"), "-c", str(source), "-o", str(tmp_path / "wire.o")],
        capture_output=True, text=True,
    )
    assert done.returncode != 0 and "WIRE_SCHEMA_HASH" in done.stderr


def test_header_is_what_cffi_reads():
    """The whole public header, lines that begin with # dropped, in front of nothing else."""
    ffi = FFI()
    ffi.cdef("\n".join(s for s in HEADER.read_text().splitlines() if not s.startswith("#")))
    assert ffi.sizeof("wire_counters") == 13 * 4
    assert ffi.typeof("wire_frame").fields[-1][0] == "payload"
