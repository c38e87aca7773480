# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that several verbs of `endplate simulate` share: which person, or how many people."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from endplate.cli.simulate.person import RATES
from endplate.errors import UsageError
from endplate.fit.auto import candidates
from endplate.sim.patient import find_preset
from endplate.sim.presets import DEFAULT, PRESETS, Preset

FIRST_SEED = 201  # the user and the decoders' defaults were settled on smaller ones


def add_person(parser: argparse.ArgumentParser) -> None:
    """--preset, --dofs, --rate."""
    parser.add_argument("--preset", default=DEFAULT, help=f"of {', '.join(PRESETS)} ({DEFAULT})")
    parser.add_argument("--dofs", type=int, default=2, help="how many DoF (2)")
    parser.add_argument(
        "--rate", type=int, choices=RATES, default=250, help="samples/s of the board (250)"
    )


def add_people(parser: argparse.ArgumentParser, people: int) -> None:
    """Those of a person, and --people, --seed, --decoder."""
    add_person(parser)
    parser.add_argument(
        "--people", type=int, default=people, help=f"how many simulated people ({people})"
    )
    parser.add_argument(
        "--seed", type=int, default=FIRST_SEED, help=f"of the first person ({FIRST_SEED})"
    )
    parser.add_argument("--decoder", default="auto", help="auto, or one by its name (auto)")


def person_of(arguments: argparse.Namespace) -> tuple[Preset, tuple[str, ...]]:
    """The preset and its first --dofs DoF. Raises BoardError, UsageError."""
    preset = find_preset(arguments.preset)
    check_seed(arguments)
    return preset, dofs_of(preset.dofs, arguments.dofs, preset.name)


def people_of(arguments: argparse.Namespace) -> tuple[Preset, tuple[str, ...], range]:
    """The same, and the seeds. Raises BoardError, CalibrationError, UsageError."""
    preset, dofs = person_of(arguments)
    candidates(arguments.decoder)
    check_least_one(arguments, "people")
    return preset, dofs, range(arguments.seed, arguments.seed + arguments.people)


def dofs_of(preset_dofs: Sequence[str], count: int, name: str) -> tuple[str, ...]:
    """The first `count` DoF that a preset carries. Raises UsageError."""
    if not 1 <= count <= len(preset_dofs):
        raise UsageError(
            f"The simulated patient {name} carries 1 to {len(preset_dofs)} DoF, not {count}."
        )
    return tuple(preset_dofs[:count])


def check_seed(arguments: argparse.Namespace) -> None:
    """Raises UsageError."""
    if arguments.seed < 0:
        raise UsageError(f"A seed is 0 or more, not {arguments.seed}.")


def check_least_one(arguments: argparse.Namespace, name: str) -> None:
    """Raises UsageError."""
    if getattr(arguments, name) < 1:
        raise UsageError(f"--{name} must be 1 or more, not {getattr(arguments, name)}.")
