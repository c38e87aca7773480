# SPDX-License-Identifier: GPL-3.0-or-later
"""Boards that brainflow brings along: synthetic, and PLAYBACK with made and real recordings."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

pytest.importorskip("brainflow", reason="brainflow is not installed")

from polled import collect, has

from endplate.errors import BoardError
from endplate.live.board import open_board

UV = 4.5 / (2**23 - 1) / 24 * 1e6


def test_synthetic():
    source = open_board("synthetic")
    source.start()
    blocks = collect(source, 4, has(200))
    source.stop()
    assert blocks[0].counts.shape[1] == 16 and source.info.simulated
    assert np.abs(np.concatenate([b.counts for b in blocks])).max() * source.info.uv_per_count > 1


def playback_file(path: Path, uv: np.ndarray, first: int = 0, rate: float = 250.0) -> Path:
    """Rows in the Cyton's order with even time stamps."""
    n = len(uv)
    rows = np.zeros((n, 24))
    rows[:, 0] = (first + np.arange(n)) % 256
    rows[:, 1:9] = uv
    rows[:, 22] = 1.7e9 + np.arange(n) / rate
    np.savetxt(path, rows, fmt="%.17g", delimiter="\t")
    return path


def test_values_that_are_no_numbers_are_held_and_named(tmp_path):
    uv = np.full((200, 8), 100.0)
    uv[50:60, 2] = np.nan
    path = playback_file(tmp_path / "a.tsv", uv)
    source = open_board("playback", file=path, master_board="cyton")
    source.start()
    blocks = collect(source, 4, has(199))
    source.stop()
    counts = np.concatenate([b.counts for b in blocks])
    assert (counts == round(100 / UV)).all()
    bad = {b.missing for b in blocks}
    assert bad == {0, 1 << 2}
    assert all(b.missing == 0 for b in blocks if b.first > 60 or b.first + len(b.counts) <= 50)


def test_a_playback_says_its_end_and_files_of_another_board_are_refused(tmp_path):
    path = playback_file(tmp_path / "a.tsv", np.zeros((30, 8)))
    source = open_board("playback", file=path)
    source.start()
    collect(source, 3, lambda s, _: s.health == "stalled")
    assert source.sentence == "The file has been played to its end."
    source.stop()
    with pytest.raises(BoardError, match="24 columns, a file of the board cyton-daisy has 32"):
        open_board("playback", file=path, master_board="daisy")
    with pytest.raises(BoardError, match="cannot be read"):
        open_board("playback", file=tmp_path / "none")


def test_a_real_jaw_clench_through_playback(recordings, tmp_path):
    """The data's README: a clench at 86-88.5 s; 60 Hz mains."""
    folder = recordings / "cyton-jawclench"
    with gzip.open(folder / "OpenBCI_GUI-v6-blinks-jawClench-alpha.txt.gz", "rt") as file:
        lines = [line for line in file if not line.startswith("%")][1:]
    rows = np.array([line.split(",")[:9] for line in lines], float)[84 * 250 : 89 * 250]
    path = playback_file(tmp_path / "clench.tsv", rows[:, 1:], int(rows[0, 0]))
    source = open_board("playback", file=path, master_board="cyton")
    source.start()
    blocks = collect(source, 30, has(1200))
    source.stop()
    counts = np.concatenate([b.counts for b in blocks])
    assert len(counts) >= 1200, source.sentence
    expected = np.rint(rows[: len(counts), 1:] / UV).astype(np.int32)
    np.testing.assert_array_equal(counts, expected)
    assert sum(b.filled for b in blocks) == 0
    band = butter(4, [20, 110], "bandpass", fs=250, output="sos")
    notch = butter(2, [57, 63], "bandstop", fs=250, output="sos")
    clean = sosfiltfilt(notch, sosfiltfilt(band, counts * UV, axis=0), axis=0)
    quiet = np.sqrt((clean[125:450] ** 2).mean(axis=0))
    clench = np.sqrt((clean[550:1100] ** 2).mean(axis=0))
    snr = 10 * np.log10((clench**2 - quiet**2).clip(1e-9) / quiet**2)
    assert 3 < snr.max() < 40, snr
