# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate hand update PORT FILE.epfw`: a new firmware for the hand. It opens a session, which
disarms. Exit status 3: the new firmware runs, but on trial."""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.progress import Progress

from endplate import hand_image
from endplate.errors import HandError
from endplate.live.hand_update import HandUpdate

EXAMPLES = """examples:
  endplate hand update /dev/ttyACM0 firmware/build/f405/endplate-hand.epfw
  endplate hand update /dev/ttyACM0 endplate-hand-0.1.0.epfw --allow-older
"""
ON_TRIAL = 3  # exit status: the new firmware runs, but the hand does not trust it yet


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    from endplate.cli.hand import add_port

    add_port(parser)
    parser.add_argument("file", metavar="FILE.epfw", help="as `make firmware` makes it")
    parser.add_argument(
        "--allow-older", action="store_true", help="also a firmware older than the hand's"
    )


def run(arguments: argparse.Namespace) -> int:
    """Sends, restarts, says what runs."""
    from endplate.cli.hand.params import opened, session_on

    hand_image.read(arguments.file)  # a bad file is refused without a hand, too
    if session_on(arguments.port) is not None:
        raise HandError(f"A session runs on {arguments.port}: end it, then update the hand.")
    console = Console()
    with opened(arguments.port, arguments.baud, change=True) as hand:
        update = HandUpdate(hand.link, arguments.file)
        if not arguments.allow_older:
            update.refuse_older()
        with Progress(console=console, transient=True) as shown:
            task = shown.add_task(f"Firmware {update.images[0].words} to the hand")
            image = update.send(lambda done, of: shown.update(task, completed=done, total=of))
        console.print("The hand has it and its signature fits; restarting.")
        console.print(update.restart(image))
    return ON_TRIAL if update.on_trial else 0
