# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate simulate decode`: how well commands follow what simulated people really meant.

Each person is calibrated by the cued protocol and then does movements that the calibration did not
show (movements.py), of one DoF and of two at once. Judged is the velocity that the chain commands,
dead-bands, gains and gate included, against the intent that the simulation knows.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from endplate.cli.movements import held_out
from endplate.cli.simulate.options import add_people, people_of
from endplate.cli.simulate.person import Person
from endplate.errors import UsageError
from endplate.fit.evaluation import hold as held
from endplate.fit.evaluation import r2, tracking
from endplate.fit.recorded.labels import StartedCue
from endplate.live.profile import Profile
from endplate.sim.knobs import KNOBS, parsed

EXAMPLES = """examples:
  endplate simulate decode --dofs 2 --rate 250
  endplate simulate decode --dofs 3 --rate 1000 --people 6 --json decoded.json
  endplate simulate decode --after shift_mm=10 --after sweat=1
"""
LEGEND = (
    "comb.: R² of the cues that ask for two DoF at once, over all DoF; all: of every movement; "
    "late out: the same with the delay taken out · idle: mean output on DoF that nobody means · "
    "rest: share of rest that moves · ms: delay"
)


@dataclass(frozen=True)
class Decoded:
    """One person. R^2 are means over DoF; `combined_each` is per DoF."""

    seed: int
    decoder: str
    combined: float
    combined_undelayed: float
    combined_each: list[float]
    all_r2: float
    all_undelayed: float
    leakage: float
    rest_motion_share: float
    delay_ms: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_people(parser, 4)
    parser.add_argument("--seconds", type=float, default=90.0, help="of movements (90)")
    parser.add_argument(
        "--after", action="append", default=[], metavar="NAME=VALUE",
        help=f"a knob turned after the calibration, of {', '.join(KNOBS)}; may be repeated",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here as well")


def run(arguments: argparse.Namespace) -> int:
    """The table, person by person, and the mean."""
    console = Console(highlight=False)
    preset, dofs, seeds = people_of(arguments)
    if not 30 <= arguments.seconds <= 3600:
        raise UsageError(f"--seconds must lie between 30 and 3600, not {arguments.seconds:g}.")
    try:
        after = [parsed(item) for item in arguments.after]
    except ValueError as error:
        raise UsageError(f"--after: {error}") from None
    if arguments.json is not None:  # before the minutes of work, not after
        try:
            arguments.json.open("a").close()
        except OSError as error:
            raise UsageError(
                f"{arguments.json} cannot be written ({error.strerror}): name another file."
            ) from None
    rows = []
    for seed in seeds:
        with console.status(f"Person {seed} ..."):
            person = Person(preset.name, seed, arguments.rate, dofs)
            profile = person.calibrated(arguments.decoder)
            for name, value in after:
                person.patient.turn(name, value)
            if after:
                person.run(1.0)  # electrodes slide
            rows.append(judge(person, profile, arguments.seconds))
    title = f"{preset.name}, {' + '.join(dofs)}, {arguments.rate} samples/s"
    console.print(table(rows, ", ".join([title, *arguments.after])))
    console.print(LEGEND, style="dim")
    if arguments.json is not None:
        told = {
            "simulated": True, "preset": preset.name, "dofs": dofs, "rate_hz": arguments.rate,
            "after": dict(after), "seconds": arguments.seconds,
            "people": [asdict(row) for row in rows],
        }  # fmt: skip
        arguments.json.write_text(json.dumps(told, indent=1))
    return 0


def judge(person: Person, profile: Profile, seconds: float) -> Decoded:
    """Movements that were not learned from, through the chain with this profile."""
    cues = list(held_out(person.dofs, seconds, seed=1000 + person.seed))
    counts, intent, started = person.follow(cues)
    hops = person.chain(profile).process(counts)
    velocity = hops["velocity"][:, : len(person.dofs)].astype(float)
    command = held(hops["samples"], velocity, len(counts))
    found = tracking(intent, command, rate_hz=person.rate_hz)
    lag = round(found["delay_ms"] * person.rate_hz / 1000)
    both = combined_samples(started, person.rate_hz, len(counts))
    early = both[: len(both) - lag]
    each = [_r2(intent[both, d], command[both, d]) for d in range(len(person.dofs))]
    out = [
        _r2(intent[: len(early)][early, d], command[lag:][early, d])
        for d in range(len(person.dofs))
    ]
    return Decoded(
        person.seed,
        str(profile.report["chosen"]["decoder"]),
        float(np.nanmean(each)),
        float(np.nanmean(out)),
        each,
        _mean(found["r2"]),
        _mean(found["r2_undelayed"]),
        found["leakage"],
        found["rest_motion_share"],
        found["delay_ms"],
    )


def combined_samples(started: list[StartedCue], rate_hz: float, samples: int) -> np.ndarray:
    """Bool [samples]: within a cue that asks for several DoF, its pause included."""
    mask = np.zeros(samples, bool)
    for start, cue in started:
        if len(cue.target) > 1:
            mask[start : start + round(cue.duration_s * rate_hz)] = True
    return mask


def _r2(truth: np.ndarray, estimate: np.ndarray) -> float:
    return r2(truth, estimate) if len(truth) else float("nan")


def _mean(values: list[float | None]) -> float:
    return float(np.mean([value for value in values if value is not None]))


def table(rows: list[Decoded], title: str) -> Table:
    """One row a person, and the mean."""
    made = Table(title=f"{title} (simulated)", title_justify="left", box=box.SIMPLE_HEAD,
                 padding=(0, 1, 0, 0), show_edge=False)  # fmt: skip
    made.add_column("person", no_wrap=True)
    made.add_column("decoder", no_wrap=True)
    for heading in ("comb.", "late out", "all", "late out", "idle", "rest", "ms"):
        made.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        made.add_row(str(row.seed), row.decoder, *_cells([row]))
    made.add_row("mean", "", *_cells(rows), style="bold")
    return made


def _cells(rows: list[Decoded]) -> list[str]:
    names = ("combined", "combined_undelayed", "all_r2", "all_undelayed", "leakage",
             "rest_motion_share")  # fmt: skip
    values = [float(np.mean([getattr(row, name) for row in rows])) for name in names]
    delay = float(np.mean([row.delay_ms for row in rows]))
    return [f"{value:.3f}" for value in values] + [f"{delay:.0f}"]
