# SPDX-License-Identifier: GPL-3.0-or-later
"""Mutation testing of what may move something: the codec and the guard.

    cd tests && ../.venv/bin/python -m campaigns.mutants [--only codec|guard] [--every N] [--show]

Every slip of `mutator.py` in every source is compiled and put before the tests of that source.
    killed      a test fails, or does not end
    nobody's    it does not compile, or gcc -O2 makes the same code of it
    survivor    all are content
Survivors are named in survivors.toml, one by one, with the reason. Ends with 1 when one that is not
listed survives, or one that is listed is killed, or is no slip any more. --every N tries each N-th
and those of the list (the tests do that). --show prints survivors as rows for the list.

The codec's tests are tests/c/wire_vectors and wire_edges. The guard's are tests/core/test_guard*.py
but those of a random order and those that compile: mutant_guard.py runs them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import wire_build

from . import ROOT, TESTS
from .mutator import Slip, slips

LIST = Path(__file__).with_name("survivors.toml")
CORE, PROTOCOL = ROOT / "firmware" / "core", ROOT / "protocol"
SOURCES = {
    "codec": tuple(PROTOCOL / name for name in ("wire.c", "wire_layout.h", "wire_ranges.h")),
    "guard": tuple(sorted(CORE.glob("guard*.c"))),
}
SEARCH = [f"-iquote{folder}" for folder in (CORE, PROTOCOL, TESTS / "c")]
LONGEST_S = 60.0  # a program that takes longer does not end
DEAD, EQUAL, KILLED, SURVIVED = "does not compile", "same code", "killed", "survived"


@dataclass
class Mutant:
    """A slip that compiles, in its folder."""

    slip: Slip
    folder: Path
    object: Path


def every_slip(part: str) -> list[Slip]:
    """Of all sources of a part."""
    return [slip for path in SOURCES[part] for slip in slips(path.read_text(), path.name)]


def listed() -> dict[tuple[str, str, str, str], str]:
    """Names of the survivors that are known, and why."""
    rows = tomllib.loads(LIST.read_text())["survivor"]
    known = {(row["file"], row["in"], row["line"], row["slip"]): row["why"] for row in rows}
    if len(known) != len(rows):
        raise SystemExit(f"{LIST.name} names a survivor twice")
    return known


def compiled(source: Path, out: Path, folder: Path, level: str = "-O0") -> bool:
    """Whether gcc made an object of it. `folder` is looked in first."""
    made = subprocess.run(
        ["gcc", "-w", "-std=c11", "-ffp-contract=off", level, "-fPIC", f"-iquote{folder}", *SEARCH,
         f"-DWIRE_SCHEMA_HASH=0x{wire_build.schema_hash():08x}u", "-c", source.name,
         "-o", str(out)],
        capture_output=True, cwd=source.parent,
    )  # fmt: skip
    return made.returncode == 0


def translation_unit(file: str) -> str:
    """Source file whose object a slip in `file` changes."""
    return "wire.c" if file.startswith("wire_") else file


def place(file: str, text: str, folder: Path) -> Path:
    """The source that is to be compiled, with `text` for `file`."""
    folder.mkdir(exist_ok=True)
    (folder / file).write_text(text)
    unit = folder / translation_unit(file)
    if unit.name != file:
        unit.write_text((PROTOCOL / unit.name).read_text())
    return unit


def prepare(slip: Slip, folder: Path) -> Mutant | None:
    """Compiled, quickly; None when it does not compile."""
    path = next(p for part in SOURCES.values() for p in part if p.name == slip.file)
    unit = place(slip.file, slip.apply(path.read_text()), folder)
    out = folder / f"{unit.stem}.o"
    return Mutant(slip, folder, out) if compiled(unit, out, folder) else None


def same_code(mutant: Mutant, right: Path) -> bool:
    """Whether gcc -O2 makes the same of it as of the source as it is."""
    unit = f"{mutant.object.stem}.c"
    for folder in (mutant.folder, right):
        if not compiled(folder / unit, folder / "optimised.o", folder, "-O2"):
            return False
    return (mutant.folder / "optimised.o").read_bytes() == (right / "optimised.o").read_bytes()


def prepare_right(part: str, folder: Path) -> None:
    """The sources as they are."""
    for path in SOURCES[part]:
        if path.suffix == ".c":
            unit = place(path.name, path.read_text(), folder)
            if not compiled(unit, folder / f"{unit.stem}.o", folder):
                raise SystemExit(f"{path} does not compile")


# ---- the codec: two programs of tests/c ----


def codec_tests(folder: Path) -> Callable[[Mutant], bool]:
    """Whether both programs are content with a mutant."""
    programs = (("wire_vectors_main", "wire_vectors", "wire_vectors_table"),
                ("wire_edges",))  # fmt: skip
    wire_build.table(folder)
    for name in {name for names in programs for name in names}:
        source = folder / f"{name}.c"
        if not source.exists():
            source = TESTS / "c" / f"{name}.c"
        if not compiled(source, folder / f"{name}.o", folder):
            raise SystemExit(f"{source} does not compile")

    def content(mutant: Mutant) -> bool:
        for names in programs:
            program = mutant.folder / names[0]
            objects = [str(folder / f"{name}.o") for name in names]
            linked = subprocess.run(["gcc", str(mutant.object), *objects, "-o", str(program)],
                                    capture_output=True, text=True)  # fmt: skip
            if linked.returncode:
                raise SystemExit(linked.stderr)
            try:
                ended = subprocess.run([str(program)], capture_output=True, timeout=LONGEST_S)
            except subprocess.TimeoutExpired:
                return False
            if ended.returncode:
                return False
        return True

    return content


# ---- both ----


def judge(part: str, chosen: Iterable[Slip], folder: Path) -> dict[Slip, str]:
    """What became of each slip."""
    right = folder / "right"
    prepare_right(part, right)
    chosen = list(chosen)
    fates = dict.fromkeys(chosen, DEAD)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        folders = [folder / f"mutant{i}" for i in range(len(chosen))]
        alive = [one for one in pool.map(prepare, chosen, folders) if one is not None]
        if part == "codec":
            verdicts = list(pool.map(codec_tests(right), alive))
        else:
            from .mutant_guard import guard_tests

            verdicts = guard_tests(alive, right)
        for one, lived in zip(alive, verdicts, strict=True):
            fates[one.slip] = SURVIVED if lived else KILLED
            if lived and same_code(one, right):
                fates[one.slip] = EQUAL
    return fates


def complaints(part: str, fates: dict[Slip, str]) -> list[str]:
    """Where the list of survivors is not true."""
    known, found = listed(), []
    for slip, fate in fates.items():
        said = f"{slip.file}, {slip.function}: {slip.line}: {slip.what}"
        if fate == SURVIVED and slip.name not in known:
            found.append(f"survives and is not listed: {said}")
        if fate != SURVIVED and slip.name in known:
            found.append(f"is listed as a survivor, but {fate}: {said}")
    return found


def lost(part: str) -> list[str]:
    """Rows of the list that are no slips any more."""
    names = {slip.name for slip in every_slip(part)}
    files = {path.name for path in SOURCES[part]}
    return [f"is listed, and no slip any more: {', '.join(name)}"
            for name in listed() if name[0] in files and name not in names]  # fmt: skip


def sample(part: str, every: int, first: int = 0) -> list[Slip]:
    """Each N-th."""
    return every_slip(part)[first::every]


def row(slip: Slip) -> str:
    """One of survivors.toml, without its reason."""
    fields = {"file": slip.file, "in": slip.function, "line": slip.line, "slip": slip.what}
    body = "\n".join(f"{name} = '''{text}'''" if "'" in text else f"{name} = '{text}'"
                     for name, text in fields.items())  # fmt: skip
    return f"[[survivor]]\n{body}\nwhy = ''\n"


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="campaigns.mutants", description=__doc__)
    parser.add_argument("--only", choices=SOURCES, help="one part")
    parser.add_argument("--every", type=int, default=1, help="each N-th slip (1)")
    parser.add_argument("--show", action="store_true", help="print survivors as rows of the list")
    wanted = parser.parse_args()
    wrong = []
    for part in [wanted.only] if wanted.only else SOURCES:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="endplate-mutants-") as folder:
            fates = judge(part, sample(part, wanted.every), Path(folder))
        count = Counter(fates.values())
        tested = count[KILLED] + count[SURVIVED]
        print(
            f"mutants of the {part}: {len(fates)} slips, {count[DEAD]} do not compile, "
            f"{count[EQUAL]} are the same code, {tested} tested: {count[KILLED]} killed, "
            f"{count[SURVIVED]} survive; {time.monotonic() - began:.0f} s",
            flush=True,
        )
        if wanted.show:
            known = listed()
            for slip, fate in fates.items():
                if fate == SURVIVED and slip.name not in known:
                    print(row(slip))
        wrong += complaints(part, fates) + lost(part)
    print("\n".join(wrong) or "every survivor is listed, and every one listed survives")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
