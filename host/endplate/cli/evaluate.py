# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate evaluate`: decoders on recorded trials, judged on what they have not seen."""

from __future__ import annotations

import argparse
import importlib.util
import inspect
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from endplate.errors import EndplateError, UsageError
from endplate.fit import auto, judgement
from endplate.fit.judgement import Judged
from endplate.fit.trials import Trials

EXAMPLES = """examples:
  endplate evaluate --reader mine.py visit1.npz visit2.npz
  endplate evaluate --reader mine.py --combined --decoder "mean on COV" visit1.npz

A reader is a Python file with read(path) that returns endplate.fit.trials.Trials.
"""
#: Column -> heading and digits; what each means: endplate.fit.judgement.
COLUMNS = {
    "r2": ("R²", 3), "combined_r2": ("comb.", 3), "leakage": ("idle", 3),
    "rest_motion_share": ("rest", 3), "direction_accuracy": ("dir.", 3), "jitter": ("jitter", 3),
    "delay_ms": ("ms", 0), "held_out_merit": ("merit", 3),
}  # fmt: skip
LEGEND = (
    "R²: all DoF · comb.: R² of two DoF at once · idle: output on DoF that nobody means · "
    "rest: share of rest that moves · dir.: right direction · jitter: a hop, while held · "
    "ms: delay · merit: on repetitions left out of training, what the choice is made by"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("data", nargs="+", type=Path, help="recordings, one a person or session")
    parser.add_argument("--reader", type=Path, required=True, help="Python file that reads them")
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
    read = reader(arguments.reader)
    arguments.out.mkdir(parents=True, exist_ok=True)
    judged: list[Judged] = []
    for path in arguments.data:
        try:
            trials = _trials(read, path, arguments.rate)
            with console.status(f"{trials.name} ...") as line:
                made = judgement.judge(
                    trials, arguments.decoder, line.update, arguments.combined or None
                )
        except (EndplateError, OSError, KeyError, ValueError) as error:
            console.print(f"[red]×[/] {path}: {_sentence(error)}")
            continue
        judged.append(made)
        console.print(table(made))
        console.print(reason(made))
    if not judged:
        return 1
    if len(judged) > 1:
        console.print(summary(judged))
    console.print(LEGEND, style="dim")
    told = [{"name": j.trials.name, "decoders": judgement.told(j)} for j in judged]
    (arguments.out / "evaluation.json").write_text(json.dumps(told, indent=1, default=float))
    from endplate.cli import evaluate_figures

    paths = [evaluate_figures.person(arguments.out, j) for j in judged]
    paths.append(evaluate_figures.everybody(arguments.out, judged))
    console.print(f"Plots: {', '.join(path.name for path in paths)} in {arguments.out}")
    return 0


def reader(path: Path) -> Callable[..., Trials]:
    """The `read` of a reader's file. Raises UsageError."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise UsageError(f"There is no reader at {path}: give a Python file with read(path).")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not hasattr(module, "read"):
        raise UsageError(f"The reader {path} has no read(path): write one that returns Trials.")
    return module.read


def _trials(read: Callable[..., Trials], path: Path, rate: int | None) -> Trials:
    if rate is None:
        return read(path)
    if "rate_hz" not in inspect.signature(read).parameters:
        raise UsageError("This reader does not resample: leave --rate out.")
    return read(path, rate_hz=rate)


def _sentence(error: Exception) -> str:
    if isinstance(error, EndplateError):
        return str(error)
    if isinstance(error, FileNotFoundError):
        return "there is no such file: check the path."
    return f"the reader cannot read it ({type(error).__name__}: {error}): is it of this set?"


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
        f"has {best:.3f}; of those as good, within {auto.SAME:.0%} of what is missing to 1, the "
        "first of the table is taken)."
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
            _number(float(np.mean([v.figures[key] for v in verdicts])), COLUMNS[key][1])
            for key in figures
        ]
        made.add_row(name, *values, style="bold" if name == "what was taken" else None)
    return made


def _table(title: str, names: list[str]) -> Table:
    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0),
                 show_edge=False)  # fmt: skip
    made.add_column("decoder", no_wrap=True)
    for name in names:
        made.add_column(COLUMNS[name][0], justify="right", no_wrap=True)
    return made


def _number(value: Any, digits: int) -> str:
    return "–" if not math.isfinite(value) else f"{value:.{digits}f}"
