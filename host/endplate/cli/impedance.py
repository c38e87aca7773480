# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate impedance`: the contact of every electrode, by the Cyton's own lead-off current."""

from __future__ import annotations

import argparse
import signal
import time
from collections.abc import Sequence

from rich.console import Console
from rich.live import Live
from rich.table import Table

from endplate.cli.record import MARKS
from endplate.cli.sources import add_board, board_settings
from endplate.errors import UsageError
from endplate.hardware import load_montage
from endplate.live.impedance import STEADY_PERCENT, Contact, ImpedanceCheck, Settling, opened
from endplate.monitor.site_words import ARROWS, contact_verdict, ohms

EXAMPLES = """examples:
  endplate impedance --board cyton --port /dev/ttyUSB0 --montage transhumeral-4
  endplate impedance --board cyton --port /dev/ttyUSB0 --sites 2,3 --dry
  endplate impedance --board cyton --port /dev/ttyUSB0 --together      4 s for all
  endplate impedance --board cyton --port /dev/ttyUSB0 --watch         until all have settled
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_board(parser)
    parser.add_argument("--sites", help="channels or labels, with commas between (all)")
    parser.add_argument("--dry", action="store_true", help="dry electrodes: good up to 500 kohm")
    parser.add_argument(
        "--together", action="store_true",
        help="current through all sites at once: faster, and right where no electrode is shared",
    )  # fmt: skip
    parser.add_argument(
        "--watch", action="store_true",
        help="all at once, again and again, and where each goes, until all are steady or Ctrl-C",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Measures, shows the table; 1 when an electrode has no contact."""
    console = Console()
    try:
        return _run(arguments, console)
    except KeyboardInterrupt:
        console.print("Stopped: no current flows any more.")
        return 130


def _run(arguments: argparse.Namespace, console: Console) -> int:
    board = board_settings(arguments)
    sites = chosen(arguments.sites, arguments.montage)
    for number in (signal.SIGTERM, signal.SIGHUP):  # a closed terminal as well: the current ends
        signal.signal(number, signal.default_int_handler)
    with opened(board["board"], board["port"], **board["board_params"]) as check:
        console.print("Let the muscles rest and the arm be still.")
        there = check.source.info.channels
        beyond = [label for label, channel in sites if channel > there]
        if beyond:
            raise UsageError(
                f"The board has {there} channels, and {beyond[0]} is on another: choose the "
                "montage that is worn, or --sites."
            )
        simulated = check.source.info.simulated
        if arguments.watch:
            contacts = watch(check, sites, console, arguments.dry)
        else:
            with console.status("Measuring ...") as line:
                contacts = check.measure(sites, arguments.together, line.update)
    if not arguments.watch:
        console.print(table(contacts, arguments.dry, simulated))
    return int(any(contact_verdict(c.worst_ohm, arguments.dry)[0] == "poor" for c in contacts))


def watch(
    check: ImpedanceCheck, sites: list[tuple[str, int]], console: Console, dry: bool
) -> list[Contact]:
    """Round after round, until none changes any more."""
    settling, simulated = Settling(), check.source.info.simulated
    begun = time.monotonic()
    with Live(console=console, auto_refresh=False) as live:
        while True:
            contacts = check.measure(sites, together=True)
            settling.add(time.monotonic() - begun, contacts)
            live.update(table(contacts, dry, simulated, settling), refresh=True)
            changes = [settling.percent_a_minute(contact) for contact in contacts]
            if all(change is not None and abs(change) < STEADY_PERCENT for change in changes):
                return contacts


def chosen(wanted: str | None, montage: str) -> list[tuple[str, int]]:
    """(label, channel) of the montage's sites that were asked for. Raises UsageError."""
    sites = [(site.label, site.channel) for site in load_montage(montage).sites]
    if wanted is None:
        return sites
    found = []
    for name in filter(None, (part.strip() for part in wanted.split(","))):
        match = [site for site in sites if name in (str(site[1]), site[0])]
        if not match:
            known = ", ".join(f"{channel} ({label})" for label, channel in sites)
            raise UsageError(f'The montage {montage} has no site "{name}"; it has {known}.')
        found += match
    return found


def table(
    contacts: Sequence[Contact], dry: bool, simulated: bool, settling: Settling | None = None
) -> Table:
    """One row a site: verdict first, then both electrodes, and where they go."""
    title = "SIMULATED · Contact" if simulated else "Contact"
    made = Table("Site", "Channel", "Verdict", "P", "N", title=title)
    if settling is not None:
        made.add_column("Goes")
    for contact in contacts:
        verdict, words = contact_verdict(contact.worst_ohm, dry)
        bad = [name for name, ohm in contact.ohm.items() if contact_verdict(ohm, dry)[0] == verdict]
        where = "" if verdict == "good" else f"{' and '.join(bad)}: "
        made.add_row(
            contact.label, str(contact.channel), f"{MARKS[verdict]} {where}{words}",
            *(ohms(contact.ohm[name]) for name in ("P", "N")),
            *([] if settling is None else [_goes(settling.percent_a_minute(contact))]),
        )  # fmt: skip
    return made


def _goes(percent: float | None) -> str:
    if percent is None:
        return "listening"
    if abs(percent) < STEADY_PERCENT:
        return f"{ARROWS['steady']} steady"
    if percent < 0:
        return f"{ARROWS['falling']} falling {-percent:.0f} % a minute: wait"
    return f"{ARROWS['rising']} rising {percent:.0f} % a minute: is it drying, or loose?"
