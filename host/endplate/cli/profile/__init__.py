# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate profile`: the versions of a profile, what became of it from one to the next, and the
way back."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from endplate.cli.calibrate.calibrated import calibrated
from endplate.cli.profile.words import age, differences, figures, told
from endplate.errors import ProfileError
from endplate.live import profile_versions as kept
from endplate.live.profile_file import load_profile

EXAMPLES = """examples:
  endplate profile anna.json                 every version: when, why, how well it followed
  endplate profile anna.json --undo          back to the one before; --redo takes that back
  endplate profile anna.json --diff 2 5      what changed between two of them, in words
  endplate profile anna.json --show 2        all that calibration found then
  endplate profile anna.json --restore 2     version 2 into use again
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("profile", type=Path, help="what `endplate calibrate` wrote")
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--undo", action="store_true", help="back to the version before")
    one.add_argument("--redo", action="store_true", help="take the last --undo back")
    one.add_argument("--restore", type=int, metavar="N", help="bring version N into use")
    one.add_argument("--show", type=int, metavar="N", help="what version N is, in full")
    one.add_argument(
        "--diff", type=int, nargs=2, metavar=("A", "B"), help="what changed from version A to B"
    )


def run(arguments: argparse.Namespace) -> int:
    """Lists unless told otherwise."""
    console, path = Console(), arguments.profile
    if arguments.diff:
        a, b = (kept.version(path, number) for number in arguments.diff)
        assert a.profile is not None and b.profile is not None
        console.print(f"From version {a.number} ({a.why}) to {b.number} ({b.why}):")
        for line in differences(a.profile, b.profile):
            console.print(f"[bold]·[/] {line}")
    elif arguments.show is not None:
        show(console, kept.version(path, arguments.show))
    elif arguments.undo or arguments.redo or arguments.restore is not None:
        change(console, arguments)
    else:
        listed(console, path)
    return 0


def change(console: Console, arguments: argparse.Namespace) -> None:
    """Another version into use, and what that changes."""
    path = arguments.profile
    before = kept.current(path) if path.exists() else None
    if arguments.undo:
        now = kept.undo(path)
    elif arguments.redo:
        now = kept.redo(path)
    else:
        now = kept.restore(path, arguments.restore)
    assert now.profile is not None
    was = now.of if arguments.restore is None else arguments.restore
    console.print(f"{path} is now as version {was} was: {now.profile.name}.")
    if before is not None and before.profile is not None:
        for line in differences(before.profile, now.profile):
            console.print(f"[bold]·[/] {line}")
    console.print(
        "A session that runs, and a hand that decodes by itself, keep the other one until it is "
        "loaded or uploaded anew."
    )


def show(console: Console, one: kept.Version) -> None:
    """All of a version."""
    assert one.profile is not None
    console.print(f"Version {one.number}, {one.why} {one.made[:16].replace('T', ' ')} UTC")
    for line in told(one.profile):
        console.print(line)
    report = one.profile.report
    if "site_matrix" not in report or "cross_validation" not in report:
        return
    if "donning" in report or "touch_up" in report:
        console.print("Decoders and advice below are those of the calibration that it comes from.")
    for part in calibrated(one.profile):
        console.print(part)


def listed(console: Console, path: Path) -> None:
    """A row a version."""
    found = kept.versions(path)
    if not found:
        profile = load_profile(path)
        console.print(f"{path}: no version but this one is kept yet.")
        for line in told(profile):
            console.print(line)
        return
    trouble = ""
    try:
        load_profile(path)
    except ProfileError as error:
        trouble = str(error)
    now = kept.current(path) if not trouble else None
    table = Table(title=str(path), title_justify="left", box=box.SIMPLE_HEAD, show_edge=False,
                  padding=(0, 1))  # fmt: skip
    for heading in ("version", "made (UTC)", "age", "why", "decoder", "R²"):
        table.add_column(heading, no_wrap=heading != "decoder", overflow="fold")
    sums = {each.number: each.sha256 for each in found}
    for each in found:
        mark = "▶" if now is not None and each.number == now.number else " "
        if each.profile is None:
            table.add_row(f"{mark}{each.number}", "–", "–", f"✗ {each.problem}", "–", "–")
            continue
        why = each.why if each.of == each.number else f"{each.why}: as {each.of}"
        if each.before and sums.get(each.before) != each.parent:
            why += f" (made from a version {each.before} that is not here any more)"
        profile = each.profile
        decoder = str(profile.report.get("chosen", {}).get("decoder", profile.decoder["kind"]))
        table.add_row(
            f"{mark}{each.number}", each.made[:16].replace("T", " "), age(profile.created), why,
            f"{decoder}, {len(profile.channels)} sites", figures(profile).replace(", ", "\n"),
            style="bold" if mark == "▶" else None,
        )  # fmt: skip
    console.print(table)
    if trouble:
        console.print(f"{trouble} Or bring one of these back: --restore N.")
    elif now is None:
        console.print(f"{path} itself is none of these; it becomes one when it is changed.")
