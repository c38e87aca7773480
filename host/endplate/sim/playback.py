# SPDX-License-Identifier: GPL-3.0-or-later
"""A real recording in the patient's place."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from endplate.errors import BoardError, RecordingError
from endplate.sim.patient import STEPS, Chunk


class Recording:
    """Plays an .npz file: `uv` [n, channels], `rate_hz` of the board, perhaps `intent`."""

    def __init__(self, path: Path, rate_hz: float, loop: bool = False) -> None:
        try:
            with np.load(path) as file:
                uv, rate = np.asarray(file["uv"], float), float(file["rate_hz"])
                intent = (
                    np.asarray(file["intent"], float)
                    if "intent" in file
                    else np.zeros((len(uv), 4))
                )
        except (OSError, KeyError, ValueError, EOFError) as error:
            raise RecordingError(
                f"{path} cannot be played: it must be an .npz file with uv and rate_hz ({error})."
            ) from None
        if uv.ndim != 2 or not len(uv) or len(intent) != len(uv) or not np.isfinite(uv).all():
            raise RecordingError(
                f"{path} cannot be played: uv must be finite numbers [samples, channels]."
            )
        if rate != rate_hz:
            raise BoardError(
                f"{path} holds {rate:g} samples a second, the board makes {rate_hz:g}; resample it."
            )
        self._uv, self._intent, self._loop = uv, intent, loop
        self._at = 0

    @property
    def sites(self) -> int:
        """Channels in the file."""
        return self._uv.shape[1]

    def chunk(self) -> Chunk | None:
        """The next 5 rows (the last one may be shorter), or None when the recording has ended."""
        if self._at >= len(self._uv):
            if not self._loop:
                return None
            self._at = 0
        part = slice(self._at, self._at + STEPS)
        self._at += STEPS
        return Chunk(self._uv[part], self._intent[part])
