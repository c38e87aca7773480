# SPDX-License-Identifier: GPL-3.0-or-later
"""The board's process on its pty, as a serial program has it."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from endplate.sim.truth import read_truth

HOST = Path(__file__).resolve().parents[2] / "host"


class BoardProcess:
    """The process and, once opened, its port."""

    def __init__(self, directory: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "endplate.sim.board", "--directory", str(directory), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
            env=os.environ | {"PYTHONPATH": str(HOST)},
        )
        self.ready = json.loads(self.process.stdout.readline())
        self.port = -1

    def tell(self, **request: Any) -> None:
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()

    def open(self) -> None:
        self.port = os.open(self.ready["port"], os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    def send(self, data: bytes) -> None:
        os.write(self.port, data)

    def read(self, seconds: float, until: bytes = b"") -> bytes:
        """What arrives within `seconds`, or up to and including `until`."""
        data, end = b"", time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not (until and data.endswith(until)):
            if select.select([self.port], [], [], left)[0]:
                data += os.read(self.port, 65536)
        return data

    def packets(self, count: int, timeout_s: float = 5.0) -> np.ndarray:
        """The next `count` packets: numbers and values, int [count, 9]."""
        data, end = b"", time.monotonic() + timeout_s
        while len(data) < 33 * count:
            assert select.select([self.port], [], [], max(0, end - time.monotonic()))[0], "silence"
            data += os.read(self.port, 33 * count - len(data))
        rows = []
        for packet in (data[k : k + 33] for k in range(0, len(data), 33)):
            assert packet[0] == 0xA0 and packet[32] == 0xC0
            channels = [packet[2 + 3 * c : 5 + 3 * c] for c in range(8)]
            rows.append([packet[1], *(int.from_bytes(c, "big", signed=True) for c in channels)])
        return np.array(rows)

    def close_port(self) -> None:
        if self.port >= 0:
            os.close(self.port)
            self.port = -1

    def truth(self, samples: int, timeout_s: float = 3.0) -> np.ndarray:
        """The truth, once it holds that many records."""
        end = time.monotonic() + timeout_s
        while True:
            truth = read_truth(Path(self.ready["truth"]))
            if len(truth) >= samples:
                return truth
            assert time.monotonic() < end, f"only {len(truth)} of {samples} records of truth"
            time.sleep(0.02)


@contextmanager
def board(directory: Path, *arguments: str) -> Iterator[BoardProcess]:
    running = BoardProcess(directory, *arguments)
    try:
        yield running
    finally:
        running.close_port()
        if running.process.poll() is None:
            running.tell(quit=True)
        try:
            status = running.process.wait(5)
        except subprocess.TimeoutExpired:
            running.process.kill()
            status = running.process.wait()
        running.stderr = running.process.stderr.read()
        for stream in (running.process.stdin, running.process.stdout, running.process.stderr):
            try:
                stream.close()
            except BrokenPipeError:
                pass
    assert status == 0, running.stderr


@contextmanager
def streaming(directory: Path, *arguments: str) -> Iterator[BoardProcess]:
    with board(directory, *arguments) as running:
        running.open()
        running.send(b"v")
        assert running.read(2.0, b"$$$").endswith(b"$$$")
        running.send(b"b")
        yield running
