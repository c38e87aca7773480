# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate simulate fitts`: simulated users play the Fitts test in closed loop."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from endplate.cli.places import made_folder
from endplate.cli.simulate.options import add_people, check_least_one, people_of
from endplate.cli.simulate.person import Person, Played, play
from endplate.clinic.trials import fitts
from endplate.errors import UsageError
from endplate.live.profile import Profile
from endplate.sim.knobs import checked

EXAMPLES = """examples:
  endplate simulate fitts --rate 250
  endplate simulate fitts --preset shoulder --dofs 3 --rate 1000
  endplate simulate fitts --shift-mm 10 --touch-up --out shifted
"""
NOT_A_PERSON = (
    "A simulated user is not a person: this says that the loop can be closed, not how well anybody "
    "would."
)
#: Figure -> heading and format.
COLUMNS = {
    "completion": ("done", "{:.0%}"), "throughput": ("bits/s", "{:.2f}"),
    "movement_s": ("s", "{:.2f}"), "path_efficiency": ("path", "{:.0%}"),
    "overshoots": ("over", "{:.2f}"),
}  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_people(parser, 3)
    parser.add_argument("--targets", type=int, default=24, help="per test (24)")
    parser.add_argument(
        "--shift-mm", type=float, default=0.0, help="move the electrodes round the limb after "
        "the calibration, and test again",
    )  # fmt: skip
    parser.add_argument(
        "--touch-up", action="store_true", help="then touch up the profile, and test again"
    )
    parser.add_argument("--out", type=Path, help="folder for the ways of the cursor and results")


@dataclass(frozen=True)
class Tested:
    """One test of one person: `state` in words."""

    seed: int
    state: str
    decoder: str
    played: list[Played]
    fits: bool

    @property
    def figures(self) -> fitts.Figures:
        """Of its trials."""
        return fitts.figures([each.outcome for each in self.played])


def run(arguments: argparse.Namespace) -> int:
    """Status 1 when a test with a profile that fits was not completed to the last target."""
    console = Console(highlight=False)
    preset, dofs, seeds = people_of(arguments)
    _check(arguments)
    tests: list[Tested] = []
    for seed in seeds:
        with console.status(f"Person {seed} ...") as line:
            person = Person(preset.name, seed, arguments.rate, dofs)
            tests += tested(person, arguments, line.update)
    console.print(table(tests, arguments, dofs))
    console.print(LEGEND, style="dim")
    console.print(NOT_A_PERSON)
    if arguments.out is not None:
        _write(arguments.out, tests, arguments, console)
    missed = [t for t in tests if t.fits and t.figures.timeouts]
    return 1 if missed else 0


def _check(arguments: argparse.Namespace) -> None:
    """What belongs to this verb alone. Raises UsageError."""
    check_least_one(arguments, "targets")
    try:
        checked("shift_mm", arguments.shift_mm)
    except ValueError as error:
        raise UsageError(f"--shift-mm: {error}") from None
    if arguments.out is not None:
        made_folder(arguments.out)


def tested(
    person: Person, arguments: argparse.Namespace, say: Callable[[str], None]
) -> list[Tested]:
    """Calibrated, and as asked shifted and touched up."""
    say(f"Person {person.seed}: calibrates ...")
    profile = person.calibrated(arguments.decoder)
    targets = fitts.targets(len(person.dofs), arguments.targets, person.seed)
    tests: list[Tested] = []

    def add(state: str, with_profile: Profile, fits: bool) -> None:
        say(f"Person {person.seed}: plays, {state} ...")
        decoder = str(with_profile.report["chosen"]["decoder"])
        played = play(person, with_profile, targets, user_seed=len(tests))
        tests.append(Tested(person.seed, state, decoder, played, fits))

    add("as calibrated", profile, True)
    if arguments.shift_mm:
        person.patient.turn("shift_mm", arguments.shift_mm)
        person.run(1.0)  # it slides
        add(f"moved {arguments.shift_mm:g} mm", profile, False)
    if arguments.touch_up:
        add("touched up", person.touched_up(profile), True)
    return tests


LEGEND = (
    "done: share of targets completed within 15 s, 1 s of dwell · bits/s: throughput · s: movement "
    "time without dwell · path: efficiency · over: overshoots a target"
)


def table(tests: list[Tested], arguments: argparse.Namespace, dofs: tuple[str, ...]) -> Table:
    """One row a test, and the means of each state."""
    title = f"{arguments.preset}, {' + '.join(dofs)}, {arguments.rate} samples/s (simulated)"
    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0),
                 show_edge=False)  # fmt: skip
    for name in ("person", "profile", "decoder"):
        made.add_column(name, no_wrap=True)
    for heading, _ in COLUMNS.values():
        made.add_column(heading, justify="right", no_wrap=True)
    for each in tests:
        made.add_row(str(each.seed), each.state, each.decoder, *_cells(each.figures))
    for state in dict.fromkeys(each.state for each in tests):
        together = [p.outcome for each in tests if each.state == state for p in each.played]
        made.add_row("all", state, "", *_cells(fitts.figures(together)), style="bold")
    return made


def _cells(found: fitts.Figures) -> list[str]:
    values = asdict(found)
    return [
        form.format(values[name]) if math.isfinite(values[name]) else "–"
        for name, (_, form) in COLUMNS.items()
    ]


def _write(
    folder: Path, tests: list[Tested], arguments: argparse.Namespace, console: Console
) -> None:
    told = {
        "simulated": True, "preset": arguments.preset, "rate_hz": arguments.rate,
        "dofs": arguments.dofs, "shift_mm": arguments.shift_mm, "rules": asdict(fitts.USUAL),
        "tests": [
            {
                "seed": each.seed, "profile": each.state, "decoder": each.decoder,
                **asdict(each.figures),
                "trials": [asdict(played.outcome) for played in each.played],
            }
            for each in tests
        ],
    }  # fmt: skip
    (folder / "fitts.json").write_text(json.dumps(told, indent=1))
    from endplate.cli.simulate import fitts_figures as simulate_fitts_figures

    path = simulate_fitts_figures.ways(folder, tests, arguments)
    console.print(f"fitts.json and {path.name} in {folder}")
