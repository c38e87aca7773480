# SPDX-License-Identifier: GPL-3.0-or-later
"""Each repetition judged as it ends: what was done otherwise than asked is found and named."""

from __future__ import annotations

import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from cued_emg import (
    CHANNELS,
    DOFS,
    FULL_SCALE_UV,
    MIX_UV,
    RATE_HZ,
    UV_PER_COUNT,
    counts_of,
    intents,
    montage,
    started,
)
from rich.console import Console

from endplate.cli.calibrate import guided
from endplate.fit.guided import repetition
from endplate.fit.guided.protocol import Cue, calibration_protocol, posture_cues
from endplate.fit.guided.repetition import Measured, outliers
from endplate.fit.guided.watch import Watch

CUES = calibration_protocol(DOFS)
FIRST = 6  # index of "Close hand 1"; the rest, the motion and four references come before
BURST = {"rise_s": 0.1, "hold_s": 0.4, "fall_s": 0.1, "rest_s": 5.4}
INFO = SimpleNamespace(
    rate_hz=RATE_HZ, uv_per_count=UV_PER_COUNT, full_scale_uv=FULL_SCALE_UV, mains_hz=50,
    channels=CHANNELS,
)  # fmt: skip


class Played:
    """As Guide, of a calibration that is over: at each cue only what had come by then."""

    def __init__(self, counts, cues):
        self.all, self.started, self.until, self.voided = counts, started(cues), 0, []

    def counts(self, start, stop):
        start = max(0, start)
        return self.all[start : min(stop, self.until)], start

    def void(self, index):
        self.voided.append(index)


def watched(done=None, cues=CUES, reactions=None, spoil=None, seed=3):
    """What a Watch said of people who did `done` (cues by index) instead of as they were asked."""
    did = [replace(cue, **(done or {}).get(k, {})) for k, cue in enumerate(cues)]
    parts = [intents([cue], (reactions or {}).get(k, 0.3)) for k, cue in enumerate(did)]
    counts = counts_of(np.concatenate(parts), seed)
    if spoil is not None:
        spoil(counts, started(cues))
    guide, watch, said = Played(counts, cues), Watch(montage().sites, INFO), []
    for index, (start, cue) in enumerate(guide.started):
        guide.until = start + round((cue.active_s + 0.8) * RATE_HZ)
        said.append(watch.look(guide, index))
    return guide, watch, said


def test_what_was_done_as_asked_is_good_and_nothing_is_to_be_repeated():
    _, watch, said = watched()
    assert said[0] == "Rest: Good" and said[1] == ""
    assert said[2] == "Close hand: comfortable effort: Good" and said[6] == "Close hand 1: Good"
    assert all(text.endswith(": Good") for text in said[2:])
    assert watch.to_repeat() == []
    for one in watch.done:
        assert one.measured.reaction_s == pytest.approx(0.3, abs=0.1)
        assert one.measured.correlation > 0.9


@pytest.mark.parametrize(
    ("done", "reaction", "says"),
    [
        ({}, 1.2, "Too late (1.2 s): repeat, begin with the bar"),
        ({}, -0.4, "Too early: wait for the word"),
        ({"target": {}}, 0.3, "Nothing heard: repeat"),
        ({"target": {"hand": 0.25}}, 0.3, "Too weak (2"),
        ({"target": {"hand": 3.5}}, 0.3, "Too strong (3"),
        ({"target": {"elbow": -1.0}}, 0.3, "This was straighten elbow: repeat, close hand"),
        ({"target": {"hand": 1.0, "elbow": 1.0}}, 0.3, "Other muscles joined in: repeat, close"),
        (BURST, 0.3, "Does not follow the bar"),
    ],
)
def test_a_mistake_is_named_at_once_and_comes_first_among_those_to_repeat(done, reaction, says):
    k = FIRST + 4  # "Close hand 2"
    _, watch, said = watched({k: done}, reactions={k: reaction})
    assert said[k].startswith(f"Close hand 2: {says}"), said[k]
    assert [one.index for one in watch.to_repeat()] == [k]
    assert sum(not text.endswith(": Good") for text in said if text) == 1


def test_a_movement_that_begins_out_of_another_is_said():
    def spoil(counts, cues):
        start = cues[FIRST + 4][0]
        held = cues[FIRST][0] + 2 * RATE_HZ  # from a hold of the same movement
        counts[start - RATE_HZ : start + RATE_HZ // 4] = counts[held : held + 5 * RATE_HZ // 4]

    _, watch, said = watched(spoil=spoil)
    assert "Not at rest before it: let go" in said[FIRST + 4]


def test_a_site_that_loses_contact_in_it_is_named():
    def spoil(counts, cues):
        start = cues[FIRST + 5][0]
        counts[start + RATE_HZ : start + 3 * RATE_HZ, 1] = 2**23 - 1

    _, watch, said = watched(spoil=spoil)
    says = "Open hand 2: site 2 lost contact: press the electrode on, then repeat"
    assert said[FIRST + 5] == says
    assert watch.to_repeat()[0].index == FIRST + 5


def test_a_site_that_is_noisy_at_rest_and_hears_nothing_is_named():
    def spoil(counts, cues):
        start = cues[FIRST + 5][0] - RATE_HZ
        noise = np.random.default_rng(1).standard_normal(7 * RATE_HZ) * 18 / UV_PER_COUNT
        counts[start : start + len(noise), 2] = np.round(noise + 900_000).astype(np.int32)

    _, watch, said = watched(spoil=spoil)
    says = "site 3 noisy at rest, too: press the electrode on"
    assert said[FIRST + 5].startswith(f"Open hand 2: {says}")


def test_a_rest_in_which_somebody_moves_is_said():
    def spoil(counts, cues):
        held = cues[FIRST][0] + 2 * RATE_HZ
        counts[2 * RATE_HZ : 3 * RATE_HZ] = counts[held : held + RATE_HZ]

    assert "not at rest all the time" in watched(spoil=spoil)[2][0]


def test_the_worst_come_first():
    done = {FIRST + 4: {"target": {"hand": 0.25}}, FIRST + 7: {"target": {}}}
    _, watch, _ = watched(done)
    assert [one.verdict.fault for one in watch.to_repeat()] == ["silent", "weak"]


def test_a_repeat_that_is_good_replaces_and_one_that_is_worse_does_not():
    again = [*CUES, CUES[FIRST + 4]]
    guide, watch, _ = watched({FIRST + 4: {"target": {"hand": 0.25}}}, again)
    (old,) = watch.to_repeat()
    assert watch.replaced(guide, old).index == len(CUES) and guide.voided == [FIRST + 4]
    assert watch.to_repeat() == []
    both = {FIRST + 4: {"target": {"hand": 0.25}}, len(CUES): {"target": {}}}
    guide, watch, _ = watched(both, again)
    old = next(one for one in watch.to_repeat() if one.index == FIRST + 4)
    assert watch.replaced(guide, old) is old and guide.voided == [len(CUES)]


def measured(level_uv, movement=0):
    dof, sign = ("hand", "elbow")[movement // 2], (1.0, -1.0)[movement % 2]
    return Measured(Cue("", {dof: sign}), 1, 0.3, 0.95, np.array(level_uv), np.full(4, 4.0), 0, (),
                    np.full(4, 4.0))  # fmt: skip


def test_an_outlier_is_found_among_people_as_they_vary():
    """Everybody varies by a tenth or so; twice the effort is another thing, were it done twice."""
    found = false = 0
    for seed in range(20):
        chance = np.random.default_rng(seed)
        done = [measured(MIX_UV[:, k % 4] * chance.normal(1, 0.1, 4), k % 4) for k in range(16)]
        false += len(outliers(done))
        done[5] = measured(2.0 * done[5].level_uv, 1)
        done[14] = measured(0.3 * done[14].level_uv, 2)
        found += set(outliers(done)) >= {5, 14}
    assert found >= 19 and false <= 2


def test_somebody_who_always_varies_much_is_not_told_that_everything_is_wrong():
    flagged = 0
    for seed in range(20):
        chance = np.random.default_rng(100 + seed)
        done = [measured(MIX_UV[:, k % 4] * chance.normal(1, 0.3, 4), k % 4) for k in range(16)]
        flagged += len(outliers(done))
    assert flagged <= 0.05 * 20 * 16


def test_two_of_a_movement_cannot_say_which_is_wrong():
    done = [measured(MIX_UV[:, k % 4] * (1 + (k == 5))) for k in (0, 5)]
    assert outliers(done) == {}


def test_every_fault_has_its_rank():
    faults = {"silent", "contact", "other", "late", "early", "unsteady", "unrest", "joined",
              "apart", "weak", "strong", ""}  # fmt: skip
    assert set(repetition.ORDER) == faults and repetition.ORDER[-1] == ""


def test_postures_are_repetitions_with_a_relaxed_arm_before_them():
    cues = posture_cues(DOFS)
    assert [cue.kind for cue in cues] == ["void", "motion", *["trapezoid"] * 4] * 2
    assert {cue.posture for cue in cues} == {"Arm out in front", "Arm up"}
    assert calibration_protocol(DOFS, postures=True)[-len(cues) :] == cues
    assert sum(cue.duration_s for cue in CUES) <= 108


def test_the_effort_of_the_moment_is_told_beside_the_first_contraction():
    guide, watch, _ = watched()
    close, bend = CUES[2], CUES[4]
    first = watch.done[0].measured.level_uv
    chance = np.random.default_rng(1)
    clean = np.zeros((500, CHANNELS))
    clean[:, :4] = chance.standard_normal((500, 4)) * np.hypot(0.5 * first, 3.5)
    watch.hear(clean[:400])
    watch.hear(clean[400:])
    assert watch.effort(close) == pytest.approx(0.5, abs=0.12)
    assert watch.effort(bend) < 0.15
    assert watch.effort(CUES[0]) is None


class Asked:
    """A person at the keyboard: what they type at each question."""

    def __init__(self, keys):
        self.keys, self.played = list(keys), []

    def wait(self, label):
        return self.keys.pop(0)

    def play(self, cues):
        self.played += cues


@pytest.mark.parametrize(("keys", "again"), [("\n\n", []), ("r\n", [4]), ("rr", [4, 7])])
def test_what_was_otherwise_is_offered_one_by_one(keys, again, monkeypatch):
    done = {FIRST + 4: {"target": {}}, FIRST + 7: {"target": {"elbow": -0.25}}}
    _, watch, _ = watched(done)
    person, console = Asked(keys), Console(file=io.StringIO(), width=120)
    guided._ask(console, person, watch, watch.to_repeat())
    assert person.played == [CUES[FIRST + k] for k in again] and not person.keys
    said = console.file.getvalue()
    assert "2 had better be done again. r: again; Enter: keep it as it is." in said
    assert said.index("Close hand 2: Nothing heard") < said.index("Straighten elbow 2: Too weak")
