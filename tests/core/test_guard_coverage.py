# SPDX-License-Identifier: GPL-3.0-or-later
"""Every line of the guard and of strain runs in their own tests, and every branch goes both ways:
the tests are run once more, on a core that counts. Branches that nothing can take are listed, each
with its reason; one that is taken after all is a finding too."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cffi import FFI

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
#: Runs pytest with the counting core in the place of the real one.
RUN = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("endplate._core", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
import endplate
sys.modules["endplate._core"] = endplate._core = module
import pytest
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", *sys.argv[2:]]))
"""


def counting_core(folder: Path) -> Path:
    """The host's extension, compiled without optimisation and with counters."""
    spec = importlib.util.spec_from_file_location("core_build", ROOT / "host" / "build" / "ffi.py")
    recipe = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recipe)
    ffi = FFI()
    ffi.cdef(recipe.declarations())
    ffi.set_source(
        "_core",
        "\n".join(f'#include "{header.name}"' for header in recipe.headers()),
        sources=[str(path) for path in recipe.sources()],
        define_macros=[("WIRE_SCHEMA_HASH", f"0x{recipe.schema_hash():08x}u")],
        extra_compile_args=["-std=c11", "-O0", "--coverage", *recipe.SEARCH],
        extra_link_args=["--coverage"],
        libraries=["m"],
    )
    return Path(ffi.compile(tmpdir=str(folder)))


def gcov(folder: Path, stage: str) -> str:
    """The annotated source of a stage."""
    counts = next(folder.rglob(f"{stage}.gcda"), None)
    assert counts is not None, "the real core was tested, not the one that counts"
    return subprocess.run(
        ["gcov", "-b", "-c", "-t", str(counts)],
        cwd=folder, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


@pytest.fixture(scope="module")
def counted(tmp_path_factory) -> Path:
    for tool in ("gcc", "gcov"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    folder = tmp_path_factory.mktemp("counted")
    core = counting_core(folder)
    tests = {*HERE.glob("test_guard*.py"), *HERE.glob("test_strain*.py")}
    tests -= {Path(__file__), HERE / "test_guard_conditions.py"}  # that one is long, and not needed
    ran = subprocess.run(
        [sys.executable, "-c", RUN, str(core), *sorted(map(str, tests))],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
    return folder


STAGES = ("guard", "guard_config", "guard_drive", "strain")
#: (stage, a part of the line, which of its branches) -> why nothing takes it.
IMPOSSIBLE = {
    ("guard_drive", "out->power = now != GUARD_BOOT", 1): "a tick leaves BOOT before it comes here",
}


def branches(told: str) -> list[tuple[str, int, bool]]:
    """(the line, number of the branch, whether it was ever taken), of an annotated source."""
    found, line = [], ""
    for row in told.splitlines():
        if match := re.match(r"^ *[^\s:]+: *\d+:(.*)$", row):
            line = match[1].strip()
        elif match := re.match(r"^branch +(\d+) (?:taken (\d+)|never executed)", row):
            found.append((line, int(match[1]), match[2] not in (None, "0")))
    return found


@pytest.mark.parametrize("stage", STAGES)
def test_every_line_runs(counted, stage):
    told = gcov(counted, stage)
    lines = re.findall(r"^ *([^\s:]+): *([1-9]\d*):(.*)$", told, re.M)
    ran = [count for count, _, _ in lines if count.rstrip("*").isdigit()]
    missed = [f"{number}: {text}" for count, number, text in lines if count in ("#####", "=====")]
    print(f"\n{stage}.c: {len(ran)} lines run")
    assert len(ran) > 10, "gcov says nothing"
    assert not missed, f"lines of {stage}.c that its tests do not run:\n" + "\n".join(missed)


@pytest.mark.parametrize("stage", STAGES)
def test_every_branch_is_taken(counted, stage):
    found = branches(gcov(counted, stage))
    missed = [(line, n) for line, n, taken in found if not taken]
    excused = {
        (line, n) for line, n in missed
        for of, part, number in IMPOSSIBLE if of == stage and number == n and part in line
    }  # fmt: skip
    print(f"\n{stage}.c: {len(found) - len(missed)} of {len(found)} branches taken, "
          f"{len(excused)} impossible")
    left = [f"branch {n} of: {line}" for line, n in missed if (line, n) not in excused]
    assert len(found) > 10 and not left, "\n".join(left)
    listed = sum(of == stage for of, _, _ in IMPOSSIBLE)
    assert len(excused) == listed, "a branch that is called impossible is taken"
