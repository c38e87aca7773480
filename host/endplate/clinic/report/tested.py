# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests of a visit in its report: a row each, and the rules they were played by."""

from __future__ import annotations

from endplate.clinic.records.visits import SHAPELESS, Result
from endplate.clinic.report.table import Table
from endplate.clinic.trials import kinds

UNREAD = "What was kept of it cannot be read."

def tests(results: list[Result]) -> Table | None:
    """None when there was none."""
    rows: list[tuple[str, str, str, str]] = []
    rules: dict[str, None] = {}
    for one in results:
        if one.kind not in kinds.TESTS:
            continue
        name = kinds.TESTS[one.kind].name
        try:
            row, rule = _row(one), f"{name}: {kinds.TESTS[one.kind].rules(one.content)}."
        except SHAPELESS:
            rows.append((name, "–", "–", UNREAD))
        else:
            rows.append(row)
            rules[rule] = None  # of each kind once; of each test where they differ
    if not rows:
        return None
    return Table("Tests", ("test", "control", "DoF or hand", "what came of it"), tuple(rows),
                 " ".join(rules))  # fmt: skip


def _row(one: Result) -> tuple[str, str, str, str]:
    kind, control = kinds.TESTS[one.kind], kinds.control(one.content)
    return (kind.name, "direct control" if control == "direct" else control,
            kinds.what(one.content), _sentence(kind.said(one.content)))  # fmt: skip


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
