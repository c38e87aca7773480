# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate hand log`: what the hand tells a person, with the time of each sentence. It opens a
session, which disarms."""

from __future__ import annotations

import argparse
import time

from rich.console import Console
from rich.text import Text

from endplate.errors import HandError
from endplate.live.hand_log import CAPABILITY, Line
from endplate.live.link import HandLink

EXAMPLES = """examples:
  endplate hand log /dev/ttyACM0
  endplate hand log /dev/ttyACM0 --follow          until Ctrl-C
"""
_LISTEN_S = 3.0  # at most, until the clocks are compared
_LAST_S = 0.5  # after the last sentence: the kept ones come in a row
_STYLES = {"information": "", "warning": "yellow", "error": "bold red"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    from endplate.cli.hand import add_port

    add_port(parser)
    parser.add_argument(
        "--follow", action="store_true", help="go on with each sentence as it comes (Ctrl-C ends)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Prints what is kept, and with --follow what comes."""
    console = Console(highlight=False)
    link = HandLink(arguments.port, arguments.baud)
    link.open()
    said, word = 0, link.sentence
    try:
        if not link.info["capabilities"] >> CAPABILITY & 1:
            raise HandError(
                f"The firmware of the hand on {arguments.port} keeps no log: flash the firmware "
                "that belongs to this version of Endplate."
            )
        last = time.monotonic() + _LISTEN_S
        while arguments.follow or time.monotonic() < last:
            link.service()
            for line in link.log.fresh(link.clock):
                said += 1
                last = time.monotonic() + _LAST_S
                console.print(shown(line))
            if arguments.follow and link.sentence != word:
                word = link.sentence
                console.print(Text(word, style="dim"))
            time.sleep(0.001)
    except KeyboardInterrupt:
        pass
    finally:
        link.close()
    if not said:
        console.print("The hand has nothing to tell of the last half hour.")
    return 0


def shown(line: Line) -> Text:
    """Time, level, sentence."""
    return Text.assemble(
        (f"{line.clock}  ", "dim"), (f"{line.level:<11}  ", _STYLES[line.level]), line.text
    )
