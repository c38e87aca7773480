# SPDX-License-Identifier: GPL-3.0-or-later
"""Direct control to fall back on, made at every calibration: two sites a DoF, thresholds, gains.

It asks nothing of the muscles' pattern, so it still works when that pattern is none that the
decoder knows. It drives only when somebody switches to it (live/shadow.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from endplate import core_decoder
from endplate.errors import CalibrationError
from endplate.fit import auto, shaping
from endplate.fit.recorded.cued import Cued
from endplate.live import decoder as made

CANDIDATE = auto.BY_NAME["direct"]


def direct(cued: Cued, data: auto.Data) -> dict[str, Any]:
    """`Profile.direct` of these data; {} and a sentence in cued.says when none can be made."""
    try:
        decoder = auto.train(data, CANDIDATE, {})
        held_out = np.where(cued.frames.used[:, None], _run(decoder, cued, data), np.nan)
    except CalibrationError as error:
        cued.says.append(f"There is no direct control to fall back on: {error}")
        return {}
    intent = np.nan_to_num(held_out)
    shape, _ = shaping.shapes(intent, held_out, cued.frames, cued.reference, cued.dofs)
    look = cued.look.seen(CANDIDATE.statistics, CANDIDATE.form)
    needs = core_decoder.heard(made.settings(decoder), look.settings())
    return {"decoder": decoder, "needs": needs, "shape": shape}


def _run(decoder: dict[str, Any], cued: Cued, data: auto.Data) -> np.ndarray:
    return auto.run(decoder, data.seen(CANDIDATE), data.frames.sequence)[: len(cued.frames)]
