# SPDX-License-Identifier: GPL-3.0-or-later
"""Long computations in a process of their own, so that neither a window nor the hand waits.

A job is anything that can be pickled and has `run(tell)`: it returns its result, raises an
EndplateError, and calls `tell` with sentences of progress.
"""

from __future__ import annotations

import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, Protocol

from endplate.errors import EndplateError


class Job(Protocol):
    """See above."""

    def run(self, tell: Callable[[str], None]) -> Any:
        """Does it."""


@dataclass(frozen=True)
class Done:
    """A job's result."""

    result: Any


News = str | Done | EndplateError


class Work:
    """One job that is being done. `poll` says what is new; `stop` gives it up."""

    def __init__(self, job: Job) -> None:
        self._news: queue.Queue[News] = queue.Queue()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "endplate.clinic.work"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self._thread = threading.Thread(target=self._follow, args=(job,), daemon=True)
        self._thread.start()

    def _follow(self, job: Job) -> None:
        """Hands the job over and takes what comes back."""
        given, said = self._process.stdin, self._process.stdout
        assert given is not None and said is not None
        with suppress(OSError):
            pickle.dump(job, given)
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


def serve(given: IO[bytes], said: IO[bytes]) -> None:
    """In the other process: does the job that comes."""

    def tell(news: News) -> None:
        pickle.dump(news, said)
        said.flush()

    job = pickle.load(given)
    try:
        tell(Done(job.run(tell)))
    except EndplateError as error:
        tell(EndplateError(str(error)))


if __name__ == "__main__":
    # What is pickled must be this module's under its own name, not __main__'s.
    from endplate.clinic import work

    work.serve(sys.stdin.buffer, sys.stdout.buffer)
