# SPDX-License-Identifier: GPL-3.0-or-later
"""Parallel dual-site direct control: sites, thresholds and gains found from the calibration.

For each direction the site that says most of it alone; its threshold lies above what the site says
when something else is meant, its gain brings a comfortable contraction to full speed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from endplate.fit.decoders.lesson import Lesson
from endplate.live import decoder as made

OPTIONS: tuple[dict[str, Any], ...] = ({},)
OTHERS_QUANTILE = 0.95  # of what a site says while something else is meant
LEAST_THRESHOLD, MOST_SHARE = 0.05, 0.5  # of an activation; of the site's own comfortable one
HELD = 0.9
MOST_GAIN = 20.0
FULL_QUANTILE = 0.5  # of the holds
SWITCH_S = 0.3
SWITCH_LEVEL = 0.7  # of a comfortable contraction of both sites at once


def train(lesson: Lesson) -> dict[str, Any]:
    """The decoder."""
    dofs = lesson.frames.y.shape[1]
    sides = {(d, sign): _side(lesson, d, sign, set()) for d in range(dofs) for sign in (1, -1)}
    if 2 * dofs > lesson.sites:  # too few sites: one pair for all, switched by co-contraction
        pairs = [_shared(lesson, dofs)]
    else:
        taken: set[int] = set()
        for key in sorted(sides, key=lambda k: -sides[k]["isolation"]):
            if sides[key]["site"] >= 0 and sides[key]["site"] in taken:
                sides[key] = _side(lesson, *key, taken)
            taken.add(sides[key]["site"])
        pairs = [
            {"positive": _bare(sides[d, 1]), "negative": _bare(sides[d, -1]), "dofs": 1 << d}
            for d in range(dofs)
        ]
    hops = max(1, round(SWITCH_S / lesson.step_s))
    highest = max(max(p["positive"]["threshold"], p["negative"]["threshold"]) for p in pairs)
    part = {
        "pairs": len(pairs), "switch_level": max(SWITCH_LEVEL, 1.2 * highest), "switch_hops": hops,
        "pair": pairs,
    }  # fmt: skip
    return made.finished("direct", inputs=lesson.inputs, dofs=dofs, pool=made.Pool(), direct=part)


def _bare(side: dict[str, Any]) -> dict[str, Any]:
    return {name: side[name] for name in ("site", "threshold", "gain")}


def _side(lesson: Lesson, dof: int, sign: int, taken: set[int]) -> dict[str, Any]:
    """The best free site for a direction, with its threshold and gain."""
    u = lesson.vectors[:, : lesson.sites].astype(float)
    y = lesson.frames.y[:, dof] * sign
    if not (lesson.training & (y > 0.5)).any():  # this direction is never meant
        return {"site": -1, "threshold": 1.0, "gain": 0.0, "isolation": -2.0}
    others = lesson.training & (y < 0.05)
    if not others.any():  # always meant: what is least of it
        others = lesson.training & (y <= np.quantile(y[lesson.training], 0.05))
    held = lesson.training & (y > HELD) & ~lesson.frames.added
    if not held.any():
        held = lesson.training & (y > 0.5)
    own = np.quantile(u[held], FULL_QUANTILE, axis=0)
    noise = np.quantile(u[others], OTHERS_QUANTILE, axis=0)
    isolation = own / np.maximum(noise, 1e-3)
    isolation[[site for site in taken if site >= 0]] = -1.0
    site = int(np.argmax(np.where(own > 0, isolation, -0.5)))
    most = max(LEAST_THRESHOLD, MOST_SHARE * own[site])
    threshold = float(np.clip(noise[site], LEAST_THRESHOLD, most))
    gain = min(1.0 / max(own[site] - threshold, 0.05), MOST_GAIN)
    return {"site": site, "threshold": threshold, "gain": gain, "isolation": isolation[site]}


def _shared(lesson: Lesson, dofs: int) -> dict[str, Any]:
    """One pair that drives every DoF, one at a time."""
    positive = _side(lesson, 0, 1, set())
    negative = _side(lesson, 0, -1, {positive["site"]})
    return {"positive": _bare(positive), "negative": _bare(negative), "dofs": (1 << dofs) - 1}
