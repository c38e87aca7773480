# SPDX-License-Identifier: GPL-3.0-or-later
"""What a requirement was found to be, and how a time that is known only roughly is judged.

The hand tells its state 50 times a second. A change that it shows in one STATE happened after the
STATE before and by this one, both on the hand's clock; where a time begins with a frame of the
host's, the error of the clock comparison is added. FAILED is said only when even the kindest
reading breaks the limit, PASSED only when the reading at face value keeps it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from endplate.conformance.subject import Subject


class Verdict(StrEnum):
    """As printed."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    NOT_JUDGED = "NOT JUDGED"
    SKIPPED = "SKIPPED"


@dataclass(frozen=True)
class Finding:
    """The verdict, what was measured beside what is allowed, and what else there is to say."""

    verdict: Verdict
    measured: str
    allowed: str
    note: str = ""


class NotMeasurableError(Exception):
    """The circumstances did not allow a verdict; the text is the reason. Not meant to be seen as an
    error: the requirement is tried again, then reported as NOT JUDGED."""


class LackingError(Exception):
    """The hand has not what the requirement is about, or too little is known of it here; the text
    is the reason. The requirement is SKIPPED."""


@dataclass(frozen=True)
class Requirement:
    """One row of the table. `hazard` is the id in firmware/DESIGN.md, `check` measures;
    `power_cycle`: the hand needs one afterwards; `needs`: bit of HELLO_ACK's capabilities without
    which it is skipped."""

    id: str
    hazard: str
    words: str
    check: Callable[[Subject], Finding]
    power_cycle: bool = False
    needs: int | None = None


@dataclass(frozen=True)
class Reading:
    """When something happened, ms after the event it is counted from: later than `after_ms`, by
    `by_ms`, both wrong by `error_ms` at most."""

    after_ms: float
    by_ms: float
    error_ms: float

    def __str__(self) -> str:
        if self.by_ms == float("inf"):
            return f"not within {self.after_ms:.0f} ms"
        return f"{self.by_ms:.0f} ms (after {self.after_ms:.0f}; clocks +-{self.error_ms:.1f})"


def holds(good: bool, measured: str, allowed: str, note: str = "") -> Finding:
    """A plain yes or no."""
    return Finding(Verdict.PASSED if good else Verdict.FAILED, measured, allowed, note)


def in_time(reading: Reading, most_ms: float, least_ms: float = 0.0, note: str = "") -> Finding:
    """A time against its limits. Raises NotMeasurableError where the resolution leaves it open."""
    allowed = f"{least_ms:.0f} to {most_ms:.0f} ms" if least_ms else f"{most_ms:.0f} ms"
    if reading.after_ms - reading.error_ms > most_ms or reading.by_ms + reading.error_ms < least_ms:
        return Finding(Verdict.FAILED, str(reading), allowed, note)
    if reading.by_ms > most_ms:
        raise NotMeasurableError(f"{reading} leaves open whether {allowed} was kept")
    return Finding(Verdict.PASSED, str(reading), allowed, note)
