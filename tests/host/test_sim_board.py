# SPDX-License-Identifier: GPL-3.0-or-later
"""The board's process on its pty, as a serial program and as the real brainflow driver see it."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from board_process import HOST, BoardProcess, board, streaming

COUNT_UV = 4.5 / (2**23 - 1) / 24 * 1e6


# ---- as a serial program sees it ----


def test_silent_before_start_then_a_packet_every_4_ms(tmp_path):
    with board(tmp_path) as running:
        running.open()
        assert running.read(0.2) == b""
        running.send(b"v")
        assert running.read(2.0, b"$$$").endswith(b"$$$")
        running.send(b"d")
        assert running.read(2.0, b"$$$").endswith(b"$$$")
        assert running.read(0.1) == b""
        running.send(b"b")
        started = time.monotonic()
        rows = running.packets(250)
        assert 0.9 < time.monotonic() - started < 1.5
        assert list(rows[:, 0]) == list(range(250))
        running.send(b"s")
        running.read(0.1)
        assert running.read(0.1) == b""


def test_same_seed_gives_the_same_counts_in_two_processes(tmp_path):
    rows = []
    for run in ("a", "b"):
        with streaming(tmp_path / run, "--seed", "9") as running:
            rows.append(running.packets(50))
    assert np.array_equal(rows[0], rows[1])


def test_prompts_reach_the_patient_and_bad_requests_only_stderr(tmp_path):
    with streaming(tmp_path) as running:
        running.process.stdin.write('{"prompt": \n[1]\n"quit"\n')
        running.tell(fault={"explode": 1})
        running.tell(fault={"drop": "often"})
        running.tell(prompt={"target": {"nose": 1}})
        running.tell(prompt={"target": {"hand": 1.0}, "rise_s": 0.2, "hold_s": None, "label": "x"})
        rows = running.packets(375)
        truth = running.truth(375)
    assert len(running.stderr.splitlines()) == 6
    intent = truth["intent"][:375]
    assert intent[:20].max() == 0.0 and intent[300:, 0].min() > 0.75
    assert np.all(intent[:, 1:] == 0.0)
    note = json.loads((tmp_path / "prompts.jsonl").read_text())
    onset = np.flatnonzero(intent[:, 0] > 0.02)[0]
    assert 0.24 < (onset - note["sample"]) / 250 < 0.5
    hand = np.diff(rows[:, 2]).astype(float)
    assert np.std(hand[300:]) > 5 * np.std(hand[:20])


def test_one_who_plays_sees_a_target_and_bad_games_reach_only_stderr(tmp_path):
    with streaming(tmp_path) as running:
        for game in ({"dofs": ["nose"], "speed_per_s": 1}, {"dofs": ["hand"]}, 7):
            running.tell(play=game)
        running.tell(play={"dofs": ["elbow"], "speed_per_s": 0.8})
        running.tell(look=[0.0], show={"target": [-0.8], "radius": 0.1})
        running.packets(375)
        running.tell(play=None)
        running.packets(125)
        intent = running.truth(500)["intent"][:500]
    assert len(running.stderr.splitlines()) == 3
    assert intent[:40].max() == 0.0 and intent[200:350, 3].max() < -0.3
    assert np.all(intent[:, :3] == 0.0) and np.all(intent[-50:] == 0.0)


def test_lost_packets_are_counted_and_jump(tmp_path):
    with streaming(tmp_path) as running:
        running.tell(fault={"drop": 0.3})
        rows = running.packets(150)
        running.tell(fault={"drop": 0})
        truth = running.truth(int(rows[-1, 0]) + 1)
    written = truth["write_ns"] > 0
    assert 0.15 < 1 - np.mean(written[10:])
    assert np.array_equal(rows[:, 0], truth["sample"][written][:150] % 256)
    assert np.array_equal(truth["sample"], np.arange(len(truth)))


def test_stall_loses_its_packets_and_ends_by_itself(tmp_path):
    with streaming(tmp_path) as running:
        before = running.packets(50)
        running.tell(fault={"stall_s": 0.5})
        running.read(0.15)
        assert running.read(0.25) == b""
        after = running.packets(20)
        gap = (after[0, 0] - before[-1, 0]) % 256
        assert 100 < gap < 180
        assert np.all(np.diff(after[:, 0]) % 256 == 1)


def test_board_that_is_off_answers_nothing(tmp_path):
    with board(tmp_path) as running:
        running.open()
        running.tell(fault={"silent": True})
        time.sleep(0.1)  # the request travels on another path than the bytes
        running.send(b"v")
        assert running.read(0.3) == b""
        running.tell(fault={"silent": False})
        time.sleep(0.1)
        running.send(b"v")
        assert running.read(2.0, b"$$$").endswith(b"$$$")


def test_unplugged_port_hangs_up_and_returns_under_its_name(tmp_path):
    with streaming(tmp_path) as running:
        name = Path(running.ready["port"])
        running.packets(20)
        running.tell(fault={"unplug_s": 0.4})
        with pytest.raises(OSError):
            end = time.monotonic() + 2.0
            while time.monotonic() < end:
                if select.select([running.port], [], [], 0.1)[0] and not os.read(running.port, 99):
                    raise OSError("end of file")
        assert not name.exists()
        running.close_port()
        end = time.monotonic() + 3.0
        while not name.exists():
            assert time.monotonic() < end, "the port did not come back"
            time.sleep(0.01)
        running.open()
        assert running.read(0.1) == b""
        running.send(b"v")
        assert running.read(2.0, b"$$$").endswith(b"$$$")
        running.send(b"b")
        assert list(running.packets(5)[:, 0]) == list(range(5))


def test_host_that_stops_reading_collects_half_a_second_and_never_blocks_the_board(tmp_path):
    with streaming(tmp_path) as running:
        truth = running.truth(300, timeout_s=5.0)
        assert np.all(truth["write_ns"][:120] > 0) and np.all(truth["write_ns"][130:300] == 0)
        rows = running.packets(150)
        jump = np.diff(rows[:, 0]) % 256
        assert np.all(np.delete(jump, np.argmax(jump)) == 1) and jump.max() > 100


def test_host_that_vanishes_leaves_nothing_behind_for_the_next(tmp_path):
    with streaming(tmp_path) as running:
        running.packets(20)
        running.close_port()  # without a word, as a killed program does
        before = len(running.truth(60))
        running.open()
        running.send(b"v")
        answer = running.read(2.0, b"$$$")
        assert answer.index(b"OpenBCI") < 33 * 20
        assert running.read(0.1) == b""
        truth = running.truth(before)
        assert np.any(truth["write_ns"][20:] == 0)


def test_railed_and_lifted_channels(tmp_path):
    with streaming(tmp_path) as running:
        running.packets(5)
        running.tell(fault={"rail": 2})
        running.tell(fault={"lift": 3})
        running.packets(40)
        rows = running.packets(250)
        assert np.all(rows[:, 2] == 2**23 - 1)
        assert np.std(rows[:, 3]) * COUNT_UV > 5 * np.std(rows[:, 1]) * COUNT_UV
        running.tell(fault={"restore": 0})
        running.packets(40)
        assert np.all(running.packets(50)[:, 2] < 2**23 - 1)


def test_garbage_comes_between_packets(tmp_path):
    with streaming(tmp_path) as running:
        running.tell(fault={"garbage": 0.5})
        data = running.read(0.6)
    assert len(data) % 33 or any(data[k] != 0xA0 for k in range(0, len(data), 33))
    assert 33 * 150 < len(data) < 33 * 400


def test_recording_plays_to_the_count_and_then_nothing(tmp_path):
    counts = np.random.default_rng(1).integers(-(2**23), 2**23, (100, 8))
    path = tmp_path / "play.npz"
    np.savez(path, uv=counts * COUNT_UV, rate_hz=250)
    with streaming(tmp_path, "--play", str(path)) as running:
        assert np.array_equal(running.packets(100)[:, 1:], counts)
        assert running.read(0.2) == b""


def test_errors_are_one_json_line(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "endplate.sim.board", "--directory", str(tmp_path)]
        + ["--patient", "nobody"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        env=os.environ | {"PYTHONPATH": str(HOST)},
    )
    assert done.returncode == 2 and "no simulated patient" in json.loads(done.stdout)["error"]
    assert done.stderr == ""


def test_ends_with_its_parent_and_on_request_and_leaves_no_child(tmp_path):
    for way in ("eof", "term"):
        running = BoardProcess(tmp_path / way)
        children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children")
        child = int(children.read_text().split()[0])
        if way == "eof":
            running.process.stdin.close()
        else:
            running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(5) == 0
        assert not Path(f"/proc/{child}").exists()
        assert not Path(running.ready["port"]).is_symlink()
        for stream in (running.process.stdin, running.process.stdout, running.process.stderr):
            stream.close()


# ---- as the real driver sees it ----


@contextmanager
def driver(board_id: int, port: str) -> Iterator[Any]:
    shim = pytest.importorskip("brainflow.board_shim", reason="brainflow is not installed")
    shim.BoardShim.disable_board_logger()
    parameters = shim.BrainFlowInputParams()
    parameters.serial_port = port
    session = shim.BoardShim(board_id, parameters)
    session.prepare_session()
    try:
        yield session
    finally:
        session.release_session()


def collected(session: Any, seconds: float) -> np.ndarray:
    """Rows of that many seconds, drained as a live program does."""
    parts, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.02)
        parts.append(session.get_board_data())
    session.stop_stream()
    parts.append(session.get_board_data())
    return np.concatenate(parts, axis=1)


def test_brainflow_reads_a_cyton_for_10_s_without_loss(tmp_path):
    counts = np.random.default_rng(2).integers(-(2**23), 2**23, (3000, 8))
    path = tmp_path / "play.npz"
    np.savez(path, uv=counts * COUNT_UV, rate_hz=250)
    for attempt in range(3):  # a machine that stands still for half a second loses packets
        place = tmp_path / str(attempt)
        with (
            board(place, "--play", str(path)) as running,
            driver(0, running.ready["port"]) as session,
        ):
            session.start_stream()
            started = time.monotonic()
            rows = collected(session, 10.0)
            elapsed = time.monotonic() - started
            count = rows.shape[1]
            truth = running.truth(count)
        gap_ms = np.diff(truth["write_ns"][truth["write_ns"] > 0]).max() / 1e6
        late_ms = (truth["write_ns"] - truth["write_ns"][0]) / 1e6 - 4.0 * np.arange(len(truth))
        late_ms -= np.percentile(late_ms, 1)
        p50, p95, p99 = np.percentile(late_ms, [50, 95, 99])
        print(
            f"write times: jitter p50 {p50:.3f}, p95 {p95:.3f}, p99 {p99:.3f}, gap {gap_ms:.0f} ms"
        )
        if gap_ms < 100.0:
            break
    sent = truth["write_ns"][:count] > 0
    assert np.all(sent), f"{np.count_nonzero(~sent)} packets lost, longest gap {gap_ms:.0f} ms"
    assert np.array_equal(np.rint(rows[1:9].T / COUNT_UV).astype(int), counts[:count])
    assert np.array_equal(rows[0], np.arange(count) % 256)
    assert count / elapsed == pytest.approx(250.0, rel=0.02)
    assert p50 < 2.0  # the tail belongs to the machine
    assert rows[22][-1] - rows[22][0] == pytest.approx(count / 250, abs=0.3)


def test_brainflow_reads_a_daisy_with_16_channels(tmp_path):
    counts = np.random.default_rng(3).integers(-(2**23), 2**23, (600, 16))
    path = tmp_path / "play.npz"
    np.savez(path, uv=counts * COUNT_UV, rate_hz=125)
    arguments = ("--board", "daisy", "--play", str(path))
    with board(tmp_path, *arguments) as running, driver(2, running.ready["port"]) as session:
        session.start_stream()
        started = time.monotonic()
        rows = collected(session, 3.0)
        elapsed = time.monotonic() - started
        truth = running.truth(rows.shape[1])
    count = rows.shape[1]
    assert np.array_equal(np.rint(rows[1:17].T / COUNT_UV).astype(int), counts[:count])
    assert np.all(np.diff(rows[0]) % 256 == 2)
    assert count / elapsed == pytest.approx(125.0, rel=0.02)
    assert np.all(truth["write_ns"] > 0) and np.array_equal(truth["sample"], np.arange(len(truth)))
