# SPDX-License-Identifier: GPL-3.0-or-later
"""The plots of `endplate evaluate` for all people: decoders side by side, R^2 of each person."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from endplate.cli.evaluate.figures import plt, save
from endplate.fit.judgement import Judged, Verdict

#: Figure -> what its axis says.
SHOWN = {"r2": "R²", "direction_accuracy": "right direction", "leakage": "output on idle DoF",
         "delay_ms": "delay (ms)"}  # fmt: skip
LEAST_AXIS = {"leakage": 0.05, "delay_ms": 100.0}  # how far the axes of these go at least
OTHER, TAKEN, MEAN = "#777777", "#009E73", "#0072B2"
#: Decoder -> colour and hatch of its bars; what was taken has no hatch.
SIMPLE = {"ridge on RMS": ("#E69F00", "//"), "direct": ("#CCCCCC", "..")}
LONGEST_LEVEL = 12  # letters of a name that stay apart without being turned
LOWEST = -0.2  # where bars and dots end that are worse


def decoders(folder: Path, judged: list[Judged]) -> Path:
    """Figures of every decoder, a circle a person, a filled diamond where it was taken."""
    names = list(dict.fromkeys(v.row.candidate.name for j in judged for v in j.verdicts))
    shown = [key for key in SHOWN
             if any(np.isfinite(v.figures[key]) for j in judged for v in j.verdicts)]  # fmt: skip
    figure, axes = plt.subplots(
        1, len(shown), figsize=(3.1 * len(shown) + 2.2, 0.34 * len(names) + 1.6), sharey=True,
        squeeze=False,
    )  # fmt: skip
    for axis, key in zip(axes[0], shown, strict=True):
        for row, name in enumerate(names):
            found = [(v.figures[key], v is j.chosen) for j in judged for v in j.verdicts
                     if v.row.candidate.name == name and np.isfinite(v.figures[key])]  # fmt: skip
            for value, taken in sorted(found, key=lambda pair: pair[1]):
                at = max(value, LOWEST)
                mark = "D" if taken else "o" if value >= LOWEST else "<"
                axis.plot(at, row, mark, markersize=7 if taken else 5,
                          color=TAKEN if taken else OTHER,
                          markerfacecolor=TAKEN if taken else "none")  # fmt: skip
            if found:
                mean = max(float(np.mean([value for value, _ in found])), LOWEST)
                axis.plot([mean] * 2, [row - 0.33, row + 0.33], color=MEAN, linewidth=2)
        axis.set_xlabel(SHOWN[key])
        axis.grid(axis="x", linewidth=0.3)
        if key in LEAST_AXIS:  # neither is ever below 0, and a speck of it shall not look large
            far = max(axis.get_xlim()[1], LEAST_AXIS[key])
            axis.set_xlim(-0.03 * far, far)
        else:
            axis.set_xlim(right=1.03)
    axes[0, 0].set_yticks(range(len(names)), names)
    axes[0, 0].invert_yaxis()
    people = f"{len(judged)} recordings" if len(judged) > 1 else judged[0].trials.name
    figure.suptitle(
        f"{people}; circle: a person; filled diamond: what auto took for this person; bar: mean; "
        f"triangle: below {LOWEST:g}", fontsize=9, x=0.01, ha="left",
    )  # fmt: skip
    return save(figure, folder / "decoders.png")


def people(folder: Path, judged: list[Judged]) -> Path:
    """R^2 of each person: what was taken, beside the simple decoders that were tried."""
    simple = [name for name in SIMPLE
              if all(_verdict(j, name) is not None for j in judged)]  # fmt: skip
    width = 0.8 / (1 + len(simple))
    at = np.arange(len(judged))
    figure, axis = plt.subplots(figsize=(max(6.0, 1.0 * len(judged) + 2.5), 4.2))
    series: list[tuple[str, str, str, list[Verdict | None]]] = [
        ("taken by auto", TAKEN, "", [j.chosen for j in judged])
    ]
    series += [(name, *SIMPLE[name], [_verdict(j, name) for j in judged]) for name in simple]
    for number, (name, colour, hatch, verdicts) in enumerate(series):
        values = [v.figures["r2"] for v in verdicts if v is not None]
        drawn = np.maximum(values, LOWEST)
        places = at + (number - (len(series) - 1) / 2) * width
        axis.bar(places, drawn, width, color=colour, hatch=hatch, edgecolor="black",
                 linewidth=0.5, label=name)  # fmt: skip
        for place, value, top in zip(places, values, drawn, strict=True):
            axis.text(place, max(top, 0) + 0.015, f"{value:.2f}", ha="center", va="bottom",
                      rotation=90, fontsize=7)  # fmt: skip
    names = [j.trials.name for j in judged]
    common, _, rest = names[0].partition(" ")
    if rest and all(name.startswith(f"{common} ") for name in names):  # the set's name, once
        names = [name.removeprefix(f"{common} ") for name in names]
        axis.set_xlabel(common)
    turned = max(map(len, names)) > LONGEST_LEVEL
    axis.set_xticks(at, names, fontsize=8, rotation=30 if turned else 0,
                    ha="right" if turned else "center")  # fmt: skip
    axis.set_ylabel("R² on what was not learned from")
    axis.set_ylim(LOWEST, 1.14)
    axis.axhline(0, color="black", linewidth=0.6)
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=3, frameon=False, fontsize=8)
    return save(figure, folder / "people.png")


def _verdict(judged: Judged, name: str) -> Verdict | None:
    return next((v for v in judged.verdicts if v.row.candidate.name == name), None)
