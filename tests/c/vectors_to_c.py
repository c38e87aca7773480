# SPDX-License-Identifier: GPL-3.0-or-later
"""protocol/vectors.json as the C tables that tests/c/wire_vectors.h declares.

    python tests/c/vectors_to_c.py [vectors.json] > wire_vectors_table.c

Standard library only: the firmware's build runs it too. Golden frames and refusals become lines as
well, so that every case goes through the decoder.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).resolve().parents[2] / "protocol" / "vectors.json"
#: Messages that share a struct; the others have one of their own name.
SHARED = {name: "reason" for name in ("DISARM", "CLEAR_FAULT", "RELEASE", "ESTOP")} | {
    f"PARAM_{name}": "param" for name in ("INFO", "GET", "SAVE", "RESET")
} | {"BLOB_COMMIT": "blob", "BLOB_GET": "blob"}


def _bytes(data: bytes) -> str:
    rows = [data[i : i + 16] for i in range(0, len(data), 16)] or [b"\0"]
    lines = ["    " + " ".join(f"0x{byte:02x}," for byte in row) for row in rows]
    return "{\n" + "\n".join(lines) + "\n}"


def _initialiser(fields: dict[str, Any]) -> str:
    """Designated; a row of 13 numbers also initialises the struct of counters, in order."""
    parts = []
    for name, value in fields.items():
        if isinstance(value, list):
            parts.append(f".{name} = {{{', '.join(map(_number, value))}}}")
        else:
            parts.append(f".{name} = {_number(value)}")
    return "{" + ", ".join(parts) + "}"


def _number(value: int) -> str:
    return f"{value}" if value < 0x8000 else f"{value}u"


def table(vectors: dict[str, Any]) -> str:
    """The whole C file."""
    out = [
        "/* SPDX-License-Identifier: GPL-3.0-or-later */",
        "/* Made by tests/c/vectors_to_c.py from protocol/vectors.json. */",
        '#include "wire_vectors.h"',
        f"const uint32_t wire_vectors_schema = {vectors['schema_hash']}u;",
    ]
    goldens, lines = [], []

    def line(name: str, data: bytes, frames: list[int], counters: dict[str, int]) -> None:
        label = f"line{len(lines)}"
        out.append(f"static const uint8_t {label}[] = {_bytes(data)};")
        indices = ", ".join(map(str, [*frames, -1]))  # C has no empty table
        out.append(f"static const int16_t {label}_frames[] = {{{indices}}};")
        lines.append(
            f"    {{{json.dumps(name)}, {label}, {label}_frames, {len(data)}, {len(frames)}, "
            f"{_initialiser(counters or {'bytes': 0})}}},"
        )

    for i, frame in enumerate(vectors["frames"]):
        data = bytes.fromhex(frame["hex"])
        struct = SHARED.get(frame["msg"], frame["msg"].lower())
        out.append(f"static const wire_{struct} values{i} = {_initialiser(frame['fields'])};")
        line(frame["name"], data, [i], {"bytes": len(data), "frames": 1})
        goldens.append(
            f"    {{{json.dumps(frame['name'])}, &values{i}, line{i}, {len(data)}, "
            f"WIRE_{frame['msg']}, {int(frame['ack'] is not None)}, "
            f"{frame['session']}, {frame['seq']}, {frame['ack'] or 0}}},"
        )
    for case in vectors["refused"]:
        data = bytes.fromhex(case["hex"])
        counters = {"bytes": len(data), case["counter"]: 1}
        if case["counter"] == "bad_value":  # the codec took the frame, its values are refused
            counters["frames"] = 1
        line(case["name"], data, [], counters)
    for case in vectors["streams"]:
        line(case["name"], bytes.fromhex(case["hex"]), case["frames"], case["counters"])
    out += ["const wire_golden wire_goldens[] = {", *goldens, "};"]
    out += [f"const int32_t wire_golden_count = {len(goldens)};"]
    out += ["const wire_line wire_lines[] = {", *lines, "};"]
    out += [f"const int32_t wire_line_count = {len(lines)};"]
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else VECTORS
    sys.stdout.write(table(json.loads(path.read_text(encoding="utf-8"))))
