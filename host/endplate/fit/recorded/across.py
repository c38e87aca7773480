# SPDX-License-Identifier: GPL-3.0-or-later
"""Learned from one recording, judged on another: the next donning, the next day, another task."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from endplate.errors import CalibrationError
from endplate.fit.recorded.trials import Part, Trials


def across(learned: Trials, judged: Trials) -> Trials:
    """All of `learned` to learn from, all of `judged` to judge on. Raises CalibrationError."""
    if not learned.dofs or not judged.dofs:
        silent = judged if learned.dofs else learned
        raise CalibrationError(f"{silent.name} holds no movements: give a recording with cues.")
    counts = [trials.parts[0].uv.shape[1] for trials in (learned, judged)]
    if learned.rate_hz != judged.rate_hz or counts[0] != counts[1]:
        raise CalibrationError(
            f"{learned.name} has {counts[0]} channels at {learned.rate_hz:g} samples/s, "
            f"{judged.name} {counts[1]} at {judged.rate_hz:g}: they have to be of one montage and "
            "rate."
        )
    new = [dof for dof in judged.dofs if dof not in learned.dofs]
    if new:
        raise CalibrationError(
            f"{judged.name} moves {', '.join(new)}, which {learned.name} does not: nothing can be "
            "learned of it."
        )
    columns = [learned.dofs.index(dof) for dof in judged.dofs]
    parts = [replace(part, test=False) for part in learned.parts]
    parts += [_judged(part, columns, len(learned.dofs)) for part in judged.parts]
    return replace(
        learned, name=f"{judged.name} after {learned.name}", parts=parts,
        combined=learned.combined or judged.combined, note="",
        halves=f"Learned from {learned.name}, judged on {judged.name}",
    )  # fmt: skip


def _judged(part: Part, columns: list[int], dofs: int) -> Part:
    y = np.zeros((len(part.y), dofs))
    y[:, columns] = part.y
    y[~np.isfinite(part.y).all(1)] = np.nan
    return replace(part, y=y, test=True)
