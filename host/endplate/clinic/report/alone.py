# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a recording that belongs to no visit: what it alone can tell.

Sites and decoder are computed from its cues if it has some, else the meters' last word on each
site; what it commanded is decoded again and held against what it holds.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from endplate.clinic.report.chosen import settings, why
from endplate.clinic.report.content import Report
from endplate.clinic.report.made_from import made_from
from endplate.clinic.report.sites import of_sites, quality
from endplate.clinic.report.table import Table, number
from endplate.errors import EndplateError
from endplate.fit.calibration import calibrate
from endplate.fit.recorded.cues import cues_of, dofs_of, recorded
from endplate.fit.sites.meters import measure
from endplate.hardware import Montage, Site
from endplate.live.bdf import Recording
from endplate.live.decoded import compare
from endplate.live.recording import read_recording

NO_SITE = re.compile(r"ch \d+$")  # label of a channel that the montage does not use


def alone(path: Path, today: date, tell: Callable[[str], None]) -> tuple[Report, bool]:
    """The report, and whether what was commanded came out again. Raises RecordingError."""
    tell("Reading the recording ...")
    recording = read_recording(path)
    source = made_from([path], None)
    missing = list(source.missing)
    tables = _cued(recording, missing, tell)
    if not tables:
        tables = _metered(recording, missing)
    tell("Decoding it again ...")
    checked, same = _decoded(recording, missing)
    day = datetime.fromtimestamp(float(recording.meta.get("started") or 0)).date()
    made = Report(
        f"recording {path.stem}", _facts(recording, path), tuple(tables), source.lines,
        source.simulated, day, today, missing=tuple(missing), checked=tuple(checked),
    )  # fmt: skip
    return made, same


def _facts(recording: Recording, path: Path) -> dict[str, str]:
    meta = recording.meta
    facts = {"Recording": path.name}
    if meta.get("patient"):
        facts["Patient"] = str(meta["patient"])
    if meta.get("started"):
        facts["Begun"] = f"{datetime.fromtimestamp(float(meta['started'])):%Y-%m-%d %H:%M}"
    minutes, seconds = divmod(round(recording.seconds), 60)
    facts |= {
        "Length": f"{minutes} min {seconds} s",
        "Board": f"{meta.get('board', 'not said')}, {recording.rate_hz:g} samples a second",
        "Montage": str(meta.get("montage") or "not said"),
        "Hand": str(meta.get("hand") or "not said"),
    }
    return facts


def _worn(recording: Recording) -> list[int]:
    """Columns of the sites; all where none is named."""
    named = [k for k, label in enumerate(recording.labels) if not NO_SITE.match(label)]
    return named or [*range(recording.channels)]


def _cued(
    recording: Recording, missing: list[str], tell: Callable[[str], None]
) -> list[Table]:
    """Sites and decoder, made of the cues; none where there are none to make them of."""
    try:
        cues = cues_of(recording)
        if not dofs_of(cues):
            return []
        heard = recorded(recording)
        sites = tuple(
            Site(recording.labels[k], k + 1, "", "", "", "") for k in _worn(recording)
        )
        montage = Montage(str(recording.meta.get("montage") or ""), "", "", sites)
        profile = calibrate(
            heard.counts, heard.rate_hz, heard.uv_per_count, heard.full_scale_uv, heard.cues,
            montage=montage, hand=str(recording.meta.get("hand") or ""), board="",
            mains_hz=heard.mains_hz, dofs=dofs_of(cues),
            progress=lambda name: tell(f"Trying {name} ..."),
        )  # fmt: skip
    except EndplateError as error:
        missing.append(f"No decoder can be made of its cues: {error}")
        return []
    content: dict[str, Any] = {
        "report": profile.report, "sites": list(profile.site_labels), "dofs": list(profile.dofs),
    }  # fmt: skip
    said, found = settings(profile.shape), quality(None, content, None)
    decoder = Table(
        "Decoder that its cues would make", said.columns, said.rows,
        "Made for this report; it is kept nowhere.", why(profile.report, profile.dofs),
    )  # fmt: skip
    return [*([found] if found else []), decoder]


def _metered(recording: Recording, missing: list[str]) -> list[Table]:
    """The meters' last word."""
    try:
        rows = measure(recording)["meters"]
    except EndplateError as error:
        missing.append(str(error))
        return []
    worn = _worn(recording)
    found = {"rest µV": [number(rows[k].get("rest_uv"), 1) for k in worn],
             "SNR dB": [number(rows[k].get("snr_db"), 0) for k in worn]}  # fmt: skip
    return [of_sites(None, [recording.labels[k] for k in worn], found,
                     "As the meters had it at its end; nobody was cued.")]  # fmt: skip


def _decoded(recording: Recording, missing: list[str]) -> tuple[list[str], bool]:
    try:
        with tempfile.TemporaryDirectory(prefix="endplate-") as place:
            found = compare(recording, Path(place))
    except EndplateError as error:
        missing.append(f"It cannot be decoded again: {error}")
        return [], False
    if not found:
        return ["No profile was in use, so nothing was decoded."], True
    return [one.sentence for one in found], all(one.identical for one in found)
