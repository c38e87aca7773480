# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways that cursors took to their targets, one panel a person and profile."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot as plt

DONE, MISSED, TARGET = "#0072B2", "#D55E00", "#999999"
MOST_PEOPLE = 4


def ways(folder: Path, tests: list[Any], arguments: Namespace) -> Path:
    """First two DoF of every trial, target by target; in red those that were not completed."""
    states = list(dict.fromkeys(each.state for each in tests))
    people = list(dict.fromkeys(each.seed for each in tests))[:MOST_PEOPLE]
    figure, axes = plt.subplots(
        len(people), len(states), figsize=(3.6 * len(states) + 0.6, 3.5 * len(people) + 0.6),
        squeeze=False, sharex=True, sharey=True,
    )  # fmt: skip
    for each in tests:
        if each.seed not in people:
            continue
        axis = axes[people.index(each.seed), states.index(each.state)]
        for played in each.played:
            target, completed = played.outcome.target, played.outcome.completed
            centre = _plane(np.array([target.centre]))[0]
            ring = plt.Circle(tuple(centre), target.width / 2, fill=False, color=TARGET)
            axis.add_patch(ring)
            way = _plane(played.cursor)
            axis.plot(way[:, 0], way[:, 1], color=DONE if completed else MISSED, linewidth=0.8)
        found = each.figures
        axis.set_title(
            f"person {each.seed}, {each.state}\n{found.completion:.0%} done, "
            f"{found.throughput:.2f} bits/s", fontsize=9,
        )  # fmt: skip
        axis.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.05), aspect="equal")
    more = " (first two DoF)" if arguments.dofs > 2 else ""
    figure.suptitle(
        f"Simulated: {arguments.preset}, {arguments.rate} samples/s{more}; red: not completed",
        x=0.01, ha="left", fontsize=10,
    )  # fmt: skip
    figure.tight_layout()
    path = folder / "ways.png"
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path


def _plane(points: np.ndarray) -> np.ndarray:
    """The first two DoF of [n, DoF]; a single one over nothing."""
    if points.shape[1] > 1:
        return points[:, :2]
    return np.column_stack([points[:, 0], np.zeros(len(points))])
