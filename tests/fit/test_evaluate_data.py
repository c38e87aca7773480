# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate evaluate` on recordings of our own: what is learned from and what is judged, and what a
person is told of data that do not fit together. BIDS folders: test_bids.py."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from cued_emg import (
    DOFS,
    FULL_SCALE_UV,
    RATE_HZ,
    REACTION_S,
    UV_PER_COUNT,
    counts_of,
    intents,
    started,
)

from endplate.cli import parser
from endplate.errors import CalibrationError, EndplateError
from endplate.fit.frames import Frames
from endplate.fit.guided.protocol import calibration_protocol
from endplate.fit.judgement import directions, figures, judge
from endplate.fit.recorded import cues as recorded_cues
from endplate.fit.recorded import own as recorded_trials
from endplate.fit.recorded.across import across
from endplate.fit.recorded.trials import check, split
from endplate.live.bdf import write_bdf
from endplate.live.recording import Recording

FIRST = 700
LABELS = ["Site 1", "Site 2", "Site 3", "Site 4", "ch 5", "ch 6", "ch 7", "ch 8"]


def evaluate(*words) -> int:
    """The command, with the cheapest decoder."""
    given_words = ["evaluate", "--decoder", "ridge on RMS", *map(str, words)]
    chosen = parser("evaluate").parse_args(given_words)
    return chosen.run(chosen)


def record(path, cues, full=True, **meta):
    """As `endplate calibrate` leaves it."""
    intent = intents(cues)
    marks = []
    for start, cue in started(cues):
        fields = {"label": cue.label, "target": cue.target, "kind": cue.kind}
        fields |= cue.prompt() | {"rest_s": cue.rest_s} if full else {}
        marks.append((FIRST + start, f"prompt {json.dumps(fields)}"))
    meta = {"rate_hz": RATE_HZ, "full_scale_uv": FULL_SCALE_UV, "mains_hz": 50, "dofs": [],
            "started": 1.7e9} | meta  # fmt: skip
    counts = counts_of(intent, seed=4)
    none = np.zeros((len(counts), 0), np.int16)
    made = Recording(counts, RATE_HZ, UV_PER_COUNT, 8, LABELS, FIRST, none.astype(np.float32), none,
                     np.zeros(len(counts), bool), marks, meta)  # fmt: skip
    write_bdf(made, path)
    return path


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    return record(tmp_path_factory.mktemp("own") / "anna.bdf", calibration_protocol(DOFS, 3))


def test_the_last_repetition_is_judged_and_the_reaction_is_found(own):
    trials = recorded_trials.read(own)
    assert trials.dofs == DOFS and not trials.combined
    assert trials.parts[0].uv.shape[1] == 4, "channels that the montage does not use are left out"
    assert split(trials).startswith("Learned from repetition 1, 2, judged on 3 (8")
    (part,) = trials.parts
    cues = started(calibration_protocol(DOFS, 3))
    for (start, cue), (before, _) in zip(cues[-4:], cues[-8:-4], strict=True):
        assert part.test[start + 1] and not part.test[before + 1]
        (dof, value), = cue.target.items()  # fmt: skip
        held = start + round((REACTION_S + 2.0) * RATE_HZ)
        assert part.y[held, DOFS.index(dof)] == value
        rises = np.flatnonzero(np.abs(part.y[start:, DOFS.index(dof)]) > 0)[0] / RATE_HZ
        assert rises == pytest.approx(REACTION_S, abs=0.1)
    assert not part.test[: cues[-4][0]].any(), "rest, arm motion and references are learned from"
    judged = judge(trials, ["ridge on RMS"])
    assert 0.9 < judged.chosen.figures["r2"] < 0.99
    assert 0 < judged.chosen.figures["delay_ms"] < 200


def test_a_recording_that_does_not_say_how_long_its_cues_last_is_of_the_usual_protocol(
    own, tmp_path
):
    short = record(tmp_path / "bert.bdf", calibration_protocol(DOFS, 3), full=False)
    wanted, found = recorded_trials.read(own).parts[0], recorded_trials.read(short).parts[0]
    np.testing.assert_array_equal(found.y, wanted.y)
    np.testing.assert_array_equal(found.test, wanted.test)


def test_recorded_combinations_are_judged_and_never_learned_from(tmp_path):
    cues = calibration_protocol(DOFS, 3, combinations=True)
    trials = recorded_trials.read(record(tmp_path / "c.bdf", cues, simulated=True))
    (part,) = trials.parts
    both = (np.abs(part.y) > 0.5).all(1)
    assert trials.combined and both.any() and part.test[both].all()
    assert trials.name == "c, simulated"
    assert split(trials).endswith("Recorded combinations are judged on, never learned from.")
    found = judge(trials, ["ridge on RMS"]).chosen.figures
    assert 0.8 < found["combined_r2"] < 0.99


def test_the_command_judges_what_it_can_and_says_why_not_the_rest(
    own, tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv("COLUMNS", "200")
    short = record(tmp_path / "short.bdf", calibration_protocol(DOFS, 2))
    silent = record(tmp_path / "silent.bdf", calibration_protocol(DOFS, 3)[:1])
    again = tmp_path / "anna.bdf"
    again.write_bytes(own.read_bytes())
    assert evaluate(own, again, short, silent, "--out", tmp_path / "out") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Learned from repetition 1, 2, judged on 3" in said
    assert "short has 2 of 'Close hand', and decoders are judged on three or more of each" in said
    assert "silent: quality only" in said and "no decoder can be judged on it" in said
    made = {path.name for path in (tmp_path / "out").iterdir()}
    plots = {f"anna{two}{what}.png" for two in ("", "-2") for what in ("", "-directions")}
    assert made == plots | {"decoders.png", "people.png"} | {"evaluation.json"}
    told = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert [set(each) - {"name"} for each in told] == [{"decoders"}, {"decoders"}, {"channels"}]
    assert all(3 < channel["rest_uv"] < 5 for channel in told[2]["channels"])


def test_a_cue_that_cannot_be_read_is_a_sentence(tmp_path):
    for text in ("{nothing}", '{"label": "x", "kind": "dance"}', '{"target": 3}'):
        broken = SimpleNamespace(annotations=[(0, f"prompt {text}")], first=0, rate_hz=250.0,
                                 counts=np.zeros((9, 1)), path="x.bdf")  # fmt: skip
        with pytest.raises(CalibrationError, match="x.bdf has a cue that cannot be read"):
            recorded_cues.cues_of(broken)


def spoiled(own, change):
    """The recording's trials, its signals changed."""
    trials = recorded_trials.read(own)
    (part,) = trials.parts
    uv = part.uv.copy()
    change(uv)
    return replace(trials, parts=[replace(part, uv=uv)])


def put(column, value):
    def change(uv):
        uv[:, column] = value

    return change


def scale(factor):
    def change(uv):
        uv *= factor

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (put(2, 7.0), "In anna, channel Site 3 is constant: leave it out"),
        (put(1, np.nan), "values that are not numbers in channel Site 2"),
        (scale(0.0), "All channels of anna are constant"),
        (scale(1e-6), "less than any amplifier.s noise: these are volts or millivolts"),
        (scale(1e4), "goes beyond 187 mV in channel Site [1-4]: its unit is another"),
    ],
)
def test_a_channel_that_cannot_be_right_is_named(own, change, words):
    with pytest.raises(CalibrationError, match=words):
        check(spoiled(own, change))


def test_a_constant_that_no_converter_takes_is_taken_off(own):
    def lift(uv):
        uv[:, 0] += 400_000.0

    wanted, found = (judge(each, ["ridge on RMS"]).chosen.figures["r2"]
                     for each in (recorded_trials.read(own), spoiled(own, lift)))  # fmt: skip
    assert found == pytest.approx(wanted, abs=1e-3)


def test_one_recording_is_learned_from_and_another_judged(own, tmp_path, capsys):
    """Two repetitions are enough to learn from, and one to judge on."""
    two = record(tmp_path / "two.bdf", calibration_protocol(DOFS, 2))
    hand = record(tmp_path / "hand.bdf", calibration_protocol(DOFS[:1], 1))
    assert evaluate("--learn", two, own, hand, "--out", tmp_path / "out") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Learned from two, judged on anna (84 s and 108 s)." in said
    assert "Learned from two, judged on hand" in said
    trials = across(recorded_trials.read(two, 2), recorded_trials.read(hand, 1))
    assert trials.dofs == DOFS and [part.test for part in trials.parts] == [False, True]
    assert judge(trials, ["ridge on RMS"]).chosen.figures["r2_0"] > 0.9
    assert not np.nanmax(np.abs(trials.parts[1].y[:, 1])), "the elbow never moved"


def test_recordings_that_do_not_belong_together_are_not_joined(own):
    trials = recorded_trials.read(own)
    (part,) = trials.parts
    narrow = replace(trials, name="b", parts=[replace(part, uv=part.uv[:, :3])])
    for other, words in (
        (narrow, "anna has 4 channels at 250 samples/s, b 3 at 250"),
        (replace(trials, name="b", rate_hz=500.0), "b 4 at 500: they have to be of one montage"),
        (replace(trials, name="b", dofs=("hand", "wrist")), "b moves wrist, which anna does not"),
        (replace(trials, name="b", dofs=()), "b holds no movements"),
    ):
        with pytest.raises(CalibrationError, match=words):
            across(trials, other)


@pytest.mark.parametrize(
    ("words", "said"),
    [(("none.bdf",), "There is no recording"), (("x.npz",), "give the reader of its set"),
     (("--rate", 250, "anna.bdf"), "--rate is for readers"),
     ((".",), "There is no EMG recording in ."), (("note.bdf",), "is no recording .neither BDF"),
     (("note.bdf", "--out", "note.bdf"), "Nothing can be written into note.bdf"),
     (("--reader", "broken.py", "x.npz"), "cannot be loaded .SyntaxError"),
     (("--reader", "odd.py", "x.npz"), "gave a int, and not Trials"),
     (("--reader", "bad.py", "x.npz"), "cannot read it .IndexError: no"),
     (("--reader", "bad.py", "--rate", 250, "x.npz"), "This reader does not resample")],
)  # fmt: skip
def test_the_command_says_what_is_wrong(tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.npz").write_bytes(b"")
    (tmp_path / "note.bdf").write_text("hello")
    (tmp_path / "broken.py").write_text("def")
    (tmp_path / "bad.py").write_text("def read(path):\n    raise IndexError('no')\n")
    (tmp_path / "odd.py").write_text("def read(path):\n    return 3\n")
    try:
        assert evaluate(*words) == 1
        found = " ".join(capsys.readouterr().out.split())
    except EndplateError as error:
        found = str(error)
    assert re.search(said, found), found


# ---- what figures say ----


def frames_of(y, sequence=None, used=None):
    nobody = np.zeros(len(y), bool)
    calm = np.abs(y).max(1) < 0.05
    used = np.ones(len(y), bool) if used is None else used
    none = np.zeros(len(y), int)
    return Frames(y, calm, nobody, used, none, none, nobody, none if sequence is None else sequence)


def test_a_delay_is_told_where_one_can_be_seen():
    step = np.zeros((80, 1))
    step[30:50] = 1.0
    late = np.roll(step, 3, axis=0)
    assert figures(late, frames_of(step), 0.05)["delay_ms"] == pytest.approx(150)
    cut = np.where(step[:, 0] > 0, 1, 0)  # a stretch of rest, one of effort: no change within any
    cut[50:] = 2
    assert np.isnan(figures(late, frames_of(step, cut), 0.05)["delay_ms"])
    assert np.isnan(figures(-late, frames_of(step), 0.05)["delay_ms"]), "never alike"


def test_directions_are_counted_where_one_is_meant():
    y = np.array([[0, 0], [0, 0], [1, 0], [1, 0], [-1, 0], [0, 1], [1, 1], [0.2, 0], [0, -1]]) + 0.0
    x = np.array([[0, 0], [0, 0.2], [1, 0], [0, 0.5], [-1, 0], [0, 0.05], [1, 1], [1, 1], [0, 1]])
    used = np.arange(9) < 8
    names, found = directions(x, frames_of(y, used=used), ("hand", "elbow"))
    assert names == ["rest", "hand +", "hand −", "elbow +", "elbow −"]
    assert found.sum() == 6 and np.trace(found) == 3
    assert found[0, 3] == found[1, 3] == found[3, 0] == 1
