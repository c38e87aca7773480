# SPDX-License-Identifier: GPL-3.0-or-later
"""What `endplate test` is asked for: the settings of each kind as options, and what does not fit
together said before anything is opened."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from endplate.cli.sources import add_board, add_hand, named_dofs, nothing_decodes
from endplate.cli.test.shown import hint
from endplate.cli.visiting import add_patient
from endplate.clinic.trials import kinds, tac
from endplate.clinic.trials.settings import FORMS, MOST_DOFS, OF_DOFS, Choice, Number
from endplate.errors import UsageError
from endplate.hardware import Hand, load_hand
from endplate.live.profile import Profile
from endplate.live.profile_file import load_profile

CALLED = {"clothespin": "clothespins"}  # on the command line; others as in kinds.TESTS
OPTION = {"count": "targets", "hand": "with"}  # others as their key


@dataclass(frozen=True)
class Asked:
    """One test: its kind, DoF and settings. `driven`: a hand is on its port."""

    kind: kinds.Kind
    dofs: tuple[str, ...]
    values: dict[str, Any]
    seed: int
    hand: Hand
    driven: bool
    decoded: bool
    direct: bool

    @property
    def timed(self) -> bool:
        """By the recording's clock, with things to handle."""
        return self.kind.key in kinds.TIMED

    @property
    def on_hand(self) -> bool:
        """The hand's own joints are judged."""
        return self.values.get("on") == tac.HAND

    @property
    def keyed(self) -> bool:
        """It cannot be done without a keyboard."""
        return self.timed or self.on_hand


def add_kinds(parser: argparse.ArgumentParser) -> None:
    """A subcommand a kind."""
    added = parser.add_subparsers(dest="kind", metavar="TEST", required=True)
    for key, kind in kinds.TESTS.items():
        sub = added.add_parser(CALLED.get(key, key), help=kind.name,
                               description=f"{kind.name}. {hint(kind)}")  # fmt: skip
        sub.set_defaults(kind=key)
        _add_settings(sub, key)
        add_board(sub, montage="transhumeral-4")
        sub.add_argument("--hand-port", help="serial port of a hand, if one is to follow")
        sub.add_argument("--baud", type=int, default=1_000_000,
                         help="of the hand's port (1000000)")  # fmt: skip
        add_hand(sub)
        add_patient(sub)
        sub.add_argument("--profile", type=Path,
                         help="what decodes (of --patient the last one)")  # fmt: skip
        sub.add_argument("--direct", action="store_true",
                         help="by the profile's direct control: the baseline")  # fmt: skip
        sub.add_argument("--out", type=Path,
                         help="recording to write, without ending (TEST-DATE-TIME)")  # fmt: skip


def _add_settings(sub: argparse.ArgumentParser, key: str) -> None:
    if key in OF_DOFS:
        sub.add_argument("--dofs", default="", help="comma separated (all that are decoded)")
    for one in FORMS[key]:
        name, place = f"--{_option(one)}", f"set_{one.key}"
        if isinstance(one, Number):
            sub.add_argument(
                name, dest=place, type=float, default=one.usual, metavar="N",
                help=f"{one.label.lower()}, {one.least:g} to {one.most:g}{one.suffix.rstrip()} "
                f"({one.usual:g})",
            )  # fmt: skip
        elif isinstance(one.options[0][0], bool):
            sub.add_argument(name, dest=place, action="store_true", help=one.label.lower())
        else:
            values = [str(value) for value, _ in one.options]
            sub.add_argument(
                name, dest=place, default=values[0], choices=values,
                help=f"{one.label.lower()}: {', '.join(values)} ({values[0]})",
            )  # fmt: skip


def _option(one: Number | Choice) -> str:
    return OPTION.get(one.key, one.key.replace("_", "-"))


def asked(arguments: argparse.Namespace) -> Asked:
    """The arguments as a test. Raises UsageError for what does not fit together, and ProfileError
    for a profile that cannot be read."""
    kind, hand = kinds.TESTS[arguments.kind], load_hand(arguments.hand)
    values = {one.key: _value(one, arguments) for one in FORMS[kind.key]}
    profile = load_profile(arguments.profile) if arguments.profile is not None else None
    if profile is None and (kind.key not in kinds.TIMED or arguments.direct):
        nothing_decodes()
    if profile is not None and arguments.direct and not profile.direct:
        raise UsageError(
            f"The profile {profile.name} holds no direct control: calibrate once anew to have it."
        )
    if kind.key == "activations" and not any(values.values()):
        raise UsageError("Nothing would be watched: give --rest-s or --arm-motion-s some seconds.")
    if values.get("on") == tac.HAND and not arguments.hand_port:
        raise UsageError("The hand's own joints are judged: name its port with --hand-port.")
    moved = profile.dofs if profile is not None else ()
    dofs = tuple(dof.name for dof in hand.dofs)
    if kind.key in OF_DOFS and profile is not None:
        dofs = tuple(_dofs(arguments.dofs, kind.key, hand, profile, moved))
    return Asked(
        kind, dofs, values, int(datetime.now().timestamp()) % 100_000, hand,
        driven=bool(arguments.hand_port), decoded=profile is not None, direct=arguments.direct,
    )  # fmt: skip


def _value(one: Number | Choice, arguments: argparse.Namespace) -> Any:
    """As the rules take it."""
    given = getattr(arguments, f"set_{one.key}")
    if isinstance(one, Choice):
        return given
    inside = one.least <= given <= one.most
    if not inside or (not one.digits and given != int(given)):
        number = "a number" if one.digits else "a whole number"
        raise UsageError(
            f"--{_option(one)} takes {number} from {one.least:g} to {one.most:g}, not {given:g}."
        )
    return one.value(given)


def _dofs(
    text: str, kind: str, hand: Hand, profile: Profile, moved: Sequence[str]
) -> list[str]:
    """In the order in which they were named; of none all that are decoded and can be shown."""
    most = MOST_DOFS.get(kind, len(hand.dofs))
    usual = [dof.name for dof in hand.dofs if dof.name in moved][:most]
    dofs = named_dofs(text, hand, usual)
    for dof in dofs:
        if dof not in moved:
            raise UsageError(
                f"The profile {profile.name} does not move {dof}; it moves {', '.join(moved)}."
            )
    if len(dofs) > most:
        raise UsageError(f"The screen shows at most {most} DoF at once: name fewer with --dofs.")
    return dofs
