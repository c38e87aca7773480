# SPDX-License-Identifier: GPL-3.0-or-later
"""BDF+: how a recording is laid out as signals, and how ours and other people's files are read.

One file, all signals at the EMG's rate, so that every reader shows them on one axis: the counts of
each channel as they came (24 bits fit one to one), the sample counter modulo 2^23, and for each DoF
the decoded intent and the commanded target, held until the next hop; whether that command was sent.
Everything else that replay needs is the signal "Session text": JSON, deflated, a byte a sample.
"""

from __future__ import annotations

import datetime
import json
import re
import warnings
import zlib
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import edfio
import numpy as np

from endplate.core import TARGET_UNIT
from endplate.errors import RecordingError

VERSION = 1
COUNTER_TURN = 2**23
INTENT_UNIT = 1_000_000  # digital values per 1.0 of intent
INTENT_LIMIT = 8
TEXT_LABEL = "Session text"
FULL_RANGE = (-(2**23), 2**23 - 1)
_TO_UV = {"uv": 1.0, "µv": 1.0, "μv": 1.0, "mv": 1e3, "v": 1e6, "nv": 1e-3}
_NO_EMG = re.compile(r"status|trigger|counter|annotation|acc|gyro|ecg|eog|temp", re.IGNORECASE)


@dataclass
class Recording:
    """A recording in memory.

    counts       int32 [n, channels]; microvolts are counts * uv_per_count
    first        index of counts[0] in its stream; annotations and meta use the same indices
    intents      float32 [n, dofs], targets int16 [n, dofs] in the wire's unit, sent bool [n]:
                 in force at each sample; no columns in other people's files
    annotations  (sample, text), in order
    missing      (first, n, mask): channels (bits) that the decoder was told to doubt then; the rest
                 was believed
    meta         what the session said of itself: board, montage, hand, profile_text, ...
    """

    counts: np.ndarray
    rate_hz: float
    uv_per_count: float
    channels: int
    labels: list[str]
    first: int = 0
    intents: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    targets: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.int16))
    sent: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    annotations: list[tuple[int, str]] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)
    path: Path | None = None
    missing: list[tuple[int, int, int]] = field(default_factory=list)

    def missing_masks(self) -> np.ndarray:
        """`missing` as one mask per sample, uint64 [n]."""
        masks = np.zeros(len(self.counts), np.uint64)
        for first, n, mask in self.missing:
            at = first - self.first
            masks[max(0, at) : max(0, at + n)] |= np.uint64(mask)
        return masks

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.counts) / self.rate_hz

    @property
    def dofs(self) -> list[str]:
        """Names of the columns of intents and targets."""
        return list(self.meta.get("dofs", []))[: self.targets.shape[1]]


def _label(text: str) -> str:
    return text.encode("ascii", "replace").decode()[:16]


def _eight_characters(value: float) -> float:
    """The nearest number whose negative fits a header field; a wider one would be moved outward."""
    fits = (text for digits in range(6, -1, -1) if len(text := f"{-value:.{digits}f}") <= 8)
    return -float(next(fits))


def write_bdf(recording: Recording, path: Path) -> None:
    """Writes a BDF+ file. Raises OSError when the disk refuses."""
    rate = Fraction(recording.rate_hz).limit_denominator(1000)
    seconds = rate.denominator  # of a data record
    per_record = rate.numerator
    n = len(recording.counts)
    count = -(-n // per_record)
    padding = count * per_record - n

    def signal(values: np.ndarray, label: str, what: str, **scale: Any) -> edfio.BdfSignal:
        padded = np.concatenate([values, np.repeat(values[-1:], padding)]).astype(np.int32)
        return edfio.BdfSignal.from_digital(
            padded, float(rate), label=_label(label),
            transducer_type=what.encode("ascii", "replace").decode()[:80], **scale,
        )

    limit_uv = _eight_characters(recording.uv_per_count * (2**23 - 0.5))
    signals = [
        signal(
            recording.counts[:, i], f"EMG {label}", f"EMG, {label}", physical_dimension="uV",
            digital_range=FULL_RANGE, physical_range=(-limit_uv, limit_uv),
        )
        for i, label in enumerate(recording.labels)
    ]
    counter = (recording.first + np.arange(n)) % COUNTER_TURN
    signals.append(signal(counter, "Sample counter", f"index of the sample, modulo {COUNTER_TURN}"))
    for i, dof in enumerate(recording.dofs):
        limit = INTENT_LIMIT
        intent = np.nan_to_num(np.clip(recording.intents[:, i].astype(float), -limit, limit))
        signals.append(
            signal(
                np.rint(intent * INTENT_UNIT), f"Intent {dof}", f"decoded intent, {dof}",
                digital_range=(-limit * INTENT_UNIT, limit * INTENT_UNIT),
                physical_range=(-limit, limit),
            )
        )
    for i, dof in enumerate(recording.dofs):
        signals.append(
            signal(
                recording.targets[:, i], f"Target {dof}", f"commanded velocity, {dof}",
                digital_range=(-(2**15), 2**15),
                physical_range=(-(2**15) / TARGET_UNIT, 2**15 / TARGET_UNIT),
            )
        )
    signals.append(
        signal(
            recording.sent, "Command sent", "1: the command was handed to the hand",
            digital_range=(0, 1), physical_range=(0, 1),
        )
    )
    signals.append(_text_signal(recording, count, seconds))
    started = datetime.datetime.fromtimestamp(float(recording.meta.get("started", 0))).replace(
        microsecond=0
    )
    bdf = edfio.Bdf(
        signals,
        recording=edfio.Recording(
            startdate=started.date(),
            equipment_code=re.sub(r"\s+", "_", _label(str(recording.meta.get("board")))) or "X",
        ),
        starttime=started.time(),
        data_record_duration=seconds,
        annotations=[
            edfio.EdfAnnotation(max(0, sample - recording.first) / recording.rate_hz, None, text)
            for sample, text in (
                (sample, re.sub(r"[\x00-\x20]+", " ", text))
                for sample, text in recording.annotations
            )
        ],
    )
    bdf.write(path)


def _text_signal(recording: Recording, count: int, seconds: int) -> edfio.BdfSignal:
    meta = {
        **recording.meta, "bdf_version": VERSION, "samples": len(recording.counts),
        "first": recording.first, "rate_hz": recording.rate_hz, "dofs": recording.dofs,
        "uv_per_count": recording.uv_per_count, "site_labels": recording.labels,
        "missing": recording.missing,
    }
    text = zlib.compress(json.dumps(meta).encode(), 9)
    text = len(text).to_bytes(4, "little") + text
    each = -(-len(text) // count)
    padded = np.frombuffer(text.ljust(each * count, b"\0"), np.uint8).astype(np.int32)
    return edfio.BdfSignal.from_digital(
        padded, each / seconds, label=TEXT_LABEL, digital_range=(0, 255), physical_range=(0, 255),
        transducer_type="JSON, deflated, after its length as u32",
    )


# ---- reading ----


def read_bdf(path: Path, *, partial: bool = False) -> Recording:
    """Reads a BDF(+) or EDF(+) file, ours or another's; see `recording.read_recording`."""
    with path.open("rb") as file:
        head = file.read(256)
    if head[:8] == b"\xffBIOSEMI":
        read: Any = edfio.read_bdf
    elif head[:8] == b"0       ":
        read = edfio.read_edf
    else:
        raise RecordingError(_no_recording(path))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            found = read(path)
            signals = list(found.signals)
            annotations = list(found.annotations)
        except (ValueError, IndexError, OverflowError, ZeroDivisionError) as error:
            raise RecordingError(_cut_short(path, " or damaged in its header")) from error
    cut = any("truncated" in str(w.message) or "contains" in str(w.message).lower() for w in said)
    if (cut or not signals or not len(signals[0].digital)) and not partial:
        raise RecordingError(_cut_short(path))
    text = next((s for s in signals if s.label == TEXT_LABEL), None)
    meta = _read_text(text, path, partial) if text is not None else None
    recording = _own(signals, meta, path) if meta else _foreign(signals, path)
    recording.annotations = sorted(
        (recording.first + round(a.onset * recording.rate_hz), a.text) for a in annotations
    )
    if not meta:
        recording.meta.setdefault("started", _started(found))
    return recording


def _started(file: Any) -> float:
    try:
        return float(file.startdatetime.timestamp())
    except (ValueError, edfio.AnonymizedDateError):
        return 0.0


def read_bdf_meta(path: Path) -> dict[str, Any]:
    """The session text of a file of ours, {} of another's; see `recording.read_meta`."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(256)
        if head[:8] == b"0       ":
            return {}
        if head[:8] != b"\xffBIOSEMI":
            raise RecordingError(_no_recording(path))
        try:
            records, signals = int(head[236:244]), int(head[252:256])
            fields = file.read(256 * signals)
            labels = [fields[16 * k : 16 * k + 16].decode().strip() for k in range(signals)]
            counts = [int(fields[216 * signals + 8 * k :][:8]) for k in range(signals)]
        except ValueError as error:
            raise RecordingError(_cut_short(path, " or damaged in its header")) from error
    if TEXT_LABEL not in labels:
        return {}
    at = labels.index(TEXT_LABEL)
    begin, each, whole = 3 * sum(counts[:at]), counts[at], 3 * sum(counts)
    if records < 1 or size < 256 * (1 + signals) + records * whole:
        raise RecordingError(_cut_short(path))
    data = np.memmap(path, np.uint8, "r", 256 * (1 + signals), (records, whole))
    meta = _parsed_text(data[:, begin : begin + 3 * each : 3].tobytes(), path)
    meta.pop("missing", None)
    return meta


def _no_recording(path: Path) -> str:
    return f"{path} is no recording (neither BDF+ nor EDF+); choose another file."


def _cut_short(path: Path, more: str = "") -> str:
    return f"The recording {path} is cut short{more}; copy it again from where it was made."


def _read_text(signal: Any, path: Path, partial: bool) -> dict[str, Any] | None:
    raw = signal.digital.astype(np.uint8).tobytes()
    try:
        return _parsed_text(raw, path)
    except RecordingError as error:
        if partial and isinstance(error.__cause__, zlib.error | ValueError):
            return None
        raise


def _parsed_text(raw: bytes, path: Path) -> dict[str, Any]:
    length = int.from_bytes(raw[:4], "little")
    try:
        meta = json.loads(zlib.decompress(raw[4 : 4 + length]))
    except (zlib.error, ValueError) as error:
        raise RecordingError(
            f"The recording {path} is damaged (its session text cannot be read); copy it again "
            "from where it was made."
        ) from error
    if meta.get("bdf_version") != VERSION:
        raise RecordingError(
            f"The recording {path} was written by another version of Endplate (format "
            f"{meta.get('bdf_version')}, this one reads {VERSION}); read it with that version."
        )
    return meta


def _own(signals: list[Any], meta: dict[str, Any], path: Path) -> Recording:
    n = min(int(meta["samples"]), len(signals[0].digital))
    missing = [(int(first), int(n), int(mask)) for first, n, mask in meta.pop("missing", [])]
    labels, dofs = list(meta["site_labels"]), list(meta["dofs"])
    columns = iter(s.digital[:n] for s in signals)
    counts = np.stack([next(columns) for _ in labels], axis=1).astype(np.int32)
    next(columns)  # the counter; `first` says the same
    intents = [next(columns) for _ in dofs]
    targets = [next(columns) for _ in dofs]
    sent = next(columns).astype(bool)
    return Recording(
        np.ascontiguousarray(counts), float(meta["rate_hz"]), float(meta["uv_per_count"]),
        len(labels), labels, int(meta["first"]),
        (np.stack(intents, axis=1) / INTENT_UNIT).astype(np.float32)
        if dofs else np.zeros((n, 0), np.float32),
        np.stack(targets, axis=1).astype(np.int16) if dofs else np.zeros((n, 0), np.int16),
        sent, [], meta, path, missing,
    )


def _foreign(signals: list[Any], path: Path) -> Recording:
    """Another program's file: its EMG channels, else all its voltages at the highest rate."""
    volts = [
        s for s in signals
        if s.physical_dimension.strip().lower() in _TO_UV and not _NO_EMG.search(s.label)
    ]
    chosen = [s for s in volts if "emg" in s.label.lower()] or volts
    if not chosen:
        raise RecordingError(
            f"The recording {path} has no EMG channel (a signal in microvolts); choose another "
            "file."
        )
    rate = max(s.sampling_frequency for s in chosen)
    chosen = [s for s in chosen if s.sampling_frequency == rate]
    gains, offsets = [], []
    for s in chosen:
        unit = _TO_UV[s.physical_dimension.strip().lower()]
        span = s.digital_max - s.digital_min
        gain = (s.physical_max - s.physical_min) / span * unit if span else unit
        gains.append(gain)
        offsets.append(s.physical_min * unit - s.digital_min * gain)
    scale = min(abs(gain) for gain in gains) or 1.0
    columns = []
    for s, gain, offset in zip(chosen, gains, offsets, strict=True):
        digital = s.digital.astype(np.int64)
        # Channels of one gain keep their counts; only an offset of half a count or more counts.
        if gain != scale or abs(offset) > scale:
            digital = np.rint((digital * gain + offset) / scale).astype(np.int64)
        columns.append(np.clip(digital, *FULL_RANGE).astype(np.int32))
    labels = [re.sub(r"^EMG\s+", "", s.label) or f"ch {i + 1}" for i, s in enumerate(chosen)]
    counts = np.ascontiguousarray(np.stack(columns, axis=1))
    n = len(counts)
    return Recording(
        counts, float(rate), scale, len(labels), labels, 0, np.zeros((n, 0), np.float32),
        np.zeros((n, 0), np.int16), np.zeros(n, bool), [],
        {"board": "a file", "units": [s.physical_dimension.strip() for s in chosen]}, path,
    )


def microvolts_of(unit: str) -> float | None:
    """Microvolts in one of a unit of voltage ("V", "mV", "uV", "nV"); None if it is none."""
    return _TO_UV.get(unit.strip().lower())
