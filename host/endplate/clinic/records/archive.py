# SPDX-License-Identifier: GPL-3.0-or-later
"""One patient as one file, to take to another computer, and the deletion of one.

    CODE.endplate   a zip: patient.json (version, patient, visits, results, scores), and the files
                    of the visits under their visit's name

A file is written beside its name and put there when it is whole. What is read back is checked
first: entries that would lie outside, checksums, the version; nothing is kept of a bad one.
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from contextlib import suppress
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patient, Patients, PatientSite
from endplate.clinic.records.scores import Scores
from endplate.clinic.records.visits import Visits
from endplate.errors import RecordsError

SUFFIX = ".endplate"
VERSION = 1
INDEX = "patient.json"
MOST_BYTES = 1 << 38  # of what is unpacked: a hostile file must not fill the disk unasked


def export(database: Database, patient: Patient, path: Path) -> Path:
    """Writes the patient with all visits and files, to a file or into a folder. Raises
    RecordsError; returns the path."""
    path = path / patient.code if path.is_dir() else path
    path = path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX)
    part = path.with_name(path.name + ".part")
    visits, scores = Visits(database), Scores(database)
    index = {
        "version": VERSION,
        "patient": _plain(asdict(patient)),
        "visits": [
            {
                "uid": visit.uid, "began": visit.began.isoformat(),
                "ended": visit.ended.isoformat() if visit.ended else None, "notes": visit.notes,
                "results": [_plain(asdict(result)) for result in visits.results(visit)],
            }
            for visit in visits.of(patient)
        ],
        "scores": [_plain(asdict(score)) for score in scores.of(patient)],
    }  # fmt: skip
    folder = database.folder_of(patient.uid)
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with (
            os.fdopen(descriptor, "wb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed,
        ):
            packed.writestr(INDEX, json.dumps(index, indent=1))
            for one in sorted(folder.rglob("*")):
                if one.is_file() and not one.is_symlink():
                    packed.write(one, PurePosixPath("files", *one.relative_to(folder).parts))
            packed.close()
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise RecordsError(
            f"{path} cannot be written ({error.strerror}): choose another place; nothing of "
            f"{patient.code} was changed."
        ) from None
    return path


def _plain(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date | datetime) else value


def restore(database: Database, path: Path) -> Patient:
    """Reads one patient back; all of them or nothing. Raises RecordsError."""
    try:
        with zipfile.ZipFile(path) as packed:
            index, names = _checked(packed, path)
            patient = _patient_of(index["patient"])
            folder = database.folder_of(patient.uid)
            for visit in index["visits"]:
                database.folder_of(patient.uid, visit["uid"])
            if Patients(database).with_uid(patient.uid) is not None:
                raise RecordsError(
                    f"{patient.code} is here already: delete the one that is here, or keep it."
                )
            try:
                _unpack(packed, names, folder)
                _enter(database, patient, index)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
    except OSError as error:
        raise RecordsError(
            f"{path} cannot be read ({error.strerror or error}): copy it again, or choose another."
        ) from None
    except (zipfile.BadZipFile, EOFError):
        raise RecordsError(f"{path} is damaged or cut short: export it again.") from None
    except (KeyError, TypeError, ValueError, AttributeError):
        raise RecordsError(
            f"{path} is no patient of Endplate's, or is damaged: export it again."
        ) from None
    return patient


def _checked(packed: zipfile.ZipFile, path: Path) -> tuple[dict[str, Any], list[str]]:
    names = packed.namelist()
    if INDEX not in names:
        raise RecordsError(
            f"{path} is no patient of Endplate's (it has no {INDEX}): choose another file."
        )
    if sum(item.file_size for item in packed.infolist()) > MOST_BYTES:
        raise RecordsError(f"{path} would be larger than any patient's records: it is not read.")
    bad = packed.testzip()
    if bad is not None:
        raise RecordsError(f"{path} is damaged ({bad}): export it again.")
    index = json.loads(packed.read(INDEX))
    if index["version"] > VERSION:
        raise RecordsError(f"{path} was written by a newer Endplate: update this one first.")
    files = [name for name in names if name != INDEX]
    for name in files:
        parts = PurePosixPath(name).parts
        if parts[0] != "files" or ".." in parts or len(parts) < 2 or "\\" in name:
            raise RecordsError(f"{path} names a file outside its folder ({name}): it is not read.")
    return index, files


def _unpack(packed: zipfile.ZipFile, names: list[str], folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True)
    for name in names:
        if name.endswith("/"):
            continue
        place = folder.joinpath(*PurePosixPath(name).parts[1:])
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with packed.open(name) as source, open(place, "wb") as target:
            shutil.copyfileobj(source, target)
        place.chmod(0o600)


def _patient_of(fields: dict[str, Any]) -> Patient:
    for name in ("amputated", "tmr"):
        fields[name] = date.fromisoformat(fields[name]) if fields[name] else None
    fields["sites"] = tuple(PatientSite(**site) for site in fields["sites"])
    return Patient(**fields)


def _enter(database: Database, patient: Patient, index: dict[str, Any]) -> None:
    patients = Patients(database)
    patients.add(patient, datetime.now())
    with database.change() as change:
        for visit in index["visits"]:
            change.execute(
                "INSERT INTO visit VALUES (?, ?, ?, ?, ?)",
                (visit["uid"], patient.uid, visit["began"], visit["ended"], visit["notes"]),
            )
            for result in visit["results"]:
                change.execute(
                    "INSERT INTO result VALUES (?, ?, ?, ?, ?)",
                    (result["uid"], visit["uid"], result["kind"], result["made"],
                     json.dumps(result["content"])),
                )  # fmt: skip
        for score in index["scores"]:
            change.execute(
                "INSERT INTO score VALUES (?, ?, ?, ?, ?, ?, ?)",
                (score["uid"], patient.uid, score["instrument"], score["version"], score["dated"],
                 score["value"], score["notes"]),
            )  # fmt: skip


def delete(database: Database, patient: Patient) -> None:
    """Removes the patient, all visits, all files; nothing of them is left in the index. Files are
    overwritten before they are removed (a solid-state disk may keep old blocks all the same)."""
    folder = database.folder_of(patient.uid)
    try:
        for one in folder.rglob("*"):
            if one.is_file() and not one.is_symlink():
                _overwrite(one)
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        raise RecordsError(
            f"The files of {patient.code} in {folder} cannot all be deleted ({error.strerror}): "
            "the patient stays in the list until they can."
        ) from None
    with database.change() as change:
        change.execute("DELETE FROM patient WHERE uid = ?", (patient.uid,))
    database.compact()


def _overwrite(path: Path) -> None:
    left = path.stat().st_size
    with open(path, "r+b") as file:
        while left > 0:
            left -= file.write(bytes(min(left, 1 << 20)))
        file.flush()
        os.fsync(file.fileno())
