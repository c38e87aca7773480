# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of a bench report, as PNG: what was meant and what was commanded, the times, the
sites."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from endplate.monitor.theme import site_colour

matplotlib.use("Agg")
from matplotlib import pyplot as plt

MEANT, COMMANDED = "#999999", "#0072B2"


def tracking(
    path: Path,
    seconds: np.ndarray,
    intent: np.ndarray,
    command: np.ndarray,
    dofs: list[str],
    note: str,
) -> None:
    """Meant (grey, dashed) and commanded (blue) velocity per DoF; rows of `intent` and `command`
    are `dofs`."""
    figure, axes = plt.subplots(
        len(dofs), 1, figsize=(10, 2.2 * len(dofs) + 0.6), sharex=True, squeeze=False
    )
    for axis, dof, meant, sent in zip(axes[:, 0], dofs, intent.T, command.T, strict=True):
        axis.plot(seconds, meant, color=MEANT, linestyle="--", linewidth=1.4, label="meant")
        axis.plot(seconds, sent, color=COMMANDED, linewidth=1.0, label="commanded")
        axis.set_ylabel(f"{dof.replace('_', ' ')}\n(full velocity)")
        axis.set_ylim(-1.1, 1.1)
        axis.axhline(0, color="black", linewidth=0.4)
    axes[0, 0].legend(loc="upper right", ncols=2, frameon=False)
    axes[-1, 0].set_xlabel("time (s)")
    axes[0, 0].set_title(f"Held-out movements — {note}", loc="left")
    _save(figure, path)


def latency(path: Path, stages: dict[str, np.ndarray], note: str) -> None:
    """Distribution of each stage, in milliseconds, with p50, p95 and p99 marked."""
    figure, axes = plt.subplots(1, len(stages), figsize=(3.6 * len(stages), 3), squeeze=False)
    for axis, (name, values) in zip(axes[0], stages.items(), strict=True):
        if len(values):
            axis.hist(
                values,
                bins=60,
                range=(0, max(1.0, float(np.percentile(values, 99.8)))),
                color=COMMANDED,
            )
            for share, style in ((50, "-"), (95, "--"), (99, ":")):
                axis.axvline(
                    np.percentile(values, share),
                    color="#D55E00",
                    linestyle=style,
                    label=f"p{share}",
                )
            axis.legend(frameon=False)
        axis.set_title(f"{name.replace('_', ' ')} (n {len(values)})", loc="left", fontsize=10)
        axis.set_xlabel("ms")
    axes[0, 0].set_ylabel("commands")
    figure.suptitle(note, x=0.01, ha="left", fontsize=9)
    _save(figure, path)


def sites(path: Path, report: dict[str, Any], labels: list[str], note: str) -> None:
    """Signal-to-noise of each site in the calibration, against the verdicts' borders."""
    values = report.get("snr_db") or []
    figure, axis = plt.subplots(figsize=(7, 0.4 * max(1, len(values)) + 1.4))
    shown = [0.0 if value is None else float(value) for value in values]
    axis.barh(range(len(shown)), shown, color=[site_colour(i)[0] for i in range(len(shown))])
    axis.set_yticks(range(len(shown)), labels[: len(shown)])
    axis.invert_yaxis()
    for border, word in ((12, "usable"), (20, "good")):
        axis.axvline(border, color="black", linewidth=0.8, linestyle="--")
        axis.text(border, -0.75, f" {word} from {border} dB", fontsize=8)
    axis.set_xlabel("signal-to-noise ratio (dB)")
    axis.set_title(f"Sites — {note}\n", loc="left")
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
