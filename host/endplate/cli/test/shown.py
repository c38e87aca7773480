# SPDX-License-Identifier: GPL-3.0-or-later
"""A test on the terminal: what to do in large words, a bar a DoF with the band to reach, the clock,
and at the end this result beside those before."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich import box
from rich.align import Align
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from endplate.cli.test.letters import lettered
from endplate.clinic.trials import kept, kinds, timed
from endplate.clinic.trials.motion import MotionRun
from endplate.clinic.trials.run import READY, FittsRun, Run
from endplate.clinic.trials.tac import TacRun
from endplate.clinic.trials.watch import PROMPTS, WatchRun
from endplate.fit.guided.protocol import words

LEAST_BAR = 24  # columns
EDGES = 6  # of the frame, columns
CURSOR, LINE, FULL = "●", "─", "█"
HINT = dict.fromkeys(
    ("fitts", "tac"), "The patient brings each ● into its band [===] and keeps it there."
)  # where it is another than in the window
KEYS = "a arm · d disarm · space STOP · r RELEASE · c clear fault · E emergency stop · "


def said(word: str, below: str = "") -> RenderableType:
    """Two lines for who stands at the terminal."""
    lines = [Text(word, "bold", justify="center"), Text("")]
    return Group(*lines, Text(below, "bold", justify="center"))


def large(width: int, *texts: str) -> RenderableType:
    """For the patient, in large letters where there is room."""
    lines: list[Text] = []
    for text in filter(None, texts):
        lines += [Text("")] * bool(lines)
        rows = lettered(text, width - EDGES)
        if not rows:
            lines.append(Text(text, "bold", justify="center"))
        for row in rows:  # spaces are dots: `justify` would take those at an end away
            lines.append(Text(f"{row:^{width - EDGES}}", "bold", no_wrap=True))
    return Group(*lines)


def hint(kind: kinds.Kind) -> str:
    """What the patient does."""
    return HINT.get(kind.key, kind.hint)


def framed(middle: RenderableType, foot: Sequence[str], width: int) -> RenderableType:
    """What is watched in a frame, what the prosthetist reads below it."""
    frame = Panel(Align.center(middle, width=width - EDGES), box=box.HEAVY, padding=(1, 2),
                  width=width)  # fmt: skip
    return Group(frame, *(Text(line) for line in foot if line))


def bar(columns: int, cursor: float, band: tuple[float, float] | None) -> str:
    """A line of so many columns from 0 to 1: the band [===] and on it the cursor ●."""
    line = [LINE] * columns
    if band is not None:
        first, last = sorted(_column(edge, columns) for edge in band)
        last = min(columns - 1, max(last, first + 2))
        first = min(first, last - 2)
        line[first : last + 1] = ["[", *"=" * (last - first - 1), "]"]
    line[_column(cursor, columns)] = CURSOR
    return "".join(line)


def _column(share: float, columns: int) -> int:
    return round(min(1.0, max(0.0, share)) * (columns - 1))


def of_run(run: Run, width: int) -> RenderableType:
    """A test as it stands."""
    number = f"{run.number} of {run.count}"
    if isinstance(run, MotionRun):
        trial = run.trial
        asked = kinds.asked(run.dofs, trial.asked) if trial is not None else "Relax"
        share = trial.share if trial is not None else 0.0
        columns = max(LEAST_BAR, width // 2)
        done = round(share * columns)
        progress = f"{FULL * done}{LINE * (columns - done)}  {number}"
        return Group(large(width, asked), Text(""), Text(progress, "bold", justify="center"))
    if isinstance(run, WatchRun):
        if run.trial is None:
            return large(width, READY)
        return large(width, PROMPTS[run.trial.condition], f"{math.ceil(run.trial.left_s)} s")
    inside = run.trial is not None and run.trial.inside
    word = READY if run.trial is None else "Keep it" if inside else "Reach it"
    tick = f"✓ inside · {number}" if inside else number
    return Group(large(width, word), Text(tick, "bold", justify="center"), Text(""),
                 *bars(run, width - EDGES))  # fmt: skip


def bars(run: Run, width: int) -> list[Text]:
    """A row a DoF: the movement to the left, the bar, the movement to the right."""
    ends = [(words(dof, -1), words(dof, 1)) for dof in run.dofs]
    left, right = (max(len(pair[side]) for pair in ends) for side in (0, 1))
    columns = max(LEAST_BAR, width - left - right - 4)
    rows = []
    for (less, more), (cursor, band) in zip(ends, places(run), strict=True):
        row = f"{less:>{left}}  {bar(columns, cursor, band)}  {more:<{right}}"
        rows += [Text(row, "bold", no_wrap=True, overflow="crop"), Text("")]
    return rows


def places(run: Run) -> list[tuple[float, tuple[float, float] | None]]:
    """Per DoF where the cursor is and the band to reach, as shares of the way from the end of the
    negative movement to that of the positive one."""
    trial = run.trial
    if isinstance(run, TacRun):
        now = run.posture
        found: list[tuple[float, tuple[float, float] | None]] = []
        for place, axis in enumerate(run.axes):
            least, most = axis.least, axis.most
            start, way = (least, most - least) if axis.speed_dps > 0 else (most, least - most)
            around = run.rules.tolerance_deg
            edges = None
            if trial is not None:
                aim = float(trial.target[place])
                edges = ((aim - around - start) / way, (aim + around - start) / way)
            found.append(((float(now[place]) - start) / way, edges))
        return found
    assert isinstance(run, FittsRun)
    if trial is None:
        return [(0.5, None)] * len(run.dofs)
    half = trial.target.width / 2
    return [
        ((1 + at) / 2, ((1 + centre - half) / 2, (1 + centre + half) / 2))
        for at, centre in zip(trial.position.tolist(), trial.target.centre, strict=True)
    ]


def of_clock(timing: timed.Timing, sample: int, width: int) -> RenderableType:
    """What is left, or what has gone, in whole seconds."""
    seconds, limit_s = timing.elapsed_s(sample), timing.task.limit_s
    if limit_s is None:
        return large(width, timing.part, f"{int(seconds)} s")
    return large(width, timing.task.name, f"{max(0, math.ceil(limit_s - seconds))} s")


def keys(driven: bool, timing: timed.Timing | None, keyed: bool) -> str:
    """What can be pressed now."""
    if not keyed:
        return "Ctrl-C ends the test"
    part = ""
    if timing is not None and timing.over:
        part = "digits, then Enter: the count · "
    elif timing is not None and timing.part:
        part = f"Enter{'' if driven else ' or space'}: {timing.part} stands · "
    return f"{KEYS if driven else ''}{part}q ends the test"


def history(rows: Sequence[Sequence[str]], kind: kinds.Kind) -> Table:
    """This patient so far, the newest first."""
    table = Table(*kept.columns(kind), title=f"{kind.name}: this patient so far",
                  title_justify="left", box=box.SIMPLE_HEAD, show_edge=False)  # fmt: skip
    for place, row in enumerate(rows):
        table.add_row(*map(Text, row), style="bold" if not place else "")
    return table
