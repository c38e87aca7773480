# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's profile: what calibration found, and the C chain's settings made from it.

The chain works on all channels of the board, in the board's order (the monitor shows the quality of
each); a profile speaks of its own sites, some of these channels, and its decoder looks at them
alone.
`chain_settings` tells the chain which they are. profile_file.py keeps a profile as a file.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from endplate.errors import ProfileError
from endplate.live import decoder as decoders
from endplate.live.design import band_sections, notch_sections

VERSION = 3
FORMS = ("rms", "log")
MAX_DOF = 8  # CORE_MAX_DOF; a test compares them, so that this file needs no compiled module
MAX_SITES = 64  # CORE_CHAIN_SITES

RELEASE_RATIO = 0.7  # of the dead-band (SCIENCE section 3)
THAW_S = 1.0  # a bad site must have been good for so long before its DoF move again
FRAME_S = 0.04  # one verdict of quality
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

    Per-site lists are in the order of `site_labels`, per-DoF lists in that of `dofs`. `rest_uv2`,
    `floor_uv2` and `difference_floor_uv2` are powers in microvolt^2, `reference_uv` an RMS in
    microvolt. `statistics` are bits (decoder.py) of what the decoder looks at, `decoder` is the
    decoder (decoder.py) and `gate` the gate of gate.h, whose numbers stand in the decoder's pool.
    `needs[d]` lists the sites (indices) without which DoF d must not move. `channels` count from 1,
    as the board's labels do. `direct` is direct control to fall back on, {} without: its `decoder`,
    `needs` and `shape`, for the RMS of the same sites.
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
    decoder: dict[str, Any]
    needs: list[list[int]]
    shape: dict[str, dict[str, Any]]
    statistics: int = 1
    difference_floor_uv2: list[float] = field(default_factory=list)
    gate: dict[str, Any] = field(default_factory=dict)
    norm_cap: float = 0.0
    direct: dict[str, Any] = field(default_factory=dict)
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


def direct_profile(profile: Profile) -> Profile | None:
    """The profile with its direct control instead of its decoder; None when it has none.

    It has no gate: its thresholds say what is rest, and nothing is new to it.
    """
    if not profile.direct:
        return None
    return replace(
        profile, name=f"{profile.name}, direct control", form="rms", statistics=1, gate={},
        direct={}, norm_cap=0.0, report={}, **profile.direct,
    )  # fmt: skip


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


def recent_hops(window_hops: int) -> int:
    """Hops of the window that are its recent part: half."""
    return max(1, (window_hops + 1) // 2)


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
    does not decode stay 0), by default the profile's own. Without a profile nothing moves. The
    notches are the profile's, whose decoder was made behind them; `mains_hz` is for those without
    one. Raises ProfileError when the profile wants a channel that the board lacks, or decodes a
    DoF missing from `dofs`.
    """
    names = tuple(dofs) if dofs is not None else profile.dofs if profile else ("none",)
    if profile:
        mains_hz = profile.mains_hz
    hop, window = (profile.hop_samples, profile.window_hops) if profile else timing(rate_hz)
    per_site = {"rest": [0.0] * channels}
    for name in ("reference", "floor", "difference_floor"):
        per_site[name] = [1.0] * channels
    needs, shapes = [0] * len(names), [PLAIN_SHAPE] * len(names)
    chosen, place, decoder = [0], [0], decoders.plain([[0.0]], [0.0])
    if profile:
        chosen = _sites(profile, channels, per_site)
        place = _dofs(profile, names, needs, shapes)
        decoder = profile.decoder
    return {
        "sites": channels,
        "rate_hz": rate_hz,
        "uv_per_count": uv_per_count,
        "thaw_hops": math.ceil(THAW_S * rate_hz / hop),
        "place": place,
        "needs": needs,
        "band": _filter(channels, band_sections(rate_hz)),
        "notch": _filter(channels, notch_sections(rate_hz, mains_hz)),
        "features": {
            "sites": channels,
            "statistics": profile.statistics if profile else 1,
            "hop_samples": hop,
            "window_hops": window,
            "recent_hops": recent_hops(window),
            "form": FORMS.index(profile.form) if profile else 0,
            "chosen": len(chosen),
            "chosen_site": chosen,
            **per_site,
        },
        "gate": dict(profile.gate) if profile else {},
        "decoder": decoders.settings(decoder),
        "shape": {
            "dofs": len(names),
            "release_ratio": RELEASE_RATIO,
            "norm_cap": profile.norm_cap if profile else 0.0,
            "dof": shapes,
        },
        "quality": {
            "sites": channels,
            "frame_samples": max(2, round(FRAME_S * rate_hz)),
            "frames_per_second": round(1 / FRAME_S),
            "full_scale_uv": full_scale_uv,
            "mains_warn_db": MAINS_WARN_DB,
        },
    }


def _filter(channels: int, sections: Sequence[dict[str, float]]) -> dict[str, Any]:
    return {"sites": channels, "sections": len(sections), "section": list(sections)}


def _sites(profile: Profile, channels: int, per_site: dict[str, list[float]]) -> list[int]:
    """Writes the profile's sites at their channels; returns these, counted from 0."""
    for site, channel in enumerate(profile.channels):
        if channel > channels:
            raise ProfileError(
                f"The profile {profile.name} uses channel {channel}, but this board has "
                f"{channels}: use the board {profile.board} or calibrate again."
            )
        per_site["rest"][channel - 1] = profile.rest_uv2[site]
        per_site["reference"][channel - 1] = profile.reference_uv[site]
        per_site["floor"][channel - 1] = profile.floor_uv2[site]
        if profile.difference_floor_uv2:
            per_site["difference_floor"][channel - 1] = profile.difference_floor_uv2[site]
    return [channel - 1 for channel in profile.channels]


def _dofs(profile: Profile, names: Sequence[str], needs: list[int], shapes: list[Any]) -> list[int]:
    """Writes what the profile's DoF need and their shapes at their places in `names`; returns
    these."""
    place = []
    for d, name in enumerate(profile.dofs):
        if name not in names:
            raise ProfileError(
                f"The profile {profile.name} moves {name}, which this hand does not have: "
                "calibrate again for this hand."
            )
        row = names.index(name)
        needs[row] = sum(1 << (profile.channels[site] - 1) for site in profile.needs[d])
        shapes[row] = profile.shape[name]
        place.append(row)
    return place
