# SPDX-License-Identifier: GPL-3.0-or-later
"""The C core and the wire's codec, as Python objects. The one file that names the compiled module.

`Chain` is what the control loop, the calibration and the tests run: the same C that the hand's
firmware compiles, so the same counts give the same bits in all of them. `encode` and
`FrameDecoder` are the wire. `ffi` and `lib` are open for tests that reach a single stage. Calls
release the GIL.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from endplate.errors import EndplateError

try:
    from endplate._core import ffi, lib
except ImportError as error:  # pragma: no cover - a broken installation
    raise EndplateError(
        f"The compiled core of Endplate cannot be loaded ({error}); run `make` in its folder, "
        "or reinstall the wheel."
    ) from error

MAX_SITES: int = lib.CORE_CHAIN_SITES
MAX_DOF: int = lib.CORE_MAX_DOF
MAX_ROWS: int = lib.FEATURES_MAX_ROWS
MAX_JOINTS: int = lib.CORE_MAX_JOINTS
TARGET_UNIT: int = lib.WIRE_TARGET_UNIT

_STATUS = {
    lib.CORE_BAD_ARGUMENT: "an argument is out of range",
    lib.CORE_BAD_CONFIG: "the configuration contradicts itself",
    lib.CORE_NOT_FINITE: "the configuration holds a number that is not finite",
    lib.CORE_TOO_SMALL: "the output buffer is too small",
}


class CoreError(EndplateError):
    """A core function refused its arguments; `status` is its negative return code."""

    def __init__(self, status: int, what: str) -> None:
        super().__init__(f"{what}: {_STATUS.get(status, f'status {status}')}.")
        self.status = status


def check(status: int, what: str) -> int:
    """Returns `status` when it is a count, raises CoreError when it is negative."""
    if status < 0:
        raise CoreError(status, what)
    return status


# ---- the chain ----

#: One hop, field by field as `chain_hop` in firmware/core/chain.h (units there).
HOP = np.dtype(
    [
        ("samples", "<u4"),
        ("frozen", "<u4"),
        ("bad_sites", "<u8"),
        ("gate", "<u4"),
        ("gap", "<u4"),
        ("power", "<f4", (MAX_SITES,)),
        ("activation", "<f4", (MAX_SITES,)),
        ("intent", "<f4", (MAX_DOF,)),
        ("velocity", "<f4", (MAX_DOF,)),
        ("target", "<i2", (MAX_DOF,)),
    ]
)

#: One site's verdict, as `quality_site` in firmware/core/quality.h (units there).
QUALITY = np.dtype(
    [
        ("bits", "<u4"),
        ("mean_uv", "<f4"),
        ("variance_uv2", "<f4"),
        ("rms_uv", "<f4"),
        ("mains_db", "<f4"),
        ("clipped_share", "<f4"),
        ("quiet_uv", "<f4"),
        ("busy_uv", "<f4"),
    ]
)

_NO_HOPS = np.zeros(0, HOP)
_COUNTS = ffi.typeof("int32_t[]")
_CLEAN = ffi.typeof("float[]")

assert HOP.itemsize == ffi.sizeof("chain_hop")
assert QUALITY.itemsize == ffi.sizeof("quality_site")


class Chain:
    """Electrode counts -> DoF velocities, streaming (chain.h).

    `settings` is a nested dict in the shape of `chain_config`; endplate.live.profile makes it from
    a profile; `pool` in its `decoder` is any sequence of floats, and is copied. The result depends
    on the samples alone, not on how they are cut into blocks.
    """

    HOPS_PER_CALL = 256

    def __init__(self, settings: dict[str, Any]) -> None:
        self._pool, decoder = pooled(settings["decoder"])
        self.config = ffi.new("chain_config *", settings | {"decoder": decoder})
        self.sites: int = self.config.sites
        self.dofs: int = self.config.shape.dofs
        self.hop_samples: int = self.config.features.hop_samples
        self._state = ffi.new("chain_state *")
        self._hops = ffi.new("chain_hop[]", self.HOPS_PER_CALL)
        self._hop_bytes = ffi.buffer(self._hops)
        check(lib.chain_check(self.config), "The chain's configuration cannot be used")
        self.reset()

    def reset(self) -> None:
        """Forgets all samples."""
        check(lib.chain_init(self._state, self.config), "The chain cannot start")

    def process(
        self,
        counts: np.ndarray,
        missing: int = 0,
        clean: np.ndarray | None = None,
        rows: np.ndarray | None = None,
    ) -> np.ndarray:
        """Takes counts int32 [n, sites] (C order) and returns the hops that closed, array of HOP.

        `missing` has a bit per site whose samples were filled in. `clean`, float32 [n, sites],
        receives the conditioned signal in microvolts, `rows`, float32 [hops or more, MAX_ROWS], the
        statistics of each hop (features.h). Raises CoreError for arrays of another shape.
        """
        if counts.dtype != np.int32 or counts.ndim != 2 or counts.shape[1] != self.sites:
            raise CoreError(lib.CORE_BAD_ARGUMENT, f"Counts must be int32 [n, {self.sites}]")
        if not counts.flags.c_contiguous:
            counts = np.ascontiguousarray(counts)
        longest = (self.HOPS_PER_CALL - 1) * self.hop_samples
        if len(counts) <= longest:
            return self._block(counts, missing, clean, rows)
        made, hops = [], 0
        for start in range(0, len(counts), longest):
            part = slice(start, start + longest)
            made.append(
                self._block(
                    counts[part],
                    missing,
                    None if clean is None else clean[part],
                    None if rows is None else rows[hops:],
                )
            )
            hops += len(made[-1])
        return np.concatenate(made)

    def _block(
        self,
        counts: np.ndarray,
        missing: int,
        clean: np.ndarray | None,
        rows: np.ndarray | None,
    ) -> np.ndarray:
        """At most HOPS_PER_CALL hops. This is the hot path: no check that is not needed, and the
        hops leave as one copy of bytes (numpy copies a structured array field by field)."""
        capacity = self.HOPS_PER_CALL if rows is None else min(self.HOPS_PER_CALL, len(rows))
        n = lib.chain_process(
            self._state,
            self.config,
            ffi.from_buffer(_COUNTS, counts),
            len(counts),
            missing,
            self._hops,
            capacity,
            ffi.NULL if clean is None else ffi.from_buffer(_CLEAN, clean, require_writable=True),
            ffi.NULL if rows is None else ffi.from_buffer(_CLEAN, rows, require_writable=True),
        )
        if n <= 0:
            check(n, "The chain refused a block")
            return _NO_HOPS
        return np.frombuffer(bytearray(self._hop_bytes[: n * HOP.itemsize]), HOP)

    @property
    def quality(self) -> np.ndarray:
        """The newest verdict of every site, a copy, array of QUALITY [sites].

        Those on a frame of 100 ms come within as many samples after it as there are sites.
        """
        raw = ffi.buffer(ffi.addressof(self._state.quality, "site"))
        return np.frombuffer(raw, QUALITY)[: self.sites].copy()

    @property
    def unfit(self) -> int:
        """Bit per site that is flat, railed or lifted as of the newest sample."""
        quality = ffi.addressof(self._state, "quality")
        return int(lib.quality_unfit(quality, ffi.addressof(self.config, "quality")))

    @property
    def switched(self) -> list[int]:
        """Of direct control whose pairs of sites drive several DoF: which DoF of the decoder each
        drives now; [] of any other decoder."""
        found: list[int] = []
        decoder = self.config.decoder
        if decoder.kind != lib.DECODER_DIRECT:
            return found
        for k in range(decoder.direct.pairs):
            bits = decoder.direct.pair[k].dofs
            mine = [dof for dof in range(MAX_DOF) if bits >> dof & 1]
            if len(mine) > 1:
                found.append(mine[self._state.decoder.direct.dof[k]])
        return found

    @property
    def doubted(self) -> int:
        """Bit per site that is bad, or was in the last second: DoF that need it are frozen."""
        return int(self._state.doubted)


def pooled(decoder: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The pool of a decoder's settings, which its config points to, and the config's fields."""
    fields = dict(decoder)
    pool = ffi.from_buffer("float[]", np.array(fields.pop("pool", ()), np.float32))
    return pool, fields | {"floats": len(pool), "pool": pool if len(pool) else ffi.NULL}


def target(velocity: float) -> int:
    """Velocity -1..1 in the wire's unit (+-TARGET_UNIT)."""
    return int(lib.shape_target(velocity))


# ---- the wire ----

SCHEMA_HASH: int = lib.wire_schema_hash()

#: Message name -> (number, C struct, or None where the message has no payload struct of its own).
MESSAGES: dict[str, tuple[int, str]] = {
    "HELLO": (lib.WIRE_HELLO, "hello"),
    "HELLO_ACK": (lib.WIRE_HELLO_ACK, "hello_ack"),
    "HEARTBEAT": (lib.WIRE_HEARTBEAT, "heartbeat"),
    "TIME": (lib.WIRE_TIME, "time"),
    "ARM": (lib.WIRE_ARM, "arm"),
    "DISARM": (lib.WIRE_DISARM, "reason"),
    "CLEAR_FAULT": (lib.WIRE_CLEAR_FAULT, "reason"),
    "RELEASE": (lib.WIRE_RELEASE, "reason"),
    "ESTOP": (lib.WIRE_ESTOP, "reason"),
    "RESTART": (lib.WIRE_RESTART, "restart"),
    "COMMAND": (lib.WIRE_COMMAND, "command"),
    "STATE": (lib.WIRE_STATE, "state"),
    "STATE_FULL": (lib.WIRE_STATE_FULL, "state_full"),
    "LINK_STATS": (lib.WIRE_LINK_STATS, "link_stats"),
    "TOUCH": (lib.WIRE_TOUCH, "touch"),
    "LOG": (lib.WIRE_LOG, "log"),
    "PARAM_INFO": (lib.WIRE_PARAM_INFO, "param"),
    "PARAM_GET": (lib.WIRE_PARAM_GET, "param"),
    "PARAM_SET": (lib.WIRE_PARAM_SET, "param_set"),
    "PARAM_SAVE": (lib.WIRE_PARAM_SAVE, "param"),
    "PARAM_RESET": (lib.WIRE_PARAM_RESET, "param"),
    "PARAM_VALUE": (lib.WIRE_PARAM_VALUE, "param_value"),
    "PARAM_DESCRIPTION": (lib.WIRE_PARAM_DESCRIPTION, "param_description"),
    "BLOB_BEGIN": (lib.WIRE_BLOB_BEGIN, "blob_begin"),
    "BLOB_CHUNK": (lib.WIRE_BLOB_CHUNK, "blob_chunk"),
    "BLOB_COMMIT": (lib.WIRE_BLOB_COMMIT, "blob"),
    "BLOB_GET": (lib.WIRE_BLOB_GET, "blob"),
    "BLOB_STATUS": (lib.WIRE_BLOB_STATUS, "blob_status"),
    "EMG": (lib.WIRE_EMG, "emg"),
    "DECODED": (lib.WIRE_DECODED, "decoded"),
}
#: Structs that several messages share: their functions are told which message it is.
SHARED = ("reason", "param", "blob")
_BY_NUMBER = {number: (name, struct) for name, (number, struct) in MESSAGES.items()}


def _enum(prefix: str, type_name: str) -> dict[int, str]:
    """Names of a C enum without their prefix, lower case, blanks for underscores."""
    elements = ffi.typeof(type_name).elements
    return {
        value: name[len(prefix) :].lower().replace("_", " ")
        for value, name in elements.items()
        if name.startswith(prefix)
    }


#: Guard states, limit codes and fault bits in words, read from guard.h.
GUARD_STATES = _enum("GUARD_", "enum guard_state_name")
GUARD_LIMITS = _enum("GUARD_LIMIT_", "enum guard_limit")
GUARD_FAULTS = _enum("GUARD_FAULT_", "enum guard_fault")
COUNTERS = [name for name, _ in ffi.typeof("wire_counters").fields]
#: Those of the counters that count a refusal.
REFUSALS = [name for name in COUNTERS if name.startswith("bad_")]


@dataclass(frozen=True)
class Frame:
    """One accepted frame: `fields` are those of the message's struct in wire.h, arrays as
    tuples."""

    msg: str
    session: int
    seq: int
    ack: int | None
    fields: dict[str, Any] = field(default_factory=dict)


def _to_python(value: Any) -> Any:
    kind = ffi.typeof(value) if isinstance(value, ffi.CData) else None
    if kind is None:
        return value
    if kind.kind == "struct":
        return {name: _to_python(getattr(value, name)) for name, _ in kind.fields}
    if kind.kind == "array":
        return tuple(_to_python(item) for item in value)
    return value


def encode(
    msg: str,
    fields: dict[str, Any] | None = None,
    *,
    session: int,
    seq: int,
    ack: int | None = None,
) -> bytes:
    """The frame of a message, with its delimiter. Raises CoreError for a field out of range."""
    number, struct = MESSAGES[msg]
    payload = ffi.new(f"wire_{struct} *", fields or {})
    frame = ffi.new("wire_frame *")
    pack = getattr(lib, f"wire_pack_{struct}")
    packed = pack(number, payload, frame) if struct in SHARED else pack(payload, frame)
    check(packed, f"{msg} cannot be packed")
    frame.session, frame.seq = session & 0xFFFF, seq & 0xFFFF
    if ack is not None:
        frame.flags, frame.ack = lib.WIRE_FLAG_ACK, ack & 0xFFFF
    out = ffi.new("uint8_t[]", lib.WIRE_MAX_FRAME)
    n = check(lib.wire_encode(frame, out, lib.WIRE_MAX_FRAME), f"{msg} cannot be encoded")
    return bytes(ffi.buffer(out, n))


class FrameDecoder:
    """Bytes in any portions -> frames; resynchronises after garbage and counts every refusal."""

    def __init__(self) -> None:
        self._decoder = ffi.new("wire_decoder *")
        self._frame = ffi.new("wire_frame *")
        self._used = ffi.new("int32_t *")
        lib.wire_decoder_init(self._decoder)

    def feed(self, data: bytes) -> list[Frame]:
        """Frames completed by `data`; one whose values are out of range is counted, not
        returned."""
        frames = []
        buffer = ffi.from_buffer("uint8_t[]", data)
        start = 0
        while start < len(data):
            done = lib.wire_decoder_feed(
                self._decoder, buffer + start, len(data) - start, self._used, self._frame
            )
            start += self._used[0]
            if not done:
                continue
            name, struct = _BY_NUMBER[self._frame.msg]
            payload = ffi.new(f"wire_{struct} *")
            if getattr(lib, f"wire_unpack_{struct}")(self._frame, payload) < 0:
                self._decoder.counters.bad_value += 1
                continue
            acked = bool(self._frame.flags & lib.WIRE_FLAG_ACK)
            frames.append(
                Frame(
                    name,
                    self._frame.session,
                    self._frame.seq,
                    self._frame.ack if acked else None,
                    _to_python(payload[0]),
                )
            )
        return frames

    def count(self, reason: str) -> None:
        """Counts a refusal that only the receiver can see (`bad_session`, `bad_sequence`, ...)."""
        setattr(self._decoder.counters, reason, getattr(self._decoder.counters, reason) + 1)

    @property
    def counters(self) -> dict[str, int]:
        """All counters of wire.h, by name."""
        return _to_python(self._decoder.counters)


def newer(now: int, last: int) -> bool:
    """Whether sequence number `now` comes after `last` on the 16-bit circle."""
    return bool(lib.wire_newer(now & 0xFFFF, last & 0xFFFF))
