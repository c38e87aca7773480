# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate calibrate`: guides a person through the movements and writes the profile."""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from endplate.cli.bench.report import calibration_line
from endplate.cli.calibrate.calibrated import calibrated
from endplate.cli.calibrate.donning import APPLY, compared
from endplate.cli.calibrate.guided import REPEAT, follow
from endplate.cli.ending import end
from endplate.cli.places import repair_recordings, session_folder
from endplate.cli.profile.words import ago, differences, told
from endplate.cli.sources import add_board, add_hand, named_dofs, session_settings
from endplate.cli.visiting import add_patient, visiting
from endplate.clinic.fitting import Heard
from endplate.clinic.made_of import MadeOf, of_recording
from endplate.errors import UsageError
from endplate.fit.auto import candidates
from endplate.fit.calibration import calibrate, from_guided
from endplate.fit.donning.today import touched_up
from endplate.fit.guided.protocol import Cue, calibration_protocol, touch_up_protocol
from endplate.fit.recorded import cues as recorded_cues
from endplate.hardware import Hand, Montage, load_hand, load_montage
from endplate.live.feed import FeedReader
from endplate.live.hand_upload import on_this_computer_alone
from endplate.live.profile import Profile
from endplate.live.profile_file import load_profile
from endplate.live.profile_versions import current, keep
from endplate.live.recording import read_recording
from endplate.live.session import start_control
from endplate.monitor.site_words import settling

EXAMPLES = """examples:
  endplate calibrate --board cyton --port /dev/ttyUSB0 --dofs hand,elbow --out anna.json
  endplate calibrate --board cyton --port /dev/ttyUSB0 --decoder "ridge on RMS" --out anna.json
  endplate calibrate --board cyton --port /dev/ttyUSB0 --touch-up anna.json
  endplate calibrate --board cyton --port /dev/ttyUSB0 --compare anna.json
  endplate calibrate --board cyton --port /dev/ttyUSB0 --patient A17      in today's visit
  endplate calibrate --compare anna.json --recording anna-20260101-120000.bdf --apply recommended
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_board(parser, montage="transhumeral-4", needed=False)
    add_hand(parser)
    add_patient(parser)
    parser.add_argument(
        "--dofs", default="hand,elbow", help="degrees of freedom, comma separated (hand,elbow)"
    )
    parser.add_argument("--repetitions", type=int, default=3, help="of each direction (3)")
    parser.add_argument(
        "--combinations", action="store_true", help="also record two directions at once"
    )
    parser.add_argument(
        "--postures", action="store_true",
        help="also do each direction once with the arm out in front and once up",
    )  # fmt: skip
    parser.add_argument(
        "--repeat", choices=REPEAT, default="ask",
        help="movements that were done otherwise than asked: ask before each, auto does the worst "
        "two again, never (ask; without a terminal never)",
    )  # fmt: skip
    parser.add_argument(
        "--one-at-a-time", action="store_true", help="never move several degrees of freedom at once"
    )
    parser.add_argument(
        "--all-dofs", action="store_true",
        help="keep a third degree of freedom even if the sites do not carry it",
    )  # fmt: skip
    parser.add_argument(
        "--decoder", default="auto", help="auto, or a name of `endplate evaluate`'s tables (auto)"
    )
    parser.add_argument(
        "--touch-up", type=Path, metavar="PROFILE",
        help="make this profile fit again, in half a minute, instead of a new one",
    )  # fmt: skip
    parser.add_argument(
        "--compare", type=Path, metavar="PROFILE",
        help="hold today's electrodes against this profile's, in half a minute: re-scale, re-map, "
        "touch up or calibrate again?",
    )  # fmt: skip
    parser.add_argument("--apply", choices=APPLY, help="of --compare: do it, as a new version")
    parser.add_argument(
        "--recording", type=Path, help="what was recorded before, instead of the patient"
    )
    parser.add_argument(
        "--out", type=Path,
        help="profile to write (.json); what it held is kept (`endplate profile`); a touch-up "
        "without it makes a version of the profile itself",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Prompts in the terminal; the recording is kept beside the profile."""
    with visiting(arguments) as at:
        if at is not None:
            arguments.out = arguments.out or at.profile
        made_of = _calibrate(arguments)
        if at is not None:
            at.keep_profile(made_of)
    return 0


def _calibrate(arguments: argparse.Namespace) -> MadeOf | None:
    """What the profile was made of; None where none was made."""
    console = Console()
    old = arguments.touch_up or arguments.compare
    _check_options(arguments)
    out = arguments.out or old
    hand = load_hand(arguments.hand)
    if old is not None:
        return _again(arguments, console, load_profile(old), out, hand)
    montage = load_montage(arguments.montage)
    candidates(arguments.decoder)
    options: dict[str, Any] = {
        "combined": not arguments.one_at_a_time, "decoder": arguments.decoder,
        "all_dofs": arguments.all_dofs,
    }  # fmt: skip
    more = {"montage": montage, "hand": hand, **options}
    trying = "Trying decoders on what was left out of their training ..."
    if arguments.recording:
        recording = read_recording(arguments.recording)
        heard = recorded_cues.recorded(recording)
        board, simulated = recording.meta.get("board"), recording.meta.get("simulated")
        with console.status(trying) as line:
            profile = calibrate(
                heard.counts, heard.rate_hz, heard.uv_per_count, heard.full_scale_uv, heard.cues,
                board=arguments.board or str(board or "unknown"), simulated=bool(simulated),
                mains_hz=heard.mains_hz, progress=line.update, **more,
            )  # fmt: skip
        _kept(console, profile, out, "calibrated", hand)
        return of_recording(recording, montage, arguments.hand, heard.mains_hz, **options)
    cues = calibration_protocol(
        named_dofs(arguments.dofs, hand), _repetitions(arguments), arguments.combinations,
        arguments.postures,
    )  # fmt: skip
    said = _record(arguments, console, cues, out, montage)
    with console.status(trying) as line:
        profile = from_guided(
            said.guided, said.info, board=arguments.board, mains_hz=arguments.mains_hz,
            progress=line.update, **more,
        )  # fmt: skip
    _kept(console, profile, out, "calibrated", hand)
    return said.made_of(**options)


def _check_options(arguments: argparse.Namespace) -> None:
    """What argparse cannot say."""
    old = arguments.touch_up or arguments.compare
    if arguments.touch_up and arguments.compare:
        raise UsageError("Give --touch-up or --compare, not both: --compare can apply a touch-up.")
    if arguments.apply and not arguments.compare:
        raise UsageError("--apply says what to do after --compare PROFILE: give that, too.")
    if not arguments.board and not arguments.recording:
        raise UsageError("Name the board, for example --board cyton --port /dev/ttyUSB0.")
    if arguments.out is None and old is None:
        raise UsageError("Say where the profile goes, for example --out anna.json.")


def _again(
    arguments: argparse.Namespace, console: Console, before: Profile, out: Path, hand: Hand
) -> MadeOf | None:
    """A touch-up or a comparison; what the profile was made of, if one was."""
    montage = load_montage(arguments.montage)
    before.check_against(montage, before.rate_hz, hand)
    cues = touch_up_protocol(before.dofs)
    if arguments.recording:
        recording = read_recording(arguments.recording)
        recorded = recorded_cues.recorded(recording)
        made_of = of_recording(recording, montage, arguments.hand, recorded.mains_hz)
    else:
        said = _record(arguments, console, cues, out, montage)
        recorded = replace(said.recorded(), mains_hz=before.mains_hz)
        made_of = replace(said.made_of(), mains_hz=before.mains_hz)
    before.check_against(montage, recorded.rate_hz, hand)
    if arguments.compare:
        applied = compared(
            console, before, recorded, out, arguments.apply, montage=montage, hand=hand
        )
    else:
        applied = "touch-up"
        made = touched_up(before, recorded, montage=montage, hand=hand)
        _kept(console, made, out, "touched up", hand)
    return replace(made_of, options={"remedy": applied}) if applied else None


def _kept(console: Console, profile: Profile, out: Path, why: str, hand: Hand) -> None:
    """Saves it and shows what it is."""
    before = current(out) if out.exists() else None
    made = keep(profile, out, why)
    if why == "calibrated":
        for part in calibrated(profile):
            console.print(part)
    else:
        for line in told(profile):
            console.print(line)
    if alone := on_this_computer_alone(profile, hand):
        console.print(f"[bold]·[/] {alone}")
    console.print(calibration_line(profile))
    console.print(f"Profile: {out}, version {made.number}")
    if before is not None and before.profile is not None:
        console.print(f"Against version {before.number} ({before.why} {ago(before.made)}):")
        for line in differences(before.profile, profile):
            console.print(f"[bold]·[/] {line}")
    if made.before:
        console.print(f"What it was before comes back with: endplate profile {out} --undo")


def _repetitions(arguments: argparse.Namespace) -> int:
    if arguments.repetitions < 2:
        raise UsageError(
            "A decoder is chosen by leaving one repetition out: give --repetitions 2 or more."
        )
    return arguments.repetitions


def _record(
    arguments: argparse.Namespace, console: Console, cues: list[Cue], out: Path, montage: Montage
) -> Heard:
    """What the board heard while the person followed the cues; it is kept beside `out`."""
    seconds = sum(cue.duration_s for cue in cues)
    console.print(f"{seconds:.0f} s. Follow the words; relax at [bold]Rest[/].")
    recording = out.with_name(f"{out.stem}-{datetime.now():%Y%m%d-%H%M%S}")
    repair_recordings(recording.absolute().parent, console)
    with session_folder("calibrate") as directory:
        control = start_control(session_settings(arguments, directory, recording))
        try:
            reader = FeedReader(directory / "feed")
            info = reader.info
            guided = follow(console, directory, cues, montage.sites, arguments.repeat)
            meters = reader.status().get("meters") or [{}] * info.channels
            worn = [channel - 1 for channel in info.montage_channels]
            said = settling([info.site_labels[c] for c in worn], [meters[c] for c in worn])
            if said:
                console.print(f"[bold]·[/] {said}")
        finally:
            end(console, control)
    return Heard(guided, info, arguments.montage, arguments.hand, recording.name)
