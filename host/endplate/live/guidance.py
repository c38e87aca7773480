# SPDX-License-Identifier: GPL-3.0-or-later
"""One guide at a time: two windows on one session must not tell a patient two things at once.

A guide says who it is with every prompt. The first to prompt has the patient until it says that it
asks for nothing any more, or until its process is gone.
"""

from __future__ import annotations

import itertools
import os

from endplate.errors import SessionError
from endplate.live.feed import born

_numbers = itertools.count(1)


def own_name() -> str:
    """Of a new guide in this process: its id, when it was born, and a number."""
    return f"{os.getpid()} {born(os.getpid())} {next(_numbers)}"


class Guidance:
    """Who guides, in one session."""

    def __init__(self) -> None:
        self._who = ""

    def take(self, who: str, *, go_on: bool) -> None:
        """A prompt of `who` ("" says nothing of itself); not `go_on`: its last. Raises SessionError
        while another one guides."""
        if self._who and self._who != who and _lives(self._who):
            raise SessionError(
                f"The patient is being guided by process {self._who.split()[0]}: end that there, "
                "or close its window."
            )
        self._who = who if go_on else ""


def _lives(who: str) -> bool:
    pid, since, *_ = (int(word) for word in who.split())
    return born(pid) == since != 0
