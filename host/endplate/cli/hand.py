# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate hand VERB`: talks to one hand on its serial port. One file per verb, as VERBS lists
them; each has EXAMPLES, add_arguments(parser) and run(arguments), like a subcommand."""

from __future__ import annotations

import argparse
import importlib

#: Verb -> (module, summary).
VERBS = {
    "info": ("endplate.cli.hand_info", "say who the hand is and how it stands"),
    "verify": ("endplate.cli.hand_verify", "hold the hand against its safety requirements"),
}
EXAMPLES = """examples:
  endplate hand info /dev/ttyACM0
  endplate hand verify /dev/ttyACM0 --json verified.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verbs with their options."""
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, (module_name, summary) in VERBS.items():
        module = importlib.import_module(module_name)
        sub = verbs.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            epilog=module.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(sub)
        sub.set_defaults(run_verb=module.run)


def add_port(parser: argparse.ArgumentParser) -> None:
    """PORT and --baud, which every verb has."""
    parser.add_argument("port", metavar="PORT", help="the hand's serial port")
    parser.add_argument(
        "--baud", type=int, default=1_000_000, help="of the port (default: %(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb."""
    return arguments.run_verb(arguments)
