# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate hand grips`: the grips of the hand on a port, each as a picture of its joints. It opens
a session, which disarms.

The hand tells the hash of its hand file and which grip is in force; the postures are those of the
file with that hash, so what is shown is what the hand was built with.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from endplate.cli.hand.session import connected, hand_file
from endplate.hardware import Grip, Hand, Joint

EXAMPLES = """examples:
  endplate hand grips /dev/ttyACM0
  endplate hand grips /dev/ttyACM0 --hand my-hand.toml
"""
_WAY, _TEXT, _TIME = 28, 12, 16  # columns of the pictures, and of the degrees between them


@dataclass(frozen=True)
class Marks:
    """What the pictures are drawn with."""

    range: str
    way: str
    open: str
    closed: str
    waits: str
    moves: str


PRETTY = Marks("┈", "━", "○", "●", "·", "▇")
PLAIN = Marks(".", "=", "o", "#", ".", "=")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    from endplate.cli.hand import add_port

    add_port(parser)
    parser.add_argument("--hand", help="its hand file, when it is none of those of Endplate")


def run(arguments: argparse.Namespace) -> int:
    """Prints one picture a grip."""
    with connected(arguments.port, arguments.baud) as link:
        hand = hand_file(arguments.port, link.info, arguments.hand)
        in_force = link.state.get("grip")
    console = Console(highlight=False)
    marks = PRETTY if console.encoding.lower().startswith("utf") else PLAIN
    count = f"{len(hand.grips)} grip{'s' * (len(hand.grips) != 1)}"
    console.print(Text.assemble(
        (f"Hand on {arguments.port}: {hand.title or hand.name}, {count}. ", "bold"),
        f"Each row is the whole way of a joint: {marks.open} open, {marks.closed} closed, in "
        "degrees; on the right when it moves while the hand closes.",
    ))  # fmt: skip
    for number, grip in enumerate(hand.grips):
        console.print()
        console.print(_heading(grip, number == in_force))
        console.print(_picture(hand, grip, marks))
    return 0


def _heading(grip: Grip, in_force: bool) -> Text:
    return Text.assemble(
        (grip.name, "bold"),
        (" (in force)" if in_force else "", "bold green"),
        f"  {grip.close_s:g} s  {grip.title.partition(': ')[2] or grip.title}",
    )


def _picture(hand: Hand, grip: Grip, marks: Marks) -> Table:
    table = Table(box=None, show_header=False, pad_edge=True, padding=(0, 1))
    table.add_column(min_width=14)
    for width in (_WAY, _TEXT, _TIME):
        table.add_column(min_width=width, no_wrap=True)
    for joint in hand.joints:
        if joint.name in grip.open_deg:
            opened, closed = grip.open_deg[joint.name], grip.closed_deg[joint.name]
            stays = opened == closed
            table.add_row(
                joint.name.replace("_", " "), way(joint, opened, closed, marks),
                f"stays at {opened:g}" if stays else f"{opened:g} to {closed:g}",
                "" if stays else when(grip.start[joint.name], grip.stop[joint.name], marks),
            )  # fmt: skip
    return table


def way(joint: Joint, opened: float, closed: float, marks: Marks = PRETTY) -> str:
    """From the smallest to the largest angle of a joint, with where it is open and closed."""

    def at(deg: float) -> int:
        return round((deg - joint.min_deg) / (joint.max_deg - joint.min_deg) * (_WAY - 1))

    cells = [marks.range] * _WAY
    low, high = sorted((at(opened), at(closed)))
    cells[low : high + 1] = [marks.way] * (high + 1 - low)
    cells[at(opened)] = marks.open
    cells[at(closed)] = marks.closed
    return "".join(cells)


def when(start: float, stop: float, marks: Marks = PRETTY) -> str:
    """The closing from its beginning to its end, with the part in which a joint moves."""
    first, last = round(start * _TIME), max(round(start * _TIME) + 1, round(stop * _TIME))
    return marks.waits * first + marks.moves * (last - first) + marks.waits * (_TIME - last)
