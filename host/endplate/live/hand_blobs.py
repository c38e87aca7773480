# SPDX-License-Identifier: GPL-3.0-or-later
"""Decoder, calibration and grip table as the hand takes them: bytes (SPEC.md, "Blobs").

    calibration = calibration_blob(settings, hand_hash)        # settings: profile.chain_settings
    decoder = decoder_blob(settings, hand_hash, calibration)
    grips = grips_blob(hand)

`settings` is the nested dict that core.Chain takes too, so the hand computes with the same floats.
`FIELDS` has every field of every kind with its range; what is out of it is refused here with a
sentence, and again by the hand, whose number of a field `wrong_value` turns into the same sentence.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from endplate import core
from endplate.errors import HandError
from endplate.hardware import Hand, core_table

DECODER: int = core.lib.WIRE_BLOB_DECODER
CALIBRATION: int = core.lib.WIRE_BLOB_CALIBRATION
GRIPS: int = core.lib.WIRE_BLOB_GRIPS
WORDS = {DECODER: "decoder", CALIBRATION: "calibration", GRIPS: "grip table"}
VERSION = 2
VECTOR_SAMPLES = 256
SITES_MAX, RATE_MAX, FLOATS_MAX = 16, 500.0, 12000
_NAME = 16


@dataclass(frozen=True)
class Field:
    """One field: its name and type ("u32", "f32", "name", or "words" of both), and what it may
    be."""

    name: str
    type: str
    low: float = 0
    high: float = 0xFFFFFFFF
    allowed: str = ""  # words in place of low and high

    def range(self) -> str:
        """What it may be, for a sentence."""
        return self.allowed or f"{self.low:.10g} to {self.high:.10g}"


_HAND = "as many as the hand has"
_FITS = "what fits together, and into the pool"
_LIMITS = "within the joint's limits, and only of a joint without a DoF of its own"
#: Kind -> its fields in order; the number of the first is 1. The document is SPEC.md, which a test
#: compares.
FIELDS: dict[int, tuple[Field, ...]] = {
    DECODER: (
        Field("calibration", "u32", allowed="the hash of the calibration in force"),
        Field("result", "u32", allowed="what the hand computes of the test vector"),
        Field("kind", "u32", 0, 4),
        Field("dofs", "u32", 1, core.MAX_DOF, "1 up to as many as the hand has"),
        Field("place", "u32", allowed="numbers of the hand's DoF, each once"),
        Field("inputs", "u32", allowed="what the calibration's features make"),
        Field("share", "f32", 0, 1),
        Field("quiet", "f32", 0, 0.5),
        Field("linear", "words", allowed=_FITS),
        Field("fourier", "words", allowed=_FITS),
        Field("classes", "words", allowed=_FITS),
        Field("gate", "words", allowed=_FITS),
        Field("direct", "words", allowed=_FITS),
        Field("floats", "u32", 0, FLOATS_MAX),
        Field("pool", "f32", -1e6, 1e6, "-1e6 to 1e6, and 0 of a site its DoF does not need"),
    ),
    CALIBRATION: (
        Field("sites", "u32", 1, SITES_MAX),
        Field("dofs", "u32", allowed=_HAND),
        Field("rate_hz", "f32", 50, RATE_MAX),
        Field("uv_per_count", "f32", 1e-6, 1000),
        Field("full_scale_uv", "f32", 1, 1e7, "1 to 1e7, and 8400000 counts at most"),
        Field("mains_warn_db", "f32", -60, 60),
        Field("frame_samples", "u32", 2, 25, "2 to 25, and 0.05 s at most"),
        Field("frames_per_second", "u32", 1, 25),
        Field("thaw_hops", "u32", 1, 1000, "1 to 1000, and 0.5 s at least"),
        Field("hop_samples", "u32", 1, 100),
        Field("window_hops", "u32", 1, 16),
        Field("recent_hops", "u32", 1, 16, "1 up to window_hops"),
        Field("statistics", "u32", 1, 31),
        Field("form", "u32", 0, 1),
        Field("chosen", "u32", 1, SITES_MAX, "1 up to sites"),
        Field("chosen_site", "u32", allowed="numbers of sites, each once"),
        Field("release_ratio", "f32", 0, 1),
        Field("norm_cap", "f32", 0, 8),
        Field("needs", "u32", allowed="bits of its sites alone"),
        Field("rest", "f32", 0, 1e9),
        Field("reference", "f32", 1e-3, 1e6),
        Field("floor", "f32", 1e-6, 1e9),
        Field("difference_floor", "f32", 1e-6, 1e9),
        Field("dead_band", "f32", 0, 0.9),
        Field("slew_per_s", "f32", 0, 1000),
        Field("positive_gain", "f32", 0, 8),
        Field("positive_exponent", "f32", 1, 2),
        Field("negative_gain", "f32", 0, 8),
        Field("negative_exponent", "f32", 1, 2),
        Field("band_sections", "u32", 0, 12),
        Field("band", "f32", -1000, 1000, "-1000 to 1000, of a stable filter"),
        Field("notch_sections", "u32", 0, 12),
        Field("notch", "f32", -1000, 1000, "-1000 to 1000, of a stable filter"),
    ),
    GRIPS: (
        Field("joints", "u32", allowed=_HAND),
        Field("grips", "u32", 1, 12),
        Field("name", "name", allowed="1 to 15 of the characters a-z 0-9 _ -"),
        Field("close_s", "f32", 0.05, 60),
        Field("force_cap", "f32", 0.05, 1),
        Field("open_deg", "f32", -720, 720, _LIMITS),
        Field("closed_deg", "f32", -720, 720, _LIMITS),
        Field("start", "f32", 0, 1),
        Field("stop", "f32", 0, 1, "more than start, at most 1, and so that the joint can follow"),
    ),
}


def wrong_value(kind: int, field: int, index: int, value: str = "") -> str:
    """The sentence for field number `field`, whose value number `index` (from 0) is wrong."""
    fields = FIELDS[kind]
    if not 1 <= field <= len(fields):
        return (
            f"The {WORDS[kind]} has a wrong value in field {field}, which is not known here: flash "
            "the firmware that belongs to this version of Endplate."
        )
    told = fields[field - 1]
    is_value = f" is {value}" if value else " is wrong"
    return (
        f"The {WORDS[kind]} was refused: {told.name} (field {field}, index {index}){is_value}; it "
        f"may be {told.range()}."
    )


def _packed(kind: int, hand_hash: int, rows: Sequence[Any]) -> bytes:
    """Header and `rows`, one per field. HandError for a value out of its range."""
    data = struct.pack("<BBBBII", *b"EPB", kind, VERSION, hand_hash)
    for number, (told, given) in enumerate(zip(FIELDS[kind], rows, strict=True), 1):
        if told.type == "name":
            data += b"".join(name.ljust(_NAME, b"\0") for name in given)
            continue
        if told.type == "words":
            data += given
            continue
        for index, value in enumerate(_flat(given)):
            skipped = told.allowed == _LIMITS and math.isnan(value)
            if not skipped and not told.low <= value <= told.high:
                raise HandError(wrong_value(kind, number, index, f"{value:g}"))
        kind_of = "<u4" if told.type == "u32" else "<f4"
        with np.errstate(over="ignore"):
            data += np.array(list(_flat(given)), kind_of).tobytes()
    return data


def _flat(value: Any) -> Iterator[float]:
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _flat(item)
    else:
        yield value


def calibration_blob(settings: dict[str, Any], hand_hash: int) -> bytes:
    """All of a chain but its decoder. Raises HandError for what a hand does not take."""
    features, quality, shape = settings["features"], settings["quality"], settings["shape"]
    dof = shape["dof"]
    return _packed(
        CALIBRATION, hand_hash,
        (
            settings["sites"], settings["shape"]["dofs"], settings["rate_hz"],
            settings["uv_per_count"], quality["full_scale_uv"], quality["mains_warn_db"],
            quality["frame_samples"], quality["frames_per_second"], settings["thaw_hops"],
            features["hop_samples"], features["window_hops"], features["recent_hops"],
            features["statistics"], features["form"], features["chosen"], features["chosen_site"],
            shape["release_ratio"], shape["norm_cap"], list(settings["needs"]),
            features["rest"], features["reference"], features["floor"],
            features["difference_floor"],
            [d["dead_band"] for d in dof], [d["slew_per_s"] for d in dof],
            [d["positive"]["gain"] for d in dof], [d["positive"]["exponent"] for d in dof],
            [d["negative"]["gain"] for d in dof], [d["negative"]["exponent"] for d in dof],
            settings["band"]["sections"], _sections(settings["band"]),
            settings["notch"]["sections"], _sections(settings["notch"]),
        ),
    )  # fmt: skip


def _sections(config: dict[str, Any]) -> list[list[float]]:
    return [[s[name] for name in ("b0", "b1", "b2", "a1", "a2")] for s in config["section"]]


def decoder_blob(settings: dict[str, Any], hand_hash: int, calibration: bytes) -> bytes:
    """The decoder that belongs to this calibration, with what both make of the test vector."""
    decoder = settings["decoder"]
    rows = [
        crc(calibration), 0, decoder["kind"], decoder["dofs"], settings["place"], decoder["inputs"],
        decoder["share"], decoder["quiet"], *_parts(settings), len(decoder["pool"]),
        list(decoder["pool"]),
    ]  # fmt: skip
    _packed(DECODER, hand_hash, rows)  # its own sentence comes before that of the chain
    rows[1] = vector_result(settings)
    return _packed(DECODER, hand_hash, rows)


def _parts(settings: dict[str, Any]) -> list[bytes]:
    """linear, fourier, classes, gate and direct as the core's own structs hold them: every member a
    word, in the header's order."""
    decoder = core.ffi.new("decoder_config *", _without_pool(settings["decoder"]))
    gate = core.ffi.new("gate_config *", settings["gate"])
    parts = (decoder.linear, decoder.fourier, decoder.classes, gate[0], decoder.direct)
    return [bytes(core.ffi.buffer(core.ffi.addressof(part))) for part in parts]


def _without_pool(decoder: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in decoder.items() if name != "pool"}


def grips_blob(hand: Hand, hand_hash: int | None = None) -> bytes:
    """The grips of a hand file, for the hand that was built with `hand_hash` (the file's own)."""
    table = core_table(hand)
    grips = table["grip"]
    return _packed(
        GRIPS, hand.hash32 if hand_hash is None else hand_hash,
        (
            table["joints"], table["grips"], [grip["name"] for grip in grips],
            [grip["close_s"] for grip in grips], [grip["force_cap"] for grip in grips],
            *([grip[key] for grip in grips] for key in ("open_deg", "closed_deg", "start", "stop")),
        ),
    )  # fmt: skip


# ---- hashes ----


def crc(data: bytes, before: int = 0) -> int:
    """CRC-32C."""
    return int(core.lib.wire_crc32c(before, core.ffi.from_buffer("uint8_t[]", data), len(data)))


def hop_hash(hop: np.void, sites: int, dofs: int) -> int:
    """Of one hop (core.HOP), as DECODED tells it."""
    rows = (("power", sites), ("activation", sites), ("intent", dofs), ("velocity", dofs),
            ("target", dofs))  # fmt: skip
    told = ("samples", "frozen", "bad_sites", "gate")
    data = struct.pack("<IIII", *(int(hop[name]) for name in told))
    return crc(data + b"".join(hop[name][:n].tobytes() for name, n in rows))


def vector(sites: int) -> np.ndarray:
    """The test vector, int32 [VECTOR_SAMPLES, sites]."""
    x, counts = 0x2545F491, np.zeros((VECTOR_SAMPLES, sites), np.int32)
    for n in range(VECTOR_SAMPLES):
        for site in range(sites):
            x ^= x << 13 & 0xFFFFFFFF
            x ^= x >> 17
            x ^= x << 5 & 0xFFFFFFFF
            signed = x - (1 << 32) if x >> 31 else x
            size = abs(signed) >> 11 + (n // 32 + site) % 8
            counts[n, site] = -size if signed < 0 else size
    return counts


def vector_result(settings: dict[str, Any]) -> int:
    """CRC-32C over the hop hashes of the test vector, by this computer's own chain."""
    chain = core.Chain(settings)
    hops = chain.process(vector(chain.sites))
    hashes = [hop_hash(hop, chain.sites, chain.dofs) for hop in hops]
    return crc(np.array(hashes, "<u4").tobytes())
