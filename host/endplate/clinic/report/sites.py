# SPDX-License-Identifier: GPL-3.0-or-later
"""The sites in a report: how well each is heard, and what it hears."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from endplate.clinic.records.patients import Patient
from endplate.clinic.report.table import Table, number
from endplate.fit.guided.protocol import plain
from endplate.fit.sites.quality import MAINS_WARN_DB

Content = Mapping[str, Any]  # of a result
#: A verdict's mark: it is printed without colour.
MARKS = {"good": "✓", "usable": "▬", "poor": "✕"}
MOST_ACROSS = 6  # sites; of more the table has a row for each


def quality(
    patient: Patient | None, calibration: Content | None, sites: Content | None
) -> Table | None:
    """As the calibration judged them, else as far as the site test did."""
    if calibration is not None:
        report = calibration["report"]
        found = {
            "verdict": [f"{MARKS.get(one, '–')} {one}" for one in report["verdict"]],
            "rest µV": [number(one, 1) for one in report["rest_uv"]],
            "SNR dB": [number(one, 0) for one in report["snr_db"]],
            "mains dB": [number(one, 0) for one in report["mains_db"]],
            "isolation dB": [number(one, 0) for one in _isolation(report)],
        }
        return of_sites(patient, calibration["sites"], found,
                        "SNR: good from 20 dB, poor below 12 dB. Mains: hum over the signal at "
                        f"rest; above {number(MAINS_WARN_DB, 0)} dB no site is good. Isolation: "
                        "its own movement over the next louder one. All of it in the "
                        "calibration.", "calibration")  # fmt: skip
    if sites is not None:
        found = {
            "rest µV": [number(one, 1) for one in sites["rest_uv"]],
            "isolation dB": [number(one, 0) for one in sites["isolation_db"]],
        }
        return of_sites(
            patient, sites["sites"], found, "As the site test found them.", "site test"
        )
    return None


def _isolation(report: Mapping[str, Any]) -> list[float | None]:
    given = report.get("sites", {}).get("isolation_db") or []
    return given if len(given) == len(report["verdict"]) else [None] * len(report["verdict"])


def of_sites(
    patient: Patient | None, labels: Sequence[str], found: Mapping[str, Sequence[str]], note: str,
    step: str = "",
) -> Table:
    """A row a site, with its number in the drawing and what was wired to it; as the `step` of a
    visit heard them, whose figures are not another's."""
    drawn = {site.label: (n, site) for n, site in enumerate(patient.sites if patient else (), 1)}
    rows = []
    for k, label in enumerate(labels):
        n, site = drawn.get(label, (k + 1, None))
        wired = " → ".join(filter(None, (site.nerve, site.function))) if site else ""
        rows.append((str(n), label, wired, *(column[k] for column in found.values())))
    titles: tuple[str, ...] = ("", "site", "nerve → function", *found)
    if not any(row[2] for row in rows):
        rows = [(row[0], row[1], *row[3:]) for row in rows]
        titles = (*titles[:2], *titles[3:])
    return Table(f"Sites in the {step}" if step else "Sites", titles, tuple(rows), note)


def matrix(content: Content | None) -> Table | None:
    """Microvolts by movement and site, and how far apart."""
    if content is None:
        return None
    carried = ", ".join(map(plain, content["carried"])) or "none"
    title = "Movements against sites in the site test, µV above rest"
    note = f"Movements that these sites carry together: {carried}."
    found = {name: [f"{uv:.0f}" for uv in row] for name, row in content["matrix_uv"].items()}
    found["isolation dB"] = [f"{value:.0f}" for value in content["isolation_db"]]
    labels = content["sites"]
    if len(labels) <= MOST_ACROSS:
        rows = tuple((name, *row) for name, row in found.items())
        return Table(title, ("", *labels), rows, note)
    rows = tuple((label, *(row[k] for row in found.values())) for k, label in enumerate(labels))
    return Table(title, ("site", *found), rows, note)


def advice(found: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Sentences of [site, action, sentence]; of many sites those that stay as they are in one."""
    if len(found) <= MOST_ACROSS:
        return tuple(one[2] for one in found)
    kept = [one[0] for one in found if one[1] == "keep"]
    said = [one[2] for one in found if one[1] != "keep"]
    return (*said, *([f"Keep as they are: {', '.join(kept)}."] if kept else []))
