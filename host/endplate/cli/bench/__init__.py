# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate bench`: the whole rig, simulated, from the patient's muscles to the moving finger, and
what it measured.

Patient -> Cyton on a pty -> brainflow's own driver -> control process -> wire -> the hand's
firmware -> motor bus -> mechanics. One automatic calibration, then held-out movements, combined
ones included.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from endplate.cli.bench import report as bench_report
from endplate.cli.ending import end
from endplate.cli.movements import held_out
from endplate.cli.places import repair_recordings, session_folder
from endplate.cli.window import displayed, monitor, needed, open_still
from endplate.errors import EndplateError, SessionError, UsageError
from endplate.fit.calibration import from_guided
from endplate.fit.guided.guide import guide
from endplate.fit.guided.protocol import Cue, calibration_protocol
from endplate.hardware import load_hand, load_montage
from endplate.live.feed import FeedReader
from endplate.live.profile_file import save_profile
from endplate.live.requests import ask
from endplate.live.session import start_control
from endplate.sim.knobs import KNOBS, parsed
from endplate.sim.patient import find_preset
from endplate.sim.presets import DEFAULT
from endplate.sim.prompts import DOFS as TRUTH_DOFS
from endplate.sim.rig import Rig

EXAMPLES = """examples:
  endplate bench                                           window if there is a display
  endplate bench --headless --json result.json             one minute of movements after calibration
  endplate bench --headless --firmware f405 --seconds 30   the STM32F405 image in QEMU
  endplate bench --headless --board daisy                  16 channels, 125 samples a second
  endplate bench --headless --knob sweat=0.5 --knob posture=1
"""
ARM_TIMEOUT_S = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the bench."""
    parser.add_argument(
        "--headless", action="store_true", help="no window, even where there is a display"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results here as well")
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="length of the held-out movements (60)"
    )
    parser.add_argument(
        "--firmware", choices=("pc", "f405"), default="pc", help="which build of the hand (pc)"
    )
    parser.add_argument(
        "--board", choices=("cyton", "daisy"), default="cyton", help="which board (cyton)"
    )
    parser.add_argument("--patient", default=DEFAULT, help="preset of the simulated patient")
    parser.add_argument(
        "--seed", type=int, default=1, help="of the patient and of the movements (1)"
    )
    parser.add_argument(
        "--knob", action="append", default=[], metavar="NAME=VALUE",
        help=f"of the patient, from the start: {', '.join(KNOBS)}; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--dofs", default="", help="movements, comma separated (all that the patient can)"
    )
    parser.add_argument("--montage", default="free-8", help="electrode montage (free-8)")
    parser.add_argument(
        "--repetitions", type=int, default=3, help="of each direction in the calibration (3)"
    )
    parser.add_argument("--report", type=Path, metavar="DIR", help="folder for figures and results")
    parser.add_argument(
        "--monitor-pairs",
        type=int,
        default=0,
        metavar="N",
        help="open and close the window N times in turn and compare the latency",
    )


def run(arguments: argparse.Namespace) -> int:
    """Runs the rig and writes the report."""
    console = Console(stderr=False)
    folder = arguments.report or Path("endplate-bench") / datetime.now().strftime("%Y%m%d-%H%M%S")
    if arguments.seconds < 5:
        raise UsageError("The movements need at least 5 seconds; give --seconds 5 or more.")
    if arguments.repetitions < 2:
        raise UsageError(
            "A decoder is chosen by leaving one repetition out: give --repetitions 2 or more."
        )
    if arguments.monitor_pairs:
        needed()
    dofs = asked_dofs(arguments)
    try:
        knobs = dict(parsed(item) for item in arguments.knob)
    except ValueError as error:
        raise UsageError(f"--knob: {error}") from None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if arguments.json is not None:
            arguments.json.parent.mkdir(parents=True, exist_ok=True)
            arguments.json.write_text("{}\n")  # before the minutes of work, not after
    except OSError as error:
        raise UsageError(
            f"The results cannot be written to {error.filename} ({error.strerror}); name another "
            "place."
        ) from None
    windowed = not arguments.headless and displayed()
    repair_recordings(folder, console)
    with session_folder("bench") as directory:
        with Rig(
            directory / "rig",
            board=arguments.board,
            patient=arguments.patient,
            seed=arguments.seed,
            person=knobs,
            firmware_kind=arguments.firmware,
        ) as rig:
            control = start_control(settings(arguments, rig, directory, folder))
            try:
                with monitor(directory, windowed) as window:
                    result = drive(arguments, console, rig, directory, folder, dofs, window)
            finally:
                status = end(console, control)
        result = bench_report.finish(result, folder, control.recording)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")
    return status


def settings(
    arguments: argparse.Namespace, rig: Rig, directory: Path, folder: Path
) -> dict[str, Any]:
    """Of the control process."""
    return {
        "directory": str(directory),
        "board": arguments.board,
        "port": rig.board_port,
        "hand_port": rig.hand_port,
        "hand": "test-hand",
        "montage": arguments.montage,
        "profile": None,
        "recording": str(folder / f"bench-{datetime.now():%Y%m%d-%H%M%S}"),
        "mains_hz": 50,
        "board_params": {"simulated": True},
        "arm": False,
    }


def drive(
    arguments: argparse.Namespace,
    console: Console,
    rig: Rig,
    directory: Path,
    folder: Path,
    dofs: list[str],
    window: subprocess.Popen[bytes] | None,
) -> dict[str, Any]:
    """Calibrates, arms, moves; returns the result, and keeps the window company if there is one."""
    reader = FeedReader(directory / "feed")
    console.print(
        f"[bold]SIMULATED[/] patient {arguments.patient}, {reader.info.board}, "
        f"{reader.info.rate_hz:g} Hz, "
        f"hand firmware {arguments.firmware}"
    )

    def tell(cue: Cue) -> None:
        rig.prompt(**cue.prompt())

    cues = calibration_protocol(dofs, repetitions=arguments.repetitions)
    with bar(console) as progress:
        guided = guide(
            directory, cues, patient=tell, progress=teller(progress, "Calibration", cues)
        )
    info = reader.info
    montage = load_montage(arguments.montage)
    hand = load_hand("test-hand")
    profile = from_guided(
        guided, info, montage=montage, hand=hand, board=arguments.board, mains_hz=50
    )
    profile_path = folder / "profile.json"
    save_profile(profile, profile_path)
    console.print(bench_report.calibration_line(profile))
    ask(directory, "profile", path=str(profile_path.resolve()))
    tell(rest(2.0))
    arm(directory, reader)

    dropped = 0

    def tell_moving(cue: Cue) -> None:
        nonlocal dropped
        dropped += arm_again(directory, reader, console)
        tell(cue)

    moved = list(held_out(dofs, arguments.seconds, seed=1000 + arguments.seed))
    spans: list[tuple[str, int, int]] = []
    first = int(ask(directory, "mark", text="held-out movements")["sample"])
    if arguments.monitor_pairs:
        spans = pairs(arguments, console, directory, tell_moving, moved)
    else:
        with bar(console) as progress:
            guide(
                directory,
                moved,
                patient=tell_moving,
                progress=teller(progress, "Held-out movements", moved),
            )
    last = int(ask(directory, "mark", text="end of held-out movements")["sample"])
    status = reader.status()
    result = bench_report.collect(
        arguments=arguments,
        rig=rig,
        directory=directory,
        folder=folder,
        first=first,
        last=last,
        status=status,
        info=info,
        profile=profile,
        profile_path=profile_path,
        dofs=dofs,
        sites=len(montage.sites),
        spans=spans,
    )
    result["link"]["dropped_out"] = dropped
    show(console, result, folder)
    bench_report.write(result, folder)  # whatever becomes of the rest
    if window is not None:
        keep_company(arguments, console, directory, tell_moving, dofs, window)
    with suppress(EndplateError):  # Ctrl-C reached the control process too: it has disarmed
        ask(directory, "disarm")
    return result


def asked_dofs(arguments: argparse.Namespace) -> list[str]:
    """Of --dofs, or all that the patient has muscles for. Raises UsageError."""
    there = patient_dofs(arguments.patient)
    wanted = [name.strip() for name in arguments.dofs.split(",") if name.strip()] or there
    odd = next((name for name in wanted if name not in there), None)
    if odd is not None:
        raise UsageError(
            f"The patient {arguments.patient} has no muscles for {odd}; there are "
            f"{', '.join(there)}."
        )
    return [dof for dof in there if dof in wanted]


def patient_dofs(name: str) -> list[str]:
    """DoF of a preset that have a muscle of their own for each direction."""
    own = {muscle.pools[0].task for muscle in find_preset(name).muscles}
    return [dof for dof in TRUTH_DOFS if (dof, 1) in own and (dof, -1) in own]


def rest(seconds: float) -> Cue:
    """Nothing to do for a while."""
    return Cue(
        label="Rest", target={}, rise_s=0.0, hold_s=seconds, fall_s=0.0, rest_s=0.0, kind="rest"
    )


def arm(directory: Path, reader: FeedReader) -> None:
    """Arms and waits until the hand follows (one neutral command)."""
    if hand_word(reader) == "fault":
        ask(directory, "clear_fault")  # a motor that was late once on a busy machine is back
    ask(directory, "arm")
    until = time.monotonic() + ARM_TIMEOUT_S
    while time.monotonic() < until:
        if hand_word(reader) == "active":
            return
        time.sleep(0.05)
    raise SessionError(
        f"The hand did not become active within {ARM_TIMEOUT_S:g} s; it is {hand_word(reader)}."
    )


def hand_word(reader: FeedReader) -> str:
    """The hand's state in words."""
    return str((reader.status().get("hand") or {}).get("word", "not connected"))


def arm_again(directory: Path, reader: FeedReader, console: Console) -> bool:
    """What a person at the bench does when the hand dropped out: arms again. True when it had."""
    word = hand_word(reader)
    if word not in ("link lost", "fault", "disarmed"):
        return False
    console.print(f"The hand dropped out ({word}); armed again.")
    try:
        arm(directory, reader)
    except EndplateError as error:
        console.print(str(error))
    return True


def pairs(
    arguments: argparse.Namespace,
    console: Console,
    directory: Path,
    tell: Callable[[Cue], None],
    moved: list[Cue],
) -> list[tuple[str, int, int]]:
    """Movements with the window closed and open in turn; returns (which, first sample, last
    sample)."""
    count = 2 * arguments.monitor_pairs
    share = max(1, len(moved) // count)
    spans = []
    for turn in range(count):
        which = "open" if turn % 2 else "closed"
        with monitor(directory, which == "open") as window:
            if window is not None:
                guide(directory, [rest(4.0)], patient=tell)  # its start-up is not compared
            begin = int(ask(directory, "mark", text=f"window {which}")["sample"])
            part = moved[turn * share : (turn + 1) * share]
            with bar(console) as progress:
                told = teller(progress, f"Window {which}", part)
                guide(directory, part, patient=tell, progress=told)
            open_still(window)
            spans.append((which, begin, int(ask(directory, "mark", text="turn ends")["sample"])))
    return spans


def keep_company(
    arguments: argparse.Namespace,
    console: Console,
    directory: Path,
    tell: Callable[[Cue], None],
    dofs: list[str],
    window: subprocess.Popen[bytes],
) -> None:
    """Goes on moving until the window is closed; Ctrl-C ends it as well, with all results."""
    console.print(
        "The window stays open; the patient goes on moving until you close it or press Ctrl-C."
    )
    seed = 2000 + arguments.seed
    with suppress(KeyboardInterrupt):
        while window.poll() is None:
            for cue in held_out(dofs, 20.0, seed=seed):
                guide(directory, [cue], patient=tell)
                if window.poll() is not None:
                    break
            seed += 1


def bar(console: Console) -> Progress:
    """Progress with the remaining time."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[now]}"),
        console=console,
        transient=not console.is_terminal,
    )


def teller(progress: Progress, title: str, cues: list[Cue]) -> Callable[[int, Cue, float], None]:
    """Progress callback for guide()."""
    ends = [0.0]
    for cue in cues:
        ends.append(ends[-1] + cue.duration_s)
    task = progress.add_task(title, total=ends[-1], now="")

    def tell(index: int, cue: Cue, share: float) -> None:
        progress.update(task, completed=ends[index] + share * cue.duration_s, now=cue.label)

    return tell


def show(console: Console, result: dict[str, Any], folder: Path) -> None:
    """The table."""
    from endplate.cli.bench.result import table

    shown = Table(
        title=f"SIMULATED · {result['patient']} · firmware {result['firmware']}", show_header=False
    )
    for name, value in table(result):
        shown.add_row(name, value)
    console.print(shown)
    console.print(f"Report: {folder}")
