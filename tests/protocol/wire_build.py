# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiles wire.c with the small C programs of tests/c."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from make_vectors import ROOT, VECTORS, schema_hash

PROTOCOL = ROOT / "protocol"
PROGRAMS = ROOT / "tests" / "c"
STRICT = ("-Wall", "-Wextra", "-Wconversion", "-Wdouble-promotion", "-Wshadow", "-Werror")
SANITIZED = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def need(tool: str) -> str:
    """The tool's path; skips the test without it."""
    path = shutil.which(tool)
    if path is None:
        pytest.skip(f"{tool} is not installed")
    return path


def need_fuzzer(folder: Path) -> None:
    """Skips the test without clang, or without the runtime of its fuzzer."""
    source = folder / "nothing.c"
    source.write_text(
        "#include <stddef.h>\n#include <stdint.h>\n"
        "int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) { (void)d; (void)n; return 0; }\n"
    )
    made = subprocess.run(
        [need("clang"), "-fsanitize=fuzzer,address,undefined", str(source), "-o",
         str(folder / "nothing")],
        capture_output=True, text=True,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("the runtime of clang's fuzzer is not installed (libclang-rt-dev)")


def table(folder: Path) -> Path:
    """The vectors as C, made anew in `folder`."""
    path = folder / "wire_vectors_table.c"
    made = subprocess.run(
        [sys.executable, str(PROGRAMS / "vectors_to_c.py"), str(VECTORS)],
        check=True, capture_output=True, text=True,
    )
    path.write_text(made.stdout)
    return path


def program(
    folder: Path, *names: str, compiler: str = "gcc", flags: tuple[str, ...] = ("-O2",),
    wire: Path = PROTOCOL / "wire.c",
) -> Path:
    """`folder`/NAME from tests/c/NAMES.c, the table and the codec."""
    out = folder / names[0]
    command = [
        need(compiler), "-std=c11", *STRICT, *flags, "-iquote", str(PROTOCOL),
        "-iquote", str(PROGRAMS), f"-DWIRE_SCHEMA_HASH=0x{schema_hash():08x}u", str(wire),
        *(str(PROGRAMS / f"{name}.c") for name in names), str(table(folder)), "-o", str(out),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return out


def output(path: Path, *arguments: str, cwd: Path | None = None) -> str:
    """All that a program says; it must end well."""
    done = subprocess.run(
        [str(path), *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=cwd,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def vectors() -> dict:
    return json.loads(VECTORS.read_text())
