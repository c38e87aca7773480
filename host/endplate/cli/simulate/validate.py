# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate simulate validate`: a table of every criterion, and plots to look at."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table

from endplate.cli.places import made_folder
from endplate.cli.simulate.options import check_seed
from endplate.sim.patient import find_preset
from endplate.sim.presets import PRESETS

if TYPE_CHECKING:
    from endplate.sim.validation import Criterion

EXAMPLES = """examples:
  endplate simulate validate --out validation
  endplate simulate validate --preset shoulder --seed 7 --no-plots
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--preset", help=f"one of {', '.join(PRESETS)} (default: all)")
    parser.add_argument("--seed", type=int, default=1, help="of the person (1)")
    parser.add_argument("--out", type=Path, default=Path("validation"), help="folder (validation)")
    parser.add_argument("--no-plots", action="store_true", help="the table alone")


def run(arguments: argparse.Namespace) -> int:
    """Status 1 when a criterion is not met."""
    from endplate.sim import validation  # scipy.signal takes half a second to load

    check_seed(arguments)
    names = [find_preset(arguments.preset).name] if arguments.preset else list(PRESETS)
    console = Console(highlight=False)
    found: list[Criterion] = []
    with console.status("Making muscles contract ...") as line:
        benches = [validation.bench(tissue, arguments.seed) for tissue in validation.TISSUES]
        groups = [(f"{b.tissue} muscle", validation.criteria(b)) for b in benches]
        for name in names:
            line.update(f"{name} ...")
            groups.append((name, validation.person(name, arguments.seed)))
    for title, rows in groups:
        console.print(table(title, rows))
        found += rows
    missed = [row for row in found if not row.met]
    if missed:
        console.print(f"[red]×[/] {len(missed)} of {len(found)} criteria are not met.")
    else:
        console.print(f"[green]✓[/] All {len(found)} criteria are met. Simulated: nobody's EMG.")
    if not arguments.no_plots:
        from endplate.cli.simulate import figures as simulate_figures

        made_folder(arguments.out)
        with console.status("Drawing ..."):
            paths = simulate_figures.draw(arguments.out, benches, names[0], arguments.seed)
        console.print(f"Plots: {', '.join(path.name for path in paths)} in {arguments.out}")
    return 1 if missed else 0


def table(title: str, rows: Sequence[Criterion]) -> Table:
    """One row a criterion: what was found, what is allowed, the verdict."""
    made = Table(title=f"{title} (simulated)", title_justify="left", box=box.SIMPLE_HEAD,
                 padding=(0, 1, 0, 0), show_edge=False)  # fmt: skip
    made.add_column("criterion", min_width=35, no_wrap=True)
    made.add_column("found", justify="right", no_wrap=True, min_width=14)
    made.add_column("allowed", justify="right", no_wrap=True, min_width=13)
    made.add_column("verdict", no_wrap=True, min_width=12)
    for row in rows:
        made.add_row(
            row.name, span(row.least, row.most, row.unit), span(row.low, row.high, row.unit),
            row.verdict, style=None if row.met else "bold red",
        )  # fmt: skip
    return made


def span(least: float, most: float, unit: str) -> str:
    """One number or two, and the unit."""
    text = number(least) if least == most else f"{number(least)}–{number(most)}"
    return f"{text} {unit}".strip()


def number(value: float) -> str:
    """Three figures, no exponent."""
    if not math.isfinite(value):
        return "–"
    return f"{value:.0f}" if abs(value) >= 100 or value == round(value) else f"{value:.3g}"
