# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may know whom. The arrows of the architecture, each kept by one small test."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "host" / "endplate"
FLOORS = ["cli", "monitor", "clinic", "fit", "live", "core", "errors"]  # downwards only


def imports(path: Path) -> set[str]:
    """Absolute names of all modules that a file imports, anywhere in it."""
    found: set[str] = set()
    package = ".".join(path.relative_to(ROOT / "host").with_suffix("").parts[:-1])
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join(
                    package.split(".")[: len(package.split(".")) - node.level + 1] + [base]
                )
            found |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return {name.rstrip(".") for name in found}


def modules(floor: str) -> list[Path]:
    one = PACKAGE / f"{floor}.py"
    return [one] if one.exists() else sorted((PACKAGE / floor).rglob("*.py"))


def includes(path: Path) -> set[str]:
    return set(re.findall(r'#include\s*[<"]([^>"]+)[>"]', path.read_text()))


def names_floor(name: str, floor: str) -> bool:
    return name == f"endplate.{floor}" or name.startswith(f"endplate.{floor}.")


def test_core_and_wire_never_include_each_other():
    core = {path.name for path in (ROOT / "firmware" / "core").glob("*.h")}
    for path in (ROOT / "protocol").glob("*.[ch]"):
        assert not {Path(i).name for i in includes(path)} & core, path
    for path in (ROOT / "firmware" / "core").glob("*.[ch]"):
        assert "wire.h" not in {Path(i).name for i in includes(path)}, path


def test_only_link_c_meets_both_wire_and_guard():
    for path in (ROOT / "firmware" / "app").glob("*.c"):
        names = {Path(i).name for i in includes(path)}
        if "wire.h" in names:
            assert path.name == "link.c", f"{path.name} includes wire.h: bytes enter through link.c"


@pytest.mark.parametrize("floor", FLOORS)
def test_floors_know_only_those_below(floor):
    above = FLOORS[: FLOORS.index(floor)]
    for path in modules(floor):
        for name in imports(path):
            for other in above:
                assert not names_floor(name, other), f"{path}: {floor} must not know {other}"


def test_scipy_is_the_simulators_alone():
    """It takes a second or two to load, which a patient would wait."""
    for path in PACKAGE.rglob("*.py"):
        if path.relative_to(PACKAGE).parts[:1] != ("sim",) and "simulate" not in path.parts:
            assert not any(name.split(".")[0] == "scipy" for name in imports(path)), path


def test_conformance_knows_only_live_and_below_and_only_cli_knows_it():
    doors = ("conformance", "live", "core", "errors", "hardware")
    for path in PACKAGE.rglob("*.py"):
        inside = path.relative_to(PACKAGE).parts[0]
        for name in imports(path):
            if names_floor(name, "conformance"):
                assert inside in ("cli", "conformance"), f"{path} imports {name}"
            if inside == "conformance" and name.startswith("endplate."):
                assert any(names_floor(name, door) for door in doors), f"{path} imports {name}"


def test_only_cli_imports_sim_and_sim_knows_only_live_and_below():
    for path in PACKAGE.rglob("*.py"):
        inside = path.relative_to(PACKAGE).parts[0]
        for name in imports(path):
            if names_floor(name, "sim"):
                assert inside in ("cli", "sim"), f"{path} imports {name}"
            if inside == "sim":
                for other in ("cli", "monitor", "clinic", "fit"):
                    assert not names_floor(name, other), f"{path} imports {name}"


def test_only_core_py_names_the_compiled_module():
    for path in PACKAGE.rglob("*.py"):
        if path == PACKAGE / "core.py":
            continue
        assert not any(
            n == "endplate._core" or n.startswith("endplate._core.") for n in imports(path)
        ), path


def test_live_knows_no_qt_and_monitor_reaches_live_through_feed_and_requests_alone():
    for path in modules("live"):
        assert not any(n.split(".")[0] in ("PyQt6", "pyqtgraph") for n in imports(path)), path
    doors = {"endplate.live", "endplate.live.feed", "endplate.live.requests"}
    for path in modules("monitor"):
        for name in imports(path):
            if names_floor(name, "live"):
                parts = ".".join(name.split(".")[:3])
                assert parts in doors, f"{path} imports {name}"


def test_clinic_knows_no_qt():
    for path in modules("clinic"):
        assert not any(n.split(".")[0] in ("PyQt6", "pyqtgraph") for n in imports(path)), path


def test_conformance_loads_no_qt_and_no_sim():
    code = (
        "import sys, endplate.conformance.run;"
        "print([m for m in sys.modules if m.split('.')[0] in ('PyQt6', 'pyqtgraph')"
        " or m.startswith('endplate.sim')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, endplate; heavy = {'PyQt6', 'pyqtgraph', 'serial', 'brainflow', 'numpy', "
        "'scipy'};"
        "print(sorted(heavy & {m.split('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_live_control_loads_no_qt():
    code = (
        "import sys, endplate.live.control;"
        "print([m for m in sys.modules if m.split('.')[0] in ('PyQt6', 'pyqtgraph')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
