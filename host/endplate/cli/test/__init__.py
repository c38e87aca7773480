# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate test`: how well a patient controls, with the tests and the code of the window's page
Test, in the terminal; the result is kept with today's visit, beside those before."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from endplate.cli.ending import end
from endplate.cli.places import repair_recordings, session_folder
from endplate.cli.run import tell_age
from endplate.cli.sources import driving_settings
from endplate.cli.test.options import Asked, add_kinds, asked
from endplate.cli.test.seat import Seat, sit
from endplate.cli.test.shown import history
from endplate.cli.visiting import AtVisit, visiting
from endplate.clinic.trials import kinds
from endplate.errors import UsageError
from endplate.live.session import start_control

EXAMPLES = """examples:
  endplate test fitts --board cyton --port /dev/ttyUSB0 --patient A17
  endplate test fitts --board cyton --port /dev/ttyUSB0 --patient A17 --direct    the baseline
  endplate test motion --board cyton --port /dev/ttyUSB0 --profile anna.json --dofs hand,elbow
  endplate test tac --board cyton --port /dev/ttyUSB0 --hand-port /dev/ttyACM0 --patient A17 --on hand
  endplate test activations --board cyton --port /dev/ttyUSB0 --patient A17 --rest-s 120
  endplate test box-and-blocks --board cyton --port /dev/ttyUSB0 --hand-port /dev/ttyACM0 --patient A17
keys: Enter starts, and ends a part of a timed task   q ends the test, nothing of it is kept
      with a hand as in `endplate run`: a arm   d disarm   space STOP   r RELEASE   c clear a fault
      E emergency stop
"""  # noqa: E501 - examples are not broken


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A subcommand a kind, each with its own settings."""
    add_kinds(parser)


def run(arguments: argparse.Namespace) -> int:
    """Plays it to its end; 1 when it was ended before, and nothing of it is kept."""
    with visiting(arguments) as at:
        if at is not None:
            arguments.profile = arguments.profile or at.profile_to_begin_with()
        what = asked(arguments)
        if what.keyed and not sys.stdin.isatty():
            raise UsageError(f"The {what.kind.name} needs keys: start it in a terminal.")
        if arguments.out is not None:
            out = arguments.out
        elif at is not None:
            out = at.file(what.kind.key)
        else:
            out = Path(f"{what.kind.key}-{datetime.now():%Y%m%d-%H%M%S}")
        return _run(arguments, what, out, at)


def _run(arguments: argparse.Namespace, what: Asked, out: Path, at: AtVisit | None) -> int:
    console = Console()
    if arguments.profile is not None:
        tell_age(console, arguments.profile)
    repair_recordings(out.absolute().parent, console)
    with session_folder("test") as directory:
        control = start_control(
            driving_settings(arguments, directory, out)
        )
        expected, seat = True, None
        try:
            seat = sit(console, directory, control, what)
            expected = control.alive
            _told(console, seat, out, at)
        finally:
            status = end(console, control, expected=expected)
    return status or int(seat.content is None)


def _told(console: Console, seat: Seat, out: Path, at: AtVisit | None) -> None:
    """What came of it, and where it is kept."""
    kind, content = seat.asked.kind, seat.content
    if content is None:
        console.print(seat.said, markup=False, highlight=False)
        return
    if content["simulated"]:
        console.print("SIMULATED")
    console.print(f"{kind.name}: {kinds.sentence(kind, content)}", markup=False, highlight=False)
    if at is not None:
        at.keep_test(kind.key, content)
        console.print(history(at.tests(kind), kind))
        console.print(f"Kept with the visit of {at.visit.began:%Y-%m-%d} of {at.patient.code}.")
        return
    path = out.with_name(f"{out.name}.json")
    try:
        path.write_text(json.dumps(told(kind, content), indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written ({error.strerror}): name another file."
        ) from None
    console.print(f"Result: {path}")


def told(kind: kinds.Kind, content: dict[str, Any]) -> dict[str, Any]:
    """As it stands in a file of its own."""
    return {"test": kind.key, "made": f"{datetime.now():%Y-%m-%dT%H:%M:%S}", **content}
