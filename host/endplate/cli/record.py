# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate record`: from a board to a BDF+ file, with the quality of every site on the way."""

from __future__ import annotations

import argparse
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from endplate.cli.ending import end
from endplate.cli.places import repair_recordings, session_folder
from endplate.cli.sources import add_board, session_settings
from endplate.live.feed import FeedReader
from endplate.live.session import start_control
from endplate.monitor.site_words import arrow, contact, site_verdict

EXAMPLES = """examples:
  endplate record --board cyton --port /dev/ttyUSB0 --seconds 30 --out first-visit
  endplate record --board synthetic --seconds 5 --out try
"""
LOOK_S = 0.2
#: A verdict's mark, which needs no colour.
MARKS = {
    "good": "[green]+[/]", "usable": "[yellow]-[/]", "poor": "[red]x[/]", "unknown": "[dim]?[/]",
}  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_board(parser)
    parser.add_argument(
        "--seconds", type=float, help="stop after this long (otherwise Ctrl-C stops)"
    )
    parser.add_argument(
        "--out", type=Path, help="file to write, without ending (recording-DATE-TIME)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Records until told to stop; the file is whole whatever stops it."""
    console = Console()
    out = arguments.out or Path(f"recording-{datetime.now():%Y%m%d-%H%M%S}")
    repair_recordings(out.absolute().parent, console)
    with session_folder("record") as directory:
        control = start_control(session_settings(arguments, directory, out))
        reader = FeedReader(directory / "feed")
        expected, problem = True, ""
        try:
            begun = time.monotonic()
            with Live(console=console, refresh_per_second=5) as live:
                while arguments.seconds is None or time.monotonic() - begun < arguments.seconds:
                    time.sleep(LOOK_S)
                    status = reader.status()
                    live.update(sites_table(list(reader.info.site_labels), status))
                    problem, expected = failed(status), control.alive
                    if problem or not expected:
                        break
        except KeyboardInterrupt:
            console.print("Stopping: the recording is being closed.")
        finally:
            if problem:
                console.print(problem)
            code = end(console, control, expected=expected)
    return 1 if problem else code


def failed(status: dict[str, Any]) -> str:
    """Why nothing is recorded any more, "" while all is well."""
    recording = status.get("recording") or {}
    return "" if recording.get("health", "ok") == "ok" else str(recording.get("sentence"))


def sites_table(labels: list[str], status: dict[str, Any]) -> Table:
    """One row a site: verdict first, numbers beside."""
    board, recording = status.get("board", {}), status.get("recording") or {}
    seconds = float(recording.get("seconds", 0))
    simulated = "SIMULATED · " if board.get("simulated") else ""
    said = board.get("sentence") or "waiting for the board"
    title = f"{simulated}{said} · recorded {seconds:.0f} s"
    table = Table(
        "Site", "Verdict", "SNR", "Rest noise", "Now", "Mains", title=title,
        caption="↗ rising  ↘ falling  → steady · SNR in brackets: over the calibration's rest",
    )  # fmt: skip
    measured = any("impedance_ohm" in meters for meters in status.get("meters", []))
    if measured:
        table.add_column("Contact")
    rows = zip(labels, status.get("quality", []), status.get("meters", []), strict=False)
    for label, site, meters in rows:
        verdict, sentence = site_verdict(site, meters)
        table.add_row(
            label,
            f"{MARKS[verdict]} {sentence}",
            _snr(meters),
            f"{meters.get('rest_uv', 0.0):.1f} uV {arrow(meters, 'rest')}",
            f"{site['rms_uv']:.1f} uV",
            f"{round(site['mains_db']):+d} dB {arrow(meters, 'mains')}",
            *([contact(meters)] if measured else []),
        )
    return table


def _snr(meters: dict[str, Any]) -> str:
    """Live, and in brackets over the rest of the calibration where there is one."""
    if "snr_db" not in meters:
        return ""
    over = f" ({meters['snr_rest_db']:.0f})" if "snr_rest_db" in meters else ""
    return f"{meters['snr_db']:.0f} dB {arrow(meters, 'snr')}".rstrip() + over
