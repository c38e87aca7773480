# SPDX-License-Identifier: GPL-3.0-or-later
"""Timed tasks with things to handle, by the recording's clock: how many blocks in a minute, how
long for three pins. What is counted is typed; the seconds are samples over the board's rate.

Box and Blocks: blocks carried over the partition in 60 s (Mathiowetz 1985, Am J Occup Ther 39:386).
Clothespin relocation: three pins from the lower to the upper rod, seconds until the third stands
(Hussaini and Kyberd 2017, Prosthet Orthot Int 41:294; here the three of one way, counted up).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

PROSTHESIS, OTHER = "prosthesis", "other hand"
HANDS = (PROSTHESIS, OTHER)


@dataclass(frozen=True)
class Task:
    """`limit_s` None counts up; `parts` are to be done in turn, "" alone: one end."""

    kind: str
    name: str
    unit: str
    limit_s: float | None
    parts: tuple[str, ...]
    most: int = 0  # what can be typed; 0: nothing is


TASKS = {
    one.kind: one
    for one in (
        Task("box-and-blocks", "Box and Blocks", "blocks", 60.0, (), 150),
        Task("clothespin", "Clothespin relocation", "s", None, ("pin 1", "pin 2", "pin 3")),
    )
}


@dataclass
class Timing:
    """One task, told indices of samples. `ends` has one for each part that is done, or the one at
    which the time was up."""

    task: Task
    rate_hz: float
    began: int
    ends: list[int] = field(default_factory=list)

    def elapsed_s(self, sample: int) -> float:
        """Until a sample, or the end."""
        last = self.ends[-1] if self.over else sample
        return max(0, last - self.began) / self.rate_hz

    def time_is_up(self, sample: int) -> bool:
        """At this sample, for a task that has a limit."""
        return self.task.limit_s is not None and self.elapsed_s(sample) >= self.task.limit_s - 1e-9

    def end(self, sample: int) -> None:
        """One part is done, or the time is up. Raises ValueError for one before the last."""
        if self.over or sample < (self.ends[-1] if self.ends else self.began):
            raise ValueError("a part ends after it began, and once")
        self.ends.append(sample)

    @property
    def over(self) -> bool:
        """Nothing more is to be done."""
        return len(self.ends) >= max(1, len(self.task.parts))

    @property
    def part(self) -> str:
        """What ends next."""
        return "" if self.over or not self.task.parts else self.task.parts[len(self.ends)]

    def record(self, hand: str, count: int | None = None, **more: Any) -> dict[str, Any]:
        """What is kept. `count` as it was typed."""
        kept = {
            "hand": hand, "rate_hz": self.rate_hz, "first_sample": self.began,
            "last_sample": self.ends[-1], "ends": list(self.ends), "count": count,
            "rules": {"limit_s": self.task.limit_s, "parts": list(self.task.parts)}, **more,
        }  # fmt: skip
        return {**kept, "figures": again(kept, np.zeros((0, 0)), 0.0)}


def again(record: Mapping[str, Any], velocities: np.ndarray, hop_seconds: float) -> dict[str, Any]:
    """The figures of a kept task; its samples and its count are all that they come of.

    `score` is the count, or the seconds where nothing is counted; `parts_s` are seconds from the
    start to the end of each part.
    """
    parts = [(end - record["first_sample"]) / record["rate_hz"] for end in record["ends"]]
    count = record["count"]
    return {
        "score": parts[-1] if count is None else count, "seconds": parts[-1], "parts_s": parts,
    }  # fmt: skip
