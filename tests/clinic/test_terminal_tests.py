# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate test` without a rig: what keys do, what ends a test, what is wrong with the command;
the feed is made by hand."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from endplate.cli import main, parser
from endplate.cli.test.options import asked
from endplate.cli.test.seat import GIVEN_UP, Seat
from endplate.clinic.frames import Fresh
from endplate.clinic.trials import kinds
from endplate.clinic.trials.settings import FORMS
from endplate.core import TARGET_UNIT
from endplate.live.feed import FEED_HOP, FeedInfo

sys.path.insert(0, str(Path(__file__).parents[1] / "host"))
from plain_profile import plain_profile

from .terminal import DOFS, WIDTH, drawn, large

RATE, HOP = 250.0, 5


# ---- a feed by hand ----


def status(**more):
    return {
        "board": {"health": "ok"}, "profile": {"name": "anna"}, "grip": "power",
        "beside": {"direct": False, "promoted": False},
        "recording": {"path": "/v/101500-fitts.journal"}, **more,
    }  # fmt: skip


HANGS = {"connected": True, "port": "/dev/x", "word": "active"}


class Sat:
    """A seat before a feed that is made by hand; marks are answered at once, requests noted."""

    def __init__(self, *typed: str, keyed: bool = True, path: Path | None = None) -> None:
        profile = [] if path is None else ["--profile", str(path)]
        self.asked = asked(parser("test").parse_args(
            ["test", *typed, "--board", "synthetic", *profile]))  # fmt: skip
        self.said, self.marks, self.late, self.answer = [], [], [], ""
        info = FeedInfo(
            RATE, 4, ("a", "b", "c", "d"), DOFS, ("index", "elbow"), HOP, True, "synthetic",
            "free-8", "test-hand",
        )  # fmt: skip
        self.seat = Seat(self.asked, info, self, keyed=keyed)
        self.sample, self.status = 1000, status()

    def mark(self, text, told=lambda sample: None, **more):
        self.marks.append(text)
        self.late.append((told, self.sample))

    def deliver(self):
        while self.late:
            told, sample = self.late.pop(0)
            told(sample)

    def say(self, verb, **fields):
        self.said.append(verb)

    def goes(self, seconds, velocity=None):
        """By frames of three hops, each with this velocity."""
        end = self.sample + round(seconds * RATE)
        while self.sample < end and not self.seat.over:
            hops = np.zeros(3, FEED_HOP)
            first = self.sample
            for hop in hops:
                self.sample += HOP
                hop["sample"] = self.sample - 1
                hop["target"][: len(DOFS)] = np.round(
                    np.array(velocity(self.seat) if velocity else np.zeros(len(DOFS))) * TARGET_UNIT
                )
            self.seat.look(Fresh(first, np.zeros((3 * HOP, 4)), hops, self.status))

    def keys(self, typed):
        for key in typed:
            self.seat.key(key)

    @property
    def text(self):
        return drawn(self.seat.view(WIDTH))


@pytest.fixture
def path(tmp_path):
    plain_profile(tmp_path / "anna.json", name="anna")
    return tmp_path / "anna.json"


def aim(seat):
    """Towards the band."""
    out = np.zeros(len(DOFS))
    trial = seat.playing.run.trial if seat.playing is not None else None
    if trial is not None:
        places = [DOFS.index(dof) for dof in seat.playing.run.dofs]
        out[places] = np.clip(4 * (np.array(trial.target.centre) - trial.position), -1, 1)
    return out


def test_enter_starts_it_once_something_is_decoded(path):
    sat = Sat("fitts", "--targets", "4", "--dofs", "hand,elbow", path=path)
    assert "Waiting for samples" in sat.text
    sat.goes(1.0)
    sat.keys("\n")
    assert "filters settle" in sat.text and sat.seat.playing is None
    sat.goes(1.5)
    assert "Enter starts" in sat.text and "into its band" in sat.text
    sat.goes(5.0)
    assert sat.seat.playing is None, "it waits for the patient"
    sat.keys("\r")
    sat.goes(60.0, aim)
    content = sat.seat.content
    assert content["figures"]["completion"] == 1.0 and content["recording"] == "101500-fitts.bdf"
    assert sat.marks[0] == "test fitts begins" and sat.marks[-1] == "test fitts ends"
    assert len(sat.marks) == 2 + 2 * 4 and content["dofs"] == ["hand", "elbow"]


def test_without_a_keyboard_it_starts_by_itself(path):
    sat = Sat("activations", "--rest-s", "5", "--arm-motion-s", "0", path=path, keyed=False)
    assert "Enter" not in sat.text and "Ctrl-C" in sat.text
    sat.goes(10.0)
    assert "none in 5 s" in kinds.sentence(kinds.TESTS["activations"], sat.seat.content)


def test_what_never_begins_ends_where_no_key_can_end_it(path):
    sat = Sat("fitts", "--dofs", "hand", path=path, keyed=False)
    sat.status = status(board={"health": "lost", "sentence": "The board is silent."})
    sat.goes(40.0)
    assert sat.seat.said == "The board is silent. The test did not begin within 30 s."
    assert sat.marks == [] and sat.seat.content is None
    with_keys = Sat("fitts", "--dofs", "hand", path=path)
    with_keys.status = sat.status
    with_keys.goes(40.0)
    assert not with_keys.seat.over and "The board is silent." in with_keys.text
    assert "SIMULATED" in with_keys.text


def test_q_ends_it_and_nothing_is_kept(path):
    sat = Sat("motion", path=path, keyed=False)
    sat.goes(6.0)
    sat.keys("q")
    assert sat.seat.over and sat.seat.content is None and sat.seat.said == GIVEN_UP
    assert sat.marks[-1] == "test motion given up"


@pytest.mark.parametrize(("change", "sentence"), [
    ({"board": {"health": "lost", "sentence": "The board is silent."}},
     "The board is silent. The test was ended; nothing of it is kept."),
    ({"beside": {"direct": True}}, "Another decoder drives now: the test was ended"),
    (None, "Samples were missed: the test was ended"),
])  # fmt: skip
def test_what_ends_it_is_one_sentence(path, change, sentence):
    sat = Sat("fitts", path=path, keyed=False)
    sat.goes(4.0)
    assert sat.seat.playing is not None
    if change is None:
        sat.sample += HOP
    sat.status = status(**(change or {}))
    sat.goes(0.5)
    assert sat.seat.over and sat.seat.content is None and sat.seat.said.startswith(sentence)


def test_space_stops_the_hand_and_that_ends_a_test_on_it(path):
    sat = Sat("tac", "--on", "hand", "--dofs", "hand,elbow", "--hand-port", "/dev/x", path=path)
    sat.status = status(hand={**HANGS, "word": "disarmed", "position_deg": [30.0, 90.0]})
    sat.goes(3.0)
    assert "press a" in sat.text and "Hand disarmed" in sat.text and "space STOP" in sat.text
    sat.keys("\na")
    assert sat.said == ["arm"] and sat.seat.playing is None
    sat.status = status(hand={**HANGS, "position_deg": [30.0, 90.0]})
    sat.goes(0.1)
    sat.keys("\n")
    sat.goes(1.5)
    assert sat.seat.playing.run.posture.tolist() == [30.0, 90.0]
    assert large(sat.text, "Reach it") and sat.text.count("●") == 2
    sat.keys(" ")
    assert sat.said == ["arm", "stop"]
    sat.status = status(hand={**HANGS, "word": "disarmed", "position_deg": [30.0, 90.0]})
    sat.goes(0.1)
    assert sat.seat.said.startswith("Hand disarmed: it holds still: the test was ended")


def test_a_hand_that_is_lost_ends_a_test_on_it(path):
    sat = Sat("tac", "--on", "hand", "--dofs", "hand", "--hand-port", "/dev/x", path=path)
    sat.status = status(hand={**HANGS, "position_deg": [30.0, 90.0]})
    sat.goes(3.0)
    sat.keys("\n")
    sat.status = status(hand={"connected": False, "port": "/dev/x"})
    sat.goes(0.5)
    assert sat.seat.said.startswith("✕ No hand: the test was ended")


def test_three_pins_by_keys():
    sat = Sat("clothespins", "--with", "other hand")
    sat.status = status(profile=None)
    sat.goes(0.5)
    for key in "\n\n ":  # nothing drives: the space bar is a pin, too
        sat.keys(key)
        sat.goes(2.0)
    assert large(sat.text, "Pin 3")
    sat.keys("\n\n")
    sat.goes(0.1)
    found = sat.seat.content
    assert found["hand"] == "other hand" and len(found["figures"]["parts_s"]) == 3
    assert not kinds.own(found)


def test_blocks_are_typed_when_the_minute_is_up():
    sat = Sat("box-and-blocks", "--hand-port", "/dev/x")
    sat.status = status(hand=HANGS)
    sat.goes(0.5)
    sat.keys(" ")
    assert sat.said == ["stop"] and sat.seat.task.timing is None, "space is STOP"
    sat.keys("\n")
    sat.goes(58.0)
    assert large(sat.text, "2 s") or large(sat.text, "3 s")
    sat.goes(4.0)
    assert "How many blocks?" in sat.text
    sat.keys("\n")
    assert not sat.seat.over, "nothing is typed yet"
    sat.keys("19")
    assert "19" in sat.text
    sat.keys("9\x7f8\n")
    assert sat.seat.content["count"] == 18 and sat.seat.content["figures"]["seconds"] >= 60


# ---- what is asked for ----


def test_the_command_line_takes_what_the_window_takes(path):
    for key in kinds.TESTS:
        named = {"clothespin": "clothespins"}.get(key, key)
        given = ["test", named, "--board", "synthetic", "--profile", str(path)]
        found = asked(parser("test").parse_args(given))
        assert found.kind.key == key and list(found.values) == [one.key for one in FORMS[key]]
        usual = {one.key: one.value(one.usual) if hasattr(one, "usual") else one.options[0][0]
                 for one in FORMS[key]}  # fmt: skip
        assert found.values == usual
        assert found.dofs == (("hand", "elbow") if key in ("motion", "tac", "fitts") else DOFS)


WRONG = [
    (["fitts"], "Name what decodes: --profile anna.json"),
    (["box-and-blocks", "--direct"], "Name what decodes: --profile anna.json"),
    (["fitts", "--profile", "none.json"], "none.json"),
    (["fitts", "--dofs", "tail"], "no degree of freedom 'tail'; it has hand"),
    (["fitts", "--dofs", "wrist_rotation"], "does not move wrist_rotation; it moves hand, elbow."),
    (["fitts", "--targets", "2"], "--targets takes a whole number from 4 to 60, not 2."),
    (["fitts", "--targets", "4.5"], "--targets takes a whole number from 4 to 60, not 4.5."),
    (["tac", "--limit-s", "nan"], "--limit-s takes a number from 5 to 30, not nan."),
    (["fitts", "--direct"], "The profile anna holds no direct control: calibrate once anew"),
    (["tac", "--on", "hand"], "name its port with --hand-port"),
    (["tac", "--on", "hand", "--hand-port", "/dev/x"], "TAC test needs keys: start it in a term"),
    (["clothespins"], "The Clothespin relocation needs keys: start it in a terminal."),
    (["activations", "--rest-s", "0", "--arm-motion-s", "0"], "Nothing would be watched"),
    (["fitts", "--data", "d"], "name the patient, too"),
    (["motion", "--hand", "no-such-hand"], "no-such-hand"),
]


@pytest.mark.parametrize(("typed", "sentence"), WRONG)
def test_what_is_wrong_is_one_sentence(path, monkeypatch, capsys, typed, sentence):
    monkeypatch.chdir(path.parent)
    given = [] if "--profile" in typed or sentence.startswith("Name what") else [
        "--profile", str(path)]  # fmt: skip
    assert main(["test", *typed, *given, "--board", "synthetic"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("endplate: ") and said.count("\n") == 1 and sentence in said
    assert sorted(found.name for found in path.parent.iterdir()) == ["anna.json"], "nothing is made"
