# SPDX-License-Identifier: GPL-3.0-or-later
"""The plots of `endplate evaluate` for one person: what was meant and decoded, and what was taken
for what."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np

from endplate.fit import judgement
from endplate.fit.judgement import Judged

matplotlib.use("Agg")
from matplotlib import pyplot as plt

MEANT, DECODED = "#777777", "#0072B2"


def over_time(path: Path, judged: Judged) -> Path:
    """Output of the chosen decoder over what was meant, on the trials that it has not seen."""
    real = ~judged.frames.added
    frames = judged.frames[real]
    x = judged.chosen.output[real]
    y = np.where(frames.used[:, None], frames.y, np.nan)  # nobody knows what was meant
    seconds = np.arange(len(y)) * judged.step_s
    dofs, figures = judged.trials.dofs, judged.chosen.figures
    figure, axes = plt.subplots(
        len(dofs), 1, figsize=(11, 1.9 * len(dofs) + 1.1), sharex=True, squeeze=False
    )
    for d, (axis, dof) in enumerate(zip(axes[:, 0], dofs, strict=True)):
        axis.plot(seconds, y[:, d], color=MEANT, linestyle="--", linewidth=1.4, label="meant")
        axis.plot(seconds, x[:, d], color=DECODED, linewidth=1.0, label="decoded")
        for edge in np.flatnonzero(np.diff(frames.sequence)) + 1:
            axis.axvline(seconds[edge], color="black", linewidth=0.6, linestyle=":")
        axis.set_ylabel(f"{dof.replace('_', ' ')}\nR² {figures[f'r2_{d}']:.3f}")
        axis.set_ylim(-1.3, 1.3)
        axis.axhline(0, color="black", linewidth=0.4)
        axis.margins(x=0.005)
    axes[-1, 0].set_xlabel(
        "time in what was not learned from (s); dotted: another trial begins; "
        "1 is a comfortable effort, or full speed"
    )
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="upper right", ncols=2, frameon=False)
    figure.suptitle(_title(judged), x=0.01, ha="left", fontsize=11)
    return save(figure, path)


def directions(path: Path, judged: Judged) -> Path:
    """Which direction was decoded where which was meant, in percent of what was meant."""
    names, hops = judgement.directions(judged.chosen.output, judged.frames, judged.trials.dofs)
    met = np.flatnonzero(hops.sum(0) + hops.sum(1) > 0)
    names, hops = [names[k] for k in met], hops[np.ix_(met, met)]
    percent = 100 * hops / np.maximum(hops.sum(1, keepdims=True), 1)
    size = 0.75 * len(names) + 1.8
    figure, axis = plt.subplots(figsize=(size + 1.2, size))
    axis.imshow(percent, cmap="Blues", vmin=0, vmax=100)
    for (row, column), value in np.ndenumerate(percent):
        if hops[row].sum():
            colour = "white" if value > 55 else "black"
            axis.text(column, row, f"{value:.0f}", ha="center", va="center", color=colour)
    rows = [f"{name}  ({hops[k].sum() * judged.step_s:.0f} s)" for k, name in enumerate(names)]
    axis.set_yticks(range(len(names)), rows)
    axis.set_xticks(range(len(names)), names, rotation=40, ha="right")
    axis.set_ylabel("meant")
    axis.set_xlabel("decoded (largest output), % of the hops in which it was meant")
    right = judged.chosen.figures["direction_accuracy"]
    right_said = f", direction right {100 * right:.1f} %" if np.isfinite(right) else ""
    name = judged.chosen.row.candidate.name
    axis.set_title(f"{judged.trials.name}\n{name}{right_said}", loc="left", fontsize=10)
    return save(figure, path)


def _title(judged: Judged) -> str:
    figures, name = judged.chosen.figures, judged.chosen.row.candidate.name
    delay = figures["delay_ms"]
    late = f", delay {delay:.0f} ms" if np.isfinite(delay) else ""
    return f"{judged.trials.name}: {name}, R² {figures['r2']:.3f}{late}"


def save(figure: plt.Figure, path: Path) -> Path:
    """Writes it."""
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path
