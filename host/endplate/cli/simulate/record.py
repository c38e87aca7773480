# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate simulate record`: a simulated person follows cues into a recording, at once.

The recording is as one of `endplate calibrate`, marked simulated: what reads a person's recordings
reads it, at rates that the simulated board on a port does not have.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from endplate.cli.movements import held_out
from endplate.cli.simulate.options import add_person, person_of
from endplate.cli.simulate.person import MAINS_HZ, Person
from endplate.errors import RecordingError, UsageError
from endplate.fit.guided.protocol import Cue, calibration_protocol, touch_up_protocol
from endplate.live.bdf import Recording, write_bdf
from endplate.live.boards import CYTON_FULL_SCALE_UV, CYTON_UV_PER_COUNT
from endplate.sim.knobs import KNOBS, parsed

EXAMPLES = """examples:
  endplate simulate record --rate 1000 --out someone.bdf
  endplate simulate record --what movements --seconds 60 --truth meant.npz --out moves.bdf
  endplate simulate record --knob sweat=1 --what touch-up --out wet.bdf
"""
WHAT = ("calibration", "postures", "touch-up", "movements")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_person(parser)
    parser.add_argument("--seed", type=int, default=1, help="of the person (1)")
    parser.add_argument("--what", choices=WHAT, default=WHAT[0], help=f"which cues ({WHAT[0]})")
    parser.add_argument("--seconds", type=float, default=60.0, help="of --what movements (60)")
    parser.add_argument(
        "--knob", action="append", default=[], metavar="NAME=VALUE",
        help=f"of the person, from the start: {', '.join(KNOBS)}; may be repeated",
    )  # fmt: skip
    parser.add_argument("--truth", type=Path, metavar="FILE", help="what was meant, .npz")
    parser.add_argument("--out", type=Path, required=True, help="recording to write (.bdf)")


def run(arguments: argparse.Namespace) -> int:
    """Writes the recording."""
    preset, dofs = person_of(arguments)
    if arguments.out.suffix != ".bdf":
        raise UsageError(f"The recording {arguments.out} must end in .bdf.")
    if not 5 <= arguments.seconds <= 3600:
        raise UsageError(f"--seconds must lie between 5 and 3600, not {arguments.seconds:g}.")
    try:
        knobs = dict(parsed(item) for item in arguments.knob)
    except ValueError as error:
        raise UsageError(f"--knob: {error}") from None
    person = Person(preset.name, arguments.seed, arguments.rate, dofs, knobs)
    recording, intent = recorded(person, cues(arguments, dofs))
    try:
        write_bdf(recording, arguments.out)
        if arguments.truth is not None:
            np.savez_compressed(arguments.truth, intent=intent, dofs=dofs, rate_hz=arguments.rate)
    except OSError as error:
        raise RecordingError(
            f"{error.filename or arguments.out} cannot be written ({error.strerror}): name another "
            "place."
        ) from None
    Console(highlight=False).print(
        f"{arguments.out}: {recording.seconds:.0f} s of {preset.name} {arguments.seed}, "
        f"{arguments.rate} samples/s, {', '.join(dofs)} (simulated)."
    )
    return 0


def cues(arguments: argparse.Namespace, dofs: tuple[str, ...]) -> list[Cue]:
    """What the person is asked for."""
    if arguments.what == "touch-up":
        return touch_up_protocol(dofs)
    if arguments.what == "movements":
        return list(held_out(dofs, arguments.seconds, seed=1000 + arguments.seed))
    return calibration_protocol(dofs, postures=arguments.what == "postures")


def recorded(person: Person, asked: list[Cue]) -> tuple[Recording, np.ndarray]:
    """The recording, and the intent float64 [samples, DoF]."""
    counts, intent, started = person.follow(asked)
    n, dofs = len(counts), len(person.dofs)
    recording = of_person(
        person, counts, np.zeros((n, dofs), np.float32), np.zeros((n, dofs), np.int16)
    )
    recording.annotations = [(at, f"prompt {json.dumps(cue.prompt())}") for at, cue in started]
    return recording, intent


def of_person(
    person: Person, counts: np.ndarray, intents: np.ndarray, targets: np.ndarray, **meta: Any
) -> Recording:
    """As the control process would have recorded it; intents and targets [samples, DoF] in force
    at each sample. Nothing was sent to a hand."""
    labels = {site.channel: site.label for site in person.montage.sites}
    return Recording(
        counts=counts,
        rate_hz=float(person.rate_hz),
        uv_per_count=CYTON_UV_PER_COUNT,
        channels=counts.shape[1],
        labels=[labels.get(c, f"ch {c}") for c in range(1, counts.shape[1] + 1)],
        intents=intents,
        targets=targets,
        sent=np.zeros(len(counts), bool),
        meta={
            "board": "simulated", "simulated": True, "montage": person.montage.name,
            "hand": person.hand.name, "dofs": list(person.dofs), "mains_hz": MAINS_HZ,
            "full_scale_uv": CYTON_FULL_SCALE_UV, "started": time.time(), **meta,
        },
    )  # fmt: skip
