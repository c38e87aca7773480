# SPDX-License-Identifier: GPL-3.0-or-later
"""What every part of a report is made of: a table of words, the last result of a kind, figures."""

from __future__ import annotations

from dataclasses import dataclass

from endplate.clinic.records.visits import Result

MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Table:
    """A table with a heading; `lead` above it, `note` below it. It may have no rows."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    lead: str = ""


def last(results: list[Result], kind: str) -> Result | None:
    """The newest of `kind`."""
    found = [one for one in results if one.kind == kind]
    return found[-1] if found else None


def number(value: float | None, digits: int) -> str:
    """A figure as text, a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}".replace("-", MINUS)
