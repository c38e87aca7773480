# SPDX-License-Identifier: GPL-3.0-or-later
"""Hazard -> requirement -> test: firmware/DESIGN.md names only what there is, and no requirement
stands without a test."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DESIGN = (ROOT / "firmware" / "DESIGN.md").read_text()
ROW = re.compile(r"^\| (R-\d+) \| ([^|]+) \| ([^|]+) \|$", re.M)
TEST = re.compile(r"^ {4}(R-\d+|    )  (\S+)::(\w+)$", re.M)


@cache
def names_in(name: str) -> tuple[str, ...]:
    """Names of a file's tests; none when there is no such file."""
    path = ROOT / "tests" / name
    if not path.is_file():
        return ()
    names = []
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign):  # hypothesis: TestX = Machine.TestCase
            names += [to.id for to in node.targets if isinstance(to, ast.Name)]
    return tuple(name for name in names if name.lower().startswith("test"))


def problems(text: str) -> list[str]:
    """What is wrong with the hazards of a document."""
    section = text[text.index("## Hazards") :]
    found, of = [], {}
    times = Counter(ident for ident, *_ in ROW.findall(section))
    found += [f"{ident} is given twice" for ident, n in times.items() if n > 1]
    ident, started = "", Counter()
    for first, name, part in TEST.findall(section):
        ident = first.strip() or ident
        started[ident] += bool(first.strip())
        of.setdefault(ident, []).append(part)
        if not names_in(name):
            found.append(f"{ident}: tests/{name} has no tests, or is not there")
        elif not any(part in test for test in names_in(name)):
            found.append(f"{ident}: tests/{name} has no test called {part}")
    found += [f"{ident} is listed twice" for ident, n in started.items() if n > 1]
    found += [f"{ident} has no test" for ident in times if ident not in of]
    found += [f"{ident} is no requirement" for ident in of if ident not in times]
    return found


def test_every_requirement_has_tests_and_every_test_is_there():
    assert len(ROW.findall(DESIGN)) >= 13
    assert not problems(DESIGN)


def test_no_line_of_the_hazards_is_passed_over():
    """A row or a test that is written a little differently would not be checked."""
    section = DESIGN[DESIGN.index("## Hazards") :]
    assert len(re.findall(r"R-\d+", section)) == 2 * len(ROW.findall(section))
    assert section.count("::") == len(TEST.findall(section))


def test_ids_that_sources_name_are_requirements():
    ids = {ident for ident, *_ in ROW.findall(DESIGN)}
    built = ROOT / "firmware" / "build"
    for folder in ("firmware", "protocol", "host", "tests"):
        for path in (ROOT / folder).rglob("*.[chp]*"):
            if path.suffix not in (".c", ".h", ".py") or built in path.parents:
                continue
            dead = set(re.findall(r"\bR-\d\d\b", path.read_text())) - ids
            assert not dead, f"{path}: {dead}"


GOOD = "| R-01 | moves | stands |"
IS = "    R-01  house/test_hazards.py::every_requirement"


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ([GOOD, IS], []),
        ([GOOD], ["R-01 has no test"]),
        ([GOOD, GOOD, IS], ["R-01 is given twice"]),
        ([GOOD, IS, IS], ["R-01 is listed twice"]),
        ([IS], ["R-01 is no requirement"]),
        ([GOOD, IS + "_ever"], ["R-01: tests/house/test_hazards.py has no test called"]),
        ([GOOD, IS, "          a/b.py::c"], ["R-01: tests/a/b.py has no tests, or is not there"]),
    ],
)
def test_what_is_wrong_is_found(lines, wrong):
    found = problems("\n".join(["## Hazards", *lines]))
    assert len(found) == len(wrong)
    assert all(one.startswith(start) for one, start in zip(found, wrong, strict=True))
