# SPDX-License-Identifier: GPL-3.0-or-later
"""The decoder of a calibration in words, for the window and the report; its settings as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from endplate.clinic.report.table import Table
from endplate.fit.guided.protocol import plain, words

#: What was done to an earlier profile -> how it reads.
REMEDIES = {"rescale": "re-scaled", "remap": "re-mapped", "touch-up": "touched up"}


def why(report: Mapping[str, Any], dofs: Sequence[str]) -> str:
    """The decoder, what it was judged by, and what decided."""
    chosen = report["chosen"]["decoder"]
    tried = report["cross_validation"]
    row = next(one for one in tried if one["decoder"] == chosen)
    said = (
        f"{chosen} for {', '.join(map(plain, dofs))}: on repetitions left out of its training it "
        f"followed with R² {row['r2']:.3f}, moved idle DoF by {row['leakage']:.3f} of full speed "
        f"and moved in {100 * row['rest_motion_share']:.1f} % of the rest. "
    )
    said += "It was wanted by name." if len(tried) == 1 else f"The best of {len(tried)} tried."
    if donning := report.get("donning"):
        each = ", ".join(f"{plain(dof)} {value:.2f}" for dof, value in donning["r2"].items())
        said += (
            f" Since then {REMEDIES.get(donning['remedy'], donning['remedy'])} for new electrodes: "
            f"R² {each} on what that was not made from."
        )
    return said


def settings(shape: Mapping[str, Any]) -> Table:
    """Dead-band and gains of each DoF, as they stand in the profile."""
    rows = []
    for dof, one in shape.items():
        gains = [f"{words(dof, sign)} {one[side]['gain']:.2f}"
                 for side, sign in (("positive", 1.0), ("negative", -1.0))]  # fmt: skip
        rows.append((plain(dof), f"{100 * one['dead_band']:.0f} %", ", ".join(gains),
                     f"{one['slew_per_s']:g}"))  # fmt: skip
    return Table("Settings", ("DoF", "dead-band", "gains", "full speeds a second"), tuple(rows),
                 "As the profile in the visit's folder has them.")  # fmt: skip
