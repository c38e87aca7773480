# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a profile of a guided recording in a process of its own, so that neither a window nor the
hand waits for it, and keeps it with the visit."""

from __future__ import annotations

import pickle
import queue
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from endplate.errors import EndplateError
from endplate.fit.calibration import from_guided
from endplate.fit.guided.guide import Guided
from endplate.hardware import load_hand, load_montage
from endplate.live.feed import FeedInfo
from endplate.live.profile_file import load_profile
from endplate.live.profile_versions import keep


@dataclass(frozen=True)
class Wanted:
    """What to make: `montage` and `hand` are names or paths of their files, `out` the profile."""

    guided: Guided
    info: FeedInfo
    montage: str
    hand: str
    board: str
    out: Path
    why: str = "calibrated"


@dataclass(frozen=True)
class Made:
    """What came of it; `report` is the profile's."""

    path: Path
    version: int
    name: str
    dofs: tuple[str, ...]
    site_labels: tuple[str, ...]
    report: dict[str, Any]


News = str | Made | EndplateError


class Fitting:
    """One profile in the making. `poll` says what is new; `stop` gives it up."""

    def __init__(self, wanted: Wanted) -> None:
        self._news: queue.Queue[News] = queue.Queue()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "endplate.clinic.fitting"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self._thread = threading.Thread(target=self._follow, args=(wanted,), daemon=True)
        self._thread.start()

    def _follow(self, wanted: Wanted) -> None:
        """Hands the work over and takes what comes back."""
        given, said = self._process.stdin, self._process.stdout
        assert given is not None and said is not None
        with suppress(OSError):
            pickle.dump(wanted, given)
            given.close()
        last: News = ""
        with suppress(EOFError, OSError, pickle.UnpicklingError):
            while True:
                last = pickle.load(said)
                self._news.put(last)
        if isinstance(last, str):
            self._news.put(EndplateError("The computation ended by itself: start it again."))

    def poll(self) -> News | None:
        """A sentence of progress, the result, what went wrong, or None when nothing is new."""
        try:
            return self._news.get_nowait()
        except queue.Empty:
            return None

    def stop(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
        self._thread.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


def work(given: IO[bytes], said: IO[bytes]) -> None:
    """In the other process."""

    def tell(news: News) -> None:
        pickle.dump(news, said)
        said.flush()

    wanted = pickle.load(given)
    try:
        profile = from_guided(
            wanted.guided, wanted.info, montage=load_montage(wanted.montage),
            hand=load_hand(wanted.hand), board=wanted.board, mains_hz=int(wanted.info.mains_hz),
            progress=tell,
        )  # fmt: skip
        tell(_made(wanted.out, keep(profile, wanted.out, wanted.why).number))
    except EndplateError as error:
        tell(EndplateError(str(error)))


def _made(path: Path, number: int) -> Made:
    profile = load_profile(path)
    return Made(path, number, profile.name, tuple(profile.dofs), tuple(profile.site_labels),
                profile.report)  # fmt: skip


if __name__ == "__main__":
    # What is pickled must be this module's under its own name, not __main__'s.
    from endplate.clinic import fitting

    fitting.work(sys.stdin.buffer, sys.stdout.buffer)
