# SPDX-License-Identifier: GPL-3.0-or-later
"""A profile at work: its chain, and which of the stream's samples it has taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from endplate import core
from endplate.errors import SessionError
from endplate.live.profile import Profile, chain_settings, direct_profile
from endplate.live.profile_file import profile_text

if TYPE_CHECKING:
    from endplate.live.control import Control


@dataclass
class Running:
    """Decodes from sample `since` on. `text` is the profile's file, for the recording; `direct` the
    direct control that the profile holds, ready to run."""

    profile: Profile | None
    path: str | None
    chain: core.Chain
    since: int
    text: str = ""
    fed: int = 0  # samples this chain has taken
    base: int = 0  # index of its first one, as the stream counts now
    direct: Running | None = None
    number: int = 0  # of this session's chains: tells them apart in the recording

    @property
    def name(self) -> str:
        """The profile's."""
        return self.profile.name if self.profile is not None else "no profile"

    def process(
        self, first: int, jump: bool, counts: np.ndarray, missing: int,
        clean: np.ndarray | None = None,
    ) -> np.ndarray:  # fmt: skip
        """The hops that close; counts int32 [n, channels] of the samples from `first` on. `jump`:
        the stream began elsewhere, or anew."""
        if not self.fed:
            self.since = self.base = first
        elif jump:
            self.base = first - self.fed
        hops = self.chain.process(counts, missing, clean)
        self.fed += len(counts)
        return hops

    def begin(self) -> Running:
        """Forgets all samples; the next one is its first."""
        self.chain.reset()
        self.fed = 0
        return self

    def sample_of(self, hop: np.void) -> int:
        """Index of a hop's newest sample."""
        return self.base + int(hop["samples"]) - 1


def start(
    control: Control, profile: Profile | None, path: str | None, text: str = ""
) -> Running:
    """A profile's chain over all channels of the session's board, from its next sample on; `text`
    is what its file held. Raises ProfileError when it does not fit."""
    info = control.source.info
    if info.channels > core.MAX_SITES:
        raise SessionError(
            f"The board {info.name} has {info.channels} channels, {core.MAX_SITES} at most can "
            "be decoded: choose another board."
        )
    if profile is not None:
        profile.check_against(control.montage, info.rate_hz, control.hand)
    chain = core.Chain(
        chain_settings(
            profile, rate_hz=info.rate_hz, channels=info.channels, uv_per_count=info.uv_per_count,
            full_scale_uv=info.full_scale_uv, mains_hz=control.settings.mains_hz,
            dofs=[dof.name for dof in control.hand.dofs],
        )
    )  # fmt: skip
    control.chains += 1
    made = Running(profile, path, chain, control.next_sample, text, number=control.chains)
    direct = direct_profile(profile) if profile is not None else None
    if direct is not None:  # its text is made now: at a switch there is no time for it
        made.direct = start(control, direct, path, profile_text(direct, direct.name))
    return made
