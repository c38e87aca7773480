# SPDX-License-Identifier: GPL-3.0-or-later
"""First inputs of the targets that no chance gets into: whole uploads, signed images.

    cd tests && ../.venv/bin/python -m campaigns.fuzz_seeds FOLDER      FOLDER/blobs, FOLDER/update

The blobs are written by the host's own encoder, for the hand of tests/c/fuzz_blobs.c.
"""

from __future__ import annotations

import math
import struct
import sys
from pathlib import Path

from endplate.core import lib
from endplate.live import hand_blobs
from endplate.live.decoder import Pool, finished, fourier, linear
from endplate.live.decoder import settings as decoder_settings
from endplate.live.design import band_sections

DECODER, CALIBRATION, GRIPS = 1, 2, 3
BLOB_BEGIN, BLOB_CHUNK, BLOB_GET = lib.WIRE_BLOB_BEGIN, lib.WIRE_BLOB_CHUNK, lib.WIRE_BLOB_GET
HAND_HASH, SITES, RATE, JOINTS = 99, 2, 250, 2

# enum step of fuzz_blobs.c
(RUN, GREET, ARM, STOP, UPLOAD, EMG, DECODE, COMMAND, FRAME, BOOT, CUT_AT, STUCK,
 PLANT, FLIP) = range(14)  # fmt: skip
# `how` of UPLOAD
NO_BEGIN, NO_COMMIT, OTHER_HASH, AS_IT_IS, SHORT, TICKS, TWICE, ODD = (1 << n for n in range(8))
MS = [0, 1, 2, 4, 5, 20, 49, 50, 51, 99, 150, 151, 299, 300, 350, 500]  # SPAN_MS


def settings(decoder: str = "linear", needs: tuple[int, int] = (1, 2), form: int = 1) -> dict:
    """A chain for two sites and two DoF; linear: the first from site 0."""
    band = band_sections(RATE)
    side = {"gain": 1.0, "exponent": 1.0}
    dof = {"dead_band": 0.05, "slew_per_s": 50.0, "positive": side, "negative": side}
    made, gate = small(decoder)
    return {
        "sites": SITES, "rate_hz": RATE, "uv_per_count": 0.02235, "thaw_hops": 63,
        "place": [0, 1], "needs": list(needs),
        "band": {"sites": SITES, "sections": len(band), "section": band},
        "notch": {"sites": SITES, "sections": 0, "section": []},
        "features": {
            "sites": SITES, "statistics": 1, "hop_samples": 5, "window_hops": 3, "recent_hops": 2,
            "form": form, "chosen": SITES, "chosen_site": list(range(SITES)),
            "rest": [9.0] * SITES, "reference": [60.0] * SITES, "floor": [12.0] * SITES,
            "difference_floor": [15.0] * SITES,
        },
        "gate": gate, "decoder": made,
        "shape": {"dofs": 2, "release_ratio": 0.7, "norm_cap": 1.2, "dof": [dof] * 2},
        "quality": {"sites": SITES, "frame_samples": 10, "frames_per_second": 25,
                    "full_scale_uv": 187500.0, "mains_warn_db": -10.0},
    }  # fmt: skip


def small(kind: str) -> tuple[dict, dict]:
    """A decoder of a kind with as few numbers as it can have, and a gate; linear: with none."""
    pool, parts, gate = Pool(), {}, {}
    if kind == "linear":
        parts["linear"] = linear(pool, [[0.5, 0.0], [0.0, 0.5]], [0.0, 0.0])
    if kind == "direct":
        sides = [{"site": n, "threshold": 0.1, "gain": 1.3} for n in range(2)]
        pair = {"positive": sides[0], "negative": sides[1], "dofs": 3}
        parts["direct"] = {"pairs": 1, "switch_level": 0.5, "switch_hops": 15, "pair": [pair]}
    if kind in ("classes", "mean"):
        parts["classes"] = {
            "classes": 3, "score": linear(pool, [[0.1, 0.2], [2.0, -0.3], [-0.4, 2.0]], [1, 0, 0]),
            "stay": 0.9, "to_rest": 0.05, "amplitude": SITES,
            "sign_at": pool.add([1.0, 0.0, 0.0, -1.0]),
            "amplitude_at": pool.add([0.1, 0.2, 0.05] * 4),
        }  # fmt: skip
    if kind in ("fourier", "mean"):
        outputs = {"fourier": 2, "mean": 5}[kind]
        weight = [[0.1 * (n + 1)] * 8 for n in range(outputs)]
        parts["fourier"] = fourier(pool, [0.1, 0.2], [1.0, 0.8], width=8, blocks=1, seed=7,
                                   scale=0.02, weight=weight, bias=[0.01] * outputs)  # fmt: skip
    if kind != "linear":
        gate = {
            "inputs": SITES, "centres": 2, "wake": 0.1, "limit": 40.0,
            "rest_at": pool.add([0.3, 0.3, -0.2]), "whiten_at": pool.add([1.0, 0.1, 0.0, 1.0]),
            "centre_at": pool.add([0.0, 1.0, 2.0, 0.5]),
        }  # fmt: skip
    made = finished(kind, inputs=SITES, dofs=2, pool=pool, share=0.3, quiet=0.05, **parts)
    return decoder_settings(made), gate


def grips(n: int = 2, close_s: float = 1.0, closed: float = 80.0, name: bytes = b"power") -> bytes:
    data = struct.pack("<4sIIII", b"EPB\3", hand_blobs.VERSION, HAND_HASH, JOINTS, n)
    data += b"".join((name + b"%d" % i).ljust(16, b"\0") for i in range(n))
    data += struct.pack(f"<{2 * n}f", *[close_s] * n, *[0.5] * n)
    for first, second in ((0.0, math.nan), (closed, math.nan), (0.0, 0.0), (1.0, 1.0)):
        data += struct.pack("<2f", first, second) * n
    return data


def upload(kind: int, data: bytes, how: int = 0) -> bytes:
    return bytes([UPLOAD, kind, how]) + struct.pack(">H", len(data)) + data


def run(ms: int) -> bytes:
    return bytes([RUN, MS.index(ms)])


def emg(size: int, how: int = 0, more: bytes = b"", ms: int = 20) -> bytes:
    return bytes([EMG, how]) + more + bytes([size]) + run(ms)


def blobs() -> dict[str, bytes]:
    """Inputs of fuzz_blobs.c by name."""
    calibration = hand_blobs.calibration_blob(settings(), HAND_HASH)
    decoder = hand_blobs.decoder_blob(settings(), HAND_HASH, calibration)
    other = hand_blobs.calibration_blob(settings(form=0), HAND_HASH)
    greet, arm = bytes([GREET, 0]), bytes([ARM, 0])
    both = greet + upload(CALIBRATION, calibration) + upload(DECODER, decoder, AS_IT_IS)
    begun = bytes([EMG, 8, 2]) + run(20)  # a chain that begins with this sample
    # 20 samples a frame: what has just begun does not drive (app_decode.c)
    drives = both + bytes([DECODE, 2]) + begun + 16 * emg(2, 2, b"\x14", 49) + arm + 4 * emg(2)
    moves = drives + 5 * emg(200)
    made = {
        "both": both + bytes([BOOT, GREET, 0]) + upload(GRIPS, grips(3)) + upload(GRIPS, grips()),
        "again": both + upload(CALIBRATION, other) + upload(DECODER, decoder),
        "short": greet + upload(CALIBRATION, calibration, SHORT | TICKS | TWICE)
        + upload(GRIPS, grips(), ODD) + upload(GRIPS, grips()[:-1])
        + upload(GRIPS, grips() + b"more"),
        "resumed": greet + upload(GRIPS, grips(), NO_COMMIT) + upload(GRIPS, grips(), NO_BEGIN),
        "hash": greet + upload(GRIPS, grips(), OTHER_HASH) + upload(DECODER, decoder, OTHER_HASH),
        "grips": greet + upload(GRIPS, grips(3)) + bytes([BOOT, GREET, 0])
        + upload(GRIPS, grips(1)),
        "twelve": greet + upload(GRIPS, grips(12)),
        "fast": greet + upload(GRIPS, grips(2, close_s=0.1)),
        "far": greet + upload(GRIPS, grips(2, closed=91.0)) + upload(GRIPS, grips(2, name=b"A")),
        "while armed": both + arm + upload(GRIPS, grips(3)) + bytes([STOP, 0]),
        "half, then armed": greet + upload(GRIPS, grips(3), NO_COMMIT) + arm + bytes([STOP, 0])
        + upload(GRIPS, grips(3), NO_BEGIN),
        "cells": greet + bytes([STUCK, 3, 0]) + upload(GRIPS, grips()) + bytes([STUCK, 0])
        + upload(GRIPS, grips()),
        "left by another": bytes([PLANT, 1]) + upload(0, changed(calibration, 8, b"\1"))[3:]
        + greet + upload(DECODER, decoder) + upload(CALIBRATION, changed(calibration, 8, b"\1")),
        "left grips": bytes([PLANT, 2]) + upload(0, changed(grips(), 8, b"\1"))[3:]
        + greet + upload(GRIPS, changed(grips(), 8, b"\1")),
        "cut short": greet + b"".join(
            upload(kind, data[:n], AS_IT_IS) for n in (4, 8, 40, 44)
            for kind, data in ((CALIBRATION, calibration), (GRIPS, grips()), (DECODER, decoder))
        ),
        "too many": greet + bytes([FRAME, BLOB_BEGIN]) + struct.pack("<IIB", 8, 7, 3)
        + bytes([FRAME, BLOB_CHUNK]) + struct.pack("<IBB144s", 0, 3, 12, b"EPB\3"),
        "while releasing": greet + upload(GRIPS, grips(3), NO_COMMIT) + bytes([STOP, 2])
        + upload(GRIPS, grips(3), NO_BEGIN),
        "damaged slot": both + bytes([FLIP, 0, 60, 3, GREET, 0]) + upload(GRIPS, grips())
        + upload(CALIBRATION, other) + bytes([FLIP, 24, 60, 3, GREET, 0]) + upload(GRIPS, grips()),
        "sizes": greet + b"".join(
            bytes([FRAME, BLOB_BEGIN]) + struct.pack("<IIB", size, 7, 3)
            for size in (0, 6, 49152, 49156)
        ) + bytes([FRAME, BLOB_GET]) + struct.pack("<IB", 0, 3),
        "moves": moves, "shadow": both + bytes([DECODE, 1]) + begun + 9 * emg(200),
        "silent": moves + run(500) + 3 * emg(100) + arm,
        "gap": moves + emg(200, 4, b"\x0a") + 3 * emg(200),
        "long gap begins anew": moves + emg(200, 4, b"\x40") + bytes([EMG, 8, 200]) + run(20),
        "200 ms old": moves + 4 * emg(200, 16, b"\x0c"),
        "old": moves + 3 * emg(200, 4, b"\xf0") + emg(200, 16, b"\x0b"),
        "flood": moves + 12 * emg(200, ms=1) + run(300),
        "future": moves + 4 * emg(200, 32) + 3 * emg(200, 64, b"\3"),
        "other sites": moves + emg(1, 1, b"\3") + emg(1, 2, b"\x15") + emg(1, 3, b"\x10\2"),
        "released": moves + bytes([STOP, 2]) + run(500) + bytes([STOP, 3]) + emg(0),
        "commands": both + bytes([DECODE, 1]) + arm
        + b"".join(bytes([COMMAND, 1, 100, 0, 1, 1, v, 0]) + run(20) for v in (0, 0, 90, 90)),
    }  # fmt: skip
    wide = hand_blobs.calibration_blob(settings(needs=(3, 3)), HAND_HASH)
    for kind in ("direct", "fourier", "classes", "mean"):
        own = hand_blobs.decoder_blob(settings(kind, (3, 3)), HAND_HASH, wide)
        made[kind] = (
            greet
            + upload(CALIBRATION, wide)
            + upload(DECODER, own, AS_IT_IS)
            + bytes([DECODE, 2])
            + begun
            + 5 * emg(200)
            + bytes([STOP, 0, BOOT])
        )
    for n in (1, 7, 30, 60):
        made[f"cut {n}"] = both + bytes([CUT_AT, n]) + upload(CALIBRATION, other) + bytes([BOOT])
    made["values"] = greet + b"".join(
        upload(CALIBRATION, changed(calibration, at, b"\xff\xff\xff\x7f"))
        for at in range(12, len(calibration), 24)
    )
    return made


# enum step of fuzz_update.c, `how` of its IMAGE
(IMAGE, U_BEGIN, U_CHUNK, U_COMMIT, U_STATE, U_RESET, U_CONFIRM, U_CUT_AT, U_STUCK,
 U_JOURNAL) = range(10)  # fmt: skip
U_NO_BEGIN, U_NO_COMMIT, UNSIGNED, BAD_CRC, OLD_SLOT, PART, BAD_HASH = (1 << n for n in range(7))
DISARMED, ARMED, ACTIVE = 2, 3, 4


def image(how: int = 0, words: int = 9, turned: int = 600, by: int = 0, stop: int = 0) -> bytes:
    """A signed image whose byte `turned` is another, from before its signature or after it."""
    data = bytes([IMAGE, how, words - 1]) + struct.pack(">HB", turned, by)
    return data + (struct.pack(">H", stop) if how & PART else b"")


def update() -> dict[str, bytes]:
    """Inputs of fuzz_update.c by name."""
    reset, confirm, good = bytes([U_RESET]), bytes([U_CONFIRM]), image()
    armed, disarmed = bytes([U_STATE, ARMED]), bytes([U_STATE, DISARMED])
    made = {
        "taken": good + reset + confirm + reset + image(words=80) + reset + confirm,
        "twice": good + bytes([U_COMMIT, 4, U_COMMIT, 2, U_COMMIT, 0]) + good + reset,
        "never confirms": good + 5 * reset + image(words=20) + 2 * reset + confirm + reset,
        "on trial": good + reset + image(words=20) + confirm + image(words=20) + reset,
        "unsigned": image(UNSIGNED, by=1) + image(UNSIGNED, turned=70, by=4) + reset,
        "other slot": image(OLD_SLOT) + image(turned=9, by=1) + reset,
        "damaged": image(BAD_CRC) + reset + image(BAD_HASH) + reset + good + reset,
        "resumed": image(PART | U_NO_COMMIT, stop=300) + image(U_NO_BEGIN) + reset,
        "armed": image(PART | U_NO_COMMIT, stop=300) + armed + image(U_NO_BEGIN) + good + disarmed
        + image(U_NO_BEGIN) + good,
        "moving": image(PART | U_NO_COMMIT, stop=300) + bytes([U_STATE, ACTIVE])
        + image(U_NO_BEGIN),
        "too many": image(U_NO_COMMIT) + bytes([U_CHUNK, 0, 8, *range(8), U_COMMIT, 0]),
        "over a trial": good + image(PART | U_NO_COMMIT, words=30, stop=200) + reset + reset,
        "sizes": bytes([U_BEGIN, 2, 0, 0, 1, U_BEGIN, 2, 2, 0, 1, U_BEGIN, 255, 255, 0, 1,
                        U_BEGIN, 4, 0, 0, 1, U_CHUNK, 0, 100, U_CHUNK, 1, 4, 0, 9]),
        "cells": bytes([U_STUCK, 3, 5]) + good + reset + bytes([U_STUCK, 0]) + good + reset,
        "journal does not take": good + reset + bytes([U_STUCK, 3, 4]) + confirm + confirm + reset
        + reset + bytes([U_STUCK, 0]) + reset + confirm,
        "journal": good + reset + bytes([U_JOURNAL, 0, 140]) + reset + confirm + good + reset,
    }  # fmt: skip
    for field, at in {"magic": 0, "crc": 5, "format": 8, "version": 12, "hand": 16, "size": 20,
                      "large": 22, "key": 24, "reserved": 40}.items():  # fmt: skip
        made[f"signed {field}"] = image(turned=at, by=3) + reset
    for n in (1, 2, 30, 60, 130, 200):
        made[f"cut {n}"] = bytes([U_CUT_AT, n]) + good + reset + confirm + good + reset + confirm
    for n in (1, 20, 63):
        made[f"cut in a start {n}"] = good + bytes([U_CUT_AT, n]) + 6 * reset
    return {name: b"\0" + data for name, data in made.items()} | {
        "journal of anything": b"\1" + struct.pack("<8I", 0x50415245, 1, 0x544F4F42, 4, 1, 1, 9, 7)
    }


def changed(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def every() -> dict[str, dict[str, bytes]]:
    """All of them, by target and name of file."""
    return {
        target: {name.replace(" ", "_").replace(",", ""): data for name, data in inputs.items()}
        for target, inputs in (("blobs", blobs()), ("update", update()))
    }


def main(folder: str) -> int:
    for target, inputs in every().items():
        into = Path(folder) / target
        into.mkdir(parents=True, exist_ok=True)
        for name, data in inputs.items():
            (into / name).write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
