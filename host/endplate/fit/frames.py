# SPDX-License-Identifier: GPL-3.0-or-later
"""What a decoder learns from and is judged by: a row per hop, with what was meant.

Hops of real movements come first; combinations that nobody made, sums of two movements, may be
added behind them, so that a decoder that does not add by itself (classes, random features) learns
both at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from endplate.fit.features import Statistics, superposed


@dataclass(frozen=True)
class Frames:
    """What is meant at each hop.

    `y` [hops, dofs]; `resting` bool: nothing is meant; `arm` bool: of these, the arm moves;
    `used` bool: not to be trusted otherwise; `repetition` [hops]: number of the repetition, -1
    where the frame is always trained on; `cue` [hops]: index of the cue, -1 before the first;
    `added` bool: a combination that was added; `sequence` [hops]: hops of one number follow each
    other in time.
    """

    y: np.ndarray
    resting: np.ndarray
    arm: np.ndarray
    used: np.ndarray
    repetition: np.ndarray
    cue: np.ndarray
    added: np.ndarray
    sequence: np.ndarray

    @classmethod
    def of(cls, y, resting, arm, used, repetition, cue=None) -> Frames:
        """Frames of one recording: one sequence, nothing added."""
        none = np.zeros(len(y), int)
        return cls(y, resting, arm, used, repetition, none if cue is None else cue,
                   np.zeros(len(y), bool), none)  # fmt: skip

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, hops) -> Frames:
        return Frames(*(getattr(self, name)[hops] for name in self.__dataclass_fields__))

    def then(self, other: Frames) -> Frames:
        """These and then the other's."""
        pairs = [(getattr(self, n), getattr(other, n)) for n in self.__dataclass_fields__]
        return Frames(*(np.concatenate(pair) for pair in pairs))

    def training(self, left_out: int | None) -> np.ndarray:
        """Mask of the frames to train on without one repetition (None: all)."""
        return self.used if left_out is None else self.used & (self.repetition != left_out)

    def numbers(self) -> list[int]:
        """The repetitions there are."""
        return sorted(set(self.repetition[self.repetition >= 0].tolist()))


def with_combinations(statistics: Statistics, frames: Frames) -> tuple[Statistics, Frames]:
    """Adds the sum of every two movements of different DoF, repetition by repetition.

    Two cues of the same repetition are laid over each other from their first frame on. Frames that
    are not to be trusted in one of them are not in the sum.
    """
    calm = frames.resting & frames.used
    rest = Statistics(*(np.median(part[calm], axis=0) for part in statistics.parts))
    made = [(statistics, frames)]
    sequence = int(frames.sequence.max(initial=0))
    for number in frames.numbers():
        cues = _single_cues(frames, number)
        for (dof, first), (other, second) in combinations(cues, 2):
            n = min(len(first), len(second))
            if dof == other or n == 0:
                continue
            sequence += 1
            a, b = first[:n], second[:n]
            both = replace(
                frames[a],
                y=frames.y[a] + frames.y[b],
                resting=frames.resting[a] & frames.resting[b],
                used=frames.used[a] & frames.used[b],
                added=np.ones(n, bool),
                sequence=np.full(n, sequence),
            )
            made.append((superposed(statistics[a], statistics[b], rest), both))
    parts = [np.concatenate(p) for p in zip(*(s.parts for s, _ in made), strict=True)]
    fields = Frames.__dataclass_fields__
    columns = [np.concatenate([getattr(f, name) for _, f in made]) for name in fields]
    return Statistics(*parts), Frames(*columns)


def _single_cues(frames: Frames, number: int) -> list[tuple[int, np.ndarray]]:
    """(DoF, hops) of the cues of a repetition that move one DoF alone."""
    found = []
    mine = (frames.repetition == number) & ~frames.added
    for cue in np.unique(frames.cue[mine]):
        hops = np.flatnonzero(mine & (frames.cue == cue))
        moved = np.flatnonzero(np.abs(frames.y[hops]).max(0) > 0.5)
        if len(moved) == 1:
            found.append((int(moved[0]), hops))
    return found
