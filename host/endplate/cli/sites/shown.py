# SPDX-License-Identifier: GPL-3.0-or-later
"""The site test on the terminal: the matrix while it grows, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from endplate.fit.guided.protocol import Cue, directions, words
from endplate.fit.sites import choice as site_choice
from endplate.fit.sites.advice import MIXED_DB, heard
from endplate.fit.sites.site_test import Judged, Live

BARS = " ▁▂▃▄▅▆▇█"
#: A background for each level of a cell; number, bar and word say the same.
HEAT = ("", "on grey15", "on dark_blue", "on dodger_blue3", "bold black on sky_blue1")
ACTIONS = {"keep": ("✓", "green"), "move": ("→", "yellow"), "swap": ("⇄", "yellow"),
           "drop": ("✗", "red")}  # fmt: skip


def level(share: float, snr_db: float) -> int:
    """0 nothing, 1 a trace, 2 some, 3 much, 4 loud: of the site's loudest intent, if heard."""
    if snr_db < MIXED_DB or share < 0.1:
        return 0
    return 1 if share < 0.25 else 2 if share < 0.5 else 3 if share < 0.8 else 4


def cell(uv: float, share: float, snr_db: float) -> Text:
    """Microvolt, a bar, and a colour."""
    bar = BARS[round(min(1.0, max(0.0, share)) * (len(BARS) - 1))]
    return Text(f"{uv:4.0f} {bar}", HEAT[level(share, snr_db)], justify="right")


def short(intent: site_choice.Intent, narrow: bool) -> str:
    """"Close hand" in two lines of a heading."""
    first, _, second = words(*intent).rpartition(" ")
    return f"{first[:7] if narrow else first}\n{second[:7] if narrow else second}"


def matrix_table(
    found: site_choice.Matrix, labels: Sequence[str], title: str, width: int,
    now_uv: np.ndarray | None = None, order: Sequence[site_choice.Intent] = (),
    wrong: Sequence[str] = (),
) -> Table:
    """A row a site: what it hears of each intent in microvolt above rest, isolation, in words. In
    fewer columns than `width` where that is too few for all. `wrong`: what is the matter with each
    site's contact, "" if nothing."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False,
                  padding=(0, 1, 0, 0))  # fmt: skip
    order = list(order or found.intents)
    least = max(map(len, labels)) + 12 * len(order) + 6 * (now_uv is not None) + 52
    narrow = width < least
    table.add_column("site", no_wrap=True)
    if now_uv is not None:
        table.add_column("now\nuV", justify="right")
    for intent in order:
        table.add_column(short(intent, narrow), justify="right", no_wrap=True)
    if not narrow:
        table.add_column("rest\nuV", justify="right")
        table.add_column("SNR\ndB", justify="right")
    table.add_column("iso.\ndB" if narrow else "isolation\ndB", justify="right", min_width=4)
    used = max(map(len, labels)) + 8 * len(order) + 5 * (now_uv is not None) + 7
    table.add_column("hears", no_wrap=True, overflow="ellipsis",
                     max_width=max(8, width - used) if narrow else None)  # fmt: skip
    none = np.zeros(len(labels))
    snr = found.snr_db() if found.intents else none
    apart = found.isolation_db() if found.intents else none
    several = len(found.intents) > 1
    for site, label in enumerate(labels):
        row: list[RenderableType] = [escape(label)]
        if now_uv is not None:
            row.append(f"{now_uv[site]:.0f}")
        for intent in order:
            if intent not in found.intents:
                row.append(Text("·  ", "dim"))
                continue
            k = found.intents.index(intent)
            row.append(cell(found.uv[k, site], float(found.share[k, site]), float(snr[site])))
        if not narrow:
            row += [f"{found.rest_uv[site]:.1f}", f"{snr[site]:.0f}" if found.intents else ""]
        said: RenderableType = heard(found, site) if several else ""
        if site < len(wrong) and wrong[site]:
            said = Text(f"✗ {wrong[site]}", "red")
        row += [f"{apart[site]:.0f}" if several else "", said]
        table.add_row(*row)
    return table


def live_view(
    live: Live, labels: Sequence[str], dofs: Sequence[str], cue: Cue | None, share: float,
    left_s: float, width: int, wrong: Sequence[str] = (),
) -> RenderableType:  # fmt: skip
    """What to do now, how long still, and the matrix so far."""
    order = directions(dofs)
    title = f"What each site hears, microvolt above rest · {left_s:.0f} s left"
    return Group(
        now_line(cue, share),
        Text(),
        matrix_table(live.matrix(), labels, title, width, live.now_uv, order, wrong),
    )


def now_line(cue: Cue | None, share: float) -> Text:
    """The words for the patient, and which part of the movement it is."""
    if cue is None:
        return Text("Get ready", "bold")
    if not cue.target:
        return Text(f"  {cue.label}", "bold")
    at = share * cue.duration_s
    part = ("begin" if at < cue.rise_s else "HOLD" if at < cue.rise_s + cue.hold_s
            else "let go" if at < cue.active_s else "rest")  # fmt: skip
    filled = round(20 * float(cue.level(np.array([at]))[0]))
    return Text(f"  {cue.label}: {part:<6} {'█' * filled}{'░' * (20 - filled)}", "bold")


def judged_view(judged: Judged, width: int) -> list[RenderableType]:
    """The matrix, the advice, the curve, and what these sites carry."""
    title = f"Site test, mode {judged.mode}: microvolt above rest"
    wrong = ["no contact" if one.about == "contact" else "" for one in judged.advice]
    table = matrix_table(judged.matrix, judged.labels, title, width, wrong=wrong)
    parts: list[RenderableType] = [table]
    for one in judged.advice:
        mark, colour = ACTIONS[one.action]
        parts.append(Text.assemble((f"{mark} {one.action:<4} ", colour), one.sentence))
    parts.append(Text())
    parts += apart_lines(judged)
    if judged.mode == "isolate":
        parts += own_lines(judged)
    else:
        parts += curve(judged)
    parts.append(Text(carried_line(judged)))
    parts += [Text(f"· {line}") for line in judged.says]
    return parts


def own_lines(judged: Judged) -> list[RenderableType]:
    """The site of each movement, and the movements that have none."""
    own = "; ".join(f"{words(*intent).lower()}: {judged.labels[site]}"
                    for intent, site in judged.own.items())  # fmt: skip
    said: list[RenderableType] = [Text(f"A site of its own: {own or 'for no movement'}.")]
    left = [words(*intent).lower() for intent in judged.matrix.intents if intent not in judged.own]
    if left:
        said.append(Text(f"No site is left for {', '.join(left)}: add a site, or use mode cover."))
    return said


def apart_lines(judged: Judged) -> list[RenderableType]:
    """Pairs of movements that sound alike, or the nearest pair."""
    if not judged.apart:
        return []
    alike = {pair: value for pair, value in judged.apart.items() if value < site_choice.SEPARATE}
    if not alike:
        pair = min(judged.apart, key=lambda key: judged.apart[key])
        return [Text(f"All movements can be told apart; nearest are {_pair(pair)} "
                     f"({judged.apart[pair]:.1f} spreads).")]  # fmt: skip
    said: list[RenderableType] = []
    for pair, value in sorted(alike.items(), key=lambda item: item[1]):
        how = "cannot be told apart" if value < site_choice.BARELY else "are hard to tell apart"
        both = _pair(pair)
        said.append(Text(f"{both[0].upper()}{both[1:]} {how} ({value:.1f} spreads)."))
    return said


def _pair(pair: tuple[site_choice.Intent, site_choice.Intent]) -> str:
    return " and ".join(words(*intent).lower() for intent in pair)


def curve(judged: Judged) -> list[RenderableType]:
    """Error of unseen repetitions by number of sites, a bar each."""
    table = Table(box=None, show_header=False)
    enough = len(judged.cover.chosen)
    for step in judged.cover.steps:
        n = len(step.sites)
        bar = "█" * max(1, round(30 * min(1.0, max(0.0, step.error))))
        left = f"without {escape(judged.labels[step.left])}" if step.left is not None else "all"
        mark = "◀ enough" if n == enough else ""
        table.add_row(str(n), bar, f"{step.error:.3f}", left, mark)
    names = ", ".join(judged.labels[site] for site in judged.cover.chosen)
    head = Text("Error (1 - R²) on repetitions left out, by number of sites:")
    return [head, table, Text(f"A decoder would do with: {names}.")]


def carried_line(judged: Judged) -> str:
    """How many DoF these sites support, and how well each would be followed."""
    each = ", ".join(
        f"{dof.replace('_', ' ')} R² {judged.r2[dof]:.2f}" if np.isfinite(judged.r2[dof])
        else f"{dof.replace('_', ' ')} not tried" for dof in judged.dofs
    )  # fmt: skip
    n, of = len(judged.carried), len(judged.dofs)
    names = ", ".join(dof.replace("_", " ") for dof in judged.carried) or "none"
    kind = "one site a movement" if judged.mode == "isolate" else "a decoder of all sites"
    return f"These sites carry {n} of {of} DoF with {kind}: {names} (tried: {each})."
