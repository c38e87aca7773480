# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate hand verify`: holds a hand against its safety requirements, one row each."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from endplate.conformance.run import Report, chosen, verify
from endplate.conformance.subject import DRIVE, DRIVE_S
from endplate.conformance.verdict import Finding, Requirement, Verdict
from endplate.errors import UsageError

EXAMPLES = """examples:
  endplate hand verify /dev/ttyACM0
  endplate hand verify /dev/ttyACM0 --yes --json verified.json
  endplate hand verify /dev/ttyACM0 --only HV-20 HV-21 HV-22
  endplate hand verify /dev/ttyACM0 --long       with the half minute of a forgotten hand
  endplate hand verify /dev/ttyACM0 --estop      ESTOP too; the hand needs its power cut afterwards

What the hand does not claim to have is skipped. Only what the wire shows is judged: the hand tells
its state every 20 ms, so a time is known to 20 ms and the error of the clock comparison. Exit
status: 0 when all that was run passed, 1 when not, 2 when there is no hand that can be judged: it
does not answer, is in a fault or an emergency stop, or a motor is missing or in error.
"""
_COLOURS = {
    Verdict.PASSED: "green",
    Verdict.FAILED: "bold red",
    Verdict.NOT_JUDGED: "yellow",
    Verdict.SKIPPED: "dim",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    from endplate.cli.hand import add_port

    add_port(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the findings here, too")
    parser.add_argument("--only", nargs="+", metavar="ID", help="these requirements alone")
    parser.add_argument(
        "--estop", action="store_true", help="ESTOP too, last: the hand needs its power cut"
    )
    parser.add_argument(
        "--long", action="store_true", help="wait the half minute of a hand that is forgotten"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask before the hand moves")


def run(arguments: argparse.Namespace) -> int:
    """Asks, verifies, prints the table."""
    chosen(arguments.only)  # a wrong id is said before anyone is asked
    if arguments.json is not None and not arguments.json.resolve().parent.is_dir():
        raise UsageError(f"{arguments.json} cannot be written: make its folder first.")
    console = Console()

    def begun(info: dict[str, Any]) -> None:
        console.print(
            f"Hand {info['name']}, firmware {info['firmware']}, on {arguments.port}. It will close "
            f"and open several times by a few degrees, at {DRIVE:.0%} of its full speed for "
            f"{DRIVE_S:g} s at a time and to places near by, and RELEASE opens it: nothing may be "
            "between its fingers.",
            highlight=False,
        )
        if sys.stdin.isatty() and not arguments.yes:
            console.input("Enter begins, Ctrl-C ends. ")

    report = verify(
        arguments.port,
        arguments.baud,
        only=arguments.only,
        estop=arguments.estop,
        long=arguments.long,
        begun=begun,
        tell=lambda requirement, finding: console.print(_row(requirement, finding)),
    )
    console.print(summary(report), highlight=False)
    if arguments.json is not None:
        try:
            arguments.json.write_text(json.dumps(report.as_json(), indent=2) + "\n")
        except OSError as error:
            raise UsageError(
                f"{arguments.json} cannot be written ({error.strerror}): name another file."
            ) from None
    return 0 if report.passed else 1


def _row(requirement: Requirement, finding: Finding) -> Table:
    """What is required and, below it, what was found: printed when it is known, in 80 columns."""
    row = Table.grid(padding=(0, 2, 0, 0))
    row.add_column(width=5)
    row.add_column(width=10)
    row.add_column(overflow="fold")
    verdict = Text(finding.verdict.value, style=_COLOURS[finding.verdict])
    required = f"required: {finding.allowed}" if finding.allowed else ""
    found = "; ".join(part for part in (finding.measured, finding.note, required) if part)
    row.add_row(requirement.id, verdict, Text(requirement.words))
    if found:
        row.add_row("", "", Text(found, style="dim"))
    return row


def summary(report: Report) -> str:
    """How many of which, in one line, and how the hand stands."""
    count = Counter(finding.verdict for _, finding in report.findings)
    parts = [f"{count[verdict]} {verdict.value.lower()}" for verdict in Verdict if count[verdict]]
    stopped = any(
        requirement.power_cycle and finding.verdict is not Verdict.SKIPPED
        for requirement, finding in report.findings
    )
    left = "in emergency stop: switch it off and on" if stopped else "disarmed"
    return f"{len(report.findings)} requirements: {', '.join(parts)}. The hand is left {left}."
