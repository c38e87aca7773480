# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording decoded again and held against what was commanded then, hop by hop."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from endplate.core import MAX_DOF, Chain
from endplate.live.profile import Profile, chain_settings
from endplate.live.profile_file import load_profile
from endplate.live.recording import Recording


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
    return [path for _, _, path in _profiles(recording, directory)]


def _profiles(recording: Recording, directory: Path) -> list[tuple[int, int, Path]]:
    """(first sample, sample its chain began with, profile file) of each profile in use; a chain
    that ran beside another before began earlier."""
    found: list[tuple[int, int, str]] = []
    if recording.meta.get("profile_text"):
        found.append((recording.first, recording.first, recording.meta["profile_text"]))
    found += [
        (int(item["sample"]), int(item.get("since", item["sample"])), item["text"])
        for item in recording.meta.get("attachments", [])
        if item["name"] == "profile"
    ]
    written = []
    for number, (sample, since, text) in enumerate(found):
        path = directory / f"profile-{number}.json"
        path.write_text(text, encoding="utf-8")
        written.append((sample, since, path))
    return written


def compare(recording: Recording, directory: Path, other: Path | None = None) -> list[Replayed]:
    """Decodes every stretch with its own profile, or all of it with `other`. Raises
    ProfileError."""
    return [
        _again(recording, load_profile(path), rows, since)
        for rows, since, path in stretches(recording, directory, other)
    ]


def stretches(
    recording: Recording, directory: Path, other: Path | None = None
) -> list[tuple[slice, int, Path]]:
    """Rows that each profile's chain took, from which of them on it drove, and the profile, or
    `other` for all of it."""
    first = recording.first
    found = [(first, first, other)] if other else _profiles(recording, directory)
    if not found:
        return []
    ends = [start - first for start, _, _ in found[1:]] + [len(recording.counts)]
    made = []
    for (start, since, path), end in zip(found, ends, strict=True):
        began = max(0, since - first)
        made.append((slice(began, end), start - first - began, path))
    return made


def _again(recording: Recording, profile: Profile, taken: slice, since: int) -> Replayed:
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
    hops = _decode(chain, recording, taken.start, taken.stop)
    hops = hops[hops["samples"] > since]
    rows = taken.start + hops["samples"].astype(np.int64) - 1
    then = np.zeros((len(hops), MAX_DOF), np.int16)
    then[:, : recording.targets.shape[1]] = recording.targets[rows]
    same = (then == hops["target"]).all(1)
    return Replayed(profile.name, len(hops), int(same.sum()))


def _decode(chain: Chain, recording: Recording, start: int, end: int) -> np.ndarray:
    """Hops of the rows from `start` to before `end`, doubting the samples that were doubted."""
    counts = np.ascontiguousarray(recording.counts[start:end])
    masks = recording.missing_masks()[start:end]
    cuts = [0, *(np.flatnonzero(np.diff(masks)) + 1), len(counts)]
    pairs = [(a, b) for a, b in zip(cuts, cuts[1:], strict=False) if b > a]
    made = [chain.process(counts[a:b], int(masks[a])) for a, b in pairs]
    return np.concatenate(made) if made else chain.process(counts)
