# SPDX-License-Identifier: GPL-3.0-or-later
"""A profile as a file: indented JSON with a SHA-256 over everything else in it.

A profile that was cut short, edited or is of another version is refused in one sentence, never half
used.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from endplate.errors import ProfileError
from endplate.live.decoder import KINDS, inputs
from endplate.live.profile import FORMS, MAX_DOF, MAX_SITES, VERSION, Profile

WITHOUT_DIRECT = 2  # the version before; it is read as one that has no direct control


def save_profile(profile: Profile, path: str | Path) -> None:
    """Writes the profile atomically: a reader finds the old file or the new one, whole.

    Raises ProfileError for a profile that load_profile would refuse and for an unwritable file.
    profile_versions.keep does this and keeps what was there before.
    """
    write_whole(Path(path), profile_text(profile, str(path)))


def profile_text(profile: Profile, where: str) -> str:
    """The file's text. Raises ProfileError for a profile that load_profile would refuse."""
    content = json.loads(json.dumps(asdict(profile)))  # tuples become lists, as a reader gets them
    _check(content, where)
    return readable(content | {"sha256": digest(content)})


def write_whole(path: Path, text: str) -> None:
    """Writes a file that is there whole or not at all. Raises ProfileError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise ProfileError(_unwritable(path, error)) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise ProfileError(_unwritable(path, error)) from error
    with suppress(OSError):  # the name, too, shall outlive a loss of power; not all disks can
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _unwritable(path: Path, error: OSError) -> str:
    return f"The profile cannot be written to {path} ({error.strerror}): choose another folder."


def readable(content: dict[str, Any]) -> str:
    """JSON with one line per key; dicts and tables of the top level are opened into lines too."""
    lines = []
    for key, value in content.items():
        if isinstance(value, dict) and value:
            inner = ",\n".join(f"    {json.dumps(k)}: {json.dumps(v)}" for k, v in value.items())
            lines.append(f"  {json.dumps(key)}: {{\n{inner}\n  }}")
        elif isinstance(value, list) and value and isinstance(value[0], list):
            inner = ",\n".join(f"    {json.dumps(row)}" for row in value)
            lines.append(f"  {json.dumps(key)}: [\n{inner}\n  ]")
        else:
            lines.append(f"  {json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def digest(content: dict[str, Any]) -> str:
    """SHA-256 over the canonical text of the rest: values matter, layout does not."""
    rest = {key: value for key, value in content.items() if key != "sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def load_profile(path: str | Path) -> Profile:
    """Reads a profile; raises ProfileError in one sentence for anything that must not be used."""
    return read_profile(path)[0]


def read_profile(path: str | Path) -> tuple[Profile, str]:
    """The profile and the text it was read from. Raises ProfileError."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ProfileError(
            f"There is no profile at {path}: check the path, or calibrate to make one."
        ) from error
    except UnicodeDecodeError as error:
        raise ProfileError(_damaged(path)) from error
    except OSError as error:
        raise ProfileError(
            f"The profile {path} cannot be read ({error.strerror}): check the file's permissions."
        ) from error
    return parsed(text, path), text


def parsed(text: str, path: str | Path) -> Profile:
    """The profile in a file's text; `path` is what sentences call it. Raises ProfileError."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProfileError(_damaged(path)) from error
    if not isinstance(content, dict) or not isinstance(content.get("version"), int):
        raise ProfileError(
            f"{path} is not an Endplate profile: choose a file that calibration has written."
        )
    if content["version"] not in (WITHOUT_DIRECT, VERSION):
        remedy = "update Endplate" if content["version"] > VERSION else "calibrate again"
        raise ProfileError(
            f"The profile {path} is of version {content['version']}, and this Endplate reads "
            f"version {VERSION}: {remedy}."
        )
    _finite(content, str(path))
    if content.pop("sha256", None) != digest(content):
        raise ProfileError(
            f"The profile {path} was changed after calibration wrote it (its hash does not match): "
            "take the original file or calibrate again."
        )
    if content["version"] == WITHOUT_DIRECT:
        content |= {"version": VERSION, "direct": {}}
    _check(content, str(path))
    for key in ("channels", "site_labels", "dofs"):
        content[key] = tuple(content[key])
    return Profile(**content)


def _damaged(path: str | Path) -> str:
    return f"The profile {path} is damaged or cut short: take a copy of it or calibrate again."


def _finite(value: Any, where: str) -> None:
    """Raises ProfileError when any number inside is NaN or infinite."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ProfileError(
            f"The profile {where} holds a number that is not finite: take a copy of it or "
            "calibrate again."
        )
    if isinstance(value, dict):
        for item in value.values():
            _finite(item, where)
    elif isinstance(value, list):
        for item in value:
            _finite(item, where)


def _check(content: dict[str, Any], where: str) -> None:
    """Raises ProfileError unless `content` has every field, finite, in shapes that fit."""
    _finite(content, where)
    expected = {item.name for item in fields(Profile)}
    if set(content) != expected:
        odd = ", ".join(sorted(set(content) ^ expected))
        raise ProfileError(f"The profile {where} lacks or adds fields ({odd}): calibrate again.")
    try:
        wrong = _contradiction(content)
    except (TypeError, KeyError, AttributeError):
        wrong = "a field is of the wrong type"
    if wrong:
        raise ProfileError(f"The profile {where} contradicts itself ({wrong}): calibrate again.")


def _contradiction(content: dict[str, Any]) -> str:
    """What is wrong with the values, or nothing."""
    sites, dofs = len(content["channels"]), len(content["dofs"])
    if not 1 <= sites <= MAX_SITES or not 1 <= dofs <= MAX_DOF:
        return f"{sites} sites and {dofs} DoF"
    for key in ("site_labels", "rest_uv2", "reference_uv", "floor_uv2"):
        if len(content[key]) != sites:
            return f"{key} is not one per site"
    if content["difference_floor_uv2"] and len(content["difference_floor_uv2"]) != sites:
        return "difference_floor_uv2 is not one per site"
    if len(content["needs"]) != dofs:
        return "needs is not one per DoF"
    wrong = _decoder_contradiction(content["decoder"], inputs(content["statistics"], sites), dofs)
    if wrong:
        return wrong
    if any(not 0 <= site < sites for row in content["needs"] for site in row):
        return "needs names a site that is not there"
    if len(set(content["channels"])) != sites or min(content["channels"]) < 1:
        return "channels repeat or start below 1"
    if len(set(content["dofs"])) != dofs or set(content["shape"]) != set(content["dofs"]):
        return "shape is not one per DoF"
    if content["form"] not in FORMS:
        return f"the form {content['form']}"
    floors = content["floor_uv2"] + content["difference_floor_uv2"]
    if min(content["reference_uv"] + floors) <= 0 or min(content["rest_uv2"]) < 0:
        return "a reference, floor or rest power out of range"
    if content["rate_hz"] <= 0 or content["hop_samples"] < 1 or content["window_hops"] < 1:
        return "a rate, hop or window out of range"
    return _shape_contradiction(content["shape"]) or _direct_contradiction(content, sites)


def _decoder_contradiction(decoder: dict[str, Any], wanted: int, dofs: int) -> str:
    if decoder["kind"] not in KINDS or decoder["dofs"] != dofs:
        return f"a decoder of kind {decoder['kind']} for {decoder['dofs']} DoF"
    if decoder["inputs"] != wanted:
        return f"a decoder of {decoder['inputs']} inputs"
    if any(isinstance(x, bool) or not isinstance(x, int | float) for x in decoder["pool"]):
        return "a decoder's pool that is no list of numbers"
    return ""


def _shape_contradiction(shapes: dict[str, Any]) -> str:
    for shape in shapes.values():
        if not 0 <= shape["dead_band"] <= 0.9 or shape["slew_per_s"] < 0:
            return "a dead-band or slew out of range"
        for side in ("positive", "negative"):
            if not 0 <= shape[side]["gain"] <= 8 or not 1 <= shape[side]["exponent"] <= 2:
                return "a gain or exponent out of range"
    return ""


def _direct_contradiction(content: dict[str, Any], sites: int) -> str:
    """Of what there is to fall back on."""
    direct, dofs = content["direct"], content["dofs"]
    if not direct:
        return "direct is no table" if direct != {} else ""
    if set(direct) != {"decoder", "needs", "shape"} or set(direct["shape"]) != set(dofs):
        return "direct lacks or adds fields"
    if direct["decoder"]["kind"] != "direct" or len(direct["needs"]) != len(dofs):
        return "direct is no direct control of these DoF"
    if any(not 0 <= site < sites for row in direct["needs"] for site in row):
        return "direct needs a site that is not there"
    wrong = _decoder_contradiction(direct["decoder"], sites, len(dofs))
    return wrong or _shape_contradiction(direct["shape"])
