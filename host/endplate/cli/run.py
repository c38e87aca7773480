# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate run`: a board, a profile and a hand, live, driven by the keyboard or the window."""

from __future__ import annotations

import argparse
import select
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from endplate.cli.bench import open_monitor
from endplate.cli.places import repair_recordings, session_folder
from endplate.cli.record import sites_table
from endplate.cli.sources import absolute, add_board, board_settings
from endplate.errors import EndplateError
from endplate.live.feed import FeedReader
from endplate.live.profile import load_profile
from endplate.live.requests import ask
from endplate.live.session import start_control

EXAMPLES = """examples:
  endplate run --board cyton --port /dev/ttyUSB0 --hand-port /dev/ttyACM0 --profile anna.json
keys: a arm   d disarm   space STOP   r RELEASE (opens slowly)   c clear a fault   g next grip   q
quit
"""
KEYS = "a arm · d disarm · space STOP · r RELEASE · c clear fault · g grip · q quit"
VERBS = {"a": "arm", "d": "disarm", " ": "stop", "r": "release", "c": "clear_fault"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_board(parser, montage="transhumeral-4")
    parser.add_argument(
        "--hand-port", required=True, help="serial port of the hand, e.g. /dev/ttyACM0"
    )
    parser.add_argument("--baud", type=int, default=1_000_000, help="of the hand's port (1000000)")
    parser.add_argument(
        "--hand", default="test-hand", help="hand file, a name or a path (test-hand)"
    )
    parser.add_argument(
        "--profile", type=Path, required=True, help="what `endplate calibrate` wrote"
    )
    parser.add_argument(
        "--out", type=Path, help="recording to write, without ending (run-DATE-TIME)"
    )
    parser.add_argument("--monitor", action="store_true", help="open the window as well")


def run(arguments: argparse.Namespace) -> int:
    """Runs until q or Ctrl-C; the hand is disarmed at the end, whatever ended it."""
    console = Console()
    load_profile(arguments.profile)  # its sentence, before anything is opened
    out = arguments.out or Path(f"run-{datetime.now():%Y%m%d-%H%M%S}")
    repair_recordings(out.absolute().parent, console)
    with session_folder("run") as directory:
        control = start_control(
            {
                **board_settings(arguments),
                "directory": str(directory),
                "hand_port": arguments.hand_port,
                "hand_baud": arguments.baud,
                "hand": arguments.hand,
                "profile": absolute(arguments.profile),
                "recording": absolute(out),
                "arm": False,
            }
        )
        window = open_monitor(directory) if arguments.monitor else None
        try:
            watch(console, directory, control)
        finally:
            if window is not None:
                window.terminate()
                window.wait()
            control.stop()
    console.print(f"Disarmed. Recorded: {out.with_suffix('.bdf')}")
    return 0


def watch(console: Console, directory: Path, control: Any) -> None:
    """Shows the state 5 times a second and passes keys on."""
    reader = FeedReader(directory / "feed")
    labels = list(reader.info.site_labels)
    answer = "relax, then press a to arm"
    grip = 0
    with raw_keys() as keys, Live(console=console, refresh_per_second=5, screen=False) as live:
        while control.alive:
            status = reader.status()
            live.update(
                Group(
                    sites_table(labels, status),
                    hand_lines(status, list(reader.info.dofs)),
                    Text(KEYS),
                    Text(answer),
                )
            )
            key = keys(0.2)
            if key in ("q", "\x03"):
                return
            try:
                if key in VERBS:
                    ask(directory, VERBS[key])
                    answer = f"{VERBS[key].replace('_', ' ')}: asked for"
                elif key == "g":
                    grips = reader.info.grips
                    if grips:
                        grip = (grip + 1) % len(grips)
                        ask(directory, "grip", name=grips[grip])
                        answer = f"grip: {grips[grip]}"
            except EndplateError as error:
                answer = str(error)


def hand_lines(status: dict[str, Any], dofs: list[str]) -> Text:
    """The hand's state in words, what limits it, latency."""
    hand = status.get("hand", {})
    wire = status.get("latency_ms", {}).get("arrival_to_wire", {})
    lines = [f"Hand: {hand.get('sentence') or hand.get('word', 'not connected')}"]
    named = zip(dofs, hand.get("limits") or [], strict=False)
    limits = {dof: why for dof, why in named if why != "none"}
    if limits:
        lines.append(
            "Limits: " + ", ".join(f"{dof.replace('_', ' ')} {why}" for dof, why in limits.items())
        )
    if wire.get("n"):
        lines.append(f"Arrival to wire: p95 {wire['p95']:.1f} ms")
    lines += list(status.get("sentences", []))[-3:]
    return Text("\n".join(lines))


@contextmanager
def raw_keys() -> Iterator[Any]:
    """A function key(timeout_s) -> character or "" while the terminal gives single keys; none
    without a terminal."""
    if not sys.stdin.isatty():
        yield lambda timeout: (select.select([], [], [], timeout), "")[1]
        return
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield (
            lambda timeout: (
                sys.stdin.read(1) if select.select([sys.stdin], [], [], timeout)[0] else ""
            )
        )
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
