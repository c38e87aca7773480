# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings: from the journal that grows to the BDF+ file that everybody reads, and back.

    journal = Journal(path, meta); journal.samples(...) ...; journal.close(); finalise(path)
    recover(directory)      closes what a crash left open
    read_recording(path)    ours and other people's, also a journal; read_meta(path) without samples
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from endplate.errors import RecordingError
from endplate.live import journal as journals
from endplate.live.bdf import Recording, read_bdf, read_bdf_meta, write_bdf
from endplate.live.journal import Journal, journal_path

__all__ = [
    "Journal", "Recording", "finalise", "journal_path", "read_meta", "read_recording", "recover",
]  # fmt: skip


def read_journal(path: Path) -> tuple[Recording, bool]:
    """The recording so far, and whether its writer closed it.

    Keeps everything before the first damage and annotates that. Raises RecordingError.
    """
    meta: dict | None = None
    blocks: list[np.ndarray] = []
    hops: list[tuple[int, bool, np.ndarray, np.ndarray]] = []
    marks: list[tuple[int, str]] = []
    missing: list[tuple[int, int, int]] = []
    first = following = 0
    closed, damage = False, ""
    for kind, body in journals.records(path):
        if kind == "H":
            meta = json.loads(body)
        elif kind == "S":
            at, counts = journals.unpack_samples(body)
            if not blocks:
                first = following = at
            if at > following:  # never written by the control loop
                blocks.append(np.repeat(blocks[-1][-1:], at - following, axis=0))
                marks.append((following, f"gap: {at - following} samples are not in the journal"))
            counts = counts[max(0, following - at) :]
            if len(counts):
                blocks.append(counts)
                following = max(following, at) + len(counts)
        elif kind == "P":
            hops.append(journals.unpack_hop(body))
        elif kind == "N":
            _join(missing, journals.unpack_missing(body))
        elif kind == "M":
            marks.append(journals.unpack_mark(body))
        elif kind == "A" and meta is not None:
            text = journals.unpack_mark(body)[1]
            meta.setdefault("attachments", []).append(json.loads(text))
        elif kind == "E":
            closed = True
        elif kind == "?":
            damage = body.decode()
    if meta is None:
        raise RecordingError(_beginning_lost(path))
    if not blocks:
        raise RecordingError(f"The recording {path} holds no samples; record again.")
    counts = np.ascontiguousarray(np.concatenate(blocks), np.int32)
    if not closed:
        reason = f" ({damage})" if damage else ""
        text = f"warning: the recording was not closed{reason}; up to 1 s before the end is missing"
        marks.append((following - 1, text))
    channels = counts.shape[1]
    labels = [str(label) for label in meta.get("site_labels", [])][:channels]
    labels += [f"ch {i + 1}" for i in range(len(labels), channels)]
    intents, targets, sent = _hold(hops, first, len(counts), len(meta.get("dofs", [])))
    return Recording(
        counts, float(meta["rate_hz"]), float(meta["uv_per_count"]), channels, labels, first,
        intents, targets, sent, sorted(marks, key=lambda mark: mark[0]), meta, path,
        missing,
    ), closed


def _beginning_lost(path: Path) -> str:
    return f"The journal {path} has lost its beginning and cannot be read: take a copy of it."


def _join(missing: list[tuple[int, int, int]], new: tuple[int, int, int]) -> None:
    """Appends, or lengthens the last one, which `new` often goes on."""
    if missing:
        first, n, mask = missing[-1]
        if (first + n, mask) == (new[0], new[2]):
            missing[-1] = (first, n + new[1], mask)
            return
    missing.append(new)


def _hold(
    hops: list[tuple[int, bool, np.ndarray, np.ndarray]], first: int, n: int, dofs: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values of the hops, held until the next, per sample."""
    intents = np.zeros((n, dofs), np.float32)
    targets = np.zeros((n, dofs), np.int16)
    sent = np.zeros(n, bool)
    if not hops:
        return intents, targets, sent
    at = np.array([hop[0] for hop in hops], np.int64) - first
    which = np.searchsorted(at, np.arange(n), side="right") - 1
    known = which >= 0
    of_hop_intents = np.zeros((len(hops), dofs), np.float32)
    of_hop_targets = np.zeros((len(hops), dofs), np.int16)
    for i, (_, _, intent, target) in enumerate(hops):
        of_hop_intents[i, : len(intent)] = intent[:dofs]
        of_hop_targets[i, : len(target)] = target[:dofs]
    intents[known] = of_hop_intents[which[known]]
    targets[known] = of_hop_targets[which[known]]
    sent[known] = np.array([hop[1] for hop in hops])[which[known]]
    return intents, targets, sent


def finalise(path: Path | str) -> Path:
    """Turns a closed or orphaned journal into BDF+ and returns that path; the journal is removed.

    Takes memory in proportion to the recording. Raises RecordingError, and then keeps the journal.
    """
    journal = journal_path(path)
    try:
        if journals.writer_lives(journal):
            raise RecordingError(f"The recording {journal} is still being written; end it first.")
        recording, _ = read_journal(journal)
        target = _free(journal.with_name(journal.name.removesuffix(".journal") + ".bdf"))
        part = target.with_name(target.name + ".part")
        try:
            write_bdf(recording, part)
            with part.open("rb") as file:
                os.fsync(file.fileno())
            os.replace(part, target)
        except OSError:
            with contextlib.suppress(OSError):
                part.unlink()
            raise
        journal.unlink()
    except FileNotFoundError:
        raise RecordingError(f"There is no recording {journal}; name another file.") from None
    except OSError as error:
        raise RecordingError(
            f"The recording {journal} cannot be finished ({error.strerror}); make room on the "
            "disk, it is finished at the next start."
        ) from error
    return target


def _free(path: Path) -> Path:
    """`path`, or the same with a number when something is there."""
    number, free = 2, path
    while free.exists():
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return free


def recover(directory: Path | str) -> list[Path]:
    """Finalises the journals in a folder whose writer is gone; returns the BDF+ files made.

    One that cannot be read is left where it is, with ".damaged" behind its name.
    """
    made = []
    for journal in sorted(Path(directory).glob("*.journal")):
        try:
            if journals.writer_lives(journal):
                continue
            made.append(finalise(journal))
        except RecordingError:
            with contextlib.suppress(OSError):
                if journal.exists() and not _room_is_missing(journal):
                    journal.rename(journal.with_name(journal.name + ".damaged"))
        except OSError:
            continue
    return made


def _room_is_missing(journal: Path) -> bool:
    """Whether it can be read, so that only the disk kept it from being finished."""
    try:
        read_journal(journal)
    except RecordingError:
        return False
    return True


def read_meta(path: Path | str) -> dict[str, Any]:
    """What a recording's session says of itself, without reading its samples: as Recording.meta.

    Of a journal only what was known at its start; {} of other people's files. Raises RecordingError
    as `read_recording`.
    """
    path = Path(path)
    with _sentences(path), path.open("rb") as file:
        if file.read(len(journals.MAGIC_ANY)) == journals.MAGIC_ANY:
            for kind, body in journals.records(path):
                if kind == "H":
                    return json.loads(body)
            raise RecordingError(_beginning_lost(path))
        return read_bdf_meta(path)


def read_recording(path: Path | str, *, partial: bool = False) -> Recording:
    """Reads a recording of ours, or the EMG channels of any BDF(+) or EDF(+) file.

    partial  take what is there of a file that was cut short (its session text may be lost)

    Raises RecordingError when the file is not there, cut short, damaged, of another version, or no
    recording.
    """
    path = Path(path)
    with _sentences(path):
        with path.open("rb") as file:
            magic = file.read(len(journals.MAGIC_ANY))
        if magic == journals.MAGIC_ANY:
            return read_journal(path)[0]
        return read_bdf(path, partial=partial)


@contextlib.contextmanager
def _sentences(path: Path) -> Iterator[None]:
    """What the system refuses, as RecordingError."""
    try:
        yield
    except FileNotFoundError:
        raise RecordingError(f"There is no recording {path}; name another file.") from None
    except IsADirectoryError:
        raise RecordingError(f"{path} is a folder; name a file in it.") from None
    except OSError as error:
        raise RecordingError(
            f"The recording {path} cannot be read ({error.strerror}): copy it again, or name "
            "another."
        ) from error
