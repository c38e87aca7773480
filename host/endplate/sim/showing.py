# SPDX-License-Identifier: GPL-3.0-or-later
"""What one looks at to believe a simulated person: sites against intents, and how muscles tire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfilt

from endplate.sim.muscle import RATE_HZ
from endplate.sim.patient import Patient
from endplate.sim.prompts import DOFS, Prompt
from endplate.sim.validation import median_hz

BLOCKS_S = 50  # blocks in a second
RISE_S, HELD_S = 0.3, 2.0
SHORT_S, PAUSE_S, EVERY_S, SETTLE_S = 5.0, 5, 30, 1  # of the short contractions while it rests


def directions(dofs: Sequence[str]) -> list[tuple[str, float]]:
    """Each DoF's two directions."""
    return [(dof, sign) for dof in dofs for sign in (1.0, -1.0)]


def held(dof: str, sign: float, seconds: float) -> Prompt:
    """A comfortable contraction of one direction."""
    target = tuple(sign if name == dof else 0.0 for name in DOFS)
    return Prompt(target, RISE_S, seconds, RISE_S)


def clean(patient: Patient, seconds: float) -> np.ndarray:
    """The next `seconds` at 2 kHz, above 20 Hz, microvolt [samples, sites]."""
    uv = np.concatenate([patient.raw_block()[0] for _ in range(round(seconds * BLOCKS_S))])
    return sosfilt(butter(2, 20.0, "highpass", fs=RATE_HZ, output="sos"), uv - uv[0], axis=0)


def site_matrix(
    preset: str, seed: int, dofs: Sequence[str], knobs: Mapping[str, float] | None = None
) -> np.ndarray:
    """RMS in microvolt of each site [directions, sites] while one direction is held."""
    rows = []
    for dof, sign in directions(dofs):
        patient = Patient(preset, seed, knobs={"mains_uv": 0.0, "heart_uv": 0.0, **(knobs or {})})
        patient.prompt(held(dof, sign, 60.0))
        uv = clean(patient, 1.0 + HELD_S)[int(RATE_HZ) :]
        rows.append(uv.std(axis=0))
    return np.array(rows)


@dataclass(frozen=True)
class Tiring:
    """Per second: time, median frequency and RMS at the best site; whether effort was made."""

    second: np.ndarray
    median_hz: np.ndarray
    rms_uv: np.ndarray
    effort: np.ndarray
    site: int


def tiring(
    preset: str, seed: int, dof: str = "hand", effort_s: int = 120, rest_s: int = 180
) -> Tiring:
    """A comfortable contraction held for `effort_s`, then rest with a short one every 30 s."""
    patient = Patient(preset, seed, knobs={"fatigue": 1.0, "mains_uv": 0.0, "heart_uv": 0.0})
    site = int(np.argmax(site_matrix(preset, seed, [dof])[0]))
    rows = []
    begins = {0: float(effort_s)} | {
        second: SHORT_S for second in range(effort_s + PAUSE_S, effort_s + rest_s, EVERY_S)
    }
    until = 0.0
    since = 0
    for second in range(effort_s + rest_s):
        if second in begins:
            patient.prompt(held(dof, 1.0, begins[second]))
            since, until = second, second + begins[second]
        uv = clean(patient, 1.0)[:, site]
        if since + SETTLE_S <= second < until:
            rows.append((second, median_hz(uv), uv.std(), second < effort_s))
    values = np.array(rows)
    return Tiring(values[:, 0], values[:, 1], values[:, 2], values[:, 3] > 0, site)
