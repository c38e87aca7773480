# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fitting report says: tables of words and figures, from the records alone.

Nothing is computed anew that a result holds already, so the report and the window cannot differ.
Whether the recordings still give the same figures is another question: rerun.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from endplate.clinic.desk import PROFILE
from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patient
from endplate.clinic.records.scores import Scores
from endplate.clinic.records.visits import SHAPELESS, Result, Visit, Visits
from endplate.clinic.report.chosen import settings, why
from endplate.clinic.report.made_from import made_from
from endplate.clinic.report.sites import advice, matrix, quality
from endplate.clinic.report.table import Table, last
from endplate.clinic.report.tested import tests
from endplate.clinic.trends import Trend, trends
from endplate.errors import EndplateError
from endplate.fit.guided.protocol import plain
from endplate.live.profile_file import load_profile

T = TypeVar("T")

FIRST = "This is the first visit."
MOST_NOTES = 700  # characters; the rest stays in the records

NOT_ITS_OWN = "The profile in use was not calibrated in this visit."


@dataclass(frozen=True)
class Report:
    """`facts` name -> words; `limb` whose sites are drawn; `changes`, `hashes`, `missing` and
    `checked` (what came out again) are lines; `simulated`: nobody's. Trends run to `day`."""

    name: str
    facts: dict[str, str]
    tables: tuple[Table, ...]
    hashes: tuple[str, ...]
    simulated: bool
    day: date
    written: date
    limb: Patient | None = None
    advice: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    trends: tuple[Trend, ...] = ()
    missing: tuple[str, ...] = ()
    checked: tuple[str, ...] = ()

    @property
    def since(self) -> date:
        """Where the months of the trends begin: with TMR, or the first figure."""
        first = min([self.day, *(one.dated for trend in self.trends for one in trend.points)])
        tmr = self.limb.tmr if self.limb else None
        return tmr if tmr and tmr <= first else first


def report(
    database: Database, patient: Patient, visit: Visit, today: date, checked: Sequence[str] = ()
) -> Report:
    """Of one visit; what it lacks stands in `missing`, as sentences. `checked` as rerun says it."""
    visits = Visits(database)
    every = visits.results(visit)
    results = _of_use(every, visit)
    earlier = [one for one in visits.of(patient) if one.began < visit.began]
    before = _of_use(visits.results(earlier[0]), earlier[0]) if earlier else []
    calibration, sites = last(results, "calibration"), last(results, "sites")
    profile = visit.folder / PROFILE
    growing = visit.growing()
    source = made_from(visit.recordings(), profile, growing)
    missing = list(source.missing)
    if not visit.recordings() and not growing:
        missing.append("No recording lies in this visit's folder.")
    if calibration is None:
        made = last(every, "calibration") is not None
        missing.append(NOT_ITS_OWN if made else "No calibration was made in this visit.")
    if sites is None:
        missing.append("No site test was made in this visit.")
    judged, tried = _content(calibration), _content(sites)
    tables = [
        _read(lambda: quality(patient, judged, tried), "the sites' quality", missing, None),
        _read(lambda: matrix(tried), "the site test", missing, None),
        _read(lambda: _decoder(visit, calibration, missing), "the calibration", missing, None),
        tests(results),
    ]
    told: tuple[str, ...] = ()
    told = _read(lambda: advice(tried["advice"] if tried else ()), "the advice", missing, told)
    changes = [FIRST]
    if earlier:
        changes = _read(lambda: _changes(before, results), "the visit before", missing, [])
    simulated = source.simulated or any(one.content.get("simulated") for one in every)
    return Report(
        f"{patient.code} {visit.began:%Y-%m-%d}", _facts(patient, visit),
        tuple(one for one in tables if one), source.lines, patient.simulated or simulated,
        visit.began.date(), today, patient,
        told, tuple(changes),
        tuple(_until(trends(visits, Scores(database), patient), visit.began.date())),
        tuple(missing), tuple(checked),
    )  # fmt: skip


def _read(make: Callable[[], T], what: str, missing: list[str], without: T) -> T:
    """What it makes, or a sentence in `missing` and `without` when a result is not whole."""
    try:
        return make()
    except SHAPELESS:
        missing.append(f"What was kept of {what} cannot be read: it is left out.")
        return without


def _in_use(results: list[Result], visit: Visit) -> Result | None:
    """The calibration of the profile that the visit uses: not one that was taken back since."""
    found = [one for one in results if one.kind == "calibration"]
    try:
        profile = load_profile(visit.folder / PROFILE)
    except EndplateError:
        return found[-1] if found else None
    own = profile.name, profile.created
    told = [one for one in found if (one.content.get("name"), one.content.get("created")) == own]
    if told:
        return told[-1]
    said = [one for one in found if "created" not in one.content]  # by an older Endplate
    return said[-1] if said else None


def _of_use(results: list[Result], visit: Visit) -> list[Result]:
    """Without the calibrations that are not in use."""
    own = _in_use(results, visit)
    return [one for one in results if one.kind != "calibration" or one is own]


def _content(result: Result | None) -> dict[str, Any] | None:
    return result.content if result else None


def _facts(patient: Patient, visit: Visit) -> dict[str, str]:
    since = patient.months_since_tmr(visit.began.date())
    facts = {
        "Patient": patient.code,
        "Visit": f"{visit.began:%Y-%m-%d %H:%M}",
        "Side and level": f"{patient.side}, {patient.level}",
        "Amputation": str(patient.amputated or "not entered"),
        "TMR": str(patient.tmr or "not entered"),
    }
    if since is not None:
        facts["Months since TMR"] = str(since)
    if visit.notes:
        cut = len(visit.notes) > MOST_NOTES
        facts["Notes"] = visit.notes[:MOST_NOTES] + " ..." * cut
    return facts


def _decoder(visit: Visit, calibration: Result | None, missing: list[str]) -> Table | None:
    """Which, why, and its settings as they are now."""
    if calibration is None:
        return None
    lead = why(calibration.content["report"], calibration.content["dofs"])
    try:
        made = settings(load_profile(visit.folder / PROFILE).shape)
    except EndplateError as error:
        missing.append(f"The decoder's settings cannot be read: {error}")
        return Table("Decoder", (), (), lead=lead)
    return Table("Decoder", made.columns, made.rows, made.note, lead)


def _changes(before: list[Result], now: list[Result]) -> list[str]:
    """What differs from the visit before, in sentences."""
    said = []
    old, new = last(before, "calibration"), last(now, "calibration")
    if old and new:
        first, second = (one.content["report"]["chosen"]["decoder"] for one in (old, new))
        if first != second:
            said.append(f"Decoder: {first} → {second}.")
        gone = [dof for dof in old.content["dofs"] if dof not in new.content["dofs"]]
        came = [dof for dof in new.content["dofs"] if dof not in old.content["dofs"]]
        said += [f"No longer controlled: {', '.join(map(plain, gone))}."] if gone else []
        said += [f"Now controlled as well: {', '.join(map(plain, came))}."] if came else []
        said += _by_site(old.content, new.content)
    return said or ["Nothing that was measured in both visits differs."]


def _by_site(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """SNR of each site that is in both."""
    was = dict(zip(old["sites"], old["report"]["snr_db"], strict=True))
    said = [
        f"{label} {was[label]:.0f} → {value:.0f}"
        for label, value in zip(new["sites"], new["report"]["snr_db"], strict=True)
        if was.get(label) is not None and value is not None
    ]
    return [f"SNR in dB: {', '.join(said)}."] if said else []


def _until(found: list[Trend], last: date) -> list[Trend]:
    """Nothing of what came after the visit."""
    cut = []
    for trend in found:
        points = tuple(point for point in trend.points if point.dated <= last)
        if points:
            cut.append(Trend(trend.name, trend.unit, points, trend.better, trend.mdc))
    return cut
