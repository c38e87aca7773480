# SPDX-License-Identifier: GPL-3.0-or-later
"""What each site says of each intent, then and today, and which site of today is which of then."""

from __future__ import annotations

import numpy as np

from endplate.errors import CalibrationError
from endplate.fit import assignment
from endplate.fit.guided.protocol import words
from endplate.fit.recorded.cued import Cued
from endplate.live.profile import Profile

ALIKE = 0.92  # cosine of two patterns over the intents that are the same
HARDLY = 0.80  # below it none of several sites that are swapped may lie
CLEARLY = 0.10  # by so much the mean cosine must gain before sites count as swapped
LEAST_SIGNAL_DB = 6.0  # over rest, at the site's loudest intent: below it a site hears nothing
LEAST_GAIN = 0.05


def of_profile(profile: Profile) -> np.ndarray:
    """Microvolt above rest [sites, intents] of a profile, intents in the order of its DoF, positive
    first. Raises CalibrationError."""
    matrix = profile.report.get("site_matrix", {})
    rows = []
    for dof in profile.dofs:
        for sign in (1.0, -1.0):
            row = matrix.get(words(dof, sign))
            if not isinstance(row, list) or len(row) != len(profile.channels):
                raise CalibrationError(
                    f"The profile {profile.name} does not say what its sites heard: calibrate "
                    "again."
                )
            rows.append(np.array(row, float) * np.array(profile.reference_uv))
    return np.array(rows).T


def of_cued(cued: Cued) -> np.ndarray:
    """The same of a cued recording [sites, intents], in its order of sites."""
    return np.array([cued.matrix[dof, sign] for dof in cued.dofs for sign in (1.0, -1.0)]).T


def over_rest_db(cued: Cued) -> np.ndarray:
    """Of each site's loudest intent, [sites]."""
    return _over_db(of_cued(cued), np.sqrt(cued.rest))


def over_rest_then_db(profile: Profile) -> np.ndarray:
    """The same of a profile, [sites]."""
    return _over_db(of_profile(profile), np.sqrt(rest_of_profile(profile)))


def rest_of_profile(profile: Profile) -> np.ndarray:
    """Power of rest alone, microvolt^2 [sites]: `rest_uv2` may hold arm motion as well."""
    said = profile.report.get("rest_uv", [])
    if len(said) != len(profile.channels) or any(value is None for value in said):
        return np.array(profile.rest_uv2)
    return np.minimum(np.square(np.array(said, float)), profile.rest_uv2)


def _over_db(uv: np.ndarray, rest_uv: np.ndarray) -> np.ndarray:
    return 20 * np.log10(np.maximum(uv.max(1), 1e-3) / np.maximum(rest_uv, 1e-3))


def cosines(then: np.ndarray, today: np.ndarray) -> np.ndarray:
    """Likeness [sites then, sites today] of patterns [sites, intents]."""
    a, b = (x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9) for x in (then, today))
    return a @ b.T


def assigned(then: np.ndarray, today: np.ndarray) -> np.ndarray:
    """Which site of today [sites] hears what each site of then heard: the identity, unless others
    are clearly more alike."""
    alike = cosines(then, today)
    same = np.arange(len(then))
    if not np.isfinite(alike).all():
        return same
    _, order = assignment.assigned(alike + 1e-6 * np.eye(len(then)))
    moved = order != same
    if not moved.any():
        return same
    gained = alike[same, order] - alike[same, same]
    now = alike[same, order][moved]
    if gained[moved].mean() < CLEARLY or now.mean() < ALIKE or now.min() < HARDLY:
        return same
    return order


def gains(then: np.ndarray, today: np.ndarray) -> np.ndarray:
    """Amplitude today over that of then [sites], by least squares; both [sites, intents]."""
    size = np.maximum((then**2).sum(1), 1e-9)
    return np.maximum((then * today).sum(1) / size, LEAST_GAIN)


def moved(order: np.ndarray) -> bool:
    """Whether any site hears what another did."""
    return bool((order != np.arange(len(order))).any())


def turned(order: np.ndarray) -> int:
    """By how many places a band of sites was turned, 0 when it is no rotation."""
    n = len(order)
    by = int(order[0]) % n
    if not by or not np.array_equal(order, (np.arange(n) + by) % n):
        return 0
    return by if by <= n // 2 else by - n
