# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: nothing but the last second is lost, and nobody waits for the disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from endplate.errors import RecordingError
from endplate.live import journal as journals
from endplate.live.journal import Journal, journal_path
from endplate.live.recording import finalise, read_journal, read_recording, recover

META = {
    "rate_hz": 250.0, "channels": 4, "uv_per_count": 0.0223, "dofs": ["hand", "wrist_rotation"],
    "site_labels": ["a", "b", "c", "d"], "board": "cyton", "montage": "free", "hop_samples": 5,
}  # fmt: skip


def counts_of(first: int, n: int, channels: int = 4) -> np.ndarray:
    sample = np.arange(first, first + n)[:, None]
    return ((sample * 7919 + np.arange(channels) * 104729) % 2**24 - 2**23).astype(np.int32)


def write(path: Path, n: int = 1000, *, block: int = 5, first: int = 0, close: bool = True):
    journal = Journal(path, META)
    for at in range(first, first + n, block):
        journal.samples(at, counts_of(at, block))
        journal.hop(at + block - 1, np.array([at / 1e3, -0.5]), np.array([at % 10_000, -5]), True)
    journal.flush()
    if close:
        journal.close()
    return journal


def test_what_is_appended_comes_back(tmp_path):
    journal = write(tmp_path / "a", first=70)
    assert journal.path == tmp_path / "a.journal"
    recording, closed = read_journal(journal.path)
    assert closed and recording.first == 70 and recording.meta["montage"] == "free"
    np.testing.assert_array_equal(recording.counts, counts_of(70, 1000))
    assert not recording.sent[:4].any() and recording.sent[4:].all()
    np.testing.assert_array_equal(recording.targets[4:9], [[70, -5]] * 5)
    np.testing.assert_array_equal(recording.targets[9], [75, -5])


@pytest.mark.parametrize("name", ["x", "x.journal", "x.bdf"])
def test_the_name_of_a_recording(name):
    assert journal_path(f"/d/{name}") == Path("/d/x.journal")
    assert journal_path("/d/visit-1.2").name == "visit-1.2.journal"


def test_the_profile_is_taken_along(tmp_path):
    (tmp_path / "p.json").write_text('{"version": 1}')
    journal = Journal(tmp_path / "a", {**META, "profile": str(tmp_path / "p.json")})
    journal.samples(0, counts_of(0, 5))
    journal.close()
    assert read_journal(journal.path)[0].meta["profile_text"] == '{"version": 1}'


def test_an_existing_recording_is_not_overwritten(tmp_path):
    journal = write(tmp_path / "a", 10)
    with pytest.raises(RecordingError, match="exists already"):
        Journal(journal.path, META)


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingError, match="cannot be made"):
        Journal(tmp_path / "file" / "a", META)


# ---- damage ----


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> bytes:
    return write(tmp_path_factory.mktemp("j") / "a", 200).path.read_bytes()


@settings(max_examples=60, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(data=st.data())
def test_cut_or_flipped_anywhere_keeps_all_before(whole, tmp_path, data):
    header = len(journals.MAGIC) + int.from_bytes(whole[len(journals.MAGIC) :][:4], "little") + 9
    at = data.draw(st.integers(header + 300, len(whole) - 1))
    bit = data.draw(st.sampled_from([None, *range(8)]))
    damaged = bytearray(whole[:at] if bit is None else whole)
    if bit is not None:
        damaged[at] ^= 1 << bit
    path = tmp_path / "d.journal"
    path.write_bytes(damaged)
    recording, closed = read_journal(path)
    np.testing.assert_array_equal(recording.counts, counts_of(0, len(recording.counts)))
    record = 9 + 14 + 5 * 4 * 4 + 9 + 10 + 2 * 6  # samples and hop
    assert len(recording.counts) >= ((at - header) // record) * 5
    if not closed:
        assert recording.annotations[-1][1].startswith("warning: the recording was not closed")
    elif bit is None:
        assert len(recording.counts) == 200


def test_other_files_and_other_versions(tmp_path):
    path = tmp_path / "a.journal"
    path.write_bytes(b"ENDPLATE JOURNAL 7\n" + b"x" * 50)
    with pytest.raises(RecordingError, match="another version"):
        read_recording(path)
    path.write_bytes(journals.MAGIC)
    with pytest.raises(RecordingError, match="lost its beginning"):
        read_recording(path)
    with pytest.raises(RecordingError, match="not a recording"):
        list(journals.records(Path(__file__)))


# ---- ends that nobody asked for ----

WRITER = """
import sys, time, json
import numpy as np
sys.path.insert(0, sys.argv[2])
from test_journal import META, counts_of
from endplate.live.journal import Journal
if len(sys.argv) > 3:
    import resource
    limit = int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
journal = Journal(sys.argv[1], META)
start, sample, longest = time.monotonic(), 0, 0
while time.monotonic() < start + 20:
    due = int((time.monotonic() - start) * 250) // 5 * 5
    if due > sample:
        began = time.monotonic()
        journal.samples(sample, counts_of(sample, due - sample))
        journal.hop(due - 1, np.zeros(2), np.zeros(2), True)
        longest = max(longest, time.monotonic() - began)
        sample = due
        print(json.dumps([sample, journal.health, journal.sentence]), flush=True)
    time.sleep(0.002)
"""


def writer(path: Path, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(Path(__file__).parent), *arguments],
        stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(journals.__file__).parents[2])},
    )  # fmt: skip


def end(child: subprocess.Popen) -> list[str]:
    child.kill()
    rest = child.stdout.read().splitlines()
    child.wait()
    child.stdout.close()
    return rest


@pytest.mark.parametrize("how", [signal.SIGKILL])
def test_kill_9_loses_less_than_a_second(tmp_path, how):
    child = writer(tmp_path / "a")
    try:
        for line in child.stdout:
            if int(line.split(",")[0][1:]) >= 600:
                break
        assert recover(tmp_path) == [], "its writer lives"
        with pytest.raises(RecordingError, match="still being written"):
            finalise(tmp_path / "a")
        child.send_signal(how)
    finally:
        rest = end(child)
    handed_over = int((rest or [line])[-1].split(",")[0].strip("["))
    made = recover(tmp_path)
    assert made == [tmp_path / "a.bdf"] and not (tmp_path / "a.journal").exists()
    recording = read_recording(made[0])
    assert handed_over - len(recording.counts) <= 125, "half a second"
    np.testing.assert_array_equal(recording.counts, counts_of(0, len(recording.counts)))
    assert recording.annotations[-1][1].startswith("warning: the recording was not closed")
    assert recover(tmp_path) == []


def test_disk_full_stops_the_recording_not_the_control(tmp_path):
    child = writer(tmp_path / "a", "20000")
    try:
        lines = []
        for line in child.stdout:
            lines.append(line)
            if '"failed"' in line and len(lines) > 20:
                break
        more = [child.stdout.readline() for _ in range(20)]
    finally:
        end(child)
    assert all('"failed"' in line and "The recording stopped (" in line for line in more)
    assert "make room on the disk" in more[0] and "control goes on" in more[0]
    assert (tmp_path / "a.journal").stat().st_size <= 20_000
    records = list(journals.records(tmp_path / "a.journal"))
    assert records[-1][0] != "?", "the file ends with a whole record"
    made = recover(tmp_path)
    recording = read_recording(made[0])
    assert len(recording.counts) > 400
    np.testing.assert_array_equal(recording.counts, counts_of(0, len(recording.counts)))


def test_nobody_waits_for_a_disk_that_hangs(tmp_path, monkeypatch):
    free = threading.Event()
    journal = Journal(tmp_path / "a", META)
    real = os.write
    monkeypatch.setattr(journals.os, "write", lambda fd, data: free.wait(10) and real(fd, data))
    monkeypatch.setattr(journals, "QUEUE_LIMIT", 100_000)
    slowest = 0.0
    for at in range(0, 20_000, 5):
        began = time.thread_time()
        journal.samples(at, counts_of(at, 5))
        slowest = max(slowest, time.thread_time() - began)
    assert slowest < 0.02
    assert journal.health == "failed" and "takes too long" in journal.sentence
    free.set()
    journal.close()
    recording, _ = read_journal(journal.path)
    np.testing.assert_array_equal(recording.counts, counts_of(0, len(recording.counts)))


def test_memory_does_not_grow_with_the_recording(tmp_path):
    journal = Journal(tmp_path / "a", META)
    most = 0
    for at in range(0, 100_000, 50):
        journal.samples(at, counts_of(at, 50))
        most = max(most, journal._queued)
        if at % 10_000 == 0:
            journal.flush()
            assert journal._queued == 0
    journal.close()
    assert most < 400_000 and journal.health == "ok"
