# SPDX-License-Identifier: GPL-3.0-or-later
"""Guiding without a board: cues in board time, done again, left out, ended; and what goes wrong."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from endplate.errors import CalibrationError, SessionError
from endplate.fit.guided import guide as guides
from endplate.fit.guided.guide import Guide
from endplate.fit.guided.protocol import Cue

RATE_HZ, STEP = 250, 50
CUES = [
    Cue("Rest", {}, 0, 1, 0, 0, "rest"),
    Cue("Close hand", {"hand": 1.0}, 0.2, 0.4, 0.2, 0.4),
    Cue("Open hand", {"hand": -1.0}, 0.2, 0.4, 0.2, 0.4),
]


class Board:
    """A control process that hears STEP samples between two looks."""

    def __init__(self):
        self.newest, self.alive, self.silent, self.asked = 1000, True, False, []
        self.info = SimpleNamespace(rate_hz=RATE_HZ, channels=2)

    def samples(self, since):
        if not self.silent:
            self.newest += STEP
        counts = np.repeat(np.arange(since, self.newest, dtype=np.int32)[:, None], 2, axis=1)
        return since, counts, counts.astype(np.float32)

    def ask(self, _directory, verb, **fields):
        self.asked.append((verb, fields))
        return {"ok": True, "sample": self.newest}


@pytest.fixture
def board(monkeypatch, tmp_path):
    board = Board()
    monkeypatch.setattr(guides, "FeedReader", lambda path: board)
    monkeypatch.setattr(guides, "ask", board.ask)
    monkeypatch.setattr(guides.time, "sleep", lambda seconds: None)
    return board


def typed(at):
    """Keys: what is typed at the how-manieth look."""
    looks = iter(range(10_000))
    return lambda timeout_s: at.get(next(looks), "")


def kinds(guide):
    return [(cue.label, cue.kind) for _, cue in guide.started]


def test_each_cue_lasts_its_samples_and_all_that_came_is_brought_back(board, tmp_path):
    done, shares, heard = [], [], []
    guide = Guide(
        tmp_path, done=done.append, progress=lambda i, cue, share: shares.append((i, share)),
        heard=lambda first, counts, clean: heard.append((first, len(counts), len(clean))),
    )  # fmt: skip
    guide.play(CUES)
    found = guide.guided()
    assert [cue for _, cue in found.cues] == CUES and done == [0, 1, 2]
    starts = [start for start, _ in found.cues]
    for (start, cue), after in zip(found.cues, [*starts[1:], len(found.counts)], strict=True):
        assert 0 <= after - start - round(cue.duration_s * RATE_HZ) <= STEP
    assert (found.counts[:, 0] == np.arange(found.first, found.first + len(found.counts))).all()
    assert shares[-1] == (2, 1.0) and sum(n for _, n, _ in heard) == len(found.counts)
    assert board.asked[1][1]["rest_s"] == 0.4
    counts, first = guide.counts(1100, 1200)
    assert first == 1100 and (counts[:, 0] == np.arange(1100, 1200)).all()
    counts, first = guide.counts(0, 1010)
    assert first == 1000 and len(counts) == 10


def test_a_cue_is_done_again_when_asked_and_the_first_is_void(board, tmp_path):
    guide = Guide(tmp_path, keys=typed({8: "r"}))
    guide.play(CUES)
    assert kinds(guide) == [
        ("Rest", "rest"), ("Close hand", "void"), ("Let go", "void"), ("Close hand", "trapezoid"),
        ("Open hand", "trapezoid"),
    ]  # fmt: skip
    (mark,) = [fields["text"] for verb, fields in board.asked if verb == "mark"]
    assert mark == f'void {{"sample": {guide.started[1][0]}}}'
    assert guide.planned_s(1.0) == pytest.approx(sum(cue.duration_s for cue in CUES))


def test_a_cue_is_left_out_and_all_is_ended_when_asked(board, tmp_path):
    guide = Guide(tmp_path, keys=typed({8: "s"}))
    guide.play(CUES)
    assert [cue.label for _, cue in guide.started if cue.kind == "trapezoid"] == ["Open hand"]
    assert not guide.enough
    guide = Guide(tmp_path, keys=typed({8: "q"}))
    guide.play(CUES)
    assert kinds(guide) == [("Rest", "rest"), ("Close hand", "void")] and guide.enough


def test_waiting_goes_on_recording_of_which_nothing_is_made(board, tmp_path):
    guide = Guide(tmp_path, keys=typed({30: "\n"}))
    guide.play(CUES[:1])
    before = len(guide.guided().counts)
    assert guide.wait("Wait") == "\n"
    found = guide.guided()
    assert found.cues[-1][1].kind == "void" and len(found.counts) > before + 20 * STEP


@pytest.mark.parametrize("what", ["calibration", "site test"])
def test_a_silent_board_and_a_dead_process_end_it(board, tmp_path, monkeypatch, what):
    clock = iter(np.arange(0.0, 1e4, 0.7))
    monkeypatch.setattr(guides.time, "monotonic", lambda: float(next(clock)))
    board.silent = True
    with pytest.raises(CalibrationError, match=f"stopped sending during the {what}"):
        Guide(tmp_path, what=what).play(CUES)
    board.alive = False
    with pytest.raises(SessionError, match="control process ended"):
        Guide(tmp_path).play(CUES)
