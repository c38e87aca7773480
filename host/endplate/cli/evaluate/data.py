# SPDX-License-Identifier: GPL-3.0-or-later
"""What `endplate evaluate` is given, made into trials: by a reader, or as a recording or a BIDS
folder."""

from __future__ import annotations

import argparse
import importlib.util
import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path

from endplate.errors import EndplateError, RecordingError, UsageError
from endplate.fit.recorded import bids
from endplate.fit.recorded import own as recorded_trials
from endplate.fit.recorded.across import across
from endplate.fit.recorded.cued_trials import LEAST_REPETITIONS
from endplate.fit.recorded.movement_names import given
from endplate.fit.recorded.trials import Trials

#: What it is called, and how it is read.
Source = tuple[str, Callable[[], Trials]]


def sources(arguments: argparse.Namespace) -> list[Source]:
    """A person or session each, in the order given. Raises UsageError, RecordingError."""
    if arguments.learn is None:
        return _sources(arguments, arguments.data, LEAST_REPETITIONS)
    taught = _sources(arguments, [arguments.learn], 2)
    if len(taught) > 1:
        raise UsageError(
            f"{arguments.learn} holds {len(taught)} sessions: name one recording to learn from."
        )
    _, learned = taught[0]

    def both(judged: Callable[[], Trials]) -> Trials:
        return across(learned(), judged())

    each = _sources(arguments, arguments.data, 1)
    return [(name, partial(both, judged)) for name, judged in each]


def _sources(arguments: argparse.Namespace, paths: list[Path], least: int) -> list[Source]:
    """With so many repetitions of each direction, or more."""
    movements = given(arguments.movement)
    if arguments.reader is not None:
        read = reader(arguments.reader)
        return [(str(path), partial(_by, read, path, arguments.rate)) for path in paths]
    if arguments.rate is not None:
        raise UsageError("--rate is for readers that resample: give --reader, or leave it out.")
    found: list[Source] = []
    for path in paths:
        if not path.exists():
            raise RecordingError(f"There is no recording {path}; name another file.")
        if bids.is_bids(path):
            each = bids.sessions(path)
            found += [(session.name, partial(session.read, movements, least)) for session in each]
        elif path.suffix in (".bdf", ".edf", ".journal"):
            found.append((str(path), partial(recorded_trials.read, path, least)))
        else:
            raise UsageError(
                f"{path} is no BDF+ or EDF+ recording and no BIDS folder: give the reader of its "
                "set with --reader."
            )
    return found


def reader(path: Path) -> Callable[..., Trials]:
    """The `read` of a reader's file. Raises UsageError."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise UsageError(f"There is no reader at {path}: give a Python file with read(path).")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever a stranger's file does
        raise UsageError(
            f"The reader {path} cannot be loaded ({type(error).__name__}: {error}): correct it."
        ) from error
    if not hasattr(module, "read"):
        raise UsageError(f"The reader {path} has no read(path): write one that returns Trials.")
    return module.read


def _by(read: Callable[..., Trials], path: Path, rate: int | None) -> Trials:
    if rate is not None and "rate_hz" not in inspect.signature(read).parameters:
        raise UsageError("This reader does not resample: leave --rate out.")
    try:
        made = read(path) if rate is None else read(path, rate_hz=rate)
    except EndplateError:
        raise
    except FileNotFoundError as error:
        raise RecordingError("there is no such file: check the path.") from error
    except Exception as error:  # whatever a stranger's reader does
        raise RecordingError(
            f"the reader cannot read it ({type(error).__name__}: {error}): is it of this set?"
        ) from error
    if not isinstance(made, Trials):
        raise UsageError(f"The reader's read(path) gave a {type(made).__name__}, and not Trials.")
    return made
