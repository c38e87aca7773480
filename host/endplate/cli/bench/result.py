# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of a bench run, from what each part wrote down by itself.

The board's stand-in notes when it wrote each sample and what the patient meant; the control
process notes when each COMMAND was handed to the serial port, and when the hand says that the
motor goals made from it went out. Samples are matched by their index. Times are CLOCK_MONOTONIC
nanoseconds of this machine; the hand's are mapped, with their error bound.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from endplate.core import TARGET_UNIT
from endplate.live.session import VALID_MS


def spread(values_ms: np.ndarray) -> dict[str, float | int | None]:
    """p50, p95, p99, max and n of a set of times in milliseconds; None where there is none."""
    values = np.asarray(values_ms, float)
    if not len(values):
        return {"p50": None, "p95": None, "p99": None, "max": None, "n": 0}
    p50, p95, p99 = (round(float(v), 3) for v in np.percentile(values, (50, 95, 99)))
    return {
        "p50": p50,
        "p95": p95,
        "p99": p99,
        "max": round(float(values.max()), 3),
        "n": len(values),
    }


def between(part: np.ndarray, first: int, last: int) -> np.ndarray:
    """Records whose sample lies in first..last."""
    return part[(part["sample"] >= first) & (part["sample"] <= last)]


#: How long a command counts, and half of the 50 ms ramp in which the hand then stops.
HELD_S = VALID_MS / 1000 + 0.025


def written(truth: np.ndarray) -> np.ndarray:
    """The samples that the board's stand-in sent; a lost one has no time of writing."""
    return truth[truth["write_ns"] > 0]


def arrival_to_wire_ms(truth: np.ndarray, commands: np.ndarray) -> np.ndarray:
    """From the newest sample's write by the board to its COMMAND's hand-over to the port, per
    command."""
    truth = written(truth)
    _, at, of = np.intersect1d(truth["sample"], commands["sample"], return_indices=True)
    return (commands["sent_ns"][of] - truth["write_ns"][at]) / 1e6


def wire_to_motion_ms(commands: np.ndarray, applied: np.ndarray) -> np.ndarray:
    """From the hand-over to the port to the motor goals' leaving, for the commands that STATE
    tells of."""
    _, at, of = np.intersect1d(commands["sample"], applied["sample"], return_indices=True)
    return (applied["applied_ns"][of] - commands["sent_ns"][at]) / 1e6


def sample_to_motion_ms(truth: np.ndarray, commands: np.ndarray, applied: np.ndarray) -> np.ndarray:
    """Both, for the same commands."""
    truth, applied = written(truth), applied[np.isin(applied["sample"], commands["sample"])]
    _, at, of = np.intersect1d(truth["sample"], applied["sample"], return_indices=True)
    return (applied["applied_ns"][of] - truth["write_ns"][at]) / 1e6


def followed(
    truth: np.ndarray, commands: np.ndarray, first: int, last: int, hop: int, rate_hz: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sample grid of the hops in first..last, what was meant there and what was commanded, both
    [n, 4].

    A command counts for HELD_S, as long as the hand itself drives by it; then it is 0, and before
    the first as well.
    """
    grid = np.arange(first, last + 1, hop)
    rows = np.searchsorted(truth["sample"], grid)
    known = (rows < len(truth)) & (truth["sample"][np.minimum(rows, len(truth) - 1)] == grid)
    grid, rows = grid[known], rows[known]
    intent = truth["intent"][rows, :4].astype(float)
    newest = np.searchsorted(commands["sample"], grid, side="right") - 1
    at = np.maximum(newest, 0)
    driven = (newest >= 0) & (grid - commands["sample"][at] <= HELD_S * rate_hz)
    command = np.where(driven[:, None], commands["target"][at, :4] / TARGET_UNIT, 0.0)
    return grid, intent, command


def table(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Rows of the printed table."""
    latency, tracking, link = result["latency_ms"], result["tracking"], result["link"]

    def times(name: str) -> str:
        row = latency[name]
        if not row["n"]:
            return "none measured"
        shown = "   ".join(f"{key} {row[key]:.2f}" for key in ("p50", "p95", "p99", "max"))
        return f"{shown} ms   n {row['n']}"

    board = result["board"]
    return [
        (
            "Board",
            f"{board['rate_hz']:g} Hz, {board['sites']} sites, {board['samples']} samples, "
            f"{board['lost']} lost",
        ),
        ("Arrival to wire", times("arrival_to_wire")),
        (
            "Wire to motion",
            f"{times('wire_to_motion')}   (clock +- {result['clock_error_us']:.0f} us)",
        ),
        ("Sample to motion", f"{times('sample_to_motion')}"),
        (
            "Modelled window delay",
            f"{result['modelled_delay_ms']['total']:.0f} ms, apart from the times above",
        ),
        (
            "R2 on held-out movements",
            "   ".join(f"{dof} {value:.3f}" for dof, value in tracking["r2"].items()),
        ),
        ("Leakage", f"{tracking['leakage']:.3f} of full velocity on a DoF that should be still"),
        ("Moving at rest", f"{100 * tracking['rest_motion_share']:.2f} % of the time"),
        (
            "Link",
            f"{link['commands']} commands ({100 * link['sent_share']:.1f} % of the hops), "
            f"{link['states']} states, {sum(link['refused'].values())} refused; "
            f"the hand dropped out {link['dropped_out']} times",
        ),
        ("Chain", f"{result['chain_us_per_hop']:.1f} us a hop, in the loop"),
    ]
