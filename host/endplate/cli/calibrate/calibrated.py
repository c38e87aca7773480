# SPDX-License-Identifier: GPL-3.0-or-later
"""What a calibration found, for the terminal: sites, decoders, and what to do about either."""

from __future__ import annotations

import math
from typing import Any

from rich import box
from rich.table import Table

from endplate.live.profile import Profile

WORDS = {"good": ("✓", "green"), "usable": ("▮", "yellow"), "poor": ("✗", "red")}


def calibrated(profile: Profile) -> list[Table | str]:
    """The quality of each site, the table that the decoder was chosen by, and the advice."""
    report = profile.report
    parts: list[Table | str] = [sites(profile), decoders(report)]
    cover = report["sites"]["cover"]
    curve = " · ".join(
        f"{len(profile.site_labels) - n}: {error:.3f}" for n, error in enumerate(cover["errors"])
    )
    parts.append(f"Error (1 - R²) by number of sites: {curve}")
    parts.append(f"A decoder would do with: {', '.join(cover['chosen'])}")
    parts.append(f"DoF that these sites carry: {', '.join(report['sites']['supported']) or 'none'}")
    return parts + [f"[bold]·[/] {line}" for line in report["sentences"]]


def sites(profile: Profile) -> Table:
    """A row a site: noise, SNR with its verdict, hum, and what it says of each direction."""
    report = profile.report
    matrix = report["site_matrix"]
    made = _table("Sites: activation by intent, 1 is a comfortable contraction", "site")
    for heading in ("rest uV", "SNR dB", "", "hum dB", *matrix):
        made.add_column(heading, justify="right")
    for number, label in enumerate(profile.site_labels):
        sign, colour = WORDS.get(report["verdict"][number], ("–", "dim"))
        made.add_row(
            label, _number(report["rest_uv"][number]), _number(report["snr_db"][number]),
            f"[{colour}]{sign} {report['verdict'][number]}[/]", _number(report["mains_db"][number]),
            *(f"{row[number]:.2f}" for row in matrix.values()),
        )  # fmt: skip
    return made


def decoders(report: dict[str, Any]) -> Table:
    """Every decoder that was tried, judged on repetitions that it had not seen."""
    figures = {"r2": "R²", "combined_r2": "comb.", "leakage": "idle", "rest_motion_share": "rest",
               "merit": "merit"}  # fmt: skip
    made = _table("Decoders on repetitions left out of training", "decoder")
    for heading in figures.values():
        made.add_column(heading, justify="right")
    for row in report["cross_validation"]:
        taken = row["decoder"] == report["chosen"]["decoder"]
        values = [f"{row[name]:.3f}" if name in row else "–" for name in figures]
        made.add_row(("▶" if taken else " ") + row["decoder"], *values,
                     style="bold" if taken else None)  # fmt: skip
    return made


def _table(title: str, first: str) -> Table:
    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False)
    made.add_column(first, no_wrap=True)
    return made


def _number(value: float | None) -> str:
    return "–" if value is None or not math.isfinite(value) else f"{value:.1f}"
