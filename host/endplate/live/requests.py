# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to the control process: a Unix socket DIR/requests, one JSON object a line each way.

    {"verb": "arm"}                    -> {"ok": true, ...}
    {"verb": "prompt", "label": "..."} -> {"ok": true, "sample": 12345}
    {"verb": "grip", "name": "fork"}   -> {"error": "one sentence", "kind": "HandError"}

The server is polled by the control loop. It never waits for a client: what does not come is not
read, what a client does not fetch is dropped with the client, and what is not a request is answered
with a sentence.
"""

from __future__ import annotations

import json
import os
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from endplate import errors
from endplate.errors import EndplateError, SessionError

NAME = "requests"
LINE_MAX = 1 << 16  # bytes; a request is a few hundred
CLIENTS_MAX = 16
_CHUNK = 1 << 14  # read per client and poll: bounds the time of a poll

Fields = dict[str, Any]


class Later(Exception):
    """Raised by a handler that answers later: it keeps the `asker` and calls its answer()."""


class Asker:
    """One connected client."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.incoming = b""
        self.waiting = 0  # answers it is still owed

    def answer(self, reply: Fields) -> bool:
        """Sends one reply; False (and hung up) when the client does not take it at once."""
        data = json.dumps(reply).encode() + b"\n"
        try:
            sent = self.connection.send(data)
        except OSError:
            sent = -1
        if sent != len(data):
            self.hang_up()
            return False
        return True

    def hang_up(self) -> None:
        """Ends the connection; the server forgets it at its next poll."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


class RequestServer:
    """Polled by the loop. `handle` returns the reply, or raises EndplateError or Later."""

    def __init__(self, directory: Path, handle: Callable[[str, Fields, Asker], Fields]) -> None:
        self._path = Path(directory) / NAME
        self._handle = handle
        self._askers: dict[int, Asker] = {}  # by file descriptor, oldest first
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._path.unlink(missing_ok=True)  # of a process that died; the session's lock is ours
        with _short(self._path) as name:
            self._socket.bind(name)
        os.chmod(self._path, 0o600)
        self._socket.listen(CLIENTS_MAX)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)

    def poll(self) -> None:
        """Takes what has come; a microsecond when nothing has."""
        for fd, _ in self._poll.poll(0):
            if fd == self._socket.fileno():
                self._accept()
            elif fd in self._askers:
                self._read(self._askers[fd])

    def _accept(self) -> None:
        try:
            connection, _ = self._socket.accept()
        except OSError:
            return
        connection.setblocking(False)
        if len(self._askers) >= CLIENTS_MAX:
            idle = next((a for a in self._askers.values() if not a.waiting), None)
            if idle is None:
                connection.close()
                return
            self._forget(idle)
        self._askers[connection.fileno()] = Asker(connection)
        self._poll.register(connection, select.POLLIN)

    def _read(self, asker: Asker) -> None:
        try:
            data = asker.connection.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._forget(asker)
            return
        *lines, asker.incoming = (asker.incoming + data).split(b"\n")
        if len(asker.incoming) > LINE_MAX:
            asker.answer({"error": f"A request is one line of at most {LINE_MAX} bytes."})
            self._forget(asker)
            return
        for line in lines:
            self._one(line, asker)

    def _one(self, line: bytes, asker: Asker) -> None:
        try:
            request = json.loads(line)
            verb = request.pop("verb")
            if not isinstance(verb, str):
                raise TypeError
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            asker.answer({"error": 'A request is one JSON object with a "verb", on one line.'})
            return
        try:
            reply = self._handle(verb, request, asker)
        except Later:
            asker.waiting += 1
            return
        except EndplateError as error:
            reply = refusal(error)
        asker.answer(reply)

    def _forget(self, asker: Asker) -> None:
        del self._askers[asker.connection.fileno()]
        self._poll.unregister(asker.connection)
        asker.connection.close()

    def close(self) -> None:
        """Hangs up and removes the socket."""
        for asker in list(self._askers.values()):
            self._forget(asker)
        self._socket.close()
        self._path.unlink(missing_ok=True)


def refusal(error: EndplateError) -> Fields:
    """The reply that has the client's ask() raise `error`."""
    return {"error": str(error), "kind": type(error).__name__}


def raised(reply: Fields) -> EndplateError:
    """The inverse of refusal()."""
    kind = getattr(errors, str(reply.get("kind")), None)
    if not (isinstance(kind, type) and issubclass(kind, EndplateError)):
        kind = SessionError
    return kind(str(reply["error"]))


def ask(directory: Path, verb: str, *, timeout_s: float = 5.0, **fields: Any) -> Fields:
    """Asks the control process of a session and returns its reply, {"ok": true, ...}.

    Raises what the control process refuses with (HandError, ProfileError, ...), and SessionError
    when none answers.
    """
    path = Path(directory) / NAME
    line = json.dumps({**fields, "verb": verb}).encode() + b"\n"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        try:
            with _short(path) as name:
                connection.connect(name)
            connection.sendall(line)
            reply = b""
            while not reply.endswith(b"\n"):
                data = connection.recv(_CHUNK)
                if not data:
                    raise ConnectionResetError
                reply += data
        except TimeoutError:
            raise SessionError(
                f"The session in {directory} does not answer: stop it and start it again."
            ) from None
        except OSError:
            raise SessionError(
                f"Nothing is running in {directory}: start a session first."
            ) from None
    answer = json.loads(reply)
    if "error" in answer:
        raise raised(answer)
    return answer


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name for `path` that fits a socket address (107 bytes), however deep the folder lies."""
    if len(os.fsencode(path)) < 100:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
