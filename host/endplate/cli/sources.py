# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that several subcommands share: which board, which montage, which mains."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from endplate.errors import BoardError, UsageError
from endplate.hardware import Hand


def named_dofs(text: str, hand: Hand, usual: Sequence[str] | None = None) -> list[str]:
    """The hand's DoF of a comma separated list; `usual` (None: some must be named) where it is
    empty. Raises UsageError."""
    dofs = [name.strip() for name in text.split(",") if name.strip()] or list(usual or ())
    known = [dof.name for dof in hand.dofs]
    for name in dofs:
        if name not in known:
            raise UsageError(
                f"The hand {hand.name} has no degree of freedom {name!r}; it has "
                f"{', '.join(known)}."
            )
    if len(set(dofs)) != len(dofs) or (usual is None and not dofs):
        raise UsageError("Name each degree of freedom once, for example --dofs hand,elbow.")
    return dofs


def add_board(
    parser: argparse.ArgumentParser, montage: str = "free-8", *, needed: bool = True
) -> None:
    """--board, --port, --board-param, --montage, --mains-hz."""
    parser.add_argument(
        "--board", required=needed,
        help="a name or number that `endplate devices` lists, e.g. cyton",
    )  # fmt: skip
    parser.add_argument("--port", default="", help="serial port of the board, e.g. /dev/ttyUSB0")
    parser.add_argument(
        "--board-param",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="another parameter of brainflow's, e.g. file=recording.csv; may be repeated",
    )
    parser.add_argument(
        "--montage", default=montage, help=f"electrode montage, a name or a file ({montage})"
    )
    parser.add_argument(
        "--mains-hz", type=int, choices=(50, 60), default=50, help="of the building (50)"
    )


def add_hand(parser: argparse.ArgumentParser) -> None:
    """--hand."""
    parser.add_argument(
        "--hand", default="test-hand", help="hand file, a name or a path (test-hand)"
    )


def board_settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """The part of the control process's settings that says where the samples come from."""
    params = {}
    for item in arguments.board_param:
        key, equals, value = item.partition("=")
        if not equals:
            raise BoardError(f"The board parameter {item!r} has no value; write it as KEY=VALUE.")
        params[key] = value
    return {
        "board": arguments.board,
        "port": arguments.port,
        "board_params": params,
        "montage": arguments.montage,
        "mains_hz": arguments.mains_hz,
    }


def absolute(path: Path | None) -> str | None:
    """As text, for a process with another working folder."""
    return None if path is None else str(path.expanduser().resolve())


def session_settings(
    arguments: argparse.Namespace, directory: Path, recording: Path, **more: Any
) -> dict[str, Any]:
    """Of a control process in `directory` that reads the board and records; without a hand and a
    profile unless `more` names them."""
    return {
        **board_settings(arguments),
        "directory": str(directory),
        "hand_port": None,
        "hand": getattr(arguments, "hand", "test-hand"),
        "profile": None,
        "recording": absolute(recording),
        "arm": False,
        **more,
    }


def driving_settings(
    arguments: argparse.Namespace, directory: Path, recording: Path, **more: Any
) -> dict[str, Any]:
    """The same of one that drives the hand at --hand-port with --profile."""
    return session_settings(
        arguments, directory, recording, hand_port=arguments.hand_port, hand_baud=arguments.baud,
        profile=absolute(arguments.profile), **more,
    )  # fmt: skip


def nothing_decodes() -> NoReturn:
    """Raises UsageError."""
    raise UsageError(
        "Name what decodes: --profile anna.json, or --patient CODE of a patient who has been "
        "calibrated."
    )
