# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate devices`: which serial ports there are, which boards can be named, which hands and
montages."""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.table import Table

from endplate.errors import EndplateError
from endplate.hardware import hand_names, montage_names
from endplate.live.boards import board_kind, board_names, serial_ports

COMMON = (
    "cyton", "cyton-daisy", "cyton-wifi", "cyton-daisy-wifi", "ganglion", "freeeeg32", "synthetic",
    "playback",
)  # fmt: skip
EXAMPLES = """examples:
  endplate devices
  endplate devices --boards        every board that brainflow knows, with sites and rate
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "--boards", action="store_true", help="list every board, not only the common ones"
    )


def run(arguments: argparse.Namespace) -> int:
    """Prints the tables."""
    console = Console()
    ports = serial_ports()
    if ports:
        table = Table("Port", "What it says it is", "Latency timer", title="Serial ports")
        for port in ports:
            timer = "" if port.latency_ms is None else f"{port.latency_ms} ms"
            table.add_row(port.device, port.title, timer)
        console.print(table)
    else:
        console.print(
            "No serial port found: plug in the board's dongle or the hand, then look again."
        )
    boards = Table("Name", "Number", "EMG channels", "Rate", title="Boards (--board)")
    for name, number in board_names().items():
        if not arguments.boards and name not in COMMON:
            continue
        try:
            kind = board_kind(number)
        except (
            EndplateError
        ):  # a board that streams nothing by itself has neither rate nor channels
            boards.add_row(name, str(number), "", "")
            continue
        boards.add_row(name, str(number), str(len(kind.channels)), f"{kind.rate_hz:g} Hz")
    console.print(boards)
    console.print(f"Hands (--hand): {', '.join(hand_names())}")
    console.print(f"Montages (--montage): {', '.join(montage_names())}")
    return 0
