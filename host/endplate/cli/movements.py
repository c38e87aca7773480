# SPDX-License-Identifier: GPL-3.0-or-later
"""Held-out movements for the bench: single and combined, at efforts that the calibration did not
show."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from endplate.fit.guided.protocol import Cue, words

COMBINED_SHARE = 0.4


def held_out(dofs: Sequence[str], seconds: float, seed: int) -> Iterator[Cue]:
    """Cues for about `seconds`: every direction alone and in pairs, efforts 0.4..1, other ramps
    than in calibration.

    Each DoF direction and each combination comes in a shuffled round before any repeats.
    """
    chance = random.Random(seed)
    singles = [{dof: sign} for dof in dofs for sign in (1.0, -1.0)]
    pairs = [
        {a: sa, b: sb}
        for i, a in enumerate(dofs)
        for b in dofs[i + 1 :]
        for sa in (1.0, -1.0)
        for sb in (1.0, -1.0)
    ]
    left = seconds
    queue: list[dict[str, float]] = []
    while left > 0:
        if not queue:
            wanted = round(len(singles) * COMBINED_SHARE / (1 - COMBINED_SHARE))
            queue = singles + chance.sample(pairs, min(len(pairs), wanted))
            chance.shuffle(queue)
        target = {
            dof: round(sign * chance.uniform(0.4, 1.0), 2) for dof, sign in queue.pop().items()
        }
        cue = Cue(
            label=" + ".join(
                f"{words(dof, value)} {100 * abs(value):.0f} %" for dof, value in target.items()
            ),
            target=target,
            rise_s=round(chance.uniform(0.5, 1.2), 2),
            hold_s=round(chance.uniform(0.8, 1.8), 2),
            fall_s=round(chance.uniform(0.4, 1.0), 2),
            rest_s=round(chance.uniform(1.0, 2.0), 2),
            kind="combination" if len(target) > 1 else "trapezoid",
        )
        left -= cue.rise_s + cue.hold_s + cue.fall_s + cue.rest_s
        yield cue
