# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate monitor`: the window onto a running control process. Closing it changes nothing for
the hand."""

from __future__ import annotations

import argparse
from pathlib import Path

from endplate.cli.places import running
from endplate.errors import SessionError

EXAMPLES = """examples:
  endplate monitor                      the session that is running on this machine
  endplate monitor --session DIR        another one
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--session", type=Path, help="session folder (the one that is running)")


def run(arguments: argparse.Namespace) -> int:
    """Opens the window; returns when it is closed."""
    directory = arguments.session or next(iter(running()), None)
    if directory is None:
        raise SessionError(
            "Nothing is running: start `endplate run` or `endplate bench` first, then open "
            "the monitor."
        )
    try:
        from endplate.monitor.app import main
    except ImportError as error:
        raise SessionError(
            f"The window needs PyQt6 and pyqtgraph ({error}); install them with: pip install "
            "'endplate[monitor]'."
        ) from None
    return main(["--session", str(directory)])
