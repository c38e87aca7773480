# SPDX-License-Identifier: GPL-3.0-or-later
"""The site test on signals of known make: the live matrix, both modes, what the sites carry."""

from __future__ import annotations

import json

import numpy as np
import pytest
from cued_emg import (
    CHANNELS,
    DOFS,
    EIGHT_UV,
    FULL_SCALE_UV,
    RATE_HZ,
    RIGHT_FOUR,
    UV_PER_COUNT,
    counts_of,
    intents,
    started,
)

from endplate.errors import CalibrationError
from endplate.fit.features import hops_of
from endplate.fit.recorded import cues as recorded_cues
from endplate.fit.recorded.cued import Recorded, listen
from endplate.fit.sites import choice as site_choice
from endplate.fit.sites import site_test
from endplate.hardware import load_montage
from endplate.live.recording import Recording

CUES = site_test.protocol(DOFS)
BAND = np.sqrt((0.45 * RATE_HZ - 20) / (RATE_HZ / 2))  # share of white noise that passes
MIX_UV = 1.5 * EIGHT_UV
RIGHT = set(RIGHT_FOUR)


def heard(mix_uv=MIX_UV, seed=1, cues=CUES, montage="free-8"):
    counts = counts_of(intents(cues), seed, mix_uv)
    return listen(
        Recorded(counts, RATE_HZ, UV_PER_COUNT, FULL_SCALE_UV, 50, started(cues)),
        load_montage(montage), "test-hand", DOFS, testing=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def cued():
    return heard()


def test_the_test_of_two_dof_takes_forty_seconds():
    assert 30 <= sum(cue.duration_s for cue in CUES) <= 45
    assert [cue.label for cue in CUES[1:5]] == [cue.label for cue in CUES[5:9]]


def test_the_live_matrix_is_the_mixture_and_grows_with_the_movements(cued):
    live = site_test.Live(range(8), RATE_HZ)
    counts = counts_of(intents(CUES), 1, MIX_UV)
    clean = hops_of(counts, RATE_HZ, UV_PER_COUNT, FULL_SCALE_UV, 50).clean_uv
    assert not live.matrix().intents and not live.now_uv.any()
    seen = []
    cues = started(CUES)
    for (start, cue), (end, _) in zip(cues, [*cues[1:], (len(counts), None)], strict=True):
        live.begin(start, cue)
        for at in range(start, end, 25):
            live.heard(at, clean[at : min(end, at + 25)])
        seen.append(len(live.matrix().intents))
    assert seen == [0, 1, 2, 3, 4, 4, 4, 4, 4]
    found = live.matrix()
    assert found.uv.T == pytest.approx(MIX_UV * BAND, rel=0.2, abs=4)
    assert found.uv == pytest.approx(site_choice.matrix(cued.data(False)).uv, rel=0.15, abs=4)


@pytest.mark.parametrize("seed", (10, 11, 12))
def test_the_right_four_of_eight_are_found_both_ways(seed):
    """On sites whose places are drawn anew: four hear one movement each, four hear several."""
    chance = np.random.default_rng(seed)
    places = chance.permutation(8)
    mix = MIX_UV[places] * chance.uniform(0.85, 1.15, (8, 1))
    right = {int(np.flatnonzero(places == site)[0]) for site in RIGHT}
    cued = heard(mix, seed)
    judged = site_test.judge(cued, "isolate")
    assert set(judged.own.values()) == right
    assert {a.site for a in judged.advice if a.action == "keep"} == right
    judged = site_test.judge(cued, "cover")
    print(seed, judged.cover.steps)
    assert set(next(s.sites for s in judged.cover.steps if len(s.sites) == 4)) == right
    assert set(judged.carried) == set(DOFS)


def test_isolate_and_cover_differ_where_no_site_hears_one_movement_alone():
    """Each site hears two movements alike: hopeless for direct control, enough for a pattern."""
    mix = np.zeros((8, 4))
    for site, (a, b) in enumerate([(0, 1), (1, 2), (2, 3), (0, 2), (1, 3), (0, 3)]):
        mix[site, [a, b]] = 110, 100
    cued = heard(mix, 3)
    isolated, covered = site_test.judge(cued, "isolate"), site_test.judge(cued, "cover")
    assert [a.action for a in isolated.advice[:6]] == ["move"] * 6
    kept = {a.site for a in covered.advice if a.action == "keep"}
    assert kept == set(covered.cover.chosen) <= set(range(6))
    assert len(isolated.carried) < 2 and set(covered.carried) == set(DOFS)
    assert all("hardly hears" in a.sentence for a in covered.advice[6:])


def test_a_dof_that_sounds_the_same_both_ways_is_not_carried_and_the_other_is():
    mix = MIX_UV[sorted(RIGHT)]
    mix[:, 1] = mix[:, 0]
    judged = site_test.judge(heard(mix, 2, montage="free-4"), "cover")
    assert judged.carried == ("elbow",) and judged.r2["hand"] < 0.5
    pair = ("hand", 1.0), ("hand", -1.0)
    assert judged.apart[pair] < site_choice.BARELY


def test_a_direction_that_no_site_hears_is_found_not_refused():
    mix = MIX_UV[sorted(RIGHT)]
    mix[:, 1] = 0
    judged = site_test.judge(heard(mix, 2, montage="free-4"), "cover")
    assert "hand" not in judged.carried
    assert judged.matrix.uv[1].max() < 5


def test_a_site_that_loses_contact_is_left_out_and_spoils_nothing():
    """At the rail for a second and a half: its jumps are louder than any muscle."""
    counts = counts_of(intents(CUES), 4, MIX_UV)
    at = started(CUES)[3][0] + RATE_HZ
    counts[at : at + 3 * RATE_HZ // 2, 1] = 2**23 - 1
    cued = listen(
        Recorded(counts, RATE_HZ, UV_PER_COUNT, FULL_SCALE_UV, 50, started(CUES)),
        load_montage("free-8"), "test-hand", DOFS, testing=True,
    )  # fmt: skip
    judged = site_test.judge(cued, "cover")
    assert judged.advice[1].sentence.startswith("Site 2 is without contact: check its electrode")
    assert [text for text in judged.says if "lost contact for" in text and "Site 2" in text]
    assert set(judged.carried) == set(DOFS) and len(judged.says) == 1
    assert all(1 not in step.sites for step in judged.cover.steps)


def test_what_is_told_is_plain(cued):
    told = json.loads(json.dumps(site_test.told(site_test.judge(cued))))
    assert len(told["advice"]) == 8 and told["carried"] == list(DOFS)


def recording(cues=CUES, **more):
    fields = [{**cue.prompt(), "sample": 1000 + at} for at, cue in started(cues)]
    marks = [(1000 + at, f"prompt {json.dumps(f)}")
             for (at, _), f in zip(started(cues), fields, strict=True)]  # fmt: skip
    counts = counts_of(intents(cues), 1, MIX_UV)
    labels = [str(n) for n in range(CHANNELS)]
    return Recording(counts, RATE_HZ, UV_PER_COUNT, CHANNELS, labels, 1000, annotations=marks,
                     **more)  # fmt: skip


def test_a_recording_gives_its_cues_back():
    assert recorded_cues.cues_of(recording()) == started(CUES)
    assert recorded_cues.dofs_of(recorded_cues.cues_of(recording())) == list(DOFS)


def test_a_cue_that_was_done_again_is_void_in_the_recording_too():
    again = recording()
    start = started(CUES)[3][0]
    again.annotations.append((again.annotations[5][0], f'void {{"sample": {1000 + start}}}'))
    read = recorded_cues.cues_of(again)
    assert read[3][1].kind == "void" and not read[3][1].target
    assert [cue for _, cue in read[4:]] == [cue for cue in CUES[4:]]


def test_one_dof_of_a_recording_can_be_looked_at_alone():
    cues = recorded_cues.only(recorded_cues.cues_of(recording()), ["elbow"])
    assert recorded_cues.dofs_of(cues) == ["elbow"] and len(cues) == len(CUES)
    assert sum(cue.kind == "void" for _, cue in cues) == 4


def test_a_recording_without_cues_is_refused():
    plain = recording()
    plain.annotations = [(1200, "mark: hello"), (1300, "prompted")]
    with pytest.raises(CalibrationError, match="holds no cues"):
        recorded_cues.recorded(plain)
