# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate hand move`: a bench tool that moves one DoF, to a target or at a velocity for a while.

Whatever ends it (the way done, any key, Ctrl-C, the cable) disarms the hand.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from rich.console import Console
from rich.live import Live
from rich.text import Text

from endplate.cli.hand.grips import PLAIN, PRETTY
from endplate.cli.hand.session import hand_file
from endplate.cli.keys import single_keys
from endplate.conformance.moving import Mover
from endplate.conformance.subject import Subject
from endplate.conformance.verdict import NotMeasurableError
from endplate.errors import HandError, UsageError
from endplate.hardware import Dof, Hand
from endplate.live import hand_words
from endplate.live.hand_port import PortGoneError
from endplate.monitor import words

EXAMPLES = """examples:
  endplate hand move /dev/ttyACM0 elbow 45                        to 45 degrees
  endplate hand move /dev/ttyACM0 hand 0.5                        the grip half closed
  endplate hand move /dev/ttyACM0 wrist_flexion --velocity -0.2 --seconds 1
a bench tool: these commands come from no EMG. Any key stops and disarms the hand.
"""
_SHOWN_S = 0.1
_BAR = 28
_SPEEDS, _SECONDS = (0.05, 1.0), (0.1, 10.0)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    from endplate.cli.hand import add_port

    add_port(parser)
    parser.add_argument("dof", metavar="DOF", help="as the hand file names it, e.g. elbow")
    parser.add_argument(
        "target", metavar="TARGET", nargs="?",
        help="degrees of a joint; of the grip 0 (open) to 1 (closed)",
    )  # fmt: skip
    parser.add_argument("--speed", default="0.2", help="share of full speed to go there (0.2)")
    parser.add_argument("--velocity", help="instead of TARGET: -1 to 1 of full velocity, ...")
    parser.add_argument("--seconds", default="1", help="... for how long (1)")
    parser.add_argument("--hand", help="its hand file, when it is none of those of Endplate")


def run(arguments: argparse.Namespace) -> int:
    """Moves it; 0 when it came there, 1 when it did not."""
    if (arguments.target is None) == (arguments.velocity is None):
        raise UsageError("Give either a TARGET or a --velocity, and which DoF it is for.")
    speed = number("--speed", arguments.speed, *_SPEEDS)
    seconds = number("--seconds", arguments.seconds, *_SECONDS)
    wanted = number("TARGET", arguments.target) if arguments.velocity is None else None
    velocity = number("--velocity", arguments.velocity or "0", -1.0, 1.0)
    console = Console(highlight=False)
    subject = Subject(arguments.port, arguments.baud)
    subject.open()
    try:
        subject.begin()
        hand = hand_file(subject.port.name, hand_words.hello(subject.info), arguments.hand)
        mover = Mover(subject, hand, chosen(hand, arguments.dof), grip_in_force(subject, hand))
        if wanted is not None:
            within(mover, wanted)
        console.print(
            "Bench tool: these commands come from no EMG. Any key stops and disarms.", style="bold"
        )
        mover.activate()
        with shown(mover, wanted, console) as show:
            came = (
                mover.for_a_while(velocity, seconds, show)
                if wanted is None
                else mover.to(wanted, speed, show)
            )
    except PortGoneError:
        raise HandError(
            f"The hand's cable on {arguments.port} is out: the hand stops by itself; plug it in "
            "before you give the command again."
        ) from None
    except NotMeasurableError as why:
        raise HandError(f"The hand on {arguments.port} cannot be moved now: {why}.") from None
    except KeyboardInterrupt:
        raise HandError("Stopped by the keyboard: the hand is disarmed.") from None
    finally:
        with suppress(HandError):
            subject.leave_disarmed()
    console.print(ending(mover, wanted, came))
    return 0 if came else 1


@contextmanager
def shown(mover: Mover, wanted: float | None, console: Console) -> Iterator[Callable[[], None]]:
    """A function that shows, on a terminal, how it moves. A key that was typed is as good as
    Ctrl-C."""
    due = 0.0
    with ExitStack() as stack:
        keys = stack.enter_context(single_keys())
        live = None
        if console.is_terminal:
            live = stack.enter_context(Live(console=console, auto_refresh=False))

        def show() -> None:
            nonlocal due
            if live is not None and time.monotonic() >= due:
                due = time.monotonic() + _SHOWN_S
                live.update(line(mover, wanted, console), refresh=True)
            if keys(0.0):
                raise KeyboardInterrupt

        yield show
        if live is not None:
            live.update(line(mover, wanted, console), refresh=True)


def number(what: str, text: str, low: float = -math.inf, high: float = math.inf) -> float:
    """What a person wrote. Raises UsageError."""
    allowed = f" from {low:g} to {high:g}" if math.isfinite(low) else ""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f'{what} is a number{allowed}, not "{text[:40]}".')
    if not low <= value <= high:
        raise UsageError(f"{what} may be{allowed}, not {text[:40]}.")
    return value


def chosen(hand: Hand, name: str) -> Dof:
    """The DoF of that name. Raises UsageError."""
    for dof in hand.dofs:
        if dof.name == name:
            return dof
    known = ", ".join(dof.name for dof in hand.dofs)
    raise UsageError(f'The hand {hand.name} has no DoF "{name[:40]}"; it has {known}.')


def within(mover: Mover, wanted: float) -> None:
    """Raises UsageError for a target beyond the DoF's way."""
    if not mover.low <= wanted <= mover.high:
        ends = (
            f"{mover.low:g} to {mover.high:g} degrees"
            if mover.dof.joint
            else "0 (open) to 1 (closed)"
        )
        raise UsageError(f"{mover.dof.name} goes from {ends}, not to {wanted:g}.")


def grip_in_force(subject: Subject, hand: Hand) -> int:
    """By the newest STATE."""
    for one in reversed(subject.heard):
        if one.frame.msg == "STATE":
            return min(one.fields["grip"], len(hand.grips) - 1)
    return [grip.name for grip in hand.grips].index(hand.rest_grip)


def said(mover: Mover, at: float) -> str:
    """A place of the DoF in words."""
    return f"{at:.1f} degrees" if mover.dof.joint else f"{at:.2f}"


def line(mover: Mover, wanted: float | None, console: Console) -> Text:
    """Where it is on its way, where it shall be, current, what limits it."""
    now = mover.seen
    if now is None:
        return Text("")
    marks = PRETTY if console.encoding.lower().startswith("utf") else PLAIN

    def cell(at: float) -> int:
        share = (at - mover.low) / (mover.high - mover.low)
        return round(max(0.0, min(1.0, share)) * (_BAR - 1))

    bar = [marks.range] * _BAR
    if wanted is not None:
        bar[cell(wanted)] = marks.open
    bar[cell(now.at)] = marks.closed
    return Text.assemble(
        f"{mover.dof.name} ", ("".join(bar), "cyan"),
        f" {said(mover, now.at):>13}  {now.current_ma:>4} mA  ",
        (words.limit(now.limit), "yellow"),
    )  # fmt: skip


def ending(mover: Mover, wanted: float | None, came: bool) -> str:
    """What became of it."""
    now = mover.seen
    assert now is not None
    where = f"{mover.dof.name} is at {said(mover, now.at)}"
    if wanted is not None:
        where += f" (wanted: {said(mover, wanted)})"
    why = words.limit(now.limit)
    short = "" if came else " It did not come there."
    return f"{where}.{short}{f' What limits it: {why}.' if why else ''} The hand is disarmed."
