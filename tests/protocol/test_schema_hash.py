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
FOLDER = ROOT / "protocol"


MODULE = schema_module()


def changed(folder, change):
    """Copies both headers into `folder`, each as `change` makes it; fails when none did change."""
    before = [(FOLDER / name).read_text() for name in MODULE.HEADERS]
    after = [change(text) for text in before]
    assert before != after
    for name, text in zip(MODULE.HEADERS, after, strict=True):
        (folder / name).write_text(text)
    return folder


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
    folder = changed(tmp_path, lambda text: text.replace(old, new))
    assert MODULE.schema_hash(folder) == MODULE.schema_hash(FOLDER)


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
    bare = tmp_path / "bare"
    bare.mkdir()

    def without_comments(text):
        return "\n".join(s.rstrip() for s in MODULE._COMMENT.sub("", text).splitlines())

    changed(bare, without_comments)
    assert MODULE.schema_hash(bare) == MODULE.schema_hash(FOLDER)
    folder = changed(tmp_path, lambda text: without_comments(text).replace(old, new))
    assert any(old in (bare / name).read_text() for name in MODULE.HEADERS)
    assert MODULE.schema_hash(folder) != MODULE.schema_hash(FOLDER)


def test_codec_does_not_compile_without_the_hash(tmp_path):
    source = ROOT / "protocol" / "wire.c"
    done = subprocess.run(
        [need("gcc"), "-c", str(source), "-o", str(tmp_path / "wire.o")],
        capture_output=True, text=True,
    )
    assert done.returncode != 0 and "WIRE_SCHEMA_HASH" in done.stderr


def test_headers_are_what_cffi_reads():
    """The whole public headers, lines that begin with # dropped, in front of nothing else."""
    ffi = FFI()
    for name in MODULE.HEADERS:
        lines = (FOLDER / name).read_text().splitlines()
        ffi.cdef("\n".join(line for line in lines if not line.startswith("#")))
    assert ffi.sizeof("wire_counters") == 13 * 4
    assert ffi.typeof("wire_frame").fields[-1][0] == "payload"
