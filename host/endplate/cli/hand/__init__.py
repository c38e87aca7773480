# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate hand VERB`: talks to one hand on its serial port. One file per verb, as VERBS lists
them; each has EXAMPLES, add_arguments(parser) and run(arguments), like a subcommand. A file of
several verbs holds an object with these for each: "module:OBJECT"."""

from __future__ import annotations

import argparse

from endplate.cli.verbs import add_verbs, run_verb

#: Verb -> (module, summary).
VERBS = {
    "info": ("endplate.cli.hand.info", "say who the hand is and how it stands"),
    "params": ("endplate.cli.hand.params:PARAMS", "list its parameters and what they are set to"),
    "get": ("endplate.cli.hand.params:GET", "print one parameter"),
    "set": ("endplate.cli.hand.params:SET", "set one parameter, until the hand restarts"),
    "save": ("endplate.cli.hand.params:SAVE", "have the hand keep its parameters"),
    "reset": ("endplate.cli.hand.params:RESET", "set one parameter, or all, as the hand was built"),
    "grips": ("endplate.cli.hand.grips", "show its grips: which joint goes where, and when"),
    "move": ("endplate.cli.hand.move", "move one DoF on the bench, without EMG"),
    "log": ("endplate.cli.hand.log", "print what happened to it: faults, motors lost, restarts"),
    "upload": ("endplate.cli.hand.upload", "have the hand keep a decoder, or other grips"),
    "update": ("endplate.cli.hand.update", "give the hand a new firmware"),
    "verify": ("endplate.cli.hand.verify", "hold the hand against its safety requirements"),
}
EXAMPLES = """examples:
  endplate hand info /dev/ttyACM0
  endplate hand params /dev/ttyACM0
  endplate hand set /dev/ttyACM0 link_lost_ms 250
  endplate hand grips /dev/ttyACM0
  endplate hand move /dev/ttyACM0 elbow 45
  endplate hand log /dev/ttyACM0 --follow
  endplate hand upload /dev/ttyACM0 anna.json
  endplate hand verify /dev/ttyACM0 --json verified.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verbs with their options."""
    add_verbs(parser, VERBS)


def add_port(parser: argparse.ArgumentParser) -> None:
    """PORT and --baud, which every verb has."""
    parser.add_argument("port", metavar="PORT", help="the hand's serial port")
    parser.add_argument(
        "--baud", type=int, default=1_000_000, help="of the port (default: %(default)s)"
    )


run = run_verb
