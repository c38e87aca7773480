# SPDX-License-Identifier: GPL-3.0-or-later
"""A patient's own sites as a montage file, for the control process and whatever reads the visit's
recordings later: names as they were changed, sites that are off left out."""

from __future__ import annotations

import json
from pathlib import Path

from endplate.clinic.records.patients import Patient
from endplate.errors import RecordsError

NAME = "montage.toml"


def write_montage(patient: Patient, folder: Path) -> Path:
    """Writes it into a visit's folder. Raises RecordsError."""
    lines = [
        f"name = {json.dumps(patient.montage)}",
        f"title = {json.dumps(f'{patient.code}, {patient.montage}')}",
        f"level = {json.dumps(patient.level)}",
    ]
    for site in patient.sites:
        if not site.used:
            continue
        lines += ["", "[[site]]", f"label = {json.dumps(site.label)}", f"channel = {site.channel}"]
        for name in ("nerve", "muscle", "function", "position"):
            lines.append(f"{name} = {json.dumps(getattr(site, name))}")
    path = folder / NAME
    try:
        path.write_text("\n".join(lines) + "\n")
    except OSError as error:
        raise RecordsError(
            f"The visit's folder {folder} cannot be written ({error.strerror}): check the disk."
        ) from None
    return path
