# SPDX-License-Identifier: GPL-3.0-or-later
"""The figure of `endplate sites`: the site x intent matrix, and the error by number of sites."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np

from endplate.fit.guided.protocol import words
from endplate.fit.sites.site_test import Judged

matplotlib.use("Agg")
from matplotlib import pyplot as plt

LINE, CHOSEN = "#0072B2", "#D55E00"


def draw(path: Path, judged: Judged, title: str) -> Path:
    """Writes the PNG."""
    found, labels = judged.matrix, judged.labels
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(12, 1.8 + 0.42 * len(labels)), width_ratios=(1.5, 1)
    )
    share = found.share.T if found.intents else np.zeros((len(labels), 1))
    left.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for site in range(len(labels)):
        for k in range(len(found.intents)):
            dark = share[site, k] > 0.6
            left.text(k, site, f"{found.uv[k, site]:.0f}", ha="center", va="center", fontsize=9,
                      color="white" if dark else "black",
                      fontweight="bold" if found.best[site] == k else "normal")  # fmt: skip
    actions = {one.site: one.action for one in judged.advice}
    isolation = found.isolation_db() if found.intents else np.zeros(len(labels))
    left.set_xticks(range(len(found.intents)), [words(*i).replace(" ", "\n", 1)
                                                for i in found.intents])  # fmt: skip
    left.set_yticks(range(len(labels)), [
        f"{label}\n{actions[s]} · isolation {isolation[s]:.0f} dB" for s, label in enumerate(labels)
    ], fontsize=8)  # fmt: skip
    left.set_title("microvolt above rest; shade: of the site's loudest", loc="left", fontsize=9)
    steps = judged.cover.steps
    sizes = [len(step.sites) for step in steps]
    right.plot(sizes, [step.error for step in steps], "o-", color=LINE)
    enough = next(step for step in steps if step.sites == judged.cover.chosen)
    right.plot(len(enough.sites), enough.error, "D", color=CHOSEN, markersize=9,
               label="enough: " + ", ".join(labels[s] for s in enough.sites))  # fmt: skip
    for step in steps[1:]:
        assert step.left is not None
        right.annotate(f"- {labels[step.left]}", (len(step.sites), step.error), fontsize=7,
                       rotation=45, xytext=(2, 6), textcoords="offset points")  # fmt: skip
    right.set_xlabel("sites")
    right.set_xticks(sizes)
    right.set_ylim(0, 1.25 * max(0.1, min(1.2, max(step.error for step in steps))))
    right.set_title("error (1 - R²) on repetitions left out", loc="left", fontsize=9)
    right.legend(frameon=False, fontsize=8)
    right.grid(axis="y", linewidth=0.3)
    figure.suptitle(title, x=0.01, ha="left", fontsize=10)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path
