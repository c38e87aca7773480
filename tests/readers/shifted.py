# SPDX-License-Identifier: GPL-3.0-or-later
"""myo-electrodeshift: what a decoder loses when the armband moves, and what half a minute regains.

Learned before the shift; touched up on the first set after it (30 s); judged on the other sets.
"""

import numpy as np

from endplate.fit import auto
from endplate.fit.donning.touch_up import adapted
from endplate.fit.recorded.trials import Trials, hops, look
from readers import myo_electrodeshift

SETS = ("training",), ("trial_1",), ("trial_2", "trial_3", "trial_4")
BEYOND = 0.3  # of an output: it is taken for a movement


def accuracy(output, y):
    """Share of the hops in which the class is right, rest among them."""

    def kind(v):
        which = np.abs(v).argmax(1)
        sign = np.take_along_axis(v, which[:, None], 1)[:, 0] < 0
        return np.where(np.abs(v).max(1) < BEYOND, 0, 1 + 2 * which + sign)

    return float((kind(output) == kind(y)).mean())


def figures(path, name):
    """Accuracy and R^2 [3, 2] of a decoder: before the shift (each repetition by what the others
    taught), after it, touched up."""
    candidate = auto.BY_NAME[name]
    options = candidate.tried[0]
    old, new, unseen = (
        hops(Trials(path.stem, myo_electrodeshift.RATE_HZ, myo_electrodeshift.DOFS,
                    myo_electrodeshift.parts(path, wanted, False)))
        for wanted in SETS
    )  # fmt: skip
    looks = [look(each.statistics, each.frames) for each in (old, new)]
    before, short, then, later = (
        auto.Data(each.statistics, each.frames, how, each.overlap, each.step_s, ("a", "b"))
        for each, how in ((old, looks[0]), (new, looks[1]), (unseen, looks[0]), (unseen, looks[1]))
    )
    decoder = auto.train(before, candidate, options)
    touched = adapted(decoder, short, candidate, options)
    sequence = unseen.frames.sequence
    outputs = (
        (auto.held_out(before, candidate, options), old.frames),
        (auto.run(decoder, then.seen(candidate), sequence), unseen.frames),
        (auto.run(touched, later.seen(candidate), sequence), unseen.frames),
    )
    return [[accuracy(x, frames.y), auto.score(x, frames)["r2"]] for x, frames in outputs]
