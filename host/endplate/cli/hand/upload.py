# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate hand upload`: a profile, for a hand that decodes by itself, or the grips of a file."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from rich.progress import Progress, TaskID

from endplate.cli.hand import add_port
from endplate.cli.hand.params import opened
from endplate.cli.places import session_on
from endplate.errors import HandError
from endplate.hardware import Hand, load_hand
from endplate.live.hand_blobs import CALIBRATION, DECODER, GRIPS, WORDS
from endplate.live.hand_upload import HandBlobs, built_from, grips_of, profile_blobs
from endplate.live.profile_file import load_profile

EXAMPLES = """examples:
  endplate hand upload /dev/ttyACM0 anna.json
  endplate hand upload /dev/ttyACM0 --grips my-hand.toml
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_port(parser)
    parser.add_argument(
        "profile", metavar="PROFILE", nargs="?", type=Path, help="what `endplate calibrate` wrote"
    )
    parser.add_argument("--grips", metavar="HANDFILE", help="hand file whose grips are uploaded")
    parser.add_argument(
        "--hand", metavar="HANDFILE", help="hand file the hand was built from (found by its hash)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Uploads; everything that can be looked at here is, before the hand is touched."""
    if (arguments.profile is None) == (arguments.grips is None):
        raise HandError("Name a profile or, with --grips, a hand file: one of the two.")
    profile = load_profile(arguments.profile) if arguments.profile else None
    grips = load_hand(arguments.grips) if arguments.grips else None
    if session_on(arguments.port) is not None:
        raise HandError(f"A session runs on {arguments.port}: end it, then upload.")
    with opened(arguments.port, arguments.baud, change=True) as params:
        link = params.link
        if profile is not None:
            blobs = profile_blobs(profile, _hand(arguments.hand, link.info["hand_hash"]))
        else:
            assert grips is not None
            blobs = {GRIPS: grips_of(grips, link.info)}
        hand = HandBlobs(link)
        with Progress() as shown:
            for kind in (CALIBRATION, DECODER, GRIPS):
                if kind in blobs:
                    bar = shown.add_task(WORDS[kind], total=len(blobs[kind]))
                    progress = partial(_show, shown, bar)
                    said = hand.upload(kind, blobs[kind], progress)
    if profile is not None:
        print(f"The hand keeps the decoder of {profile.name} ({said['hash']:08x}) and computes the "
              f"same bits with it as this computer ({said['result']:08x}).")  # fmt: skip
        print("Who decodes is its parameter `decode`: 0 this computer, 1 both, 2 the hand alone.")
    else:
        print(f"The hand keeps the grips of {grips.name} ({said['hash']:08x}).")  # type: ignore[union-attr]
    return 0


def _show(shown: Progress, bar: TaskID, done: int, of: int) -> None:
    shown.update(bar, completed=done, total=of)


def _hand(chosen: str | None, hand_hash: int) -> Hand:
    hand = load_hand(chosen) if chosen else built_from(hand_hash)
    if hand is None:
        raise HandError(
            f"The hand was built from a hand file that is not known here ({hand_hash:08x}): name "
            "it with --hand."
        )
    if hand.hash32 != hand_hash:
        raise HandError(
            f"The hand file {hand.path.name} ({hand.hash32:08x}) is not the one the hand was built "
            f"from ({hand_hash:08x}): choose that one with --hand."
        )
    return hand
