# SPDX-License-Identifier: GPL-3.0-or-later
"""BIDS folders as trials: EMG-BIDS 1.11, *_emg.bdf or .edf with *_emg.json, *_channels.tsv and
*_events.tsv.

    for session in sessions(folder):       # a person's session, all its recordings together
        trials = session.read(movements)

Sidecars are looked for from the recording's folder upwards (the inheritance principle). What two of
them say differently is refused, not guessed: units, rates, channels.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from endplate.errors import CalibrationError, RecordingError
from endplate.fit.recorded.bids_events import cues_of
from endplate.fit.recorded.cued_trials import LEAST_REPETITIONS, Stretch, trials_of
from endplate.fit.recorded.trials import Trials
from endplate.live.bdf import Recording, microvolts_of
from endplate.live.recording import read_recording

_DATA = re.compile(r"(sub-[^_]+(?:_[a-z]+-[^_]+)*)_emg\.(bdf|edf)$")
_NOT_RAW = {"derivatives", "sourcedata", "code", "stimuli"}
_GROUP = ("sub", "ses", "acq")


@dataclass
class Session:
    """The recordings of one person in one session by one device, in the order of their names."""

    root: Path
    name: str
    files: list[Path] = field(default_factory=list)

    def read(
        self, movements: Mapping[str, dict[str, float] | None], least: int = LEAST_REPETITIONS
    ) -> Trials:
        """Raises RecordingError, CalibrationError."""
        found = [_read(path, self.root, movements) for path in self.files]
        rates = {(each.rate_hz, each.mains_hz) for each in found}
        if len(rates) > 1:
            raise RecordingError(
                f"The recordings of {self.name} differ in their rate or mains frequency: "
                f"{', '.join(f'{rate:g}/{mains:g} Hz' for rate, mains in sorted(rates))}; name one "
                "of them alone."
            )
        if len({each.channels for each in found}) > 1:
            raise RecordingError(
                f"The recordings of {self.name} have different EMG channels: one session has one "
                "montage; what is bad in one has to be marked in all."
            )
        rate_hz, mains_hz = rates.pop()
        made = trials_of(self.name, rate_hz, mains_hz, [each.stretch for each in found], least)
        return replace(made, channels=found[0].channels)


@dataclass(frozen=True)
class _Read:
    stretch: Stretch
    channels: tuple[str, ...]
    rate_hz: float
    mains_hz: float


def is_bids(path: Path) -> bool:
    """Whether a path is a BIDS folder or one EMG recording in one."""
    return path.is_dir() or bool(_DATA.match(path.name))


def sessions(path: Path) -> list[Session]:
    """Those below a folder, or the one of a recording. Raises RecordingError."""
    root = _root(path)
    files = [path] if path.is_file() else sorted(
        file for file in path.rglob("*_emg.*")
        if _DATA.match(file.name) and not _NOT_RAW & set(file.relative_to(root).parts[:-1])
        and not any(part.startswith(".") for part in file.relative_to(root).parts)
    )  # fmt: skip
    if not files:
        raise RecordingError(
            f"There is no EMG recording in {path} (sub-..._emg.bdf or .edf, as BIDS names them): "
            "name another folder, or the recordings in it."
        )
    found: dict[str, Session] = {}
    for file in files:
        entities = _entities(file.name)
        name = "_".join(f"{key}-{entities[key]}" for key in _GROUP if key in entities)
        found.setdefault(name, Session(root, name)).files.append(file)
    return list(found.values())


def _root(path: Path) -> Path:
    """The top folder of the data set that holds a path: that with the description, or the path."""
    start = path if path.is_dir() else path.parent
    for folder in (start, *start.absolute().parents):
        if (folder / "dataset_description.json").is_file():
            return folder
    return start


def _entities(name: str) -> dict[str, str]:
    return dict(part.split("-", 1) for part in name.split("_")[:-1] if "-" in part)


def _sidecars(path: Path, root: Path, ending: str) -> list[Path]:
    """Files of an ending that speak of a recording, the most special last."""
    mine = _entities(path.name).items()
    found: list[Path] = []
    for folder in (path.absolute().parent, *path.absolute().parents):
        here = [
            file for file in folder.glob(f"*{ending}")
            if _entities(file.name).items() <= mine and (file.name.endswith("_" + ending)
                                                         or file.name == ending)
        ]  # fmt: skip
        found = sorted(here, key=lambda file: len(_entities(file.name))) + found
        if folder == root.absolute():
            break
    return found


def _read(path: Path, root: Path, movements: Mapping[str, dict[str, float] | None]) -> _Read:
    about = _about(path, root)
    recording = read_recording(path)
    rate_hz = recording.rate_hz
    told = about.get("SamplingFrequency")
    if not isinstance(told, int | float) or abs(told - rate_hz) > 0.01 * rate_hz:
        raise RecordingError(
            f"The _emg.json of {path.name} says {told} samples/s, and the recording has "
            f"{rate_hz:g}: correct the one that is wrong."
        )
    mains_hz = about.get("PowerLineFrequency", 50)
    mains_hz = 50 if mains_hz == "n/a" else mains_hz
    if mains_hz not in (50, 60):
        raise RecordingError(
            f"The _emg.json of {path.name} has the PowerLineFrequency {mains_hz!r}: it is 50 or 60."
        )
    columns = _columns(path, root, recording)
    uv = recording.counts[:, columns].astype(float) * recording.uv_per_count
    events = _sidecars(path, root, "events.tsv")
    if not events:
        raise CalibrationError(
            f"{path.name} has no _events.tsv, so nobody knows what was meant: add one with onset, "
            "duration and trial_type."
        )
    rows = table(events[-1], ("onset", "duration", "trial_type"))
    cues = cues_of(rows, events[-1].name, movements, rate_hz, len(uv))
    channels = tuple(recording.labels[k] for k in columns)
    return _Read(Stretch(uv, cues), channels, rate_hz, float(mains_hz))


def _about(path: Path, root: Path) -> dict[str, Any]:
    """What the sidecars say of a recording, the more special ones last."""
    found = _sidecars(path, root, "emg.json")
    if not found:
        raise RecordingError(
            f"{path.name} has no _emg.json beside it: add one with SamplingFrequency and "
            "PowerLineFrequency."
        )
    about: dict[str, Any] = {}
    for file in found:
        try:
            said = json.loads(file.read_text(encoding="utf-8"))
        except (ValueError, OSError) as error:
            raise RecordingError(f"{file.name} cannot be read as JSON: correct it.") from error
        if not isinstance(said, dict):
            raise RecordingError(f"{file.name} holds no object: correct it.")
        about |= said
    return about


def _columns(path: Path, root: Path, recording: Recording) -> list[int]:
    """Columns of the counts that are EMG and not marked bad, by _channels.tsv if there is one."""
    found = _sidecars(path, root, "channels.tsv")
    if not found:
        return list(range(recording.channels))
    rows = table(found[-1], ("name", "type", "units"))
    emg = [row for row in rows if row["type"].upper() == "EMG"]
    labels = [_channel(label) for label in recording.labels]
    missing = [row["name"] for row in emg if _channel(row["name"]) not in labels]
    if missing or not emg or len(emg) != len(labels):
        lacks = f", which lacks {missing[0]}" if missing else ""
        raise RecordingError(
            f"{found[-1].name} lists {len(emg)} EMG channels, and {path.name} has {len(labels)}"
            f"{lacks}: correct the list, or name the recording that belongs to it."
        )
    units = dict(zip(labels, recording.meta.get("units", []), strict=False))
    for row in emg:
        _check_units(row, units.get(_channel(row["name"]), "uV"), found[-1].name, path.name)
    kept = [labels.index(_channel(row["name"])) for row in emg if row.get("status") != "bad"]
    if not kept:
        raise RecordingError(
            f"{found[-1].name} marks every EMG channel as bad: mark the good ones, or leave it out."
        )
    return kept


def _check_units(row: dict[str, str], of_file: str, table_name: str, file_name: str) -> None:
    told = row["units"]
    if told == "n/a":
        return
    scale = microvolts_of(told)
    if scale is None:
        raise RecordingError(
            f"{table_name} gives channel {row['name']} in {told!r}, which is no voltage: "
            "convert it to V, mV or uV."
        )
    if scale != microvolts_of(of_file):
        raise RecordingError(
            f"{table_name} gives channel {row['name']} in {told}, and {file_name} in {of_file}: "
            "correct the one that is wrong."
        )


def _channel(name: str) -> str:
    return re.sub(r"^EMG\s+", "", name.strip())[:16].strip().lower()


def table(path: Path, needed: tuple[str, ...]) -> list[dict[str, str]]:
    """Rows of a .tsv file. Raises RecordingError."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t", restkey="", restval="n/a")
            rows = [{key: str(value).strip() for key, value in row.items()} for row in reader]
            names = list(reader.fieldnames or [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RecordingError(f"{path.name} cannot be read as a table: correct it.") from error
    lacking = [name for name in needed if name not in names]
    if lacking:
        raise RecordingError(
            f"{path.name} has no column {lacking[0]!r}: it needs {', '.join(needed)}, apart by "
            "tabs."
        )
    return rows
