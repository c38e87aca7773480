# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fitting report says: tables of words and figures, from the records alone.

Nothing is computed anew that a result holds already, so the report and the window cannot differ.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import endplate
from endplate.clinic.desk import PROFILE
from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patient
from endplate.clinic.records.scores import Scores
from endplate.clinic.records.visits import Result, Visit, Visits
from endplate.clinic.report.table import Table, last, number
from endplate.clinic.report.tested import tests
from endplate.clinic.trends import Trend, trends
from endplate.errors import EndplateError
from endplate.live.recording import read_recording

HASH_BYTES = 1 << 20


@dataclass(frozen=True)
class Report:
    """`facts` name -> words; `changes` and `hashes` are lines; `simulated`: nobody's."""

    patient: Patient
    visit: Visit
    facts: dict[str, str]
    tables: tuple[Table, ...]
    decoder: str
    advice: tuple[str, ...]
    changes: tuple[str, ...]
    hashes: tuple[str, ...]
    trends: tuple[Trend, ...]
    simulated: bool
    written: date
    missing: tuple[str, ...] = field(default=())


def report(database: Database, patient: Patient, visit: Visit, today: date) -> Report:
    """Of one visit; what it lacks stands in `missing`, as sentences."""
    visits = Visits(database)
    results = visits.results(visit)
    earlier = [one for one in visits.of(patient) if one.began < visit.began]
    before = visits.results(earlier[0]) if earlier else []
    missing: list[str] = []
    hashes, simulated = _hashes(visit, missing)
    calibration, sites = last(results, "calibration"), last(results, "sites")
    tables = [
        *([_quality(calibration.content)] if calibration else []),
        *([_matrix(sites.content)] if sites else []),
        *([done] if (done := tests(results)) else []),
    ]
    if calibration is None:
        missing.append("No calibration was made in this visit.")
    if sites is None:
        missing.append("No site test was made in this visit.")
    return Report(
        patient, visit, _facts(patient, visit), tuple(tables),
        _decoder(calibration.content) if calibration else "",
        tuple(one[2] for one in sites.content["advice"]) if sites else (),
        tuple(_changes(before, results)) if earlier else ("This is the first visit.",),
        tuple(hashes),
        tuple(_until(trends(visits, Scores(database), patient), visit.began.date())),
        patient.simulated or simulated, today, tuple(missing),
    )  # fmt: skip


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
        facts["Notes"] = visit.notes
    return facts


def _quality(content: dict[str, Any]) -> Table:
    report = content["report"]
    rows = tuple(
        (label, str(report["verdict"][k]), number(report["rest_uv"][k], 1),
         number(report["snr_db"][k], 0), number(report["mains_db"][k], 0))
        for k, label in enumerate(content["sites"])
    )  # fmt: skip
    return Table("Sites", ("site", "verdict", "rest µV", "SNR dB", "mains dB"), rows,
                 "Good from 20 dB, poor below 12 dB.")  # fmt: skip


def _matrix(content: dict[str, Any]) -> Table:
    """Microvolts by movement and site, and how far apart."""
    rows = [(name, *(f"{uv:.0f}" for uv in row)) for name, row in content["matrix_uv"].items()]
    rows.append(("isolation dB", *(f"{value:.0f}" for value in content["isolation_db"])))
    carried = ", ".join(dof.replace("_", " ") for dof in content["carried"]) or "none"
    return Table("Movements against sites, µV above rest", ("", *content["sites"]), tuple(rows),
                 f"Movements that these sites carry together: {carried}.")  # fmt: skip


def _decoder(content: dict[str, Any]) -> str:
    report = content["report"]
    chosen = report["chosen"]["decoder"]
    row = next(one for one in report["cross_validation"] if one["decoder"] == chosen)
    tried = len(report["cross_validation"])
    return (
        f"{chosen} for {', '.join(dof.replace('_', ' ') for dof in content['dofs'])}: R² "
        f"{row['r2']:.3f} on repetitions left out of training, output on idle DoF "
        f"{row['leakage']:.3f}, moving in {100 * row['rest_motion_share']:.1f} % of the rest. "
        + ("It was wanted by name." if tried == 1 else f"The best of {tried} that were tried.")
    )


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
        said += [f"No longer controlled: {', '.join(gone)}."] if gone else []
        said += [f"Now controlled as well: {', '.join(came)}."] if came else []
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


def _hashes(visit: Visit, missing: list[str]) -> tuple[list[str], bool]:
    """A line for each file, and whether any recording is simulated."""
    lines, simulated = [f"Endplate {endplate.__version__}"], False
    profile = visit.folder / PROFILE
    if profile.exists():
        lines.append(f"decoder {profile.name}: {digest(profile)}")
    recordings = visit.recordings()
    for path in recordings:
        lines.append(f"recording {path.name}: {digest(path)}")
        try:
            simulated |= bool(read_recording(path).meta.get("simulated"))
        except EndplateError as error:
            missing.append(f"The recording {path.name} cannot be read: {error}")
    if not recordings:
        missing.append("No recording lies in this visit's folder.")
    return lines, simulated


def digest(path: Path) -> str:
    """First half of the SHA-256, as it fits on paper."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(HASH_BYTES):
            found.update(block)
    return found.hexdigest()[:32]


def _until(found: list[Trend], last: date) -> list[Trend]:
    """Nothing of what came after the visit."""
    cut = []
    for trend in found:
        points = tuple(point for point in trend.points if point.dated <= last)
        if points:
            cut.append(Trend(trend.name, trend.unit, points, trend.better, trend.mdc))
    return cut


