# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate calibrate`: guides a person through the movements and writes the profile."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path

from rich.console import Console

from endplate.cli.bench import bar, teller
from endplate.cli.bench_report import calibration_line
from endplate.cli.ending import end
from endplate.cli.places import repair_recordings, session_folder
from endplate.cli.sources import absolute, add_board, board_settings
from endplate.errors import UsageError
from endplate.fit.calibration import from_guided
from endplate.fit.guide import guide
from endplate.fit.protocol import calibration_protocol
from endplate.hardware import load_hand, load_montage
from endplate.live.feed import FeedReader
from endplate.live.profile import save_profile
from endplate.live.session import start_control

EXAMPLES = """examples:
  endplate calibrate --board cyton --port /dev/ttyUSB0 --dofs hand,elbow --out anna.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_board(parser, montage="transhumeral-4")
    parser.add_argument(
        "--hand", default="test-hand", help="hand file, a name or a path (test-hand)"
    )
    parser.add_argument(
        "--dofs", default="hand,elbow", help="degrees of freedom, comma separated (hand,elbow)"
    )
    parser.add_argument("--repetitions", type=int, default=3, help="of each direction (3)")
    parser.add_argument("--out", type=Path, required=True, help="profile to write (.json)")


def run(arguments: argparse.Namespace) -> int:
    """Prompts in the terminal; the recording is kept beside the profile."""
    console = Console()
    hand, montage = load_hand(arguments.hand), load_montage(arguments.montage)
    dofs = [name.strip() for name in arguments.dofs.split(",") if name.strip()]
    known = [dof.name for dof in hand.dofs]
    for name in dofs:
        if name not in known:
            raise UsageError(
                f"The hand {hand.name} has no degree of freedom {name!r}; it has "
                f"{', '.join(known)}."
            )
    if len(set(dofs)) != len(dofs) or not dofs:
        raise UsageError("Name each degree of freedom once, for example --dofs hand,elbow.")
    if arguments.repetitions < 2:
        raise UsageError(
            "A decoder is chosen by leaving one repetition out: give --repetitions 2 or more."
        )
    cues = calibration_protocol(dofs, repetitions=arguments.repetitions)
    minutes = sum(cue.duration_s for cue in cues) / 60
    console.print(f"{minutes:.1f} minutes. Follow the words; relax at [bold]Rest[/].")
    recording = arguments.out.with_name(f"{arguments.out.stem}-{datetime.now():%Y%m%d-%H%M%S}")
    repair_recordings(recording.absolute().parent, console)
    with session_folder("calibrate") as directory:
        control = start_control(
            {
                **board_settings(arguments),
                "directory": str(directory),
                "hand_port": None,
                "hand": arguments.hand,
                "profile": None,
                "recording": absolute(recording),
                "arm": False,
            }
        )
        try:
            info = FeedReader(directory / "feed").info
            with bar(console) as progress:
                guided = guide(directory, cues, progress=teller(progress, "Calibration", cues))
        finally:
            end(console, control)
    profile = from_guided(
        guided, info, montage=montage, hand=hand, board=arguments.board, mains_hz=arguments.mains_hz
    )
    save_profile(profile, arguments.out)
    console.print(calibration_line(profile))
    console.print(f"Profile: {arguments.out}")
    return 0
