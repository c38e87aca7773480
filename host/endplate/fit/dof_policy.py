# SPDX-License-Identifier: GPL-3.0-or-later
"""How many DoF a person gets: two, and a third (or more) when this person's data carry it.

All that were recorded are decoded together on repetitions left out of training. While one of them
is not followed (sites/choice.py, supported: R^2 at least FOLLOWED_R2, at most MOST_LEAKAGE on it
while another moves), and more than two are left, the worst is locked: its movements are learned
from no more, and the decoder is chosen anew without them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from endplate.fit import auto
from endplate.fit.recorded.cued import Cued
from endplate.fit.sites import choice as site_choice

ALWAYS = 2  # DoF that are decoded whatever they are like; what is poor about them is said


@dataclass(frozen=True)
class Chosen:
    """What to make a profile of: `cued` without the DoF that stay locked, and the choice of the
    decoder on it. `locked`: DoF -> (R^2, mean output on it while another moves)."""

    cued: Cued
    data: auto.Data
    row: auto.Row
    table: list[auto.Row]
    locked: dict[str, tuple[float, float]]


def choose(
    cued: Cued, combined: bool, candidates: Sequence[auto.Candidate],
    progress: Callable[[str], None] | None = None, *, all_dofs: bool = False,
) -> Chosen:  # fmt: skip
    """The decoder, and the DoF it may have; `all_dofs` locks none. Raises CalibrationError."""
    locked: dict[str, tuple[float, float]] = {}
    while True:
        data = cued.data(combined)
        row, table = auto.choose(data, candidates, progress)
        each = site_choice.figures(row, data)
        carried = site_choice.supported(each)
        if all_dofs or len(data.dofs) <= ALWAYS or len(carried) == len(data.dofs):
            _say(cued, each, carried, locked)
            return Chosen(cued, data, row, table, locked)
        worst = min((dof for dof in cued.dofs if dof not in carried), key=lambda d: each[d][0])
        locked[worst] = each[worst]
        cued = without(cued, worst)


def without(cued: Cued, dof: str) -> Cued:
    """The same without one DoF: hops of its movements are learned from no more."""
    d, frames = cued.dofs.index(dof), cued.frames
    its = np.isin(frames.cue, np.unique(frames.cue[np.abs(frames.y[:, d]) > 0]))
    left = replace(
        frames, y=np.delete(frames.y, d, 1), used=frames.used & ~its, resting=frames.resting & ~its
    )
    return replace(
        cued, frames=left, dofs=tuple(each for each in cued.dofs if each != dof),
        reference=cued.reference & ~its,
        matrix={key: row for key, row in cued.matrix.items() if key[0] != dof},
    )  # fmt: skip


def _say(
    cued: Cued, each: dict[str, tuple[float, float]], carried: list[str],
    locked: dict[str, tuple[float, float]],
) -> None:  # fmt: skip
    for dof, (r2, leak) in locked.items():
        why = []
        if r2 < site_choice.FOLLOWED_R2:
            why.append(f"it follows with R^2 {r2:.2f}, and {site_choice.FOLLOWED_R2:.2f} is needed")
        if leak > site_choice.MOST_LEAKAGE:
            why.append(
                f"it moves by {leak:.2f} while another is meant, and "
                f"{site_choice.MOST_LEAKAGE:.2f} is the most"
            )
        cued.says.append(
            f"{_plain(dof)} stays locked: on repetitions left out {' and '.join(why)}. Move "
            "electrodes, or take it in spite of that with --all-dofs."
        )
    if len(cued.dofs) > ALWAYS and not locked and len(carried) == len(cued.dofs):
        least = min(each.values())[0]
        cued.says.append(
            f"{len(cued.dofs)} DoF are unlocked: on repetitions left out each follows with R^2 "
            f"{least:.2f} or more ({site_choice.FOLLOWED_R2:.2f} is needed for more than {ALWAYS})."
        )


def _plain(dof: str) -> str:
    return dof.replace("_", " ").capitalize()
