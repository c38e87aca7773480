# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the requirements against the hand on a port, and leaves it disarmed whatever happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from endplate.conformance.ready import judgeable, known_hand
from endplate.conformance.subject import HandStoppedError, Subject
from endplate.conformance.table import REQUIREMENTS
from endplate.conformance.verdict import (
    Finding,
    LackingError,
    NotMeasurableError,
    Requirement,
    Verdict,
)
from endplate.errors import HandError, UsageError
from endplate.live import hand_words
from endplate.live.hand_port import PortGoneError

_TRIES = 3  # for a measurement that the circumstances spoilt ...
_PAUSE_S = 0.3  # ... which may have passed by then
_NO_ESTOP = "asked for with --estop; the hand then needs its power cut"
Tell = Callable[[Requirement, Finding], None]


@dataclass
class Report:
    """Who the hand is, and what was found, in the table's order."""

    hand: dict[str, Any]
    findings: list[tuple[Requirement, Finding]] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether all that was run passed."""
        fine = (Verdict.PASSED, Verdict.SKIPPED)
        return all(finding.verdict in fine for _, finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """For a file."""
        rows = [
            {
                "id": requirement.id,
                "hazard": requirement.hazard,
                "required": requirement.words,
                "verdict": finding.verdict.value,
                "measured": finding.measured,
                "allowed": finding.allowed,
                "note": finding.note,
            }
            for requirement, finding in self.findings
        ]
        return {"hand": self.hand, "passed": self.passed, "requirements": rows}


def chosen(only: Iterable[str] | None) -> list[Requirement]:
    """Those with these ids, all of them for None. UsageError for an id that does not exist."""
    if only is None:
        return list(REQUIREMENTS)
    wanted = set(only)
    unknown = wanted - {requirement.id for requirement in REQUIREMENTS}
    if unknown:
        raise UsageError(
            f"There is no requirement {sorted(unknown)[0]}; they are "
            f"{', '.join(requirement.id for requirement in REQUIREMENTS)}."
        )
    return [requirement for requirement in REQUIREMENTS if requirement.id in wanted]


def verify(
    port: str,
    baud: int = 1_000_000,
    *,
    only: Iterable[str] | None = None,
    estop: bool = False,
    long: bool = False,
    begun: Callable[[dict[str, Any]], None] = lambda info: None,
    tell: Tell = lambda requirement, finding: None,
) -> Report:
    """Holds the hand on `port` against the requirements; it moves by a few degrees.

    `begun` is told who the hand is before anything moves, `tell` each finding as it comes. Raises
    HandError when there is no hand that can be judged, or its cable goes. `estop` runs those,
    too, that need a power cycle afterwards; `long` waits half a minute that is else made short.
    """
    requirements = chosen(only)
    subject = Subject(port, baud)
    subject.patient = long
    subject.open()
    try:
        subject.begin()
        subject.hand = known_hand(subject.info["hand_hash"])
        judgeable(subject)
        report = Report(hand_words.hello(subject.info))
        begun(report.hand)
        for requirement in requirements:
            why = _skipped(requirement, subject.info["capabilities"], estop=estop)
            finding = Finding(Verdict.SKIPPED, "", "", why) if why else _tried(requirement, subject)
            report.findings.append((requirement, finding))
            tell(requirement, finding)
        return report
    finally:
        subject.leave_disarmed()


def _skipped(requirement: Requirement, capabilities: int, *, estop: bool) -> str:
    """Why it is not run; "" when it is."""
    needs = requirement.needs
    if needs is not None and not capabilities >> needs & 1:
        return f"the hand does not say that it {hand_words.CAPABILITIES[needs]}"
    return _NO_ESTOP if requirement.power_cycle and not estop else ""


def _tried(requirement: Requirement, subject: Subject) -> Finding:
    """The finding, after some tries where one says nothing."""
    why = ""
    for _ in range(1 if requirement.power_cycle else _TRIES):
        subject.turn += 1
        try:
            return requirement.check(subject)
        except LackingError as reason:
            return Finding(Verdict.SKIPPED, "", "", str(reason))
        except (NotMeasurableError, HandStoppedError) as reason:
            why = str(reason)
            subject.memory.clear()  # what was learnt may have been spoilt, too
            time.sleep(_PAUSE_S)
        except PortGoneError:
            raise
        except HandError as wrong:
            return Finding(Verdict.FAILED, "", "", str(wrong))
    return Finding(Verdict.NOT_JUDGED, "", "", why)
