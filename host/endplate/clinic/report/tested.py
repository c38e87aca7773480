# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests of a visit in its report: a row each, and the rules they were played by."""

from __future__ import annotations

from endplate.clinic.records.visits import Result
from endplate.clinic.report.table import Table, last, number


def tests(results: list[Result]) -> Table | None:
    """None when there was none."""
    rows = []
    for one in results:
        if one.kind != "fitts":
            continue
        found = one.content["figures"]
        rows.append((
            "Fitts", "direct control" if one.content.get("direct") else "decoder",
            ", ".join(dof.replace("_", " ") for dof in one.content["dofs"]),
            f"{100 * found['completion']:.0f} %", number(found["throughput"], 2),
            number(found["movement_s"], 1), number(found["path_efficiency"], 2),
            str(found["trials"]),
        ))  # fmt: skip
    if not rows:
        return None
    rules = _rules(results)
    return Table("Tests", ("test", "control", "DoF", "done", "bit/s", "s", "path", "n"),
                 tuple(rows), rules)  # fmt: skip


def _rules(results: list[Result]) -> str:
    """Settings of the last Fitts test, in a sentence."""
    newest = last(results, "fitts")
    if newest is None:
        return ""
    rules = newest.content["rules"]
    return (f"Within {rules['limit_s']:g} s, {rules['dwell_s']:g} s inside, full speed "
            f"{rules['speed_per_s']:g} of the half screen a second.")  # fmt: skip
