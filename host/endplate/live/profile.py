# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's profile: what calibration found, as a file, and the C chain's settings made from it.

The file is indented JSON with a SHA-256 over everything else in it: a profile that was cut short,
edited or is of another version, montage, rate or hand is refused, never half used.

The chain works on all channels of the board, in the board's order (the monitor shows the quality of
each); a profile speaks of its own sites, some of these channels. `chain_settings` puts each site at
its channel.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from endplate.errors import ProfileError
from endplate.live.design import band_sections, notch_sections

VERSION = 1
FORMS = ("rms", "log")
MAX_DOF = 8  # CORE_MAX_DOF; a test compares them, so that this file needs no compiled module
MAX_SITES = 32  # CORE_MAX_SITES

RELEASE_RATIO = 0.7  # of the dead-band (SCIENCE section 3)
THAW_S = 1.0  # a bad site must have been good for so long before its DoF move again
FRAME_S = 0.1  # one verdict of quality
MAINS_WARN_DB = -10.0

#: Shape of a DoF that nobody has tuned: dead-band 0.10, no gain; full speed within 0.2 s.
PLAIN_SHAPE: dict[str, Any] = {
    "dead_band": 0.10,
    "slew_per_s": 5.0,
    "positive": {"gain": 1.0, "exponent": 1.0},
    "negative": {"gain": 1.0, "exponent": 1.0},
}


@dataclass
class Profile:
    """A decoder for one person, one montage, one rate and one hand.

    Per-site lists are in the order of `site_labels`, per-DoF lists in that of `dofs`. `rest_uv2`
    and `floor_uv2` are powers in microvolt^2, `reference_uv` an RMS in microvolt. `weights`
    [dofs][sites] and `bias` [dofs] have no unit: 1 is full velocity. `needs[d]` lists the sites
    (indices) without which DoF d must not move. `channels` count from 1, as the board's labels do.
    """

    name: str
    montage: str
    hand: str
    board: str
    rate_hz: float
    mains_hz: float
    uv_per_count: float
    full_scale_uv: float
    channels: tuple[int, ...]
    site_labels: tuple[str, ...]
    dofs: tuple[str, ...]
    hop_samples: int
    window_hops: int
    form: str
    rest_uv2: list[float]
    reference_uv: list[float]
    floor_uv2: list[float]
    weights: list[list[float]]
    bias: list[float]
    needs: list[list[int]]
    shape: dict[str, dict[str, Any]]
    lambda_: float
    norm_cap: float = 0.0
    report: dict[str, Any] = field(default_factory=dict)
    simulated: bool = False
    created: str = ""
    version: int = VERSION

    def check_against(self, montage: Any, rate_hz: float, hand: Any) -> None:
        """Raises ProfileError unless made for this montage, rate and hand.

        `montage` and `hand` are objects of hardware.py (sites and DoF are compared) or names.
        """
        again = "calibrate again"
        theirs = _name(montage)
        if theirs != self.montage:
            raise ProfileError(
                f"The profile {self.name} belongs to the montage {self.montage}, not to {theirs}: "
                f"choose the montage {self.montage} or {again}."
            )
        if abs(rate_hz - self.rate_hz) > 1e-3 * self.rate_hz:
            raise ProfileError(
                f"The profile {self.name} was made at {self.rate_hz:g} samples/s, but this board "
                f"gives {rate_hz:g}: use the board {self.board} or {again} with this one."
            )
        sites = getattr(montage, "sites", None)
        if sites is not None:
            there = {(site.label, site.channel) for site in sites}
            for label, channel in zip(self.site_labels, self.channels, strict=True):
                if (label, channel) not in there:
                    raise ProfileError(
                        f"The montage {self.montage} no longer has the site {label} on channel "
                        f"{channel}, with which the profile {self.name} was made: {again}."
                    )
        theirs = _name(hand)
        if theirs != self.hand:
            raise ProfileError(
                f"The profile {self.name} was made for the hand {self.hand}, not for {theirs}: "
                f"connect the hand {self.hand} or {again}."
            )
        dofs = getattr(hand, "dofs", None)
        if dofs is not None:
            has = {dof.name for dof in dofs}
            for dof in self.dofs:
                if dof not in has:
                    raise ProfileError(
                        f"The profile {self.name} moves {dof}, which the hand {theirs} does not "
                        f"have: {again} for this hand."
                    )


def _name(thing: Any) -> str:
    return thing if isinstance(thing, str) else str(thing.name)


def timing(rate_hz: float) -> tuple[int, int]:
    """Hop in samples (as near 20 ms as divides) and window in hops.

    The window is 150 ms above 250 samples/s, 160 ms at 200-250/s and 200 ms below. At 250/s six
    simulated patients were followed equally well with 160 and 200 ms (mean R^2 0.945 and 0.946,
    delay included), and 160 ms keeps the whole delay (108 ms) within the best range of 100-125 ms.
    """
    hop = max(1, math.floor(0.020 * rate_hz + 0.5))
    window_s = 0.200 if rate_hz < 199 else 0.160 if rate_hz < 251 else 0.150
    return hop, max(1, math.floor(window_s * rate_hz / hop + 0.5))


def chain_settings(
    profile: Profile | None,
    *,
    rate_hz: float,
    channels: int,
    uv_per_count: float,
    full_scale_uv: float,
    mains_hz: float = 50,
    dofs: Sequence[str] | None = None,
) -> dict[str, Any]:
    """The nested dict for core.Chain over all `channels` of the board.

    The outputs stand in the order of `dofs` (for instance the hand's DoF names; those the profile
    does not decode get zero weights), by default the profile's own. Without a profile nothing
    moves: one DoF (or `dofs`) of zero weights. The notches are the profile's, whose decoder was
    made behind them; `mains_hz` is for those without one. Raises ProfileError when the profile
    wants a channel that the board lacks, or decodes a DoF missing from `dofs`.
    """
    names = tuple(dofs) if dofs is not None else profile.dofs if profile else ("none",)
    if profile:
        mains_hz = profile.mains_hz
    hop, window = (profile.hop_samples, profile.window_hops) if profile else timing(rate_hz)
    rest, reference, floor = [0.0] * channels, [1.0] * channels, [1.0] * channels
    weight = [[0.0] * channels for _ in names]
    bias, needs = [0.0] * len(names), [0] * len(names)
    shapes = [PLAIN_SHAPE] * len(names)
    if profile:
        _place(profile, names, channels, rest, reference, floor, weight, bias, needs, shapes)
    return {
        "sites": channels,
        "rate_hz": rate_hz,
        "uv_per_count": uv_per_count,
        "thaw_hops": math.ceil(THAW_S * rate_hz / hop),
        "needs": needs,
        "band": _filter(channels, band_sections(rate_hz)),
        "notch": _filter(channels, notch_sections(rate_hz, mains_hz)),
        "features": {
            "sites": channels,
            "statistics": 1,
            "hop_samples": hop,
            "window_hops": window,
            "form": FORMS.index(profile.form) if profile else 0,
            "rest": rest,
            "reference": reference,
            "floor": floor,
        },
        "decoder": {"inputs": channels, "dofs": len(names), "weight": weight, "bias": bias},
        "shape": {
            "dofs": len(names),
            "release_ratio": RELEASE_RATIO,
            "norm_cap": profile.norm_cap if profile else 0.0,
            "dof": shapes,
        },
        "quality": {
            "sites": channels,
            "frame_samples": max(1, round(FRAME_S * rate_hz)),
            "frames_per_second": round(1 / FRAME_S),
            "full_scale_uv": full_scale_uv,
            "mains_warn_db": MAINS_WARN_DB,
        },
    }


def _filter(channels: int, sections: Sequence[dict[str, float]]) -> dict[str, Any]:
    return {"sites": channels, "sections": len(sections), "section": list(sections)}


def _place(profile, names, channels, rest, reference, floor, weight, bias, needs, shapes) -> None:
    """Writes the profile's sites at their channels and its DoF at their places in `names`."""
    for site, channel in enumerate(profile.channels):
        if channel > channels:
            raise ProfileError(
                f"The profile {profile.name} uses channel {channel}, but this board has "
                f"{channels}: use the board {profile.board} or calibrate again."
            )
        rest[channel - 1] = profile.rest_uv2[site]
        reference[channel - 1] = profile.reference_uv[site]
        floor[channel - 1] = profile.floor_uv2[site]
    for d, name in enumerate(profile.dofs):
        if name not in names:
            raise ProfileError(
                f"The profile {profile.name} moves {name}, which this hand does not have: "
                "calibrate again for this hand."
            )
        row = names.index(name)
        for site, channel in enumerate(profile.channels):
            weight[row][channel - 1] = profile.weights[d][site]
        bias[row] = profile.bias[d]
        needs[row] = sum(1 << (profile.channels[site] - 1) for site in profile.needs[d])
        shapes[row] = profile.shape[name]


# ---- the file ----


def save_profile(profile: Profile, path: str | Path) -> None:
    """Writes the profile atomically: a reader finds the old file or the new one, whole.

    Raises ProfileError for a profile that load_profile would refuse and for an unwritable file.
    """
    path = Path(path)
    content = json.loads(json.dumps(asdict(profile)))  # tuples become lists, as a reader gets them
    _check(content, str(path))
    content["sha256"] = _digest(content)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise ProfileError(_unwritable(path, error)) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(_readable(content))
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise ProfileError(_unwritable(path, error)) from error


def _unwritable(path: Path, error: OSError) -> str:
    return f"The profile cannot be written to {path} ({error.strerror}): choose another folder."


def _readable(content: dict[str, Any]) -> str:
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


def _digest(content: dict[str, Any]) -> str:
    """SHA-256 over the canonical text of the rest: values matter, layout does not."""
    rest = {key: value for key, value in content.items() if key != "sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def load_profile(path: str | Path) -> Profile:
    """Reads a profile; raises ProfileError in one sentence for anything that must not be used."""
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
    try:
        content = json.loads(text)
    except ValueError as error:
        raise ProfileError(_damaged(path)) from error
    if not isinstance(content, dict) or not isinstance(content.get("version"), int):
        raise ProfileError(
            f"{path} is not an Endplate profile: choose a file that calibration has written."
        )
    if content["version"] != VERSION:
        remedy = "update Endplate" if content["version"] > VERSION else "calibrate again"
        raise ProfileError(
            f"The profile {path} is of version {content['version']}, and this Endplate reads "
            f"version {VERSION}: {remedy}."
        )
    _finite(content, str(path))
    if content.pop("sha256", None) != _digest(content):
        raise ProfileError(
            f"The profile {path} was changed after calibration wrote it (its hash does not match): "
            "take the original file or calibrate again."
        )
    _check(content, str(path))
    for key in ("channels", "site_labels", "dofs"):
        content[key] = tuple(content[key])
    return Profile(**content)


def _damaged(path: Path) -> str:
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
    for key in ("weights", "bias", "needs"):
        if len(content[key]) != dofs:
            return f"{key} is not one per DoF"
    if any(len(row) != sites for row in content["weights"]):
        return "a row of weights is not one per site"
    if any(not 0 <= site < sites for row in content["needs"] for site in row):
        return "needs names a site that is not there"
    if len(set(content["channels"])) != sites or min(content["channels"]) < 1:
        return "channels repeat or start below 1"
    if len(set(content["dofs"])) != dofs or set(content["shape"]) != set(content["dofs"]):
        return "shape is not one per DoF"
    if content["form"] not in FORMS:
        return f"the form {content['form']}"
    if min(content["reference_uv"] + content["floor_uv2"]) <= 0 or min(content["rest_uv2"]) < 0:
        return "a reference, floor or rest power out of range"
    if content["rate_hz"] <= 0 or content["hop_samples"] < 1 or content["window_hops"] < 1:
        return "a rate, hop or window out of range"
    for shape in content["shape"].values():
        if not 0 <= shape["dead_band"] <= 0.9 or shape["slew_per_s"] < 0:
            return "a dead-band or slew out of range"
        for side in ("positive", "negative"):
            if not 0 <= shape[side]["gain"] <= 8 or not 1 <= shape[side]["exponent"] <= 2:
                return "a gain or exponent out of range"
    return ""
