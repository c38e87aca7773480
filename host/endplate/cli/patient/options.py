# SPDX-License-Identifier: GPL-3.0-or-later
"""What the verbs of `endplate patient` have in common."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from endplate.cli.places import add_data


@dataclass(frozen=True)
class Verb:
    """A verb for cli.verbs: its options, what it does, and how it is typed."""

    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    EXAMPLES: str


def add_code(parser: argparse.ArgumentParser) -> None:
    """Which patient, and where the records are."""
    parser.add_argument("code", help="the patient's code")
    add_data(parser)

