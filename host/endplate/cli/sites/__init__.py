# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate sites`: what each site hears while the patient moves, and which to keep."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live as Screen

from endplate.cli.ending import end
from endplate.cli.keys import single_keys
from endplate.cli.places import repair_recordings, session_folder
from endplate.cli.sites.shown import judged_view, live_view
from endplate.cli.sources import add_board, add_hand, named_dofs, session_settings
from endplate.cli.visiting import add_patient, visiting
from endplate.clinic.fitting import Heard
from endplate.clinic.made_of import MadeOf, of_recording
from endplate.errors import UsageError
from endplate.fit.guided.guide import Guide, Guided
from endplate.fit.guided.protocol import Cue
from endplate.fit.recorded.cued import Recorded, listen
from endplate.fit.recorded.cues import dofs_of, only, recorded
from endplate.fit.sites.site_test import MODES, Judged, Live, judge, protocol, told
from endplate.hardware import Hand, Montage, load_hand, load_montage
from endplate.live.feed import FeedInfo, FeedReader
from endplate.live.recording import read_recording
from endplate.live.session import start_control
from endplate.monitor.site_words import site_verdict

EXAMPLES = """examples:
  endplate sites --board cyton --port /dev/ttyUSB0 --montage transhumeral-4 --dofs hand,elbow
  endplate sites --board cyton --port /dev/ttyUSB0 --montage free-8 --mode isolate --out anna
  endplate sites --recording anna.bdf --mode cover --out anna-again
  endplate sites --board cyton --port /dev/ttyUSB0 --patient A17      in today's visit
"""
KEYS = "r repeats the movement, s leaves it out, q ends the test"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_board(parser, needed=False)
    parser.set_defaults(montage="")  # of a recording its own
    parser.add_argument(
        "--recording", type=Path, help="look at this recording of a test or a calibration again"
    )
    add_hand(parser)
    add_patient(parser)
    parser.add_argument(
        "--dofs", default="", help="degrees of freedom to try, comma separated (hand,elbow)"
    )
    parser.add_argument(
        "--mode", choices=MODES, default="cover",
        help="isolate: one site a movement; cover: a decoder of all sites (cover)",
    )  # fmt: skip
    parser.add_argument(
        "--repetitions", type=int, default=2, help="of each direction, two or more (2)"
    )
    parser.add_argument(
        "--out", type=Path, help="write NAME.png, NAME.json and the recording NAME.bdf"
    )


def run(arguments: argparse.Namespace) -> int:
    """The test, or another look at one."""
    with visiting(arguments) as at:
        if at is not None:
            arguments.out = arguments.out or at.file("sites")
        judged, made_of = _test(arguments)
        if at is not None:
            at.keep("sites", {**told(judged), **made_of.told()})
    return 0


def _test(arguments: argparse.Namespace) -> tuple[Judged, MadeOf]:
    console = Console()
    if bool(arguments.recording) == bool(arguments.board):
        raise UsageError(
            "Name a board (--board cyton --port ...) or a recording (--recording), one of the two."
        )
    hand = load_hand(arguments.hand)
    if arguments.recording:
        heard, made_of, simulated = _again(arguments, console, hand)
    else:
        heard, made_of, simulated = _live(arguments, console, hand)
    montage, dofs = made_of.montage, made_of.options["dofs"]
    cued = listen(heard, montage, hand, dofs, least_repetitions=2, testing=True)
    with console.status("Leaving out site after site ...") as line:
        judged = judge(cued, arguments.mode, lambda n: line.update(f"{n} sites left ..."))
    if simulated:
        console.print("SIMULATED")
    for part in judged_view(judged, console.width):
        console.print(part)
    if arguments.out:
        _write(arguments.out, judged, montage, simulated, console)
    return judged, made_of


def _write(
    out: Path, judged: Judged, montage: Montage, simulated: bool, console: Console
) -> None:
    from endplate.cli.sites.figures import draw  # loads matplotlib

    title = f"{'SIMULATED · ' if simulated else ''}Site test · {montage.name} · {judged.mode}"
    picture = draw(out.with_name(out.name + ".png"), judged, title)
    data = out.with_name(out.name + ".json")
    data.write_text(json.dumps(told(judged), indent=1, ensure_ascii=False) + "\n")
    console.print(f"Figure: {picture} · numbers: {data}")


def _again(
    arguments: argparse.Namespace, console: Console, hand: Hand
) -> tuple[Recorded, MadeOf, bool]:
    recording = read_recording(arguments.recording)
    heard = recorded(recording)
    there, made_with = dofs_of(heard.cues), str(recording.meta.get("montage") or "")
    montage = load_montage(arguments.montage or made_with or "free-8")
    if made_with and montage.name != made_with:
        console.print(
            f"The recording was made with the montage {made_with} and is read as {montage.name}: "
            "the names of the sites may be those of another limb."
        )
    of_hand = [dof.name for dof in hand.dofs]
    dofs = named_dofs(arguments.dofs, hand, [dof for dof in there if dof in of_hand])
    for dof in dofs:
        if dof not in there:
            raise UsageError(
                f"Nobody moved {dof} in {arguments.recording}: it has {', '.join(there)}."
            )
    simulated = bool(recording.meta.get("simulated"))
    made_of = of_recording(
        recording, montage, arguments.hand, heard.mains_hz, mode=arguments.mode, dofs=dofs
    )
    return replace(heard, cues=only(heard.cues, dofs)), made_of, simulated


def _live(
    arguments: argparse.Namespace, console: Console, hand: Hand
) -> tuple[Recorded, MadeOf, bool]:
    if arguments.repetitions < 2:
        raise UsageError("Sites are judged on repetitions left out: give --repetitions 2 or more.")
    arguments.montage = arguments.montage or "free-8"
    montage = load_montage(arguments.montage)
    dofs = named_dofs(arguments.dofs, hand, ["hand", "elbow"])
    cues = protocol(dofs, arguments.repetitions)
    out = arguments.out or Path(f"sites-{datetime.now():%Y%m%d-%H%M%S}")
    repair_recordings(out.absolute().parent, console)
    console.print(f"{sum(cue.duration_s for cue in cues):.0f} s. Follow the words. {KEYS}.")
    with session_folder("sites") as directory:
        control = start_control(session_settings(arguments, directory, out))
        try:
            guided, info = _guided(directory, console, montage, dofs, cues)
        finally:
            end(console, control)
    made = Heard(guided, info, arguments.montage, arguments.hand, out.name.removesuffix(".bdf"))
    return made.recorded(), made.made_of(mode=arguments.mode, dofs=dofs), info.simulated


def faults(status: dict[str, Any], montage: Montage) -> list[str]:
    """What is wrong with the contact of each site now, "" if nothing."""
    quality = status.get("quality") or []
    found = []
    for site in montage.sites:
        now = quality[site.channel - 1] if site.channel <= len(quality) else {}
        verdict, said = site_verdict(now, {})
        found.append(said if verdict == "poor" else "")
    return found


def _guided(
    directory: Path, console: Console, montage: Montage, dofs: list[str], cues: list[Cue]
) -> tuple[Guided, FeedInfo]:
    """Plays the cues with the matrix on the screen."""
    reader = FeedReader(directory / "feed")
    info = reader.info
    for site in montage.sites:
        if site.channel > info.channels:
            raise UsageError(
                f"{site.label} is on channel {site.channel}, but the board has "
                f"{info.channels} channels: choose another montage or board."
            )
    labels = [site.label for site in montage.sites]
    live = Live([site.channel - 1 for site in montage.sites], info.rate_hz)
    whole = sum(cue.duration_s for cue in cues)
    with single_keys() as keys, Screen(console=console, refresh_per_second=8) as screen:

        def show(index: int, cue: Cue, share: float) -> None:
            live.begin(*guide.started[index])
            still = max(0.0, whole - guide.planned_s(share))
            wrong = faults(reader.status(), montage)
            screen.update(live_view(live, labels, dofs, cue, share, still, console.width, wrong))

        guide = Guide(
            directory, progress=show, keys=keys, what="site test",
            heard=lambda first, _counts, clean: live.heard(first, clean),
        )  # fmt: skip
        guide.play(cues)
    return guide.guided(), info
