# SPDX-License-Identifier: GPL-3.0-or-later
"""How a session ended, said truly: what was recorded and where, or what went wrong."""

from __future__ import annotations

from rich.console import Console

from endplate.live.session import ControlProcess


def end(console: Console, control: ControlProcess, *, expected: bool = True) -> int:
    """Stops the control process and says what is left; 0 when all is well, else 1.

    `expected` is False when it had ended before it was told to.
    """
    control.stop()
    if not expected:
        console.print(
            "The control process ended by itself; the hand stops without it. What was recorded is "
            "repaired at the next start."
        )
    for problem in control.problems:
        console.print(problem)
    if control.recording:
        console.print(f"Recorded: {control.recording}")
    return 0 if expected and not control.problems else 1
