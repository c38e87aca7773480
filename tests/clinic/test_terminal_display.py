# SPDX-License-Identifier: GPL-3.0-or-later
"""What `endplate test` draws: large words, bars with their band, clocks, the table; states are made
by hand."""

from __future__ import annotations

import re

import numpy as np
from rich.console import Console

from endplate.cli.test import shown
from endplate.cli.test.letters import GLYPHS, TALL, lettered
from endplate.clinic.trials import fitts, kinds, timed, watch
from endplate.clinic.trials.motion import MotionRun
from endplate.clinic.trials.posture import axes
from endplate.clinic.trials.run import FittsRun
from endplate.clinic.trials.tac import TacRun
from endplate.clinic.trials.watch import WatchRun

from .terminal import DOFS, HAND, WIDTH, drawn, large

RATE = 250.0


def row(text: str, first: str) -> str:
    (found,) = (line for line in text.splitlines() if first in line)
    return found


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


def test_the_table_has_the_newest_first():
    content = {"count": 19, "hand": "prosthesis", "direct": True, "profile": "anna",
               "figures": {"score": 19, "seconds": 60.0, "parts_s": [60.0]}}  # fmt: skip
    kind = kinds.TESTS["box-and-blocks"]
    rows = [["2026-11-30", *kind.rows(content)[0]],
            ["2026-10-05", *kind.rows({**content, "direct": False})[0]]]  # fmt: skip
    text = drawn(shown.history(rows, kind))
    assert "this patient so far" in text and text.index("direct") < text.index("decoder")
    assert re.search(r"visit\s+control\s+hand\s+blocks\s+s", text)
