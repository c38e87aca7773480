# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording decoded by this computer and by the hand, hop by hop: both must say the same bytes.

The hand decodes in shadow mode: it takes the EMG as fast as it can work on it, and nothing moves.
Of every hop it tells a CRC-32C of all numbers in it (activations, intents, velocities, targets,
which sites and DoF were doubted) and the targets themselves; the first is held against a chain of
this computer on the same samples, the second also against what was commanded when it was recorded.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from endplate import core
from endplate.errors import HandError, ProfileError
from endplate.hardware import Hand
from endplate.live.hand_blobs import CALIBRATION, DECODER, crc, hop_hash
from endplate.live.hand_decoding import EMG_VALUES, emg_fields
from endplate.live.hand_params import HandParams
from endplate.live.hand_upload import HandBlobs, hand_settings, profile_blobs
from endplate.live.link import HandLink
from endplate.live.profile import Profile
from endplate.live.recording import Recording

AHEAD = 20  # samples on their way; the hand has room for 32
SILENT_S = 3.0  # the hand is given up after so long without a hop
SHADOW = "1"  # of the parameter `decode`
START = 1  # number of the first sample on the wire


@dataclass
class OnHand:
    """What came of it. `ours` and `hand` are hashes of the hops that were heard of, in order."""

    profile: str
    hops: int
    ours: list[int] = field(default_factory=list)
    hand: list[int] = field(default_factory=list)
    compared: int = 0  # targets held against the recorded ones
    as_recorded: int = 0
    filled: int = 0

    @property
    def identical(self) -> bool:
        """Every hop was heard of and had the same bits, and the recorded targets."""
        whole = len(self.hand) == self.hops and self.ours == self.hand
        return whole and self.as_recorded == self.compared

    @property
    def sentences(self) -> list[str]:
        """For the user."""
        same = sum(a == b for a, b in zip(self.ours, self.hand, strict=True))
        said = [
            f"Profile {self.profile}: {self.hops} hops; the hand told {len(self.hand)} of them, "
            f"and {same} have the bytes of this computer (all together "
            f"{digest(self.ours):08x} here, {digest(self.hand):08x} on the hand)."
        ]
        if self.filled:
            said.append(f"{self.filled} samples got lost on the line, and were filled in.")
        if self.compared:
            said.append(f"{self.as_recorded} of {self.compared} commands are the recorded ones.")
        return said


def digest(hashes: list[int]) -> int:
    """One number for all hops."""
    return crc(np.array(hashes, "<u4").tobytes())


@contextmanager
def _shadowing(params: HandParams, profile: Profile, hand: Hand, upload: bool) -> Iterator[None]:
    """The hand decodes with this profile, as a shadow, and does again what it did after that."""
    blobs, blob_hand = profile_blobs(profile, hand), HandBlobs(params.link)
    values = {row.name: row.value for row in params.read()}
    if values.get("emg_source"):
        raise HandError(
            "The hand reads its own electrodes and takes no signals: set its parameter emg_source "
            "to 0 first."
        )
    if blob_hand.status(DECODER)["hash"] != crc(blobs[DECODER]):
        if not upload:
            raise HandError(
                f"The hand keeps another decoder than that of {profile.name}: add --upload to "
                "replace it."
            )
        for kind in (CALIBRATION, DECODER):
            blob_hand.upload(kind, blobs[kind])
    before = values["decode"]
    params.set("decode", SHADOW)
    try:
        yield
    finally:
        params.set("decode", str(int(before)))


def decode(
    recording: Recording,
    profile: Profile,
    hand: Hand,
    params: HandParams,
    rows: slice,
    *,
    upload: bool = False,
    recorded: bool = True,
    since: int = 0,
    progress: Callable[[float], None] | None = None,
) -> OnHand:
    """Streams these rows of the recording; `recorded`: their commands are this profile's, from row
    `since` of them on.

    `upload` may replace the decoder that the hand keeps; `progress` hears of the share that was
    decoded. Raises HandError, ProfileError.
    """
    if recording.rate_hz != profile.rate_hz or recording.channels < max(profile.channels):
        raise ProfileError(
            f"The profile {profile.name} is for {profile.rate_hz:g} samples/s and channel "
            f"{max(profile.channels)}, the recording has {recording.rate_hz:g} and "
            f"{recording.channels} channels: choose the profile that belongs to it."
        )
    chain = core.Chain(hand_settings(profile, hand))
    counts = np.ascontiguousarray(recording.counts[rows, : chain.sites])
    masks = recording.missing_masks()[rows] & np.uint64((1 << chain.sites) - 1)
    frames = list(_frames(counts, masks, chain.hop_samples, chain.sites))
    ours: dict[int, int] = {}
    for _, part, mask in frames:
        for hop in chain.process(part, mask):
            ours[START + int(hop["samples"]) - 1] = hop_hash(hop, chain.sites, chain.dofs)
    made = OnHand(profile.name, len(ours))
    with _shadowing(params, profile, hand, upload):
        for told in _told(params.link, frames, chain.sites, max(ours, default=0)):
            made.ours.append(ours[told["sample"]])
            made.hand.append(told["hop_hash"])
            made.filled = told["filled"]
            if recorded and told["sample"] - START >= since:
                then = recording.targets[rows][told["sample"] - START].tolist()
                made.compared += 1
                made.as_recorded += list(told["target"])[: len(then)] == then
            if progress is not None:
                progress((told["sample"] - START + 1) / len(counts))
    return made


def _told(
    link: HandLink, frames: list[tuple[int, np.ndarray, int]], sites: int, newest: int
) -> Iterator[dict[str, Any]]:
    """Sends all frames as fast as the hand decodes; what it tells of each hop, until `newest`."""
    begun = time.monotonic()
    while not link.clock.synchronised:
        if time.monotonic() > begun + SILENT_S:
            raise HandError("The hand does not tell its time: check its cable, and try again.")
        link.service()
        time.sleep(0.001)
    link.decoded.clear()
    sent, heard, last = 0, START - 1, time.monotonic()
    while heard < newest and time.monotonic() < last + SILENT_S:
        while sent < len(frames) and frames[sent][0] + len(frames[sent][1]) - heard <= AHEAD:
            if not _send(link, sites, *frames[sent]):
                break
            sent += 1
        link.service()
        while link.decoded:
            told = link.decoded.popleft()
            if told["start"] == START and told["sample"] > heard:
                heard, last = told["sample"], time.monotonic()
                yield told
        time.sleep(0.0005)


def _frames(
    counts: np.ndarray, masks: np.ndarray, hop: int, sites: int
) -> Iterator[tuple[int, np.ndarray, int]]:
    """(first row, rows, mask): no longer than the wire takes, none reaches over a hop's end."""
    longest, at = min(hop, EMG_VALUES // sites), 0
    while at < len(counts):
        end = min(at + longest, len(counts), at - at % hop + hop)
        other = np.flatnonzero(masks[at:end] != masks[at])
        end = at + int(other[0]) if len(other) else end
        yield at, counts[at:end], int(masks[at])
        at = end


def _send(link: HandLink, sites: int, at: int, part: np.ndarray, mask: int) -> bool:
    return link.emg(
        emg_fields(
            part, sample=START + at, start=START, sites=sites, missing=mask,
            emg_us=link.clock.to_hand_us(time.monotonic_ns()),
        )
    )  # fmt: skip
