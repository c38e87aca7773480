# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate replay`: a recording through the same chain again; the same bytes must come out.

Without a hand the whole file is decoded as fast as the machine can and compared with what was
commanded then. With one it plays at its own pace through the control process, as a board would; or,
with --shadow, the hand decodes it as well, without moving, and both are compared bit by bit.
"""

from __future__ import annotations

import argparse
import time
from datetime import datetime
from pathlib import Path

from rich.console import Console

from endplate.cli.ending import end
from endplate.cli.hand.params import opened
from endplate.cli.hand.session import hand_file
from endplate.cli.places import repair_recordings, session_folder, session_on
from endplate.cli.replay.on_hand import decode
from endplate.cli.sources import absolute, add_hand
from endplate.errors import HandError, ProfileError, UsageError
from endplate.fit.sites.meters import measure
from endplate.hardware import load_hand
from endplate.live.decoded import compare, recorded_profiles, stretches
from endplate.live.feed import FeedReader
from endplate.live.profile_file import load_profile
from endplate.live.recording import Recording, read_recording
from endplate.live.requests import ask
from endplate.live.session import start_control

EXAMPLES = """examples:
  endplate replay visit.bdf                                     decode it again and compare
  endplate replay visit.bdf --hand-port /dev/ttyACM0            drive a hand with it
  endplate replay visit.bdf --sites                             noise, SNR and contact at its end
  endplate replay visit.bdf --hand-port /dev/ttyACM0 --shadow   decode it here and on the hand
"""


BAUD = 1_000_000  # of every hand


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("recording", type=Path, help="BDF+ file of `endplate record` or `run`")
    parser.add_argument("--profile", type=Path, help="another profile than the recorded one")
    parser.add_argument("--hand-port", help="serial port of a hand that shall follow")
    add_hand(parser)
    parser.add_argument(
        "--sites", action="store_true", help="what the meters say of every site at its end"
    )
    parser.add_argument(
        "--shadow", action="store_true",
        help="the hand decodes as well, without moving: the same bytes must come out",
    )  # fmt: skip
    parser.add_argument(
        "--upload", action="store_true", help="with --shadow: replace the decoder that it keeps"
    )


def run(arguments: argparse.Namespace) -> int:
    """Status 1 when the commands are not the recorded ones."""
    console = Console()
    repair_recordings(arguments.recording.absolute().parent, console)
    recording = read_recording(arguments.recording)
    seconds = len(recording.counts) / recording.rate_hz
    console.print(
        f"{arguments.recording.name}: {seconds:.1f} s, {recording.counts.shape[1]} channels, "
        f"{recording.rate_hz:g} Hz"
    )
    if arguments.sites:
        return sites(arguments, console, recording)
    if arguments.shadow or arguments.upload:
        return shadow(arguments, console, recording)
    if arguments.hand_port:
        return play(arguments, console, recording)
    with session_folder("replay") as directory:
        results = compare(recording, directory, arguments.profile)
    if not results:
        console.print("No profile was in use in this recording: nothing was decoded to compare.")
        return 0
    same = True
    for result in results:
        same = same and result.identical
        console.print(result.sentence)
    return 0 if same or arguments.profile else 1


def sites(arguments: argparse.Namespace, console: Console, recording: Recording) -> int:
    """The table of `endplate record`, as of the recording's end."""
    from endplate.cli.record import sites_table

    with session_folder("replay") as directory:
        kept = recorded_profiles(recording, directory)
        path = arguments.profile or (kept[-1] if kept else None)
        profile = load_profile(path) if path else None
    status = measure(recording, profile)
    board = {"simulated": recording.meta.get("simulated"), "sentence": "At the recording's end"}
    length = {"seconds": recording.seconds}
    console.print(
        sites_table(recording.labels, {**status, "board": board, "recording": length})
    )
    return 0


def shadow(arguments: argparse.Namespace, console: Console, recording: Recording) -> int:
    """Here and on the hand; status 1 when a hop differs or was not heard of."""
    if not (arguments.hand_port and arguments.shadow):
        raise UsageError("--shadow needs a hand that decodes (--hand-port), --upload needs both.")
    if session_on(arguments.hand_port) is not None:
        raise HandError(f"A session runs on {arguments.hand_port}: end it, then replay.")
    hand, same = load_hand(arguments.hand), True
    with session_folder("replay") as directory:
        found = stretches(recording, directory, arguments.profile)
        if not found:
            raise ProfileError(
                "This recording holds no profile to decode with; give one with --profile."
            )
        with opened(arguments.hand_port, BAUD, change=True) as params:
            link = params.link
            hand_file(arguments.hand_port, link.info, arguments.hand)
            for one in found:
                if one.tunes:
                    console.print(
                        "It was tuned while it drove: the hand decodes as the profile's file has "
                        "it, so commands after that differ from the recorded ones."
                    )
                with console.status("The hand decodes ...") as line:
                    result = decode(
                        recording, load_profile(one.path), hand, params, one.rows,
                        upload=arguments.upload, recorded=arguments.profile is None,
                        since=one.since,
                        progress=lambda share: line.update(f"The hand decodes: {share:.0%}"),
                    )  # fmt: skip
                same = same and result.identical
                for sentence in result.sentences:
                    console.print(sentence)
    console.print("Host and hand: identical bytes." if same else "Host and hand DIFFER.")
    return 0 if same else 1


def play(arguments: argparse.Namespace, console: Console, recording: Recording) -> int:
    """At its own pace, into a hand."""
    profile = arguments.profile
    seconds = len(recording.counts) / recording.rate_hz
    out = Path(f"replay-{datetime.now():%Y%m%d-%H%M%S}")
    with session_folder("replay") as directory:
        if profile is None:
            written = recorded_profiles(recording, directory)
            if not written:
                raise ProfileError(
                    "This recording holds no profile to decode with; give one with --profile."
                )
            profile = written[-1]
        control = start_control(
            {
                "directory": str(directory),
                "board": "replay",
                "board_params": {"file": absolute(arguments.recording)},
                "hand_port": arguments.hand_port,
                "hand": arguments.hand,
                "montage": load_profile(profile).montage,
                "mains_hz": recording.meta.get("mains_hz"),
                "profile": absolute(profile),
                "recording": absolute(out),
                "arm": False,
            }
        )
        try:
            ask(directory, "arm")
            reader = FeedReader(directory / "feed")
            until = time.monotonic() + seconds
            with console.status("The hand follows the recording; Ctrl-C stops it.") as line:
                while control.alive and time.monotonic() < until:
                    time.sleep(0.2)
                    hand = reader.status().get("hand", {})
                    line.update(
                        f"{until - time.monotonic():.0f} s left · {hand.get('sentence', '')}"
                    )
        except KeyboardInterrupt:
            console.print("Stopped.")
        finally:
            code = end(console, control)
    return code
