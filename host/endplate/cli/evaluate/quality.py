# SPDX-License-Identifier: GPL-3.0-or-later
"""What `endplate evaluate` shows of a recording without movements to decode: its channels."""

from __future__ import annotations

import math

from rich import box
from rich.table import Table

from endplate.fit.recorded.heard import Heard
from endplate.fit.recorded.trials import Trials

MARKS = {"good": ("✓", "green"), "usable": ("▮", "yellow"), "poor": ("✗", "red")}


def table(trials: Trials, heard: Heard) -> Table:
    """One row a channel."""
    names = trials.channels or range(1, 1 + len(heard.channels))
    made = Table(title=f"{trials.name}: quality only", title_justify="left", box=box.SIMPLE_HEAD,
                 show_edge=False)  # fmt: skip
    for heading in ("channel", "rest µV", "", "SNR dB", "", "mains dB", "bad contact", "clipped"):
        made.add_column(heading, justify="right", no_wrap=True)
    for name, channel in zip(names, heard.channels, strict=True):
        found = channel.quality
        made.add_row(
            str(name), _number(found.rest_uv), _word(found.noise_verdict), _number(found.snr_db),
            _word(found.snr_verdict), _number(found.mains_db), f"{100 * channel.bad_share:.1f} %",
            f"{100 * channel.clipped_share:.2f} %",
        )  # fmt: skip
    return made


def sentence(heard: Heard) -> str:
    """Why there are no decoders, and what there is."""
    found = len(heard.contractions)
    several = "1 contraction was" if found == 1 else f"{found} contractions were"
    return (
        f"It holds no movements that somebody was told to make, so no decoder can be judged on it; "
        f"{several} found in {heard.seconds:.0f} s."
    )


def told(heard: Heard) -> list[dict]:
    """For a file."""
    return [
        {"rest_uv": c.quality.rest_uv, "snr_db": c.quality.snr_db, "mains_db": c.quality.mains_db,
         "bad_share": c.bad_share, "clipped_share": c.clipped_share}
        for c in heard.channels
    ]  # fmt: skip


def _word(verdict: str) -> str:
    mark, colour = MARKS.get(verdict, ("–", "dim"))
    return f"[{colour}]{mark} {verdict}[/]"


def _number(value: float) -> str:
    return "–" if not math.isfinite(value) else f"{value:.1f}"
