# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate clinic`: the window with patients, visits and everything a visit needs.

This process is the desk: it keeps the session of a visit. The window is another one; when it
crashes it is opened again, and the visit goes on meanwhile.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from rich.console import Console

from endplate.cli.places import add_data, session_folder
from endplate.cli.sources import add_board, add_hand, board_settings
from endplate.clinic.desk import Desk, Setup
from endplate.clinic.records.database import Database, default_folder
from endplate.clinic.records.patients import Patients
from endplate.errors import SessionError, UsageError

EXAMPLES = """examples:
  endplate clinic --board cyton --port /dev/ttyUSB0 --hand-port /dev/ttyACM0
  endplate clinic --simulated                     a simulated patient with a history, board, hand
  endplate clinic --simulated --data trial        with records of their own
"""
SIMULATED = "simulated"  # folder of their records, apart from people's
REOPEN_S = 1.0  # a window that crashes at once is not opened again without end
MOST_CRASHES = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_board(parser, needed=False)
    add_hand(parser)
    parser.add_argument("--hand-port", help="serial port of the hand (none: no hand)")
    parser.add_argument("--baud", type=int, default=1_000_000, help="of the hand (1000000)")
    parser.add_argument(
        "--simulated", action="store_true", help="a simulated patient, board and hand"
    )
    add_data(parser)
    parser.add_argument("--theme", choices=("light", "dark"), help="otherwise the system's")


def run(arguments: argparse.Namespace) -> int:
    """Until the window is closed; then the visit that is on is ended."""
    console = Console()
    if bool(arguments.board) == arguments.simulated:
        raise UsageError(
            "Name the board (--board cyton --port /dev/ttyUSB0) or say --simulated, one of the two."
        )
    usual = default_folder() / SIMULATED if arguments.simulated else default_folder()
    folder = (arguments.data or usual).expanduser().resolve()
    if arguments.simulated:
        with Database(folder) as database:
            if not Patients(database).all():
                demonstrate(database, console)
    with setups(arguments) as (setup, follow), Desk(folder, setup) as desk:
        for path in desk.repaired:
            console.print(f"An earlier recording had not been closed; it is whole again: {path}")
        with suppress(KeyboardInterrupt):
            attend(desk, console, arguments, follow)
    return 0


def demonstrate(database: Database, console: Console) -> None:
    """Enters the demonstration patient."""
    from endplate.cli import demonstration  # loads the simulator

    with console.status("Demonstration patient ...") as line:
        made = demonstration.make(database, datetime.now(), line.update)
    console.print(f"{made.code}: a simulated patient with {len(demonstration.PAST)} visits.")


def attend(desk: Desk, console: Console, arguments: argparse.Namespace, follow: Any) -> None:
    """Serves the window until it is closed, and opens it again when it crashed."""
    crashes = 0
    while True:
        opened = time.monotonic()
        window = subprocess.Popen(window_command(desk, arguments))
        try:
            while window.poll() is None:
                desk.poll()
                follow(desk.session)
        finally:
            if window.poll() is None:
                window.terminate()
            window.wait()
        if window.returncode == 0:
            return
        crashes = crashes + 1 if time.monotonic() - opened < REOPEN_S * 10 else 1
        if crashes >= MOST_CRASHES:
            raise SessionError(
                "The window ended by itself again and again: is there a display? A visit "
                "that was on is ended and its recording kept."
            )
        console.print("The window ended by itself and is opened again; a visit that is on goes on.")
        time.sleep(REOPEN_S)


def window_command(desk: Desk, arguments: argparse.Namespace) -> list[str]:
    """What opens it."""
    theme = ["--theme", arguments.theme] if arguments.theme else []
    return [sys.executable, "-m", "endplate.monitor", "--data", str(desk.folder), *theme]


@contextmanager
def setups(arguments: argparse.Namespace) -> Iterator[tuple[Setup, Any]]:
    """What stands on the table, and the simulated patient, who looks at what the session shows."""
    if not arguments.simulated:
        given = board_settings(arguments)
        given.pop("montage")
        yield Setup(
            **given, hand=arguments.hand, hand_port=arguments.hand_port, hand_baud=arguments.baud
        ), lambda session: None
        return
    from endplate.cli.simulated_patient import SimulatedPatient
    from endplate.sim.rig import Rig  # only for this

    with session_folder("rig") as directory, Rig(directory, hand=arguments.hand) as rig:
        setup = Setup(
            "cyton", rig.board_port, {"simulated": True}, arguments.hand, rig.hand_port
        )
        yield setup, SimulatedPatient(rig)
