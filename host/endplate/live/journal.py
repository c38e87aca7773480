# SPDX-License-Identifier: GPL-3.0-or-later
"""The recording while it grows: an append-only file that a kill -9 cannot spoil.

    file    "ENDPLATE JOURNAL 1\\n", then records
    record  length u32 | kind u8 | payload [length] | CRC-32 of kind and payload u32, little-endian
    kinds   H header (JSON) · S samples (first i64, n u32, channels u16, counts i32 [n, channels])
            P hop (sample i64, sent u8, n u8, intents f32 [n], targets i16 [n])
            N not believed (first i64, n u32, mask of channels u32), only where there is a mask
            M mark (sample i64, text) · A attachment (sample i64, JSON) · E end (samples i64)

The control loop only appends to a list; one thread writes it every 0.2 s, another asks the disk to
keep it every second. A disk that is full or slow ends the recording with a sentence, not the
control. The file is held by flock while its writer lives, so that `recover` knows an orphan.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from endplate.errors import RecordingError

MAGIC = b"ENDPLATE JOURNAL 1\n"
MAGIC_ANY = b"ENDPLATE JOURNAL "
VERSION = 1
WRITE_S = 0.2
SYNC_S = 1.0
QUEUE_LIMIT = 64 << 20  # bytes waiting for the disk before the recording gives up
RECORD_LIMIT = 64 << 20  # a longer length is damage
_HEAD = struct.Struct("<IB")
_SAMPLES = struct.Struct("<qIH")
_HOP = struct.Struct("<qBB")
_SAMPLE = struct.Struct("<q")
_MISSING, _MISSING_32 = struct.Struct("<qIQ"), struct.Struct("<qII")  # of 64 channels, of 32


def journal_path(path: Path | str) -> Path:
    """The journal's path for a recording's: its name with ".journal" for ".bdf" or for nothing."""
    path = Path(path)
    name = path.name
    for ending in (".journal", ".bdf"):
        name = name.removesuffix(ending)
    return path.with_name(name + ".journal")


def _record(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    crc = zlib.crc32(body, zlib.crc32(kind))
    return b"".join((_HEAD.pack(len(body), kind[0]), body, struct.pack("<I", crc)))


class Journal:
    """Writes one recording. Raises RecordingError when it cannot begin; later it only says so.

    path  the recording's name; the journal gets the ending ".journal"
    meta  all that replay needs: rate_hz, channels, uv_per_count, site_labels, dofs, montage, hand,
          board, hop_samples, started (seconds of the epoch), profile (path or None), ...; the
          profile's text is taken into `profile_text`

    `health` is "ok" or "failed", `sentence` says why. Not safe for several threads to append.
    """

    def __init__(self, path: Path | str, meta: dict[str, Any]) -> None:
        self.path = journal_path(path)
        self.health, self.sentence = "ok", ""
        self.recorded = 0  # samples handed over before it failed, if it did
        self._queue: list[bytes] = []
        self._queued = 0
        self._lock = threading.Lock()  # of the queue; held for a swap only
        self._write_lock = threading.Lock()
        self._wake = threading.Event()
        self._closing = False
        self._refused = False  # by the disk; nothing more is written
        meta = {"version": VERSION, "started": time.time(), **meta, "pid": os.getpid()}
        profile = meta.get("profile")
        if profile and "profile_text" not in meta:
            with contextlib.suppress(OSError, UnicodeDecodeError, TypeError):
                meta["profile_text"] = Path(profile).read_text(encoding="utf-8")
        self.meta = meta
        self._fd = self._begin()
        self._good = 0  # bytes of whole records in the file
        self._put(MAGIC + _record(b"H", json.dumps(meta).encode()))
        self._write()
        if self.health != "ok":
            os.close(self._fd)
            with contextlib.suppress(OSError):
                self.path.unlink()
            raise RecordingError(self.sentence)
        self._threads = [
            threading.Thread(target=work, name=f"journal-{work.__name__}", daemon=True)
            for work in (self._keep_writing, self._keep_syncing)
        ]
        for thread in self._threads:
            thread.start()

    def _begin(self) -> int:
        try:
            if self.path.exists():
                raise RecordingError(
                    f"The recording {self.path} exists already; choose another name."
                )
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise RecordingError(
                f"The recording {self.path} cannot be made ({error.strerror}); choose another "
                "place."
            ) from error
        fcntl.flock(fd, fcntl.LOCK_EX)
        return fd

    # ---- appending: what the control loop calls ----

    def samples(self, first: int, counts: np.ndarray) -> None:
        """Counts int32 [n, channels] of the samples from index `first` on."""
        n, channels = counts.shape
        body = np.ascontiguousarray(counts, "<i4").tobytes()
        self._put(_record(b"S", _SAMPLES.pack(first, n, channels), body))
        if self.health == "ok":
            self.recorded += n

    def hop(self, sample: int, intents: np.ndarray, targets: np.ndarray, sent: bool) -> None:
        """Decoder's output and command's targets (wire units), in force from `sample` on."""
        intents = np.asarray(intents, "<f4")
        head = _HOP.pack(sample, bool(sent), len(intents))
        self._put(_record(b"P", head, intents.tobytes(), np.asarray(targets, "<i2").tobytes()))

    def missing(self, first: int, n: int, mask: int) -> None:
        """The channels (bits) whose `n` samples from `first` on the decoder was told to doubt."""
        self._put(_record(b"N", _MISSING.pack(first, n, mask)))

    def mark(self, sample: int, text: str) -> None:
        """An annotation at a sample."""
        self._put(_record(b"M", _SAMPLE.pack(sample), text.encode()))

    def attach(self, sample: int, name: str, text: str, **more: int) -> None:
        """A text that came into force at a sample, such as another profile; kept in the meta.

        Of a profile whose chain ran beside the other before, `since` is its first sample.
        """
        body = json.dumps({"sample": sample, "name": name, "text": text, **more}).encode()
        self._put(_record(b"A", _SAMPLE.pack(sample), body))

    def _put(self, record: bytes) -> None:
        if self.health != "ok":
            return
        with self._lock:
            self._queue.append(record)
            self._queued += len(record)
        if self._queued > QUEUE_LIMIT:
            self._fail("The disk takes too long")

    # ---- writing: what the threads do ----

    def _keep_writing(self) -> None:
        while not self._closing and not self._refused:
            self._wake.wait(WRITE_S)
            self._write()

    def _keep_syncing(self) -> None:
        while not self._wake.wait(SYNC_S) and not self._refused:
            with contextlib.suppress(OSError):
                os.fdatasync(self._fd)

    def _write(self) -> None:
        with self._write_lock:
            with self._lock:
                records, self._queue, self._queued = self._queue, [], 0
            data = memoryview(b"".join(records))
            left = data
            try:
                while left and not self._refused:
                    left = left[os.write(self._fd, left) :]
            except OSError as error:
                self._refused = True
                self._fail(error.strerror or "The disk refuses")
            if not left:
                self._good += len(data)
                return
            room = len(data) - len(left)
            for record in records:  # cut off the one that the disk had no room for
                if len(record) > room:
                    break
                room -= len(record)
                self._good += len(record)
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self._good)

    def _fail(self, why: str) -> None:
        self.health = "failed"
        self.sentence = (
            f"The recording stopped ({why}): make room on the disk of {self.path.parent}; what was "
            "written before is kept, and control goes on."
        )

    def flush(self) -> None:
        """Writes what was appended so far, and waits for it; not for the control loop."""
        self._write()

    def close(self) -> None:
        """Writes the rest and gives the file free for `finalise`; may be called twice."""
        if self._closing:
            return
        self._closing = True
        self._put(_record(b"E", _SAMPLE.pack(self.recorded)))
        self._wake.set()
        for thread in self._threads:
            thread.join()
        self._write()
        with contextlib.suppress(OSError):
            os.fdatasync(self._fd)
        os.close(self._fd)


# ---- reading ----


def records(path: Path) -> Iterator[tuple[str, bytes]]:
    """(kind, payload) of every whole record; stops at the first damage, which it reports as "?".

    Raises RecordingError when the file is no journal of this version.
    """
    with path.open("rb") as file:
        magic = file.read(len(MAGIC))
        if magic != MAGIC:
            if magic.startswith(MAGIC_ANY):
                raise RecordingError(
                    f"The journal {path} was written by another version of Endplate; finalise it "
                    "with that version."
                )
            raise RecordingError(f"{path} is not a recording of Endplate; choose another file.")
        while head := file.read(_HEAD.size):
            if len(head) < _HEAD.size:
                yield "?", b"the last record is cut short"
                return
            length, kind = _HEAD.unpack(head)
            body = file.read(length) if length <= RECORD_LIMIT else b""
            tail = file.read(4)
            if len(body) < length or len(tail) < 4:
                yield "?", b"the last record is cut short"
                return
            if zlib.crc32(body, zlib.crc32(bytes([kind]))) != struct.unpack("<I", tail)[0]:
                yield "?", b"a record is damaged"
                return
            yield chr(kind), body


def unpack_samples(body: bytes) -> tuple[int, np.ndarray]:
    """(index of the first sample, counts int32 [n, channels]) of an S record."""
    first, n, channels = _SAMPLES.unpack_from(body)
    return first, np.frombuffer(body, "<i4", n * channels, _SAMPLES.size).reshape(n, channels)


def unpack_hop(body: bytes) -> tuple[int, bool, np.ndarray, np.ndarray]:
    """(sample, sent, intents float32 [n], targets int16 [n]) of a P record."""
    sample, sent, n = _HOP.unpack_from(body)
    intents = np.frombuffer(body, "<f4", n, _HOP.size)
    return sample, bool(sent), intents, np.frombuffer(body, "<i2", n, _HOP.size + 4 * n)


def unpack_missing(body: bytes) -> tuple[int, int, int]:
    """(first, n, mask) of an N record."""
    return (_MISSING if len(body) == _MISSING.size else _MISSING_32).unpack(body)


def unpack_mark(body: bytes) -> tuple[int, str]:
    """(sample, text) of an M record."""
    return _SAMPLE.unpack_from(body)[0], body[_SAMPLE.size :].decode(errors="replace")


def writer_lives(path: Path) -> bool:
    """Whether the process that writes this journal still holds it."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False
