# SPDX-License-Identifier: GPL-3.0-or-later
"""A guided recording on the terminal: the words, what came of each movement, what to do again."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from endplate.cli.bench import bar
from endplate.cli.keys import single_keys
from endplate.errors import CalibrationError
from endplate.fit.guided.guide import AGAIN, Guide, Guided
from endplate.fit.guided.protocol import Cue
from endplate.fit.guided.watch import Done, Watch
from endplate.live.feed import FeedReader

REPEAT = ("ask", "auto", "never")
MOST_AUTOMATIC = 2  # keeps two DoF within two minutes
EFFORT_BAR = 16
KEYS = "r does a movement again, s leaves it out, q ends."


def follow(
    console: Console, directory: Path, cues: list[Cue], sites: Sequence[Any], repeat: str
) -> Guided:
    """Guides a person through `cues` in the running session; then, as `repeat` says, again through
    what was done otherwise than asked."""
    info = FeedReader(directory / "feed").info
    for site in sites:
        if site.channel > info.channels:
            raise CalibrationError(
                f"{site.label} is on channel {site.channel}, but the board has "
                f"{info.channels} channels: choose another montage or board."
            )
    watch = Watch(sites, info)
    at_terminal = sys.stdin.isatty()
    if at_terminal:
        console.print(KEYS)
    with single_keys() as keys:
        with bar(console) as progress:
            task = progress.add_task("", total=_seconds(cues), now="")

            def show(_index: int, cue: Cue, share: float) -> None:
                progress.update(task, completed=guide.planned_s(share), now=_now(watch, cue))

            def done(index: int) -> None:
                said = watch.look(guide, index)
                if said:
                    progress.console.print(_line(said))

            guide = Guide(
                directory, progress=show, done=done, keys=keys,
                heard=lambda _first, _counts, clean: watch.hear(clean),
            )  # fmt: skip
            guide.play(cues)
            odd = [] if guide.enough else watch.to_repeat()
            if repeat == "auto":
                for one in odd[:MOST_AUTOMATIC]:
                    progress.update(task, total=guide.planned_s(1.0) + one.measured.cue.duration_s)
                    _once_more(progress.console, guide, watch, one)
        if repeat == "ask" and at_terminal:
            _ask(console, guide, watch, odd)
        elif odd and repeat != "auto":
            console.print("Better done again: " + ", ".join(one.name for one in odd) + ".")
    return guide.guided()


def _now(watch: Watch, cue: Cue) -> str:
    """The words, and the effort beside that of the first contraction: as a bar, 1 in its middle."""
    effort = watch.effort(cue)
    if effort is None:
        return cue.label
    bar = "█" * round(EFFORT_BAR / 2 * min(2.0, max(0.0, effort)))
    return f"{cue.label}  {bar:·<{EFFORT_BAR}} {100 * effort:3.0f} %"


def _ask(console: Console, guide: Guide, watch: Watch, odd: list[Done]) -> None:
    """Each of them, the worst first."""
    if odd:
        console.print(f"{len(odd)} had better be done again. r: again; Enter: keep it as it is.")
    for one in odd:
        console.print(_line(f"{one.name}: {one.verdict.sentence}"), "  [bold]r / Enter[/]")
        if AGAIN in guide.wait("Wait"):
            with console.status(Text(one.measured.cue.label)):
                _once_more(console, guide, watch, one)


def _once_more(console: Console, guide: Guide, watch: Watch, old: Done) -> None:
    """One movement again; the better of the two counts."""
    before = len(watch.done)
    guide.play([old.measured.cue])
    if len(watch.done) == before:
        return  # left out after all
    kept = watch.replaced(guide, old)
    if kept is old:
        console.print(Text(f"  {old.name} is kept: the repeat was worse."))


def _line(said: str) -> Text:
    """With a mark that needs no colour."""
    good = said.endswith(": Good")
    return Text.assemble(("✓ ", "green") if good else ("✗ ", "red"), said)


def _seconds(cues: Sequence[Cue]) -> float:
    return sum(cue.duration_s for cue in cues if cue.kind != "void")
