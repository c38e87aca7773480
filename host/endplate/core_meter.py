# SPDX-License-Identifier: GPL-3.0-or-later
"""The site meters of the core (meter.h): motion, heart, SNR without a rest segment, impedance."""

from __future__ import annotations

from typing import Any

import numpy as np

from endplate.core import CoreError, check, ffi, lib

#: One site, as `meter_site` in firmware/core/meter.h (units there).
SITE = np.dtype(
    [
        ("bits", "<u4"),
        ("motion_uv", "<f4"),
        ("motion_db", "<f4"),
        ("quiet_uv", "<f4"),
        ("active_uv", "<f4"),
        ("snr_db", "<f4"),
        ("duty", "<f4"),
        ("heart_bpm", "<f4"),
        ("heart_uv", "<f4"),
        ("impedance_ohm", "<f4"),
    ]
)
MOTION: int = lib.METER_MOTION
HEART: int = lib.METER_HEART

_COUNTS = ffi.typeof("int32_t[]")
_CLEAN = ffi.typeof("float[]")

assert SITE.itemsize == ffi.sizeof("meter_site")


class Meter:
    """Streaming meters of all sites of a board; `settings` in the shape of `meter_config`.

    The result depends on the samples alone, not on how they are cut into blocks, as long as what is
    doubted and injected changes between frames.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self.config = ffi.new("meter_config *", settings)
        self.sites: int = self.config.sites
        self._state = ffi.new("meter_state *")
        check(lib.meter_init(self._state, self.config), "The meters' configuration cannot be used")

    def process(
        self, counts: np.ndarray, clean: np.ndarray, doubted: int = 0, injecting: int = 0
    ) -> None:
        """Takes counts int32 and the chain's clean signal float32, both [n, sites] in C order.

        `doubted` and `injecting` have a bit per site. Raises CoreError for arrays of another shape.
        """
        shape = (len(counts), self.sites)
        if (counts.shape, clean.shape) != (shape, shape) or clean.dtype != np.float32:
            raise CoreError(lib.CORE_BAD_ARGUMENT, f"Counts and clean must be [n, {self.sites}]")
        counts = np.ascontiguousarray(counts, np.int32)
        lib.meter_process(
            self._state, self.config, ffi.from_buffer(_COUNTS, counts),
            ffi.from_buffer(_CLEAN, np.ascontiguousarray(clean)), len(counts), doubted, injecting,
        )  # fmt: skip

    @property
    def values(self) -> np.ndarray:
        """The meters of every site, a copy, array of SITE [sites]."""
        raw = ffi.buffer(ffi.addressof(self._state, "site"))
        return np.frombuffer(raw, SITE)[: self.sites].copy()
