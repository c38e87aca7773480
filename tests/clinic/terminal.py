# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands on a terminal, for tests of `endplate test`."""

from __future__ import annotations

from rich.console import Console

from endplate.cli.test.letters import TALL, lettered
from endplate.hardware import load_hand

WIDTH = 100
HAND = load_hand("test-hand")
DOFS = tuple(dof.name for dof in HAND.dofs)


def drawn(view) -> str:
    console = Console(width=WIDTH, height=40)
    with console.capture() as found:
        console.print(view)
    lines = found.get().splitlines()
    assert max(map(len, lines)) <= WIDTH
    return found.get()


def large(text: str, words: str) -> bool:
    """Whether the words stand there in large letters: all rows, in lines that follow each other."""
    rows, lines = lettered(words, WIDTH), text.splitlines()
    assert len(rows) == TALL
    return any(
        all(row in line for row, line in zip(rows, lines[at:], strict=False))
        for at in range(len(lines) - TALL + 1)
    )
