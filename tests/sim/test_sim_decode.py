# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging commands by what a simulated person meant: by hand, and through the real chain."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from endplate.cli import main
from endplate.cli.simulate import decode as simulate_decode
from endplate.cli.simulate.decode import combined_samples, judge
from endplate.cli.simulate.person import Person
from endplate.fit.guided.protocol import Cue
from endplate.live.profile import Profile

DOFS = ("hand", "elbow")


@lru_cache
def calibrated() -> tuple[Person, Profile]:
    person = Person("tmr-transhumeral", 311, 250, DOFS)
    return person, person.calibrated("ridge on RMS", repetitions=2)


def test_samples_of_combined_cues_are_those_of_the_cue_and_its_pause():
    one = Cue("one", {"hand": 1.0}, 0.1, 0.2, 0.1, 0.1)
    two = Cue("two", {"hand": 1.0, "elbow": -0.5}, 0.1, 0.2, 0.1, 0.2)
    mask = combined_samples([(0, one), (5, two), (11, one)], 10, 20)
    assert np.flatnonzero(mask).tolist() == [5, 6, 7, 8, 9, 10]


def test_a_profile_follows_movements_it_was_not_made_from():
    person, profile = calibrated()
    made = judge(person, profile, 30.0)
    print(made)
    assert 0.75 <= made.combined <= 0.985  # delay and motor units forbid more
    assert made.combined < made.combined_undelayed and made.all_r2 < made.all_undelayed
    assert made.combined == pytest.approx(np.mean(made.combined_each))
    assert made.leakage <= 0.05 and made.rest_motion_share <= 0.05
    assert 60 <= made.delay_ms <= 150


def test_a_profile_that_moves_the_wrong_dof_is_found_out():
    person, profile = calibrated()
    wrong = replace(
        profile, dofs=DOFS[::-1],
        shape={dof: profile.shape[other] for dof, other in zip(DOFS, DOFS[::-1], strict=True)},
    )  # fmt: skip
    made = judge(person, wrong, 30.0)
    assert made.combined < 0.5 and made.leakage > 0.1


def test_the_command_prints_and_writes(monkeypatch, capsys, tmp_path):
    def made(*_: object) -> Person:
        person, profile = calibrated()
        monkeypatch.setattr(person, "calibrated", lambda decoder: profile)
        return person

    monkeypatch.setattr(simulate_decode, "Person", made)
    file = tmp_path / "decoded.json"
    asked = ["simulate", "decode", "--people", "1", "--seconds", "30", "--json", str(file)]
    assert main(asked) == 0
    said = capsys.readouterr().out
    assert "(simulated)" in said and "ridge on RMS" in said and "mean" in said
    told = json.loads(file.read_text())
    assert told["simulated"] and told["people"][0]["combined"] > 0.7


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--seconds", "5"], "--seconds must lie between 30 and 3600, not 5"),
        (["--people", "0"], "--people must be 1 or more"),
        (["--after", "sweat"], "'sweat' is no NAME=NUMBER, as sweat=0.5 is."),
        (["--after", "sweat=7"], "sweat must lie between 0 and 1, not 7"),
        (["--dofs", "0"], "carries 1 to 3 DoF, not 0"),
    ],
)
def test_nonsense_is_refused_in_one_sentence(capsys, more, says):
    assert main(["simulate", "decode", *more]) == 2
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1
