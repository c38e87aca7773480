# SPDX-License-Identifier: GPL-3.0-or-later
"""Session folders of the command line: a new one for each command, found again by `endplate
monitor`."""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console

from endplate.clinic.records.database import Database, default_folder
from endplate.errors import SessionError, UsageError
from endplate.live.feed import FeedReader
from endplate.live.recording import recover
from endplate.live.session import default_directory


@contextmanager
def session_folder(command: str) -> Iterator[Path]:
    """A folder for one session of `command`; gone when the session is over."""
    folder = default_directory() / f"{command}-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def add_data(parser: argparse.ArgumentParser) -> None:
    """--data: where the patients' records are."""
    parser.add_argument(
        "--data", type=Path, metavar="DIR",
        help="folder of the records ($ENDPLATE_DATA, or the user's own place)",
    )  # fmt: skip


def records(arguments: argparse.Namespace) -> Database:
    """The records that were meant by --data."""
    return Database(arguments.data or default_folder())


def made_folder(path: Path) -> Path:
    """A folder for results, made if it is not there. Raises UsageError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"The folder {path} cannot be made ({error.strerror}): name another."
        ) from None
    return path


def repair_recordings(folder: Path, console: Console) -> None:
    """Finishes what a crash left open in a recording's folder, and says so."""
    for path in recover(folder):
        console.print(f"An earlier recording had not been closed; it is whole again: {path}")


def running() -> list[Path]:
    """Folders of the sessions that run now, the newest first."""
    found = []
    for folder in default_directory().iterdir():
        try:
            reader = FeedReader(folder / "feed")
        except SessionError:
            continue
        if reader.alive:
            found.append((reader.info.started, folder))
    return [folder for _, folder in sorted(found, reverse=True)]


def session_on(hand_port: str) -> tuple[Path, str] | None:
    """The running session that owns a hand's port: its folder, and the name of its hand file."""
    for folder in running():
        with suppress(SessionError):
            reader = FeedReader(folder / "feed")
            owned = (reader.status().get("hand") or {}).get("port")
            if owned and os.path.realpath(owned) == os.path.realpath(hand_port):
                return folder, reader.info.hand
    return None
