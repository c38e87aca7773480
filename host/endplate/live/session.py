# SPDX-License-Identifier: GPL-3.0-or-later
"""A session: one folder, one control process in it, and how others start and find that process.

    DIR/lock  settings.json  control.log  feed  requests  commands.bin  applied.bin
"""

from __future__ import annotations

import fcntl
import json
import os
import selectors
import signal
import stat
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import IO, Any

from endplate.errors import EndplateError, SessionError
from endplate.live.feed import FeedReader
from endplate.live.journal import journal_path
from endplate.live.requests import ask, raised

START_S = 30.0  # boards over radio take that long
START_FAILED_S = 5.0
STOP_S = 20.0  # and more for a recording that is finished meanwhile
FINISH_BYTES_PER_S = 1 << 20  # of a journal, on the slowest of machines
#: How long one command may drive the hand: two hops' commands may be lost on a noisy line, and with
#: the ramp of 50 ms behind it a hand still stands within 150 ms of the last one.
VALID_MS = 70


@dataclass
class Settings:
    """What the control process is to do; keys of its JSON file.

    board, port, board_params  of endplate.live.board.open_board
    hand, montage              names or paths of hw files; hand_port null runs without a hand
    profile                    path, null: nothing moves
    shadow                     path of a profile that decodes beside it, null: none
    recording                  path of the journal's file, null: nothing is recorded
    valid_ms                   how long one command may drive the hand
    arm                        arm once by itself when the profile is loaded and the hand connected
    realtime                   ask for real-time scheduling
    faults                     for tests: hang_decoder_after_s, requests (allow the verb `fault`)
    parent                     process with which this one ends
    """

    directory: str
    board: str | int = "synthetic"
    port: str = ""
    board_params: dict[str, Any] = field(default_factory=dict)
    hand: str = "test-hand"
    hand_port: str | None = None
    hand_baud: int = 1_000_000
    montage: str = "free-8"
    profile: str | None = None
    shadow: str | None = None
    recording: str | None = None
    mains_hz: float = 50.0
    valid_ms: int = VALID_MS
    arm: bool = False
    realtime: bool = True
    faults: dict[str, Any] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)
    parent: int = 0

    @classmethod
    def from_json(cls, text: str, where: str) -> Settings:
        """Raises SessionError for what is no settings file; null means the default."""
        try:
            content = json.loads(text)
            if not isinstance(content, dict):
                raise TypeError
            known = {item.name for item in fields(cls)}
            odd = sorted(set(content) - known)
            if odd:
                raise SessionError(
                    f"{where} has a setting that does not exist, {odd[0]}: take it out."
                )
            settings = cls(**{key: value for key, value in content.items() if value is not None})
        except (ValueError, TypeError, RecursionError):
            raise SessionError(f"{where} is not a settings file of a session.") from None
        for key, (kinds, words) in _KINDS.items():
            value = getattr(settings, key)
            # Python's bool is an int; here it is none.
            if type(value) not in kinds:
                raise SessionError(
                    f"{where} has {json.dumps(value)[:60]} for {key}, which is {words}: correct it."
                )
        if not 1 <= settings.valid_ms <= 255 or not 0 < settings.mains_hz <= 400:
            raise SessionError(
                f"{where} has valid_ms or mains_hz out of range: 1 to 255, and up to 400."
            )
        return settings


_TEXT, _TABLE = ((str,), "a text"), ((dict,), "a table of names and values")
_TEXT_OR_NONE = ((str, type(None)), "a text or null")
_FLAG, _WHOLE = ((bool,), "true or false"), ((int,), "a whole number")
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "directory": _TEXT,
    "board": ((str, int), "a board's name or number"),
    "port": _TEXT,
    "board_params": _TABLE,
    "hand": _TEXT,
    "hand_port": _TEXT_OR_NONE,
    "hand_baud": _WHOLE,
    "montage": _TEXT,
    "profile": _TEXT_OR_NONE,
    "shadow": _TEXT_OR_NONE,
    "recording": _TEXT_OR_NONE,
    "mains_hz": ((int, float), "a number"),
    "valid_ms": _WHOLE,
    "arm": _FLAG,
    "realtime": _FLAG,
    "faults": _TABLE,
    "meta": _TABLE,
    "parent": _WHOLE,
}


def default_directory() -> Path:
    """The user's own session folder, made if need be; only its owner may enter."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and os.access(runtime, os.W_OK):
        directory = Path(runtime) / "endplate"
    else:
        directory = Path("/tmp") / f"endplate-{os.getuid()}"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise SessionError(f"{directory} belongs to somebody else: choose a folder with --session.")
    return directory


class SessionLock:
    """Held by the control process while it lives; the kernel frees it, whatever happens."""

    def __init__(self, directory: Path) -> None:
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file: IO[str] = (directory / "lock").open("a+")
        except OSError as error:
            raise SessionError(
                f"The session's folder {directory} cannot be used ({error.strerror}): choose "
                "another one."
            ) from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.seek(0)
            who = self._file.read().strip() or "unknown"
            self._file.close()
            raise SessionError(
                f"A session is already running in {directory} (process {who}): stop it first, or "
                "choose another folder."
            ) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Frees the folder."""
        self._file.close()


class ControlProcess:
    """A running control process. `ready` is its first line; end it with stop().

    After stop() `recording` is the finished file's path, if there is one, and `problems` holds a
    sentence for everything that did not end well.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], directory: Path, ready: dict[str, Any],
        journal: Path | None = None, said: bytes = b"", log_from: int = 0,
    ) -> None:
        self.process, self.directory, self.ready = process, directory, ready
        self.recording: str | None = None
        self.problems: list[str] = []
        self._journal, self._said, self._log_from = journal, said, log_from

    @property
    def pid(self) -> int:
        """Process id."""
        return self.process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def ask(self, verb: str, **more: Any) -> dict[str, Any]:
        """One request; its reply."""
        return ask(self.directory, verb, **more)

    def feed(self) -> FeedReader:
        """A view of its feed."""
        return FeedReader(self.directory / "feed")

    def stop(self, timeout_s: float = STOP_S) -> int:
        """Ends it in good order (disarm, recording finished), or kills it; its exit status.

        It gets `timeout_s` and the time that its recording may take.
        """
        if self.alive:
            timeout_s += self._finishing_s()
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.problems.append(
                    f"The session did not end within {timeout_s:.0f} s and was broken off: its "
                    "recording, if any, is finished at the next start."
                )
                self.process.kill()
                self.process.wait()
        stdout = self.process.stdout
        if stdout is not None and not stdout.closed:
            os.set_blocking(stdout.fileno(), False)
            self._read_end(self._said + (stdout.read() or b""))
            stdout.close()
        return self.process.returncode

    def _finishing_s(self) -> float:
        try:
            return self._journal.stat().st_size / FINISH_BYTES_PER_S if self._journal else 0.0
        except OSError:
            return 0.0

    def _read_end(self, said: bytes) -> None:
        for line in said.splitlines():
            try:
                last = json.loads(line)
            except ValueError:
                continue
            if isinstance(last, dict) and last.get("ended"):
                self.recording = last.get("recording")
                self.problems += last.get("problems") or []
                return
        if not self.problems:
            why = _last_words(self.directory, self._log_from, self.process.returncode)
            self.problems.append(
                f"The session broke off ({why}): its recording, if any, is finished at the next "
                "start."
            )

    def __enter__(self) -> ControlProcess:
        """For `with`."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stops it."""
        self.stop()


def start_control(
    settings: Settings | dict[str, Any], timeout_s: float = START_S
) -> ControlProcess:
    """Starts a control process and waits until its loop runs. Raises the EndplateError it met.

    It ends with the thread that called this (the kernel tells it), so call it from one that lasts.
    """
    content = asdict(settings) if isinstance(settings, Settings) else dict(settings)
    content["parent"] = os.getpid()
    directory = Path(content["directory"])
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Not to a name that a running session still uses: its folder may be this one.
        path = directory / f"settings-{os.getpid()}.json"
        path.write_text(json.dumps(content, indent=1))
        log = (directory / "control.log").open("ab")
        log_from = log.tell()
    except OSError as error:
        raise SessionError(
            f"The session's folder {directory} cannot be used ({error.strerror}): choose another."
        ) from None
    with log:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "endplate.live.control", str(path)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
        )  # fmt: skip
    try:
        ready, said = _first_line(process, timeout_s)
        if not ready.get("ready"):
            _let_end(process)
            raise _error(ready, _last_words(directory, log_from, process.poll()))
    except BaseException:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
        raise
    finally:
        path.unlink(missing_ok=True)
    journal = journal_path(content["recording"]) if content.get("recording") else None
    return ControlProcess(process, directory, ready, journal, said, log_from)


def _let_end(process: subprocess.Popen[bytes]) -> None:
    """Gives one that said that it cannot start a moment to let go of board and hand."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(START_FAILED_S)


def _first_line(
    process: subprocess.Popen[bytes], timeout_s: float
) -> tuple[dict[str, Any], bytes]:
    """The first line on stdout, {} when there is none, and what was read beyond it."""
    assert process.stdout is not None
    stream, data = process.stdout, b""
    deadline = time.monotonic() + timeout_s
    with selectors.DefaultSelector() as ready:
        ready.register(stream, selectors.EVENT_READ)
        while b"\n" not in data:
            if not ready.select(max(0.0, deadline - time.monotonic())):
                process.kill()
                sentence = f"The session did not start within {timeout_s:g} s: try again."
                return {"error": sentence}, b""
            part = os.read(stream.fileno(), 65536)
            if not part:
                break
            data += part
    line, _, rest = data.partition(b"\n")
    try:
        return json.loads(line), rest
    except ValueError:
        return {}, rest


def _error(line: dict[str, Any], last_words: str) -> EndplateError:
    if "error" in line:
        return raised(line)
    return SessionError(
        f"The session ended before it began ({last_words}): check the installation, "
        "then try again."
    )


def _last_words(directory: Path, log_from: int, status: int | None) -> str:
    """Last line of the folder's log from byte `log_from` on; without one, how the process ended."""
    if status is not None and status < 0:
        return f"killed by signal {-status}"
    with suppress(OSError):
        log = (directory / "control.log").read_bytes()[log_from:]
        lines = log.decode(errors="replace").splitlines()
        words = next((line.strip() for line in reversed(lines) if line.strip()), "")
        if words:
            return words[:300].rstrip(".")
    return f"exit status {status}"
