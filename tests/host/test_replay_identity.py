# SPDX-License-Identifier: GPL-3.0-or-later
"""What the control process recorded decodes to the same commands again, gaps and NaN included."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from plain_profile import plain_profile
from sessions import settings

from endplate.live.control import Control
from endplate.live.decoded import compare
from endplate.live.recording import Recording, read_recording
from endplate.live.replay import ReplaySource
from endplate.live.source import Block

pytest.importorskip("brainflow", reason="brainflow is not installed")

FIRST = 70
GAP = (600, 40)  # longer than 0.1 s: all channels are doubted
NAN = (1103, 61, 1 << 1)  # the channel that closes the hand


def movement(n: int, channels: int) -> np.ndarray:
    """Counts of 0.05 uV: contractions of the second and third site in turn."""
    rng = np.random.default_rng(5)
    loud = np.full((n, channels), 5.0)
    loud[100:900, 1], loud[1000:1400, 1], loud[1500:1950, 1] = 90.0, 110.0, 60.0
    loud[500:1300, 2] = 70.0
    return np.rint(rng.normal(0, 1, (n, channels)) * loud / 0.05).astype(np.int32)


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Recording:
    place = tmp_path_factory.mktemp("identity")
    profile = plain_profile(place / "p.json")
    control = Control(settings(place / "s", None, profile=profile, recording=str(place / "r")))
    try:
        control.open()
        counts = movement(2000, control.source.info.channels)
        at, sizes = 0, iter(np.random.default_rng(2).integers(1, 9, 2000).tolist())
        while at < len(counts):
            n, missing, filled = min(next(sizes), len(counts) - at), 0, 0
            if at < GAP[0] <= at + n - 1:
                n = GAP[0] - at
            elif at == GAP[0]:
                n, filled = GAP[1] + 3, GAP[1]  # and what came after it
                counts[at : at + filled] = counts[at - 1]
            elif NAN[0] <= at < NAN[0] + NAN[1]:
                missing = NAN[2]
            now = time.monotonic_ns()
            control._take(Block(counts[at : at + n], FIRST + at, now, now, missing, filled))
            at += n
    finally:
        assert control.close() == []
    recorded = read_recording(Path(control.recording))
    np.testing.assert_array_equal(recorded.counts, counts)
    assert len(np.unique(recorded.targets[GAP[0] :, 0])) > 50, "the hand moves after the gap"
    return recorded


def test_a_gap_and_values_that_were_no_numbers(recording, tmp_path):
    (result,) = compare(recording, tmp_path)
    assert result.identical and result.hops == 400
    assert "all identical" in result.sentence


def test_the_masks_come_through_the_file(recording):
    everything = (1 << recording.channels) - 1
    assert recording.missing[0] == (FIRST + GAP[0], GAP[1] + 3, everything)
    first, n, mask = recording.missing[1]
    assert len(recording.missing) == 2 and mask == NAN[2]
    assert 0 <= first - FIRST - NAN[0] < 8 and 0 <= first + n - FIRST - sum(NAN[:2]) < 8
    masks = recording.missing_masks()
    assert np.count_nonzero(masks) == GAP[1] + 3 + n and masks[GAP[0]] == everything
    assert "missing" not in recording.meta


def test_without_the_masks_it_would_differ(recording, tmp_path):
    (result,) = compare(replace(recording, missing=[]), tmp_path)
    assert not result.identical and "differ from the recording" in result.sentence
    (result,) = compare(replace(recording, missing=recording.missing[:1]), tmp_path)
    assert not result.identical


def test_a_flipped_count_and_a_flipped_target_are_found(recording, tmp_path):
    counts = recording.counts.copy()
    counts[800, 1] ^= 1 << 14
    (result,) = compare(replace(recording, counts=counts), tmp_path)
    assert 0 < result.hops - result.same < 400 and not result.identical
    targets = recording.targets.copy()
    targets[804, 0] ^= 1
    (result,) = compare(replace(recording, targets=targets), tmp_path)
    assert result.hops - result.same == 1


def test_played_as_a_board_it_doubts_the_same_samples(recording):
    source = ReplaySource(recording.path, speed=0)
    source.start()
    masks, counts = [], []
    while not source.ended:
        block = source.poll()
        masks += [block.missing] * len(block.counts)
        counts.append(block.counts)
    np.testing.assert_array_equal(masks, recording.missing_masks())
    np.testing.assert_array_equal(np.concatenate(counts), recording.counts)
