# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate evaluate`: decoders on recorded trials, judged on what they have not seen."""

from __future__ import annotations

import argparse
import errno
import json
import math
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from endplate.cli.evaluate import quality as evaluate_quality
from endplate.cli.evaluate.data import Source, sources
from endplate.errors import EndplateError, UsageError
from endplate.fit import auto, judgement
from endplate.fit.judgement import Judged
from endplate.fit.recorded import heard
from endplate.fit.recorded.trials import check, split

EXAMPLES = """examples:
  endplate evaluate anna-20260301-101500.bdf
  endplate evaluate --learn monday.bdf tuesday.bdf friday.bdf
  endplate evaluate our-bids-folder --movement "fist=hand+" --movement "point=none"
  endplate evaluate --reader mine.py visit1.npz visit2.npz
  endplate evaluate --reader mine.py --combined --decoder "mean on COV" visit1.npz

DATA are recordings of `endplate calibrate`, BIDS folders (*_emg.bdf or .edf with sidecars), or what
a reader reads: a Python file with read(path) that returns endplate.fit.recorded.trials.Trials.
"""
#: Column -> heading and digits; what each means: endplate.fit.judgement.
COLUMNS = {
    "r2": ("R²", 3), "combined_r2": ("comb.", 3), "leakage": ("idle", 3),
    "rest_motion_share": ("rest", 3), "direction_accuracy": ("dir.", 3), "jitter": ("jitter", 3),
    "delay_ms": ("ms", 0), "held_out_merit": ("merit", 3),
}  # fmt: skip
MOST_NAMES = 6  # of plots
LEGEND = (
    "R²: all DoF · comb.: R² of two DoF at once · idle: output on DoF that nobody means · "
    "rest: share of rest that moves · dir.: right direction · jitter: a hop, while held · "
    "ms: delay · merit: on repetitions left out of training, what the choice is made by"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "data", nargs="+", type=Path, help="recordings or BIDS folders, one a person or session"
    )
    parser.add_argument("--reader", type=Path, help="Python file that reads them")
    parser.add_argument(
        "--learn", type=Path, metavar="DATA", help="learn from this one, judge on all of the others"
    )
    parser.add_argument(
        "--movement", action="append", default=[], metavar="NAME=DOF+",
        help="what an event of a BIDS folder moves: hand+, hand-, rest or none (may be repeated)",
    )  # fmt: skip
    parser.add_argument(
        "--decoder", action="append", default=[], help="only this one (may be repeated)"
    )
    parser.add_argument(
        "--combined", action="store_true", help="learn and judge several DoF at once, as sums"
    )
    parser.add_argument("--rate", type=int, help="resample to so many samples/s, if the reader can")
    parser.add_argument("--out", type=Path, default=Path("evaluation"), help="folder (evaluation)")


def run(arguments: argparse.Namespace) -> int:
    """Tables on the terminal, plots and JSON in the folder. Status 1 when nothing could be
    judged."""
    console = Console()
    for name in arguments.decoder:
        auto.candidates(name)
    given = sources(arguments)
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
        if not os.access(arguments.out, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:  # said before the work, not after it
        raise UsageError(
            f"Nothing can be written into {arguments.out} ({error.strerror}): choose another "
            "folder with --out."
        ) from error
    judged: list[Judged] = []
    told: list[dict] = []
    for source in given:
        made = _one(arguments, console, source)
        if isinstance(made, Judged):
            judged.append(made)
            told.append({"name": made.trials.name, "decoders": judgement.told(made)})
        elif made is not None:
            told.append({"name": source[0], "channels": evaluate_quality.told(made)})
    if told:
        finish(console, arguments.out, judged, told)
    return 0 if told else 1


def finish(console: Console, out: Path, judged: list[Judged], told: list[dict]) -> None:
    """What all recordings have in common: means, plots, and `told` of each as JSON."""
    out.mkdir(parents=True, exist_ok=True)
    if len(judged) > 1:
        console.print(summary(judged))
    if judged:
        console.print(LEGEND, style="dim")
        paths = _plots(out, judged)
        names = [path.name for path in paths]
        if len(names) > MOST_NAMES:
            names = [f"two of each of {len(judged)} recordings", *names[-2:]]
        console.print(f"Plots: {', '.join(names)} in {out}")
    (out / "evaluation.json").write_text(json.dumps(told, indent=1, default=float))


def _plots(folder: Path, judged: list[Judged]) -> list[Path]:
    from endplate.cli.evaluate import figures as evaluate_figures  # a second to load
    from endplate.cli.evaluate import overview

    paths, taken = [], {"decoders", "people"}
    for each in judged:
        stem = name = re.sub(r"[^\w-]+", "-", each.trials.name).strip("-") or "person"
        number = 2
        while stem in taken:  # two visits of one name
            stem, number = f"{name}-{number}", number + 1
        taken |= {stem, f"{stem}-directions"}
        paths.append(evaluate_figures.over_time(folder / f"{stem}.png", each))
        paths.append(evaluate_figures.directions(folder / f"{stem}-directions.png", each))
    return [*paths, overview.decoders(folder, judged),
            overview.people(folder, judged)]  # fmt: skip


def _one(
    arguments: argparse.Namespace, console: Console, source: Source
) -> Judged | heard.Heard | None:
    """What came of one recording, printed; None when it cannot be judged."""
    name, read = source
    try:
        trials = read()
        if not trials.dofs:
            check(trials)
            found = heard.quality(trials)
            console.print(evaluate_quality.table(trials, found))
            console.print(evaluate_quality.sentence(found))
            return found
        with console.status(f"{trials.name} ...") as line:
            made = judgement.judge(
                trials, arguments.decoder, line.update, arguments.combined or None
            )
    except EndplateError as error:
        console.print(f"[red]×[/] {escape(name)}: {escape(str(error))}")
        return None
    show(console, made)
    return made


def show(console: Console, judged: Judged) -> None:
    """One person: the table, what was learned from and judged on, and why this decoder."""
    console.print(table(judged))
    console.print(split(judged.trials))
    console.print(reason(judged))


def table(judged: Judged) -> Table:
    """One row a decoder, the chosen one marked."""
    made = _table(judged.trials.name, list(COLUMNS))
    for row in judgement.told(judged):
        values = [_number(row[name], digits) for name, (_, digits) in COLUMNS.items()]
        made.add_row(("▶" if row["chosen"] else " ") + row["decoder"], *values,
                     style="bold" if row["chosen"] else None)  # fmt: skip
    return made


def reason(judged: Judged) -> str:
    """Why this decoder, in one sentence."""
    chosen = judged.chosen.row
    best = max(verdict.row.merit for verdict in judged.verdicts)
    name = chosen.candidate.name
    if chosen.merit >= best:
        return f"Taken: {name}, the best on repetitions left out of training (merit {best:.3f})."
    return (
        f"Taken: {name} (merit {chosen.merit:.3f} on repetitions left out of training; the best "
        f"has {best:.3f}; the first of the table is taken whose lack of 1 is at most "
        f"{auto.SAME:.0%} more, {auto.SAME_LINEAR:.0%} for a linear one)."
    )


def summary(judged: list[Judged]) -> Table:
    """Means over people of every decoder that all of them have, and of what was taken."""
    figures = [name for name in COLUMNS if name != "held_out_merit"]
    made = _table(f"mean of {len(judged)}", figures)
    rows = {"what was taken": [j.chosen for j in judged]}
    for verdict in judged[0].verdicts:
        name = verdict.row.candidate.name
        same = [v for j in judged for v in j.verdicts if v.row.candidate.name == name]
        if len(same) == len(judged):
            rows[name] = same
    for name, verdicts in rows.items():
        values = [
            _number(_mean([v.figures[key] for v in verdicts]), COLUMNS[key][1])
            for key in figures
        ]
        made.add_row(name, *values, style="bold" if name == "what was taken" else None)
    return made


def _mean(values: list[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def _table(title: str, names: list[str]) -> Table:
    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0),
                 show_edge=False)  # fmt: skip
    made.add_column("decoder", no_wrap=True)
    for name in names:
        made.add_column(COLUMNS[name][0], justify="right", no_wrap=True)
    return made


def _number(value: Any, digits: int) -> str:
    return "–" if not math.isfinite(value) else f"{value:.{digits}f}"
