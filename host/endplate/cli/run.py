# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate run`: a board, a profile and a hand, live, driven by the keyboard or the window."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from endplate.cli.asking import Asking
from endplate.cli.ending import end
from endplate.cli.keys import single_keys
from endplate.cli.places import repair_recordings, session_folder
from endplate.cli.profile.words import age
from endplate.cli.record import sites_table
from endplate.cli.sources import (
    absolute,
    add_board,
    add_hand,
    driving_settings,
    nothing_decodes,
)
from endplate.cli.visiting import add_patient, visiting
from endplate.cli.window import monitor
from endplate.live.feed import FeedReader
from endplate.live.profile_file import load_profile
from endplate.live.session import ControlProcess, start_control
from endplate.monitor import words

EXAMPLES = """examples:
  endplate run --board cyton --port /dev/ttyUSB0 --hand-port /dev/ttyACM0 --profile anna.json
  endplate run --board synthetic --hand-port /dev/ttyACM0 --profile anna.json --shadow new.json
keys: a arm   d disarm   space STOP   r RELEASE (opens slowly)   c clear a fault   g next grip
      s the shadow drives, or back   x direct control, or back (both wait until the person relaxes)
      i contacts (4 s, while disarmed)
      E emergency stop (drive off until the hand is switched off and on)   q quit
"""
KEYS = (
    "a arm · d disarm · space STOP · r RELEASE · c clear fault · g grip · s shadow · x direct · "
    "i contacts · E emergency stop · q quit"
)
VERBS = {
    "a": "arm", "d": "disarm", " ": "stop", "r": "release", "c": "clear_fault", "E": "estop",
    "i": "contacts",
}  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_board(parser, montage="transhumeral-4")
    parser.add_argument(
        "--hand-port", required=True, help="serial port of the hand, e.g. /dev/ttyACM0"
    )
    parser.add_argument("--baud", type=int, default=1_000_000, help="of the hand's port (1000000)")
    add_hand(parser)
    add_patient(parser)
    parser.add_argument(
        "--profile", type=Path, help="what `endplate calibrate` wrote (of --patient the last one)"
    )
    parser.add_argument(
        "--shadow", type=Path, metavar="PROFILE",
        help="another profile beside it: it moves only the virtual hand until it is promoted (s)",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, help="recording to write, without ending (run-DATE-TIME)"
    )
    parser.add_argument("--monitor", action="store_true", help="open the window as well")


def run(arguments: argparse.Namespace) -> int:
    """Runs until q or Ctrl-C; the hand is disarmed at the end, whatever ended it."""
    with visiting(arguments) as at:
        if at is not None:
            arguments.profile = arguments.profile or at.profile_to_begin_with()
            arguments.out = arguments.out or at.file("run")
    if arguments.profile is None:
        nothing_decodes()
    return _run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    console = Console()
    for path in filter(None, (arguments.profile, arguments.shadow)):
        tell_age(console, path)
    out = arguments.out or Path(f"run-{datetime.now():%Y%m%d-%H%M%S}")
    repair_recordings(out.absolute().parent, console)
    with session_folder("run") as directory:
        control = start_control(
            driving_settings(arguments, directory, out, shadow=absolute(arguments.shadow))
        )
        expected = True
        try:
            with monitor(directory, arguments.monitor):
                expected = watch(console, directory, control)
        finally:
            status = end(console, control, expected=expected)
    return status


def tell_age(console: Console, path: Path) -> None:
    """Of a profile that was not made today; its sentence when it cannot be read, before anything
    is opened."""
    old = age(load_profile(path).created)
    if "day" in old:
        console.print(
            f"{path} is {old} old: `endplate calibrate --compare {path}` holds today's "
            "electrodes against it."
        )


def watch(console: Console, directory: Path, control: ControlProcess) -> bool:
    """Shows the state 5 times a second and passes keys on; False when the session ended by itself.

    Each request waits for its answer beside it, so that STOP never waits for another.
    """
    reader = FeedReader(directory / "feed")
    labels, dofs, grips = reader.info.site_labels, reader.info.dofs, reader.info.grips
    with (
        Asking(directory) as asking,
        single_keys() as keys,
        Live(console=console, refresh_per_second=5) as live,
    ):
        asking.answer = "relax, then press a to arm"
        while control.alive:
            status = reader.status()
            live.update(
                Group(
                    sites_table(list(labels), status),
                    hand_lines(status, list(dofs), list(labels)),
                    Text(KEYS),
                    Text(asking.answer),
                )
            )
            for key in keys(0.2):
                if key in ("q", "\x03"):
                    beside = status.get("beside") or {}
                    if beside.get("promoted"):
                        console.print(
                            f"{beside['drives']} drove at the end: to keep it, give it as "
                            "--profile the next time."
                        )
                    return True
                if key in VERBS:
                    asking.say(VERBS[key])
                elif key in words.SWITCHES:
                    asking.say(words.switch(key, status))
                elif key == "g" and grips:
                    asking.say("grip", name=words.next_grip(status, grips))
    return False


def hand_lines(status: dict[str, Any], dofs: list[str], labels: list[str]) -> Text:
    """The hand's state in words, what limits it, latency."""
    hand = status.get("hand", {})
    wire = status.get("latency_ms", {}).get("arrival_to_wire", {})
    lines = [f"Hand: {words.hand(status)}"]
    if hand.get("connected") and hand.get("word") == "active":
        for dof, why in zip(dofs, words.limits(status, dofs, labels), strict=False):
            if why:
                lines.append(f"{dof.replace('_', ' ')} {why}")
    lines += decoded(hand.get("decoding") or {})
    lines += words.beside(status, dofs)
    if wire.get("n"):
        lines.append(f"Arrival to wire: p95 {wire['p95']:.1f} ms")
    lines += [each for each in list(status.get("sentences", []))[-3:] if each not in lines]
    return Text("\n".join(lines))


def decoded(own: dict[str, Any]) -> list[str]:
    """What the hand's own decoder does, if it does anything."""
    if own.get("mode", "host") == "host":
        return []
    if own["own_electrodes"]:
        percent = " ".join(f"{hand / 100:.0f}" for hand in own["hand"])
        return [own["who"], f"Hand in %: {percent}", *filter(None, [own["sentence"]])]
    agree = f"{own['equal']} hops with the same bits, {own['different']} with others"
    rest = f", {own['not_compared']} not compared" if own["not_compared"] else ""
    pairs = zip(own["hand"], own["host"], strict=False)
    both = " ".join(f"{hand / 100:.0f}/{host / 100:.0f}" for hand, host in pairs)
    figures = f"{agree}{rest}; hand/host in %: {both}"
    return [own["who"], figures, *filter(None, [own["sentence"]])]
