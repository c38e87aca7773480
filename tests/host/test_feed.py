# SPDX-License-Identifier: GPL-3.0-or-later
"""The feed: what a watcher reads is whole or not there; the writer waits for nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from endplate.core import HOP
from endplate.errors import SessionError
from endplate.live.feed import FeedInfo, FeedReader, FeedWriter

INFO = FeedInfo(
    rate_hz=250, channels=4, site_labels=("a", "b", "c", "d"), dofs=("hand", "wrist_rotation"),
    joints=("thumb", "index"), hop_samples=5, simulated=True, board="none", montage="free",
    hand="test-hand", joint_limits=((0.0, 90.0), (0.0, 80.0)), montage_channels=(1, 2),
)  # fmt: skip

# Writes samples whose every column is the index, hops whose every field is their number, and
# statuses in which one number stands many times, as fast as it can, for some seconds.
HAMMER = """
import sys, time, numpy as np
sys.path[:0] = [{tests!r}]
from test_feed import INFO, block, hop_of
from endplate.live.feed import FeedWriter
writer = FeedWriter({path!r}, INFO)
print("ready", flush=True)
first, number, end = 0, 0, time.monotonic() + {seconds}
while time.monotonic() < end:
    n = 1 + number * 7 % 400
    writer.samples(first, *block(first, n))
    first += n
    writer.hop(hop_of(number), number, True)
    writer.status({{"t_ns": number, "many": [number] * (1 + number % 900)}})
    number += 1
print(first, number, flush=True)
if {hang}:
    time.sleep(60)
writer.close()
"""


def block(first: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    rows = np.arange(first, first + n)
    return (
        np.repeat(rows.astype(np.int32)[:, None], 4, 1),
        np.repeat((rows % 65536).astype(np.float32)[:, None], 4, 1),
    )


def hop_of(number: int) -> np.void:
    hop = np.zeros(1, HOP)
    for name in HOP.names:
        hop[name] = number % 32000
    return hop[0]


def hammer(path: Path, seconds: float, hang: bool = False) -> subprocess.Popen:
    here = str(Path(__file__).parent)
    code = HAMMER.format(tests=here, path=str(path), seconds=seconds, hang=hang)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "feed"


def test_what_was_written_is_read(path):
    writer = FeedWriter(path, INFO)
    reader = FeedReader(path)
    assert reader.info == INFO
    assert reader.alive and reader.status() == {}
    counts, clean = block(1000, 30)
    writer.samples(1000, counts, clean)
    first, got, cleaned = reader.samples(0)
    assert first == 1000 and np.array_equal(got, counts) and np.array_equal(cleaned, clean)
    assert reader.samples(1030)[0] == 1030 and not len(reader.samples(1030)[1])
    assert reader.samples(10**9)[0] == 1030
    writer.hop(hop_of(7), 123, True, 1029)
    following, hops = reader.hops(0)
    assert following == 1 and hops["t_ns"] == [123] and hops["sent"] == [1]
    assert hops["sample"] == [1029]
    assert (hops["target"] == 7).all() and (hops["power"] == 7).all()
    assert len(reader.hops(following)[1]) == 0
    writer.status({"t_ns": 1, "quality": [np.float32(0.5)], "array": np.arange(2)})
    assert reader.status() == {"t_ns": 1, "quality": [0.5], "array": [0, 1]}
    writer.close()
    assert not reader.alive and not path.is_symlink()
    assert reader.samples(1029)[1][0, 0] == 1029  # what is mapped stays readable


def test_ring_holds_64_s_and_older_samples_are_said_to_be_gone(path):
    writer = FeedWriter(path, INFO)
    reader = FeedReader(path)
    for first in range(0, 40_000, 100):
        writer.samples(first, *block(first, 100))
    first, counts, _ = reader.samples(0)
    assert 64 * 250 <= len(counts) and first + len(counts) == 40_000
    assert np.array_equal(counts[:, 0], np.arange(first, 40_000))
    writer.samples(40_000, *block(40_000, 50_000))  # one block longer than the ring
    first, counts, _ = reader.samples(0)
    assert first + len(counts) == 90_000 and np.array_equal(counts[:, 0], np.arange(first, 90_000))
    writer.samples(5, *block(5, 10))  # the count began anew
    first, counts, _ = reader.samples(0)
    assert first == 5 and np.array_equal(counts[:, 0], np.arange(5, 15))
    writer.close()


def test_a_status_too_long_is_a_note(path):
    writer = FeedWriter(path, INFO)
    writer.status({"t_ns": 3, "much": "x" * 70_000})
    status = FeedReader(path).status()
    assert status["t_ns"] == 3 and "too long" in status["sentences"][0]
    writer.close()


def test_a_reader_never_takes_a_torn_record_for_a_whole_one(path):
    process = hammer(path, 4)
    try:
        reader = FeedReader(path)
        since, hops_since, n_samples, n_hops, n_status = 0, 0, 0, 0, 0
        while process.poll() is None:
            # From the far end of the ring, where the writer is about to overwrite.
            first, counts, clean = reader.samples(since if n_samples % 3 else 0)
            rows = np.arange(first, first + len(counts))
            assert (counts == rows[:, None]).all()
            assert (clean == (rows % 65536).astype(np.float32)[:, None]).all()
            since = first + len(counts)
            n_samples += 1
            following, hops = reader.hops(hops_since if n_samples % 2 else 0)
            numbers = np.arange(following - len(hops), following) % 32000
            for name in HOP.names:
                values = hops[name].reshape(len(hops), -1 if len(hops) else 1)
                assert (values == numbers[:, None]).all(), name
            hops_since = following
            n_hops += len(hops)
            status = reader.status()
            if status:
                assert set(status["many"]) == {status["t_ns"]}
                assert len(status["many"]) == 1 + status["t_ns"] % 900
                n_status += 1
        written = [int(word) for word in process.stdout.readline().split()]
    finally:
        process.kill()
        process.communicate()
    assert written[0] > 20 * 16384  # the ring was overwritten many times
    assert min(n_samples, n_status) > 50 and n_hops > 1000


def test_a_killed_writer_is_noticed_and_its_feed_replaced(path):
    process = hammer(path, 0.2, hang=True)
    reader = FeedReader(path)
    process.stdout.readline()
    assert reader.alive
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not reader.alive
    assert reader.status()  # the last words can still be read by whoever had them open
    with pytest.raises(SessionError, match="start a session"):
        FeedReader(path)
    assert not [p for p in Path("/dev/shm").glob("*endplate*")]
    writer = FeedWriter(path, INFO)
    assert FeedReader(path).alive
    writer.close()


def test_a_frozen_writer_is_not_alive_and_comes_back(path):
    process = hammer(path, 30)
    try:
        reader = FeedReader(path)
        os.kill(process.pid, signal.SIGSTOP)
        started = time.monotonic()
        while reader.alive:
            assert time.monotonic() - started < 5
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGCONT)
        while not reader.alive:
            assert time.monotonic() - started < 10
            time.sleep(0.01)
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("content", [b"", b"x" * 10, b"\0" * 200_000, os.urandom(200_000)])
def test_a_file_that_is_no_feed_is_refused_with_a_sentence(path, content):
    path.write_bytes(content)
    with pytest.raises(SessionError, match="start a session"):
        FeedReader(path)


def test_writing_is_cheap(path):
    writer = FeedWriter(path, INFO)
    counts, clean = block(0, 5)
    hop = hop_of(1)
    best = min(_cost(writer, counts, clean, hop) for _ in range(20))
    writer.close()
    assert best < 200e-6  # of a 20 ms hop; about 25 us on an idle machine


def _cost(writer, counts, clean, hop) -> float:
    start = time.perf_counter()
    for i in range(50):
        writer.samples(5 * i, counts, clean)
        writer.hop(hop, i, True)
    return (time.perf_counter() - start) / 50
