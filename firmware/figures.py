# SPDX-License-Identifier: MIT
"""What the f405 image costs: flash, RAM, worst case of the stack, instructions; and the difference
to the last commit.

    python3 firmware/figures.py [--json] [--alone]

Needs the image built (`make -C firmware figures` does). The last commit is HEAD while its sources
have been changed, else the one before the last that changed them; it is unpacked and built under
firmware/build/last, once. Without git there are the figures alone. A figure whose tool is missing
is left out, and the tool named.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
LAST = HERE / "build" / "last"
SOURCES = ("firmware", "protocol", "hw/hands", "tests/c")
NEEDED = (*SOURCES, "host", "tests/loop")  # to build them, and to count
ARM = os.environ.get("ARM", "arm-none-eabi-")

#: name -> (what it is, unit, at most)
FIGURES = {
    "flash": ("flash of one slot", "bytes", 192 * 1024),
    "ram": ("RAM, its 16 kB of stack included", "bytes", 64 * 1024),
    "stack": ("stack at worst, exceptions included", "bytes", 8 * 1024),
    "sample": ("a sample of 8 sites, mean", "instructions", 3000),
    "tick": ("control tick, the worst of all parts", "instructions", 20_000),
    "lines": ("both serial lines in that millisecond", "instructions", 15_000),
}


def said_by(command: list[str], cwd: Path = ROOT, **more: str) -> str | None:
    """What a command says, or None when it is missing or fails."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "BUILD"))}
    try:
        done = subprocess.run(
            command, cwd=cwd, env=ours | more, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout


def make(tree: Path, *targets: str) -> str | None:
    """What make says in a tree's firmware folder; its own variables do not reach it."""
    return said_by(["make", "-s", f"PYTHON={sys.executable}", *targets], cwd=tree / "firmware")


def measure(tree: Path) -> dict[str, float]:
    """The figures of the sources in `tree`, as far as there are any.

    Its chain is set up by this tree's core: a commit whose chain_config was of another size counts
    no instructions.
    """
    found: dict[str, float] = {}
    make(tree, "f405")
    folder = tree / "firmware" / "build" / "f405"
    # Slot B's image is the same program as A's, without the boot loader in its file.
    images = (folder / "endplate-hand-b.elf", folder / "endplate-hand.elf")
    sizes = said_by([f"{ARM}size", str(next((one for one in images if one.exists()), images[1]))])
    if sizes:
        text, data, bss = (int(word) for word in sizes.splitlines()[1].split()[:3])
        found |= {"flash": text + data, "ram": data + bss}
    worst = make(tree, "stack-json")
    if worst:
        found["stack"] = json.loads(worst)["bytes"]
    if make(tree, "budget") is not None:
        cost = said_by(
            [sys.executable, "-m", "loop.budget", str(folder / "budget.elf")],
            PYTHONPATH=str(tree / "tests"),
        )
        if cost:
            counted = json.loads(cost)
            found |= {"sample": counted["chain"]["mean"], "tick": counted["worst_tick"]}
            found |= {"lines": counted["worst_lines"]} if counted.get("lines") else {}
    return found


def last_commit() -> tuple[str, str] | None:
    """(hash, its first line) of what to compare with; None without git or history."""
    top = said_by(["git", "rev-parse", "--show-toplevel"])
    if top is None or Path(top.strip()).resolve() != ROOT:
        return None
    changed = said_by(["git", "status", "--porcelain", "--", *SOURCES])
    log = said_by(["git", "log", "-2", "--format=%h%x09%s", "--", *SOURCES]) or ""
    commits = [tuple(line.split("\t", 1)) for line in log.splitlines()]
    index = 0 if changed else 1
    return commits[index] if len(commits) > index else None  # type: ignore[return-value]


def measure_commit(commit: str) -> dict[str, float] | None:
    """The figures of a commit, built under firmware/build/last; kept for the next time."""
    tree = LAST / commit
    kept = tree / f"{Path(os.environ.get('HAND', 'test-hand')).stem}.json"
    if kept.exists():
        return json.loads(kept.read_text())
    shutil.rmtree(LAST, ignore_errors=True)
    tree.mkdir(parents=True)
    archive = tree / "sources.tar"
    if said_by(["git", "archive", "-o", str(archive), commit, *NEEDED]) is None:
        return None
    shutil.unpack_archive(archive, tree)
    archive.unlink()
    if make(tree, "f405") is None:
        return None
    figures = measure(tree)
    kept.write_text(json.dumps(figures))
    return figures


def table(now: dict[str, float], before: dict[str, float] | None) -> list[str]:
    """A line for each figure: value, bar, difference."""
    lines = []
    for name, (what, unit, most) in FIGURES.items():
        if name not in now:
            lines.append(f"  {what:36} not known: arm-none-eabi-gcc or qemu-system-arm is missing")
            continue
        line = f"  {what:36} {now[name]:8.0f} {unit:12} of {most:6}"
        if before is not None:
            change = now[name] - before[name] if name in before else None
            line += "   new" if change is None else f"   {change:+.0f}"
        lines.append(line)
    return lines


def main(arguments: list[str]) -> int:
    """Prints the figures; status 1 when one is beyond its bar."""
    asked = argparse.ArgumentParser(prog="figures.py", description="what the f405 image costs")
    asked.add_argument("--json", action="store_true")
    asked.add_argument("--alone", action="store_true", help="do not compare with a commit")
    chosen = asked.parse_args(arguments)
    now = measure(ROOT)
    beyond = [name for name, value in now.items() if value > FIGURES[name][2]]
    if chosen.json:
        print(json.dumps(now))
        return 1 if beyond else 0
    commit = None if chosen.alone else last_commit()
    before = measure_commit(commit[0]) if commit else None
    print("\n".join(table(now, before)))
    if commit and before is not None:
        print(f"  compared with commit {commit[0]}: {commit[1]}")
    elif commit:
        print(f"  commit {commit[0]} does not build here: nothing to compare with")
    for name in beyond:
        print(f"figures: {FIGURES[name][0]} is beyond {FIGURES[name][2]}", file=sys.stderr)
    return 1 if beyond else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
