# SPDX-License-Identifier: GPL-3.0-or-later
"""What a session is, for the feed's header, the recording's and who started it: board, montage,
hand, scales."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

from endplate import __version__
from endplate.live.feed import FeedInfo
from endplate.live.profile import timing

if TYPE_CHECKING:
    from endplate.live.control import Control


def site_labels(control: Control) -> list[str]:
    """One label per channel of the board: the montage's, or its number."""
    labels = [f"ch {n}" for n in range(1, control.source.info.channels + 1)]
    for site in control.montage.sites:
        if site.channel <= len(labels):
            labels[site.channel - 1] = site.label
    return labels


def feed_info(control: Control) -> FeedInfo:
    """The feed's header."""
    info, hand, montage = control.source.info, control.hand, control.montage
    return FeedInfo(
        rate_hz=info.rate_hz,
        channels=info.channels,
        site_labels=tuple(site_labels(control)),
        dofs=tuple(dof.name for dof in hand.dofs),
        joints=tuple(joint.name for joint in hand.joints),
        hop_samples=control.chain.hop_samples,
        simulated=info.simulated,
        board=info.name,
        montage=montage.name,
        hand=hand.name,
        joint_limits=tuple((joint.min_deg, joint.max_deg) for joint in hand.joints),
        montage_channels=tuple(
            site.channel for site in montage.sites if site.channel <= info.channels
        ),
        grips=tuple(grip.name for grip in hand.grips),
        uv_per_count=info.uv_per_count,
        full_scale_uv=info.full_scale_uv,
        mains_hz=control.mains_hz,
    )


def recording_meta(control: Control) -> dict[str, Any]:
    """The recording's description; what the settings say of patient and visit comes first."""
    info = control.source.info
    return {
        **control.settings.meta,
        "rate_hz": info.rate_hz,
        "channels": info.channels,
        "uv_per_count": info.uv_per_count,
        "full_scale_uv": info.full_scale_uv,
        "board": info.name,
        "simulated": info.simulated,
        "montage": control.montage.name,
        "site_labels": site_labels(control),
        "hand": control.hand.name,
        "dofs": [dof.name for dof in control.hand.dofs],
        "mains_hz": control.mains_hz,
        "hop_samples": control.chain.hop_samples,
        "profile": control.profile_path,
        "endplate": __version__,
        "started": time.time(),
    }


#: What a hand says of itself that a report names.
OF_HAND = ("name", "firmware", "uid", "schema_hash", "hand_hash", "param_hash", "decoder_hash")


def hand_said(control: Control, sentence: str) -> None:
    """A new sentence of the link's: shown, and which hand it was goes into the recording."""
    control.note(sentence)
    link = control.link
    if control.journal is None or link is None or link.phase != "up":
        return
    about = {name: link.info[name] for name in OF_HAND}
    control.journal.attach(control.next_sample, "hand", json.dumps(about))


def ready(control: Control) -> dict[str, Any]:
    """The first line of the control process."""
    info, link = control.source.info, control.link
    return {
        "pid": os.getpid(), "directory": str(control.directory), "board": info.name,
        "rate_hz": info.rate_hz, "channels": info.channels, "simulated": info.simulated,
        "hand": link.info["name"] if link is not None else None, "priority": control.priority,
        "hop_samples": timing(info.rate_hz)[0],
    }  # fmt: skip
