# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests of a visit in its report: a row each, and the rules they were played by."""

from __future__ import annotations

from endplate.clinic.records.visits import Result
from endplate.clinic.report.table import Table
from endplate.clinic.trials import kinds


def tests(results: list[Result]) -> Table | None:
    """None when there was none."""
    played = [one for one in results if one.kind in kinds.TESTS]
    if not played:
        return None
    rows = tuple(
        (kinds.TESTS[one.kind].name,
         {"direct": "direct control"}.get(by := kinds.control(one.content), by),
         kinds.what(one.content), _sentence(kinds.TESTS[one.kind].said(one.content)))
        for one in played
    )  # fmt: skip
    return Table("Tests", ("test", "control", "DoF or hand", "what came of it"), rows,
                 _rules(played))  # fmt: skip


def _rules(played: list[Result]) -> str:
    """Of each kind; of each test where they differ."""
    said: dict[str, None] = {}
    for one in played:
        kind = kinds.TESTS[one.kind]
        said[f"{kind.name}: {kind.rules(one.content)}."] = None
    return " ".join(said)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
