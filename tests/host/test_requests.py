# SPDX-License-Identifier: GPL-3.0-or-later
"""The request socket: polled, bounded, deaf to nobody and stopped by nobody."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager

import pytest

from endplate.errors import HandError, SessionError
from endplate.live.requests import (
    CLIENTS_MAX,
    LINE_MAX,
    NAME,
    Later,
    RequestServer,
    _short,
    ask,
)


class Served:
    """A server polled by a thread of its own, as the control loop would."""

    def __init__(self, directory) -> None:
        self.directory, self.asked, self.later = directory, [], []
        self.server = RequestServer(directory, self.handle)
        self.longest = 0.0
        self.running = True
        self.thread = threading.Thread(target=self.loop)
        self.thread.start()

    def loop(self) -> None:
        while self.running:
            started = time.perf_counter()
            self.server.poll()
            self.longest = max(self.longest, time.perf_counter() - started)
            time.sleep(0.001)

    def handle(self, verb, fields, asker):
        self.asked.append((verb, fields))
        if verb == "arm":
            raise HandError("The hand is off: switch it on.")
        if verb == "later":
            self.later.append(asker)
            raise Later
        return {"ok": True, "verb": verb, **fields}

    def stop(self) -> None:
        self.running = False
        self.thread.join()
        self.server.close()


@pytest.fixture
def served(tmp_path):
    served = Served(tmp_path)
    yield served
    served.stop()


@contextmanager
def raw(directory):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(3)
        with _short(directory / NAME) as name:
            connection.connect(name)
        yield connection


def line_of(connection) -> dict:
    data = b""
    while not data.endswith(b"\n"):
        got = connection.recv(1)
        assert got, "hung up without an answer"
        data += got
    return json.loads(data)


def test_ask_gets_replies_and_sentences(served):
    reply = ask(served.directory, "mark", text="a\nb")
    assert reply == {"ok": True, "verb": "mark", "text": "a\nb"}
    with pytest.raises(HandError, match="^The hand is off: switch it on.$"):
        ask(served.directory, "arm")
    assert served.asked == [("mark", {"text": "a\nb"}), ("arm", {})]


def test_an_answer_may_come_later(served):
    replies = []
    asking = threading.Thread(target=lambda: replies.append(ask(served.directory, "later")))
    asking.start()
    while not served.later:
        time.sleep(0.001)
    assert not replies
    served.later[0].answer({"ok": True, "armed": True})
    asking.join(3)
    assert replies == [{"ok": True, "armed": True}]


@pytest.mark.parametrize(
    "line",
    [
        b"hello", b"", b"[]", b"5", b"null", b'{"verb": 5}', b"{}", b"\xff\xfe\x00",
        b'{"verb": "x"', b"[" * 20_000,
    ],
)  # fmt: skip
def test_what_is_no_request_is_answered_with_a_sentence(served, line):
    with raw(served.directory) as connection:
        connection.sendall(line + b"\n")
        assert "one JSON object" in line_of(connection)["error"]
        connection.sendall(b'{"verb": "still"}\n')  # and the client may go on
        assert line_of(connection)["ok"]
    assert served.asked == [("still", {})]


def test_an_endless_line_is_cut_off_and_nothing_grows(served):
    with raw(served.directory) as connection:
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            for _ in range(10_000):
                connection.sendall(b"x" * 10_000)
    assert ask(served.directory, "still")["ok"]
    assert all(len(a.incoming) <= LINE_MAX for a in served.server._askers.values())


def test_a_request_in_drops_is_put_together(served):
    with raw(served.directory) as connection:
        for byte in b'{"verb": "mark"}\n{"verb": "stop"}\n':
            connection.send(bytes([byte]))
        line_of(connection)
        while len(served.asked) < 2:
            time.sleep(0.001)
    assert [verb for verb, _ in served.asked] == ["mark", "stop"]


def test_a_client_that_never_reads_is_dropped_and_blocks_nobody(served):
    with raw(served.directory) as connection:
        connection.setblocking(False)
        text = "y" * 50_000
        with pytest.raises(OSError):
            for _ in range(2000):
                try:
                    connection.sendall(json.dumps({"verb": "mark", "text": text}).encode() + b"\n")
                except BlockingIOError:
                    time.sleep(0.005)
        assert ask(served.directory, "still")["ok"]
    assert served.longest < 0.1


def test_idle_clients_cannot_lock_others_out(served):
    idle = []
    try:
        for _ in range(3 * CLIENTS_MAX):
            connection = socket.socket(socket.AF_UNIX)
            with _short(served.directory / NAME) as name:
                connection.connect(name)
            idle.append(connection)
            time.sleep(0.002)
        assert ask(served.directory, "still")["ok"]
        assert len(served.server._askers) <= CLIENTS_MAX
    finally:
        for connection in idle:
            connection.close()


def test_nobody_there_and_nobody_answering_are_sentences(tmp_path):
    with pytest.raises(SessionError, match="start a session"):
        ask(tmp_path, "arm")
    server = RequestServer(tmp_path, lambda *_: {})  # never polled: frozen
    with pytest.raises(SessionError, match="does not answer"):
        ask(tmp_path, "arm", timeout_s=0.2)
    server.close()
    with pytest.raises(SessionError, match="start a session"):
        ask(tmp_path, "arm")


def test_a_socket_left_by_a_dead_process_is_replaced(tmp_path):
    left = socket.socket(socket.AF_UNIX)
    with _short(tmp_path / NAME) as name:
        left.bind(name)
    left.close()
    served = Served(tmp_path)
    try:
        assert ask(tmp_path, "still")["ok"]
    finally:
        served.stop()


def test_folders_with_long_names_work(tmp_path):
    deep = tmp_path / ("d" * 90) / ("e" * 90)
    deep.mkdir(parents=True)
    served = Served(deep)
    try:
        assert ask(deep, "still")["ok"]
    finally:
        served.stop()


def test_polling_without_requests_is_cheap(tmp_path):
    server = RequestServer(tmp_path, lambda *_: {})
    best = 1.0
    for _ in range(10):
        started = time.perf_counter()
        for _ in range(1000):
            server.poll()
        best = min(best, (time.perf_counter() - started) / 1000)
    server.close()
    assert best < 20e-6
