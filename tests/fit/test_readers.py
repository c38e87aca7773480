# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of real recordings that no other test judges: their readers, figures bracketed from both
sides, and what is said of how they are split. `make sets` has all of them."""

from __future__ import annotations

import numpy as np
import pytest

from endplate.fit.judgement import judge
from endplate.fit.recorded.heard import quality
from endplate.fit.recorded.trials import check, split
from readers import biopatrec_artifacts, cyton, myo_continuous, myo_electrodeshift, myo_onesubject

DECODER = "mean on TD2"


@pytest.mark.parametrize(
    ("reader", "file", "low", "high", "said"),
    [
        (myo_onesubject, "myo-onesubject/OneSubjectMyo.npz", 0.95, 0.998,
         "Learned from repetition 1 to 8, judged on 9 to 12"),
        (myo_continuous, "myo-continuous/45612-1.npz", 0.9, 0.99,
         "Learned from repetition 1 to 4, judged on 5, 6"),
        (biopatrec_artifacts, "biopatrec-artifacts/04_4ch6mov_artifacts.npz", 0.7, 0.957,
         "Learned from repetition 1, 2, judged on 3"),
    ],
)  # fmt: skip
def test_a_set_is_judged_on_what_was_not_learned_from(recordings, reader, file, low, high, said):
    trials = reader.read(recordings / file)
    found = judge(trials, [DECODER]).chosen.figures
    print(trials.name, {name: round(value, 3) for name, value in found.items()})
    assert split(trials).startswith(said)
    assert low < found["r2"] < high and found["direction_accuracy"] > 0.9
    assert found["leakage"] < 0.02


def test_nothing_is_known_for_a_second_after_a_change_of_label(recordings):
    trials = myo_continuous.read(recordings / "myo-continuous" / "12345-1.npz")
    assert trials.dofs == ("hand", "wrist_flexion", "wrist_rotation", "wrist_deviation")
    for part in trials.parts:
        known = np.isfinite(part.y).all(1)
        assert (~known).sum() == pytest.approx(11 * 200, abs=1), "eleven changes a minute"
        moved = np.nanmax(np.abs(part.y), axis=0)
        assert sorted(moved) == [0, 0, 0, 1]


def test_a_moved_armband_is_told_as_one(recordings):
    trials = myo_electrodeshift.read(recordings / "myo-electrodeshift" / "subject16.npz")
    check(trials)
    assert "before the armband was moved, judged on what came after" in split(trials)
    assert sum(part.test for part in trials.parts) == 40


def test_a_recording_without_movements_is_heard(recordings):
    name = "OpenBCI_GUI-v6-blinks-jawClench-alpha.txt.gz"
    heard = quality(cyton.read(recordings / "cyton-jawclench" / name))
    assert len(heard.contractions) == 1 and heard.seconds == pytest.approx(90, abs=0.1)
    found = [channel.quality for channel in heard.channels]
    assert all(10 < each.rest_uv < 30 and each.mains_db > 10 for each in found)
    assert [n for n, each in enumerate(found) if each.snr_db > 14] == [2, 3, 5]
    assert not any(channel.bad_share or channel.clipped_share for channel in heard.channels)
