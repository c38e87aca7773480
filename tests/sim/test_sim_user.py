# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated user knows what eyes tell and no more, and closes the loop through the real chain.

Seeds from 301: the user was settled on seeds below 100.
"""

from __future__ import annotations

import json
from functools import lru_cache

import numpy as np
import pytest

from endplate.cli import main
from endplate.cli.simulate import fitts as simulate_fitts
from endplate.cli.simulate.options import dofs_of
from endplate.cli.simulate.person import BLOCK_S, Person, play
from endplate.clinic.trials import fitts, kinds, tac
from endplate.clinic.trials.posture import axes
from endplate.clinic.trials.tac import TacRun
from endplate.core import TARGET_UNIT
from endplate.errors import UsageError
from endplate.live.profile import Profile
from endplate.sim import user as user_module
from endplate.sim.presets import PRESETS
from endplate.sim.prompts import REACTION_S, STEP_S
from endplate.sim.user import DECIDES_S, SEES_S, User

DOFS = ("hand", "elbow")
COLUMNS = [0, 3]
NAME = "tmr-transhumeral"


def user(seed: int = 301) -> User:
    return User(DOFS, 0.8, np.random.default_rng(seed))


def first_effort_s(intent: np.ndarray) -> float:
    return float(np.argmax((np.abs(intent) > 0.02).any(1))) * STEP_S


# ---- the user alone ----


def test_a_target_is_noticed_after_a_reaction_and_approached():
    for seed in range(301, 311):
        someone = user(seed)
        someone.look((0.0, 0.0))
        someone.show((0.8, 0.0), 0.1)
        intent, motion = someone.steps(200)
        assert REACTION_S[0] <= first_effort_s(intent) <= REACTION_S[1] + 0.05
        assert intent[-1, 0] > 0.3 and not intent[:, [1, 2]].any() and not motion.any()


def test_what_happens_on_the_screen_is_seen_late():
    """Two users of one seed; for one the cursor jumps into the target after a second."""
    before, after = user(), user()
    for someone in (before, after):
        someone.look((0.0, 0.0))
        someone.show((0.8, 0.0), 0.1)
        someone.steps(250)
    after.look((0.8, 0.0))
    apart = np.abs(before.steps(200)[0] - after.steps(200)[0]).max(axis=1)
    noticed = np.argmax(apart > 1e-9) * STEP_S
    assert SEES_S - STEP_S <= noticed <= SEES_S + DECIDES_S[1] + 2 * STEP_S


def test_inside_the_target_and_without_one_the_user_lets_go():
    someone = user()
    someone.look((0.4, 0.4))
    someone.show((0.4, 0.4), 0.15)
    assert not someone.steps(300)[0].any()
    someone.show(None)
    someone.look((0.0, 0.0))
    assert not someone.steps(300)[0].any()


def test_what_does_not_move_is_pushed_harder_up_to_a_bound(monkeypatch):
    late = []
    for harder in (user_module.HARDER, 1.0):
        monkeypatch.setattr(user_module, "HARDER", harder)
        someone = user()
        someone.look((0.0, 0.0))
        someone.show((0.2, 0.0), 0.05)
        intent = someone.steps(1500)[0][:, 0]
        late.append(intent[1000:].mean())
        assert intent.max() < 1.8
    assert late[0] > 1.2 * late[1]


def test_one_seed_is_one_user():
    made = []
    for seed in (301, 301, 302):
        someone = user(seed)
        someone.look((0.0, 0.0))
        someone.show((0.5, -0.5), 0.1)
        made.append(someone.steps(400)[0])
    assert np.array_equal(made[0], made[1]) and not np.array_equal(made[0], made[2])


# ---- in the loop ----


@lru_cache
def calibrated(rate_hz: int, seed: int) -> tuple[Person, Profile]:
    person = Person(NAME, seed, rate_hz, DOFS)
    return person, person.calibrated("ridge on RMS", repetitions=2)


def test_every_target_is_reached_at_250_hz():
    person, profile = calibrated(250, 301)
    made = fitts.figures([p.outcome for p in play(person, profile, fitts.targets(2, 8, 301))])
    print(made)
    assert made.completion == 1.0
    assert 0.7 < made.throughput < 2.2  # as people; EMG in two DoF allows no more
    assert 0.6 < made.path_efficiency <= 1.0


def test_at_1000_hz_after_a_shift_and_a_touch_up_too():
    person, profile = calibrated(1000, 302)
    assert profile.hop_samples == 20 and profile.simulated
    person.patient.turn("shift_mm", 10.0)
    person.run(1.0)
    again = person.touched_up(profile)
    assert again.report["touch_up"]["parent"] == profile.name
    made = fitts.figures([p.outcome for p in play(person, again, fitts.targets(2, 8, 302))])
    print(made)
    assert made.completion == 1.0 and made.throughput > 0.7


def test_who_sees_nothing_does_not_arrive(monkeypatch):
    """The loop is closed by looking alone: with the picture frozen the user cannot stop in time."""
    person, profile = calibrated(250, 301)
    monkeypatch.setattr(User, "look", lambda self, cursor: setattr(self, "_look", np.zeros(2)))
    blind = play(person, profile, fitts.targets(2, 6, 303), fitts.Rules(limit_s=6.0))
    assert fitts.figures([p.outcome for p in blind]).completion <= 0.5


def test_a_posture_is_reached_and_kept_in_a_tac_test():
    """The user sees each DoF at a scale on which all tolerances are alike."""
    person, profile = calibrated(250, 301)
    run = TacRun(DOFS, 8, 304, tac.Rules(), axes=axes(person.hand, DOFS))
    scale = 0.09 / run.rules.tolerance_deg
    chain = person.chain(profile)
    someone = User(DOFS, 1.0, np.random.default_rng(304))
    person.patient.will = someone
    hops, shown = [], None
    while not run.over:
        if run.trial is not shown:
            shown = run.trial
            there = None if shown is None else (shown.target - shown.start) * scale
            someone.show(there, 0.09)
        origin = run.posture if shown is None else shown.start
        someone.look((run.posture - origin) * scale)
        for hop in chain.process(person.block()[0]):
            hops.append(hop["target"][: len(DOFS)] / TARGET_UNIT)
            run.step(hops[-1], BLOCK_S)
        assert len(hops) < 10_000
    made = run.record()
    print(made["figures"])
    assert made["figures"]["completion"] >= 0.75
    assert 1.0 < made["figures"]["movement_s"] < 12.0
    assert 0.3 < made["figures"]["path_efficiency"] <= 1.0
    assert kinds.again("tac", made, np.array(hops), BLOCK_S) == made["figures"]


# ---- the command ----


def test_the_command_prints_draws_and_writes(monkeypatch, capsys, tmp_path):
    def made(preset: str, seed: int, rate_hz: int, dofs: tuple[str, ...]) -> Person:
        person, profile = calibrated(rate_hz, 301)
        monkeypatch.setattr(person, "calibrated", lambda decoder: profile)
        return person

    monkeypatch.setattr(simulate_fitts, "Person", made)
    asked = ["simulate", "fitts", "--people", "1", "--targets", "3", "--out", str(tmp_path / "o")]
    assert main(asked) == 0
    said = capsys.readouterr().out
    assert "(simulated)" in said and "A simulated user is not a person" in said
    told = json.loads((tmp_path / "o" / "fitts.json").read_text())
    assert told["simulated"] and told["tests"][0]["completion"] == 1.0
    assert len(told["tests"][0]["trials"]) == 3
    assert (tmp_path / "o" / "ways.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--dofs", "4"], "carries 1 to 3 DoF, not 4"),
        (["--preset", "nobody"], "no simulated patient 'nobody'"),
        (["--shift-mm", "300"], "between -60 and 60, not 300"),
        (["--targets", "0"], "--targets must be 1 or more"),
        (["--decoder", "best"], "There is no decoder 'best'"),
        (["--seed", "-3"], "A seed is 0 or more"),
        (["--out", "/proc/no"], "cannot be made"),
    ],
)
def test_nonsense_is_refused_in_one_sentence(capsys, more, says):
    assert main(["simulate", "fitts", *more]) == 2
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1


def test_dof_come_in_the_order_of_the_preset():
    assert dofs_of(PRESETS[NAME].dofs, 2, NAME) == DOFS
    with pytest.raises(UsageError):
        dofs_of(PRESETS[NAME].dofs, 0, NAME)
