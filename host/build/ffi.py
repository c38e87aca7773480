# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiles protocol/ and firmware/core into `endplate._core` (cffi API mode).

The public C headers are the cdef: lines that start with `#` are dropped, nothing else. So a struct
that disagrees with its header fails at compile time. Run by hook.py when a wheel or an editable
install is built, or by hand:

    python host/build/ffi.py            compile into host/endplate (in place), unless it is new
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path

from cffi import FFI

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "firmware" / "core"
PROTOCOL = ROOT / "protocol"
# In the order in which they include each other: a type is declared before it is used.
CORE_STAGES = (
    "sizes",
    "elementary",
    "filter",
    "features",
    "quality",
    "meter",
    "gate",
    "linear",
    "classes",
    "direct",
    "fourier",
    "decoder",
    "shape",
    "chain",
    "hand",
    "guard",
    "strain",
    "caps",
    "touch",
    "tactor",
)
# More of a stage: declared in its header.
WITHOUT_HEADER = ("guard_config", "guard_drive", "hand_config")
# Bit-exactness (DESIGN section 2): strict C11, no fused multiply-add, no fast-math, on host and
# hand alike.
FLAGS = ("-std=c11", "-ffp-contract=off", "-fno-math-errno", "-O3", "-Wall", "-Wextra")
# -iquote and not -I: the core's features.h must not stand before the C library's own <features.h>.
SEARCH = ("-iquote", str(CORE), "-iquote", str(PROTOCOL))


def schema_hash() -> int:
    """Hash of the wire's headers as protocol/schema_hash.py defines it."""
    spec = importlib.util.spec_from_file_location("schema_hash", PROTOCOL / "schema_hash.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.schema_hash(PROTOCOL)


def headers() -> list[Path]:
    """Public headers, in order of inclusion."""
    wire = [PROTOCOL / "wire_messages.h", PROTOCOL / "wire.h"]
    return [CORE / f"{stage}.h" for stage in CORE_STAGES] + wire


def sources() -> list[Path]:
    """The C files of the core and the codec."""
    stages = [CORE / f"{stage}.c" for stage in (*CORE_STAGES, *WITHOUT_HEADER)]
    return [path for path in stages if path.exists()] + [PROTOCOL / "wire.c"]


def declarations() -> str:
    """The headers without preprocessor lines: what cffi reads."""
    lines = []
    for header in headers():
        lines += [line for line in header.read_text().splitlines() if not line.startswith("#")]
    return "\n".join(lines)


def extension(target: Path) -> Path:
    """Where it lies in the folder `target`, for the Python that runs."""
    return target / f"_core{sysconfig.get_config_var('EXT_SUFFIX')}"


def is_new(target: Path) -> bool:
    """Whether the extension in `target` is newer than all that it is made of."""
    made = extension(target)
    parts = [*CORE.glob("*.[ch]"), *PROTOCOL.glob("*.[ch]"), PROTOCOL / "schema_hash.py",
             Path(__file__)]  # fmt: skip
    return made.exists() and made.stat().st_mtime > max(part.stat().st_mtime for part in parts)


def build(target: Path) -> Path:
    """Compiles the extension into the folder `target` and returns its path.

    Everything intermediate lives in a temporary folder; the finished file is moved into place in
    one step, so that a process that imports it meanwhile sees the old or the new one, never half
    of one.
    """
    ffi = FFI()
    ffi.cdef(declarations())
    ffi.set_source(
        "_core",
        "\n".join(f'#include "{header.name}"' for header in headers()),
        sources=[str(path) for path in sources()],
        define_macros=[("WIRE_SCHEMA_HASH", f"0x{schema_hash():08x}u")],
        extra_compile_args=[*FLAGS, *SEARCH],
        libraries=["m"],
        py_limited_api=False,
    )
    with tempfile.TemporaryDirectory(prefix="endplate-build-") as scratch:
        made = Path(
            ffi.compile(tmpdir=scratch, verbose=bool(os.environ.get("ENDPLATE_BUILD_VERBOSE")))
        )
        target.mkdir(parents=True, exist_ok=True)
        final = extension(target)
        staged = target / f".{final.name}.{os.getpid()}"
        shutil.copy2(made, staged)
        os.replace(staged, final)
    return final


if __name__ == "__main__":
    HERE = ROOT / "host" / "endplate"
    sys.stdout.write(f"{extension(HERE) if is_new(HERE) else build(HERE)}\n")
