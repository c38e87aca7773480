# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts mutants of the guard before the guard's own tests, quickly.

The host's extension is built once, of the codec alone and linked lazily. One process has
pytest collect the tests once; for every mutant it forks a child, which loads the mutant and runs
them up to the first that fails. The test that killed last comes first.

    python -m campaigns.mutant_guard EXTENSION LIBRARY ...     one line `LIBRARY verdict` each
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cffi import FFI

from . import ROOT, TESTS

if TYPE_CHECKING:
    from .mutants import Mutant

GUARD = sorted((ROOT / "firmware" / "core").glob("guard*.c"))
#: Any order and every pair of conditions take long; the coverage compiles.
LEFT_OUT = ("test_guard_machine.py", "test_guard_conditions.py", "test_guard_coverage.py")
LONGEST_S = 60  # of processor time
FEWEST = 100  # tests there must be: else everything would survive


def extension(folder: Path) -> Path:
    """`endplate._core` with all but the codec left open, to be found when first called."""
    where = ROOT / "host" / "build" / "ffi.py"
    spec = importlib.util.spec_from_file_location("core_build", where)
    assert spec is not None and spec.loader is not None
    recipe = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recipe)
    ffi = FFI()
    ffi.cdef(recipe.declarations())
    ffi.set_source(
        "_core",
        "\n".join(f'#include "{header.name}"' for header in recipe.headers()),
        sources=[str(path) for path in recipe.sources() if path.name == "wire.c"],
        define_macros=[("WIRE_SCHEMA_HASH", f"0x{recipe.schema_hash():08x}u")],
        extra_compile_args=["-std=c11", "-O0", "-w", *recipe.SEARCH],
        extra_link_args=["-Wl,-z,lazy", "-Wl,--unresolved-symbols=ignore-all"],
    )
    return Path(ffi.compile(tmpdir=str(folder)))


def library(mutant: Path, right: Path, out: Path) -> Path:
    """The guard as one library: the mutant's object, and the other sources' as they are."""
    objects = [mutant if path.stem == mutant.stem else right / f"{path.stem}.o" for path in GUARD]
    subprocess.run(["gcc", "-shared", *map(str, objects), "-o", str(out)], check=True)
    return out


def guard_tests(mutants: Sequence[Mutant], right: Path) -> list[bool]:
    """Whether the guard's tests are content with each. Raises SystemExit when they are not with the
    guard as it is."""
    core = extension(right)
    plain = library(right / f"{GUARD[0].stem}.o", right, right / "guard.so")
    made = [library(one.object, right, one.folder / "guard.so") for one in mutants]
    shares = [made[i :: os.cpu_count() or 1] for i in range(os.cpu_count() or 1)]
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "campaigns.mutant_guard", str(core), str(plain),
             *map(str, share)],
            cwd=TESTS, stdout=subprocess.PIPE, text=True,
        )
        for share in shares
    ]  # fmt: skip
    said: dict[str, str] = {}
    for worker in workers:
        out, _ = worker.communicate()
        said |= dict(line.split() for line in out.splitlines() if line.startswith("/"))
    if said.get(str(plain)) != "content":
        raise SystemExit("the guard's tests cannot be run, or fail with the guard as it is")
    return [said[str(one)] == "content" for one in made]


class OneByOne:
    """Instead of one run of the tests, one for every library."""

    def __init__(self, libraries: list[str]) -> None:
        self._libraries = libraries

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Called by pytest when all is collected."""
        items: list[Any] = list(session.items)
        if session.testsfailed or len(items) < FEWEST:
            raise session.Failed(f"only {len(items)} tests of the guard could be collected")
        for path in self._libraries:
            said = os.pipe()
            child = os.fork()
            if child == 0:
                os._exit(self._child(path, items, said[1]))
            os.close(said[1])
            with os.fdopen(said[0], "rb") as pipe:
                killer = pipe.read()
            _, status = os.waitpid(child, 0)
            if killer:
                items.insert(0, items.pop(int(killer)))
            content = os.waitstatus_to_exitcode(status) == 0
            os.write(3, f"{path} {'content' if content else 'killed'}\n".encode())
        return True

    @staticmethod
    def _child(path: str, items: list[Any], say: int) -> int:
        signal.setitimer(signal.ITIMER_PROF, LONGEST_S)  # ends it: a mutant may loop for ever
        ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
        for number, item in enumerate(items):
            following = items[number + 1] if number + 1 < len(items) else None
            if any(report.failed for report in _run(item, following)):
                os.write(say, str(number).encode())
                return 1
        return 0


def _run(item: Any, following: Any) -> list[Any]:
    from _pytest.runner import runtestprotocol

    if hasattr(item, "_request") and not item._request:
        item._initrequest()
    return runtestprotocol(item, nextitem=following, log=False)


def main(core: str, libraries: list[str]) -> int:
    """A worker."""
    os.dup2(1, 3)  # the verdicts; what pytest says goes nowhere
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    sys.setdlopenflags(os.RTLD_LAZY)
    spec = importlib.util.spec_from_file_location("endplate._core", core)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules["endplate._core"] = module
    import endplate

    endplate._core = module  # type: ignore[attr-defined]
    tests = [path for path in sorted((TESTS / "core").glob("test_guard*.py"))
             if path.name not in LEFT_OUT]  # fmt: skip
    return int(pytest.main(
        ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:timeout", "--no-header",
         "-o", "addopts=", *map(str, tests)], plugins=[OneByOne(libraries)],
    ))  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
