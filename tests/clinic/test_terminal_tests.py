# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate test` without a rig: what stands on the terminal, what keys do, what ends a test, and
what is wrong with the command; states are made by hand."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from endplate.cli import main, parser
from endplate.cli.test import shown
from endplate.cli.test.letters import GLYPHS, TALL, lettered
from endplate.cli.test.options import asked
from endplate.cli.test.seat import GIVEN_UP, Seat
from endplate.clinic.frames import Fresh
from endplate.clinic.trials import fitts, kinds, timed, watch
from endplate.clinic.trials.motion import MotionRun
from endplate.clinic.trials.posture import axes
from endplate.clinic.trials.run import FittsRun
from endplate.clinic.trials.settings import FORMS
from endplate.clinic.trials.tac import TacRun
from endplate.clinic.trials.watch import WatchRun
from endplate.core import TARGET_UNIT
from endplate.hardware import load_hand
from endplate.live.feed import FEED_HOP, FeedInfo

sys.path.insert(0, str(Path(__file__).parents[1] / "host"))
from plain_profile import plain_profile

WIDTH, RATE, HOP = 100, 250.0, 5
HAND = load_hand("test-hand")
DOFS = tuple(dof.name for dof in HAND.dofs)


def drawn(view) -> str:
    console = Console(width=WIDTH, height=40)
    with console.capture() as found:
        console.print(view)
    lines = found.get().splitlines()
    assert max(map(len, lines)) <= WIDTH
    return found.get()


def large(text: str, words: str) -> bool:
    """Whether the words stand there in large letters: all rows, in lines that follow each other."""
    rows, lines = lettered(words, WIDTH), text.splitlines()
    assert len(rows) == TALL
    return any(
        all(row in line for row, line in zip(rows, lines[at:], strict=False))
        for at in range(len(lines) - TALL + 1)
    )


def row(text: str, first: str) -> str:
    (found,) = (line for line in text.splitlines() if first in line)
    return found


# ---- what is drawn ----


def test_a_bar_has_its_band_and_on_it_the_cursor():
    assert shown.bar(11, 0.5, None) == "─────●─────"
    assert shown.bar(11, 0.0, (0.5, 0.9)) == "●────[===]─"
    assert shown.bar(11, 0.7, (0.5, 0.9)) == "─────[=●=]─"
    assert shown.bar(11, 1.4, (0.99, 1.3)) == "────────[=●", "outside it stands at the end"
    assert shown.bar(11, 0.5, (0.9, 0.5)) == "─────●===]─"


def test_letters_are_large_where_there_is_room():
    letter = lettered("H", 10)
    assert letter == ["█   █", "█▄▄▄█", "█   █", "▀   ▀"], "seven dots, two a character"
    assert len(lettered("Close hand", 80)) == TALL
    assert len(lettered("Close hand", 50)) == 2 * TALL + 1, "two lines"
    assert lettered("Straighten", 40) == [] and lettered("naïve", 80) == []
    assert all(len(glyph) == 7 and {len(row) for row in glyph} == {5} for glyph in GLYPHS.values())
    assert len({tuple(glyph) for glyph in GLYPHS.values()}) == len(GLYPHS) - 1, "O is 0"
    narrow = Console(width=60)
    with narrow.capture() as found:
        narrow.print(shown.large(30, "Straighten elbow"))
    assert "Straighten elbow" in found.get()


def test_of_fitts_each_dof_has_its_bar():
    run = FittsRun(("hand", "elbow"), 4, seed=3)
    assert large(drawn(shown.of_run(run, WIDTH)), "Ready ...")
    while run.trial is None:
        run.step([0.0, 0.0], 0.02)
    run.trial = fitts.Trial(fitts.Target((0.8, -0.4), 0.3))
    text = drawn(shown.of_run(run, WIDTH))
    assert large(text, "Reach it") and "1 of 4" in text
    hand, elbow = row(text, "Close hand"), row(text, "Bend elbow")
    assert hand.index("●") < hand.index("[=") and hand.index("Open hand") < hand.index("●")
    assert elbow.index("=]") < elbow.index("●")
    run.trial.position = np.array([0.8, -0.4])
    text = drawn(shown.of_run(run, WIDTH))
    assert large(text, "Keep it") and "✓" in text and "=●" in row(text, "Close hand")


def test_of_tac_a_bar_goes_as_the_movement_does():
    """Whatever the sign of the joint's degrees: to the right is the positive movement."""
    run = TacRun(DOFS, 4, axes=axes(HAND, DOFS))
    while run.trial is None:
        run.step(np.zeros(len(DOFS)), 0.02)
    before = [at for at, _ in shown.places(run)]
    run.step(np.ones(len(DOFS)), 0.1)
    assert all(now > at for (now, _), at in zip(shown.places(run), before, strict=True))
    for (at, band), near in zip(shown.places(run), run.trial.near, strict=True):
        assert (min(band) <= at <= max(band)) is near
    text = drawn(shown.of_run(run, WIDTH))
    assert text.count("●") == len(DOFS)


def test_of_motion_and_watches_the_words_stand_alone():
    run = MotionRun(("hand", "elbow"), seed=1)
    assert large(drawn(shown.of_run(run, WIDTH)), "Relax")
    while run.trial is None:
        run.step([0.0, 0.0], 0.02)
    for _ in range(25):
        run.step(np.array(run.trial.asked, float), 0.02)
    text = drawn(shown.of_run(run, WIDTH))
    asked = kinds.asked(run.dofs, run.trial.asked)
    assert large(text, asked) and "█" * (WIDTH // 4) + "─" * (WIDTH // 4) in text
    watched = WatchRun(("hand",), rules=watch.Rules(rest_s=5))
    while watched.trial is None:
        watched.step([0.0], 0.02)
    watched.step([0.0], 0.7)
    text = drawn(shown.of_run(watched, WIDTH))
    assert large(text, "Rest: want no") and large(text, "movement") and large(text, "5 s")


def test_clocks_show_what_is_left_or_has_gone():
    blocks = timed.Timing(timed.TASKS["box-and-blocks"], RATE, 1000)
    text = drawn(shown.of_clock(blocks, 1000 + round(RATE * 2.5), WIDTH))
    assert large(text, "58 s")
    pins = timed.Timing(timed.TASKS["clothespin"], RATE, 1000, [1500])
    text = drawn(shown.of_clock(pins, 1000 + round(RATE * 3.9), WIDTH))
    assert large(text, "Pin 2") and large(text, "3 s")
    assert "Enter: pin 2 stands" in shown.keys(True, pins, True)
    assert "Enter or space: pin 2 stands" in shown.keys(False, pins, True)
    assert "space STOP" in shown.keys(True, pins, True)


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


def test_the_table_has_the_newest_first():
    content = {"count": 19, "hand": "prosthesis", "direct": True, "profile": "anna",
               "figures": {"score": 19, "seconds": 60.0, "parts_s": [60.0]}}  # fmt: skip
    kind = kinds.TESTS["box-and-blocks"]
    rows = [["2026-11-30", *kind.rows(content)[0]],
            ["2026-10-05", *kind.rows({**content, "direct": False})[0]]]  # fmt: skip
    text = drawn(shown.history(rows, kind))
    assert "this patient so far" in text and text.index("direct") < text.index("decoder")
    assert re.search(r"visit\s+control\s+hand\s+blocks\s+s", text)
