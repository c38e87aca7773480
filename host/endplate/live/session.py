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
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import IO, Any

from endplate.errors import EndplateError, SessionError
from endplate.live.feed import FeedReader
from endplate.live.requests import ask, raised

START_S = 30.0  # boards over radio take that long
STOP_S = 20.0  # a long recording is finalised meanwhile


@dataclass
class Settings:
    """What the control process is to do; keys of its JSON file.

    board, port, board_params  of endplate.live.board.open_board
    hand, montage              names or paths of hw files; hand_port null runs without a hand
    profile                    path, null: nothing moves
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
    recording: str | None = None
    mains_hz: float = 50.0
    valid_ms: int = 50
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
                raise SessionError(f"{where} has a setting that does not exist: {odd[0]}.")
            settings = cls(**{key: value for key, value in content.items() if value is not None})
        except (ValueError, TypeError):
            raise SessionError(f"{where} is not a settings file of a session.") from None
        if not 1 <= settings.valid_ms <= 255 or not 0 < settings.mains_hz <= 400:
            raise SessionError(f"{where} has valid_ms or mains_hz out of range.")
        return settings


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
    """A running control process. `ready` is its first line; end it with stop()."""

    def __init__(
        self, process: subprocess.Popen[bytes], directory: Path, ready: dict[str, Any]
    ) -> None:
        self.process, self.directory, self.ready = process, directory, ready

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
        """Ends it in good order (disarm, recording finalised), or kills it; its exit status."""
        if self.alive:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        return self.process.returncode

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
    except OSError as error:
        raise SessionError(
            f"The session's folder {directory} cannot be used ({error.strerror}): choose another."
        ) from None
    with log:
        process = subprocess.Popen(
            [sys.executable, "-m", "endplate.live.control", str(path)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
        )  # fmt: skip
    try:
        ready = _first_line(process, timeout_s)
        if not ready.get("ready"):
            raise _error(ready, directory)
    except BaseException:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
        raise
    finally:
        path.unlink(missing_ok=True)
    return ControlProcess(process, directory, ready)


def _first_line(process: subprocess.Popen[bytes], timeout_s: float) -> dict[str, Any]:
    assert process.stdout is not None
    stream, data = process.stdout, b""
    deadline = time.monotonic() + timeout_s
    with selectors.DefaultSelector() as ready:
        ready.register(stream, selectors.EVENT_READ)
        while not data.endswith(b"\n"):
            if not ready.select(max(0.0, deadline - time.monotonic())):
                return {"error": f"The session did not start within {timeout_s:g} s: try again."}
            part = os.read(stream.fileno(), 65536)
            if not part:
                break
            data += part
    try:
        return json.loads(data)
    except ValueError:
        return {}


def _error(line: dict[str, Any], directory: Path) -> EndplateError:
    if "error" in line:
        return raised(line)
    return SessionError(
        f"The session ended before it began; its last words are in {directory / 'control.log'}."
    )
