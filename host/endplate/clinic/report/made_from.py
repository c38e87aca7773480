# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report was made from: hashes of the decoder and the recordings, the hand and its firmware,
the program."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import endplate
from endplate.errors import EndplateError, RecordingError
from endplate.live.recording import read_meta

HASH_BYTES = 1 << 20


@dataclass(frozen=True)
class MadeFrom:
    """`lines` to print, `missing` sentences of what could not be read; `simulated`: any of it."""

    lines: tuple[str, ...]
    missing: tuple[str, ...]
    simulated: bool


def made_from(
    recordings: Sequence[Path], decoder: Path | None, growing: Sequence[Path] = ()
) -> MadeFrom:
    """Of files; a decoder that is not there is left out. `growing`: journals of recordings that
    are not at their end, which have no hash yet."""
    lines, simulated = [f"Endplate {endplate.__version__}"], False
    missing: list[str] = []
    hands: dict[str, None] = {}
    files = []
    if decoder is not None and decoder.exists():
        files.append(_hashed("Decoder", decoder, missing))
    for path in (*recordings, *growing):
        if path in growing:
            missing.append(f"The recording {path.stem} is still being written: end the visit, then "
                           "write the report again.")  # fmt: skip
        else:
            files.append(_hashed("Recording", path, missing))
        try:
            meta = read_meta(path)
        except EndplateError as error:
            missing.append(f"The recording {path.name} cannot be read: {error}")
            continue
        simulated |= bool(meta.get("simulated"))
        hands.update(dict.fromkeys(hands_of(meta)))
    lines += hands or ["No hand was connected."] * (bool(recordings) and not growing)
    lines += ["SHA-256 of the files:"] * bool(files)
    return MadeFrom(tuple(filter(None, lines + files)), tuple(missing), simulated)


def hands_of(meta: dict[str, Any]) -> list[str]:
    """Every hand that was connected while it was recorded, in a line."""
    found = []
    for one in meta.get("attachments", []):
        if one.get("name") != "hand":
            continue
        said = json.loads(one["text"])
        params = f"{said['param_hash']:08x}" if said["param_hash"] else "as compiled"
        decodes = f", decoder {said['decoder_hash']:08x}" if said["decoder_hash"] else ""
        found.append(
            f"Hand {said['name']} {said['uid']}, firmware {said['firmware']} (messages "
            f"{said['schema_hash']:08x}, hand file {said['hand_hash']:08x}, parameters "
            f"{params}{decodes})"
        )
    return found


def _hashed(what: str, path: Path, missing: list[str]) -> str:
    try:
        return f"{what} {path.name}: {digest(path)}"
    except RecordingError as error:
        missing.append(str(error))
        return ""


def digest(path: Path) -> str:
    """SHA-256 of a file, as `sha256sum` prints it. Raises RecordingError."""
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(HASH_BYTES):
                found.update(block)
    except OSError as error:
        raise RecordingError(
            f"{path.name} cannot be read ({error.strerror}): check the disk and its permissions."
        ) from None
    return found.hexdigest()
