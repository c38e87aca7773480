# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `endplate`: one file per subcommand, loaded when it is called.

Each of them has SUMMARY, EXAMPLES, add_arguments(parser) and run(arguments) -> exit status. Errors
meant for the user are printed as one sentence and exit with 2; a run that worked but did not meet
what was asked exits with 1.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from endplate import __version__
from endplate.errors import EndplateError

COMMANDS = ("bench", "monitor", "devices", "record", "replay", "calibrate", "run")
DESCRIPTION = (
    "Reads multi-site EMG from a board, decodes several degrees of freedom at once and moves "
    "a multi-articulated hand. "
    "Not a medical device."
)
EXAMPLES = """examples:
  endplate bench                                     the whole rig, simulated, with a table at the
  end endplate devices                                   which ports and boards there are
  endplate calibrate --board cyton --port /dev/ttyUSB0 --montage transhumeral-4 --out anna.json
  endplate run --board cyton --port /dev/ttyUSB0 --hand-port /dev/ttyACM0 --profile anna.json
"""


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="endplate",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"endplate {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        module = importlib.import_module(f"endplate.cli.{name}")
        sub = commands.add_parser(
            name,
            help=module.SUMMARY,
            description=module.SUMMARY,
            epilog=module.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(sub)
        sub.set_defaults(run=module.run)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    chosen = parser().parse_args(arguments)
    try:
        return chosen.run(chosen)
    except EndplateError as error:
        print(f"endplate: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(
            "endplate: stopped by the keyboard; the hand is disarmed and the recording is kept.",
            file=sys.stderr,
        )
        return 130
