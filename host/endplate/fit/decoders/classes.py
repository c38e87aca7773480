# SPDX-License-Identifier: GPL-3.0-or-later
"""Which movement, and how much: a discriminant with a forward filter, an amplitude per class.

The discriminant is Fisher's (classes weigh the same, one covariance), with the scores of a small
kernel machine added where it helps. Combinations are classes of their own where they were made or
added. Evidence of overlapping windows is the same evidence: it is divided by their overlap.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from endplate.errors import CalibrationError
from endplate.fit import ridge
from endplate.fit.decoders import fourier
from endplate.fit.decoders.lesson import Lesson
from endplate.live import decoder as made

OPTIONS: tuple[dict[str, Any], ...] = ({"kernel": 4.0}, {"kernel": 0.0})
MOVES, STILL = 0.2, 0.1  # of a target: beyond it a class is meant; between, nobody knows which
SHRINK = 3e-3  # of the covariance towards a multiple of one
STAY_S = 1.0  # how long a class lasts, in the mean
TO_REST = 0.98  # share of the changes that go to rest
AMPLITUDE_LAMBDA = 1e-4
TEMPER = 2.5  # the discriminant's log likelihoods are too sure of themselves by so much
KERNEL_FEATURES, KERNEL_GAMMA, KERNEL_LAMBDA = 256, 1.0, 1e-2
MOST_CLASSES = 20
#: Log likelihood that a pair must have in advance of its movements: it is meant less often.
#: Without, ten people's single movements strayed into pairs (R^2 0.871 instead of 0.891, a
#: repetition left out; combinations 0.825 instead of 0.813).
PAIR_COST = 1.0


def patterns(y: np.ndarray) -> np.ndarray:
    """Signs of the targets that are meant, int [hops, dofs]."""
    return np.where(np.abs(y) > MOVES, np.sign(y), 0).astype(int)


def movements(lesson: Lesson) -> list[tuple[int, ...]]:
    """The classes but rest: sign patterns that were held somewhere, single ones first."""
    seen = np.abs(lesson.frames.y).max(1) > 0.5
    signs = patterns(lesson.frames.y)[lesson.training & seen]
    found = {tuple(row) for row in np.unique(signs, axis=0).tolist() if any(row)}
    single = sorted((p for p in found if np.count_nonzero(p) == 1), reverse=True)
    both = []
    for a, b in combinations(single, 2):
        pair = tuple(int(x) for x in np.add(a, b))
        if pair in found and np.count_nonzero(pair) == 2:
            both.append(pair)
    classes = [*single, *both]
    return classes if len(classes) < MOST_CLASSES else single


def labels(lesson: Lesson, classes: list[tuple[int, ...]]) -> np.ndarray:
    """Class of each hop: its movement, the number of movements for rest, -1 for neither."""
    y = lesson.frames.y
    found = np.full(len(y), -1)
    found[lesson.frames.resting & (np.abs(y).max(1) < STILL)] = len(classes)
    signs = patterns(y)
    half = (np.abs(y) > STILL) & (signs == 0)
    for number, pattern in enumerate(classes):
        found[(signs == pattern).all(1) & ~half.any(1)] = number
    return found


def train(lesson: Lesson, *, kernel: float = 0.0, temper: float = TEMPER) -> dict[str, Any]:
    """The decoder."""
    pool = made.Pool()
    learned = learn(lesson)
    parts: dict[str, Any] = {"classes": part(pool, lesson, learned, temper)}
    if kernel:
        form = fourier.shape(lesson, lesson.powers, KERNEL_FEATURES, KERNEL_GAMMA)
        weight, bias = scores(lesson, learned, form, kernel)
        parts["fourier"] = made.fourier(pool, **form, weight=weight, bias=bias)
    return made.finished(
        "classes", inputs=lesson.inputs, dofs=lesson.frames.y.shape[1], pool=pool, **parts
    )


@dataclass(frozen=True)
class Learned:
    """The classes but rest; hops that are sure of theirs, with label and weight (sum 1)."""

    classes: list[tuple[int, ...]]
    hops: np.ndarray
    label: np.ndarray
    weight: np.ndarray


def learn(lesson: Lesson) -> Learned:
    """What there is to tell apart."""
    classes = movements(lesson)
    label = labels(lesson, classes)
    hops = np.flatnonzero(lesson.training & (label >= 0))
    kept, label = sorted(set(label[hops].tolist())), label[hops]
    if kept != list(range(len(classes) + 1)):  # rest or a movement was never clearly held
        if kept[-1:] != [len(classes)] or len(kept) < 2:
            raise CalibrationError(
                "The calibration holds no rest and movement that can be told apart: repeat it, and "
                "relax while the screen says so."
            )
        classes = [classes[k] for k in kept[:-1]]
        label = np.searchsorted(kept, label)
    weight = 1.0 / np.bincount(label)[label]
    return Learned(classes, hops, label, weight / weight.sum())


def bits(lesson: Lesson) -> float:
    """log2 likelihood of one hop per unit of log likelihood of independent ones."""
    return 1.0 / (math.log(2) * lesson.overlap)


def part(pool: made.Pool, lesson: Lesson, learned: Learned, temper: float) -> dict[str, Any]:
    """`classes_config`, its numbers added to the pool."""
    vectors = lesson.vectors[learned.hops].astype(float)
    score, bias = discriminant(vectors, learned.label, learned.weight)
    several = np.count_nonzero(learned.classes, axis=1) > 1
    bias[:-1] -= np.where(several, PAIR_COST * temper, 0.0)
    scale, stay = bits(lesson) / temper, math.exp(-lesson.step_s / STAY_S)
    return {
        "classes": len(learned.classes) + 1,
        "score": made.linear(pool, score * scale, bias * scale),
        "stay": stay,
        "to_rest": TO_REST * (1 - stay),
        "amplitude": lesson.amplitude,
        "sign_at": pool.add(np.array(learned.classes, float)),
        "amplitude_at": pool.add(amplitudes(lesson, learned.classes)),
    }


def scores(
    lesson: Lesson, learned: Learned, form: dict[str, Any], kernel: float
) -> tuple[np.ndarray, np.ndarray]:
    """Weights [classes, features] and bias [classes] of a kernel machine's scores."""
    kept = lesson.thinned(np.arange(len(learned.hops)))
    phi = fourier.features_of(lesson, form, learned.hops[kept])
    target = np.eye(len(learned.classes) + 1)[learned.label[kept]]
    nobody, share = np.zeros(len(kept), bool), learned.weight[kept] / learned.weight[kept].sum()
    weight, bias = ridge.fit(phi, target, share, KERNEL_LAMBDA, nobody)
    return weight * kernel * bits(lesson), bias * kernel * bits(lesson)


def discriminant(
    x: np.ndarray, label: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Fisher's linear discriminant: log likelihoods W x + b up to what all classes share.

    x [hops, inputs], label [hops] 0.., weight [hops] of sum 1; returns [classes, inputs],
    [classes].
    """
    mean = np.stack([x[label == k].mean(0) for k in range(label.max() + 1)])
    scale = np.sqrt(weight @ np.square(x - weight @ x))
    still = scale <= 1e-6  # of a site that is left out
    scale = np.where(still, 1.0, scale)
    off = (x - mean[label]) / scale
    spread = (off * weight[:, None]).T @ off
    spread += (SHRINK * np.trace(spread) / len(spread) + 1e-9) * np.eye(len(spread))
    centre = mean.mean(0)
    w = np.linalg.solve(spread, ((mean - centre) / scale).T).T
    w[:, still] = 0.0
    bias = -0.5 * np.einsum("kd,kd->k", w, (mean - centre) / scale) - w @ (centre / scale)
    return w / scale, bias


def amplitudes(lesson: Lesson, classes: list[tuple[int, ...]]) -> np.ndarray:
    """Weights of the size of each DoF in each class, [classes, dofs, amplitude + 1]."""
    frames, dofs = lesson.frames, lesson.frames.y.shape[1]
    x = lesson.vectors[:, : lesson.amplitude].astype(float)
    scale = np.maximum(np.percentile(np.abs(x[lesson.training]), 90, axis=0), 1e-6)
    still = np.append(np.ptp(x[lesson.training], axis=0) == 0, False)
    x = np.concatenate([x / scale, np.ones((len(x), 1))], axis=1)
    penalty = AMPLITUDE_LAMBDA * np.diag([1.0] * lesson.amplitude + [0.0])
    signs = np.where(np.abs(frames.y) > 1e-3, np.sign(frames.y), 0)
    rest = lesson.training & frames.resting
    made_ = np.zeros((len(classes), dofs, lesson.amplitude + 1))
    for k, pattern in enumerate(classes):
        mine = lesson.training & (signs == pattern).all(1)
        hops = mine | rest
        gram = x[hops].T @ x[hops] / hops.sum() + penalty
        for d in np.flatnonzero(pattern):
            size = np.where(mine[hops], frames.y[hops, d] * pattern[d], 0.0)
            w = np.linalg.solve(gram + 1e-9 * np.eye(len(gram)), x[hops].T @ size / hops.sum())
            made_[k, d] = np.where(still, 0.0, w / np.append(scale, 1.0))
    return made_
