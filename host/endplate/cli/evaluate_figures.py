# SPDX-License-Identifier: GPL-3.0-or-later
"""The plots of `endplate evaluate`: what was meant and decoded, and decoders side by side."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np

from endplate.fit.judgement import Judged

matplotlib.use("Agg")
from matplotlib import pyplot as plt

MEANT, DECODED, GOOD, POOR = "#999999", "#0072B2", "#009E73", "#D55E00"


def person(folder: Path, judged: Judged) -> Path:
    """Output of the chosen decoder over what was meant, on the trials that it has not seen."""
    real = ~judged.frames.added
    y, x = judged.frames.y[real], judged.chosen.output[real]
    seconds = np.arange(len(y)) * judged.step_s
    dofs, figures = judged.trials.dofs, judged.chosen.figures
    figure, axes = plt.subplots(
        len(dofs), 1, figsize=(11, 1.9 * len(dofs) + 0.9), sharex=True, squeeze=False
    )
    for d, (axis, dof) in enumerate(zip(axes[:, 0], dofs, strict=True)):
        axis.plot(seconds, y[:, d], color=MEANT, linestyle="--", linewidth=1.4, label="meant")
        axis.plot(seconds, x[:, d], color=DECODED, linewidth=1.0, label="decoded")
        for edge in np.flatnonzero(np.diff(judged.frames.sequence[real])):
            axis.axvline(seconds[edge], color="black", linewidth=0.3, alpha=0.4)
        axis.set_ylabel(f"{dof.replace('_', ' ')}\nR² {figures[f'r2_{d}']:.3f}")
        axis.set_ylim(-1.3, 1.3)
        axis.axhline(0, color="black", linewidth=0.4)
    axes[0, 0].legend(loc="upper right", ncols=2, frameon=False)
    axes[-1, 0].set_xlabel("time in trials that were not learned from (s)")
    name = judged.chosen.row.candidate.name
    axes[0, 0].set_title(f"{judged.trials.name}: {name}, R² {figures['r2']:.3f}", loc="left")
    return _save(figure, folder / f"{_file(judged.trials.name)}.png")


def everybody(folder: Path, judged: list[Judged]) -> Path:
    """R^2 of every decoder, a dot a person, filled where it was taken; and leakage."""
    names = [verdict.row.candidate.name for verdict in judged[0].verdicts]
    figure, axes = plt.subplots(1, 2, figsize=(11, 0.36 * len(names) + 1.4), sharey=True)
    for axis, key, title in ((axes[0], "r2", "R²"), (axes[1], "leakage", "output on idle DoF")):
        for row, name in enumerate(names):
            values = []
            for person_ in judged:
                for verdict in person_.verdicts:
                    if verdict.row.candidate.name != name:
                        continue
                    taken = verdict is person_.chosen
                    value = verdict.figures[key]
                    values.append(value)
                    axis.plot(
                        value, row, "D" if taken else "o", markersize=7 if taken else 5,
                        color=GOOD if taken else MEANT, markerfacecolor=GOOD if taken else "none",
                    )  # fmt: skip
            if values:
                axis.plot([np.mean(values)] * 2, [row - 0.3, row + 0.3], color=DECODED, linewidth=2)
        axis.set_xlabel(title)
        axis.grid(axis="x", linewidth=0.3)
    axes[0].set_yticks(range(len(names)), names)
    axes[0].invert_yaxis()
    axes[0].set_xlim(left=max(-0.5, axes[0].get_xlim()[0]), right=1.02)
    figure.suptitle(
        f"{len(judged)} recordings; bar: mean; filled diamond: what auto took for a person",
        fontsize=9, x=0.01, ha="left",
    )  # fmt: skip
    return _save(figure, folder / "decoders.png")


def _file(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in name)


def _save(figure: plt.Figure, path: Path) -> Path:
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path
