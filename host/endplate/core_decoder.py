# SPDX-License-Identifier: GPL-3.0-or-later
"""One decoder and one look of the core alone, without a chain: for training, judging, uploading."""

from __future__ import annotations

from typing import Any

import numpy as np

from endplate.core import CoreError, check, ffi, lib, pooled

_FLOATS = ffi.typeof("float[]")


class Decoder:
    """One decoder alone: vectors of features -> intent (decoder.h), for training and judging.

    `settings` is a nested dict in the shape of `decoder_config`, as in `Chain`. It has a state:
    rows are hops in the order of time, `reset` begins anew.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self._pool, fields = pooled(settings)
        self.config = ffi.new("decoder_config *", fields)
        self._state = ffi.new("decoder_state *")
        self.reset()

    def reset(self) -> None:
        """Forgets all hops. Raises CoreError for settings that contradict themselves."""
        check(lib.decoder_init(self._state, self.config), "The decoder cannot be used")

    def steps(self) -> int:
        """Steps of bounded cost that a hop takes on the hand; forgets all hops."""
        self.reset()
        nothing = ffi.new("float[]", self.config.inputs)
        return int(lib.decoder_steps(self._state, self.config, nothing))

    def process(self, vectors: np.ndarray) -> np.ndarray:
        """Vectors float32 [hops, inputs] -> intent float32 [hops, dofs]."""
        vectors = np.ascontiguousarray(vectors, np.float32)
        if vectors.ndim != 2 or vectors.shape[1] != self.config.inputs:
            raise CoreError(lib.CORE_BAD_ARGUMENT, f"Vectors must be [n, {self.config.inputs}]")
        out = np.zeros((len(vectors), self.config.dofs), np.float32)
        given, made = ffi.from_buffer(_FLOATS, vectors), ffi.from_buffer(_FLOATS, out)
        lib.decoder_run(self._state, self.config, given, len(vectors), made)
        return out

    def fourier_features(self, vectors: np.ndarray) -> np.ndarray:
        """phi of fourier.h, float32 [hops, width * blocks]."""
        vectors = np.ascontiguousarray(vectors, np.float32)
        config = self.config.fourier
        out = np.zeros((len(vectors), config.width * config.blocks), np.float32)
        given, made = ffi.from_buffer(_FLOATS, vectors), ffi.from_buffer(_FLOATS, out)
        pointer, state = (ffi.addressof(c, "fourier") for c in (self.config, self._state))
        run, pool = lib.fourier_features, self.config.pool
        for _ in range(len(vectors)):
            run(state, pointer, pool, given, made)
            given, made = given + vectors.shape[1], made + out.shape[1]
        return out


def heard(decoder: dict[str, Any], features: dict[str, Any]) -> list[list[int]]:
    """Sites [dofs][..] of `features_config` settings that each DoF of a decoder depends on."""
    pool, fields = pooled(decoder)
    config, looked = ffi.new("decoder_config *", fields), ffi.new("features_config *", features)
    check(lib.decoder_check(config), "The decoder cannot be used")
    found = []
    for dof in range(config.dofs):
        bits = 0
        for number in range(config.inputs):
            if lib.decoder_hears(config, dof, number):
                bits |= lib.features_sites(looked, number)
        found.append([site for site in range(looked.sites) if bits >> site & 1])
    return found


def vectors(settings: dict[str, Any], rows: np.ndarray) -> np.ndarray:
    """Rows [hops, features_rows] -> vectors float32 [hops, inputs] of `features_config`
    settings."""
    config = ffi.new("features_config *", settings)
    check(lib.features_check(config), "The features cannot be used")
    rows = np.ascontiguousarray(rows, np.float32)
    out = np.zeros((len(rows), lib.features_inputs(config)), np.float32)
    given, made = ffi.from_buffer(_FLOATS, rows), ffi.from_buffer(_FLOATS, out)
    run = lib.features_vector
    for _ in range(len(rows)):
        run(config, given, 0, made)
        given, made = given + rows.shape[1], made + out.shape[1]
    return out


def inputs(settings: dict[str, Any]) -> int:
    """Numbers in the vector of `features_config` settings."""
    return int(lib.features_inputs(ffi.new("features_config *", settings)))
