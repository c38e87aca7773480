# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes protocol/vectors.json and the generated parts of SPEC.md from the oracle, not from wire.c.

    python tests/protocol/make_vectors.py           writes both
    python tests/protocol/make_vectors.py --check   exit status 1 when one of them is stale

A case of `streams` lists the frames a receiver accepts, as indices into `frames`, and every counter
that is not 0. Numbers in `fields` are as in SPEC.md; rows are lists.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

import wire_oracle as oracle
from wire_cases import golden, refusals, streams

ROOT = Path(__file__).resolve().parents[2]
VECTORS = ROOT / "protocol" / "vectors.json"
SPEC = ROOT / "protocol" / "SPEC.md"


def schema_module() -> ModuleType:
    """protocol/schema_hash.py, which no package holds."""
    source = ROOT / "protocol" / "schema_hash.py"
    spec = importlib.util.spec_from_file_location("schema_hash", source)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def schema_hash() -> int:
    """Of the headers beside vectors.json."""
    return schema_module().schema_hash(ROOT / "protocol")


def vectors() -> dict[str, Any]:
    """The whole of vectors.json."""
    frames = golden()
    by_name = {entry["name"]: bytes.fromhex(entry["hex"]) for entry in frames}
    index = {entry["hex"]: i for i, entry in enumerate(frames)}
    cases = []
    for name, data in streams(by_name):
        heard = oracle.listen(data)
        accepted = [index[oracle.frame(m, f, s, q, a).hex()] for m, s, q, a, f in heard.frames]
        counters = {reason: n for reason, n in heard.counters.items() if n}
        cases.append({"name": name, "hex": data.hex(), "frames": accepted, "counters": counters})
    refused = []
    for name, data, counter in refusals(by_name):
        raised = {key for key, n in oracle.listen(data).counters.items() if n and key[:4] == "bad_"}
        if raised != {counter}:
            raise ValueError(f"The case '{name}' is meant for {counter} and raises {raised}.")
        refused.append({"name": name, "hex": data.hex(), "counter": counter})
    return {
        "about": "Golden frames of the wire (SPEC.md), made by tests/protocol/make_vectors.py.",
        "schema_hash": f"0x{schema_hash():08x}",
        "frames": frames,
        "refused": refused,
        "streams": cases,
    }


def vectors_text() -> str:
    """vectors.json, one entry a line."""
    parts = []
    for key, value in vectors().items():
        if isinstance(value, list):
            rows = ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in value)
            parts.append(f' "{key}": [\n{rows}\n ]')
        else:
            parts.append(f' "{key}": {json.dumps(value)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


# ---- the generated parts of SPEC.md ----

USUAL = {  # message -> times a second, fits 115200 baud
    "COMMAND": 50, "HEARTBEAT": 5, "TIME": 1, "STATE": 50, "TOUCH": 25, "STATE_FULL": 10,
    "LINK_STATS": 1,
}
BAUDS = (115200, 460800, 1_000_000)
TO_HAND = ("COMMAND", "HEARTBEAT", "TIME")


def rates() -> str:
    """Time of each frame on the line and the load of each direction."""
    rows = [
        "| frame | bytes | ms at 115200 | at 460800 | at 1 M | usual, per second |",
        "|---|---|---|---|---|---|",
    ]
    for msg in oracle.LAYOUT:
        size = oracle.length(msg) + 14
        times = " | ".join(f"{size * 10_000 / baud:.3f}" for baud in BAUDS)
        rows.append(f"| {msg} | {size} | {times} | {USUAL.get(msg, '')} |")
    rows += ["", "| load | at 115200 | at 460800 | at 1 M |", "|---|---|---|---|"]
    to_host = [m for m in USUAL if m not in TO_HAND or m == "TIME"]
    for title, usual, names in (
        ("to the hand, usual", USUAL, TO_HAND),
        ("to the hand, 100 COMMAND", USUAL | {"COMMAND": 100}, TO_HAND),
        ("to the host, usual", USUAL, to_host),
    ):
        load = sum(usual[m] * (oracle.length(m) + 14) * 10 for m in names)
        shares = " | ".join(f"{100 * load / baud:.1f} %" for baud in BAUDS)
        rows.append(f"| {title} | {shares} |")
    return "\n".join(rows)


EXAMPLES = ("hello", "arm", "command", "time answered", "e-stop without a session")


def examples() -> str:
    """Some golden frames, taken apart."""
    parts = []
    for entry in (e for name in EXAMPLES for e in golden() if e["name"] == name):
        data = bytes.fromhex(entry["hex"])
        content = oracle.cobs.decode(data[:-1])
        ack = "none" if entry["ack"] is None else f"{entry['ack']:x}"
        values = ", ".join(
            f"{name} {[f'{v:x}' for v in value]}".replace("'", "") if isinstance(value, list)
            else f"{name} {value:x}"
            for name, value in entry["fields"].items()
        )
        parts.append(
            textwrap.fill(
                f"{entry['msg']} ({entry['name']}): session {entry['session']:x}, "
                f"seq {entry['seq']:x}, ack {ack}; {values}", 98,
            )
            + "\n\n"
            + f"    header   {content[:8].hex(' ')}\n"
            + _wrapped("    payload  ", content[8:-4])
            + f"    crc      {content[-4:].hex(' ')}\n"
            + _wrapped("    line     ", data)
        )
    return "\n".join(parts).rstrip("\n")


def _wrapped(title: str, data: bytes) -> str:
    rows = [data[i : i + 24].hex(" ") for i in range(0, len(data), 24)]
    return title + ("\n" + " " * len(title)).join(rows) + "\n"


def spec_text(text: str) -> str:
    """SPEC.md with its generated parts as they must be."""
    for name, made in (("rates", rates()), ("examples", examples())):
        pattern = rf"(<!-- generated: {name} -->\n).*?(<!-- end -->)"
        text, found = re.subn(
            pattern, lambda m, made=made: f"{m[1]}{made}\n{m[2]}", text, flags=re.DOTALL
        )
        if found != 1:
            raise ValueError(f"SPEC.md must hold one generated part named {name}; found {found}.")
    return text


def main(arguments: list[str]) -> int:
    """Writes, or with --check compares."""
    wanted = {VECTORS: vectors_text(), SPEC: spec_text(SPEC.read_text())}
    stale = [p for p, text in wanted.items() if not p.exists() or p.read_text() != text]
    if "--check" in arguments:
        for path in stale:
            sys.stdout.write(f"{path.name} is stale: run tests/protocol/make_vectors.py.\n")
        return 1 if stale else 0
    for path in stale:
        path.write_text(wanted[path])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
