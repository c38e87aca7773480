# SPDX-License-Identifier: GPL-3.0-or-later
"""The feed: what the control process lets others watch, in shared memory.

The writer never waits and knows of no reader. A reader maps the same memory and can never mistake a
half-written record for a whole one: rings announce what they are about to overwrite before they
write it and what is whole after, and the status carries a sequence number and a CRC.

    DIR/feed -> memory of the control process, which ends with it: nothing is left after a crash
    header | info (JSON) | samples: counts and clean | hops | two status slots

On Linux the memory is a memfd, reached through /proc/PID/fd, so that neither a slow disk nor a file
left behind can harm; elsewhere DIR/feed is a plain file.
"""

from __future__ import annotations

import json
import mmap
import os
import time
import zlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from endplate.core import HOP
from endplate.errors import SessionError

RING_S = 64.0
STATUS_BYTES = 1 << 16
GONE_S = 2.0  # a writer that has not beaten for so long is frozen or gone

_MAGIC = 0x3244454546504E45  # "ENPFEED2", little-endian
_PAGE = 4096
_INFO_BYTES = 1 << 16

#: One hop: the chain's result, when it was decoded (monotonic ns), the index of its newest sample
#: in the session's stream, as in its recording, and whether a COMMAND left for it. Intents,
#: velocities and targets stand in the order of FeedInfo.dofs.
FEED_HOP = np.dtype([*HOP.descr, ("t_ns", "<i8"), ("sample", "<i8"), ("sent", "u1")])

_HEADER = np.dtype(
    [
        ("magic", "<u8"), ("pid", "<i8"), ("born", "<i8"), ("beat_ns", "<i8"), ("closed", "<i8"),
        ("ring", "<i8"), ("channels", "<i8"), ("hops", "<i8"), ("info", "<i8"),
        ("samples_from", "<i8"), ("samples_begun", "<i8"), ("samples_whole", "<i8"),
        ("hops_begun", "<i8"), ("hops_whole", "<i8"), ("status", "<i8"),
    ]
)  # fmt: skip
_SLOT = np.dtype([("number", "<i8"), ("length", "<i8"), ("crc", "<u8")])


@dataclass(frozen=True)
class FeedInfo:
    """What does not change while the control process runs.

    `channels` is the number of columns of samples (all channels of the board); `site_labels` has
    one label per column; `montage_channels` names those (from 1) that the montage uses.
    `joint_limits` are (min, max) in degrees. `started` is Unix time in seconds.
    """

    rate_hz: float
    channels: int
    site_labels: tuple[str, ...]
    dofs: tuple[str, ...]
    joints: tuple[str, ...]
    hop_samples: int
    simulated: bool
    board: str
    montage: str
    hand: str
    joint_limits: tuple[tuple[float, float], ...] = ()
    montage_channels: tuple[int, ...] = ()
    grips: tuple[str, ...] = ()
    uv_per_count: float = 0.0
    full_scale_uv: float = 0.0
    mains_hz: float = 50.0
    started: float = field(default_factory=time.time)

    @classmethod
    def from_json(cls, text: bytes) -> FeedInfo:
        """The inverse of what FeedWriter stores."""
        content = json.loads(text)
        for key in ("site_labels", "dofs", "joints", "montage_channels", "grips"):
            content[key] = tuple(content[key])
        content["joint_limits"] = tuple(tuple(pair) for pair in content["joint_limits"])
        return cls(**content)


class _Layout:
    """Views into the mapped memory."""

    def __init__(self, memory: mmap.mmap, ring: int, channels: int, hops: int) -> None:
        samples, clean, hop, status, self.size = offsets(ring, channels, hops)
        whole = np.frombuffer(memory, np.uint8)
        self.header = whole[: _HEADER.itemsize].view(_HEADER)
        self.info = whole[_PAGE : _PAGE + _INFO_BYTES]
        self.counts = whole[samples:clean].view("<i4")[: ring * channels].reshape(ring, channels)
        self.clean = whole[clean:hop].view("<f4")[: ring * channels].reshape(ring, channels)
        self.hops = whole[hop:status][: hops * FEED_HOP.itemsize].view(FEED_HOP)
        slots = whole[status : self.size].reshape(2, -1)
        self.slot_head = [s[: _SLOT.itemsize].view(_SLOT) for s in slots]
        self.slot_text = [s[_SLOT.itemsize :] for s in slots]


def offsets(ring: int, channels: int, hops: int) -> tuple[int, int, int, int, int]:
    """Where counts, clean, hops and status begin, and the whole size, in bytes."""

    def pages(n: int) -> int:
        return (n + _PAGE - 1) // _PAGE * _PAGE

    samples = _PAGE + _INFO_BYTES
    block = pages(ring * channels * 4)
    clean = samples + block
    hop = clean + block
    status = hop + pages(hops * FEED_HOP.itemsize)
    return samples, clean, hop, status, status + 2 * STATUS_BYTES


class FeedWriter:
    """The control process's side. Every call copies and returns; none waits."""

    def __init__(self, path: Path, info: FeedInfo) -> None:
        self.path = Path(path)
        self.info = info
        text = json.dumps(asdict(info)).encode()
        if len(text) > _INFO_BYTES:
            raise SessionError(
                "The feed's description is too long: shorten the names in the montage."
            )
        self._ring = _power_of_two(RING_S * info.rate_hz)
        self._hops = _power_of_two(RING_S * info.rate_hz / info.hop_samples)
        size = offsets(self._ring, info.channels, self._hops)[-1]
        self._fd, self._memory = _create(self.path, size)
        self._view = _Layout(self._memory, self._ring, info.channels, self._hops)
        self._view.info[: len(text)] = np.frombuffer(text, np.uint8)
        self._header = self._view.header
        self._whole = {name: self._header[name] for name in _HEADER.names or ()}
        self._order = Lock()
        self._status = 0
        self._end = -1  # index after the newest sample
        for name, value in {
            "pid": os.getpid(), "born": born(os.getpid()), "beat_ns": time.monotonic_ns(),
            "ring": self._ring, "channels": info.channels, "hops": self._hops, "info": len(text),
        }.items():  # fmt: skip
            self._set(name, value)
        self._fence()
        self._set("magic", _MAGIC)  # last: a reader that sees it sees all of the above

    def _set(self, name: str, value: int) -> None:
        self._whole[name][0] = value  # one aligned store of 8 bytes

    def _fence(self) -> None:
        """Keeps the order of stores on processors that would not by themselves (x86 does)."""
        self._order.acquire()
        self._order.release()

    def samples(self, first: int, counts: np.ndarray, clean: np.ndarray) -> None:
        """Adds samples `first`...: counts int32, clean float32 microvolt, both [n, channels]."""
        n = len(counts)
        if n > self._ring:
            first += n - self._ring
            counts, clean, n = counts[-self._ring :], clean[-self._ring :], self._ring
        end = first + n
        if first != self._end:  # the first ones, or the count began anew: nothing older is whole
            self._set("samples_from", first)
        self._end = end
        self._set("samples_begun", end)
        self._fence()
        at = first % self._ring
        split = min(n, self._ring - at)
        view = self._view
        view.counts[at : at + split] = counts[:split]
        view.clean[at : at + split] = clean[:split]
        if split < n:
            view.counts[: n - split] = counts[split:]
            view.clean[: n - split] = clean[split:]
        self._fence()
        self._set("samples_whole", end)

    def hop(self, hop: np.void, t_ns: int, sent: bool = False, sample: int = -1) -> None:
        """Adds one hop, a record of core.HOP; `sample` is the index of its newest sample."""
        number = int(self._whole["hops_whole"][0])
        self._set("hops_begun", number + 1)
        self._fence()
        record = self._view.hops[number % self._hops]
        for name in HOP.names or ():
            record[name] = hop[name]
        record["t_ns"] = t_ns
        record["sample"] = sample
        record["sent"] = sent
        self._fence()
        self._set("hops_whole", number + 1)

    def status(self, status: dict[str, Any]) -> None:
        """Replaces the status. One too long for its slot is replaced by a note that says so."""
        text = json.dumps(status, separators=(",", ":"), default=_plain).encode()
        if len(text) > STATUS_BYTES - _SLOT.itemsize:
            text = json.dumps(
                {"t_ns": status.get("t_ns", 0), "sentences": ["The status is too long to show."]}
            ).encode()
        self._status += 1
        head, slot = self._view.slot_head[self._status % 2], self._view.slot_text[self._status % 2]
        head["number"] = 0
        self._fence()
        slot[: len(text)] = np.frombuffer(text, np.uint8)
        head["length"], head["crc"] = len(text), zlib.crc32(text)
        self._fence()
        head["number"] = self._status
        self._fence()
        self._set("status", self._status)
        self._set("beat_ns", time.monotonic_ns())

    def close(self) -> None:
        """Tells the readers that this was all, and removes DIR/feed."""
        if self._fd < 0:
            return
        self._set("closed", 1)
        os.close(self._fd)
        self._fd = -1
        self.path.unlink(missing_ok=True)


class FeedReader:
    """A watcher's side. Raises SessionError when there is no feed."""

    def __init__(self, path: Path) -> None:
        gone = SessionError(f"Nothing is running in {Path(path).parent}: start a session first.")
        try:
            with open(path, "rb") as file:
                self._memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):
            raise gone from None
        if len(self._memory) < _PAGE + _INFO_BYTES:
            raise gone
        header = np.frombuffer(self._memory, _HEADER, 1)
        if int(header["magic"][0]) != _MAGIC:
            raise gone
        ring, channels, hops = (int(header[name][0]) for name in ("ring", "channels", "hops"))
        if offsets(ring, channels, hops)[-1] != len(self._memory):
            raise SessionError("The feed is of another version of Endplate: restart the session.")
        self._view = _Layout(self._memory, ring, channels, hops)
        self._header = self._view.header
        self._ring, self._hops = ring, hops
        self.info = FeedInfo.from_json(self._view.info[: self._get("info")].tobytes())

    def _get(self, name: str) -> int:
        return int(self._header[name][0])

    @property
    def newest(self) -> int:
        """Index after the newest sample."""
        return self._get("samples_whole")

    def samples(self, since: int) -> tuple[int, np.ndarray, np.ndarray]:
        """Copies of the samples from index `since` on: (first, counts, clean in microvolt).

        `first` is later than `since` when those samples have left the ring.
        """
        end = self._get("samples_whole")
        first = min(max(since, self._get("samples_from"), end - self._ring), end)
        at = np.arange(first, end) % self._ring
        counts, clean = self._view.counts[at], self._view.clean[at]
        # What the writer has begun to write meanwhile may be new here: it is not handed out.
        lost = self._get("samples_begun") - self._ring - first
        if lost > 0:
            lost = min(lost, end - first)
            first, counts, clean = first + lost, counts[lost:], clean[lost:]
        return first, counts, clean

    def hops(self, since: int) -> tuple[int, np.ndarray]:
        """Copies of the hops from number `since` on: (number to ask for next, FEED_HOP array)."""
        end = self._get("hops_whole")
        first = min(max(since, end - self._hops, 0), end)
        hops = self._view.hops[np.arange(first, end) % self._hops]
        lost = self._get("hops_begun") - self._hops - first
        return end, hops[max(0, lost) :]

    def status(self) -> dict[str, Any]:
        """The newest whole status; {} before the first."""
        for _ in range(100):
            number = self._get("status")
            if not number:
                return {}
            head, slot = self._view.slot_head[number % 2], self._view.slot_text[number % 2]
            length, crc = int(head["length"][0]), int(head["crc"][0])
            if int(head["number"][0]) == number and 0 < length <= len(slot):
                text = slot[:length].tobytes()
                if int(head["number"][0]) == number and zlib.crc32(text) == crc:
                    return json.loads(text)
        return {}

    @property
    def age_s(self) -> float:
        """Seconds since the writer last showed a sign of life."""
        return (time.monotonic_ns() - self._get("beat_ns")) / 1e9

    @property
    def alive(self) -> bool:
        """Whether the writer runs: not closed, its process there, and not silent for GONE_S."""
        if self._get("closed") or self.age_s > GONE_S:
            return False
        return born(self._get("pid")) == self._get("born") != 0


def born(pid: int) -> int:
    """When a process started (ticks since boot), 0 for one that is gone: a reused pid differs."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    fields = text[text.rindex(")") + 2 :].split()
    return 0 if fields[0] in "ZX" else int(fields[19])


def _power_of_two(n: float) -> int:
    return 1 << max(6, int(np.ceil(n)) - 1).bit_length()


def _create(path: Path, size: int) -> tuple[int, mmap.mmap]:
    """Memory of `size` zero bytes, reached through `path`; what a dead writer left is replaced."""
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    staged.unlink(missing_ok=True)
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("endplate-feed")
        staged.symlink_to(f"/proc/{os.getpid()}/fd/{fd}")
    else:
        fd = os.open(staged, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    os.ftruncate(fd, size)
    memory = mmap.mmap(fd, size)
    os.replace(staged, path)
    return fd, memory


def _plain(value: Any) -> Any:
    """numpy numbers and arrays as JSON."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    return str(value)
