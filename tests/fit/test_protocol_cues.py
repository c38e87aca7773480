# SPDX-License-Identifier: GPL-3.0-or-later
"""The cues: their order, their length, their words, and what the simulated patient is told."""

import numpy as np
import pytest

from endplate.fit.guided.protocol import (
    Cue,
    calibration_protocol,
    combined_cues,
    counted,
    words,
)
from endplate.sim.prompts import Prompt

DOFS = ("hand", "elbow")


def test_two_dof_take_about_two_minutes():
    cues = calibration_protocol(DOFS)
    assert 90 <= sum(cue.duration_s for cue in cues) <= 130


def test_the_order_is_rest_motion_references_repetitions():
    kinds = [cue.kind for cue in calibration_protocol(DOFS, repetitions=2)]
    assert kinds == ["rest", "motion"] + ["reference"] * 4 + ["trapezoid"] * 8


def test_every_direction_comes_once_in_each_repetition():
    cues = [cue for cue in calibration_protocol(DOFS, 3) if cue.kind == "trapezoid"]
    for repetition in range(3):
        said = [cue.label for cue in cues[4 * repetition : 4 * repetition + 4]]
        assert said == ["Close hand", "Open hand", "Bend elbow", "Straighten elbow"]


def test_combinations_are_the_pairs_of_directions_of_two_dof():
    assert len(combined_cues(DOFS)) == 4
    assert len(combined_cues(("hand", "wrist_rotation", "elbow"))) == 12
    assert combined_cues(DOFS)[1].label == "Close hand + straighten elbow"
    assert combined_cues(DOFS)[1].target == {"hand": 1.0, "elbow": -1.0}
    assert calibration_protocol(DOFS, combinations=True)[-1].kind == "combination"


def test_the_trapezoid_rises_holds_and_falls():
    cue = Cue("Close hand", {"hand": 1.0})
    at = np.array([-1.0, 0.0, 0.5, 1.0, 2.9, 3.5, 4.0, 5.9])
    assert cue.level(at) == pytest.approx([0, 0, 0.5, 1, 1, 0.5, 0, 0])
    assert cue.active_s == 4 and cue.duration_s == 6


def test_a_cue_without_rise_is_a_step():
    assert Cue("now", {"hand": 1.0}, 0, 2, 0).level(np.array([-0.01, 0.1, 1.9, 2.1])).tolist() == [
        0, 1, 1, 0,
    ]


def test_rest_asks_for_nothing():
    rest, motion = calibration_protocol(DOFS)[:2]
    assert not rest.level(np.linspace(0, 5, 50)).any() and rest.duration_s == 5
    assert motion.kind == "motion" and not motion.target


@pytest.mark.parametrize("cue", calibration_protocol(DOFS, 1, combinations=True))
def test_the_simulated_patient_understands_every_prompt(cue):
    prompt = Prompt.from_request(cue.prompt())
    assert prompt.duration_s == pytest.approx(cue.active_s)
    assert prompt.label == cue.label and prompt.kind == cue.kind


def test_a_dof_nobody_named_still_has_words():
    assert words("thumb_rotation", -1.0) == "Thumb rotation back"


@pytest.mark.parametrize(("count", "said"), [(0, "0 visits"), (1, "1 visit"), (2.0, "2 visits")])
def test_one_is_not_several(count, said):
    assert counted(count, "visit") == said
