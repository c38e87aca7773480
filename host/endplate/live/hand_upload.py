# SPDX-License-Identifier: GPL-3.0-or-later
"""Uploads to the hand: decoder and calibration of a profile, or the grips of a hand file.

    blobs = HandBlobs(link)                       # a HandLink that is up, its hand disarmed
    blobs.upload_profile(profile, hand)
    blobs.upload(GRIPS, grips_of(hand, link.info))

Each is bytes in chunks, then one COMMIT: the hand looks at every value, runs its test vector,
writes its flash, and only then uses it. Whatever it refuses is a HandError of one sentence, and the
hand is as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from endplate import core, core_decoder
from endplate.errors import HandError
from endplate.hardware import Dof, Hand, Joint, hand_names, load_hand
from endplate.live.hand_blobs import (
    CALIBRATION,
    DECODER,
    GRIPS,
    SITES_MAX,
    WORDS,
    calibration_blob,
    crc,
    decoder_blob,
    grips_blob,
    wrong_value,
)
from endplate.live.hand_questions import answer, patient_answer

if TYPE_CHECKING:
    from endplate.live.link import HandLink
    from endplate.live.profile import Profile

#: What a blob that contradicts the rest has to fit, and what to do.
CONTRADICTS = {
    CALIBRATION: "its sites, rate and hop do not go together; calibrate again.",
    DECODER: "upload the calibration first. Or its work is longer than a hop: calibrate with "
    "another decoder (ridge on RMS).",
    GRIPS: "its parameter rest_grip names a grip that would be gone.",
}
CHUNK: int = core.lib.WIRE_BLOB_BYTES

#: Called with the bytes that have come and how many there are.
Progress = Callable[[int, int], None]


class HandBlobs:
    """Uploads and waits for each answer (the link is served meanwhile). Raises HandError."""

    def __init__(self, link: HandLink) -> None:
        self._link = link

    def status(self, kind: int) -> dict[str, Any]:
        """What of a kind is in force: fields of BLOB_STATUS."""
        return answer(self._link, "BLOB_GET", {"kind": kind, "hash": 0})

    def upload_profile(
        self, profile: Profile, hand: Hand, progress: Progress | None = None
    ) -> dict[str, Any]:
        """Calibration and decoder; the decoder's status. Checks both before it sends either."""
        blobs = profile_blobs(profile, hand)
        self.upload(CALIBRATION, blobs[CALIBRATION], progress)
        return self.upload(DECODER, blobs[DECODER], progress)

    def upload(self, kind: int, data: bytes, progress: Progress | None = None) -> dict[str, Any]:
        """One blob, until the hand keeps it and uses it."""
        whole = {"kind": kind, "size": len(data), "hash": crc(data)}
        self._refused(kind, patient_answer(self._link, "BLOB_BEGIN", whole))
        for at in range(0, len(data), CHUNK):
            part = data[at : at + CHUNK]
            padded = list(part.ljust(CHUNK, b"\0"))
            fields = {"kind": kind, "offset": at, "count": len(part), "bytes": padded}
            self._refused(kind, answer(self._link, "BLOB_CHUNK", fields))
            if progress is not None:
                progress(at + len(part), len(data))
        said = patient_answer(self._link, "BLOB_COMMIT", {"kind": kind, "hash": crc(data)})
        self._refused(kind, said)
        if (said["size"], said["hash"]) != (len(data), crc(data)):
            raise HandError(f"The hand keeps another {WORDS[kind]} than was sent: try again.")
        return said

    def _refused(self, kind: int, said: dict[str, Any]) -> None:
        lib, status = core.lib, said["status"]
        if status == lib.WIRE_BLOB_OK:
            return
        what = WORDS[kind]
        if status == lib.WIRE_BLOB_WRONG_VALUE:
            raise HandError(wrong_value(kind, said["field"], said["index"]))
        state = self._link.state.get("word", "in an unknown state")
        raise HandError(
            {
                lib.WIRE_BLOB_UNKNOWN: f"This hand takes no {what}: flash the firmware that "
                "belongs to this version of Endplate.",
                lib.WIRE_BLOB_NOT_DISARMED: f"The hand did not take the {what}: it takes one only "
                f"while it is disarmed, and it is {state}; disarm it first.",
                lib.WIRE_BLOB_WRONG_SIZE: f"The hand did not take the {what}: its size is not as "
                f"it should be, or more than {said['room']} bytes.",
                lib.WIRE_BLOB_WRONG_HASH: f"The {what} came damaged to the hand: try again.",
                lib.WIRE_BLOB_WRONG_FORMAT: f"The hand does not read this {what}: flash the "
                "firmware that belongs to this version of Endplate.",
                lib.WIRE_BLOB_OTHER_HAND: f"The {what} was made for another hand file than the "
                "hand was built for: choose its hand file.",
                lib.WIRE_BLOB_CONTRADICTS: f"The hand did not take the {what}, because it does not "
                f"fit the rest that it keeps: {CONTRADICTS[kind]}",
                lib.WIRE_BLOB_OTHER_BITS: "The hand computes other numbers with this decoder than "
                "this computer, so it does not use it: flash the firmware that belongs to this "
                "version of Endplate.",
                lib.WIRE_BLOB_NOT_KEPT: f"The hand's flash did not keep the {what}, and what it "
                "had before stays in force: try once more, then have it serviced.",
            }.get(status, f"The hand lost the {what} on the way (it was armed?): try again.")
        )


# ---- what is sent ----


def hand_settings(profile: Profile, hand: Hand) -> dict[str, Any]:
    """The chain as the hand runs it: the channels up to the last that the profile uses."""
    from endplate.live.profile import chain_settings

    channels = max(profile.channels)
    if channels > SITES_MAX:
        raise HandError(
            f"The profile {profile.name} uses channel {channels}, and a hand decodes at most "
            f"{SITES_MAX} channels by itself."
        )
    return chain_settings(
        profile, rate_hz=profile.rate_hz, channels=channels, uv_per_count=profile.uv_per_count,
        full_scale_uv=profile.full_scale_uv, dofs=[dof.name for dof in hand.dofs],
    )  # fmt: skip


def profile_blobs(profile: Profile, hand: Hand) -> dict[int, bytes]:
    """Calibration and decoder of a profile for the hand of this file."""
    if profile.hand != hand.name:
        raise HandError(
            f"The profile {profile.name} was made for the hand {profile.hand}, not for "
            f"{hand.name}: calibrate again with this hand."
        )
    if alone := on_this_computer_alone(profile, hand):
        raise HandError(alone)
    settings = hand_settings(profile, hand)
    calibration = calibration_blob(settings, hand.hash32)
    return {
        CALIBRATION: calibration,
        DECODER: decoder_blob(settings, hand.hash32, calibration),
    }


def on_this_computer_alone(profile: Profile, hand: Hand) -> str:
    """Why a hand cannot run this decoder: too many channels, or its work does not fit into a hop
    (decode_in_time). "" when it can."""
    try:
        settings = hand_settings(profile, hand)
    except HandError as error:
        return str(error)
    samples = settings["features"]["hop_samples"]
    steps = core_decoder.Decoder(settings["decoder"]).steps()
    needed = samples + core.lib.CHAIN_PIECES + steps + 2
    hop_ms = 1000 * samples / profile.rate_hz
    if needed <= hop_ms:
        return ""
    return (
        f"The decoder of the profile {profile.name} takes {needed} ms of each {hop_ms:.0f} ms on "
        "the hand, so it runs on this computer alone: calibrate with another decoder (ridge on "
        "RMS, or fewer movements) for use without it."
    )


def built_from(hand_hash: int) -> Hand | None:
    """The hand file that a hand was built from, if it is one of those that come with Endplate."""
    for name in hand_names():
        hand = load_hand(name)
        if hand.hash32 == hand_hash:
            return hand
    return None


def grips_of(hand: Hand, info: dict[str, Any]) -> bytes:
    """The grips of a hand file for the hand that said `info` (HELLO_ACK); all else of the file has
    to be as the hand was built. HandError says what is not."""
    said = {"name": info["name"], "joints": info["joints"], "DoF": info["dofs"]}
    ours = {"name": hand.name, "joints": len(hand.joints), "DoF": len(hand.dofs)}
    for what, theirs in said.items():
        if ours[what] != theirs:
            raise HandError(
                f"The hand file {hand.path.name} is not this hand's: it has {what} {ours[what]}, "
                f"the hand says {theirs}."
            )
    built = built_from(info["hand_hash"])
    if built is not None:
        mine: list[Joint | Dof] = [*hand.joints, *hand.dofs]
        its: list[Joint | Dof] = [*built.joints, *built.dofs]
        for one, other in zip(mine, its, strict=True):
            if one != other:
                raise HandError(
                    f"The hand file {hand.path.name} is not this hand's: its {one.name} is not as "
                    f"the hand's {other.name} was built; only grips can be uploaded."
                )
    return grips_blob(hand, info["hand_hash"])
