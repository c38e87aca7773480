# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that several verbs of `endplate patient` have, and days as they are typed."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from endplate.clinic.records.database import Database, default_folder
from endplate.errors import UsageError


@dataclass(frozen=True)
class Verb:
    """A verb for cli.verbs: its options, what it does, and how it is typed."""

    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    EXAMPLES: str


def add_data(parser: argparse.ArgumentParser) -> None:
    """Where the records are."""
    parser.add_argument(
        "--data", type=Path, metavar="DIR",
        help="folder of the records ($ENDPLATE_DATA, or the user's own place)",
    )  # fmt: skip


def add_code(parser: argparse.ArgumentParser) -> None:
    """Which patient, and where the records are."""
    parser.add_argument("code", help="the patient's code")
    add_data(parser)


def opened(arguments: argparse.Namespace) -> Database:
    """The database that was meant."""
    return Database(arguments.data or default_folder())


def day(text: str) -> date:
    """2025-06-01. Raises UsageError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text[:40]} is no day: write it as 2025-06-01.") from None
