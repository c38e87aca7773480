# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate hand params|get|set|save|reset`: the parameters of one hand.

Each opens a session, which disarms; on a port that a running session owns they ask through that
instead, which disarms nothing and changes nothing while the hand is armed. `set` and `reset` change
what is in force, `save` has the hand keep it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from rich.console import Console
from rich.table import Table

from endplate.cli.hand.session import connected
from endplate.cli.places import session_on
from endplate.errors import HandError, HardwareFileError
from endplate.hardware import hand_names, load_hand
from endplate.live.hand_params import STORES, HandParams, Param, SessionParams
from endplate.live.link import HandLink


class Verb:
    """One verb as `endplate.cli.hand` takes it; its function is called with the options."""

    def __init__(self, function: Callable[..., int], examples: str, *words: str) -> None:
        self._function, self._words = function, words
        self.EXAMPLES = "examples:\n" + "".join(f"  {line}\n" for line in examples.splitlines())

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Options."""
        from endplate.cli.hand import add_port

        add_port(parser)
        for word in self._words:
            optional = word.startswith("?")
            parser.add_argument(
                word.strip("?").lower(), metavar=word.strip("?"), nargs="?" if optional else None,
                help=_HELP[word],
            )  # fmt: skip

    def run(self, arguments: argparse.Namespace) -> int:
        """Calls the function."""
        words = [getattr(arguments, word.strip("?").lower()) for word in self._words]
        return self._function(arguments.port, arguments.baud, *words)


_HELP = {
    "NAME": "as `endplate hand params` lists it",
    "?NAME": "only this one (all of them)",
    "VALUE": "in the unit of the list; of a grip its name or number",
}


@contextmanager
def opened(port: str, baud: int, change: bool = False) -> Iterator[HandParams]:
    """The parameters of the hand on a port; with `change` the hand is brought to rest first."""
    session = session_on(port)
    if session is not None:
        folder, hand = session
        print(f"A session runs on {port}: the hand is asked through it.", file=sys.stderr)
        names: list[str] = []
        with suppress(HardwareFileError):  # else grips are shown as numbers
            names = [grip.name for grip in load_hand(hand).grips]
        yield SessionParams(folder, names)
        return
    with connected(port, baud) as link:
        if change and link.state.get("word") == "link lost":
            # Our HELLO disarmed any other state; this one is left only by DISARM or ARM.
            _disarm(link)
        yield HandParams(link, _grips(link.info["hand_hash"]))


def _disarm(link: HandLink) -> None:
    said: list[str | None] = []
    link.disarm(said.append)
    while not said:
        link.service()
        time.sleep(0.001)
    if said[0] is not None:
        raise HandError(said[0])


def _grips(hand_hash: int) -> list[str]:
    """Names of the grips of the hand file it was built for; none when that is not one of ours."""
    for name in hand_names():
        hand = load_hand(name)
        if hand.hash32 == hand_hash:
            return [grip.name for grip in hand.grips]
    return []


def params(port: str, baud: int) -> int:
    """Prints all of them; marks those that are not as built and those that are not kept."""
    with opened(port, baud) as hand:
        rows = hand.read()
        state = hand.hash
    table = Table("", "Name", "Value", "Default", "Range", "Unit", "Meaning",
                  title=f"Parameters of the hand on {port}")  # fmt: skip
    for row in rows:
        table.add_row(
            mark(row), row.name, row.shown(row.value, hand.grips),
            row.shown(row.factory, hand.grips), _range(row, hand), row.unit, row.text,
            style="bold" if row.value != row.factory else None,
        )  # fmt: skip
    console = Console()
    console.print(table)
    console.print("* changed   ! not saved: otherwise after the next switching on")
    console.print(f"hash {state:08x}" if state else "hash 0: all as built")
    if STORES[hand.store]:
        console.print(STORES[hand.store])
    return 0


def _range(row: Param, hand: HandParams) -> str:
    named = row.range(hand.grips)
    return named.removesuffix(row.unit).strip() if row.unit else named


def mark(row: Param) -> str:
    """A star for a value that is not the default, "!" for one that is not kept."""
    return ("*" if row.value != row.factory else "") + ("!" if row.value != row.kept else "")


def get(port: str, baud: int, name: str) -> int:
    """Prints one value, alone, so that a script can read it."""
    with opened(port, baud) as hand:
        print(_said(hand, hand.get(name)))
    return 0


def set_value(port: str, baud: int, name: str, value: str) -> int:
    """Sets one and prints what is in force after it."""
    with opened(port, baud, change=True) as hand:
        before = hand.get(name).value
        after = hand.set(name, value)
    was = "" if before == after.value else f" (was {after.shown(before, hand.grips)})"
    print(f"{name} is {_said(hand, after)}{was}. {_until(after)}")
    return 0


def _until(param: Param) -> str:
    return (
        "The hand keeps it."
        if param.value == param.kept
        else "Until it restarts: `endplate hand save` has the hand keep it."
    )


def _said(hand: HandParams, param: Param) -> str:
    return f"{param.shown(param.value, hand.grips)} {param.unit}".rstrip()


def save(port: str, baud: int) -> int:
    """Has the hand keep what is in force."""
    with opened(port, baud, change=True) as hand:
        hand.save()
    print("The hand keeps its parameters as they are now.")
    return 0


def reset(port: str, baud: int, name: str | None = None) -> int:
    """One, or all, as built."""
    with opened(port, baud, change=True) as hand:
        hand.reset(name)
        changed = [row for row in hand.read() if row.value != row.kept]
    what = name or "Every parameter"
    print(f"{what} is as the hand was built.")
    if changed:
        print("Until it restarts: `endplate hand save` has the hand keep it.")
    return 0


PARAMS = Verb(params, "endplate hand params /dev/ttyACM0")
GET = Verb(get, "endplate hand get /dev/ttyACM0 link_lost_ms", "NAME")
SET = Verb(
    set_value,
    "endplate hand set /dev/ttyACM0 link_lost_ms 250\nendplate hand set /dev/ttyACM0 rest_grip key",
    "NAME", "VALUE",
)  # fmt: skip
SAVE = Verb(save, "endplate hand save /dev/ttyACM0")
RESET = Verb(
    reset, "endplate hand reset /dev/ttyACM0\nendplate hand reset /dev/ttyACM0 ramp_ms", "?NAME"
)
