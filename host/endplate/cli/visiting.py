# SPDX-License-Identifier: GPL-3.0-or-later
"""A command as part of a patient's visit: --patient CODE puts what comes of it where the window
would, into today's visit, with the patient's own sites."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from filecmp import cmp
from pathlib import Path
from typing import Any

from endplate.cli.places import add_data, records
from endplate.clinic.desk import PROFILE, profile_of
from endplate.clinic.fitting import calibrated
from endplate.clinic.made_of import MadeOf
from endplate.clinic.montage_file import write_montage
from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patient, Patients
from endplate.clinic.records.scores import Scores
from endplate.clinic.records.visits import Visit, Visits
from endplate.clinic.trials import kept, kinds
from endplate.errors import RecordsError, UsageError
from endplate.live.profile_versions import current

BDF = b"\xffBIOSEMI"  # how such a file begins


def add_patient(parser: argparse.ArgumentParser) -> None:
    """--patient and --data."""
    parser.add_argument(
        "--patient", metavar="CODE",
        help="in today's visit of this patient: their sites, and what comes of it kept there",
    )  # fmt: skip
    add_data(parser)


class AtVisit:
    """Today's visit of a patient."""

    def __init__(self, database: Database, patient: Patient, visit: Visit) -> None:
        self._database, self.patient, self.visit = database, patient, visit
        self.montage = write_montage(patient, visit.folder)
        self.profile = visit.folder / PROFILE
        self._version = self._number()

    def file(self, name: str) -> Path:
        """A new name in the visit's folder, without an ending."""
        return self.visit.folder / f"{datetime.now():%H%M%S}-{name}"

    def profile_to_begin_with(self) -> Path | None:
        """This visit's, or the last one."""
        return profile_of(self._database, self.patient, self.visit)

    def keep(self, kind: str, content: dict[str, Any]) -> None:
        """A result of the visit."""
        Visits(self._database).keep(self.visit, kind, content, datetime.now())

    def keep_test(self, kind: str, content: dict[str, Any]) -> None:
        """A result of one of kinds.TESTS, and the score that it is."""
        visits, scores = Visits(self._database), Scores(self._database)
        kept.keep(visits, scores, self.patient, self.visit, kind, content, datetime.now())

    def tests(self, kind: kinds.Kind) -> list[list[str]]:
        """What the patient did in that kind so far, as kept.rows."""
        return kept.rows(Visits(self._database), self.patient, kind)

    def keep_profile(self, made_of: MadeOf | None) -> None:
        """The visit's profile, if it is another version than before, and what it was made of."""
        number = self._number()
        if number != self._version:
            self.keep("calibration", calibrated(self.profile, number, made_of).told())

    def _number(self) -> int:
        found = current(self.profile) if self.profile.exists() else None
        return found.number if found else 0


@contextmanager
def visiting(arguments: argparse.Namespace) -> Iterator[AtVisit | None]:
    """Of --patient; None without. The arguments' montage becomes the patient's. Raises
    RecordsError, and UsageError for --data without --patient."""
    if not arguments.patient:
        if arguments.data:
            raise UsageError("--data is where --patient is looked for: name the patient, too.")
        yield None
        return
    with records(arguments) as database:
        patient = Patients(database).find(arguments.patient)
        at = AtVisit(database, patient, Visits(database).today(patient, datetime.now()))
        arguments.montage = str(at.montage)
        given = getattr(arguments, "recording", None)
        if given is not None and Path(given).is_file():
            arguments.recording = brought(Path(given), at.visit.folder)
        yield at


def brought(path: Path, folder: Path) -> Path:
    """A recording from elsewhere, copied into a visit's folder under the ending .bdf: what is kept
    there was made of it. Raises RecordsError, also for what is no BDF+ file."""
    try:
        with path.open("rb") as file:
            ours = file.read(len(BDF)) == BDF
    except OSError as error:
        raise RecordsError(
            f"The recording {path} cannot be read ({error.strerror}): copy it again, or name "
            "another."
        ) from None
    if not ours:
        raise RecordsError(
            f"{path.name} is no BDF+ file, and a visit keeps no other recordings: leave --patient "
            "out to look at it; a .journal becomes .bdf when its session is ended."
        )
    stem = path.stem if path.suffix.lower() == ".bdf" else path.name
    out = folder / f"{stem}.bdf"
    number = 2
    while out.exists() and not cmp(path, out, shallow=False):
        out = folder / f"{stem}-{number}.bdf"
        number += 1
    if out.exists():
        return out
    part = out.with_name(f".{out.name}.part")
    try:
        shutil.copyfile(path, part)
        part.replace(out)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise RecordsError(
            f"The recording {path} cannot be copied into the visit's folder {folder} "
            f"({error.strerror}): make room there, then try again."
        ) from None
    return out
