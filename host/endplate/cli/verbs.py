# SPDX-License-Identifier: GPL-3.0-or-later
"""Subcommands of a subcommand: `endplate hand VERB`, `endplate simulate VERB`."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Mapping
from typing import Any


def add_verbs(parser: argparse.ArgumentParser, verbs: Mapping[str, tuple[str, str]]) -> None:
    """The verbs with their options; `verbs` are name -> (place, summary)."""
    added = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, (place, summary) in verbs.items():
        verb = loaded(place)
        sub = added.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            epilog=verb.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        verb.add_arguments(sub)
        sub.set_defaults(run_verb=verb.run)


def run_verb(arguments: argparse.Namespace) -> int:
    """Runs the one that was chosen."""
    return arguments.run_verb(arguments)


def loaded(place: str) -> Any:
    """A module, or an object in one ("module:OBJECT"), with EXAMPLES, add_arguments and run."""
    file, _, part = place.partition(":")
    module = importlib.import_module(file)
    return getattr(module, part) if part else module
