# SPDX-License-Identifier: GPL-3.0-or-later
"""Uploads and EMG over the bare host, and the lives of the hand that they are tested in."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from endplate.core import lib
from endplate.hardware import load_hand
from endplate.live import hand_blobs
from endplate.live.hand_blobs import CALIBRATION, DECODER, GRIPS
from endplate.sim import firmware

from . import params_asking
from .chain_case import settings
from .wire_host import Host, connected

HAND = load_hand("test-hand")
CHUNK = lib.WIRE_BLOB_BYTES
OK, UNKNOWN, NOT_DISARMED = lib.WIRE_BLOB_OK, lib.WIRE_BLOB_UNKNOWN, lib.WIRE_BLOB_NOT_DISARMED
PERIOD_US = 4000


@contextmanager
def one_life(port: str, folder: Path, cut: int = 0, flash: bool = True) -> Iterator[Host]:
    """The hand from power to power, on the motor bus `port`; what it keeps is folder/flash."""
    path = folder / "flash" if flash else None
    with (
        firmware.start("pc", port, folder, flash=path, power_cut=cut) as running,
        connected(running.port) as host,
    ):
        host.hand = running
        yield params_asking.at_rest(host)


def ask(host: Host, msg: str, kind: int, **fields: Any) -> dict[str, Any]:
    """Fields of the answer to one request."""
    seq = host.send(msg, fields | {"kind": kind})
    answer = host.until(lambda f: f.msg == "BLOB_STATUS" and f.ack == seq, 3.0, msg).fields
    assert answer["kind"] == kind and answer["asked"] == lib_number(msg)
    return answer


def lib_number(msg: str) -> int:
    return getattr(lib, f"WIRE_{msg}")


def get(host: Host, kind: int) -> dict[str, Any]:
    return ask(host, "BLOB_GET", kind, hash=0)


def send_all(host: Host, kind: int, data: bytes) -> None:
    """BEGIN and every CHUNK."""
    begun = ask(host, "BLOB_BEGIN", kind, size=len(data), hash=hand_blobs.crc(data))
    assert begun["status"] == OK, begun
    for at in range(0, len(data), CHUNK):
        part = data[at : at + CHUNK]
        got = ask(host, "BLOB_CHUNK", kind, offset=at, count=len(part),
                  bytes=list(part.ljust(CHUNK, b"\0")))  # fmt: skip
        assert got["status"] == OK and got["received"] >= at + len(part), got


def upload(host: Host, kind: int, data: bytes) -> dict[str, Any]:
    """The answer to COMMIT."""
    send_all(host, kind, data)
    return ask(host, "BLOB_COMMIT", kind, hash=hand_blobs.crc(data))


def kinds(form: int = 1) -> dict[int, bytes]:
    """All three, of the chain that takes every branch."""
    return of_settings(settings(form))


def of_settings(made: dict[str, Any]) -> dict[int, bytes]:
    """All three, of a chain."""
    calibration = hand_blobs.calibration_blob(made, HAND.hash32)
    return {
        CALIBRATION: calibration,
        DECODER: hand_blobs.decoder_blob(made, HAND.hash32, calibration),
        GRIPS: hand_blobs.grips_blob(HAND),
    }


def without_hurry(made: dict[str, Any]) -> dict[str, Any]:
    """The chain with hops of 40 ms: the work of every kind of decoder fits into one."""
    return made | {"features": made["features"] | {"hop_samples": 10}}


def changed(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def decode_mode(host: Host, mode: int) -> None:
    assert params_asking.set_named(host, "decode", mode)["status"] == params_asking.OK


def emg(host: Host, start: int, first: int, counts: np.ndarray, missing: int = 0,
        age_us: int = 0) -> None:  # fmt: skip
    """One EMG frame of counts [n, sites]."""
    n, sites = counts.shape
    packed = b"".join(struct.pack("<i", int(c))[:3] for c in counts.reshape(-1))
    host.send("EMG", {
        "sample": first, "emg_us": (host.hand_us() - age_us) & 0xFFFFFFFF, "missing": missing,
        "start": start, "sites": sites, "count": n,
        "counts": list(packed.ljust(lib.WIRE_EMG_BYTES, b"\0")),
    })  # fmt: skip
