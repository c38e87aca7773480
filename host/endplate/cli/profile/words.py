# SPDX-License-Identifier: GPL-3.0-or-later
"""A profile, and what two of them have not in common, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import numpy as np

from endplate.live.profile import Profile

SAME_TIMES = 0.02  # a level that changed by less is the same
SAME_SHAPE = 0.005


def age(created: str, now: datetime | None = None) -> str:
    """How long ago: "3 days"; "–" when nobody knows."""
    try:
        then = datetime.fromisoformat(created)
    except ValueError:
        return "–"
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    seconds = ((now or datetime.now(UTC)) - then).total_seconds()
    if seconds < -60:
        return "in the future"
    for unit, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= unit:
            n = int(seconds // unit)
            return f"{n} {word}{'s' if n > 1 else ''}"
    return "just now"


def ago(created: str) -> str:
    """The same as a point in time: "3 days ago"."""
    said = age(created)
    return f"{said} ago" if said[0].isdigit() else said


def figures(profile: Profile) -> str:
    """How well it followed when it was accepted: "hand 0.93, elbow 0.95"."""
    by_dof = accepted(profile)
    return ", ".join(f"{dof.replace('_', ' ')} {value:.2f}" for dof, value in by_dof.items())


def accepted(profile: Profile) -> dict[str, float]:
    """R² of each DoF on what the decoder had not seen, the newest there is."""
    report = profile.report
    newest = report.get("donning") or report.get("touch_up") or report
    found = newest.get("r2", {}) if isinstance(newest, dict) else {}
    return {
        str(dof): float(value) for dof, value in found.items()
        if isinstance(value, int | float) and math.isfinite(value)
    }  # fmt: skip


def told(profile: Profile) -> list[str]:
    """Lines that say what a profile is."""
    chosen = profile.report.get("chosen", {})
    decoder = chosen.get("decoder", profile.decoder["kind"])
    sites = ", ".join(f"{label} ({channel})" for label, channel in _sites(profile))
    lines = [
        f"{profile.name}: hand {profile.hand}, montage {profile.montage}, board {profile.board} at "
        f"{profile.rate_hz:g} Hz{', simulated' if profile.simulated else ''}",
        f"Made {profile.created[:16].replace('T', ' ')} ({age(profile.created)})",
        f"Decoder: {decoder}; it moves {', '.join(profile.dofs)}",
        f"Sites (channel): {sites}",
    ]
    if accepted(profile):
        lines.append(f"R²: {figures(profile)}, {_judged_on(profile)}")
    return lines


def _judged_on(profile: Profile) -> str:
    report = profile.report
    if "donning" in report:
        return "on the halves of the movements that it was not made from"
    if "touch_up" in report:
        return "on the half minute that it was made from"
    return "on repetitions left out of training"


def _sites(profile: Profile) -> list[tuple[str, int]]:
    return list(zip(profile.site_labels, profile.channels, strict=True))


def differences(a: Profile, b: Profile) -> list[str]:
    """Sentences on what changed from `a` to `b`."""
    return list(_differences(a, b)) or ["Nothing that matters has changed."]


def _differences(a: Profile, b: Profile) -> Iterator[str]:
    for word in ("name", "hand", "montage", "board"):
        if getattr(a, word) != getattr(b, word):
            yield f"{word.capitalize()}: {getattr(a, word)} → {getattr(b, word)}."
    if a.rate_hz != b.rate_hz:
        yield f"Rate: {a.rate_hz:g} → {b.rate_hz:g} samples/s."
    if (a.hop_samples, a.window_hops) != (b.hop_samples, b.window_hops):
        yield f"Window: {_window(a):.0f} → {_window(b):.0f} ms."
    for dof in (d for d in a.dofs if d not in b.dofs):
        yield f"{_plain(dof)} is no longer decoded."
    for dof in (d for d in b.dofs if d not in a.dofs):
        yield f"{_plain(dof)} is decoded as well."
    yield from _site_differences(a, b)
    yield from _decoder_differences(a, b)
    for dof in (d for d in a.dofs if d in b.dofs):
        yield from _shape_differences(dof, a, b)
    before, after = accepted(a), accepted(b)
    for dof in (d for d in before if d in after):
        if abs(before[dof] - after[dof]) >= 0.01:
            yield f"R² of {_plain(dof).lower()}: {before[dof]:.2f} → {after[dof]:.2f}."


def _window(profile: Profile) -> float:
    return 1000 * profile.hop_samples * profile.window_hops / profile.rate_hz


def _plain(dof: str) -> str:
    return dof.replace("_", " ").capitalize()


def _site_differences(a: Profile, b: Profile) -> Iterator[str]:
    if sorted(_sites(a)) == sorted(_sites(b)) and _sites(a) != _sites(b):
        pairs = zip(a.site_labels, b.site_labels, strict=True)
        moved = [f"what {old} said is now heard at {new}" for old, new in pairs if old != new]
        yield f"Sites: {'; '.join(moved)}."
    elif _sites(a) != _sites(b):
        yield f"Sites: {', '.join(a.site_labels)} → {', '.join(b.site_labels)}."
        return
    for index in range(len(a.channels)):
        said = []
        for word, old, new in (
            ("rest", math.sqrt(a.rest_uv2[index]), math.sqrt(b.rest_uv2[index])),
            ("comfortable contraction", a.reference_uv[index], b.reference_uv[index]),
        ):
            if abs(new - old) > SAME_TIMES * max(old, 1e-9):
                said.append(f"{word} {old:.1f} → {new:.1f} µV{_times(old, new)}")
        if said:
            yield f"{b.site_labels[index]}: {', '.join(said)}."


def _times(old: float, new: float) -> str:
    return f" (x {new / old:.2f})" if old > 0 else ""


def _decoder_differences(a: Profile, b: Profile) -> Iterator[str]:
    names = [str(p.report.get("chosen", {}).get("decoder", p.decoder["kind"])) for p in (a, b)]
    if names[0] != names[1] or a.decoder["kind"] != b.decoder["kind"]:
        yield f"Decoder: {names[0]} → {names[1]}."
        return
    change = _relative(_numbers(a), _numbers(b))
    if change is None:
        yield "The decoder was made anew, of the same kind."
    elif change > 1e-6:
        yield f"The decoder's numbers moved by {100 * change:.0f} % of their size."


def _numbers(profile: Profile) -> list[float]:
    """Of the decoder alone: its gate's stand behind them."""
    pool = profile.decoder["pool"]
    return pool[: profile.gate.get("rest_at", len(pool))]


def _relative(old: Sequence[float], new: Sequence[float]) -> float | None:
    """Of two pools; None when they are not alike."""
    if len(old) != len(new):
        return None
    size = float(np.linalg.norm(old))
    return float(np.linalg.norm(np.subtract(new, old))) / max(size, 1e-9)


def _shape_differences(dof: str, a: Profile, b: Profile) -> Iterator[str]:
    old, new = a.shape[dof], b.shape[dof]
    said = []
    if abs(old["dead_band"] - new["dead_band"]) >= SAME_SHAPE:
        said.append(f"dead-band {old['dead_band']:.2f} → {new['dead_band']:.2f}")
    for side in ("positive", "negative"):
        if abs(old[side]["gain"] - new[side]["gain"]) >= SAME_SHAPE:
            said.append(f"{side} gain {old[side]['gain']:.2f} → {new[side]['gain']:.2f}")
    if said:
        yield f"{_plain(dof)}: {', '.join(said)}."
