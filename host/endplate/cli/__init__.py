# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `endplate`: one file per subcommand, or a folder when it has
parts of its own, loaded when it is called.

Each of them has EXAMPLES, add_arguments(parser) and run(arguments) -> exit status. Errors
meant for the user are printed as one sentence and exit with 2; a run that worked but did not meet
what was asked exits with 1.
"""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
from collections.abc import Sequence

from endplate import __version__
from endplate.errors import EndplateError

COMMANDS = {
    "bench": "run the whole simulated rig: calibrate, move, measure, report",
    "monitor": "open the window onto what is running",
    "clinic": "open the window with patients, visits and all that a visit needs",
    "patient": "the clinic's patients: enter, list, score, export, delete",
    "sites": "show what each site hears of each movement, and which sites to keep",
    "calibrate": "guide a person through the movements and write their profile",
    "run": "drive a hand from a board with a profile",
    "test": "play a test of control with a patient, beside their history and direct control",
    "report": "the fitting report of a visit, as PDF and HTML",
    "devices": "list serial ports, boards, hands and montages",
    "impedance": "measure the contact of every electrode",
    "record": "record a board into a BDF+ file",
    "replay": "play a recording through the chain again, and into a hand",
    "evaluate": "judge decoders on recorded trials they have not seen",
    "profile": "the versions of a profile: list, compare, go back",
    "simulate": "the simulated person alone: is its EMG credible, can it be used",
    "hand": "ask a hand who it is, and hold it against its safety requirements",
}
DESCRIPTION = (
    "Reads multi-site EMG from a board, decodes several degrees of freedom at once and moves "
    "a multi-articulated hand. "
    "Not a medical device."
)
EXAMPLES = """examples:
  endplate bench                       the whole rig, simulated, with a table at the end
  endplate devices                     which ports and boards there are
  endplate calibrate --board cyton --port /dev/ttyUSB0 --montage transhumeral-4 --out anna.json
  endplate run --board cyton --port /dev/ttyUSB0 --hand-port /dev/ttyACM0 --profile anna.json
"""


def parser(chosen: str | None = None) -> argparse.ArgumentParser:
    """The command line; only the chosen subcommand is loaded, so that help comes at once."""
    top = argparse.ArgumentParser(
        prog="endplate",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"endplate {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        sub = commands.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name == chosen:
            module = importlib.import_module(f"endplate.cli.{name}")
            sub.epilog = module.EXAMPLES
            module.add_arguments(sub)
            sub.set_defaults(run=module.run)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    # A SIGTERM ends a command as Ctrl-C does: in good order, everything it started with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        chosen = parser(next(iter(given), None)).parse_args(given)
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
