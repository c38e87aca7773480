# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate devices`: which serial ports there are, which boards can be named, which hands and
montages."""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.table import Table

from endplate.hardware import hand_names, montage_names
from endplate.live.boards import board_names, serial_ports

SUMMARY = "list serial ports, boards, hands and montages"
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
            table.add_row(port.path, port.description, port.latency)
        console.print(table)
    else:
        console.print(
            "No serial port found: plug in the board's dongle or the hand, then look again."
        )
    boards = Table("Name", "Number", "EMG channels", "Rate", title="Boards (--board)")
    for board in board_names(all_boards=arguments.boards):
        boards.add_row(board.name, str(board.number), str(board.channels), f"{board.rate_hz:g} Hz")
    console.print(boards)
    console.print(f"Hands (--hand): {', '.join(hand_names())}")
    console.print(f"Montages (--montage): {', '.join(montage_names())}")
    return 0
