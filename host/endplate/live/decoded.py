# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording decoded again, hop by hop, and held against what was commanded then."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from endplate.core import HOP, MAX_DOF, Chain
from endplate.live.profile import Profile, chain_settings
from endplate.live.profile_file import load_profile
from endplate.live.recording import Recording
from endplate.live.tuning import NAME as TUNE
from endplate.live.tuning import Tune


@dataclass(frozen=True)
class Replayed:
    """One stretch of a recording under one profile."""

    profile: str
    hops: int
    same: int

    @property
    def identical(self) -> bool:
        """Whether every hop gave the recorded command: all targets, bit for bit."""
        return self.hops == self.same

    @property
    def sentence(self) -> str:
        """For the user."""
        if self.identical:
            said = f"{self.hops} commands decoded again, all identical to the recorded ones"
        else:
            said = f"{self.hops - self.same} of {self.hops} commands differ from the recording"
        return f"Profile {self.profile}: {said}."


def recorded_profiles(recording: Recording, directory: Path) -> list[Path]:
    """Writes the profiles that a recording holds into `directory`, in the order of their use."""
    return [path for _, _, path, _ in _profiles(recording, directory)]


@dataclass(frozen=True)
class Stretch:
    """`rows` of the recording that a profile's chain took; it drove from row `since` of them on.
    `tunes`: (row of them, what was tuned before it)."""

    rows: slice
    since: int
    path: Path
    tunes: tuple[tuple[int, Tune], ...] = ()


def _profiles(recording: Recording, directory: Path) -> list[tuple[int, int, Path, int]]:
    """(first sample, sample its chain began with, profile file, chain) of each profile in use; a
    chain that ran beside another before began earlier."""
    found: list[tuple[int, int, str, int]] = []
    if recording.meta.get("profile_text"):
        found.append((recording.first, recording.first, recording.meta["profile_text"], 1))
    found += [
        (int(item["sample"]), int(item.get("since", item["sample"])), item["text"],
         int(item.get("chain", 0)))
        for item in recording.meta.get("attachments", [])
        if item["name"] == "profile"
    ]  # fmt: skip
    written = []
    for number, (sample, since, text, chain) in enumerate(found):
        path = directory / f"profile-{number}.json"
        path.write_text(text, encoding="utf-8")
        written.append((sample, since, path, chain))
    return written


def _tunes(recording: Recording, chain: int, since: int) -> tuple[tuple[int, Tune], ...]:
    """Of one chain, in order; rows from `since` on. Those made before it are in force at once."""
    return tuple(
        (max(0, int(item["sample"]) - since), Tune.of(json.loads(item["text"])))
        for item in recording.meta.get("attachments", [])
        if item["name"] == TUNE and item.get("chain") == chain
    )


def compare(recording: Recording, directory: Path, other: Path | None = None) -> list[Replayed]:
    """Decodes every stretch with its own profile, or all of it with `other`. Raises
    ProfileError."""
    return [
        _again(recording, load_profile(stretch.path), stretch)
        for stretch in stretches(recording, directory, other)
    ]


def stretches(
    recording: Recording, directory: Path, other: Path | None = None
) -> list[Stretch]:
    """One for each profile that drove, or `other` for all of it."""
    first = recording.first
    found = [(first, first, other, 0)] if other else _profiles(recording, directory)
    if not found:
        return []
    ends = [one[0] - first for one in found[1:]] + [len(recording.counts)]
    made = []
    for (start, since, path, chain), end in zip(found, ends, strict=True):
        began = max(0, since - first)
        tunes = _tunes(recording, chain, first + began) if chain else ()
        made.append(Stretch(slice(began, end), start - first - began, path, tunes))
    return made


def driven(recording: Recording, directory: Path) -> tuple[np.ndarray, np.ndarray]:
    """What drove, decoded again: the index of each hop's newest sample [hops], and the hops, array
    of core.HOP. Raises ProfileError."""
    made = [
        _hops(recording, load_profile(stretch.path), stretch)
        for stretch in stretches(recording, directory)
    ]
    if not made:
        return np.zeros(0, np.int64), np.zeros(0, HOP)
    rows, hops = zip(*made, strict=True)
    return np.concatenate(rows) + recording.first, np.concatenate(hops)


def _again(recording: Recording, profile: Profile, stretch: Stretch) -> Replayed:
    rows, hops = _hops(recording, profile, stretch)
    then = np.zeros((len(hops), MAX_DOF), np.int16)
    then[:, : recording.targets.shape[1]] = recording.targets[rows]
    same = (then == hops["target"]).all(1)
    return Replayed(profile.name, len(hops), int(same.sum()))


def _hops(
    recording: Recording, profile: Profile, stretch: Stretch
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the recording at which hops closed while the stretch drove, and the hops."""
    meta = recording.meta
    chain = Chain(
        chain_settings(
            profile,
            rate_hz=recording.rate_hz,
            channels=recording.channels,
            uv_per_count=recording.uv_per_count,
            full_scale_uv=float(meta["full_scale_uv"]),
            mains_hz=float(meta["mains_hz"]),
            dofs=list(meta["dofs"]),
        )
    )
    hops = _decode(chain, recording, stretch, list(meta["dofs"]))
    hops = hops[hops["samples"] > stretch.since]
    return stretch.rows.start + hops["samples"].astype(np.int64) - 1, hops


def _decode(
    chain: Chain, recording: Recording, stretch: Stretch, dofs: Sequence[str]
) -> np.ndarray:
    """Hops of the stretch, doubting the samples that were doubted and tuned where it was tuned."""
    counts = np.ascontiguousarray(recording.counts[stretch.rows])
    masks = recording.missing_masks()[stretch.rows]
    tunes = [(row, tune) for row, tune in stretch.tunes if row < len(counts)]
    cuts = sorted({0, *(np.flatnonzero(np.diff(masks)) + 1).tolist(), *(row for row, _ in tunes)})
    made = []
    for a, b in zip(cuts, [*cuts[1:], len(counts)], strict=True):
        for row, tune in tunes:
            if row == a:
                tune.apply(chain, list(dofs).index(tune.dof))
        made.append(chain.process(counts[a:b], int(masks[a]) if b > a else 0))
    return np.concatenate(made)
