# SPDX-License-Identifier: GPL-3.0-or-later
"""What was tuned while the patient drove is kept: a version of the visit's profile."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from endplate.clinic.desk import PROFILE
from endplate.live.profile_file import load_profile
from endplate.live.profile_versions import keep
from endplate.live.tuning import LEAST_DEAD_BAND, MOST_DEAD_BAND, Tune

WHY = "tuned by hand"
DEAD_BANDS = (LEAST_DEAD_BAND, MOST_DEAD_BAND)  # that a session takes


def keep_tuned(path: Path, visit: Path, fields: dict[str, Any], *, direct: bool) -> Path:
    """Writes the numbers of a request `tune` into the profile at `path` and returns where.

    `visit` is the visit's folder: a profile of an earlier visit stays as it was, and the changed
    one becomes this visit's. `direct`: they are of the direct control that the profile holds.
    Raises ProfileError.
    """
    profile, wanted = load_profile(path), Tune.of(fields)
    out = path if path.parent == visit else visit / PROFILE
    if out != path and out.exists():  # tuned before, and the session has not heard where it is
        today = load_profile(out)
        if (today.name, today.created) == (profile.name, profile.created):
            profile = today
    if direct:
        shape = wanted.of_shapes(profile.direct["shape"])
        profile = replace(profile, direct={**profile.direct, "shape": shape})
    else:
        profile = replace(profile, shape=wanted.of_shapes(profile.shape))
    keep(profile, out, WHY)
    return out
