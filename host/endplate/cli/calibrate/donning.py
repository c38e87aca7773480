# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate calibrate --compare`: today's electrodes against the profile's, and the remedy."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from endplate.fit.donning.remedies import WHY
from endplate.fit.donning.today import Comparison, compare
from endplate.fit.recorded.cued import Recorded
from endplate.live.profile import Profile
from endplate.live.profile_versions import keep

APPLY = ("recommended", "rescale", "remap", "touch-up")
SIGNS = {"same": ("✓", "green"), "gain": ("▮", "yellow"), "moved": ("⇄", "yellow"),
         "different": ("✗", "red"), "silent": ("✗", "red")}  # fmt: skip
NAMES = {"nothing": "as it is", "rescale": "re-scale", "remap": "re-map", "touch-up": "touch-up"}


def compared(
    console: Console, profile: Profile, recorded: Recorded, out: Path, apply: str | None, *,
    montage: Any, hand: Any,
) -> str:  # fmt: skip
    """Shows the table and does what was asked for; asks, at a terminal, when nothing was. Returns
    the remedy that was applied, "" for none."""
    found = compare(profile, recorded, montage=montage, hand=hand)
    show(console, found)
    wanted = found.recommended if apply == "recommended" else apply
    if wanted is None and found.recommended in WHY and sys.stdin.isatty():
        answer = console.input(f"Apply {NAMES[found.recommended]} now? (y/n) ")
        wanted = found.recommended if answer.strip().lower() in ("y", "yes") else None
    if wanted is None or wanted in ("nothing", "calibrate"):
        console.print("Nothing was changed.")
        return ""
    made = found.remedy(wanted).profile
    assert made is not None
    kept = keep(made, out, WHY[wanted])
    console.print(f"Profile: {out}, version {kept.number} ({kept.why})")
    console.print(f"What it was before comes back with: endplate profile {out} --undo")
    return wanted


def show(console: Console, found: Comparison) -> None:
    """Sites, remedies with what each gave on the half it was not made from, and the advice."""
    table = _table("Sites today", "site", "", "gain", "alike", "what it hears")
    for site in found.sites:
        sign, colour = SIGNS[site.verdict]
        table.add_row(site.label, f"[{colour}]{sign} {site.verdict}[/]", f"{site.gain:.2f}",
                      f"{site.likeness:.2f}",
                      site.sentence.removeprefix(f"{site.label} "))  # fmt: skip
    console.print(table)
    dofs = list(found.remedies[0].r2)
    table = _table("Remedies: R² on what they were not made from",
                   "remedy", *(dof.replace("_", " ") for dof in dofs), "mean", "")  # fmt: skip
    for remedy in found.remedies:
        mark = "▶" if remedy.name == found.recommended else " "
        if remedy.profile is None:
            table.add_row(f"{mark}{NAMES[remedy.name]}", *("–" for _ in dofs), "–", remedy.why_not)
            continue
        table.add_row(
            f"{mark}{NAMES[remedy.name]}", *(f"{remedy.r2[dof]:.2f}" for dof in dofs),
            f"{remedy.mean:.2f}", "", style="bold" if mark == "▶" else None,
        )  # fmt: skip
    console.print(table)
    console.print(found.reason)
    if found.recommended == "calibrate":
        console.print("Calibrate again.")
    elif found.recommended != "nothing":
        console.print(f"Recommended: {NAMES[found.recommended]} (--apply {found.recommended}).")


def _table(title: str, *headings: str) -> Table:
    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False,
                 padding=(0, 1))  # fmt: skip
    for number, heading in enumerate(headings):
        words = number in (0, len(headings) - 1) or not heading
        made.add_column(heading, justify="left" if words else "right", overflow="fold")
    return made
