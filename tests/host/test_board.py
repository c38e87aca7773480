# SPDX-License-Identifier: GPL-3.0-or-later
"""Boards through the real driver: a small Cyton that can misbehave."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import tty
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("brainflow", reason="brainflow is not installed")

from polled import collect, has

from endplate.errors import BoardError
from endplate.live import boards
from endplate.live.board import open_board

UV = 4.5 / (2**23 - 1) / 24 * 1e6


def count_of(sample: int, channel: int) -> int:
    """A value for every sample and channel, all 24 bits in use; channel 0 is told apart below."""
    return ((sample * 2654435761 + channel * 40503) & 0xFFFFFF) - 0x800000


class Cyton:
    """Answers `v`, `d`, `b`, `s` as the board does and sends 250 packets a second from a thread.

    Channel 0 carries the time of writing, in milliseconds since `epoch`, the others `count_of`.
    """

    def __init__(self, directory: Path) -> None:
        self.link = directory / "cyton"
        self.epoch = time.monotonic_ns()
        self.answers, self.failure, self.paused = True, False, False
        self.skip: set[int] = set()
        self.sent = 0
        self._lock = threading.Lock()
        self._master = self._slave = -1
        self._streaming, self._quit = False, False
        self._due = 0.0
        self.plug()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def plug(self) -> None:
        with self._lock:
            self._master, self._slave = os.openpty()
            tty.setraw(self._slave)
            os.set_blocking(self._master, False)
            self._streaming = False
            self.link.symlink_to(os.ttyname(self._slave))

    def unplug(self) -> None:
        with self._lock:
            self.link.unlink()
            os.close(self._master)
            os.close(self._slave)
            self._master = self._slave = -1

    def close(self) -> None:
        self._quit = True
        self._thread.join()
        if self._master >= 0:
            self.unplug()

    def _answer(self, data: bytes) -> None:
        if not self.answers:
            return
        if b"v" in data:
            os.write(self._master, b"OpenBCI V3 8-16 channel\r\n$$$")
        if b"d" in data:
            os.write(self._master, b"Failure: no board$$$" if self.failure else b"updating$$$")
        if b"b" in data:
            self._streaming, self._due = True, time.monotonic()
        if b"s" in data:
            self._streaming = False

    def _packet(self) -> bytes:
        stamp = (time.monotonic_ns() - self.epoch) // 1_000_000
        values = [stamp] + [count_of(self.sent, c) for c in range(1, 8)]
        body = b"".join((v & 0xFFFFFF).to_bytes(3, "big") for v in values)
        return bytes([0xA0, self.sent % 256]) + body + bytes(6) + b"\xc0"

    def _run(self) -> None:
        while not self._quit:
            time.sleep(0.001)
            with self._lock:
                if self._master < 0:
                    continue
                try:
                    self._answer(os.read(self._master, 64))
                except OSError:
                    pass
                while self._streaming and time.monotonic() >= self._due:
                    self._due += 0.004
                    if self.paused:
                        continue
                    if self.sent not in self.skip:
                        try:
                            os.write(self._master, self._packet())
                        except BlockingIOError:
                            pass
                    self.sent += 1


@pytest.fixture
def cyton(tmp_path):
    board = Cyton(tmp_path)
    yield board
    board.close()


@pytest.fixture
def opened(cyton):
    source = open_board("cyton", str(cyton.link))
    source.start()
    yield source
    source.stop()


# ---- names and settings ----


def test_boards_by_name_and_number():
    assert boards.board_id("cyton") == boards.board_id("CYTON") == boards.board_id("0") == 0
    assert boards.board_id("daisy") == boards.board_id("cyton_daisy") == 2
    assert boards.board_id(-1) == boards.board_id("synthetic") == -1
    assert {"cyton", "ganglion", "freeeeg32", "playback"} <= set(boards.board_names())
    kind = boards.board_kind(0)
    assert (kind.uv_per_count, kind.full_scale_uv, len(kind.channels)) == (UV, 187500.0, 8)
    assert boards.board_kind(2).counter == (2, 256, True)
    assert boards.board_kind(17).rate_hz == 512


def test_every_board_brainflow_knows_can_be_described():
    for name, number in boards.board_names().items():
        if name in ("playback", "emotibit"):
            continue
        kind = boards.board_kind(number)
        assert kind.full_scale_uv / kind.uv_per_count <= 2**23


@pytest.mark.parametrize(
    ("board", "words"),
    [("cyten", 'no board "cyten"; did you mean cyton'), ("999", "no board number 999"),
     ("emotibit", "no channels for electrodes")],
)  # fmt: skip
def test_unknown_boards(board, words):
    with pytest.raises(BoardError, match=words):
        open_board(board, "/dev/null")


def test_unknown_setting_and_ports(tmp_path):
    with pytest.raises(BoardError, match='no setting "colour"'):
        open_board("synthetic", colour="red")
    with pytest.raises(BoardError, match="needs a port"):
        open_board("cyton")
    with pytest.raises(BoardError, match="There is no port /dev/ttyUSB77"):
        open_board("cyton", "/dev/ttyUSB77")
    (tmp_path / "file").write_text("")
    with pytest.raises(BoardError, match="is a file, not a serial port"):
        open_board("cyton", str(tmp_path / "file"))


def test_devices_are_listed():
    listed = boards.list_devices()
    assert listed["boards"]["cyton"] == 0 and isinstance(listed["ports"], list)


def test_the_latency_timer_is_said(monkeypatch):
    monkeypatch.setattr(boards, "latency_timer_ms", lambda port: 16)
    assert "16 ms" in boards.latency_note("/dev/ttyUSB0")
    monkeypatch.setattr(boards, "latency_timer_ms", lambda port: 1)
    assert boards.latency_note("/dev/ttyUSB0") is None


# ---- the Cyton ----


def test_counts_come_bit_for_bit(opened):
    blocks = collect(opened, 6, has(500))
    counts = np.concatenate([b.counts for b in blocks])
    n = len(counts)
    assert n >= 500
    assert all(b.counts.dtype == np.int32 and b.counts.flags.c_contiguous for b in blocks)
    expected = [[count_of(i, c) for c in range(1, 8)] for i in range(n)]
    np.testing.assert_array_equal(counts[:, 1:], expected)
    assert blocks[0].first == 0 and sum(b.filled for b in blocks) == 0
    assert opened.health == "ok" and opened.info.simulated
    last = blocks[-1]
    assert -3_000_000 <= last.arrival_ns - last.newest_ns < 60_000_000


def test_rails_are_kept():
    kind = boards.board_kind(0)
    for count in (-(2**23), -(2**23) + 1, -1, 0, 1, 2**23 - 1):
        uv = count * (4.5 / float(2**23 - 1) / 24.0 * 1000000.0)  # as the driver computes it
        assert round(uv / kind.uv_per_count) == count


def test_lost_packets_are_filled_in_place(cyton, opened):
    cyton.skip = {300, 350, 351, 352}
    blocks = collect(opened, 6, has(500))
    counts = np.concatenate([b.counts for b in blocks])
    assert sum(b.filled for b in blocks) == 4 == opened.clock.lost
    np.testing.assert_array_equal(counts[300], counts[299])
    np.testing.assert_array_equal(counts[350:353], counts[[349] * 3])
    assert counts[353, 1] == count_of(353, 1)


def test_a_stall_is_seen_and_ends(cyton, opened):
    collect(opened, 3, has(100))
    cyton.paused = True
    began = time.monotonic()
    collect(opened, 3, lambda s, _: s.health == "stalled")
    assert opened.health == "stalled" and 0.2 < time.monotonic() - began < 0.6
    assert "sends no samples; the hand holds still" in opened.sentence
    assert opened.stalled(time.monotonic_ns())
    cyton.paused = False
    collect(opened, 3, lambda s, _: s.health == "ok")
    assert opened.health == "ok" and opened.reopened == 0


def test_unplugged_in_mid_stream_and_plugged_again(cyton, opened):
    before = collect(opened, 3, has(100))
    cyton.unplug()
    lost = collect(opened, 5, lambda s, _: s.health == "lost")
    assert opened.health == "lost" and "was unplugged; plug it in" in opened.sentence
    cyton.plug()
    after = collect(opened, 10, lambda s, blocks: s.health == "ok" and len(blocks) > 100)
    assert opened.health == "ok" and opened.reopened == 1
    blocks = before + lost + after
    filled = sum(b.filled for b in after)
    assert filled > 200, "the pause is filled, so that time goes on"
    assert any("opened again" in note for b in after for note in b.notes)
    fresh = next(b for b in after if not b.notes)
    assert fresh.arrival_ns - fresh.newest_ns > 900_000_000, "not trusted at once"
    seconds = (after[-1].arrival_ns - before[0].arrival_ns) / 1e9
    total = after[-1].first + len(after[-1].counts) - blocks[0].first
    assert total / 250 == pytest.approx(seconds, abs=0.15)


def test_stop_while_the_board_is_away(cyton, opened):
    collect(opened, 3, has(50))
    cyton.unplug()
    collect(opened, 5, lambda s, _: s.health == "lost")
    began = time.monotonic()
    opened.stop()
    opened.stop()
    assert time.monotonic() - began < 3


def test_a_board_that_is_off_says_what_to_look_at(cyton):
    cyton.failure = True
    source = open_board("cyton", str(cyton.link))
    with pytest.raises(BoardError, match="does not answer; is it switched on.*GPIO6"):
        source.start()
    cyton.failure = False
    source.start()  # the port was given free
    source.stop()


def test_a_board_that_answers_nothing(cyton):
    cyton.answers = False
    source = open_board("cyton", str(cyton.link))
    with pytest.raises(BoardError, match="does not answer"):
        source.start()


def test_two_sources_cannot_share_a_port(cyton, opened):
    rival = open_board("cyton", str(cyton.link))
    with pytest.raises(BoardError, match=f"in use by process {os.getpid()} "):
        rival.start()


CHILD = """
import sys, time
from endplate.live.board import open_board
source = open_board("cyton", sys.argv[1])
source.start()
print("ready", flush=True)
end = time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    block = source.poll()
    if block is not None:
        print(block.arrival_ns, block.newest_ns, int(block.counts[-1, 0]), block.filled, flush=True)
    time.sleep(0.001)
source.stop()
"""


def age_ms(line: str) -> float:
    arrival, newest, *_ = map(int, line.split())
    return (arrival - newest) / 1e6


def test_a_stopped_reader_never_calls_the_backlog_fresh(cyton):
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(cyton.link), "20"], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(boards.__file__).parents[2])},
    )  # fmt: skip
    try:
        assert child.stdout.readline() == "ready\n"
        lines = [child.stdout.readline() for _ in range(300)]
        assert age_ms(lines[-1]) < 60
        os.kill(child.pid, signal.SIGSTOP)
        stopped = time.monotonic()
        while time.monotonic() < stopped + 1.0:
            time.sleep(0.05)
        os.kill(child.pid, signal.SIGCONT)
        while time.monotonic() < stopped + 8 and not all(age_ms(x) < 60 for x in lines[-50:]):
            lines.append(child.stdout.readline())
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
    rows = np.array([line.split() for line in lines], np.int64)
    early_ms = (rows[:, 1] - cyton.epoch) / 1e6 - rows[:, 2]
    assert early_ms.max() < 30, "an old sample was made to look fresh"
    ages_ms = (rows[:, 0] - rows[:, 1]) / 1e6
    assert ages_ms.max() > 500 and ages_ms[-50:].max() < 60, "the clock is up to date again"
