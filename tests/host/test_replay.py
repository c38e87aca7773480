# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording played through the same interface as a board."""

from __future__ import annotations

import time

import numpy as np
import pytest

from endplate.errors import BoardError
from endplate.live.board import open_board
from endplate.live.journal import Journal
from endplate.live.recording import finalise
from endplate.live.replay import ReplaySource

COUNTS = np.random.default_rng(3).integers(-9000, 9000, (500, 4), dtype=np.int32)


@pytest.fixture
def path(tmp_path):
    meta = {"rate_hz": 250.0, "uv_per_count": 0.1, "board": "cyton", "simulated": True,
            "full_scale_uv": 1000.0, "dofs": []}  # fmt: skip
    journal = Journal(tmp_path / "a", meta)
    journal.samples(1000, COUNTS)
    journal.mark(1100, "cue: close")
    journal.mark(1100, "cue: rest")  # of one instant, in the order of the alphabet
    journal.close()
    return finalise(tmp_path / "a")


def play(source, seconds: float = 5.0):
    source.start()
    blocks = []
    end = time.monotonic() + seconds
    while not source.ended and time.monotonic() < end:
        block = source.poll()
        if block is None:
            time.sleep(0.001)
            continue
        blocks.append(block)
    return blocks


def test_as_fast_as_possible(path):
    source = ReplaySource(path, speed=0)
    blocks = play(source)
    np.testing.assert_array_equal(np.concatenate([b.counts for b in blocks]), COUNTS)
    assert [b.first for b in blocks] == list(range(0, 500, 5))
    assert [note for b in blocks for note in b.notes] == ["cue: close", "cue: rest"]
    assert next(b.first for b in blocks if b.notes) == 100
    assert source.poll() is None and source.health == "stalled"
    assert "played to its end" in source.sentence


def test_in_real_time_with_true_times(path):
    source = open_board("replay", file=path, speed=4.0)
    assert source.info.simulated and source.info.full_scale_uv == 1000.0
    began = time.monotonic()
    blocks = play(source)
    assert time.monotonic() - began == pytest.approx(0.5, abs=0.15)
    np.testing.assert_array_equal(np.concatenate([b.counts for b in blocks]), COUNTS)
    assert all(b.counts.flags.c_contiguous and b.newest_ns <= b.arrival_ns for b in blocks)
    ages = [b.arrival_ns - b.newest_ns for b in blocks]
    assert np.median(ages) < 5_000_000
    source.stop()
    assert source.poll() is None


def test_what_cannot_be_played(tmp_path, path):
    with pytest.raises(BoardError, match="There is no recording"):
        ReplaySource(tmp_path / "none.bdf")
    with pytest.raises(BoardError, match="speed of 0"):
        ReplaySource(path, speed=-1)
    with pytest.raises(BoardError, match="needs a file"):
        open_board("replay")
