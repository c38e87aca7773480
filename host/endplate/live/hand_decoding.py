# SPDX-License-Identifier: GPL-3.0-or-later
"""The hand's own decoder: feeds it with EMG, and holds its hops against a chain of our own.

What the hand's parameter `decode` says is told by its capabilities, which the link asks for anew
when a parameter was set: 0, nothing is sent here; 1 (shadow), it decodes beside us and our COMMANDs
drive; 2, it drives itself and no COMMAND is sent. With electrodes of its own it gets no EMG either.
`mirror` is a chain of the same settings that takes exactly the samples that were sent, from the
same `start` on: as long as the hand missed none, every hop must have the same hash.

Frames leave when a hop is complete. A frame that gets lost is filled in by the hand, which says so:
from there on the two cannot be compared, until the chain begins anew. That is never done under a
hand that drives itself.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from endplate import core
from endplate.errors import HandError
from endplate.live.hand_blobs import CALIBRATION, DECODER, crc, hop_hash
from endplate.live.hand_port import PortGoneError
from endplate.live.hand_upload import hand_settings, profile_blobs

if TYPE_CHECKING:
    from endplate.hardware import Hand
    from endplate.live.link import HandLink
    from endplate.live.profile import Profile
    from endplate.live.source import Block

HOST, SHADOW, HAND = "host", "shadow", "hand"
_SHADOW_BIT, _HAND_BIT, _OWN_BIT = 8, 9, 14  # of the capabilities (SPEC.md)
EMG_VALUES: int = core.lib.WIRE_EMG_BYTES // 3
_KEPT = 256  # hops whose hash is remembered
_SILENT_NS = 500_000_000  # no DECODED for so long: the hand lost the chain's beginning
_BURST = 25  # samples at once that the hand has room for
_MOVING = tuple(getattr(core.lib, f"GUARD_{name}") for name in ("ACTIVE", "STALE", "OPEN_ONLY"))


def emg_fields(
    counts: np.ndarray, *, sample: int, start: int, sites: int, missing: int, emg_us: int
) -> dict[str, Any]:
    """An EMG message (SPEC.md) of counts int32 [n, sites], EMG_VALUES of them at most; `sample` is
    the number of the first, `start` that of the stream's first."""
    packed = counts.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    return {
        "sample": sample & 0xFFFFFFFF, "emg_us": emg_us, "missing": missing,
        "start": start & 0xFFFFFFFF, "sites": sites, "count": len(counts),
        "counts": packed.ljust(core.lib.WIRE_EMG_BYTES, b"\0"),
    }  # fmt: skip


class HandDecoding:
    """Of one link, or of none. `samples` and `follow` are called by the control loop; they never
    wait."""

    def __init__(self, link: HandLink | None, hand: Hand) -> None:
        self._link, self._hand = link, hand
        self.mirror: core.Chain | None = None
        self.wanted = 0  # hash of the decoder that the hand should have
        self.why_not = "no profile is in use"
        self.equal = self.different = self.not_compared = 0
        self.newest: dict[str, Any] = {}  # of DECODED
        self._start: int | None = None
        self._next = 0  # sample that is to come
        self._waiting: list[np.ndarray] = []
        self._mask = 0
        self._hops: OrderedDict[int, int] = OrderedDict()  # sample -> hash
        self._heard_ns = 0
        self._armed = self._stopping = False

    @property
    def mode(self) -> str:
        """Who decodes, as the hand says."""
        bits = self._capabilities()
        return HAND if bits >> _HAND_BIT & 1 else SHADOW if bits >> _SHADOW_BIT & 1 else HOST

    @property
    def own_electrodes(self) -> bool:
        """Whether what the hand decodes are its own electrodes (its parameter `emg_source`)."""
        return self.mode != HOST and bool(self._capabilities() >> _OWN_BIT & 1)

    def _capabilities(self) -> int:
        return self._link.info.get("capabilities", 0) if self._link is not None else 0

    @property
    def who(self) -> str:
        """The same for a person, in a sentence or two."""
        who = {
            HOST: "This computer decodes.",
            SHADOW: "The hand decodes beside this computer, which drives.",
            HAND: "The hand decodes by itself; no command is sent to it.",
        }[self.mode]
        if self.own_electrodes:
            who += " It reads its own electrodes: it is sent no signals, and nothing is compared."
        return who

    def use(self, profile: Profile | None) -> None:
        """Another profile: the hand has to have its decoder."""
        self.mirror, self.wanted, self._start = None, 0, None
        self.why_not = "no profile is in use"
        if profile is None or self._link is None:
            return
        try:
            blobs = profile_blobs(profile, self._hand)
            self.wanted = crc(blobs[DECODER])
            self.mirror = core.Chain(hand_settings(profile, self._hand))
            assert blobs[CALIBRATION]
        except HandError as error:
            self.why_not = str(error)

    def refusal(self) -> str:
        """Why the hand, if it decodes by itself, must not be armed; "" when it may."""
        if self._link is not None and self._link.questions.changed:
            return "The hand has not said yet what its new parameters make of it: arm again."
        if self.mode != HAND or self._link is None:
            return ""
        if self.mirror is None:
            return f"The hand decodes by itself, but {self.why_not}."
        if self._link.info["decoder_hash"] != self.wanted:
            return (
                "The hand decodes by itself, with another decoder than this profile's: upload it "
                "(endplate hand upload), or set its parameter decode to 0."
            )
        return ""

    def may_arm(self) -> bool:
        """Whether the hand waits to be armed and may be."""
        link = self._link
        at_rest = link is not None and link.clock.synchronised and link.at_rest
        return at_rest and not self.refusal()

    # ---- to the hand ----

    def samples(self, block: Block, missing: int) -> None:
        """One block of the board."""
        link, mirror = self._link, self.mirror
        if link is None:
            return
        takes = self.mode != HOST and not self.own_electrodes
        usable = takes and link.phase == "up" and link.clock.synchronised
        if not usable or mirror is None or link.info["decoder_hash"] != self.wanted:
            self._start = None
            return
        moving = link.state.get("number") in _MOVING  # armed by us, or by the hand's own button
        self._stopping = moving and (self._stopping or (self._armed and not link.armed))
        self._armed = link.armed
        if self._stopping:
            return  # asked to stop and not confirmed: without EMG it stands, whatever got lost
        now = time.monotonic_ns()
        silent = self._start is not None and now - self._heard_ns > _SILENT_NS
        lost = block.first != self._next or len(block.counts) > _BURST or silent
        if self._start is None or (lost and self._may_begin()):
            self._begin(block.first, now)
        self._next = block.first + len(block.counts)
        self._mask = missing & (1 << mirror.sites) - 1
        at = block.first
        for row in np.ascontiguousarray(block.counts[:, : mirror.sites]):
            self._waiting.append(row)
            at += 1
            full = (len(self._waiting) + 1) * mirror.sites > EMG_VALUES
            if full or (at - (self._start or 0)) % mirror.hop_samples == 0:
                self._send(at, block)
        if missing and self._waiting:
            self._send(at, block)

    def _may_begin(self) -> bool:
        return self._link is not None and self._link.state.get("number") not in _MOVING

    def _begin(self, first: int, now: int) -> None:
        assert self.mirror is not None
        self.mirror.reset()
        self._start, self._heard_ns = first, now
        self._waiting.clear()
        self._hops.clear()

    def _send(self, end: int, block: Block) -> None:
        """The waiting samples, of which sample `end` - 1 is the newest."""
        mirror, link, counts = self.mirror, self._link, np.array(self._waiting, np.int32)
        assert mirror is not None and link is not None and self._start is not None
        self._waiting.clear()
        for hop in mirror.process(counts, self._mask):
            number = self._start + int(hop["samples"]) - 1 & 0xFFFFFFFF
            self._hops[number] = hop_hash(hop, mirror.sites, mirror.dofs)
        while len(self._hops) > _KEPT:
            self._hops.popitem(last=False)
        later = block.first + len(block.counts) - end
        taken_ns = block.newest_ns - round(later * 1e9 / float(mirror.config.rate_hz))
        fields = emg_fields(
            counts, sample=end - len(counts), start=self._start, sites=mirror.sites,
            missing=self._mask,
            emg_us=link.clock.to_hand_us(min(taken_ns, time.monotonic_ns())),
        )  # fmt: skip
        with suppress(PortGoneError):  # the next service() finds it gone as well, and says so
            link.emg(fields)

    # ---- from the hand ----

    def follow(self) -> None:
        """Compares what has come."""
        while self._link is not None and self._link.decoded:
            told = self.newest = self._link.decoded.popleft()
            if self.own_electrodes:
                continue
            if self._start is None or told["start"] != self._start & 0xFFFFFFFF:
                self.not_compared += 1
                continue
            self._heard_ns = time.monotonic_ns()
            ours = self._hops.get(told["sample"])
            if told["filled"] or ours is None:
                self.not_compared += 1
                if told["filled"] and self._may_begin():
                    self._start = None
            elif ours == told["hop_hash"]:
                self.equal += 1
            else:
                self.different += 1

    def status(self) -> dict[str, Any]:
        """For the session's status."""
        dofs = len(self._hand.dofs)
        told = self.newest
        return {
            "mode": self.mode,
            "who": self.who,
            "own_electrodes": self.own_electrodes,
            "equal": self.equal,
            "different": self.different,
            "not_compared": self.not_compared,
            "filled": told.get("filled", 0),
            "hand": list(told.get("target", ()))[:dofs],
            "host": list(told.get("host", ()))[:dofs],
            "sentence": self.refusal(),
        }
