# SPDX-License-Identifier: MIT
"""The worst case of an f405 image's stack, the hand's or its boot loader's, from the compiler's own
figures.

    python3 firmware/stack.py [--json] IMAGE.elf FILE.ci...

gcc writes for every source (-fcallgraph-info=su) what each function takes and whom it calls. The
deepest way from reset_handler is walked; on top come the exceptions, one of every priority at once,
each with the frame that the core pushes. Functions of the C library, which have no such file, are
read from the disassembly.

Refused, in one sentence: a call through a pointer that INDIRECT does not list, recursion, a frame
whose size is not known, an exception handler that LEVELS does not list.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

#: Calls through pointers: who calls -> all that may be called. The firmware has none.
INDIRECT: dict[str, tuple[str, ...]] = {}
#: Handlers of one priority cannot interrupt each other. usart.c, frontend_f405.c: 5; SysTick stays
#: at reset's 0; faults and all that must not happen end in fault_handler, which never returns.
LEVELS = (
    ("usart1_handler", "usart3_handler", "exti2_handler", "dma1_stream3_handler"),
    ("systick_handler", "ignore_handler"),
    ("fault_handler",),
)
#: What start.c has other handlers' names stand for, in an image without those.
ALIASED = ("fault_handler", "ignore_handler")
#: ARMv7-M with FPU registers (DDI 0403, B1.5.7): 26 words, and one to align to 8 bytes.
EXCEPTION_BYTES = 108
ROOT = "reset_handler"
ARM = os.environ.get("ARM", "arm-none-eabi-")


class StackError(Exception):
    """Why there is no worst case, in one sentence."""


@dataclass
class Graph:
    """`bytes_of` what a function takes itself; `calls` whom it calls."""

    bytes_of: dict[str, int] = field(default_factory=dict)
    calls: dict[str, set[str]] = field(default_factory=dict)

    def add(self, name: str, taken: int, called: set[str]) -> None:
        """A function with all it calls."""
        self.bytes_of[name] = taken
        self.calls[name] = called

    def named(self, name: str) -> str:
        """As gcc calls it: of a weak function it writes the file, too."""
        weak = [one for one in self.bytes_of if one.endswith(f":{name}")]
        return weak[0] if name not in self.bytes_of and len(weak) == 1 else name

    def deepest(self, root: str) -> tuple[int, list[str]]:
        """Bytes and path of the deepest way down from `root`."""
        return self._down(root, [], {})

    def _down(
        self, name: str, above: list[str], known: dict[str, tuple[int, list[str]]]
    ) -> tuple[int, list[str]]:
        if name in above:
            raise StackError(f"recursion: {' -> '.join([*above[above.index(name) :], name])}")
        if name not in self.bytes_of:
            raise StackError(f"{name}, called by {above[-1] if above else 'nobody'}, is not known")
        if name not in known:
            called = self.calls[name]
            if "__indirect_call" in called:
                if name not in INDIRECT:
                    raise StackError(f"{name} calls through a pointer; stack.py: list its targets")
                called = (called - {"__indirect_call"}) | set(INDIRECT[name])
            below = [self._down(one, [*above, name], known) for one in sorted(called)]
            most, path = max(below, default=(0, []), key=lambda way: way[0])
            known[name] = self.bytes_of[name] + most, [name, *path]
        return known[name]


def read_callgraph(texts: list[str]) -> Graph:
    """From the .ci files' texts. Static functions are called FILE:NAME there, so names are one."""
    graph = Graph()
    edges: dict[str, set[str]] = {}
    edge = re.compile(r'edge: { sourcename: "([^"]+)" targetname: "([^"]+)"')
    for text in texts:
        for source, target in edge.findall(text):
            edges.setdefault(source, set()).add(target)
        for name, label in re.findall(r'node: { title: "([^"]+)" label: "([^"]+)"', text):
            size = re.search(r"\\n(\d+) bytes \(([a-z,]+)\)", label)
            if size is None:
                continue  # only called here
            if size[2] not in ("static", "dynamic,bounded"):
                raise StackError(f"{name}: the size of its frame is not known ({size[2]})")
            graph.add(name, int(size[1]), set())
    for name in graph.calls:
        graph.calls[name] = edges.get(name, set())
    return graph


def frame(instructions: list[str]) -> tuple[int, set[str]]:
    """(bytes, calls) of a function of which there is only the disassembly; all pushes add up."""
    taken, called = 0, set()
    for line in instructions:
        operation, _, rest = line.partition("\t")
        operation = operation.removesuffix(".w").removesuffix(".n")
        if operation in ("push", "vpush") or operation.startswith(("stmdb", "vstmdb")):
            if operation.startswith(("stmdb", "vstmdb")) and not rest.startswith("sp!"):
                continue
            width = 8 if re.search(r"\bd\d", rest) else 4
            for part in rest[rest.index("{") + 1 : rest.index("}")].split(","):
                first, _, last = part.strip().partition("-")
                count = int(last[1:]) - int(first[1:]) + 1 if last else 1
                taken += width * count
        elif operation in ("sub", "subw") and rest.startswith("sp"):
            size = re.search(r"#(\d+)", rest)
            if size is None:
                raise StackError(f"a frame of unknown size: {line}")
            taken += int(size[1])
        elif operation in ("str", "strd") and (size := re.search(r"\[sp, #-(\d+)\]!", rest)):
            taken += int(size[1])
        elif operation == "blx":
            called.add("__indirect_call")
        elif target := re.search(r"<([\w.]+)>$", rest) if operation.startswith("b") else None:
            called.add(target[1])
    return taken, called


def read_disassembly(text: str, wanted: set[str]) -> Graph:
    """The functions `wanted`, and what they call, from objdump's text."""
    bodies: dict[str, list[str]] = {}
    for block in re.split(r"\n\n", text):
        head = re.search(r"^[0-9a-f]+ <([\w.]+)>:$", block, re.M)
        if head:
            bodies[head[1]] = re.findall(r"^ *[0-9a-f]+:\t[0-9a-f ]+\t(.*)$", block, re.M)
    graph, left = Graph(), set(wanted)
    while left:
        name = left.pop()
        if name in bodies and name not in graph.bytes_of:
            taken, called = frame([re.sub(r"\s*[;@].*$", "", one) for one in bodies[name]])
            graph.add(name, taken, called - {name})
            left |= called
    return graph


def handlers(image: Path) -> set[str]:
    """Names of all that the vector table leads to."""
    names: dict[int, list[str]] = {}
    for line in tool("nm", "--defined-only", str(image)).splitlines():
        address, kind, name = line.split()
        if kind in "tTwW" and not name.startswith("$"):
            names.setdefault(int(address, 16) & ~1, []).append(name)
    dump = tool("objdump", "-s", "-j", ".vectors", str(image))
    words = [
        int.from_bytes(bytes.fromhex(word), "little")
        for line in re.findall(r"^ [0-9a-f]+ ((?:[0-9a-f]{8} ?)+) ", dump, re.M)
        for word in line.split()
    ]
    known = {name for level in LEVELS for name in level} | {ROOT}
    found = set()
    for word in words[1:]:
        here = names.get(word & ~1, [])
        if word != 0:
            of = sorted(here, key=lambda name: (name not in ALIASED, name not in known))
            found.add(of[0] if of else hex(word))
    return found


def tool(name: str, *arguments: str) -> str:
    """What a binutil says."""
    try:
        done = subprocess.run([ARM + name, *arguments], capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise StackError(f"{ARM}{name} is missing: apt-get install gcc-arm-none-eabi") from None
    except subprocess.CalledProcessError as error:
        raise StackError(error.stderr.strip()) from None
    return done.stdout


def worst_case(image: Path, files: list[Path]) -> dict:
    """`bytes` in all, `path` from reset with each function's own bytes, `exceptions` likewise."""
    lacking = [path for path in files if not path.exists()]
    if lacking:
        raise StackError(f"{lacking[0]} is missing: make -C firmware clean, then build again")
    graph = read_callgraph([path.read_text() for path in files])
    called = set().union(*graph.calls.values()) - set(graph.bytes_of)
    library = read_disassembly(tool("objdump", "-d", str(image)), called)
    for name, taken in library.bytes_of.items():
        if name not in graph.bytes_of:
            graph.add(name, taken, library.calls[name])
    listed = {name for level in LEVELS for name in level}
    present = handlers(image)
    unlisted = present - listed - {ROOT}
    if unlisted:
        raise StackError(f"stack.py: of which priority is {sorted(unlisted)[0]}?")
    total, path = graph.deepest(ROOT)
    exceptions = []
    for level in LEVELS:
        here = [graph.deepest(graph.named(name)) for name in level if name in present]
        if not here:  # the boot loader takes no interrupt of that priority
            continue
        taken, way = max(here, key=lambda one: one[0])
        total += EXCEPTION_BYTES + taken
        exceptions.append({"bytes": EXCEPTION_BYTES + taken, "path": way})
    return {
        "bytes": total,
        "path": [[name, graph.bytes_of[name]] for name in path],
        "exceptions": exceptions,
        "library": {name: library.bytes_of[name] for name in sorted(library.bytes_of)},
    }


def main(arguments: list[str]) -> int:
    """Prints the worst case, or why there is none."""
    asked = argparse.ArgumentParser(prog="stack.py", description="worst case of the stack")
    asked.add_argument("--json", action="store_true")
    asked.add_argument("image", type=Path)
    asked.add_argument("callgraphs", type=Path, nargs="+", metavar="FILE.ci")
    chosen = asked.parse_args(arguments)
    try:
        found = worst_case(chosen.image, chosen.callgraphs)
    except StackError as error:
        print(f"stack: {error}", file=sys.stderr)
        return 1
    if chosen.json:
        print(json.dumps(found))
        return 0
    print(f"stack: {found['bytes']} bytes at worst")
    for name, taken in found["path"]:
        print(f"  {taken:6} {name.rsplit('/', 1)[-1]}")
    for one in found["exceptions"]:
        print(f"  {one['bytes']:6} interrupted by {' -> '.join(one['path'])}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
