# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide explains messages that exist: every one it quotes is in the sources, word for word."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TABLE = (ROOT / "host" / "GUIDE.md").read_text().split("| message | what to do |")[1]
QUOTED = [line.split("|")[1].strip() for line in TABLE.splitlines() if line.startswith("| ")]


def texts() -> str:
    """Every string of the host, the parts of f-strings joined by their holes."""
    found = []
    for path in (ROOT / "host" / "endplate").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                found.append(
                    "".join(
                        part.value if isinstance(part, ast.Constant) else "..."
                        for part in node.values
                    )
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return "\n".join(found)


@pytest.fixture(scope="module")
def said() -> str:
    return texts()


@pytest.mark.parametrize("message", QUOTED)
def test_message_exists(message, said):
    for part in re.split(r"\s*\.\.\.\s*", message):
        assert part in said, f"nothing says {part!r}"


def test_there_are_messages():
    assert len(QUOTED) >= 8
