# SPDX-License-Identifier: GPL-3.0-or-later
"""The mean of classes and regression: one says which movement, the other how much."""

from __future__ import annotations

from typing import Any

import numpy as np

from endplate.fit.decoders import classes, fourier
from endplate.fit.decoders.lesson import Lesson
from endplate.live import decoder as made

OPTIONS: tuple[dict[str, Any], ...] = (
    {"kernel": 4.0, "share": 0.3, "quiet": 0.08}, {"kernel": 0.0, "share": 0.3, "quiet": 0.08},
)  # fmt: skip
FEATURES, GAMMA, LAMBDA = 192, 1.0, 3e-3  # random features, shared by both; of the regression


def train(
    lesson: Lesson, *, share: float, quiet: float, kernel: float, temper: float = classes.TEMPER
) -> dict[str, Any]:
    """The decoder."""
    pool = made.Pool()
    learned = classes.learn(lesson)
    form = fourier.shape(lesson, lesson.powers, FEATURES, GAMMA)
    score, score_bias = classes.scores(lesson, learned, form, kernel)
    weight, bias = fourier.weights(lesson, form, LAMBDA)
    parts = {
        "classes": classes.part(pool, lesson, learned, temper),
        "fourier": made.fourier(
            pool, **form, weight=np.concatenate([score, weight]),
            bias=np.concatenate([score_bias, bias]),
        ),
    }  # fmt: skip
    return made.finished(
        "mean", inputs=lesson.inputs, dofs=lesson.frames.y.shape[1], pool=pool, share=share,
        quiet=quiet, **parts,
    )  # fmt: skip
